//! Columns of few distinct values written straight as parquet column chunks: one dictionary page in
//! ascending order and one page of packed positions. Values are small whole numbers until they are
//! bytes, which is several times faster than hashing every value of an arrow array. Pages are not
//! compressed; files are about one and a half times as large as with zstd. Bit-level encodings are in
//! `packing`.

use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::columns::{ABSENT, Column, Data};
use super::packing::{digits, hybrid, pack, running_digits, width_of};

/// Values whose range is at most this many times their number are looked up in a table.
const TABLE_PER_VALUE: usize = 16;

/// Ranges up to this always fit a table.
const SMALL_RANGE: usize = 1 << 16;

/// A finished column chunk.
pub(crate) struct PackedChunk {
    data: Vec<u8>,
    close: ColumnCloseResult,
}

impl PackedChunk {
    /// The chunk's bytes and what the footer says of them.
    pub(crate) fn into_parts(self) -> (impl ChunkReader, ColumnCloseResult) {
        // A page is the way to the reader's own type of shared bytes.
        let page = Page::DictionaryPage {
            buf: self.data.into(),
            num_values: 0,
            encoding: Encoding::PLAIN,
            is_sorted: true,
        };
        (page.buffer().clone(), self.close)
    }
}

/// Encodes a column chunk; nothing for columns that are kept as arrow arrays.
pub(crate) fn packed(
    descriptor: &ColumnDescPtr,
    column: &Column,
) -> Result<Option<PackedChunk>, ParquetError> {
    let n_rows = column.len();
    let mut chunk = ChunkPages::new(n_rows);
    match &column.data {
        Data::Array(_) => return Ok(None),
        Data::Numbers { values, scale } => {
            let coded = DistinctCodes::new(values);
            let (page, statistics) = number_dictionary(&coded, column.field.data_type(), *scale);
            chunk.dictionary(page, coded.distinct.len())?;
            chunk.positions(&coded, column.field.is_nullable())?;
            chunk.finish(descriptor, statistics)
        }
        Data::Picked { list, picks } => {
            let coded = DistinctCodes::new(picks);
            let (page, statistics) = text_dictionary(&coded, list);
            chunk.dictionary(page, coded.distinct.len())?;
            chunk.positions(&coded, column.field.is_nullable())?;
            chunk.finish(descriptor, statistics)
        }
        Data::Flags(flags) => {
            let bits: Vec<u32> = flags.iter().map(|flag| u32::from(*flag)).collect();
            let mut page = Vec::new();
            pack(&mut page, &bits, 1);
            chunk.data(page, Encoding::PLAIN)?;
            let (all, any) = (flags.iter().all(|flag| *flag), flags.contains(&true));
            let statistics = Statistics::boolean(Some(all), Some(any), None, Some(0), false);
            chunk.finish(descriptor, statistics)
        }
        Data::Running(numbers) => {
            let mut page = Vec::new();
            running_digits(&mut page, numbers);
            chunk.data(page, Encoding::DELTA_BYTE_ARRAY)?;
            let text = |number: &u64| ByteArray::from(digits(*number).to_vec());
            let (min, max) = (numbers.iter().min(), numbers.iter().max());
            let (min, max) = (min.map(text), max.map(text));
            let statistics = Statistics::byte_array(min, max, None, Some(0), false);
            chunk.finish(descriptor, statistics)
        }
    }
    .map(Some)
}

/// Values as positions among the distinct ones.
struct DistinctCodes {
    /// Ascending.
    distinct: Vec<i32>,
    /// One per value that is there.
    positions: Vec<u32>,
    /// One per value if some are absent: 1 where there is one.
    levels: Option<Vec<u32>>,
    n_absent: usize,
}

impl DistinctCodes {
    fn new(values: &[i32]) -> Self {
        let n_absent = values.iter().filter(|value| **value == ABSENT).count();
        let present: Vec<i32>;
        let (present, levels) = if n_absent == 0 {
            (values, None)
        } else {
            present = without_absent(values, n_absent);
            let level = |value: &i32| u32::from(*value != ABSENT);
            (present.as_slice(), Some(values.iter().map(level).collect()))
        };
        let least = present.iter().copied().min().unwrap_or(0);
        let most = present.iter().copied().max().unwrap_or(0);
        let range = usize::try_from(i64::from(most) - i64::from(least))
            .expect("the largest is not below the smallest")
            + 1;
        let (distinct, positions) = if present.is_empty() {
            (Vec::new(), Vec::new())
        } else if range <= SMALL_RANGE.max(TABLE_PER_VALUE * present.len()) {
            by_table(present, least, range)
        } else {
            by_order(present)
        };
        Self {
            distinct,
            positions,
            levels,
            n_absent,
        }
    }
}

fn without_absent(values: &[i32], n_absent: usize) -> Vec<i32> {
    // One place more, for absent values behind the last present one.
    let mut present = vec![0; values.len() + 1];
    let mut n = 0;
    for value in values {
        present[n] = *value;
        // Every value is written and counts only if it is there: no branch to predict.
        n += usize::from(*value != ABSENT);
    }
    present.truncate(values.len() - n_absent);
    present
}

fn by_table(values: &[i32], least: i32, range: usize) -> (Vec<i32>, Vec<u32>) {
    // A difference of two `i32` needs all 32 bits.
    let place = |value: i32| value.wrapping_sub(least) as u32 as usize;
    let mut position_of = vec![0_u32; range];
    for value in values {
        position_of[place(*value)] = 1;
    }
    let mut distinct = Vec::new();
    for (value, position) in (least..).zip(&mut position_of) {
        if *position > 0 {
            *position = distinct.len() as u32;
            distinct.push(value);
        }
    }
    let positions = values
        .iter()
        .map(|value| position_of[place(*value)])
        .collect();
    (distinct, positions)
}

