//! What clients ask about the server rather than of the data: catalogs, schemas, tables, keys, types, and
//! what the server can do.

use std::sync::{Arc, LazyLock};

use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{
    GetCatalogsBuilder, SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfo, XdbcTypeInfoData,
    XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{
    CommandGetDbSchemas, CommandGetPrimaryKeys, CommandGetTableTypes, CommandGetTables, Nullable,
    Searchable, SqlInfo, SqlSupportedTransaction, XdbcDataType,
};
use datafusion::arrow::array::{ArrayRef, Int32Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use tonic::Status;

use super::answer::sent_schema;
use super::error::{data_status, lake_status};
use super::tables::{ServedTables, Snapshot};
use crate::session::{CATALOG, SCHEMA, Session};

const TABLE: &str = "TABLE";
const VIEW: &str = "VIEW";

fn flight(error: FlightError) -> Status {
    Status::from(error)
}

pub(super) fn catalogs() -> Result<RecordBatch, Status> {
    let mut builder = GetCatalogsBuilder::new();
    builder.append(CATALOG);
    builder.build().map_err(flight)
}

pub(super) fn schemas(query: CommandGetDbSchemas) -> Result<RecordBatch, Status> {
    let mut builder = query.into_builder();
    builder.append(CATALOG, SCHEMA);
    builder.build().map_err(flight)
}

pub(super) fn table_types() -> Result<RecordBatch, Status> {
    let mut builder = CommandGetTableTypes {}.into_builder();
    builder.append(TABLE);
    builder.append(VIEW);
    builder.build().map_err(flight)
}

/// The tables and views; with their columns where the client wants them.
pub(super) async fn tables(
    tables: &ServedTables,
    session: &Session,
    snapshot: &Snapshot,
    query: CommandGetTables,
) -> Result<RecordBatch, Status> {
    let wants_columns = query.include_schema;
    let mut builder = query.into_builder();
    let catalogue = snapshot.catalogue();
    let names = catalogue.names().map_err(|error| lake_status(&error))?;
    for name in names {
        let kind = if catalogue.is_view(&name) {
            VIEW
        } else {
            TABLE
        };
        let columns = match wants_columns {
            false => Arc::new(Schema::empty()),
            // A view whose inputs are not built yet is left out.
            true => match tables.columns(session, snapshot, &name).await {
                Some(columns) => sent_schema(&columns, None),
                None => continue,
            },
        };
        let appended = builder.append(CATALOG, SCHEMA, &name, kind, &columns);
        appended.map_err(flight)?;
    }
    builder.build().map_err(flight)
}

/// The columns that the query of a table names as its key.
pub(super) fn primary_keys(
    snapshot: &Snapshot,
    query: &CommandGetPrimaryKeys,
) -> Result<RecordBatch, Status> {
    let is_ours = |asked: &Option<String>, own: &str| asked.as_deref().is_none_or(|it| it == own);
    let mut keys = Vec::new();
    if is_ours(&query.catalog, CATALOG) && is_ours(&query.db_schema, SCHEMA) {
        keys = snapshot.key_of(&query.table);
    }
    let same = |text: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(keys.iter().map(|_| text)))
    };
    let names = keys.iter().map(|_| None::<&str>);
    let columns: Vec<ArrayRef> = vec![
        same(CATALOG),
        same(SCHEMA),
        same(&query.table),
        Arc::new(StringArray::from_iter_values(&keys)),
        Arc::new(Int32Array::from_iter_values((1..).take(keys.len()))),
        Arc::new(names.collect::<StringArray>()),
    ];
    RecordBatch::try_new(primary_keys_schema(), columns).map_err(|error| data_status(error.into()))
}

