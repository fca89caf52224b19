//! Several groupings in one statement are shown together, so that what differs between them is told. They have to be about the
//! same rows, in groups that do not cut each other, or about rows that cannot be the same.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, LogicalPlan, Operator};
use datafusion::prelude::Expr;

use super::ReleaseRules;

/// What a grouping or a relation is about, as far as it can be compared with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outline {
    tables: BTreeSet<String>,
    n_scans: usize,
    has_persons: bool,
    /// Everything below it that decides about rows, or computes.
    rows: BTreeSet<String>,
    /// Columns of a scan that are one constant in all rows, with the condition that says so.
    constants: BTreeMap<String, (ScalarValue, String)>,
    keys: BTreeSet<String>,
    /// Keys that are not columns.
    computed_keys: BTreeSet<String>,
    /// Whether different persons are counted.
    counts_persons: bool,
    /// What is asked of parts of groups, or of computed numbers.
    parts: BTreeSet<String>,
    /// Whether it is a relation: nothing stands beside one.
    is_relation: bool,
}

impl Outline {
    /// The outline of a grouping.
    ///
    /// # Errors
    /// When a plan cannot be walked.
    pub(super) fn of(aggregate: &Aggregate, rules: &ReleaseRules) -> Result<Self, DataFusionError> {
        let mut outline = Self::below(&aggregate.input, rules)?;
        outline.computed_keys = computed(&aggregate.group_expr)?;
        for key in &aggregate.group_expr {
            outline.keys.insert(text(&key.clone().unalias())?);
        }
        for number in &aggregate.aggr_expr {
            let Expr::AggregateFunction(function) = number.clone().unalias() else {
                continue;
            };
            let params = function.params;
            outline.counts_persons |= params.distinct;
            let filter = params.filter.map(|filter| *filter);
            let arguments = params.args.into_iter().chain(filter);
            outline
                .parts
                .extend(computed(&arguments.collect::<Vec<_>>())?);
        }
        Ok(outline)
    }

    /// The outline of a relation over `input`.
    ///
    /// # Errors
    /// When a plan cannot be walked.
    pub(super) fn of_relation(
        input: &LogicalPlan,
        rules: &ReleaseRules,
    ) -> Result<Self, DataFusionError> {
        let mut outline = Self::below(input, rules)?;
        outline.is_relation = true;
        Ok(outline)
    }

    fn below(input: &LogicalPlan, rules: &ReleaseRules) -> Result<Self, DataFusionError> {
        let mut outline = Self::default();
        input.apply_with_subqueries(|node| {
            outline.add(node)?;
            if let LogicalPlan::TableScan(scan) = node {
                let schema = scan.source.schema();
                let mut names = schema.fields().iter().map(|field| field.name().as_str());
                outline.has_persons |= names.any(|name| rules.person_columns.contains(&name))
                    || rules.roles.records.contains_key(scan.table_name.table());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(outline)
    }

    fn add(&mut self, node: &LogicalPlan) -> Result<(), DataFusionError> {
        match node {
            LogicalPlan::TableScan(scan) => {
                self.tables.insert(scan.table_name.table().to_owned());
                self.n_scans += 1;
            }
            LogicalPlan::Filter(filter) => {
                for condition in split_conjunction(&filter.predicate) {
                    self.rows.insert(text(condition)?);
                    if let Some((column, value)) =
                        constant(condition).filter(|_| is_of_scan(&filter.input))
                    {
                        self.constants.insert(column, (value, text(condition)?));
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
        if !(self.has_persons && other.has_persons) {
            return true;
        }
        let has_same_parts =
            self.parts.is_empty() || other.parts.is_empty() || self.parts == other.parts;
        // Different persons do not add up: counted by one key and by another they tell who has both.
        let has_same_keys =
            self.keys == other.keys || !(self.counts_persons || other.counts_persons);
        self.tables == other.tables
            && self.computed_keys == other.computed_keys
            && has_same_parts
            && has_same_keys
            && !(self.is_relation || other.is_relation)
            && (self.rows == other.rows || self.is_apart(other))
    }

    /// Whether the rows are those of one table, the same but for a column that is one constant here and another there.
    fn is_apart(&self, other: &Self) -> bool {
        let differ = |column: &String| {
            let (value, condition) = self.constants.get(column)?;
            let (others, condition_there) = other.constants.get(column)?;
            let is_other = value != others && value.data_type() == others.data_type();
            let without = |rows: &BTreeSet<String>, condition: &String| -> BTreeSet<String> {
                let rows = rows.iter().filter(|row| *row != condition);
                rows.cloned().collect()
            };
            let rest = without(&self.rows, condition) == without(&other.rows, condition_there);
            Some(is_other && rest)
        };
        let has_one_scan = self.n_scans == 1 && other.n_scans == 1;
        let mut columns = self.constants.keys();
        has_one_scan && columns.any(|column| differ(column) == Some(true))
    }
}

/// Whether a plan's rows are those of a table, perhaps under another name.
fn is_of_scan(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::SubqueryAlias(alias) => is_of_scan(&alias.input),
        LogicalPlan::Filter(filter) => is_of_scan(&filter.input),
        _ => false,
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

/// `column = constant`, of kinds that are written in one way only.
fn constant(condition: &Expr) -> Option<(String, ScalarValue)> {
    let Expr::BinaryExpr(BinaryExpr {
        left,
        op: Operator::Eq,
        right,
    }) = condition
    else {
        return None;
    };
    match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), Expr::Literal(value, _))
        | (Expr::Literal(value, _), Expr::Column(column)) => {
            let is_whole = matches!(value, ScalarValue::Int64(Some(_)));
            is_whole.then(|| (column.name.clone(), value.clone()))
        }
        _ => None,
    }
}
