//! Rows that were not accepted: the rule each one broke, the row as it was received, and counts that
//! can be shown to anyone because they hold no values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::contract::{DELIVERY_ID, ROW_NUMBER};
use crate::lake::LakeFile;

/// How many row numbers are remembered for each column and rule.
const FIRST_ROWS: usize = 5;

/// What stands in the place of a rejected row of a person who was withdrawn.
pub(super) const NOTHING_KEPT: &str = "{}";

/// What a row broke. The names are those of the `rule` column in `rejects_<table>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A value is missing that must be there.
    Null,
    /// A value that cannot be read as the column's type.
    Type,
    /// A day or month that does not exist, or a timestamp that is not a whole day.
    Date,
    /// A number outside `min` … `max`, or too large for the type.
    Range,
    /// A value outside the code list.
    Code,
    /// A code that is not valid for the row's term, or an answer that was not asked for in it.
    CodeForTerm,
    /// Not 64 hexadecimal digits, even after NFKC and without blanks and hyphens.
    Token,
    /// Not exactly the required number of ASCII digits.
    Digits,
    /// The first of two columns is after the second.
    NotAfter,
    /// The fiscal year is not that of the date.
    FiscalYear,
    /// The same key came earlier in this delivery, or is in the lake.
    DuplicateKey,
    /// The row is of a person who was withdrawn. Of such a row nothing is kept, whatever else it breaks.
    Withdrawn,
}

impl Rule {
    /// The rule's name in the lake and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Type => "type",
            Self::Date => "date",
            Self::Range => "range",
            Self::Code => "code",
            Self::CodeForTerm => "code_for_term",
            Self::Token => "token",
            Self::Digits => "digits",
            Self::NotAfter => "not_after",
            Self::FiscalYear => "fiscal_year",
            Self::DuplicateKey => "duplicate_key",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Rows of one column that broke a rule, in no particular order; a row may be named twice, then the
/// first rule counts.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) rows: Vec<(usize, Rule)>,
}

impl Faults {
    pub(super) fn push(&mut self, row: usize, rule: Rule) {
        self.rows.push((row, rule));
    }
}

/// The rejected rows of one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedRows {
    row_numbers: Vec<i64>,
    columns: Vec<Arc<str>>,
    rules: Vec<Rule>,
    rows: Vec<String>,
}

impl RejectedRows {
    /// The schema of the lake's `rejects_<table>` tables.
    #[must_use]
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(DELIVERY_ID, DataType::Int32, false),
            Field::new(ROW_NUMBER, DataType::Int64, false),
            Field::new("column", DataType::Utf8, false),
            Field::new("rule", DataType::Utf8, false),
            Field::new("row", DataType::Utf8, false),
        ]))
    }

    /// How many rows were rejected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether no row was rejected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Row number, column and rule of each rejected row, in the order of the file.
    pub fn reasons(&self) -> impl Iterator<Item = (i64, &str, Rule)> {
        let numbers = self.row_numbers.iter().copied();
        let columns = self.columns.iter().map(AsRef::as_ref);
        numbers
            .zip(columns)
            .zip(&self.rules)
            .map(|((number, column), rule)| (number, column, *rule))
    }

    /// The rows for the lake, in [`Self::schema`].
    #[must_use]
    pub fn to_batch(&self, delivery_id: i32) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_value(delivery_id, self.len())),
            Arc::new(Int64Array::from(self.row_numbers.clone())),
            Arc::new(StringArray::from_iter_values(self.columns.iter())),
            Arc::new(StringArray::from_iter_values(
                self.rules.iter().map(|rule| rule.name()),
            )),
            Arc::new(StringArray::from_iter_values(self.rows.iter())),
        ];
        RecordBatch::try_new(Self::schema(), columns)
            .expect("the columns are built in the order and types of the schema")
    }

    pub(super) fn push(&mut self, row_number: i64, column: &Arc<str>, rule: Rule, row: String) {
        self.row_numbers.push(row_number);
        self.columns.push(Arc::clone(column));
        self.rules.push(rule);
        self.rows.push(row);
    }
}

