//! Extract files → [`RawBatch`]es, a few thousand rows at a time, whatever the size of the file.
//! Parquet is read here, delimited text in `delimited`; what the values mean is `validate`'s work.

use std::path::{Path, PathBuf};

use datafusion::arrow::array::{RecordBatch, RecordBatchReader};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::errors::ParquetError;

use super::delimited::DelimitedReader;
use super::read_error::{ReadError, describe};
use crate::diagnostic::contained;
use crate::regular_file;

/// Rows per batch: enough to keep the kernels busy, few enough to stay in the cache.
const BATCH_ROWS: usize = 16_384;

/// Rows as received, with the types of the file.
#[derive(Debug, Clone)]
pub struct RawBatch {
    /// Number of the first row in the file; rows count from 1, headers not included.
    pub first_row_number: u64,
    /// The rows.
    pub batch: RecordBatch,
}

/// A stream of batches from one extract file.
pub struct ExtractReader {
    file: PathBuf,
    schema: SchemaRef,
    rows_read: u64,
    format: Format,
}

enum Format {
    Parquet(ParquetRecordBatchReader),
    Delimited(Box<DelimitedReader>),
}

impl ExtractReader {
    /// Opens `path`; the suffix says how to read it (`.parquet`, `.csv`, `.tsv`). Only the footer or
    /// the header is read (of text also once everything, to know the encoding).
    ///
    /// # Errors
    /// When the file cannot be opened or is not what its suffix says.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let suffix = path
            .extension()
            .map(|suffix| suffix.to_string_lossy().to_lowercase());
        let (schema, format) = match suffix.as_deref() {
            Some("parquet" | "pq") => {
                let reader = open_parquet(path)?;
                (reader.schema(), Format::Parquet(reader))
            }
            Some("csv") => Self::open_delimited(path, b',')?,
            Some("tsv") => Self::open_delimited(path, b'\t')?,
            _ => {
                return Err(ReadError::UnknownFormat {
                    file: path.to_path_buf(),
                });
            }
        };
        Ok(Self {
            file: path.to_path_buf(),
            schema,
            rows_read: 0,
            format,
        })
    }

    fn open_delimited(path: &Path, delimiter: u8) -> Result<(SchemaRef, Format), ReadError> {
        let reader = DelimitedReader::open(path, delimiter, BATCH_ROWS)?;
        Ok((reader.schema(), Format::Delimited(Box::new(reader))))
    }

    /// The file's columns with their physical types; text files have only text columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        match &mut self.format {
            Format::Delimited(reader) => reader.next_batch(),
            Format::Parquet(reader) => {
                let damaged = |what| ReadError::Damaged {
                    file: self.file.clone(),
                    after_row: self.rows_read,
                    what,
                };
                match contained(|| reader.next().transpose()) {
                    Some(read) => read.map_err(|error| damaged(describe(&error))),
                    None => Err(damaged("a page cannot be decoded")),
                }
            }
        }
    }
}

impl Iterator for ExtractReader {
    type Item = Result<RawBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.next_batch().transpose()?;
        Some(batch.map(|batch| {
            let first_row_number = self.rows_read + 1;
            self.rows_read += batch.num_rows() as u64;
            RawBatch {
                first_row_number,
                batch,
            }
        }))
    }
}

fn open_parquet(path: &Path) -> Result<ParquetRecordBatchReader, ReadError> {
    let file = regular_file::open(path).map_err(|source| ReadError::Io {
        file: path.to_path_buf(),
        source,
    })?;
    let open = || {
        ParquetRecordBatchReaderBuilder::try_new(file.into_file())
            .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
    };
    let undecodable = || ParquetError::General("its footer cannot be decoded".to_owned());
    let opened = contained(open).unwrap_or_else(|| Err(undecodable()));
    opened.map_err(|source| ReadError::NotParquet {
        file: path.to_path_buf(),
        source,
    })
}
