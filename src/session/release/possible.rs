//! Conditions that rows could meet together, whether or not any does. That nobody does can be as telling as that few do:
//! `count(*) FILTER (WHERE NOT (age = 53 AND sex = 1 AND weight_kg > 60))` is the count of all just when the one person of that
//! age and sex weighs less. For conditions that ask about several columns, and can so single somebody out, sets of conditions that
//! nobody meets are therefore judged like those that few meet. Which sets there could be is found by computing the conditions
//! on made-up rows: every column has the values it is compared with, others beside and between them, and none, as far as rows have such
//! values at all.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt64Array, new_null_array};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, LogicalPlan, LogicalPlanBuilder, Operator, when};
use datafusion::prelude::{Expr, lit};

use super::ReleaseError;
use super::answers::{as_plan, collect, counts, numbered};
use super::lineage::Rows;
use super::measures::Measures;
use super::origins::Origins;
use super::questions::Questions;
use super::span::Atom;
use super::systems::System;
use crate::disclosure::{CellCounts, GroupedCounts};

/// Functions that compare.
const CONDITIONS: [&str; 4] = ["starts_with", "ends_with", "isnan", "iszero"];
/// Values that are tried, over all columns, at most.
const MOST_CANDIDATES: usize = 2_000;
/// Made-up rows at most.
const MOST_ROWS: usize = 50_000;

/// What conditions ask about columns.
#[derive(Debug, Default)]
struct Asked {
    /// The literals that each column is compared with.
    columns: BTreeMap<Column, BTreeSet<String>>,
    literals: BTreeMap<String, ScalarValue>,
    /// Comparisons of what is computed, or of several columns: they may hold or not, whatever else does.
    leaves: Vec<Expr>,
    /// Columns that only have to be there.
    only_there: BTreeSet<Column>,
    /// Columns for which it matters that they are NULL, beyond that no comparison holds then.
    with_null: BTreeSet<Column>,
}

/// The conditions and values that could be met together.
pub(super) struct Possible {
    /// The measures over made-up rows.
    pub(super) measures: Measures,
    /// Conditions and numbers that ask about several columns.
    conditions: Vec<bool>,
    numbers: Vec<bool>,
}

impl Possible {
    /// `None` where every condition is about one column.
    ///
    /// # Errors
    /// When the conditions compare with too many values.
    pub(super) async fn of(
        state: &SessionState,
        rows: &Rows,
        questions: &Questions<'_>,
    ) -> Result<Option<Self>, ReleaseError> {
        let mut origins = Origins::default();
        let questions = questions.with(|expression| origins.written_out(expression, &rows.plan))?;
        let is_compound = |expression: &Expr| is_compound(expression, &origins);
        let numbers = questions.numbers.iter();
        let numbers: Vec<bool> = numbers.map(|number| is_compound(&number.value)).collect();
        let conditions = questions.conditions.iter().map(is_compound);
        let mut conditions: Vec<bool> = conditions.collect();
        for &(condition, number) in &questions.not_zero {
            conditions[condition] = numbers[number];
        }
        if !conditions.iter().chain(&numbers).any(|&compound| compound) {
            return Ok(None);
        }
        let mut asked = Asked::default();
        let values = questions.numbers.iter().map(|number| &number.value);
        for expression in questions.conditions.iter().chain(values) {
            asked.add(expression, &origins);
        }
        let made_up = asked.made_up(state, &origins).await?;
        let questions = questions.with(|expression| asked.with_leaves(expression))?;
        Ok(Some(Self {
            measures: Measures::new(made_up, &[], None, &questions)?,
            conditions,
            numbers,
        }))
    }

    /// Whether a number asks about several columns.
    pub(super) fn is_compound_number(&self, number: usize) -> bool {
        self.numbers[number]
    }

    /// Whether a condition asks about several columns.
    pub(super) fn is_compound(&self, condition: usize) -> bool {
        self.conditions[condition]
    }

    /// Adds what nobody of a group meets, of what could be met (`told`), to what its rows do meet. Conditions about one column
    /// are met as rows of the group meet them.
    pub(super) fn add_absent(&self, system: &System, told: &[Vec<f64>], atoms: &mut Vec<Atom>) {
        let (conditions, values) = (system.conditions(), system.values());
        let is_open = conditions.iter().map(|&idx| self.conditions[idx]);
        let is_open = is_open.chain(values.iter().map(|&idx| self.numbers[idx]));
        let is_open: Vec<bool> = is_open.collect();
        if !is_open.contains(&true) {
            return;
        }
        let n_conditions = conditions.len();
        let mut known: HashSet<Vec<u64>> = atoms.iter().map(|atom| bits(&atom.told)).collect();
        let mut absent = Vec::new();
        for atom in atoms.iter() {
            for told in told {
                let places = || is_open.iter().zip(told.iter().zip(&atom.told)).enumerate();
                let mut closed = places().filter(|(_, (open, _))| !**open);
                if !closed.all(|(place, (_, (a, b)))| place >= n_conditions || a == b) {
                    continue;
                }
                let together = places().map(|(_, (&open, (&could, &does)))| match open {
                    true => could,
                    false => does,
                });
                let told: Vec<f64> = together.collect();
                if known.insert(bits(&told)) {
                    absent.push(Atom {
                        told,
                        n_values: atom.n_values,
                        persons: 0,
                    });
                }
            }
        }
        atoms.extend(absent);
    }
}

