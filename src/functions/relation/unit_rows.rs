//! The body of relations over rows of units that are no panel of cohorts: outcomes, numbers, labels and periods, as a whole and by level.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray, new_null_array};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{Gather, PreparedRelation};
use super::estimate_table::{count_field, number_field, status_field};
use super::labels::LabelColumn;
use super::numbers::{push_numbers, push_times};
use super::panel_rows::Levels;
use super::relation_error::{ColumnName, RelationError};
use super::roles::Roles;
use korabo_estimators::EstimatorError;

/// What is estimated from rows of units.
pub(super) trait UnitEstimator: Clone + Debug + Send + Sync + 'static {
    /// The columns made, after those that say which level a row is of.
    fn results(&self) -> Vec<Field>;

    /// These columns, for the whole or a level.
    ///
    /// # Errors
    /// When the rows are refused.
    fn estimate(&self, rows: UnitRows) -> Result<Vec<ArrayRef>, EstimatorError>;

    /// Bytes that estimating takes on top of a multiple of what was gathered.
    fn extra_bytes(&self) -> usize {
        0
    }
}

/// Columns of a row per outcome: which one, where there are several; numbers, counts and the status.
pub(super) fn outcome_fields(
    names_outcome: bool,
    numbers: &[&'static str],
    counts: &[&'static str],
) -> Vec<Field> {
    let outcome = names_outcome.then(|| Field::new("outcome", DataType::Utf8, false));
    let fields = outcome
        .into_iter()
        .chain(numbers.iter().copied().map(number_field));
    let fields = fields.chain(counts.iter().copied().map(count_field));
    fields.chain([status_field()]).collect()
}

/// What a column of a call becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Outcome,
    Number,
    Label,
    /// A label whose NULL is a value like others.
    Stratum,
    Time,
    By,
}

/// A column of the input.
#[derive(Debug, Clone)]
struct InputColumn {
    index: usize,
    name: String,
    r#use: Use,
}

/// Which columns a call reads.
#[derive(Debug, Clone)]
pub(super) struct UnitColumns {
    relation: &'static str,
    all: Vec<InputColumn>,
    /// Whether a row without one of its labels loses its numbers, not its outcomes: where a missing outcome says something.
    pub(super) loses_numbers: bool,
}

impl UnitColumns {
    /// The outcomes, `outcome` or `outcomes`, and the columns of `by`.
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let outcomes = match (bound.has("outcome"), bound.has("outcomes")) {
            (true, true) => {
                return Err(ArgumentProblem::Invalid {
                    name: "outcomes",
                    message: "takes the place of `outcome`; give one of them".to_owned(),
                });
            }
            (true, false) => bound.columns("outcome"),
            (false, _) => bound.columns("outcomes"),
        };
        if outcomes.is_empty() {
            return Err(ArgumentProblem::Missing {
                name: if bound.has("outcomes") {
                    "outcomes"
                } else {
                    "outcome"
                },
                hint: "",
            });
        }
        let mut columns = Self {
            relation,
            all: Vec::new(),
            loses_numbers: false,
        };
        columns.add(bound, outcomes, Use::Outcome);
        columns.add(bound, bound.columns("by"), Use::By);
        Ok(columns)
    }

    fn add(&mut self, bound: &BoundArguments, indices: &[usize], r#use: Use) -> usize {
        let place = self.places(r#use).count();
        self.all.extend(indices.iter().map(|&index| InputColumn {
            index,
            name: bound.input().field(index).name().clone(),
            r#use,
        }));
        place
    }

    /// Reads the column of argument `name` as numbers, and returns its place among them; `None` where it was not given.
    pub(super) fn number(&mut self, bound: &BoundArguments, name: &str) -> Option<usize> {
        let index = bound.optional_column(name)?;
        Some(self.add(bound, &[index], Use::Number))
    }

    /// The same as labels.
    pub(super) fn label(&mut self, bound: &BoundArguments, name: &str) -> Option<usize> {
        let index = bound.optional_column(name)?;
        Some(self.add(bound, &[index], Use::Label))
    }

    /// Reads columns that tell strata apart, NULL being a value.
    pub(super) fn strata(&mut self, bound: &BoundArguments, indices: &[usize]) {
        self.add(bound, indices, Use::Stratum);
    }

    /// Reads the column of argument `time` as periods.
    pub(super) fn time(&mut self, bound: &BoundArguments) {
        if let Some(index) = bound.optional_column("time") {
            self.add(bound, &[index], Use::Time);
        }
    }

    /// The names of the outcomes.
    pub(super) fn outcome_names(&self) -> Vec<String> {
        self.places(Use::Outcome)
            .map(|place| self.all[place].name.clone())
            .collect()
    }

    fn places(&self, r#use: Use) -> impl Iterator<Item = usize> {
        let all = self.all.iter().enumerate();
        all.filter(move |(_, column)| column.r#use == r#use)
            .map(|(place, _)| place)
    }

    fn name(&self, place: usize) -> ColumnName {
        ColumnName {
            relation: self.relation,
            column: self.all[place].name.clone(),
        }
    }

    fn names_level(&self) -> bool {
        self.places(Use::By).next().is_some()
    }
}

/// A call over rows of units.
#[derive(Debug, Clone)]
pub(super) struct UnitRelation<E> {
    columns: UnitColumns,
    estimator: E,
}

impl<E: UnitEstimator> UnitRelation<E> {
    pub(super) fn prepared(columns: UnitColumns, estimator: E) -> Arc<dyn PreparedRelation> {
        Arc::new(Self { columns, estimator })
    }

    fn refused(&self, source: EstimatorError) -> RelationError {
        let relation = self.columns.relation;
        let argument = match &source {
            EstimatorError::NotBinary { column, .. } => *column,
            _ => "",
        };
        let number = self.columns.places(Use::Number);
        let mut numbers = number.map(|place| self.columns.name(place));
        match (argument, source) {
            ("treated", source) => match numbers.next() {
                Some(name) => name.refused_treatment(source),
                None => RelationError::Refused { relation, source },
            },
            (_, source) => RelationError::Refused { relation, source },
        }
    }

    /// The rows of the whole or of a level.
    fn part(
        &self,
        rows: UnitRows,
        level: Option<(&str, &str)>,
    ) -> Result<RecordBatch, RelationError> {
        let made = self
            .estimator
            .estimate(rows)
            .map_err(|source| self.refused(source))?;
        let n_rows = made.first().map_or(0, |array| array.len());
        let text = |text: Option<&str>| -> ArrayRef {
            match text {
                Some(text) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    text, n_rows,
                ))),
                None => new_null_array(&DataType::Utf8, n_rows),
            }
        };
        let mut columns = Vec::new();
        if self.columns.names_level() {
            columns.push(text(level.map(|(by, _)| by)));
            columns.push(text(level.map(|(_, level)| level)));
        }
        columns.extend(made);
        let relation = self.columns.relation;
        RecordBatch::try_new(self.schema(), columns)
            .map_err(|source| RelationError::Rows { relation, source })
    }
}

