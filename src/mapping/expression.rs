//! SQL of a column → values, row by row.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;

use super::error::MappingError;
use crate::diagnostic::SourceLocation;
use crate::toml_reader::Located;

/// SQL of one column over columns of text.
#[derive(Debug)]
pub(super) struct Expression {
    /// The contract's column.
    pub(super) column: String,
    sql: Arc<dyn PhysicalExpr>,
    at: SourceLocation,
}

impl Expression {
    /// Plans `sql` over the columns of `schema`.
    pub(super) fn new(
        column: &str,
        sql: &str,
        at: SourceLocation,
        schema: &SchemaRef,
    ) -> Result<Self, MappingError> {
        match planned(sql, schema) {
            Ok((_, sql)) => Ok(Self {
                column: column.to_owned(),
                sql,
                at,
            }),
            Err(error) => Err(refusal(column, at, &error)),
        }
    }

    /// The columns of `schema` that `sql` needs.
    pub(super) fn needs(
        column: &str,
        sql: &Located<String>,
        schema: &SchemaRef,
    ) -> Result<HashSet<String>, MappingError> {
        match planned(&sql.value, schema) {
            Ok((needed, _)) => Ok(needed),
            Err(error) => Err(refusal(column, sql.at.clone(), &error)),
        }
    }

    /// The values of a batch as text.
    pub(super) fn evaluate(
        &self,
        batch: &RecordBatch,
        file: &Path,
        after_row: u64,
    ) -> Result<ArrayRef, MappingError> {
        // What the engine says may quote a value.
        let fails = || MappingError::ExpressionFails {
            at: self.at.clone(),
            column: self.column.clone(),
            file: file.to_path_buf(),
            after_row,
        };
        let values = self.sql.evaluate(batch).map_err(|_| fails())?;
        let values = values.into_array(batch.num_rows()).map_err(|_| fails())?;
        let options = CastOptions {
            safe: true,
            ..CastOptions::default()
        };
        cast_with_options(&values, &DataType::Utf8, &options).map_err(|_| fails())
    }
}

/// The names of the columns that `sql` reads, and what computes it.
fn planned(
    sql: &str,
    schema: &SchemaRef,
) -> Result<(HashSet<String>, Arc<dyn PhysicalExpr>), DataFusionError> {
    let engine = SessionContext::new();
    let columns = DFSchema::try_from(schema.as_ref().clone())?;
    let logical = engine.parse_sql_expr(sql, &columns)?;
    let needed = logical.column_refs().into_iter();
    let needed = needed.map(|column| column.name.clone()).collect();
    Ok((needed, engine.create_physical_expr(logical, &columns)?))
}

fn refusal(column: &str, at: SourceLocation, error: &DataFusionError) -> MappingError {
    MappingError::Expression {
        at,
        column: column.to_owned(),
        reason: error.strip_backtrace(),
    }
}
