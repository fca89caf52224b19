//! Questions the pipeline asks about tables: repeated keys, missing values, keys not numbered yet. Built
//! with the engine's API, so no SQL text is put together anywhere.

use std::collections::BTreeMap;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::common::{Column, DataFusionError, TableReference};
use datafusion::functions_aggregate::expr_fn::{count, max, sum};
use datafusion::logical_expr::{Expr, JoinType, cast, col, lit, when};
use datafusion::prelude::DataFrame;

use super::context::Session;
use super::error::SessionError;

/// The newest value of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newest {
    /// A day.
    Day(chrono::NaiveDate),
    /// A month as YYYYMM.
    Month(i64),
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

impl Session {
    /// How many values of `columns` occur more than once in table `name`.
    ///
    /// # Errors
    /// When the table or a column is unknown, or reading fails.
    pub async fn count_repeated_keys(
        &self,
        name: &str,
        columns: &[String],
    ) -> Result<u64, SessionError> {
        let keys: Vec<Expr> = columns.iter().map(|name| column(name)).collect();
        let rows = count(lit(1_i64)).alias("korabo_n_rows");
        let repeated = self
            .ctx
            .table(TableReference::bare(name))
            .await?
            .aggregate(keys, vec![rows])?
            .filter(col("korabo_n_rows").gt(lit(1_i64)))?;
        Ok(repeated.count().await? as u64)
    }