/// How many rows broke which rule, all rules of a row counted, and the numbers of the first ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectTally {
    counts: BTreeMap<(String, Rule), RejectCount>,
}

/// Rows that broke one rule in one column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectCount {
    /// How many rows.
    pub rows: u64,
    /// The numbers of the first five.
    pub first: Vec<i64>,
}

impl RejectTally {
    /// Adds what rows break in `column`; the rows of a batch count from `first`. A row that breaks several rules counts for each.
    pub(super) fn add(&mut self, first: i64, column: &str, faults: &Faults) {
        for (row, rule) in &faults.rows {
            let count = self.counts.entry((column.to_owned(), *rule)).or_default();
            count.rows += 1;
            if count.first.len() < FIRST_ROWS {
                let offset =
                    i64::try_from(*row).expect("a batch has fewer rows than i64 can count");
                count.first.push(first + offset);
            }
        }
    }

    /// Counts by column and rule, in alphabetical order of the columns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Rule, &RejectCount)> {
        self.counts
            .iter()
            .map(|((column, rule), count)| (column.as_str(), *rule, count))
    }
}

/// Writes rows as received: JSON objects of text values in the order of the file's columns.
pub(super) struct RowWriter {
    names: Vec<String>,
    columns: Vec<ArrayRef>,
}

impl RowWriter {
    /// Prepares the columns of `batch`; dictionaries are resolved once.
    pub(super) fn new(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let safe = CastOptions {
            safe: true,
            format_options: FormatOptions::default(),
        };
        let plain = |column: &ArrayRef| match column.data_type() {
            DataType::Dictionary(_, values) => cast_with_options(column, values, &safe),
            // Named zones need a table of zones to be printed; the instant in UTC does not.
            DataType::Timestamp(unit, Some(_)) => {
                let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
                let ticks = cast_with_options(column, &DataType::Int64, &safe)?;
                cast_with_options(&ticks, &utc, &safe)
            }
            _ => Ok(Arc::clone(column)),
        };
        let quoted = |name: &String| serde_json::Value::from(name.as_str()).to_string();
        Ok(Self {
            names: batch
                .schema()
                .fields()
                .iter()
                .map(|field| quoted(field.name()))
                .collect(),
            columns: batch
                .columns()
                .iter()
                .map(plain)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The given rows, in their order.
    pub(super) fn rows(&self, indices: &[usize]) -> Result<Vec<String>, ArrowError> {
        let options = FormatOptions::default();
        let formatters: Vec<_> = self
            .columns
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        let mut rows = Vec::with_capacity(indices.len());
        for &index in indices {
            let mut row = String::from("{");
            for ((name, column), formatter) in self.names.iter().zip(&self.columns).zip(&formatters)
            {
                if row.len() > 1 {
                    row.push(',');
                }
                row.push_str(name);
                row.push(':');
                // An array of the type NULL has no mask, and calls its values valid.
                if column.is_null(index) || *column.data_type() == DataType::Null {
                    row.push_str("null");
                } else {
                    let text = formatter.value(index).to_string();
                    row.push_str(&serde_json::Value::from(text).to_string());
                }
            }
            row.push('}');
            rows.push(row);
        }
        Ok(rows)
    }
}

/// Name of the table of rejected rows of raw table `table`.
#[must_use]
pub fn rejects_table(table: &str) -> String {
    format!("rejects_{table}")
}

/// Whether a file of a `rejects_<table>` has the rows of a delivery: they are partitioned by it.
pub(super) fn is_of_delivery(file: &LakeFile, delivery_id: i32) -> bool {
    let value = file.partition_values.get(DELIVERY_ID);
    value.and_then(Option::as_deref) == Some(delivery_id.to_string().as_str())
}

/// The schema of every `rejects_<table>`.
#[must_use]
pub fn rejects_schema() -> SchemaRef {
    RejectedRows::schema()
}
