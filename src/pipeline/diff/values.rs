//! Rows of a version of an aggregate table in memory: found by key, read as text and as numbers.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::DataFusionError;

use crate::lake::{LakeError, LakeTable};
use crate::session::SessionError;

/// All rows of a version in memory, by key.
pub(super) struct KeyedRows {
    batch: RecordBatch,
    pub(super) by_key: BTreeMap<String, usize>,
}

impl KeyedRows {
    pub(super) fn read(table: &LakeTable, key: &[String]) -> Result<Self, LakeOrEngine> {
        let batches = table.read(None)?.collect::<Result<Vec<_>, LakeError>>()?;
        let batch = concat_batches(&table.schema, &batches).map_err(engine)?;
        let columns = key.iter().filter_map(|name| batch.column_by_name(name));
        let columns: Vec<Vec<Option<String>>> = columns.map(texts).collect::<Result<_, _>>()?;
        let name = |row: usize| {
            let parts = columns
                .iter()
                .map(|column| column[row].as_deref().unwrap_or("–"));
            parts.collect::<Vec<_>>().join(", ")
        };
        let by_key = (0..batch.num_rows()).map(|row| (name(row), row)).collect();
        Ok(Self { batch, by_key })
    }

    /// The values of a column, when there is one of this name.
    pub(super) fn column(&self, name: &str) -> Result<Option<ComparedColumn>, LakeOrEngine> {
        let column = self.batch.column_by_name(name);
        column.map(ComparedColumn::of).transpose()
    }
}

/// A difference of so small a share says nothing: sums of the same numbers in another order differ by as much.
pub(super) const ROUNDING: f64 = 1e-9;

/// Whether numbers of a size up to `scale`, or up to their own, differ beyond the ninth significant digit only.
pub(super) fn is_rounding(before: f64, after: f64, scale: f64) -> bool {
    let size = before.abs().max(after.abs()).max(scale);
    // Strictly: what is infinite differs from everything.
    (after - before).abs() < ROUNDING * size || before == after
}

/// Either side's error.
#[derive(Debug, thiserror::Error)]
pub(super) enum LakeOrEngine {
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Engine(#[from] SessionError),
}

fn engine(error: datafusion::arrow::error::ArrowError) -> LakeOrEngine {
    LakeOrEngine::Engine(SessionError::from(DataFusionError::from(error)))
}

fn texts(column: &ArrayRef) -> Result<Vec<Option<String>>, LakeOrEngine> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column, &options).map_err(engine)?;
    let text = |row: usize| {
        let is_there = column.is_valid(row);
        is_there.then(|| formatter.value(row).to_string())
    };
    Ok((0..column.len()).map(text).collect())
}

/// A column's values as text and, if they are numbers, as numbers.
pub(super) struct ComparedColumn {
    pub(super) texts: Vec<Option<String>>,
    numbers: Option<ArrayRef>,
    /// Whether the last digits of its numbers depend on the order in which they were computed.
    pub(super) is_inexact: bool,
}

impl ComparedColumn {
    fn of(column: &ArrayRef) -> Result<Self, LakeOrEngine> {
        let numbers = match column.data_type().is_numeric() {
            true => Some(cast(column, &DataType::Float64).map_err(engine)?),
            false => None,
        };
        Ok(Self {
            texts: texts(column)?,
            numbers,
            is_inexact: column.data_type().is_floating(),
        })
    }

    /// The number of a row; `None` where there is none.
    pub(super) fn number(&self, row: usize) -> Option<f64> {
        let numbers = self.numbers.as_ref()?.as_primitive::<Float64Type>();
        numbers.is_valid(row).then(|| numbers.value(row))
    }
}

#[cfg(test)]
mod tests {
    use super::is_rounding;

    #[test]
    fn the_twelfth_digit_is_rounding_and_the_eighth_is_not() {
        assert!(is_rounding(1.234_567_890_12, 1.234_567_890_13, 0.0));
        assert!(!is_rounding(1.234_567_8, 1.234_567_9, 0.0));
        assert!(is_rounding(-4.0e300, -4.0e300 * (1.0 + 1e-13), 0.0));
        assert!(!is_rounding(1e-20, 2e-20, 0.0));
        // An estimate of zero is as exact as its standard error.
        assert!(is_rounding(1e-17, -3e-17, 0.5));
        assert!(!is_rounding(f64::NAN, 1.0, 0.0) && !is_rounding(f64::INFINITY, 1.0, 0.0));
    }
}
