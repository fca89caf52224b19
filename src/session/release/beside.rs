//! Several groupings in one statement are shown together, so that what differs between them is told. They have to be about the
//! same rows, in groups that do not cut each other, or about rows that cannot be the same.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, LogicalPlan, Operator};
use datafusion::prelude::Expr;

/// What a grouping is about, as far as it can be compared with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outline {
    tables: BTreeSet<String>,
    /// Everything below it that decides about rows, or computes.
    rows: BTreeSet<String>,
    /// Columns that are one constant in all rows.
    constants: BTreeMap<String, String>,
    /// Keys that are not columns.
    keys: BTreeSet<String>,
    /// What is asked of parts of groups, or of computed numbers.
    parts: BTreeSet<String>,
}

impl Outline {
    /// The outline of a grouping.
    ///
    /// # Errors
    /// When a plan cannot be walked.
    pub(super) fn of(aggregate: &Aggregate) -> Result<Self, DataFusionError> {
        let mut outline = Self::default();
        aggregate.input.apply_with_subqueries(|node| {
            outline.add(node)?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        outline.keys = computed(&aggregate.group_expr)?;
        for number in &aggregate.aggr_expr {
            let Expr::AggregateFunction(function) = number.clone().unalias() else {
                continue;
            };
            let params = function.params;
            let filter = params.filter.map(|filter| *filter);
            let arguments = params.args.into_iter().chain(filter);
            outline
                .parts
                .extend(computed(&arguments.collect::<Vec<_>>())?);
        }
        Ok(outline)
    }

    fn add(&mut self, node: &LogicalPlan) -> Result<(), DataFusionError> {
        match node {
            LogicalPlan::TableScan(scan) => {
                self.tables.insert(scan.table_name.table().to_owned());
            }
            LogicalPlan::Filter(filter) => {
                for condition in split_conjunction(&filter.predicate) {
                    self.rows.insert(text(condition)?);
                    if let Some((column, value)) = constant(condition)? {
                        self.constants.insert(column, value);
                    }
                }
            }
            LogicalPlan::Projection(projection) => self.rows.extend(computed(&projection.expr)?),
            LogicalPlan::Join(join) => {
                self.rows.insert(join.join_type.to_string());
                for condition in join.filter.iter().flat_map(split_conjunction) {
                    self.rows.insert(text(condition)?);
                }
                for (a, b) in &join.on {
                    self.rows.insert(format!("{} = {}", text(a)?, text(b)?));
                }
            }
            LogicalPlan::Aggregate(aggregate) => {
                for expression in aggregate.group_expr.iter().chain(&aggregate.aggr_expr) {
                    self.rows.insert(text(expression)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the two, shown together, tell no more than each by itself.
    pub(super) fn can_stand_beside(&self, other: &Self) -> bool {
        let is_other = |column: &String, value: &String| {
            other
                .constants
                .get(column)
                .is_some_and(|others| others != value)
        };
        let is_disjoint = self
            .constants
            .iter()
            .any(|(column, value)| is_other(column, value));
        let has_same_parts =
            self.parts.is_empty() || other.parts.is_empty() || self.parts == other.parts;
        self.tables.is_disjoint(&other.tables)
            || is_disjoint
            || (self.tables == other.tables
                && self.rows == other.rows
                && self.keys == other.keys
                && has_same_parts)
    }
}

/// The expressions that are neither columns nor constants, as texts.
fn computed(expressions: &[Expr]) -> Result<BTreeSet<String>, DataFusionError> {
    let unnamed = expressions
        .iter()
        .map(|expression| expression.clone().unalias());
    let computed = unnamed.filter(|e| !matches!(e, Expr::Column(_) | Expr::Literal(..)));
    computed.map(|expression| text(&expression)).collect()
}

/// An expression as text without the names of tables, which differ between two parts of a statement.
fn text(expression: &Expr) -> Result<String, DataFusionError> {
    let plain = expression.clone().transform(|expression| {
        Ok(match expression {
            Expr::Column(mut column) => {
                column.relation = None;
                Transformed::yes(Expr::Column(column))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(plain.data.to_string())
}

/// `column = constant`.
fn constant(condition: &Expr) -> Result<Option<(String, String)>, DataFusionError> {
    let Expr::BinaryExpr(BinaryExpr {
        left,
        op: Operator::Eq,
        right,
    }) = condition
    else {
        return Ok(None);
    };
    Ok(match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), value @ Expr::Literal(..))
        | (value @ Expr::Literal(..), Expr::Column(column)) => {
            Some((column.name.clone(), text(value)?))
        }
        _ => None,
    })
}
