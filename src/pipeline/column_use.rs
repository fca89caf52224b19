//! What a query uses a column for: for the values of its result (as it is, changed, aggregated), for choosing between values,
//! or for deciding which rows there are.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, WindowFunctionDefinition};

use super::lineage::{Sources, sources_of};

/// What a column is used for. The first three make values; the others only influence them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnUse {
    /// Its values are taken as they are.
    Identity,
    /// Its values are computed with, row by row.
    Transformation,
    /// Its values are aggregated or estimated from.
    Aggregation,
    /// It chooses between values, in CASE.
    Conditional,
    /// It partitions or orders the rows of a window.
    Window,
    /// It is compared in a join.
    Join,
    /// Rows are grouped by it.
    GroupBy,
    /// Rows are filtered by it.
    Filter,
    /// Rows are sorted by it.
    Sort,
}

impl ColumnUse {
    /// Whether it makes values.
    #[must_use]
    pub fn is_direct(self) -> bool {
        self <= Self::Aggregation
    }

    /// What a column is used for that was used for `self`, when the result is then used for `next`.
    fn then(self, next: Self) -> Self {
        match (self.is_direct(), next.is_direct()) {
            (false, _) => self,
            (true, false) => next,
            (true, true) => self.max(next),
        }
    }
}

/// Putting uses together.
pub(super) trait Uses {
    /// Adds the other's.
    fn add_all(&mut self, other: Sources);
    /// The uses, when the result is then used for `next`.
    fn used_for(&self, next: ColumnUse) -> Sources;
}

impl Uses for Sources {
    fn add_all(&mut self, other: Sources) {
        for (column, uses) in other {
            self.entry(column).or_default().extend(uses);
        }
    }

    fn used_for(&self, next: ColumnUse) -> Sources {
        let all = self.iter();
        all.map(|(column, uses)| {
            let uses: BTreeSet<ColumnUse> = uses.iter().map(|own| own.then(next)).collect();
            (column.clone(), uses)
        })
        .collect()
    }
}

/// For each expression over the rows of `input` what its values are made of.
pub(super) fn of_expressions(expressions: &[Expr], input: &LogicalPlan) -> Vec<Sources> {
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
    // A subquery elsewhere gives a value.
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
