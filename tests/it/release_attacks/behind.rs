//! What an array carries that none of its values shows: numbers behind NULL, texts that no row points to, entries of
//! a dictionary that no row uses.

use std::collections::BTreeSet;

use datafusion::arrow::array::{ArrayData, AsArray as _, make_array};
use datafusion::arrow::datatypes::{DataType, Int64Type};

/// How many values are carried unseen.
pub(super) fn unseen(array: &ArrayData) -> usize {
    match array.data_type() {
        DataType::Null => 0,
        DataType::Boolean => booleans(array),
        DataType::Dictionary(..) => dictionary(array),
        DataType::Utf8 | DataType::Binary => texts(array, &offsets(array, 4)),
        DataType::LargeUtf8 | DataType::LargeBinary => texts(array, &offsets(array, 8)),
        DataType::Utf8View | DataType::BinaryView => views(array),
        DataType::List(_) | DataType::LargeList(_) | DataType::Map(..) | DataType::Struct(_) => {
            array.child_data().iter().map(unseen).sum()
        }
        other => other
            .primitive_width()
            .map_or(0, |width| numbers(array, width)),
    }
}

fn is_null(array: &ArrayData, row: usize) -> bool {
    array.nulls().is_some_and(|nulls| nulls.is_null(row))
}

/// Numbers that are not zero behind NULL, and before or after the rows.
fn numbers(array: &ArrayData, width: usize) -> usize {
    let values = array.buffers()[0].as_slice();
    let slots = values.chunks(width).enumerate();
    slots
        .filter(|(slot, bytes)| {
            let row = slot
                .checked_sub(array.offset())
                .filter(|row| *row < array.len());
            let is_shown = row.is_some_and(|row| !is_null(array, row));
            !is_shown && bytes.iter().any(|byte| *byte != 0)
        })
        .count()
}

fn booleans(array: &ArrayData) -> usize {
    let bits = array.buffers()[0].as_slice();
    let is_set = |row: usize| {
        let bit = row + array.offset();
        bits[bit / 8] >> (bit % 8) & 1 == 1
    };
    (0..array.len())
        .filter(|&row| is_null(array, row) && is_set(row))
        .count()
}

fn offsets(array: &ArrayData, width: usize) -> Vec<usize> {
    let bytes = array.buffers()[0].as_slice();
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0_usize, |n, byte| n << 8 | usize::from(*byte))
    };
    let rows = bytes
        .chunks(width)
        .skip(array.offset())
        .take(array.len() + 1);
    rows.map(number).collect()
}

/// Texts that no shown row has: those behind NULL, and bytes outside of every row.
fn texts(array: &ArrayData, offsets: &[usize]) -> usize {
    if array.is_empty() {
        return usize::from(array.buffers()[1].iter().any(|byte| *byte != 0));
    }
    let behind =
        (0..array.len()).filter(|&row| is_null(array, row) && offsets[row] < offsets[row + 1]);
    let bytes = array.buffers()[1].as_slice();
    let outside = bytes[..offsets[0]]
        .iter()
        .chain(&bytes[offsets[array.len()]..]);
    behind.count() + usize::from(outside.copied().any(|byte| byte != 0))
}

/// Bytes of texts that no shown row points to.
fn views(array: &ArrayData) -> usize {
    let views = array.buffers()[0]
        .as_slice()
        .chunks(16)
        .skip(array.offset());
    let mut shown = 0;
    let mut behind = 0;
    for (row, view) in views.take(array.len()).enumerate() {
        let length = u32::from_le_bytes([view[0], view[1], view[2], view[3]]) as usize;
        match is_null(array, row) {
            true => behind += usize::from(view.iter().any(|byte| *byte != 0)),
            false if length > 12 => shown += length,
            false => {}
        }
    }
    let carried: usize = array.buffers()[1..].iter().map(|buffer| buffer.len()).sum();
    behind + usize::from(carried > shown)
}

/// Entries that no row uses.
fn dictionary(array: &ArrayData) -> usize {
    let entries = &array.child_data()[0];
    let whole = make_array(array.clone());
    let keys = whole.as_any_dictionary().keys();
    let keys = datafusion::arrow::compute::cast(keys, &DataType::Int64).unwrap();
    let keys = keys.as_primitive::<Int64Type>();
    let used: BTreeSet<i64> = keys.iter().flatten().collect();
    entries.len() - used.len() + unseen(entries)
}
