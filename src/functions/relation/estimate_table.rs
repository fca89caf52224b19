//! The body of relations over a table of numbers that were worked out before, as of estimates: a row for each row, with columns of the input in
//! front as they are.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::compute::{
    SortColumn, cast, concat_batches, lexsort_to_indices, partition, take_arrays,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{Gather, PreparedRelation};
use super::numbers::push_numbers;
use super::relation_error::{ColumnName, RelationError};
use super::roles::Roles;
use korabo_estimators::EstimatorError;

pub(super) const KEEP: ArgumentDefinition = optional(
    "keep",
    ArgumentKind::Columns(ColumnRole::Any),
    "columns like [outcome, term] that say what a row is about: they stand in front of the result as they are",
);
pub(super) const FAMILY: ArgumentDefinition = optional(
    "family",
    ArgumentKind::Columns(ColumnRole::Label),
    "columns like [population]: rows that are equal in them belong together, NULL being a value; the columns are kept. Default: all \
     rows are one family",
);

/// What is worked out from the rows of a table.
pub(super) trait TableEstimator: Clone + Debug + Send + Sync + 'static {
    /// The columns made, after those kept.
    fn results() -> Vec<Field>;

    /// These columns, with as many rows.
    ///
    /// # Errors
    /// When the numbers are refused.
    fn estimate(&self, rows: &TableRows) -> Result<Vec<ArrayRef>, EstimatorError>;
}

/// A number for each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// The same for all.
    Number(f64),
    /// The column of numbers at this place.
    Column(usize),
}

/// A text for each row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Words {
    /// The same for all.
    Text(String),
    /// The column of words.
    Column,
}

/// A column of the input.
#[derive(Debug, Clone)]
struct InputColumn {
    index: usize,
    field: Arc<Field>,
}

/// Which columns a call reads.
#[derive(Debug, Clone)]
pub(super) struct TableColumns {
    relation: &'static str,
    /// Those of families first, then others to keep.
    kept: Vec<InputColumn>,
    n_family: usize,
    numbers: Vec<InputColumn>,
    words: Option<InputColumn>,
}

impl TableColumns {
    /// The columns to keep; those of the result are added by the other functions.
    pub(super) fn try_new<E: TableEstimator>(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let family = bound.columns("family");
        let others = bound
            .columns("keep")
            .iter()
            .filter(|index| !family.contains(index));
        let kept: Vec<InputColumn> = family
            .iter()
            .chain(others)
            .map(|&index| input_column(bound, index))
            .collect();
        let made = E::results();
        let is_made = |own: &InputColumn| made.iter().any(|field| field.name() == own.field.name());
        if let Some(own) = kept.iter().position(is_made) {
            return Err(ArgumentProblem::Invalid {
                name: if own < family.len() { "family" } else { "keep" },
                message: format!(
                    "`{}` is a column of the result too; give it another name in the query",
                    kept[own].field.name()
                ),
            });
        }
        Ok(Self {
            relation,
            n_family: family.len(),
            kept,
            numbers: Vec::new(),
            words: None,
        })
    }

    /// Reads a column of numbers, and returns its place.
    pub(super) fn number(&mut self, bound: &BoundArguments, index: usize) -> usize {
        self.numbers.push(input_column(bound, index));
        self.numbers.len() - 1
    }

    /// Reads argument `name`, which is required.
    pub(super) fn required(
        &mut self,
        bound: &BoundArguments,
        name: &'static str,
    ) -> Result<usize, ArgumentProblem> {
        Ok(self.number(bound, bound.required_column(name)?))
    }

    /// Reads argument `name`, a number or a column; `None` where it was not given.
    pub(super) fn amount(&mut self, bound: &BoundArguments, name: &str) -> Option<Amount> {
        if let Some(number) = bound.given_number(name) {
            return Some(Amount::Number(number));
        }
        let index = bound.optional_column(name)?;
        Some(Amount::Column(self.number(bound, index)))
    }

    /// Reads argument `name`, a text or a column; `None` where it was not given.
    pub(super) fn words(&mut self, bound: &BoundArguments, name: &str) -> Option<Words> {
        match bound.optional_column(name) {
            Some(index) => {
                self.words = Some(input_column(bound, index));
                Some(Words::Column)
            }
            None if bound.has(name) => Some(Words::Text(bound.text(name, "").to_owned())),
            None => None,
        }
    }

    fn all(&self) -> impl Iterator<Item = &InputColumn> {
        self.kept.iter().chain(&self.numbers).chain(&self.words)
    }
}

fn input_column(bound: &BoundArguments, index: usize) -> InputColumn {
    InputColumn {
        index,
        field: Arc::new(bound.input().field(index).clone()),
    }
}

/// A call over a table.
#[derive(Debug, Clone)]
pub(super) struct TableRelation<E> {
    columns: TableColumns,
    estimator: E,
}

impl<E: TableEstimator> TableRelation<E> {
    pub(super) fn prepared(columns: TableColumns, estimator: E) -> Arc<dyn PreparedRelation> {
        Arc::new(Self { columns, estimator })
    }
}

impl<E: TableEstimator> PreparedRelation for TableRelation<E> {
    fn input_columns(&self) -> Vec<usize> {
        self.columns.all().map(|column| column.index).collect()
    }

    fn roles(&self) -> Roles {
        Roles::unchecked()
    }

