//! Delimited text (CSV, TSV) → batches of text columns. UTF-8 with or without a byte-order mark, or
//! CP932; the bytes decide, not a setting. The first row names the columns, empty fields are NULL,
//! quoted fields may hold line breaks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::csv::reader::{Decoder, Format};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;

use super::read_error::{ReadError, describe};
use crate::regular_file;
use crate::transcoder::{TextEncoding, TextError, Transcoder};

/// A stream of batches from one delimited file.
pub struct DelimitedReader {
    text: QuotedText,
    schema: SchemaRef,
    rows: Decoder,
    rows_read: u64,
}

impl DelimitedReader {
    /// Opens `path`, finds its encoding and reads its header. Batches have up to `batch_rows` rows.
    ///
    /// # Errors
    /// When it cannot be read or has no header.
    pub fn open(path: &Path, delimiter: u8, batch_rows: usize) -> Result<Self, ReadError> {
        Self::open_after(path, delimiter, batch_rows, 0)
    }

    /// As [`Self::open`], of a file whose header stands after `n_before` other lines.
    ///
    /// # Errors
    /// When it cannot be read or has no header there.
    pub fn open_after(
        path: &Path,
        delimiter: u8,
        batch_rows: usize,
        n_before: usize,
    ) -> Result<Self, ReadError> {
        let mut text = QuotedText::open(path)?;
        text.fill()?;
        let no_header = || ReadError::NoHeader {
            file: path.to_path_buf(),
        };
        for _ in 0..n_before {
            let line = text
                .decoded
                .pending()
                .iter()
                .position(|byte| *byte == b'\n');
            text.decoded.consume(line.ok_or_else(no_header)? + 1);
        }
        let (header, _) = Format::default()
            .with_header(true)
            .with_delimiter(delimiter)
            .infer_schema(text.decoded.pending(), Some(0))
            .map_err(|_| no_header())?;
        if header.fields().is_empty() {
            return Err(no_header());
        }
        let fields = header
            .fields()
            .iter()
            .map(|f| Field::new(f.name().trim(), DataType::Utf8, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let rows = ReaderBuilder::new(Arc::clone(&schema))
            .with_header(true)
            .with_delimiter(delimiter)
            .with_batch_size(batch_rows)
            .build_decoder();
        Ok(Self {
            text,
            schema,
            rows,
            rows_read: 0,
        })
    }

    /// The columns, all text.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows, or `None` at the end of the file.
    ///
    /// # Errors
    /// When a line has another number of fields, or the text is damaged.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            if self.text.decoded.pending().is_empty() {
                self.text.fill()?;
            }
            // An empty slice tells the decoder that the file has ended.
            let used = self
                .rows
                .decode(self.text.decoded.pending())
                .map_err(|e| self.refuse(&e))?;
            self.text.decoded.consume(used);
            if used == 0 || self.rows.capacity() == 0 {
                break;
            }
        }
        let batch = self.rows.flush().map_err(|error| self.refuse(&error))?;
        if let Some(batch) = &batch {
            self.rows_read += batch.num_rows() as u64;
        }
        Ok(batch)
    }

    /// Turns the decoder's error into one that names the row and quotes nothing.
    fn refuse(&self, error: &ArrowError) -> ReadError {
        let file = self.text.file.clone();
        if self.text.ends_in_quotes() {
            return ReadError::OpenQuote { file };
        }
        match field_count(error) {
            Some((row, found)) => {
                let expected = self.schema.fields().len();
                ReadError::FieldCount {
                    file,
                    row,
                    expected,
                    found,
                }
            }
            None => ReadError::Damaged {
                file,
                after_row: self.rows_read,
                what: describe(error),
            },
        }
    }
}

/// Row and number of fields from `incorrect number of fields for line 7, expected 3 got 4`: the
/// decoder counts records from 1 with the header, and says so nowhere else.
fn field_count(error: &ArrowError) -> Option<(u64, String)> {
    let ArrowError::CsvError(text) = error else {
        return None;
    };
    let rest = text.strip_prefix("incorrect number of fields for line ")?;
    let (record, rest) = rest.split_once(',')?;
    let (_, got) = rest.split_once(" got ")?;
    let row = record.parse::<u64>().ok()?.saturating_sub(1);
    Some((
        row,
        if got.starts_with("more") {
            "more".to_owned()
        } else {
            got.to_owned()
        },
    ))
}

/// A file's text, of which the quotation marks are counted.
struct QuotedText {
    file: PathBuf,
    decoded: Transcoder<fs_err::File>,
    quotes: usize,
}

impl QuotedText {
    fn open(path: &Path) -> Result<Self, ReadError> {
        let unreadable = |source| ReadError::Io {
            file: path.to_path_buf(),
            source,
        };
        let encoding = TextEncoding::of(regular_file::open(path).map_err(unreadable)?);
        let encoding = encoding.map_err(unreadable)?;
        let input = regular_file::open(path).map_err(unreadable)?;
        Ok(Self {
            file: path.to_path_buf(),
            decoded: Transcoder::new(input, encoding),
            quotes: 0,
        })
    }

    /// Whether the file has ended with an odd number of quotation marks.
    fn ends_in_quotes(&self) -> bool {
        self.decoded.has_ended() && self.quotes % 2 == 1
    }

    /// Goes on to the next chunk.
    fn fill(&mut self) -> Result<(), ReadError> {
        let file = || self.file.clone();
        self.decoded.fill().map_err(|error| match error {
            TextError::Io(source) => ReadError::Io {
                file: file(),
                source,
            },
            TextError::Neither { byte, line } => ReadError::Encoding {
                file: file(),
                byte,
                line,
            },
        })?;
        let text = self.decoded.pending();
        self.quotes += text.iter().filter(|byte| **byte == b'"').count();
        match self.ends_in_quotes() {
            true => Err(ReadError::OpenQuote { file: file() }),
            false => Ok(()),
        }
    }
}

/// What separates the fields of a text file: what its header, after `n_before` other lines, has most of.
///
/// # Errors
/// When the file cannot be read or has no such line.
pub(super) fn delimiter_of(path: &Path, n_before: usize) -> Result<u8, ReadError> {
    let mut text = QuotedText::open(path)?;
    text.fill()?;
    let mut lines = text.decoded.pending().split(|byte| *byte == b'\n');
    let Some(header) = lines.nth(n_before) else {
        return Err(ReadError::NoHeader {
            file: path.to_path_buf(),
        });
    };
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    let delimiters = [b',', b'\t', b';'];
    // The first of those that occur equally often.
    let most = delimiters.into_iter().rev().max_by_key(|own| count(*own));
    Ok(most.unwrap_or(b','))
}
