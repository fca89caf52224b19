//! The formats of a query's result, how one is written, and why it could not be. How each format looks is in `table`, `vertical`,
//! `text` and `xlsx`.

use std::error::Error;
use std::io;
use std::path::Path;

use clap::ValueEnum;
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::errors::ParquetError;
use rust_xlsxwriter::XlsxError;

/// A format of query results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for reading.
    Table,
    /// As table, with a frame.
    Box,
    /// One line per value, for wide rows.
    Vertical,
    /// Comma-separated, RFC 4180; NULL is nothing, the empty string is "".
    Csv,
    /// As csv, separated by tabs.
    Tsv,
    /// One array of objects.
    Json,
    /// One object per line.
    Ndjson,
    /// A Markdown table.
    Markdown,
    /// An HTML table, to be put into a page.
    Html,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC file (Feather version 2).
    Arrow,
    /// An Excel workbook.
    Xlsx,
}

impl Format {
    /// The format a file name's suffix stands for, in either case; `None` for an unknown suffix.
    pub(crate) fn from_path(path: &Path) -> Option<Self> {
        Some(
            match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
                "txt" => Self::Table,
                "csv" => Self::Csv,
                "tsv" => Self::Tsv,
                "json" => Self::Json,
                "ndjson" | "jsonl" => Self::Ndjson,
                "md" => Self::Markdown,
                "html" | "htm" => Self::Html,
                "parquet" => Self::Parquet,
                "arrow" => Self::Arrow,
                "xlsx" => Self::Xlsx,
                _ => return None,
            },
        )
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether the bytes are no text, so that they do not belong on a terminal.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::Xlsx)
    }

    /// Whether readers find columns by name alone, so that two of one name would lose one.
    pub(super) fn needs_unique_names(self) -> bool {
        matches!(
            self,
            Self::Json | Self::Ndjson | Self::Parquet | Self::Arrow
        )
    }
}

/// How a result is written.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    /// The format.
    pub(crate) format: Format,
    /// Columns of the terminal a table must fit; `None` writes every cell whole.
    pub(crate) max_width: Option<usize>,
    /// Whether lines wider than that can be read sideways: a table that cannot fit is then left whole.
    pub(crate) is_scrolled: bool,
    /// What NULL looks like. `None`: `NULL` in tables, HTML and Markdown, nothing in CSV and TSV. JSON and
    /// the binary formats have their own NULL.
    pub(crate) null_text: Option<String>,
    /// Whether a table may use terminal colours.
    pub(crate) color: bool,
}

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The destination refused the bytes.
    #[error("cannot write the result")]
    Io {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Two columns of one name in a format whose readers go by name.
    #[error("the result has two columns `{name}`; name them apart with `AS`")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A value or type that Arrow cannot turn into the format.
    #[error("cannot write the result as text or Arrow data")]
    Arrow {
        /// What Arrow said.
        #[source]
        source: ArrowError,
    },
    /// A type or state that Parquet cannot hold.
    #[error("cannot write the result as Parquet")]
    Parquet {
        /// What Parquet said.
        #[source]
        source: ParquetError,
    },
    /// The workbook could not be made.
    #[error("cannot write the result as an Excel workbook")]
    Xlsx {
        /// What the workbook writer said.
        #[source]
        source: XlsxError,
    },
    /// More rows than an Excel sheet has.
    #[error(
        "the result has more than {limit} rows, the most an Excel sheet holds; use .csv or .parquet"
    )]
    TooManyRows {
        /// Rows of data a sheet holds below its header.
        limit: u32,
    },
    /// More columns than an Excel sheet has.
    #[error("the result has {n_columns} columns; an Excel sheet holds {limit}")]
    TooManyColumns {
        /// Columns of the result.
        n_columns: usize,
        /// Columns of a sheet.
        limit: u16,
    },
    /// A text longer than an Excel cell takes.
    #[error(
        "row {row_number} of column `{column}` has {n_characters} characters; an Excel cell holds {limit}"
    )]
    TextTooLong {
        /// Row of the result, from 1.
        row_number: u32,
        /// The column.
        column: String,
        /// Length of the text in UTF-16 code units, as Excel counts.
        n_characters: usize,
        /// The most a cell takes.
        limit: usize,
    },
}

impl WriteError {
    /// Whether the reader of the output went away (`korabo sql … | head`), which is no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(io_error) = error.downcast_ref::<io::Error>() {
                return io_error.kind() == io::ErrorKind::BrokenPipe;
            }
            cause = error.source();
        }
        false
    }
}

impl From<io::Error> for WriteError {
    fn from(source: io::Error) -> Self {
        Self::Io { source }
    }
}

impl From<ArrowError> for WriteError {
    fn from(source: ArrowError) -> Self {
        Self::Arrow { source }
    }
}

impl From<ParquetError> for WriteError {
    fn from(source: ParquetError) -> Self {
        Self::Parquet { source }
    }
}

impl From<XlsxError> for WriteError {
    fn from(source: XlsxError) -> Self {
        Self::Xlsx { source }
    }
}
