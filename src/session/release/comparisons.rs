//! What conditions ask about columns, and rows made up so that they meet the conditions in every way that could be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt64Array, new_null_array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{BinaryExpr, LogicalPlan, LogicalPlanBuilder, Operator, when};
use datafusion::prelude::{Expr, lit};

use super::answers::{as_plan, collect, counts};
use super::candidates::{Candidates, number_type};
use super::error::ReleaseError;
use super::numbers::ConditionParts;
use super::operators::{is_arithmetic, is_nothing};
use super::origins::Origins;

/// Functions that compare.
const CONDITIONS: [&str; 4] = ["starts_with", "ends_with", "isnan", "iszero"];
/// Values that are tried, over all columns, at most.
const MOST_CANDIDATES: usize = 2_000;
/// Made-up rows at most.
pub(super) const MOST_ROWS: usize = 50_000;

/// What conditions compare columns with, and what else they ask about them.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    /// The literals that each column is compared with.
    columns: BTreeMap<Column, BTreeSet<String>>,
    literals: BTreeMap<String, ScalarValue>,
    /// Comparisons of what is computed, or of several columns: they may hold or not, whatever else does.
    leaves: Vec<Expr>,
    /// Columns on which it depends whether something computed is there at all.
    pub(super) opaque: BTreeSet<Column>,
    /// Columns that only have to be there.
    only_there: BTreeSet<Column>,
    /// Columns for which it matters that they are NULL, beyond that no comparison holds then.
    with_null: BTreeSet<Column>,
}

