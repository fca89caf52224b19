//! Rows of result tables, read by column name, and why they cannot be.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};

use crate::disclosure::EstimateRow;
use crate::lake::{Lake, LakeError};
use crate::session::{Session, SessionError};
use crate::vocabulary::Vocabulary;

/// Why the report's tables could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The lake failed.
    #[error("cannot read the lake")]
    Lake(#[from] LakeError),
    /// The engine failed.
    #[error("cannot read the report's tables")]
    Session(#[from] SessionError),
    /// A table the report shows lacks a column.
    #[error("table `{table}` has no usable column `{column}`, which the report shows")]
    Column {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// The lake's tables, and what a project calls things.
pub(super) struct ResultTables<'a> {
    pub(super) lake: &'a Lake,
    pub(super) session: &'a Session,
    pub(super) vocabulary: &'a Vocabulary,
}

impl ResultTables<'_> {
    /// Whether the table exists and has these columns: a project may have a table of its own by that name.
    pub(super) async fn has_columns(
        &self,
        table: &str,
        columns: &[&str],
    ) -> Result<bool, LoadError> {
        if self.lake.table(table).await?.is_none() {
            return Ok(false);
        }
        let frame = self
            .session
            .plan(&format!("select * from {table}"), &[])
            .await?;
        let has = |column: &&str| frame.schema().has_column_with_unqualified_name(column);
        Ok(columns.iter().all(has))
    }

    /// Rows of a query over `table`; none when the table is not there.
    pub(super) async fn rows(&self, table: &'static str, sql: &str) -> Result<Vec<Row>, LoadError> {
        if self.lake.table(table).await?.is_none() {
            return Ok(Vec::new());
        }
        let frame = self.session.plan(sql, &[]).await?;
        let batches = frame.collect().await.map_err(SessionError::from)?;
        let mut rows = Vec::new();
        for batch in batches {
            let batch = Arc::new(batch);
            rows.extend((0..batch.num_rows()).map(|index| Row {
                table,
                batch: Arc::clone(&batch),
                index,
            }));
        }
        Ok(rows)
    }
}

/// One row of a result table, read by column name.
pub(super) struct Row {
    table: &'static str,
    batch: Arc<RecordBatch>,
    index: usize,
}

impl Row {
    fn column(&self, column: &'static str, data_type: &DataType) -> Result<ArrayRef, LoadError> {
        let missing = || LoadError::Column {
            table: self.table,
            column,
        };
        let array = self.batch.column_by_name(column).ok_or_else(missing)?;
        cast(&array.slice(self.index, 1), data_type).map_err(|_| missing())
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String, LoadError> {
        let array = self.column(column, &DataType::Utf8)?;
        let array = array.as_string::<i32>();
        Ok(if array.is_null(0) {
            String::new()
        } else {
            array.value(0).to_owned()
        })
    }

    /// Whether a column that not every version of the table has says yes.
    pub(super) fn flag(&self, column: &'static str) -> bool {
        self.integer(column).is_ok_and(|value| value == Some(1))
    }

    pub(super) fn integer(&self, column: &'static str) -> Result<Option<i64>, LoadError> {
        let array = self.column(column, &DataType::Int64)?;
        Ok(array.as_primitive::<Int64Type>().iter().next().flatten())
    }

    pub(super) fn count(&self, column: &'static str) -> Result<u64, LoadError> {
        Ok(self
            .integer(column)?
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0))
    }

    pub(super) fn number(&self, column: &'static str) -> Result<Option<f64>, LoadError> {
        let array = self.column(column, &DataType::Float64)?;
        Ok(array.as_primitive::<Float64Type>().iter().next().flatten())
    }

    pub(super) fn estimate(&self) -> Result<EstimateRow, LoadError> {
        let count = |column| -> Result<Option<u64>, LoadError> {
            Ok(self.integer(column)?.and_then(|n| u64::try_from(n).ok()))
        };
        Ok(EstimateRow {
            estimate: self.number("estimate")?,
            std_error: self.number("std_error")?,
            statistic: self.number("statistic")?,
            p_value: self.number("p_value")?,
            conf_low: self.number("conf_low")?,
            conf_high: self.number("conf_high")?,
            band_low: self.number("band_low")?,
            band_high: self.number("band_high")?,
            n_treated: count("n_treated")?,
            n_control: count("n_control")?,
            n_units: count("n_units")?,
            n_clusters: count("n_clusters")?,
            status: self.text("status")?,
        })
    }
}