/// Keys computed from several columns, and the values that rows could have of them.
pub(super) struct PossibleKeys {
    /// Which of the keys.
    places: Vec<usize>,
    /// A column for each, a row for each set of values.
    values: RecordBatch,
}

impl PossibleKeys {
    /// `None` where every key asks about one column.
    ///
    /// # Errors
    /// When the keys compare with too many values.
    pub(super) async fn of(
        state: &SessionState,
        rows: &Rows,
        keys: &[Expr],
    ) -> Result<Option<Self>, ReleaseError> {
        let mut origins = Origins::default();
        let keys = keys.iter();
        let keys = keys.map(|key| origins.written_out(key, &rows.plan));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let places = (0..keys.len()).filter(|&key| is_compound(&keys[key], &origins));
        let places: Vec<usize> = places.collect();
        // Which values an inner grouping could give is not known.
        let is_inner = |key: &usize| match &keys[*key] {
            Expr::Column(column) => origins.data_type(column) != Some(&DataType::Boolean),
            _ => false,
        };
        if places.iter().any(is_inner) {
            let what = "a key that an inner grouping computes under conditions on several columns";
            return Err(ReleaseError::Expression {
                what: what.to_owned(),
            });
        }
        if places.is_empty() {
            return Ok(None);
        }
        let mut asked = Asked::default();
        let compound = places.iter().map(|&key| &keys[key]);
        compound.for_each(|key| asked.add(key, &origins));
        let made_up = asked.made_up(state, &origins).await?;
        let computed = places.iter().map(|&key| {
            let computed = asked.with_leaves(&keys[key])?.unalias();
            Ok(computed.alias(format!("k{key}")))
        });
        let computed = computed.collect::<Result<Vec<_>, DataFusionError>>()?;
        let plan = LogicalPlanBuilder::from(made_up).project(computed)?;
        let values = collect(state, plan.distinct()?.build()?, MOST_ROWS).await?;
        Ok(Some(Self { places, values }))
    }

    /// Adds groups that nobody is in, as if one person were, to the groups of a table with these keys.
    ///
    /// # Errors
    /// When there are more than `most`.
    pub(super) fn add_absent(
        &self,
        keys: &[ArrayRef],
        counts: &mut GroupedCounts,
        most: usize,
    ) -> Result<(), ReleaseError> {
        let n_groups = counts.units.len();
        for (column, &place) in self.values.columns().iter().zip(&self.places) {
            let column = cast(column, keys[place].data_type()).map_err(DataFusionError::from)?;
            let both = concat(&[keys[place].as_ref(), column.as_ref()]);
            counts.keys[place] = numbered(&both.map_err(DataFusionError::from)?)?;
        }
        let numbers = &counts.keys;
        let of = |row: usize, key: usize| numbers[key][row];
        let whole = |row: usize| (0..numbers.len()).map(move |key| of(row, key));
        let mut known: HashSet<Vec<usize>> = HashSet::new();
        known.extend((0..n_groups).map(|group| whole(group).collect::<Vec<_>>()));
        let possible = n_groups..n_groups + self.values.num_rows();
        let mut absent = Vec::new();
        for group in 0..n_groups {
            for row in possible.clone() {
                let mut key: Vec<usize> = whole(group).collect();
                for &place in &self.places {
                    key[place] = of(row, place);
                }
                if known.insert(key.clone()) {
                    absent.push(key);
                }
            }
            if absent.len() > most {
                return Err(ReleaseError::TooManyGroups { limit: most });
            }
        }
        for (place, key) in counts.keys.iter_mut().enumerate() {
            key.truncate(n_groups);
            key.extend(absent.iter().map(|group| group[place]));
        }
        counts.units.extend(absent.iter().map(|_| 1));
        for column in &mut counts.columns {
            column.resize(n_groups + absent.len(), CellCounts::default());
        }
        Ok(())
    }
}

fn bits(told: &[f64]) -> Vec<u64> {
    told.iter().map(|told| told.to_bits()).collect()
}