impl Comparisons {
    pub(super) fn add(&mut self, expression: &Expr, origins: &Origins) {
        match expression {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::And | Operator::Or,
                right,
            }) => {
                self.add(left, origins);
                self.add(right, origins);
            }
            Expr::Not(of) | Expr::IsTrue(of) | Expr::IsFalse(of) => self.add(of, origins),
            Expr::IsUnknown(of)
            | Expr::IsNotTrue(of)
            | Expr::IsNotFalse(of)
            | Expr::IsNotUnknown(of) => {
                self.with_null.extend(of.column_refs().into_iter().cloned());
                self.add(of, origins);
            }
            Expr::IsNull(of) | Expr::IsNotNull(of) => match of.as_ref() {
                Expr::Column(column) => {
                    self.with_null.insert(column.clone());
                    self.columns.entry(column.clone()).or_default();
                }
                _ => self.leaf(expression),
            },
            Expr::Alias(alias) => self.add(&alias.expr, origins),
            Expr::Cast(cast) => self.add(&cast.expr, origins),
            Expr::TryCast(cast) => self.add(&cast.expr, origins),
            Expr::Negative(of) => self.add(of, origins),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_arithmetic(*op) => {
                // Missing where the divisor is zero, which a constant in it can make it for one person.
                if matches!(op, Operator::Divide | Operator::Modulo) && !is_ratio(right) {
                    self.opaque.extend(right.column_refs().into_iter().cloned());
                }
                self.add(left, origins);
                self.add(right, origins);
            }
            Expr::ScalarFunction(function) if !CONDITIONS.contains(&function.name()) => {
                let columns = expression.column_refs();
                self.with_null
                    .extend(columns.iter().map(|column| (*column).clone()));
                if function.name() == "nullif" && !is_ratio(expression) {
                    self.opaque.extend(columns.into_iter().cloned());
                }
                function.args.iter().for_each(|arg| self.add(arg, origins));
            }
            Expr::Literal(..) => {}
            Expr::Case(case) if case.expr.is_none() => {
                for (when, then) in &case.when_then_expr {
                    self.add(when, origins);
                    self.add(then, origins);
                }
                if let Some(other) = &case.else_expr {
                    self.add(other, origins);
                }
            }
            Expr::Column(column) if origins.data_type(column) == Some(&DataType::Boolean) => {
                self.columns.entry(column.clone()).or_default();
            }
            // What has to be there is no condition.
            Expr::Column(column) => {
                self.only_there.insert(column.clone());
            }
            other => match simple(other, origins) {
                Some((column, literals)) => self.compared(column, &literals),
                None => self.leaf(other),
            },
        }
    }

    pub(super) fn add_parts(&mut self, parts: &ConditionParts, origins: &Origins) {
        if let Some(filter) = &parts.filter {
            self.add(filter, origins);
        }
        for value in &parts.values {
            self.add_value(value, origins);
        }
    }

    /// Adds a value that counts where it is there.
    pub(super) fn add_value(&mut self, value: &Expr, origins: &Origins) {
        let mut of_value = Self::default();
        of_value.add(value, origins);
        // Whether a computed number is there at all may depend on single persons: a condition of its own.
        if !of_value.opaque.is_empty() {
            self.leaf(&value.clone().is_not_null());
        }
        self.add(value, origins);
    }

    /// Adds a condition that may hold or not, whatever else does.
    fn leaf(&mut self, condition: &Expr) {
        if !self.leaves.contains(condition) {
            self.leaves.push(condition.clone());
        }
        if is_of_null(condition) {
            let columns = condition.column_refs();
            self.with_null.extend(columns.into_iter().cloned());
        }
    }

    /// Adds a comparison of a column with literals.
    fn compared(&mut self, column: &Column, literals: &[&ScalarValue]) {
        let known = self.columns.entry(column.clone()).or_default();
        for literal in literals {
            let text = format!("{literal:?}");
            known.insert(text.clone());
            self.literals.insert(text, (*literal).clone());
        }
    }

    /// Columns that are asked about, those of the conditions of inner groupings included.
    pub(super) fn columns_asked(&self, origins: &Origins) -> BTreeSet<Column> {
        let of_leaves = self.leaves.iter().flat_map(|leaf| leaf.column_refs());
        let compared = self.columns.keys().chain(&self.opaque).chain(of_leaves);
        let mut all: BTreeSet<Column> = compared.cloned().collect();
        for column in all.clone().iter().chain(&self.only_there) {
            let inner = inner_columns(column, origins);
            if !inner.is_empty() {
                all.remove(column);
                all.extend(inner);
            }
        }
        all
    }

    /// The expression with the columns of made-up rows in place of its leaves.
    pub(super) fn with_leaves(&self, expression: &Expr) -> Result<Expr, DataFusionError> {
        let replaced = expression.clone().transform_down(|expression| {
            let place = self.leaves.iter().position(|leaf| *leaf == expression);
            Ok(match place {
                Some(place) => {
                    let column = Column::new_unqualified(leaf(place));
                    Transformed::new(Expr::Column(column), true, TreeNodeRecursion::Jump)
                }
                None => Transformed::no(expression),
            })
        })?;
        Ok(replaced.data)
    }

    /// Made-up rows with everything that conditions tell apart.
    pub(super) async fn made_up(
        &self,
        state: &SessionState,
        origins: &Origins,
    ) -> Result<LogicalPlan, ReleaseError> {
        let values = self.values(state, origins).await?;
        let leaves = (0..self.leaves.len()).map(leaf);
        let schema = origins.schema(leaves)?;
        Ok(as_plan(&schema, vec![made_up(&schema, &values)?])?)
    }

    /// The values of each column that are worth trying, by the column's place.
    async fn values(
        &self,
        state: &SessionState,
        origins: &Origins,
    ) -> Result<BTreeMap<usize, ArrayRef>, ReleaseError> {
        let none = BTreeSet::new();
        let only_there = self.only_there.iter();
        let only_there = only_there.filter(|column| !self.columns.contains_key(*column));
        let only_there = only_there.map(|column| (column, &none));
        let mut candidates = Vec::new();
        for (column, literals) in self.columns.iter().chain(only_there) {
            let Some((place, origin)) = origins.of(column) else {
                continue;
            };
            let literals = literals.iter().map(|text| &self.literals[text]);
            let of = Candidates::new(&origin.column, &origin.data_type);
            let with_null = self.with_null.contains(column);
            let mut of = of.of(literals, with_null)?;
            if inner_columns(column, origins).len() > 1 {
                // Regions are about one column; a number over several has no region that could be looked up.
                of.iter_mut().for_each(|(_, region)| *region = None);
            }
            candidates.push((place, of));
        }
        if candidates.iter().map(|(_, of)| of.len()).sum::<usize>() > MOST_CANDIDATES {
            return Err(ReleaseError::ManyComparisons);
        }
        let mut values = BTreeMap::new();
        // One look at each step for all of its columns.
        let mut by_step: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for candidate in candidates {
            let step = origins.all[candidate.0].step;
            by_step.entry(step).or_default().push(candidate);
        }
        for candidates in by_step.into_values() {
            let regions = candidates.iter().flat_map(|(_, of)| of);
            let regions = regions.map(|(_, region)| region.clone()).collect();
            let plan = &origins.all[candidates[0].0].plan;
            let mut is_there = presence(state, plan, regions).await?.into_iter();
            for (place, of) in candidates {
                let there = of.into_iter().zip(is_there.by_ref());
                let there = there.filter_map(|((value, _), is_there)| is_there.then_some(value));
                let mut there: Vec<ScalarValue> = there.collect();
                // A column without any value still takes part: an empty array would leave no made-up rows at all.
                if there.is_empty() {
                    there.push(ScalarValue::try_from(&origins.all[place].data_type)?);
                }
                values.insert(place, ScalarValue::iter_to_array(there)?);
            }
        }
        for (idx, leaf) in self.leaves.iter().enumerate() {
            let is_missing = leaf
                .column_refs()
                .iter()
                .any(|column| self.with_null.contains(*column));
            let yes_no = [Some(true), Some(false)].into_iter();
            let all = yes_no.chain(is_missing.then_some(None));
            let all = all.map(ScalarValue::Boolean);
            values.insert(origins.all.len() + idx, ScalarValue::iter_to_array(all)?);
        }
        Ok(values)
    }
}

/// Columns that the conditions within a number of an inner grouping ask about.
fn inner_columns(column: &Column, origins: &Origins) -> BTreeSet<Column> {
    let mut inner = Comparisons::default();
    for expression in origins
        .of(column)
        .map_or(&[][..], |(_, of)| &of.computed_from)
    {
        inner.add(expression, origins);
    }
    let mut all = inner.columns_asked(origins);
    // A number made of several columns, compared, asks about all of them.
    if all.len() + inner.only_there.len() > 1 {
        all.extend(inner.only_there);
    }
    all
}

