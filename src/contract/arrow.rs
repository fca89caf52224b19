//! Contract → Arrow schema: the types in which accepted rows are written.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::column::{ColumnType, DELIVERY_ID, ROW_NUMBER};
use super::table::TableContract;

impl ColumnType {
    /// The Arrow type of accepted values.
    #[must_use]
    pub fn arrow_type(self) -> DataType {
        match self {
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 | Self::Month => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::String | Self::Token => DataType::Utf8,
        }
    }
}

impl TableContract {
    /// The contract's columns with their canonical types.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.arrow_fields()))
    }

    /// What the lake holds: the contract's columns, then [`DELIVERY_ID`] and [`ROW_NUMBER`].
    #[must_use]
    pub fn lake_schema(&self) -> SchemaRef {
        let mut fields = self.arrow_fields();
        fields.push(Field::new(DELIVERY_ID, DataType::Int32, false));
        fields.push(Field::new(ROW_NUMBER, DataType::Int64, false));
        Arc::new(Schema::new(fields))
    }

    fn arrow_fields(&self) -> Vec<Field> {
        self.columns
            .iter()
            .map(|column| Field::new(&column.name, column.data_type.arrow_type(), column.nullable))
            .collect()
    }
}
