//! Reading a pinned version without the SQL engine: for ingest, which needs keys and whole rows of a
//! table it is about to change.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use deltalake_core::DeltaTableError;

use super::error::{LakeError, table_error};
use super::table::{LakeFile, LakeTable};

/// Batches of some columns of a table version, file after file.
pub struct TableReader {
    /// The table, without its files.
    table: LakeTable,
    schema: SchemaRef,
    files: VecDeque<LakeFile>,
    current: Option<(LakeFile, ParquetRecordBatchReader)>,
}

impl LakeTable {
    /// Reads `columns` (all when `None`) of every file. Blocks on disk reads.
    ///
    /// # Errors
    /// When a column is not in the table, or the table was emptied and is to be built again.
    pub fn read(&self, columns: Option<&[String]>) -> Result<TableReader, LakeError> {
        self.require_rows()?;
        let schema = match columns {
            None => Arc::clone(&self.schema),
            Some(columns) => {
                let fields = columns
                    .iter()
                    .map(|name| self.schema.field_with_name(name).cloned());
                let fields = fields
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(self.arrow_error())?;
                Arc::new(Schema::new(fields))
            }
        };
        Ok(TableReader {
            table: self.with_files(|_| false),
            schema,
            files: self.files.iter().cloned().collect(),
            current: None,
        })
    }

    fn arrow_error(&self) -> impl Fn(ArrowError) -> LakeError {
        |source| table_error(&self.name, DeltaTableError::Arrow { source })
    }
}

impl TableReader {
    fn open(&self, file: &LakeFile) -> Result<ParquetRecordBatchReader, LakeError> {
        let one = LakeTable {
            files: vec![file.clone()],
            ..self.table.clone()
        };
        one.check_files()?;
        let handle = fs_err::File::open(one.file_path(file))
            .map_err(LakeError::Folder)?
            .into_file();
        let parquet = |source| table_error(&self.table.name, DeltaTableError::Parquet { source });
        let builder = ParquetRecordBatchReaderBuilder::try_new(handle).map_err(parquet)?;
        let wanted = self
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str());
        let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
        builder
            .with_projection(mask)
            .with_batch_size(16_384)
            .build()
            .map_err(parquet)
    }

    /// The file's columns and its partition values, in the requested schema.
    fn complete(&self, file: &LakeFile, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let n_rows = batch.num_rows();
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type()),
                None => match file.partition_values.get(field.name()) {
                    Some(Some(value)) => {
                        let text =
                            StringArray::from_iter_values(std::iter::repeat_n(value, n_rows));
                        let text: ArrayRef = Arc::new(text);
                        cast(&text, field.data_type())
                    }
                    // The file is older than the column.
                    _ => Ok(new_null_array(field.data_type(), n_rows)),
                },
            })
            .collect::<Result<Vec<_>, _>>()?;
        // Also without a column a batch has its rows.
        let options =
            datafusion::arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(n_rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        loop {
            if let Some((file, mut reader)) = self.current.take() {
                let arrow =
                    |source| table_error(&self.table.name, DeltaTableError::Arrow { source });
                if let Some(batch) = reader.next().transpose().map_err(arrow)? {
                    let batch = self.complete(&file, &batch).map_err(arrow)?;
                    self.current = Some((file, reader));
                    return Ok(Some(batch));
                }
            }
            let Some(file) = self.files.pop_front() else {
                return Ok(None);
            };
            let reader = self.open(&file)?;
            self.current = Some((file, reader));
        }
    }
}

impl Iterator for TableReader {
    type Item = Result<RecordBatch, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}
