//! Which columns of tables the columns of a logical plan are made of, and which decide what rows it returns.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Distinct, Expr, JoinType, LogicalPlan, WindowFunctionDefinition};

use super::column_use::{ColumnUse, CombineSources as _, Sources, TableColumn};

/// For each column of a plan the columns of tables that its values are made of.
pub(super) fn sources_of(plan: &LogicalPlan) -> Vec<Sources> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = |column: &String| TableColumn {
                table: scan.table_name.table().to_owned(),
                column: column.clone(),
            };
            let fields = scan.projected_schema.fields().iter();
            fields
                .map(|field| {
                    Sources::from([(source(field.name()), BTreeSet::from([ColumnUse::Identity]))])
                })
                .collect()
        }
        LogicalPlan::Projection(node) => of_expressions(&node.expr, &node.input),
        LogicalPlan::Aggregate(node) => {
            let own: Vec<Expr> = node
                .group_expr
                .iter()
                .chain(&node.aggr_expr)
                .cloned()
                .collect();
            fitting(plan, of_expressions(&own, &node.input))
        }
        LogicalPlan::Window(node) => {
            let mut sources = sources_of(&node.input);
            sources.extend(of_expressions(&node.window_expr, &node.input));
            sources
        }
        LogicalPlan::Distinct(Distinct::On(node)) => of_expressions(&node.select_expr, &node.input),
        LogicalPlan::Join(node) => {
            let (left, right) = (sources_of(&node.left), sources_of(&node.right));
            match node.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                _ => fitting(plan, left.into_iter().chain(right).collect()),
            }
        }
        LogicalPlan::Union(node) => {
            let mut inputs = node.inputs.iter().map(|input| sources_of(input));
            let mut sources = inputs.next().unwrap_or_default();
            for input in inputs {
                for (own, other) in sources.iter_mut().zip(input) {
                    own.add_all(other);
                }
            }
            sources
        }
        LogicalPlan::Extension(node) => {
            let input: Vec<Sources> = node
                .node
                .inputs()
                .into_iter()
                .flat_map(sources_of)
                .collect();
            // The input of an estimator holds the columns it uses, and no others.
            let mut made = Sources::new();
            for column in input {
                made.add_all(column.used_for(ColumnUse::Aggregation));
            }
            vec![made; plan.schema().fields().len()]
        }
        _ => {
            let inputs = plan.inputs();
            let sources = inputs.into_iter().flat_map(sources_of).collect();
            fitting(plan, sources)
        }
    }
}

/// The sources if there is one per column; else every column is taken to be made of all of them.
fn fitting(plan: &LogicalPlan, sources: Vec<Sources>) -> Vec<Sources> {
    let n_columns = plan.schema().fields().len();
    if sources.len() == n_columns {
        return sources;
    }
    let mut all = Sources::new();
    for column in sources {
        all.add_all(column.used_for(ColumnUse::Transformation));
    }
    vec![all; n_columns]
}

/// For each expression over the rows of `input` what its values are made of.
fn of_expressions(expressions: &[Expr], input: &LogicalPlan) -> Vec<Sources> {
    let sources = sources_of(input);
    let of = |expression| of_expression(expression, input.schema(), &sources);
    expressions.iter().map(of).collect()
}

fn of_expression(expression: &Expr, schema: &DFSchema, input: &[Sources]) -> Sources {
    let mut found = Sources::new();
    walk(
        expression,
        ColumnUse::Identity,
        &mut |part, used_for| match part {
            Part::Column(column) => {
                let own = schema
                    .maybe_index_of_column(column)
                    .and_then(|k| input.get(k));
                if let Some(own) = own {
                    found.add_all(own.used_for(used_for));
                }
            }
            Part::Subquery(plan) => {
                for column in sources_of(plan) {
                    found.add_all(column.used_for(used_for));
                }
            }
        },
    );
    found
}

