//! Rows of the tables that remember what has left, read and written.

use std::io;

use datafusion::arrow::array::{AsArray as _, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use roaring::RoaringBitmap;

use crate::lake::{Lake, LakeError};

/// Table of releases.
pub const RELEASES: &str = "releases";

/// Why what has left cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The rows of a table are not as korabo wrote them.
    #[error(
        "the table `{table}` of the lake, which remembers what has left, is damaged; restore it from a backup: nothing leaves without it"
    )]
    Damaged {
        /// The table.
        table: &'static str,
    },
    /// A set of persons cannot be written.
    #[error("a set of persons cannot be written")]
    Set(#[from] io::Error),
}

pub(super) async fn batches(lake: &Lake, table: &str) -> Result<Vec<RecordBatch>, LakeError> {
    match lake.table(table).await? {
        Some(table) => table.read(None)?.collect(),
        None => Ok(Vec::new()),
    }
}

pub(super) fn integers(
    batch: &RecordBatch,
    name: &str,
    table: &'static str,
) -> Result<Int64Array, LedgerError> {
    let damaged = || LedgerError::Damaged { table };
    let column = batch.column_by_name(name).ok_or_else(damaged)?;
    let column = cast(column, &DataType::Int64).map_err(|_| damaged())?;
    Ok(column.as_primitive::<Int64Type>().clone())
}

pub(super) fn texts_of(
    batch: &RecordBatch,
    name: &str,
    table: &'static str,
) -> Result<StringArray, LedgerError> {
    let damaged = || LedgerError::Damaged { table };
    let column = batch.column_by_name(name).ok_or_else(damaged)?;
    let column = cast(column, &DataType::Utf8).map_err(|_| damaged())?;
    Ok(column.as_string::<i32>().clone())
}

/// The sets of persons of a batch.
pub(super) fn persons_of(
    batch: &RecordBatch,
    table: &'static str,
) -> Result<Vec<RoaringBitmap>, LedgerError> {
    let damaged = || LedgerError::Damaged { table };
    let column = batch.column_by_name("persons").ok_or_else(damaged)?;
    let column = cast(column, &DataType::Binary).map_err(|_| damaged())?;
    let sets = column.as_binary::<i32>().iter();
    let set = |bytes: Option<&[u8]>| {
        RoaringBitmap::deserialize_from(bytes.ok_or_else(damaged)?).map_err(|_| damaged())
    };
    sets.map(set).collect()
}

pub(super) fn serialized(set: &RoaringBitmap) -> Result<Vec<u8>, LedgerError> {
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes)?;
    Ok(bytes)
}

/// How many rows a table has; none without it.
pub(super) async fn n_rows(lake: &Lake, table: &'static str) -> Result<i64, LedgerError> {
    let Some(found) = lake.table(table).await? else {
        return Ok(0);
    };
    let n_rows = found.n_rows().ok_or(LedgerError::Damaged { table })?;
    Ok(i64::try_from(n_rows).unwrap_or(i64::MAX))
}
