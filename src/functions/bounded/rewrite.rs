//! Calls in a plan, wherever they come from: those the planner makes of array literals, `substring … from` and the like
//! are not looked up by name, and the operator `||` is no function until it is one here.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{HigherOrderFunction, ScalarFunction, WindowFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator, ScalarUDF};

use super::bounds::Bounds;
use super::call::{bound_call, bounded};
use super::concatenation::Concatenation;
use super::gathering;

/// Bytes of a default that a window function repeats.
const MOST_OF_A_DEFAULT: usize = 256;

#[derive(Debug)]
pub(super) struct BoundCalls {
    bounds: Arc<Bounds>,
}

impl BoundCalls {
    pub(super) fn new(bounds: Arc<Bounds>) -> Self {
        Self { bounds }
    }
}

impl FunctionRewrite for BoundCalls {
    fn name(&self) -> &'static str {
        "bound_calls"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        match expr {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::StringConcat,
                right,
            }) => Ok(Transformed::yes(concatenation(*left, *right, &self.bounds))),
            Expr::HigherOrderFunction(call) => {
                captures_little(&call, schema)?;
                Ok(Transformed::no(Expr::HigherOrderFunction(call)))
            }
            Expr::WindowFunction(window) => {
                defaults_little(&window, schema)?;
                let window = gathering::bound_window(window, &self.bounds);
                Ok(window.update_data(Expr::WindowFunction))
            }
            other => Ok(bound_call(other, &self.bounds)),
        }
    }
}

fn concatenation(left: Expr, right: Expr, bounds: &Arc<Bounds>) -> Expr {
    let function = Arc::new(ScalarUDF::new_from_impl(Concatenation::new()));
    let function = Arc::new(bounded(&function, bounds));
    Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![left, right]))
}

/// A column that a lambda uses is repeated for every element of its array: only what is small everywhere may be.
fn captures_little(call: &HigherOrderFunction, schema: &DFSchema) -> Result<()> {
    for arg in &call.args {
        let Expr::Lambda(lambda) = arg else {
            continue;
        };
        lambda.body.apply(|expr| {
            if let Expr::Column(column) = expr
                && !is_small(&expr.get_type(schema)?)
            {
                return Err(DataFusionError::Plan(format!(
                    "a lambda may use columns of numbers, dates and yes/no beside its own arguments; `{}` is text or a list",
                    column.name
                )));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(())
}

/// `lag` and `lead` write their default into as many rows as they shift by.
fn defaults_little(window: &WindowFunction, schema: &DFSchema) -> Result<()> {
    let [_, _, default, ..] = window.params.args.as_slice() else {
        return Ok(());
    };
    let name = window.fun.name();
    if !matches!(name, "lag" | "lead") || is_small(&default.get_type(schema)?) {
        return Ok(());
    }
    match default {
        Expr::Literal(value, _) if value.size() <= MOST_OF_A_DEFAULT => Ok(()),
        _ => Err(DataFusionError::Plan(format!(
            "the default of `{name}` may be a number, a date or a text of up to about 200 letters; for others write coalesce({name}(…), …)"
        ))),
    }
}

fn is_small(data_type: &DataType) -> bool {
    data_type.is_primitive() || matches!(data_type, DataType::Boolean | DataType::Null)
}