pub(super) fn primary_keys_schema() -> SchemaRef {
    let text = |name: &str, is_nullable| Field::new(name, DataType::Utf8, is_nullable);
    Arc::new(Schema::new(vec![
        text("catalog_name", true),
        text("db_schema_name", true),
        text("table_name", false),
        text("column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("key_name", true),
    ]))
}

/// Keys that refer to other tables: none are declared, so there is never a row.
pub(super) fn foreign_keys() -> RecordBatch {
    let text = |name: &str, is_nullable| Field::new(name, DataType::Utf8, is_nullable);
    RecordBatch::new_empty(Arc::new(Schema::new(vec![
        text("pk_catalog_name", true),
        text("pk_db_schema_name", true),
        text("pk_table_name", false),
        text("pk_column_name", false),
        text("fk_catalog_name", true),
        text("fk_db_schema_name", true),
        text("fk_table_name", false),
        text("fk_column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("fk_key_name", true),
        text("pk_key_name", true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ])))
}

/// What the server is and can do.
pub(super) fn sql_info() -> Result<&'static SqlInfoData, Status> {
    static INFO: LazyLock<Option<SqlInfoData>> = LazyLock::new(|| {
        let mut info = SqlInfoDataBuilder::new();
        info.append(SqlInfo::FlightSqlServerName, "korabo");
        info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
        info.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
        info.append(SqlInfo::FlightSqlServerReadOnly, true);
        info.append(SqlInfo::FlightSqlServerSql, true);
        info.append(SqlInfo::FlightSqlServerSubstrait, false);
        info.append(SqlInfo::FlightSqlServerCancel, false);
        info.append(SqlInfo::FlightSqlServerBulkIngestion, false);
        let no_transactions = SqlSupportedTransaction::None as i32;
        info.append(SqlInfo::FlightSqlServerTransaction, no_transactions);
        info.append(SqlInfo::SqlDdlCatalog, false);
        info.append(SqlInfo::SqlDdlSchema, false);
        info.append(SqlInfo::SqlDdlTable, false);
        // Names without quotes are read as lower case, those in quotes as they are.
        info.append(SqlInfo::SqlIdentifierCase, 3);
        info.append(SqlInfo::SqlQuotedIdentifierCase, 1);
        info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
        info.append(SqlInfo::SqlAllTablesAreSelectable, true);
        info.append(SqlInfo::SqlTransactionsSupported, false);
        info.append(SqlInfo::SqlCatalogTerm, "catalog");
        info.append(SqlInfo::SqlSchemaTerm, "schema");
        info.build().ok()
    });
    INFO.as_ref()
        .ok_or_else(|| Status::internal("the server does not know itself"))
}

/// The types of columns.
pub(super) fn type_info() -> Result<&'static XdbcTypeInfoData, Status> {
    static TYPES: LazyLock<Option<XdbcTypeInfoData>> = LazyLock::new(|| {
        let mut types = XdbcTypeInfoDataBuilder::new();
        for (name, data_type, size) in [
            ("BOOLEAN", XdbcDataType::XdbcBit, 1),
            ("SMALLINT", XdbcDataType::XdbcSmallint, 16),
            ("INTEGER", XdbcDataType::XdbcInteger, 32),
            ("BIGINT", XdbcDataType::XdbcBigint, 64),
            ("REAL", XdbcDataType::XdbcReal, 24),
            ("DOUBLE", XdbcDataType::XdbcDouble, 53),
            ("DECIMAL", XdbcDataType::XdbcDecimal, 38),
            ("VARCHAR", XdbcDataType::XdbcVarchar, i32::MAX),
            ("VARBINARY", XdbcDataType::XdbcVarbinary, i32::MAX),
            ("DATE", XdbcDataType::XdbcDate, 10),
            ("TIMESTAMP", XdbcDataType::XdbcTimestamp, 32),
        ] {
            let quote = match data_type {
                XdbcDataType::XdbcVarchar
                | XdbcDataType::XdbcDate
                | XdbcDataType::XdbcTimestamp => Some("'".to_owned()),
                _ => None,
            };
            types.append(XdbcTypeInfo {
                type_name: name.to_owned(),
                data_type,
                column_size: Some(size),
                literal_prefix: quote.clone(),
                literal_suffix: quote,
                nullable: Nullable::NullabilityNullable,
                case_sensitive: name == "VARCHAR",
                searchable: Searchable::Full,
                unsigned_attribute: Some(false),
                sql_data_type: data_type,
                ..XdbcTypeInfo::default()
            });
        }
        types.build().ok()
    });
    TYPES
        .as_ref()
        .ok_or_else(|| Status::internal("the server does not know its types"))
}