/// What an expression is made of.
enum Part<'a> {
    Column(&'a Column),
    Subquery(&'a LogicalPlan),
}

/// Visits the columns and scalar subqueries of an expression that is used for `used_for`.
fn walk(expression: &Expr, used_for: ColumnUse, visit: &mut dyn FnMut(Part<'_>, ColumnUse)) {
    match expression {
        Expr::Column(column) => visit(Part::Column(column), used_for),
        Expr::Alias(alias) => walk(&alias.expr, used_for, visit),
        Expr::ScalarSubquery(subquery) => {
            visit(
                Part::Subquery(&subquery.subquery),
                used_for.then(ColumnUse::Transformation),
            );
        }
        Expr::AggregateFunction(_) => {
            walk_children(expression, used_for.then(ColumnUse::Aggregation), visit);
        }
        Expr::WindowFunction(window) => walk_window(window, used_for, visit),
        Expr::Case(case) => {
            let condition = used_for.then(ColumnUse::Conditional);
            let value = used_for.then(ColumnUse::Transformation);
            if let Some(base) = &case.expr {
                walk(base, condition, visit);
            }
            for (when, then) in &case.when_then_expr {
                walk(when, condition, visit);
                walk(then, value, visit);
            }
            if let Some(otherwise) = &case.else_expr {
                walk(otherwise, value, visit);
            }
        }
        _ => walk_children(expression, used_for.then(ColumnUse::Transformation), visit),
    }
}

fn walk_window(
    window: &WindowFunction,
    used_for: ColumnUse,
    visit: &mut dyn FnMut(Part<'_>, ColumnUse),
) {
    let value = match window.fun {
        WindowFunctionDefinition::AggregateUDF(_) => ColumnUse::Aggregation,
        WindowFunctionDefinition::WindowUDF(_) => ColumnUse::Transformation,
    };
    for argument in &window.params.args {
        walk(argument, used_for.then(value), visit);
    }
    let order = window.params.order_by.iter().map(|sort| &sort.expr);
    for expression in window.params.partition_by.iter().chain(order) {
        walk(expression, used_for.then(ColumnUse::Window), visit);
    }
    if let Some(filter) = &window.params.filter {
        walk(filter, used_for.then(ColumnUse::Conditional), visit);
    }
}

fn walk_children(
    expression: &Expr,
    used_for: ColumnUse,
    visit: &mut dyn FnMut(Part<'_>, ColumnUse),
) {
    let walked = expression.apply_children(|child| {
        walk(child, used_for, visit);
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the closure returns no error");
}

/// Adds the columns that decide which rows a plan returns.
pub(super) fn rows_decided_by(plan: &LogicalPlan, found: &mut Sources) {
    let mut add = |expressions: &[Expr], input: &LogicalPlan, used_for: ColumnUse| {
        for column in of_expressions(expressions, input) {
            found.add_all(column.used_for(used_for));
        }
    };
    match plan {
        LogicalPlan::Filter(node) => {
            add(
                std::slice::from_ref(&node.predicate),
                &node.input,
                ColumnUse::Filter,
            );
        }
        LogicalPlan::Aggregate(node) => add(&node.group_expr, &node.input, ColumnUse::GroupBy),
        LogicalPlan::Distinct(Distinct::On(node)) => {
            add(&node.on_expr, &node.input, ColumnUse::GroupBy);
        }
        LogicalPlan::Sort(node) => {
            let keys: Vec<Expr> = node.expr.iter().map(|sort| sort.expr.clone()).collect();
            add(&keys, &node.input, ColumnUse::Sort);
        }
        LogicalPlan::Join(node) => {
            let (left, right): (Vec<Expr>, Vec<Expr>) = node.on.iter().cloned().unzip();
            let filter: Vec<Expr> = node.filter.iter().cloned().collect();
            // A key is looked for on both sides and found on its own.
            for side in [&node.left, &node.right] {
                add(&left, side, ColumnUse::Join);
                add(&right, side, ColumnUse::Join);
                add(&filter, side, ColumnUse::Join);
            }
        }
        _ => {}
    }
    for input in plan.inputs() {
        rows_decided_by(input, found);
    }
    // A subquery anywhere else makes a value.
    let is_condition = matches!(plan, LogicalPlan::Filter(_) | LogicalPlan::Join(_));
    let walked = plan.apply_subqueries(|subquery| {
        if let LogicalPlan::Subquery(subquery) = subquery {
            let sources = match is_condition {
                true => sources_of(&subquery.subquery),
                false => Vec::new(),
            };
            for column in sources {
                found.add_all(column.used_for(ColumnUse::Filter));
            }
            rows_decided_by(&subquery.subquery, found);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the closure returns no error");
}