fn by_order(values: &[i32]) -> (Vec<i32>, Vec<u32>) {
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let position = |value: &i32| distinct.partition_point(|other| other < value) as u32;
    let positions = values.iter().map(position).collect();
    (distinct, positions)
}

/// The dictionary page of whole or decimal numbers, and the range they span.
fn number_dictionary(
    coded: &DistinctCodes,
    data_type: &DataType,
    scale: Option<f64>,
) -> (Vec<u8>, Statistics) {
    let values = &coded.distinct;
    let (first, last) = (values.first().copied(), values.last().copied());
    let absent = Some(coded.n_absent as u64);
    if let Some(scale) = scale {
        let decimal = |value: i32| f64::from(value) / scale;
        let page = values
            .iter()
            .flat_map(|value| decimal(*value).to_le_bytes())
            .collect();
        let (min, max) = (first.map(decimal), last.map(decimal));
        return (page, Statistics::double(min, max, None, absent, false));
    }
    if *data_type == DataType::Int64 {
        let page = values
            .iter()
            .flat_map(|value| i64::from(*value).to_le_bytes())
            .collect();
        let (min, max) = (first.map(i64::from), last.map(i64::from));
        return (page, Statistics::int64(min, max, None, absent, false));
    }
    let page = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    (page, Statistics::int32(first, last, None, absent, false))
}

/// The dictionary page of the picked strings, and the range they span.
fn text_dictionary(coded: &DistinctCodes, list: &StringArray) -> (Vec<u8>, Statistics) {
    let text = |place: &i32| list.value(usize::try_from(*place).expect("places are not negative"));
    let mut page = Vec::new();
    for place in &coded.distinct {
        let text = text(place);
        let length = u32::try_from(text.len()).expect("strings are short");
        page.extend_from_slice(&length.to_le_bytes());
        page.extend_from_slice(text.as_bytes());
    }
    let min = coded.distinct.iter().map(text).min().map(ByteArray::from);
    let max = coded.distinct.iter().map(text).max().map(ByteArray::from);
    let absent = Some(coded.n_absent as u64);
    (page, Statistics::byte_array(min, max, None, absent, false))
}

/// The pages of one column chunk.
struct ChunkPages {
    n_rows: usize,
    sink: TrackedWrite<Vec<u8>>,
    encodings: Vec<Encoding>,
    dictionary_at: Option<i64>,
    data_at: i64,
    n_bytes_unpacked: usize,
}

impl ChunkPages {
    fn new(n_rows: usize) -> Self {
        Self {
            n_rows,
            sink: TrackedWrite::new(Vec::new()),
            encodings: Vec::new(),
            dictionary_at: None,
            data_at: 0,
            n_bytes_unpacked: 0,
        }
    }

    fn write(&mut self, page: Page) -> Result<i64, ParquetError> {
        let n_bytes = page.buffer().len();
        let page = CompressedPage::new(page, n_bytes);
        let written = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.n_bytes_unpacked += written.uncompressed_size;
        Ok(i64::try_from(written.offset).expect("a chunk is far below 2^63 bytes"))
    }

    /// Writes the dictionary: plain values in ascending order.
    fn dictionary(&mut self, page: Vec<u8>, n_values: usize) -> Result<(), ParquetError> {
        self.encodings.push(Encoding::PLAIN);
        self.dictionary_at = Some(self.write(Page::DictionaryPage {
            buf: page.into(),
            num_values: n_values as u32,
            encoding: Encoding::PLAIN,
            // Ascending by place in the list, which is no order of the texts.
            is_sorted: false,
        })?);
        Ok(())
    }

    /// Writes positions in the dictionary, with levels where values may be absent.
    fn positions(&mut self, coded: &DistinctCodes, nullable: bool) -> Result<(), ParquetError> {
        let mut page = Vec::with_capacity(self.n_rows + 64);
        if nullable {
            // A column that may be absent has levels even if nothing is.
            let every = [1].repeat(if coded.levels.is_none() {
                self.n_rows
            } else {
                0
            });
            page.extend([0; 4]);
            hybrid(&mut page, coded.levels.as_deref().unwrap_or(&every), 1);
            let length = u32::try_from(page.len() - 4).expect("levels take a bit per row");
            page[..4].copy_from_slice(&length.to_le_bytes());
        }
        let width = width_of(coded.distinct.len().saturating_sub(1) as u32);
        page.push(width as u8);
        hybrid(&mut page, &coded.positions, width);
        self.data(page, Encoding::RLE_DICTIONARY)
    }

    /// Writes the page of all rows.
    fn data(&mut self, page: Vec<u8>, encoding: Encoding) -> Result<(), ParquetError> {
        self.encodings.extend([encoding, Encoding::RLE]);
        self.data_at = self.write(Page::DataPage {
            buf: page.into(),
            num_values: self.n_rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        Ok(())
    }

    fn finish(
        self,
        descriptor: &ColumnDescPtr,
        statistics: Statistics,
    ) -> Result<PackedChunk, ParquetError> {
        let data = self.sink.into_inner()?;
        let size = |n_bytes: usize| i64::try_from(n_bytes).expect("a chunk fits memory");
        let metadata = ColumnChunkMetaData::builder(Arc::clone(descriptor))
            .set_compression(Compression::UNCOMPRESSED)
            .set_encodings(self.encodings)
            .set_num_values(size(self.n_rows))
            .set_total_compressed_size(size(data.len()))
            .set_total_uncompressed_size(size(self.n_bytes_unpacked))
            .set_dictionary_page_offset(self.dictionary_at)
            .set_data_page_offset(self.data_at)
            .set_statistics(statistics)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: data.len() as u64,
            rows_written: self.n_rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok(PackedChunk { data, close })
    }
}
