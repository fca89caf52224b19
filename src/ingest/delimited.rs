//! Delimited text (CSV, TSV) → batches of text columns. UTF-8 with or without a byte-order mark, or
//! CP932; the bytes decide, not a setting. The first row names the columns, empty fields are NULL,
//! quoted fields may hold line breaks.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::csv::reader::{Decoder, Format};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use encoding_rs::{DecoderResult, SHIFT_JIS};

use super::read_error::{ReadError, describe};
use crate::regular_file;

const CHUNK_BYTES: usize = 1 << 18;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A stream of batches from one delimited file.
pub(super) struct DelimitedReader {
    text: Transcoder,
    schema: SchemaRef,
    rows: Decoder,
    rows_read: u64,
}

impl DelimitedReader {
    /// Opens `path`, finds its encoding and reads its header. Batches have up to `batch_rows` rows.
    pub(super) fn open(path: &Path, delimiter: u8, batch_rows: usize) -> Result<Self, ReadError> {
        let mut text = Transcoder::open(path)?;
        text.fill()?;
        let no_header = || ReadError::NoHeader {
            file: path.to_path_buf(),
        };
        let (header, _) = Format::default()
            .with_header(true)
            .with_delimiter(delimiter)
            .infer_schema(text.pending(), Some(0))
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

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows, or `None` at the end of the file.
    pub(super) fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            if self.text.pending().is_empty() {
                self.text.fill()?;
            }
            // An empty slice tells the decoder that the file has ended.
            let used = self
                .rows
                .decode(self.text.pending())
                .map_err(|e| self.refuse(&e))?;
            self.text.consume(used);
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

/// A file's text as UTF-8, one chunk at a time.
struct Transcoder {
    file: PathBuf,
    input: fs_err::File,
    cp932: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    text: Vec<u8>,
    used: usize,
    bytes_read: u64,
    quotes: usize,
    ended: bool,
}

impl Transcoder {
    fn open(path: &Path) -> Result<Self, ReadError> {
        let unreadable = |source| ReadError::Io {
            file: path.to_path_buf(),
            source,
        };
        let is_utf8 = is_utf8(regular_file::open(path).map_err(unreadable)?).map_err(unreadable)?;
        Ok(Self {
            file: path.to_path_buf(),
            input: regular_file::open(path).map_err(unreadable)?,
            cp932: (!is_utf8).then(|| SHIFT_JIS.new_decoder_without_bom_handling()),
            raw: vec![0; CHUNK_BYTES],
            text: Vec::new(),
            used: 0,
            bytes_read: 0,
            quotes: 0,
            ended: false,
        })
    }

    fn pending(&self) -> &[u8] {
        &self.text[self.used..]
    }

    fn consume(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Whether the file has ended with an odd number of quotation marks.
    fn ends_in_quotes(&self) -> bool {
        self.ended && self.quotes % 2 == 1
    }

    /// Replaces the consumed text by the next chunk; leaves nothing pending at the end of the file.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.text.clear();
        self.used = 0;
        while self.text.is_empty() && !self.ended {
            let read = self
                .input
                .read(&mut self.raw)
                .map_err(|source| ReadError::Io {
                    file: self.file.clone(),
                    source,
                })?;
            self.ended = read == 0;
            self.transcode(read)?;
            if self.bytes_read == 0 && self.text.starts_with(BYTE_ORDER_MARK) {
                self.used = BYTE_ORDER_MARK.len();
            }
            self.bytes_read += read as u64;
        }
        self.quotes += self.text.iter().filter(|byte| **byte == b'"').count();
        if self.ends_in_quotes() {
            return Err(ReadError::OpenQuote {
                file: self.file.clone(),
            });
        }
        Ok(())
    }

    fn transcode(&mut self, read: usize) -> Result<(), ReadError> {
        let Some(decoder) = &mut self.cp932 else {
            self.text.extend_from_slice(&self.raw[..read]);
            return Ok(());
        };
        let too_long = "a chunk decodes to at most three times its bytes";
        let room = decoder
            .max_utf8_buffer_length_without_replacement(read)
            .expect(too_long);
        self.text.resize(room, 0);
        let (result, used, written) = decoder.decode_to_utf8_without_replacement(
            &self.raw[..read],
            &mut self.text,
            self.ended,
        );
        self.text.truncate(written);
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::OutputFull | DecoderResult::Malformed(..) => Err(ReadError::Encoding {
                file: self.file.clone(),
                byte: self.bytes_read + used as u64,
            }),
        }
    }
}

/// Whether everything in `input` is UTF-8.
fn is_utf8(mut input: impl Read) -> std::io::Result<bool> {
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    let mut kept = 0;
    loop {
        let read = input.read(&mut buffer[kept..])?;
        let filled = kept + read;
        kept = match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => 0,
            // A character may go on in the next chunk, but not beyond the end of the file.
            Err(error) if error.error_len().is_none() && read > 0 => {
                buffer.copy_within(error.valid_up_to()..filled, 0);
                filled - error.valid_up_to()
            }
            Err(_) => return Ok(false),
        };
        if read == 0 {
            return Ok(true);
        }
    }
}