    fn schema(&self) -> SchemaRef {
        let kept = self.columns.kept.iter();
        let kept = kept.map(|own| own.field.as_ref().clone().with_nullable(true));
        Arc::new(Schema::new(
            kept.chain(E::results()).collect::<Vec<Field>>(),
        ))
    }

    fn n_kept(&self) -> usize {
        self.columns.kept.len()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(TableGather {
            relation: self.clone(),
            batches: Vec::new(),
            bytes: 0,
        })
    }
}

struct TableGather<E> {
    relation: TableRelation<E>,
    batches: Vec<RecordBatch>,
    bytes: usize,
}

impl<E: TableEstimator> Gather for TableGather<E> {
    // Tables of estimates are short, whatever the engine expects.
    fn reserve(&mut self, _n_rows: usize) {}

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        // A slice counts by its own rows, not by the buffer that it shares.
        let own = batch.columns().iter().map(|array| {
            let size = array.to_data().get_slice_memory_size();
            size.unwrap_or_else(|_| array.get_array_memory_size())
        });
        self.bytes += own.sum::<usize>();
        self.batches.push(batch.clone());
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let Self {
            relation, batches, ..
        } = *self;
        let (name, schema) = (relation.columns.relation, relation.schema());
        let rows_error = |source| RelationError::Rows {
            relation: name,
            source,
        };
        let Some(first) = batches.first() else {
            return Ok(RecordBatch::new_empty(schema));
        };
        let given = concat_batches(&first.schema(), &batches).map_err(rows_error)?;
        let rows = TableRows::try_new(&relation.columns, &given)?;
        let made = relation.estimator.estimate(&rows);
        let made = made.map_err(|source| RelationError::Refused {
            relation: name,
            source,
        })?;
        let kept = rows.kept.iter().cloned();
        RecordBatch::try_new(schema, kept.chain(made).collect()).map_err(rows_error)
    }
}

/// The rows of a table, in an order that depends on their values alone.
pub(super) struct TableRows {
    kept: Vec<ArrayRef>,
    numbers: Vec<Vec<f64>>,
    words: Vec<Option<String>>,
    families: Vec<Range<usize>>,
}

impl TableRows {
    fn try_new(columns: &TableColumns, batch: &RecordBatch) -> Result<Self, RelationError> {
        let rows_error = |source: ArrowError| RelationError::Rows {
            relation: columns.relation,
            source,
        };
        let (given, n_rows) = (batch.columns(), batch.num_rows());
        // NULLs alone have no order.
        let is_ordered = |array: &&ArrayRef| array.data_type() != &DataType::Null;
        let keys: Vec<SortColumn> = given
            .iter()
            .filter(is_ordered)
            .map(|values| SortColumn {
                values: Arc::clone(values),
                options: None,
            })
            .collect();
        // Without a column, as where all is given by numbers, rows are all the same.
        let sorted = if keys.is_empty() {
            given.to_vec()
        } else {
            let order = lexsort_to_indices(&keys, None).map_err(rows_error)?;
            take_arrays(given, &order, None).map_err(rows_error)?
        };
        let (kept, rest) = sorted.split_at(columns.kept.len());
        let family = kept[..columns.n_family].iter().filter(is_ordered);
        let family: Vec<ArrayRef> = family.cloned().collect();
        let families = match family.as_slice() {
            _ if n_rows == 0 => Vec::new(),
            [] => std::iter::once(0..n_rows).collect(),
            family => partition(family).map_err(rows_error)?.ranges(),
        };
        let mut numbers = Vec::with_capacity(columns.numbers.len());
        for (column, array) in columns.numbers.iter().zip(rest) {
            let name = ColumnName {
                relation: columns.relation,
                column: column.field.name().clone(),
            };
            let mut own = Vec::new();
            push_numbers(&name, array, &mut own)?;
            numbers.push(own);
        }
        let mut words = Vec::new();
        if let (Some(_), Some(array)) = (&columns.words, rest.last()) {
            let texts = cast(array, &DataType::Utf8).map_err(rows_error)?;
            let texts = texts.as_string::<i32>();
            words = texts.iter().map(|text| text.map(str::to_owned)).collect();
        }
        Ok(Self {
            kept: kept.to_vec(),
            numbers,
            words,
            families,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.families.last().map_or(0, |last| last.end)
    }

    /// The rows of each family.
    pub(super) fn families(&self) -> &[Range<usize>] {
        &self.families
    }

    /// A column of numbers; NaN where missing.
    pub(super) fn number(&self, place: usize) -> &[f64] {
        &self.numbers[place]
    }

    /// A row's amount; `None` where it is missing.
    pub(super) fn amount(&self, amount: Amount, row: usize) -> Option<f64> {
        let number = match amount {
            Amount::Number(number) => number,
            Amount::Column(place) => self.numbers[place][row],
        };
        (!number.is_nan()).then_some(number)
    }

    /// A row's words; `None` where they are missing.
    pub(super) fn words<'a>(&'a self, words: &'a Words, row: usize) -> Option<&'a str> {
        match words {
            Words::Text(text) => Some(text),
            Words::Column => self.words[row].as_deref(),
        }
    }
}

/// A column of numbers in a result.
pub(super) fn number_field(name: &'static str) -> Field {
    Field::new(name, DataType::Float64, true)
}

/// A column of counts in a result.
pub(super) fn count_field(name: &'static str) -> Field {
    Field::new(name, DataType::Int64, true)
}

/// The last column of a result.
pub(super) fn status_field() -> Field {
    Field::new("status", DataType::Utf8, false)
}