/// Whether rows have values in each region; where there is no region, they may.
async fn presence(
    state: &SessionState,
    rows: &LogicalPlan,
    regions: Vec<Option<Expr>>,
) -> Result<Vec<bool>, ReleaseError> {
    let asked = regions.iter().flatten().enumerate();
    let asked = asked.map(|(place, region)| {
        let rows = count(when(region.clone(), lit(1_i64)).end()?);
        Ok(rows.alias(format!("n{place}")))
    });
    let asked = asked.collect::<Result<Vec<_>, DataFusionError>>()?;
    let n_asked = asked.len();
    let mut found = Vec::new();
    if n_asked > 0 {
        let no_keys: Vec<Expr> = Vec::new();
        let plan = LogicalPlanBuilder::from(rows.clone()).aggregate(no_keys, asked)?;
        let answer = collect(state, plan.build()?, 1).await?;
        for place in 0..n_asked {
            found.push(counts(&answer, place)?.iter().any(|&n| n > 0));
        }
    }
    let mut found = found.into_iter();
    let is_there = regions.iter().map(|region| match region {
        Some(_) => found.next().unwrap_or(true),
        None => true,
    });
    Ok(is_there.collect())
}

/// Every value of every column with every value of the others.
fn made_up(
    schema: &DFSchema,
    values: &BTreeMap<usize, ArrayRef>,
) -> Result<RecordBatch, ReleaseError> {
    let n_rows = values.values().map(|array| array.len());
    let n_rows = n_rows.fold(1_usize, usize::saturating_mul);
    // A saturated product stays above the limit.
    if n_rows > MOST_ROWS {
        return Err(ReleaseError::ManyComparisons);
    }
    let mut before = 1;
    let columns = schema.fields().iter().enumerate().map(|(place, field)| {
        let Some(array) = values.get(&place) else {
            return Ok(new_null_array(field.data_type(), n_rows));
        };
        let n = array.len();
        // The row number in mixed radix: each column runs through its values once per value of all columns before it.
        let rows = (0..n_rows).map(|row| ((row / before) % n) as u64);
        let rows = UInt64Array::from_iter_values(rows);
        before *= n;
        take(array, &rows, None)
    });
    let columns = columns.collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(DataFusionError::from)?;
    let fields = schema.fields().iter();
    let fields: Vec<_> = fields
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    let rows = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
    Ok(rows.map_err(DataFusionError::from)?)
}

/// Whether a condition can hold for what is missing.
fn is_of_null(condition: &Expr) -> bool {
    let of_null = |expression: &Expr| {
        Ok(match expression {
            Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::ScalarFunction(_) | Expr::Case(_) => true,
            Expr::BinaryExpr(binary) => matches!(
                binary.op,
                Operator::IsDistinctFrom | Operator::IsNotDistinctFrom
            ),
            _ => false,
        })
    };
    condition.exists(of_null).unwrap_or(true)
}

/// Whether dividing by this is dividing by a column or a constant, as far as it is not zero.
fn is_ratio(divisor: &Expr) -> bool {
    match divisor {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::Cast(cast) => is_ratio(&cast.expr),
        Expr::TryCast(cast) => is_ratio(&cast.expr),
        Expr::ScalarFunction(function) => match function.args.as_slice() {
            [of, zero] => function.name() == "nullif" && is_nothing(zero) && is_ratio(of),
            _ => false,
        },
        _ => false,
    }
}

/// The column and the literals of a comparison of one column: of numbers and days in their order, of texts as they are.
fn simple<'a>(
    comparison: &'a Expr,
    origins: &Origins,
) -> Option<(&'a Column, Vec<&'a ScalarValue>)> {
    let literal = |expression: &'a Expr| match expression {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    };
    let (of, literals, is_in_order) = match comparison {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let is_in_order = match op {
                Operator::Eq | Operator::NotEq => false,
                Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => true,
                _ => return None,
            };
            match (literal(left), literal(right)) {
                (None, Some(value)) => (left.as_ref(), vec![value], is_in_order),
                (Some(value), None) => (right.as_ref(), vec![value], is_in_order),
                _ => return None,
            }
        }
        Expr::InList(list) => {
            let literals = list.list.iter().map(literal).collect::<Option<Vec<_>>>()?;
            (list.expr.as_ref(), literals, false)
        }
        Expr::Between(between) => {
            let ends = vec![literal(&between.low)?, literal(&between.high)?];
            (between.expr.as_ref(), ends, true)
        }
        _ => return None,
    };
    let Expr::Column(column) = of else {
        return None;
    };
    let data_type = origins.data_type(column)?;
    let is_ordered = data_type == &DataType::Boolean || number_type(data_type).is_numeric();
    (is_ordered || !is_in_order).then_some((column, literals))
}

fn leaf(idx: usize) -> String {
    format!("korabo_condition_{idx}")
}
