//! Bytes of values: of whole arrays, and row by row.

use datafusion::arrow::array::{Array, AsArray as _, GenericListArray, OffsetSizeTrait};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ColumnarValue;

/// Bytes of the rows of an array: of a slice, its part.
pub(super) fn bytes_of(array: &dyn Array) -> usize {
    let n_rows = array.len();
    match array.data_type() {
        DataType::Utf8 => offsets_span(array.as_string::<i32>().value_offsets()) + 4 * n_rows,
        DataType::LargeUtf8 => offsets_span(array.as_string::<i64>().value_offsets()) + 8 * n_rows,
        DataType::Binary => offsets_span(array.as_binary::<i32>().value_offsets()) + 4 * n_rows,
        DataType::LargeBinary => {
            offsets_span(array.as_binary::<i64>().value_offsets()) + 8 * n_rows
        }
        DataType::Utf8View => array.as_string_view().total_bytes_len() + 16 * n_rows,
        DataType::BinaryView => array.as_binary_view().total_bytes_len() + 16 * n_rows,
        DataType::List(_) => list_bytes(array.as_list::<i32>()),
        DataType::LargeList(_) => list_bytes(array.as_list::<i64>()),
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            columns.map(|column| bytes_of(column.as_ref())).sum()
        }
        other => match other.primitive_width() {
            Some(width) => width * n_rows,
            None => array.get_array_memory_size(),
        },
    }
}

fn offsets_span<O: OffsetSizeTrait>(offsets: &[O]) -> usize {
    match offsets {
        [first, .., last] => last.as_usize() - first.as_usize(),
        _ => 0,
    }
}

fn list_bytes<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> usize {
    let offsets = list.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return 0;
    };
    let (start, end) = (first.as_usize(), last.as_usize());
    // The values of a slice are those of the whole list: only those between its offsets are its own.
    bytes_of(list.values().slice(start, end - start).as_ref()) + size_of::<O>() * list.len()
}

/// Bytes of each row of an argument.
#[derive(Debug)]
pub(super) enum Widths {
    /// A constant: the same for all rows.
    All(u64),
    Each(Vec<u64>),
}

impl Widths {
    pub(super) fn of(argument: &ColumnarValue) -> Self {
        match argument {
            ColumnarValue::Scalar(value) => match value.to_array_of_size(1) {
                Ok(array) => Self::All(bytes_of(array.as_ref()) as u64),
                Err(_) => Self::All(value.size() as u64),
            },
            ColumnarValue::Array(array) => Self::Each(each(array.as_ref())),
        }
    }

    /// How many elements the lists of an argument have.
    pub(super) fn elements_of(argument: &ColumnarValue) -> Self {
        match argument {
            ColumnarValue::Scalar(value) => {
                let array = value.to_array_of_size(1);
                Self::All(array.map_or(0, |array| elements(array.as_ref())[0]))
            }
            ColumnarValue::Array(array) => Self::Each(elements(array.as_ref())),
        }
    }

    pub(super) fn row(&self, row: usize) -> u64 {
        match self {
            Self::All(width) => *width,
            Self::Each(widths) => widths.get(row).copied().unwrap_or(0),
        }
    }
}

/// Bytes of each row of an array.
pub(crate) fn each(array: &dyn Array) -> Vec<u64> {
    let n_rows = array.len();
    match array.data_type() {
        DataType::Utf8 => with_offset(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => with_offset(array.as_string::<i64>().value_offsets()),
        DataType::Binary => with_offset(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => with_offset(array.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => {
            let lengths = array.as_string_view().lengths();
            lengths.map(|length| u64::from(length) + 16).collect()
        }
        DataType::List(_) => list_widths(array.as_list::<i32>()),
        DataType::LargeList(_) => list_widths(array.as_list::<i64>()),
        DataType::Struct(_) => {
            let mut widths = vec![0_u64; n_rows];
            for column in array.as_struct().columns() {
                for (sum, width) in widths.iter_mut().zip(each(column.as_ref())) {
                    *sum += width;
                }
            }
            widths
        }
        other => {
            let width = other.primitive_width().unwrap_or_else(|| match n_rows {
                0 => 0,
                n => array.get_array_memory_size().div_ceil(n),
            });
            vec![width as u64; n_rows]
        }
    }
}

/// Bytes between offsets, and of one offset.
fn with_offset<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<u64> {
    let mut widths = lengths(offsets);
    for width in &mut widths {
        *width += size_of::<O>() as u64;
    }
    widths
}

fn list_widths<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> Vec<u64> {
    let offsets = list.value_offsets();
    let Some(start) = offsets.first().map(|first| first.as_usize()) else {
        return Vec::new();
    };
    let end = offsets.last().map_or(start, |last| last.as_usize());
    let values = each(list.values().slice(start, end - start).as_ref());
    // Sums up to each element.
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0_u64;
    sums.push(sum);
    for value in values {
        sum += value;
        sums.push(sum);
    }
    let rows = offsets.windows(2);
    rows.map(|ends| sums[ends[1].as_usize() - start] - sums[ends[0].as_usize() - start] + 4)
        .collect()
}

/// Elements of each row's list.
pub(crate) fn elements(array: &dyn Array) -> Vec<u64> {
    match array.data_type() {
        DataType::List(_) => lengths(array.as_list::<i32>().value_offsets()),
        DataType::LargeList(_) => lengths(array.as_list::<i64>().value_offsets()),
        DataType::FixedSizeList(_, n) => vec![n.unsigned_abs().into(); array.len()],
        _ => each(array),
    }
}

fn lengths<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<u64> {
    let ends = offsets.windows(2);
    ends.map(|ends| (ends[1].as_usize() - ends[0].as_usize()) as u64)
        .collect()
}

/// Fields of a type with those within them, counted up to `most`.
pub(super) fn n_fields(data_type: &DataType, most: usize) -> usize {
    let mut waiting = vec![data_type];
    let mut n = 0;
    while let Some(data_type) = waiting.pop() {
        n += 1;
        if n >= most {
            break;
        }
        match data_type {
            DataType::Struct(fields) => {
                waiting.extend(fields.iter().map(|field| field.data_type()))
            }
            DataType::List(field)
            | DataType::LargeList(field)
            | DataType::ListView(field)
            | DataType::LargeListView(field)
            | DataType::FixedSizeList(field, _)
            | DataType::Map(field, _) => waiting.push(field.data_type()),
            DataType::Union(fields, _) => {
                waiting.extend(fields.iter().map(|(_, field)| field.data_type()));
            }
            DataType::Dictionary(_, values) => waiting.push(values),
            DataType::RunEndEncoded(_, values) => waiting.push(values.data_type()),
            _ => {}
        }
    }
    n
}
