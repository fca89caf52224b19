//! Extract files → [`RawBatch`]es, a few thousand rows at a time, whatever the size of the file.
//! Parquet is read here, delimited text by `tabular`, any other layout by its mapping; what the values mean is `validate`'s work.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchReader};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::errors::ParquetError;

use super::error::RefusalReason;
use super::file_schema::{SchemaProblem, SchemaRefusal};
use crate::contract::{TableContract, identifying_word};
use crate::diagnostic::contained;
use crate::mapping::{HeaderRules, MappedTable, SourceMapping};
use crate::regular_file;
use crate::tabular::{DelimitedReader, ReadError, describe};

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
    Mapped(Box<MappedTable<'static>>),
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

    /// Opens `path`, a holder's own file, as `mapping` says.
    ///
    /// # Errors
    /// When the file cannot be read, does not fit its mapping, or has columns that identify persons.
    pub fn open_mapped(
        path: &Path,
        (mapping, contract, rules): (&SourceMapping, &TableContract, &HeaderRules),
    ) -> Result<Self, RefusalReason> {
        let table = MappedTable::open(path, (mapping, contract, rules), None)?;
        let identifying = table.headers().iter().filter_map(|header| {
            Some(SchemaProblem::Identifying {
                column: header.clone(),
                word: identifying_word(header)?,
            })
        });
        let problems: Vec<SchemaProblem> = identifying.collect();
        if !problems.is_empty() {
            let table = contract.name.clone();
            return Err(SchemaRefusal { table, problems }.into());
        }
        Ok(Self {
            file: path.to_path_buf(),
            schema: Arc::clone(table.schema()),
            rows_read: 0,
            format: Format::Mapped(Box::new(table)),
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

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, RefusalReason> {
        match &mut self.format {
            Format::Delimited(reader) => Ok(reader.next_batch()?),
            Format::Mapped(table) => Ok(table.next_batch()?),
            Format::Parquet(reader) => {
                let damaged = |what| ReadError::Damaged {
                    file: self.file.clone(),
                    after_row: self.rows_read,
                    what,
                };
                // The decoder panics on some damaged pages.
                match contained(|| reader.next().transpose()) {
                    Some(read) => Ok(read.map_err(|error| damaged(describe(&error)))?),
                    None => Err(damaged("a page cannot be decoded").into()),
                }
            }
        }
    }
}

impl Iterator for ExtractReader {
    type Item = Result<RawBatch, RefusalReason>;

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
