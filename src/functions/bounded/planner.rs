//! Calls that the planner makes of `{a: x}`, `struct(x, y)` and `MAP {x: y}`. A chain of sub-queries of which each puts the one
//! before it into a struct twice has a type that doubles with every step, and the planner copies the type with every column:
//! such calls are bounded when they are made, before the next step is planned.

use std::sync::Arc;

use datafusion::common::{DFSchema, Result};
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawDictionaryExpr};

use super::bounds::Bounds;
use super::call::bound_within;

#[derive(Debug)]
pub(super) struct BoundLiterals {
    bounds: Arc<Bounds>,
    planners: Vec<Arc<dyn ExprPlanner>>,
}

impl BoundLiterals {
    pub(super) fn new(bounds: Arc<Bounds>) -> Self {
        Self {
            bounds,
            planners: SessionStateDefaults::default_expr_planners(),
        }
    }

    /// What the first of the engine's planners makes of `raw` that makes anything of it, within bounds.
    fn planned<T>(
        &self,
        mut raw: T,
        plan: impl Fn(&dyn ExprPlanner, T) -> Result<PlannerResult<T>>,
    ) -> Result<PlannerResult<T>> {
        for planner in &self.planners {
            match plan(planner.as_ref(), raw)? {
                PlannerResult::Planned(expr) => {
                    let expr: Expr = bound_within(expr, &self.bounds)?;
                    return Ok(PlannerResult::Planned(expr));
                }
                PlannerResult::Original(same) => raw = same,
            }
        }
        Ok(PlannerResult::Original(raw))
    }
}

impl ExprPlanner for BoundLiterals {
    fn plan_dictionary_literal(
        &self,
        expr: RawDictionaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawDictionaryExpr>> {
        self.planned(expr, |planner, expr| {
            planner.plan_dictionary_literal(expr, schema)
        })
    }

    fn plan_struct_literal(
        &self,
        args: Vec<Expr>,
        is_named_struct: bool,
    ) -> Result<PlannerResult<Vec<Expr>>> {
        self.planned(args, |planner, args| {
            planner.plan_struct_literal(args, is_named_struct)
        })
    }

    fn plan_make_map(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        self.planned(args, |planner, args| planner.plan_make_map(args))
    }
}
