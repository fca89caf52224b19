//! Which Arrow types a lake table stores for which result types. Delta has no unsigned integers, no
//! dictionaries and one timestamp unit.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::error::LakeError;

/// The schema a table made from `schema` is stored with.
///
/// # Errors
/// When a column's type has no lake counterpart.
pub fn storable_schema(table: &str, schema: &Schema) -> Result<SchemaRef, LakeError> {
    let fields = schema
        .fields()
        .iter()
        .map(|field| {
            let stored =
                stored_type(field.data_type()).ok_or_else(|| LakeError::UnstorableColumn {
                    table: table.to_owned(),
                    column: field.name().clone(),
                    data_type: field.data_type().to_string(),
                })?;
            Ok(Field::new(field.name(), stored, true))
        })
        .collect::<Result<Vec<_>, LakeError>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

fn stored_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Boolean
        | DataType::Date32
        | DataType::Decimal128(_, _)
        | DataType::Binary => data_type.clone(),
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            DataType::Utf8
        }
        DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Dictionary(_, values) => stored_type(values)?,
        _ => return None,
    })
}
