//! Copies of arrays that hold nothing but what is shown. The engine's own ways of leaving values out (`nullif`, `filter`,
//! `take`, slices) keep the buffers, dictionaries or text blocks of the whole array, and behind a NULL the value itself: files and
//! clients would carry it along.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryViewBuilder, FixedSizeListArray, Float64Array,
    GenericListArray, MutableArrayData, OffsetSizeTrait, StringViewBuilder, StructArray,
    make_array, new_null_array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Float64Type};
use datafusion::common::DataFusionError;

use crate::disclosure::significant;

/// Digits of a number that leaves. Those behind depend on the order in which threads add up, and two answers to one statement are to be
/// the same.
const DIGITS: i32 = 12;

/// The values of `array` at `rows`, NULL for `None`. Every buffer is new; behind a NULL stand zeros. Floats keep [`DIGITS`] digits.
///
/// # Errors
/// For types of values that no result has so far.
pub(super) fn copied(
    array: &ArrayRef,
    rows: &[Option<usize>],
) -> Result<ArrayRef, DataFusionError> {
    // What stands behind a NULL of the array itself is not shown either.
    let rows: Vec<Option<usize>> = rows
        .iter()
        .map(|row| row.filter(|&row| array.is_valid(row)))
        .collect();
    let rows = rows.as_slice();
    let data_type = array.data_type();
    Ok(match data_type {
        DataType::Null => new_null_array(data_type, rows.len()),
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>();
            let copy = rows
                .iter()
                .map(|row| row.map(|row| significant(numbers.value(row), DIGITS)));
            Arc::new(copy.collect::<Float64Array>())
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            let mut copy = StringViewBuilder::with_capacity(rows.len());
            for row in rows {
                copy.append_option(row.map(|row| texts.value(row)));
            }
            Arc::new(copy.finish())
        }
        DataType::BinaryView => {
            let bytes = array.as_binary_view();
            let mut copy = BinaryViewBuilder::with_capacity(rows.len());
            for row in rows {
                copy.append_option(row.map(|row| bytes.value(row)));
            }
            Arc::new(copy.finish())
        }
        DataType::Dictionary(..) => {
            let coded = array.as_any_dictionary();
            let keys = coded.normalized_keys();
            let rows: Vec<_> = rows.iter().map(|row| row.map(|row| keys[row])).collect();
            // Casting makes a dictionary of the values that are left.
            cast(&copied(coded.values(), &rows)?, data_type)?
        }
        DataType::List(field) => list::<i32>(array, field, rows)?,
        DataType::LargeList(field) => list::<i64>(array, field, rows)?,
        DataType::FixedSizeList(field, size) => fixed_list(array, field, *size, rows)?,
        DataType::Struct(fields) => {
            let parts = array.as_struct().columns().iter();
            let parts = parts.map(|part| copied(part, rows));
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let n = rows.len();
            Arc::new(StructArray::try_new_with_length(
                fields.clone(),
                parts,
                validity(rows),
                n,
            )?)
        }
        _ if is_flat(data_type) => flat(array, rows)?,
        _ => {
            let message = format!("values of type {data_type} cannot be released");
            return Err(DataFusionError::NotImplemented(message));
        }
    })
}

/// Whether values of the type lie one after the other in buffers that belong to the array alone.
fn is_flat(data_type: &DataType) -> bool {
    data_type.is_primitive()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Utf8
                | DataType::LargeUtf8
                | DataType::Binary
                | DataType::LargeBinary
                | DataType::FixedSizeBinary(_)
        )
}

fn flat(array: &ArrayRef, rows: &[Option<usize>]) -> Result<ArrayRef, DataFusionError> {
    let data = array.to_data();
    let mut copy = MutableArrayData::new(vec![&data], true, rows.len());
    for row in rows {
        match row {
            Some(row) => copy.try_extend(0, *row, row + 1)?,
            None => copy.try_extend_nulls(1)?,
        }
    }
    Ok(make_array(copy.freeze()))
}

fn validity(rows: &[Option<usize>]) -> Option<NullBuffer> {
    Some(rows.iter().map(Option::is_some).collect())
}

fn list<O: OffsetSizeTrait>(
    array: &ArrayRef,
    field: &FieldRef,
    rows: &[Option<usize>],
) -> Result<ArrayRef, DataFusionError> {
    let lists = array.as_list::<O>();
    let mut offsets = vec![O::default()];
    let mut items = Vec::new();
    for row in rows {
        if let Some(row) = *row {
            let ends = &lists.value_offsets()[row..=row + 1];
            items.extend((ends[0].as_usize()..ends[1].as_usize()).map(Some));
        }
        offsets.push(O::usize_as(items.len()));
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let items = copied(lists.values(), &items)?;
    let copy = GenericListArray::try_new(Arc::clone(field), offsets, items, validity(rows))?;
    Ok(Arc::new(copy))
}

fn fixed_list(
    array: &ArrayRef,
    field: &FieldRef,
    size: i32,
    rows: &[Option<usize>],
) -> Result<ArrayRef, DataFusionError> {
    let lists = array.as_fixed_size_list();
    let n_items = usize::try_from(size).unwrap_or_default();
    let mut items = Vec::with_capacity(rows.len() * n_items);
    for row in rows {
        let first = row.map(|row| row * n_items);
        items.extend((0..n_items).map(|item| first.map(|first| first + item)));
    }
    let items = copied(lists.values(), &items)?;
    let field = Arc::new(field.as_ref().clone().with_nullable(true));
    let copy = FixedSizeListArray::try_new(field, size, items, validity(rows))?;
    // The declared type: of a list that is NULL the items are, too.
    Ok(make_array(
        copy.into_data()
            .into_builder()
            .data_type(array.data_type().clone())
            .build()?,
    ))
}
