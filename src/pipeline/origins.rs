//! Which columns of a plan hold what a column of a table or of a relation's result holds, so that they mean the same: taken as they
//! are, cast, or one of the column's values.

use std::collections::BTreeSet;

use datafusion::common::DFSchema;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, JoinType, LogicalPlan};

use super::column_use::TableColumn;
use crate::functions;

/// Aggregates that return one of their argument's values.
const PICKS: &[&str] = &[
    "first_value",
    "last_value",
    "min",
    "max",
    "bool_and",
    "bool_or",
];

/// Functions of the same thing in another spelling.
const SPELLINGS: &[&str] = &["normalize_key"];

/// Where values come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A column of a table.
    Table {
        /// The column.
        column: TableColumn,
        /// Whether one value of several rows was taken.
        is_picked: bool,
    },
    /// A column of the result of a relation.
    Relation {
        /// The relation.
        name: &'static str,
        /// The column.
        column: String,
    },
}

/// Where the values of a column come from; several in a union. `None`: they are computed. Empty: there are none but NULL.
pub(super) type Origins = Option<BTreeSet<Origin>>;

/// The origins of each column of a plan. Where a query stands in the place of a view, `is_view` knows the view's name.
pub(super) fn origins_of(plan: &LogicalPlan, is_view: &dyn Fn(&str) -> bool) -> Vec<Origins> {
    let of = |plan: &LogicalPlan| origins_of(plan, is_view);
    let found = match plan {
        LogicalPlan::TableScan(scan) => columns_of(scan.table_name.table(), &scan.projected_schema),
        LogicalPlan::SubqueryAlias(node) if is_view(node.alias.table()) => {
            columns_of(node.alias.table(), &node.schema)
        }
        LogicalPlan::Projection(node) => {
            of_expressions(&node.expr, node.input.schema(), &of(&node.input))
        }
        LogicalPlan::Aggregate(node) => {
            let (schema, input) = (node.input.schema(), of(&node.input));
            let keys = grouping_set_to_exprlist(&node.group_expr).unwrap_or_default();
            let mut found = of_expressions(keys, schema, &input);
            // Between keys and numbers the engine may count grouping sets.
            let n_columns = plan.schema().fields().len();
            found.resize(n_columns.saturating_sub(node.aggr_expr.len()), None);
            found.extend(of_expressions(&node.aggr_expr, schema, &input));
            found
        }
        LogicalPlan::Window(node) => {
            let input = of(&node.input);
            let own = of_expressions(&node.window_expr, node.input.schema(), &input);
            input.into_iter().chain(own).collect()
        }
        LogicalPlan::Distinct(Distinct::On(node)) => {
            of_expressions(&node.select_expr, node.input.schema(), &of(&node.input))
        }
        LogicalPlan::Join(node) => {
            let (left, right) = (of(&node.left), of(&node.right));
            match node.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                _ => left.into_iter().chain(right).collect(),
            }
        }
        LogicalPlan::Union(node) => of_union(node.inputs.iter().map(|input| of(input))),
        LogicalPlan::Extension(node) => match functions::relation_name(node.node.as_ref()) {
            Some(name) => {
                let mut found = results_of(name, plan.schema());
                let input = node.node.inputs().first().map(|input| of(input));
                let input = input.unwrap_or_default();
                for (own, place) in found.iter_mut().zip(functions::kept(node.node.as_ref())) {
                    *own = input.get(place).cloned().flatten();
                }
                found
            }
            None => Vec::new(),
        },
        _ => match plan.inputs().as_slice() {
            [input] => of(input),
            _ => Vec::new(),
        },
    };
    // Of what has other columns than its inputs nothing is known.
    match plan.schema().fields().len() {
        n_columns if n_columns == found.len() => found,
        n_columns => vec![None; n_columns],
    }
}

fn columns_of(table: &str, schema: &DFSchema) -> Vec<Origins> {
    let origin = |name: &String| Origin::Table {
        column: TableColumn {
            table: table.to_owned(),
            column: name.clone(),
        },
        is_picked: false,
    };
    let fields = schema.fields().iter();
    fields
        .map(|field| Some(BTreeSet::from([origin(field.name())])))
        .collect()
}

fn results_of(name: &'static str, schema: &DFSchema) -> Vec<Origins> {
    let origin = |column: &String| Origin::Relation {
        name,
        column: column.clone(),
    };
    let fields = schema.fields().iter();
    fields
        .map(|field| Some(BTreeSet::from([origin(field.name())])))
        .collect()
}

fn of_union(mut inputs: impl Iterator<Item = Vec<Origins>>) -> Vec<Origins> {
    let mut found = inputs.next().unwrap_or_default();
    for input in inputs {
        for (own, other) in found.iter_mut().zip(input) {
            // Computed in one part of a union, a column counts as computed.
            *own = own.take().zip(other).map(|(mut own, other)| {
                own.extend(other);
                own
            });
        }
    }
    found
}

fn of_expressions<'e>(
    expressions: impl IntoIterator<Item = &'e Expr>,
    schema: &DFSchema,
    input: &[Origins],
) -> Vec<Origins> {
    let expressions = expressions.into_iter();
    expressions
        .map(|expression| of_expression(expression, schema, input))
        .collect()
}

fn of_expression(expression: &Expr, schema: &DFSchema, input: &[Origins]) -> Origins {
    let of = |expression: &Expr| of_expression(expression, schema, input);
    match expression {
        Expr::Column(column) => {
            let position = schema.maybe_index_of_column(column)?;
            input.get(position)?.clone()
        }
        Expr::Alias(alias) => of(&alias.expr),
        Expr::Cast(cast) => of(&cast.expr),
        Expr::TryCast(cast) => of(&cast.expr),
        Expr::Literal(value, _) => value.is_null().then(BTreeSet::new),
        Expr::ScalarFunction(call) if SPELLINGS.contains(&call.name()) => of(call.args.first()?),
        Expr::AggregateFunction(call) if PICKS.contains(&call.func.name()) => {
            let of_argument = of(call.params.args.first()?)?;
            Some(of_argument.into_iter().map(picked).collect())
        }
        _ => None,
    }
}

fn picked(origin: Origin) -> Origin {
    match origin {
        Origin::Table { column, .. } => Origin::Table {
            column,
            is_picked: true,
        },
        other => other,
    }
}