impl<E: UnitEstimator> PreparedRelation for UnitRelation<E> {
    fn input_columns(&self) -> Vec<usize> {
        self.columns.all.iter().map(|column| column.index).collect()
    }

    fn roles(&self) -> Roles {
        Roles::unchecked()
    }

    fn schema(&self) -> SchemaRef {
        let mut fields = Vec::new();
        if self.columns.names_level() {
            fields.extend(["by", "level"].map(|name| Field::new(name, DataType::Utf8, true)));
        }
        fields.extend(self.estimator.results());
        Arc::new(Schema::new(fields))
    }

    fn gather(&self) -> Box<dyn Gather> {
        let of = |r#use: Use| self.columns.places(r#use);
        let labels = |place: usize| LabelColumn::new(self.columns.name(place));
        Box::new(UnitGather {
            outcomes: of(Use::Outcome).map(|_| Vec::new()).collect(),
            numbers: of(Use::Number).map(|_| Vec::new()).collect(),
            labels: of(Use::Label).map(labels).collect(),
            strata: of(Use::Stratum).map(labels).collect(),
            by: of(Use::By).map(labels).collect(),
            time: Vec::new(),
            relation: self.clone(),
        })
    }
}

struct UnitGather<E> {
    relation: UnitRelation<E>,
    outcomes: Vec<Vec<f64>>,
    numbers: Vec<Vec<f64>>,
    labels: Vec<LabelColumn>,
    strata: Vec<LabelColumn>,
    by: Vec<LabelColumn>,
    time: Vec<i32>,
}

