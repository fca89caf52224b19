//! Why an extract cannot be read. No text quotes a cell.

use std::path::PathBuf;

use datafusion::arrow::error::ArrowError;
use datafusion::parquet::errors::ParquetError;

use crate::diagnostic::{FailureKind, thousands};

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
    #[error("extract `{}` must end in .parquet, .csv or .tsv; with a mapping also in .txt or .xlsx", file.display())]
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
    /// The file is no table of text by its name.
    #[error("`{}` is no table of text: its name must end in .csv, .tsv, .txt or .xlsx", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
    },
    /// The file is no workbook.
    #[error("extract `{}` is not a readable workbook (.xlsx)", file.display())]
    NotWorkbook {
        /// The file.
        file: PathBuf,
    },
    /// The workbook is too large to be a table of persons.
    #[error("workbook `{}` has more than 1 GiB once unpacked: save the sheet as .csv", file.display())]
    LargeWorkbook {
        /// The file.
        file: PathBuf,
    },
    /// A workbook without the sheet that a mapping names.
    #[error("workbook `{}` has no sheet of that name; it has {sheets}", file.display())]
    NoSheet {
        /// The file.
        file: PathBuf,
        /// The sheets.
        sheets: String,
    },
    /// A text file without a header row.
    #[error("extract `{}` has no header row", file.display())]
    NoHeader {
        /// The file.
        file: PathBuf,
    },
    /// Bytes that are neither UTF-8 nor CP932.
    #[error(
        "extract `{}` is neither UTF-8 nor CP932: byte {} in line {} fits neither",
        file.display(), thousands(*byte), thousands(*line)
    )]
    Encoding {
        /// The file.
        file: PathBuf,
        /// The first byte that fits neither, from 1.
        byte: u64,
        /// Its line, from 1.
        line: u64,
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

/// Arrow's own texts may quote a value; these cannot.
#[must_use]
pub fn describe(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::IoError(..) => "it cannot be read any further",
        ArrowError::ParquetError(_) => "a page cannot be decoded",
        ArrowError::CsvError(_) => "text that is not UTF-8",
        ArrowError::MemoryError(_) => "not enough memory for one batch",
        _ => "values do not fit the types the file declares",
    }
}
