//! Extract files → [`RawBatch`]es, a few thousand rows at a time, whatever the size of the file.
//! Parquet is read here, delimited text in `delimited`; what the values mean is `validate`'s work.

use std::path::{Path, PathBuf};

use datafusion::arrow::array::{RecordBatch, RecordBatchReader};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::errors::ParquetError;

use super::delimited::DelimitedReader;
use crate::diagnostic::{FailureKind, contained, thousands};
use crate::regular_file;

/// Rows per batch: enough to keep the kernels busy, few enough to stay in the cache.
pub(super) const BATCH_ROWS: usize = 16_384;

/// Rows as received, with the types of the file.
#[derive(Debug, Clone)]
pub struct RawBatch {
    /// Number of the first row in the file; rows count from 1, headers not included.
    pub first_row_number: u64,
    /// The rows.
    pub batch: RecordBatch,
}

/// Why an extract cannot be read. No text quotes a cell.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("cannot read extract `{}`", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file's name does not say what it is.
    #[error("extract `{}` must end in .parquet, .csv or .tsv", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
    /// The file is no parquet file, or its footer is damaged.
    #[error("extract `{}` is not a readable parquet file", file.display())]
    NotParquet {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        source: ParquetError,
    },
    /// A page of the file is damaged.
    #[error("extract `{}` is damaged after row {}: {what}", file.display(), thousands(*after_row))]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The last row that could be read; 0 when none could.
        after_row: u64,
        /// What went wrong.
        what: &'static str,
    },
    /// A text file without a header row.
    #[error("extract `{}` has no header row", file.display())]
    NoHeader {
        /// The file.
        file: PathBuf,
    },
    /// Bytes that are neither UTF-8 nor CP932.
    #[error("extract `{}` is neither UTF-8 nor CP932: byte {} fits neither", file.display(), thousands(*byte))]
    Encoding {
        /// The file.
        file: PathBuf,
        /// The first byte that fits neither, from 1 (to within one buffer's decoding).
        byte: u64,
    },
    /// A line with too many or too few fields.
    #[error("extract `{}`, row {}: expected {expected} fields, found {found}", file.display(), thousands(*row))]
    FieldCount {
        /// The file.
        file: PathBuf,
        /// The row, from 1.
        row: u64,
        /// Fields in the header.
        expected: usize,
        /// What the row has: a number, or `more`.
        found: String,
    },
    /// A quoted field that never ends.
    #[error("extract `{}` ends inside a quoted field", file.display())]
    OpenQuote {
        /// The file.
        file: PathBuf,
    },
}

impl ReadError {
    /// Every read error is the extract's: exit code 4.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        FailureKind::Extract
    }
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
        let reader = DelimitedReader::open(path, delimiter)?;
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

/// Arrow's own texts may quote a value; these cannot.
pub(super) fn describe(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::IoError(..) => "it cannot be read any further",
        ArrowError::ParquetError(_) => "a page cannot be decoded",
        ArrowError::CsvError(_) => "text that is not UTF-8",
        ArrowError::MemoryError(_) => "not enough memory for one batch",
        _ => "values do not fit the types the file declares",
    }
}