impl<E: UnitEstimator> Gather for UnitGather<E> {
    fn reserve(&mut self, n_rows: usize) {
        for numbers in self.outcomes.iter_mut().chain(&mut self.numbers) {
            numbers.reserve(n_rows);
        }
        let labels = self.labels.iter_mut().chain(&mut self.strata);
        for labels in labels.chain(&mut self.by) {
            labels.reserve(n_rows);
        }
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let columns = &self.relation.columns;
        let places = |r#use: Use| columns.places(r#use);
        for (place, numbers) in places(Use::Outcome).zip(&mut self.outcomes) {
            push_numbers(&columns.name(place), batch.column(place), numbers)?;
        }
        for (place, numbers) in places(Use::Number).zip(&mut self.numbers) {
            push_numbers(&columns.name(place), batch.column(place), numbers)?;
        }
        for (place, labels) in places(Use::Label).zip(&mut self.labels) {
            labels.push(batch.column(place))?;
        }
        for (place, labels) in places(Use::Stratum).zip(&mut self.strata) {
            labels.push(batch.column(place))?;
        }
        for (place, labels) in places(Use::By).zip(&mut self.by) {
            labels.push(batch.column(place))?;
        }
        for place in places(Use::Time) {
            let name = columns.name(place);
            push_times(
                &name,
                batch.column(place),
                &mut self.outcomes,
                &mut self.time,
            )?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let numbers = self.outcomes.iter().chain(&self.numbers).map(Vec::len);
        let labels = self.labels.iter().chain(&self.strata).chain(&self.by);
        let labels = labels.map(LabelColumn::bytes);
        numbers.sum::<usize>() * size_of::<f64>()
            + labels.sum::<usize>()
            + self.time.len() * size_of::<i32>()
    }

    /// Sorted copies of the rows, a row at a time.
    fn needed(&self) -> usize {
        let extra = self.relation.estimator.extra_bytes();
        self.bytes().saturating_mul(5).saturating_add(extra)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let Self {
            relation,
            mut outcomes,
            mut numbers,
            labels,
            strata,
            by,
            time,
        } = *self;
        let name = relation.columns.relation;
        let lost = match relation.columns.loses_numbers {
            true => &mut numbers,
            false => &mut outcomes,
        };
        let labels = labels.into_iter().map(|own| own.into_ids(lost)).collect();
        let by = by.into_iter().map(|own| Levels::of(name, "by", own));
        let by = by.collect::<Result<Vec<Levels>, _>>()?;
        let rows = UnitRows {
            outcomes,
            numbers,
            labels,
            strata: strata.into_iter().map(|own| own.into_codes().0).collect(),
            time,
        };
        let mut of_levels = Vec::new();
        for by in &by {
            for (level, own) in &by.levels {
                of_levels.push(relation.part(rows.select(own), Some((&by.column, level)))?);
            }
        }
        let mut batches = vec![relation.part(rows, None)?];
        batches.extend(of_levels);
        concat_batches(&relation.schema(), &batches).map_err(|source| RelationError::Rows {
            relation: name,
            source,
        })
    }
}

/// Rows of units.
#[derive(Debug)]
pub(super) struct UnitRows {
    /// NaN where missing.
    pub(super) outcomes: Vec<Vec<f64>>,
    /// The same, in the order in which they were asked for.
    pub(super) numbers: Vec<Vec<f64>>,
    /// In the order in which they were asked for.
    pub(super) labels: Vec<Vec<i64>>,
    /// Codes of what tells strata apart.
    strata: Vec<Vec<u32>>,
    /// Empty where there are no periods.
    pub(super) time: Vec<i32>,
}

impl UnitRows {
    /// The stratum of each row; `None` without columns that tell them apart.
    pub(super) fn stratum(&self) -> Option<Vec<u32>> {
        combined(&self.strata)
    }

    fn select(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy>(from: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| from[row as usize]).collect()
        }
        Self {
            outcomes: self.outcomes.iter().map(|own| pick(own, rows)).collect(),
            numbers: self.numbers.iter().map(|own| pick(own, rows)).collect(),
            labels: self.labels.iter().map(|own| pick(own, rows)).collect(),
            strata: self.strata.iter().map(|own| pick(own, rows)).collect(),
            time: if self.time.is_empty() {
                Vec::new()
            } else {
                pick(&self.time, rows)
            },
        }
    }
}

/// A code for every combination of columns of codes, in their order; `None` without columns.
fn combined(columns: &[Vec<u32>]) -> Option<Vec<u32>> {
    let (first, others) = columns.split_first()?;
    let mut found = first.clone();
    for column in others {
        let pairs: Vec<(u32, u32)> = found.iter().copied().zip(column.iter().copied()).collect();
        let mut levels = pairs.clone();
        levels.sort_unstable();
        levels.dedup();
        let place = |pair: &(u32, u32)| levels.partition_point(|level| level < pair) as u32;
        found = pairs.iter().map(place).collect();
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::combined;

    #[test]
    fn combinations_are_told_apart() {
        assert_eq!(combined(&[]), None);
        let columns = [vec![5, 5, 2, u32::MAX, 5], vec![1, 0, 1, 1, 1]];
        assert_eq!(combined(&columns), Some(vec![2, 1, 0, 3, 2]));
    }
}
