//! Whole columns of a table as streams, for counting outside of the engine; and foreign keys counted by delivery.

use std::collections::BTreeMap;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Column, TableReference};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, JoinType, cast, col, lit};
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream_partitioned};

use super::context::Session;
use super::error::{ErrorClass, SessionError};

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

impl Session {
    /// The columns of table `name`, in as many streams as the engine has threads.
    ///
    /// # Errors
    /// When the table or a column is unknown.
    pub async fn scan(
        &self,
        name: &str,
        columns: &[String],
    ) -> Result<Vec<SendableRecordBatchStream>, SessionError> {
        let columns: Vec<Expr> = columns.iter().map(|name| column(name)).collect();
        let frame = self.ctx.table(TableReference::bare(name)).await?;
        let plan = frame.select(columns)?.create_physical_plan().await?;
        Ok(execute_stream_partitioned(plan, self.task_context())?)
    }

    /// Rows of table `here.0` whose values of columns `here.1` are not in the columns of the other table, by the integer in column `by`.
    /// Rows that miss one of the values are left out.
    ///
    /// # Errors
    /// When a table or a column is unknown, the types do not fit, or reading fails.
    pub async fn count_unmatched_by(
        &self,
        here: (&str, &[String]),
        there: (&str, &[String]),
        by: &str,
    ) -> Result<BTreeMap<i64, u64>, SessionError> {
        // While the engine puts the keys it read into one batch, it holds them twice and counts them once.
        match self
            .with_share_of_memory(0.5)?
            .unmatched_by(here, there, by)
            .await
        {
            Err(error) if error.class() == ErrorClass::Resources => {
                self.with_spilling_joins()
                    .unmatched_by(here, there, by)
                    .await
            }
            counted => counted,
        }
    }

    async fn unmatched_by(
        &self,
        (table, columns): (&str, &[String]),
        (other, other_columns): (&str, &[String]),
        by: &str,
    ) -> Result<BTreeMap<i64, u64>, SessionError> {
        let names = |prefix: &str| -> Vec<String> {
            (0..columns.len())
                .map(|k| format!("korabo_{prefix}_{k}"))
                .collect()
        };
        let (tested, known) = (names("tested"), names("known"));
        let filled = columns.iter().map(|name| column(name).is_not_null());
        let mut shown: Vec<Expr> = columns
            .iter()
            .zip(&tested)
            .map(|(name, alias)| column(name).alias(alias))
            .collect();
        shown.push(column(by).alias("korabo_by"));
        let frame = self.ctx.table(TableReference::bare(table)).await?;
        let frame = frame
            .filter(filled.reduce(Expr::and).unwrap_or_else(|| lit(true)))?
            .select(shown)?;
        let keys: Vec<Expr> = other_columns
            .iter()
            .zip(&known)
            .map(|(name, alias)| column(name).alias(alias))
            .collect();
        let keys = self
            .ctx
            .table(TableReference::bare(other))
            .await?
            .select(keys)?;
        let on: (Vec<&str>, Vec<&str>) = (
            known.iter().map(String::as_str).collect(),
            tested.iter().map(String::as_str).collect(),
        );
        let counted = keys
            .join(frame, JoinType::RightAnti, &on.0, &on.1, None)?
            .aggregate(
                vec![cast(col("korabo_by"), DataType::Int64).alias("korabo_id")],
                vec![count(lit(1_i64)).alias("korabo_n_rows")],
            )?;
        let mut counts = BTreeMap::new();
        for batch in counted.collect().await? {
            let ids = batch.column(0).as_primitive::<Int64Type>();
            let n_rows = batch.column(1).as_primitive::<Int64Type>();
            for (id, n_rows) in ids.iter().zip(n_rows.iter()) {
                counts.insert(
                    id.unwrap_or_default(),
                    n_rows.unwrap_or_default().unsigned_abs(),
                );
            }
        }
        Ok(counts)
    }
}