    /// How many rows of table `name` miss a value, for each of `columns`.
    ///
    /// # Errors
    /// When the table or a column is unknown, or reading fails.
    pub async fn count_nulls(
        &self,
        name: &str,
        columns: &[String],
    ) -> Result<BTreeMap<String, u64>, SessionError> {
        if columns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let missing = columns
            .iter()
            .map(|name| {
                let is_missing = when(column(name).is_null(), lit(1_i64)).otherwise(lit(0_i64))?;
                Ok(sum(is_missing).alias(name))
            })
            .collect::<Result<Vec<_>, SessionError>>()?;
        let frame = self
            .ctx
            .table(TableReference::bare(name))
            .await?
            .aggregate(vec![], missing)?;
        let batches = frame.collect().await?;
        let mut counts = BTreeMap::new();
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            for (name, array) in columns.iter().zip(batch.columns()) {
                let n_rows = array.as_primitive::<Int64Type>().iter().flatten().next();
                counts.insert(name.clone(), n_rows.unwrap_or(0).unsigned_abs());
            }
        }
        Ok(counts)
    }

    /// Rows of table `name` that miss a value in one of `columns`.
    ///
    /// # Errors
    /// When the table or a column is unknown, or reading fails.
    pub async fn count_rows_missing(
        &self,
        name: &str,
        columns: &[String],
    ) -> Result<u64, SessionError> {
        let is_missing = columns.iter().map(|name| column(name).is_null());
        let is_missing = is_missing.reduce(Expr::or).unwrap_or_else(|| lit(false));
        let frame = self.ctx.table(TableReference::bare(name)).await?;
        Ok(frame.filter(is_missing)?.count().await? as u64)
    }

    /// Rows of table `name` whose values of `columns` another row has too; rows that miss a value are
    /// left out.
    ///
    /// # Errors
    /// When the table or a column is unknown, or reading fails.
    pub async fn count_rows_repeated(
        &self,
        name: &str,
        columns: &[String],
    ) -> Result<u64, SessionError> {
        let keys: Vec<Expr> = columns.iter().map(|name| column(name)).collect();
        let is_complete = keys.iter().cloned().map(Expr::is_not_null);
        let is_complete = is_complete.reduce(Expr::and).unwrap_or_else(|| lit(true));
        let frame = self.ctx.table(TableReference::bare(name)).await?;
        let repeated = frame
            .filter(is_complete)?
            .aggregate(keys, vec![count(lit(1_i64)).alias("korabo_n_rows")])?
            .filter(col("korabo_n_rows").gt(lit(1_i64)))?
            .aggregate(vec![], vec![sum(col("korabo_n_rows")).alias("n")])?;
        let batches = repeated.collect().await?;
        let counts = batches.iter().flat_map(|batch| {
            let counts = batch.column(0).as_primitive::<Int64Type>();
            counts.iter().flatten().collect::<Vec<_>>()
        });
        Ok(counts.sum::<i64>().unsigned_abs())
    }

    /// Rows of table `name` whose value of `tested` is none of `values`.
    ///
    /// # Errors
    /// When the table or the column is unknown, the types do not fit, or reading fails.
    pub async fn count_rows_not_in(
        &self,
        name: &str,
        tested: &str,
        values: &[Expr],
    ) -> Result<u64, SessionError> {
        let frame = self.ctx.table(TableReference::bare(name)).await?;
        let is_other = column(tested).in_list(values.to_vec(), true);
        Ok(frame.filter(is_other)?.count().await? as u64)
    }

    /// Rows of table `name` whose value of `tested` is not in the column of the other table.
    ///
    /// # Errors
    /// When a table or a column is unknown, the types do not fit, or reading fails.
    pub async fn count_rows_unmatched(
        &self,
        name: &str,
        tested: &str,
        (other, known): (&str, &str),
    ) -> Result<u64, SessionError> {
        let frame = self.ctx.table(TableReference::bare(name)).await?;
        let frame = frame
            .filter(column(tested).is_not_null())?
            .select(vec![column(tested).alias("korabo_tested")])?;
        let known = self
            .ctx
            .table(TableReference::bare(other))
            .await?
            .select(vec![column(known).alias("korabo_known")])?
            .distinct()?;
        let on = (["korabo_tested"], ["korabo_known"]);
        let unmatched = frame.join(known, JoinType::LeftAnti, &on.0, &on.1, None)?;
        Ok(unmatched.count().await? as u64)
    }

    /// The newest value of a column of days or of months as YYYYMM; `None` where there is no value.
    ///
    /// # Errors
    /// When the table or the column is unknown, or reading fails.
    pub async fn newest(&self, table: &str, name: &str) -> Result<Option<Newest>, SessionError> {
        let frame = self.ctx.table(TableReference::bare(table)).await?;
        let largest = max(column(name)).alias("newest");
        let batches = frame.aggregate(vec![], vec![largest])?.collect().await?;
        let Some(value) = batches.iter().find(|batch| batch.num_rows() > 0) else {
            return Ok(None);
        };
        let value = value.column(0);
        if value.data_type().is_integer() {
            let month = arrow_cast(value, &DataType::Int64).map_err(DataFusionError::from)?;
            let month = month.as_primitive::<Int64Type>();
            return Ok(month.iter().next().flatten().map(Newest::Month));
        }
        let day = arrow_cast(value, &DataType::Date32).map_err(DataFusionError::from)?;
        let day = day.as_primitive::<Date32Type>();
        let day = day.iter().next().flatten();
        Ok(day.and_then(Date32Type::to_naive_date_opt).map(Newest::Day))
    }

    /// The largest value of integer column `name`, 0 for an empty table.
    ///
    /// # Errors
    /// When the table or the column is unknown, or reading fails.
    pub async fn max_integer(&self, table: &str, name: &str) -> Result<i64, SessionError> {
        let frame = self
            .ctx
            .table(TableReference::bare(table))
            .await?
            .aggregate(vec![], vec![max(column(name)).alias("largest")])?
            .select(vec![cast(col("largest"), DataType::Int64)])?;
        let batches = frame.collect().await?;
        let values = batches.iter().flat_map(|batch| {
            batch
                .column(0)
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .collect::<Vec<_>>()
        });
        Ok(values.max().unwrap_or(0))
    }

    /// Distinct complete keys of `frame` that table `existing` does not hold, sorted.
    ///
    /// # Errors
    /// When a column is unknown.
    pub async fn keys_not_in(
        &self,
        frame: DataFrame,
        keys: &[String],
        existing: Option<&str>,
    ) -> Result<DataFrame, SessionError> {
        let columns: Vec<Expr> = keys.iter().map(|name| column(name)).collect();
        let complete = columns
            .iter()
            .cloned()
            .map(Expr::is_not_null)
            .reduce(Expr::and);
        let mut frame = frame.select(columns.clone())?.distinct()?;
        if let Some(complete) = complete {
            frame = frame.filter(complete)?;
        }
        if let Some(existing) = existing {
            let known = self.ctx.table(TableReference::bare(existing)).await?;
            let renamed: Vec<String> = keys.iter().map(|key| format!("known_{key}")).collect();
            let known_columns: Vec<Expr> = keys
                .iter()
                .zip(&renamed)
                .map(|(key, name)| column(key).alias(name))
                .collect();
            let known = known.select(known_columns)?;
            let left: Vec<&str> = keys.iter().map(String::as_str).collect();
            let right: Vec<&str> = renamed.iter().map(String::as_str).collect();
            frame = frame.join(known, JoinType::LeftAnti, &left, &right, None)?;
        }
        Ok(frame.sort(columns.into_iter().map(|c| c.sort(true, false)).collect())?)
    }

    /// Rows of table `name` by the values of text columns `by`, ordered by them.
    ///
    /// # Errors
    /// When the table or a column is unknown, or reading fails.
    pub async fn count_by(
        &self,
        name: &str,
        by: &[&str],
    ) -> Result<Vec<(Vec<String>, u64)>, SessionError> {
        let columns: Vec<Expr> = by.iter().map(|name| column(name)).collect();
        let text = |c: &Expr| cast(c.clone(), DataType::Utf8);
        let mut shown: Vec<Expr> = columns
            .iter()
            .zip(by)
            .map(|(c, name)| text(c).alias(*name))
            .collect();
        shown.push(col("korabo_n_rows"));
        let frame = self
            .ctx
            .table(TableReference::bare(name))
            .await?
            .aggregate(
                columns.clone(),
                vec![count(lit(1_i64)).alias("korabo_n_rows")],
            )?
            .sort(columns.into_iter().map(|c| c.sort(true, false)).collect())?
            .select(shown)?;
        let mut rows = Vec::new();
        for batch in frame.collect().await? {
            let counts = batch.column(by.len()).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let labels = (0..by.len())
                    .map(|idx| batch.column(idx).as_string::<i32>().value(row).to_owned());
                rows.push((labels.collect(), counts.value(row).unsigned_abs()));
            }
        }
        Ok(rows)
    }

    /// Forgets a table.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn forget(&self, name: &str) -> Result<(), SessionError> {
        self.ctx.deregister_table(TableReference::bare(name))?;
        Ok(())
    }
}
