//! Whether headers and tests fit the columns of the tables that they are about.

use datafusion::arrow::datatypes::{DataType, Field, Schema};

use super::data_test::Rule;
use super::error::PipelineError;
use super::header::Sensitivity;
use super::query::Query;
use crate::config::ParameterValue;
use crate::diagnostic::{SourceLocation, did_you_mean};
use crate::session::Session;

/// Columns that tell one person from another, the one for analyses first.
pub(super) const PERSON_COLUMNS: &[&str] = &["person_id", "person_key", "employee_key"];

/// Columns that tell one household from another.
pub(super) const HOUSEHOLD_COLUMNS: &[&str] = &["household_id", "household_key"];

/// Whether values of the type are days, or months as YYYYMM.
fn has_age(kind: &DataType) -> bool {
    let is_day = matches!(
        kind,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
    );
    is_day || kind.is_integer()
}

/// Checks the columns that the header of `query` names against its result.
///
/// # Errors
/// For a column that the query does not return, or returns although its rows are declared as aggregates.
pub(super) fn check_header_columns(query: &Query, schema: &Schema) -> Result<(), PipelineError> {
    let header = &query.header;
    if header.sensitivity == Sensitivity::Aggregate
        && let Some(column) = PERSON_COLUMNS
            .iter()
            .chain(HOUSEHOLD_COLUMNS)
            .find(|column| schema.index_of(column).is_ok())
    {
        return Err(PipelineError::AggregateWithPerson {
            at: query.location_of(column),
            query: query.name.clone(),
            column: (*column).to_owned(),
        });
    }
    let named = header
        .key
        .iter()
        .chain(&header.not_null)
        .chain(&header.partition_by);
    for column in named {
        if schema.index_of(column).is_err() {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            return Err(PipelineError::UnknownHeaderColumn {
                at: SourceLocation {
                    file: query.file.clone(),
                    line: 1,
                    column: 1,
                },
                column: column.clone(),
                hint: did_you_mean(column, names),
            });
        }
    }
    Ok(())
}

/// Checks the columns, tables and statements that the tests of `query` name; its table is known to `session`.
///
/// # Errors
/// With the place of the first test that cannot be run.
pub(super) async fn check_tests(
    session: &Session,
    query: &Query,
    parameters: &[(String, ParameterValue)],
) -> Result<(), PipelineError> {
    for test in &query.header.tests {
        let at = || query.location_of_line(test.line);
        let has_column = |table: &str, schema: &Schema, column: &str| {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            match schema.index_of(column) {
                Ok(_) => Ok(()),
                Err(_) => Err(PipelineError::UnknownTestColumn {
                    at: at(),
                    table: table.to_owned(),
                    column: column.to_owned(),
                    hint: did_you_mean(column, names),
                }),
            }
        };
        let schema = session.table_schema(&query.name).await?;
        for column in test.rule.columns() {
            has_column(&query.name, &schema, column)?;
        }
        match &test.rule {
            Rule::Relationships { table, other, .. } => {
                has_column(table, &*session.table_schema(table).await?, other)?;
            }
            Rule::Freshness { column, .. } => {
                let field = schema.field_with_name(column).map(Field::data_type);
                if field.is_ok_and(|kind| !has_age(kind)) {
                    return Err(PipelineError::Header {
                        at: at(),
                        key: "test".to_owned(),
                        expected: "`freshness` of a date or a month (YYYYMM)",
                    });
                }
            }
            Rule::NoRows { sql } => {
                let planned = session.plan(sql, parameters).await;
                planned.map_err(|error| PipelineError::Syntax {
                    at: at(),
                    message: error.message(),
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}
