//! From a relation in a FROM clause to a logical node over its input's own plan.

use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::Expr as LogicalExpr;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, ObjectName, ObjectNamePart, Spanned as _, TableFactor,
};

use super::args::{ArgumentProblem, BoundArguments};
use super::node::EstimatorNode;
use super::{RelationDefinition, find};

#[derive(Debug)]
pub(super) struct EstimatorPlanner;

impl RelationPlanner for EstimatorPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some((definition, arguments)) = call_of(&relation) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let start = relation.span().start;
        let input = arguments
            .first()
            .and_then(input_factor)
            .ok_or_else(|| definition.error(start.line, start.column, ArgumentProblem::NoInput))
            .map_err(external)?;
        let input = context.plan(input)?;
        let arrow_schema = Arc::new(input.schema().as_arrow().clone());
        let bound =
            BoundArguments::bind(definition, arrow_schema, &arguments[1..]).map_err(external)?;
        let prepared = (definition.prepare)(&bound)
            .map_err(|problem| external(definition.error(start.line, start.column, problem)))?;
        let all = input.schema().columns();
        let columns = prepared
            .input_columns()
            .into_iter()
            .map(|idx| LogicalExpr::Column(all[idx].clone()));
        let input = LogicalPlanBuilder::from(input).project(columns)?.build()?;
        let node = EstimatorNode::try_new(definition.name, describe(arguments), prepared, input)?;
        let plan = LogicalPlan::Extension(Extension {
            node: Arc::new(node),
        });
        let alias = match relation {
            TableFactor::Table { alias, .. } | TableFactor::Function { alias, .. } => alias,
            _ => None,
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}

fn external(error: super::ArgumentError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The definition and the arguments, when `factor` calls one of our relations.
pub(crate) fn call_of(
    factor: &TableFactor,
) -> Option<(&'static RelationDefinition, &[FunctionArg])> {
    let (name, arguments) = match factor {
        TableFactor::Table {
            name,
            args: Some(args),
            ..
        } => (name, args.args.as_slice()),
        TableFactor::Function {
            name,
            args,
            lateral: false,
            ..
        } => (name, args.as_slice()),
        _ => return None,
    };
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Some((find(&ident.value)?, arguments)),
        _ => None,
    }
}

/// The relation's first argument as something that can stand in a FROM clause.
fn input_factor(argument: &FunctionArg) -> Option<TableFactor> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else {
        return None;
    };
    match expr {
        Expr::Subquery(query) => Some(TableFactor::Derived {
            lateral: false,
            subquery: query.clone(),
            alias: None,
            sample: None,
        }),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Some(table_factor(input_table(expr)?)),
        _ => None,
    }
}

/// The table a relation's first argument names, when it is a name.
pub(crate) fn input_table(expr: &Expr) -> Option<ObjectName> {
    match expr {
        Expr::Identifier(ident) => Some(ObjectName::from(vec![ident.clone()])),
        Expr::CompoundIdentifier(parts) => Some(ObjectName::from(parts.clone())),
        _ => None,
    }
}

fn table_factor(name: ObjectName) -> TableFactor {
    TableFactor::Table {
        name,
        alias: None,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}

fn describe(arguments: &[FunctionArg]) -> String {
    arguments[1..]
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
