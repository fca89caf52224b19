//! A small table in memory, cell by cell: released tables are read by people.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::arrow::error::ArrowError;

/// A column of one type; missing values are `None`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    Text(Vec<Option<String>>),
    Whole(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
}

/// Named columns of the same length.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct SmallTable {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Column>,
}

impl Column {
    fn of(arrays: &[ArrayRef], data_type: &DataType) -> Result<Self, ArrowError> {
        let all = |to: &DataType| -> Result<Vec<ArrayRef>, ArrowError> {
            arrays.iter().map(|array| cast(array, to)).collect()
        };
        Ok(match data_type {
            DataType::Boolean => {
                let arrays = all(&DataType::Boolean)?;
                Self::Flag(
                    arrays
                        .iter()
                        .flat_map(|array| array.as_boolean().iter())
                        .collect(),
                )
            }
            whole if whole.is_integer() => {
                let arrays = all(&DataType::Int64)?;
                let values = arrays
                    .iter()
                    .flat_map(|array| array.as_primitive::<Int64Type>());
                Self::Whole(values.collect())
            }
            number if number.is_numeric() => {
                let arrays = all(&DataType::Float64)?;
                let values = arrays
                    .iter()
                    .flat_map(|array| array.as_primitive::<Float64Type>());
                Self::Number(values.collect())
            }
            _ => {
                let arrays = all(&DataType::Utf8)?;
                let values = arrays.iter().flat_map(|array| array.as_string::<i32>());
                Self::Text(values.map(|text| text.map(str::to_owned)).collect())
            }
        })
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Text(values) => Arc::new(StringArray::from_iter(values)),
            Self::Whole(values) => Arc::new(Int64Array::from(values.clone())),
            Self::Number(values) => Arc::new(Float64Array::from(values.clone())),
            Self::Flag(values) => Arc::new(BooleanArray::from(values.clone())),
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Text(_) => DataType::Utf8,
            Self::Whole(_) => DataType::Int64,
            Self::Number(_) => DataType::Float64,
            Self::Flag(_) => DataType::Boolean,
        }
    }

    /// The value of `row` as text that sorts whole numbers by their size; `None` where it is missing.
    pub(super) fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Text(values) => values[row].clone(),
            Self::Whole(values) => values[row].map(|value| format!("{value:+020}")),
            Self::Number(values) => values[row].map(|value| value.to_string()),
            Self::Flag(values) => values[row].map(|value| value.to_string()),
        }
    }

    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Text(values) => values[row].is_none(),
            Self::Whole(values) => values[row].is_none(),
            Self::Number(values) => values[row].is_none(),
            Self::Flag(values) => values[row].is_none(),
        }
    }

    pub(super) fn clear(&mut self, row: usize) {
        match self {
            Self::Text(values) => values[row] = None,
            Self::Whole(values) => values[row] = None,
            Self::Number(values) => values[row] = None,
            Self::Flag(values) => values[row] = None,
        }
    }

    /// Takes the value that `other` has in `place`, where the types are the same; else none.
    pub(super) fn take(&mut self, row: usize, other: &Self, place: usize) {
        match (self, other) {
            (Self::Text(own), Self::Text(other)) => own[row].clone_from(&other[place]),
            (Self::Whole(own), Self::Whole(other)) => own[row] = other[place],
            (Self::Number(own), Self::Number(other)) => own[row] = other[place],
            (Self::Flag(own), Self::Flag(other)) => own[row] = other[place],
            (own, _) => own.clear(row),
        }
    }

    fn reordered(&self, order: &[usize]) -> Self {
        let rows = || order.iter();
        match self {
            Self::Text(values) => Self::Text(rows().map(|&row| values[row].clone()).collect()),
            Self::Whole(values) => Self::Whole(rows().map(|&row| values[row]).collect()),
            Self::Number(values) => Self::Number(rows().map(|&row| values[row]).collect()),
            Self::Flag(values) => Self::Flag(rows().map(|&row| values[row]).collect()),
        }
    }
}

impl SmallTable {
    /// The rows of batches of one schema; what is neither number nor yes/no becomes text.
    ///
    /// # Errors
    /// For types that have no text.
    pub(super) fn of(schema: &Schema, batches: &[RecordBatch]) -> Result<Self, ArrowError> {
        let mut table = Self::default();
        for (place, field) in schema.fields().iter().enumerate() {
            let arrays = batches.iter().map(|batch| Arc::clone(batch.column(place)));
            let arrays: Vec<ArrayRef> = arrays.collect();
            table.names.push(field.name().clone());
            table.columns.push(Column::of(&arrays, field.data_type())?);
        }
        Ok(table)
    }

    pub(super) fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |column| match column {
            Column::Text(values) => values.len(),
            Column::Whole(values) => values.len(),
            Column::Number(values) => values.len(),
            Column::Flag(values) => values.len(),
        })
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|own| own == name)
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.place(name).map(|place| &self.columns[place])
    }

    /// What tells row `row` from others by the columns of `key`.
    pub(super) fn key(&self, key: &[String], row: usize) -> String {
        let texts = key.iter().map(|name| {
            let text = self.column(name).and_then(|column| column.text(row));
            // A missing value comes before all others, and is none of them.
            text.map_or_else(|| "\u{1}".to_owned(), |text| format!("\u{2}{text}"))
        });
        texts.collect::<Vec<_>>().join("\u{1f}")
    }

    /// The rows in the order of their keys.
    pub(super) fn sorted_by(&self, key: &[String]) -> Self {
        let mut order: Vec<usize> = (0..self.n_rows()).collect();
        order.sort_by_cached_key(|&row| self.key(key, row));
        Self {
            names: self.names.clone(),
            columns: self
                .columns
                .iter()
                .map(|column| column.reordered(&order))
                .collect(),
        }
    }

    /// As a batch.
    ///
    /// # Errors
    /// None: the columns have one length.
    pub(super) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let columns = self.names.iter().zip(&self.columns);
        let fields = columns.map(|(name, column)| Field::new(name, column.data_type(), true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let arrays = self.columns.iter().map(Column::array).collect();
        RecordBatch::try_new(Arc::new(schema), arrays)
    }

    /// As CSV (UTF-8, header, numbers that read back to the same value, nothing for what is missing).
    ///
    /// # Errors
    /// None that is known.
    pub(super) fn csv(&self) -> Result<Vec<u8>, ArrowError> {
        let mut bytes = Vec::new();
        if self.names.is_empty() {
            return Ok(bytes);
        }
        let mut writer = datafusion::arrow::csv::Writer::new(&mut bytes);
        writer.write(&self.batch()?)?;
        drop(writer);
        Ok(bytes)
    }
}
