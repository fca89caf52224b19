//! From a relation in a FROM clause to a logical node over its input's own plan.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::Expr as LogicalExpr;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, ObjectName, ObjectNamePart, Query, SetExpr, Spanned as _,
    Statement, TableFactor, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::argument_error::{ArgumentError, ArgumentProblem, StatementPosition};
use super::bind::bind;
use super::columns::Columns;
use super::definition::RelationDefinition;
use super::node::EstimatorNode;
use super::registry::find;

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
        let place = StatementPosition::of(relation.span());
        let input = arguments
            .first()
            .and_then(input_factor)
            .ok_or_else(|| definition.error(place, ArgumentProblem::NoInput))
            .map_err(external)?;
        let input = context.plan(input)?;
        let arrow_schema = Arc::new(input.schema().as_arrow().clone());
        let bound = bind(definition, arrow_schema, place, &arguments[1..]).map_err(external)?;
        let prepared = (definition.prepare)(&bound).map_err(|problem| {
            external(definition.error(bound.place_of(&problem, place), problem))
        })?;
        let all = input.schema().columns();
        let columns = Columns::of(prepared.as_ref()).distinct;
        let columns = columns
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

fn external(error: ArgumentError) -> DataFusionError {
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
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Subquery(query))) = argument else {
        return None;
    };
    Some(TableFactor::Derived {
        lateral: false,
        subquery: query.clone(),
        alias: None,
        sample: None,
    })
}

/// Rewrites `relation(table, …)` to `relation((SELECT * FROM table), …)` everywhere in a statement: the engine
/// finds the tables of a statement before it asks any planner, and it searches FROM clauses only.
pub(crate) fn name_inputs(statement: &mut Statement) {
    struct NamedInputs;

    impl VisitorMut for NamedInputs {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if call_of(factor).is_none() {
                return ControlFlow::Continue(());
            }
            let arguments = match factor {
                TableFactor::Table {
                    args: Some(args), ..
                } => &mut args.args,
                TableFactor::Function { args, .. } => args,
                _ => return ControlFlow::Continue(()),
            };
            if let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(input))) = arguments.first_mut()
                && let Some(query) = table_name(input).and_then(whole_table)
            {
                *input = Expr::Subquery(query);
            }
            ControlFlow::Continue(())
        }
    }

    let _ = VisitMut::visit(statement, &mut NamedInputs);
}

/// The table that `input` names.
fn table_name(input: &Expr) -> Option<ObjectName> {
    match input {
        Expr::Identifier(ident) => Some(ObjectName::from(vec![ident.clone()])),
        Expr::CompoundIdentifier(parts) => Some(ObjectName::from(parts.clone())),
        _ => None,
    }
}

/// `SELECT * FROM table`.
pub(crate) fn whole_table(name: ObjectName) -> Option<Box<Query>> {
    let mut parsed = Parser::parse_sql(&GenericDialect {}, "SELECT * FROM t").ok()?;
    let Some(Statement::Query(mut query)) = parsed.pop() else {
        return None;
    };
    let SetExpr::Select(select) = query.body.as_mut() else {
        return None;
    };
    let TableFactor::Table { name: table, .. } = &mut select.from.first_mut()?.relation else {
        return None;
    };
    *table = name;
    Some(query)
}

fn describe(arguments: &[FunctionArg]) -> String {
    arguments[1..]
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
