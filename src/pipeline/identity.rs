//! Stable dense integers for natural keys. New keys get the next integers in sorted order; a key once
//! numbered keeps its number and no number is used twice.

use std::sync::Arc;

use datafusion::arrow::array::Int64Array;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::header::Identity;
use crate::lake::{LakeError, TableWriter};

/// The result schema of an identity query: its key columns and the integer.
pub(super) fn schema_with_id(schema: &SchemaRef, identity: &Identity) -> SchemaRef {
    let keys = identity
        .keys
        .iter()
        .filter_map(|key| schema.field_with_name(key).ok().cloned());
    let mut fields: Vec<Field> = keys.collect();
    fields.push(Field::new(&identity.id, DataType::Int64, true));
    Arc::new(Schema::new(fields))
}

/// Numbers keys in the order in which they arrive and writes them.
pub(super) struct Numbering {
    next: i64,
    schema: SchemaRef,
}

impl Numbering {
    pub(super) fn starting_at(next: i64, schema: SchemaRef) -> Self {
        Self { next, schema }
    }

    pub(super) async fn write(
        &mut self,
        batch: &RecordBatch,
        writer: &mut TableWriter,
    ) -> Result<(), LakeError> {
        let n_rows = i64::try_from(batch.num_rows()).expect("a batch has fewer than 2^63 rows");
        let ids = Int64Array::from_iter_values(self.next..self.next + n_rows);
        self.next += n_rows;
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(ids));
        let names = self.schema.fields().iter().zip(&columns);
        let fields: Vec<Field> = names
            .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
            .collect();
        let numbered = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .expect("one array per field, all of the batch's length");
        writer.write(&numbered).await
    }
}