/// Whether an expression asks about several columns.
fn is_compound(expression: &Expr, origins: &Origins) -> bool {
    let mut asked = Asked::default();
    asked.add(expression, origins);
    asked.columns_asked(origins).len() > 1
}

impl Asked {
    fn add(&mut self, expression: &Expr, origins: &Origins) {
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
            | Expr::IsNotUnknown(of)
            | Expr::IsNull(of)
            | Expr::IsNotNull(of) => {
                self.with_null.extend(of.column_refs().into_iter().cloned());
                self.add(of, origins);
            }
            Expr::Alias(alias) => self.add(&alias.expr, origins),
            Expr::Cast(cast) => self.add(&cast.expr, origins),
            Expr::TryCast(cast) => self.add(&cast.expr, origins),
            Expr::Negative(of) => self.add(of, origins),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_arithmetic(*op) => {
                self.add(left, origins);
                self.add(right, origins);
            }
            Expr::ScalarFunction(function) if !is_condition(function) => {
                let columns = expression.column_refs();
                self.with_null.extend(columns.into_iter().cloned());
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
            // What has to be there is no condition.
            Expr::Column(column) if !is_yes_no(column, origins) => {
                self.only_there.insert(column.clone());
            }
            other => self.compared(other),
        }
    }

    /// Takes in a comparison.
    fn compared(&mut self, expression: &Expr) {
        let columns = expression.column_refs();
        let mut literals = BTreeMap::new();
        let mut is_computed = columns.len() > 1;
        let found = expression.apply(|expression| {
            match expression {
                Expr::Literal(value, _) => {
                    literals.insert(format!("{value:?}"), value.clone());
                }
                Expr::BinaryExpr(binary) => {
                    is_computed |= is_arithmetic(binary.op);
                    if is_of_null(binary.op) {
                        let columns = expression.column_refs();
                        self.with_null.extend(columns.into_iter().cloned());
                    }
                }
                Expr::Case(_) | Expr::ScalarFunction(_) | Expr::Cast(_) | Expr::TryCast(_) => {
                    is_computed = true;
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        debug_assert!(found.is_ok(), "nothing in here fails");
        if is_computed {
            if !self.leaves.contains(expression) {
                self.leaves.push(expression.clone());
            }
            return;
        }
        for column in columns {
            let known = self.columns.entry(column.clone()).or_default();
            known.extend(literals.keys().cloned());
        }
        self.literals.extend(literals);
    }

    /// Columns that are asked about, those of the conditions of inner groupings included.
    fn columns_asked(&self, origins: &Origins) -> BTreeSet<Column> {
        let of_leaves = self.leaves.iter().flat_map(|leaf| leaf.column_refs());
        let compared = self.columns.keys().chain(of_leaves);
        let mut all: BTreeSet<Column> = compared.cloned().collect();
        for column in self.columns.keys().chain(&self.only_there) {
            all.extend(inner_columns(column, origins));
        }
        all
    }

    /// The expression with the columns of made-up rows in place of its leaves.
    fn with_leaves(&self, expression: &Expr) -> Result<Expr, DataFusionError> {
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
    async fn made_up(
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
            let of = Candidates {
                column: &origin.column,
                data_type: &origin.data_type,
                found: Vec::new(),
            };
            let with_null = self.with_null.contains(column);
            let mut of = of.of(literals, with_null)?;
            if inner_columns(column, origins).len() > 1 {
                of.iter_mut().for_each(|(_, region)| *region = None);
            }
            candidates.push((place, of));
        }
        if candidates.iter().map(|(_, of)| of.len()).sum::<usize>() > MOST_CANDIDATES {
            return Err(ReleaseError::ManyComparisons);
        }
        let mut values = BTreeMap::new();
        for (place, of) in candidates {
            let origin = &origins.all[place];
            let regions = of.iter().map(|(_, region)| region.clone());
            let is_there = presence(state, &origin.plan, regions.collect()).await?;
            let there = of.into_iter().zip(is_there);
            let there = there.filter_map(|((value, _), is_there)| is_there.then_some(value));
            let mut there: Vec<ScalarValue> = there.collect();
            if there.is_empty() {
                there.push(ScalarValue::try_from(&origin.data_type)?);
            }
            values.insert(place, ScalarValue::iter_to_array(there)?);
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
    let mut inner = Asked::default();
    for expression in origins
        .of(column)
        .map_or(&[][..], |(_, of)| &of.computed_from)
    {
        inner.add(expression, origins);
    }
    inner.columns_asked(origins)
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
    if n_rows > MOST_ROWS {
        return Err(ReleaseError::ManyComparisons);
    }
    let mut before = 1;
    let columns = schema.fields().iter().enumerate().map(|(place, field)| {
        let Some(array) = values.get(&place) else {
            return Ok(new_null_array(field.data_type(), n_rows));
        };
        let n = array.len();
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

fn is_of_null(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::IsDistinctFrom | Operator::IsNotDistinctFrom
    )
}

fn is_arithmetic(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo
    )
}

fn leaf(idx: usize) -> String {
    format!("korabo_condition_{idx}")
}

/// Whether a function of one row is yes or no by itself.
fn is_condition(function: &ScalarFunction) -> bool {
    CONDITIONS.contains(&function.name())
}

fn is_yes_no(column: &Column, origins: &Origins) -> bool {
    origins.data_type(column) == Some(&DataType::Boolean)
}

/// Values of a column that comparisons with literals tell apart, each with the region of values that it stands for.
struct Candidates<'a> {
    column: &'a Column,
    data_type: &'a DataType,
    found: Vec<(ScalarValue, Option<Expr>)>,
}

impl Candidates<'_> {
    fn of<'b>(
        mut self,
        literals: impl Iterator<Item = &'b ScalarValue>,
        with_null: bool,
    ) -> Result<Vec<(ScalarValue, Option<Expr>)>, DataFusionError> {
        let column = || Expr::Column(self.column.clone());
        let null = ScalarValue::try_from(self.data_type)?;
        let is_null = (!with_null).then(|| column().is_null());
        let literals = literals.filter_map(|literal| literal.cast_to(self.data_type).ok());
        let literals: Vec<ScalarValue> = literals.filter(|literal| !literal.is_null()).collect();
        match self.data_type {
            DataType::Boolean => {
                for value in [true, false] {
                    let value = ScalarValue::from(value);
                    let region = column().eq(lit(value.clone()));
                    self.add(value, Some(region));
                }
            }
            other if number_type(other).is_numeric() => self.add_numbers(&literals),
            _ => {
                let known = literals.iter().cloned().map(lit).collect();
                let others = column().in_list(known, true);
                for literal in &literals {
                    let region = column().eq(lit(literal.clone()));
                    self.add(literal.clone(), Some(region));
                }
                let other = ScalarValue::from("\u{1}").cast_to(self.data_type);
                if let Ok(other) = other {
                    self.add(other, (!literals.is_empty()).then_some(others));
                }
            }
        }
        self.found.push((null, is_null));
        Ok(self.found)
    }

    fn add_numbers(&mut self, literals: &[ScalarValue]) {
        let column = || Expr::Column(self.column.clone());
        let mut numbers: Vec<(f64, ScalarValue)> = Vec::new();
        for literal in literals {
            if let Some(number) = as_number(literal, self.data_type)
                && !numbers.iter().any(|(known, _)| *known == number)
            {
                numbers.push((number, literal.clone()));
            }
        }
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut all = Vec::new();
        if let (Some((least, first)), Some((most, last))) = (numbers.first(), numbers.last()) {
            all.push((least - 1.0, Some(column().lt(lit(first.clone())))));
            all.push((most + 1.0, Some(column().gt(lit(last.clone())))));
        }
        for pair in numbers.windows(2) {
            let above = column().gt(lit(pair[0].1.clone()));
            let region = above.and(column().lt(lit(pair[1].1.clone())));
            all.push(((pair[0].0 + pair[1].0) / 2.0, Some(region)));
        }
        for (number, literal) in &numbers {
            all.push((*number, Some(column().eq(lit(literal.clone())))));
        }
        if numbers.is_empty() {
            all.push((0.0, None));
        }
        for (number, region) in all {
            let number = ScalarValue::from(number).cast_to(&number_type(self.data_type));
            if let Ok(value) = number.and_then(|number| number.cast_to(self.data_type)) {
                self.add(value, region);
            }
        }
    }

    fn add(&mut self, value: ScalarValue, region: Option<Expr>) {
        let is_known = |(known, _): &(ScalarValue, _)| *known == value;
        match self.found.iter_mut().find(|found| is_known(found)) {
            Some((_, known)) => {
                *known = known
                    .take()
                    .zip(region)
                    .map(|(known, region)| known.or(region));
            }
            None => self.found.push((value, region)),
        }
    }
}

/// Days and times are compared like their numbers.
fn number_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64
        | DataType::Timestamp(..)
        | DataType::Time64(_)
        | DataType::Duration(_) => DataType::Int64,
        other => other.clone(),
    }
}

fn as_number(value: &ScalarValue, data_type: &DataType) -> Option<f64> {
    let number = value.cast_to(&number_type(data_type));
    let number = number.and_then(|number| number.cast_to(&DataType::Float64));
    match number {
        Ok(ScalarValue::Float64(number)) => number,
        _ => None,
    }
}
