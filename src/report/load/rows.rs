//! Rows of result tables, read by column name, and why they cannot be.

use std::collections::BTreeSet;
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
    /// Views of the project that can be asked.
    pub(super) views: BTreeSet<String>,
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
        if !self.is_there(table).await? {
            return Ok(false);
        }
        let frame = self
            .session
            .plan(&format!("select * from {table}"), &[])
            .await?;
        let has = |column: &&str| frame.schema().has_column_with_unqualified_name(column);
        Ok(columns.iter().all(has))
    }

    /// Whether a table, or a view of the project, can be asked.
    async fn is_there(&self, table: &str) -> Result<bool, LoadError> {
        Ok(self.lake.table(table).await?.is_some() || self.views.contains(table))
    }

    /// What a query over `table` finds, which stands in it as `{table}`; nothing when the table is not there.
    async fn batches(&self, table: &str, sql: &str) -> Result<Vec<RecordBatch>, LoadError> {
        if !self.is_there(table).await? {
            return Ok(Vec::new());
        }
        let sql = sql.replace("{table}", table);
        let frame = match self.session.plan(&sql, &[]).await {
            // A project may have a table of its own by that name, with other columns.
            Err(error) if error.is_unknown_column() => return Ok(Vec::new()),
            planned => planned?,
        };
        let batches = frame.collect().await.map_err(SessionError::from)?;
        Ok(batches)
    }

    /// The same as columns, for tables of many rows.
    pub(super) async fn columns(
        &self,
        table: &'static str,
        sql: &str,
    ) -> Result<Vec<Columns>, LoadError> {
        let batches = self.batches(table, sql).await?.into_iter();
        Ok(batches.map(|batch| Columns { table, batch }).collect())
    }

    /// Rows of a query over `table`, which stands in it as `{table}`; none when the table is not there.
    pub(super) async fn rows(&self, table: &'static str, sql: &str) -> Result<Vec<Row>, LoadError> {
        let mut rows = Vec::new();
        for batch in self.batches(table, sql).await? {
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

/// Many rows of a result table, read a column at a time.
pub(super) struct Columns {
    table: &'static str,
    batch: RecordBatch,
}

impl Columns {
    fn column(&self, column: &'static str, data_type: &DataType) -> Result<ArrayRef, LoadError> {
        let missing = || LoadError::Column {
            table: self.table,
            column,
        };
        let array = self.batch.column_by_name(column).ok_or_else(missing)?;
        cast(array, data_type).map_err(|_| missing())
    }

    /// Texts; empty where missing.
    pub(super) fn texts(&self, column: &'static str) -> Result<Vec<String>, LoadError> {
        let array = self.column(column, &DataType::Utf8)?;
        let texts = array.as_string::<i32>().iter();
        Ok(texts.map(|text| text.unwrap_or("").to_owned()).collect())
    }

    pub(super) fn integers(&self, column: &'static str) -> Result<Vec<Option<i64>>, LoadError> {
        let array = self.column(column, &DataType::Int64)?;
        Ok(array.as_primitive::<Int64Type>().iter().collect())
    }

    pub(super) fn counts(&self, column: &'static str) -> Result<Vec<Option<u64>>, LoadError> {
        let counts = self.integers(column)?.into_iter();
        Ok(counts
            .map(|n| n.and_then(|n| u64::try_from(n).ok()))
            .collect())
    }

    pub(super) fn numbers(&self, column: &'static str) -> Result<Vec<Option<f64>>, LoadError> {
        let array = self.column(column, &DataType::Float64)?;
        let numbers = array.as_primitive::<Float64Type>().iter();
        Ok(numbers
            .map(|number| number.filter(|number| number.is_finite()))
            .collect())
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

    /// A count that the table may withhold.
    pub(super) fn known_count(&self, column: &'static str) -> Result<Option<u64>, LoadError> {
        Ok(self.integer(column)?.and_then(|n| u64::try_from(n).ok()))
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
