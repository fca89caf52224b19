//! Several groupings in one statement are shown together, so that what differs between them is told. They have to be about the
//! same rows, in groups that do not overlap in part, or about rows that cannot be the same.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, ScalarValue};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, LogicalPlan, Operator};
use datafusion::prelude::Expr;

use super::origins::Origins;
use super::rules::ReleaseRules;

/// What a grouping or a relation is about, as far as it can be compared with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GroupingOutline {
    tables: BTreeSet<String>,
    n_scans: usize,
    has_persons: bool,
    /// Everything below it that decides about rows, or computes.
    rows: BTreeSet<String>,
    /// The steps below it, in order.
    steps: String,
    /// Columns of a scan that are one constant in all rows, with the condition that says so.
    constants: BTreeMap<String, (ScalarValue, String)>,
    keys: BTreeSet<String>,
    /// Keys that are not columns.
    computed_keys: BTreeSet<String>,
    /// Whether different persons are counted.
    counts_persons: bool,
    /// What is asked of parts of groups, or of computed numbers.
    parts: BTreeSet<String>,
    /// All functions of numbers, and conditions: those of one grouping are judged together.
    arguments: BTreeSet<String>,
    /// Whether it is a relation: nothing stands beside one.
    is_relation: bool,
}

impl GroupingOutline {
    /// The outline of a grouping.
    ///
    /// # Errors
    /// When a plan cannot be walked.
    pub(super) fn of(aggregate: &Aggregate, rules: &ReleaseRules) -> Result<Self, DataFusionError> {
        let (mut outline, mut names) = Self::below(&aggregate.input, rules)?;
        let input = &aggregate.input;
        outline.computed_keys = names.computed(&aggregate.group_expr, input)?;
        for key in &aggregate.group_expr {
            let key = names.text(&key.clone().unalias(), input)?;
            outline.keys.insert(key);
        }
        for number in &aggregate.aggr_expr {
            let Expr::AggregateFunction(function) = number.clone().unalias() else {
                continue;
            };
            let (name, params) = (function.func.name(), function.params);
            outline.counts_persons |= params.distinct;
            let filter = params.filter.map(|filter| *filter);
            let arguments: Vec<Expr> = params.args.into_iter().chain(filter).collect();
            for argument in &arguments {
                if !argument.column_refs().is_empty() {
                    let argument = names.text(argument, input)?;
                    outline.arguments.insert(format!("{name}({argument})"));
                }
            }
            let parts = names.computed(&arguments, input)?;
            outline.parts.extend(parts);
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
        let (mut outline, _) = Self::below(input, rules)?;
        outline.is_relation = true;
        Ok(outline)
    }

    fn below(input: &LogicalPlan, rules: &ReleaseRules) -> Result<(Self, Names), DataFusionError> {
        let mut outline = Self::default();
        let mut names = Names::of(input)?;
        input.apply_with_subqueries(|node| {
            outline.add(node, &mut names)?;
            // What an inner query is called makes no difference.
            if !matches!(node, LogicalPlan::SubqueryAlias(_)) {
                outline.steps.push_str(&format!("{}\n", node.display()));
            }
            if let LogicalPlan::TableScan(scan) = node {
                let schema = scan.source.schema();
                let mut names = schema.fields().iter().map(|field| field.name().as_str());
                outline.has_persons |= names.any(|name| rules.person_columns.contains(&name))
                    || rules.roles.records.contains_key(scan.table_name.table());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok((outline, names))
    }

    fn add(&mut self, node: &LogicalPlan, names: &mut Names) -> Result<(), DataFusionError> {
        match node {
            LogicalPlan::TableScan(scan) => {
                self.tables.insert(scan.table_name.table().to_owned());
                self.n_scans += 1;
            }
            LogicalPlan::Filter(filter) => {
                for condition in split_conjunction(&filter.predicate) {
                    let text = names.text(condition, &filter.input)?;
                    self.rows.insert(text.clone());
                    let constant = constant(condition).filter(|_| is_of_scan(&filter.input));
                    if let Some((column, value)) = constant {
                        self.constants.insert(column, (value, text));
                    }
                }
            }
            LogicalPlan::Projection(projection) => {
                let computed = names.computed(&projection.expr, &projection.input)?;
                self.rows.extend(computed);
            }
            LogicalPlan::Join(join) => {
                self.rows.insert(join.join_type.to_string());
                for condition in join.filter.iter().flat_map(split_conjunction) {
                    self.rows.insert(names.text(condition, node)?);
                }
                for (a, b) in &join.on {
                    let (a, b) = (names.text(a, &join.left)?, names.text(b, &join.right)?);
                    self.rows.insert(format!("{a} = {b}"));
                }
            }
            LogicalPlan::Aggregate(aggregate) => {
                for expression in aggregate.group_expr.iter().chain(&aggregate.aggr_expr) {
                    self.rows.insert(names.text(expression, &aggregate.input)?);
                }
            }
            LogicalPlan::SubqueryAlias(_) => {}
            other => {
                self.rows.insert(other.display().to_string());
            }
        }
        Ok(())
    }

    /// Whether the two, shown together, tell no more than each by itself.
    pub(super) fn can_stand_beside(&self, other: &Self) -> bool {
        if !(self.has_persons && other.has_persons) {
            return true;
        }
        let has_same_parts = self.parts == other.parts;
        // Different persons do not add up: counted by one key and by another they tell who has both. A part of a group of one
        // grouping can be taken from a group of another.
        let has_same_keys = self.keys == other.keys
            || !(self.counts_persons || other.counts_persons) && self.parts.is_empty();
        self.tables == other.tables
            && self.computed_keys == other.computed_keys
            && has_same_parts
            && has_same_keys
            && !(self.is_relation || other.is_relation)
            && (self.has_same_rows(other) || self.is_apart(other))
    }

    /// Whether the rows are the same, and the same is asked of them.
    fn has_same_rows(&self, other: &Self) -> bool {
        let has_counts_only = self.arguments.is_empty() || other.arguments.is_empty();
        self.steps == other.steps
            && self.rows == other.rows
            && (has_counts_only || self.arguments == other.arguments)
    }

    /// Whether the rows are those of one table, the same but for a column that is one constant here and another there.
    fn is_apart(&self, other: &Self) -> bool {
        let differ = |column: &String| {
            let (value, condition) = self.constants.get(column)?;
            let (others, condition_there) = other.constants.get(column)?;
            // Constants of two types can be one value.
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

/// Names for columns that are the same in two parts of a statement when the columns are: the number of the step that they come
/// from, in the order of the plan, and the name they have there.
struct Names {
    origins: Origins,
    /// Addresses of the plan's steps.
    steps: Vec<usize>,
}

impl Names {
    fn of(input: &LogicalPlan) -> Result<Self, DataFusionError> {
        let mut steps = Vec::new();
        input.apply_with_subqueries(|node| {
            if matches!(
                node,
                LogicalPlan::TableScan(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Join(_)
            ) {
                steps.push(std::ptr::from_ref(node).addr());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(Self {
            origins: Origins::default(),
            steps,
        })
    }

    /// The expressions over columns of `plan` that are neither columns nor constants, as texts.
    fn computed(
        &mut self,
        expressions: &[Expr],
        plan: &LogicalPlan,
    ) -> Result<BTreeSet<String>, DataFusionError> {
        let unnamed = expressions
            .iter()
            .map(|expression| expression.clone().unalias());
        let computed = unnamed.filter(|e| !matches!(e, Expr::Column(_) | Expr::Literal(..)));
        computed
            .map(|expression| self.text(&expression, plan))
            .collect()
    }

    /// An expression over columns of `plan` as text.
    fn text(&mut self, expression: &Expr, plan: &LogicalPlan) -> Result<String, DataFusionError> {
        let written_out = self.origins.written_out(expression, plan)?;
        let named = written_out.transform(|expression| {
            let origin = match &expression {
                Expr::Column(column) => self.origins.of(column).map(|(_, origin)| origin),
                _ => None,
            };
            Ok(match origin {
                Some(origin) => {
                    let step = self.steps.iter().position(|step| *step == origin.step);
                    let name = format!("{step:?}.{}", origin.column.name);
                    Transformed::yes(Expr::Column(Column::new_unqualified(name)))
                }
                None => Transformed::no(expression),
            })
        })?;
        Ok(named.data.to_string())
    }
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
