//! From plain values to arrow columns in a holder's own style: one insurer writes date32 and small
//! integers, the other integer dates, wide integers and dictionaries of strings. Which columns a
//! table has is in `insurer_tables` and `employer_tables`.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, StringArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type};

use super::calendar::yyyymmdd;
use super::checkup::NULL;

/// How a holder writes dates, codes and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// date32, 8- and 16-bit integers, plain strings.
    Narrow,
    /// Integer dates, 64-bit integers, dictionaries of strings.
    Wide,
}

/// How a column is laid out in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A dictionary of the values.
    Dictionary,
    /// Differences to the value before: running numbers.
    Delta,
}

/// One column of one row group.
pub(crate) struct Column {
    pub(crate) field: Field,
    pub(crate) layout: Layout,
    pub(crate) array: ArrayRef,
}

fn column(name: &str, data_type: DataType, nullable: bool, array: ArrayRef) -> Column {
    let field = Field::new(name, data_type, nullable);
    Column {
        field,
        layout: Layout::Dictionary,
        array,
    }
}

fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Strings picked from a list by position; written as a dictionary in the wide style and as plain
/// strings otherwise (the array is a dictionary either way: it is smaller).
pub(crate) fn picked(
    name: &str,
    style: Style,
    values: &ArrayRef,
    keys: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    let keys: Int32Array = keys.collect();
    let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(values))
        .expect("positions lie within the list");
    let data_type = if style == Style::Wide {
        dictionary_type()
    } else {
        DataType::Utf8
    };
    column(name, data_type, nullable, Arc::new(array))
}

/// The same string in every row.
pub(crate) fn constant(name: &str, style: Style, value: &str, n_rows: usize) -> Column {
    let values: ArrayRef = Arc::new(StringArray::from(vec![value]));
    picked(name, style, &values, (0..n_rows).map(|_| Some(0)), false)
}

/// Strings as they come.
pub(crate) fn strings<S: AsRef<str>>(
    name: &str,
    values: impl Iterator<Item = Option<S>>,
    nullable: bool,
) -> Column {
    let array: StringArray = values.collect();
    column(name, DataType::Utf8, nullable, Arc::new(array))
}

/// Days since 1970, as date32 or as YYYYMMDD.
pub(crate) fn dates(
    name: &str,
    style: Style,
    days: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    match style {
        Style::Narrow => {
            let array: Date32Array = days.collect();
            column(name, DataType::Date32, nullable, Arc::new(array))
        }
        Style::Wide => {
            let array: Int32Array = days.map(|day| day.map(yyyymmdd)).collect();
            column(name, DataType::Int32, nullable, Arc::new(array))
        }
    }
}

/// Whole numbers of at most 32 bits in their own width, 64 bits in the wide style.
pub(crate) fn whole(
    name: &str,
    style: Style,
    narrow: &DataType,
    values: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    let array: ArrayRef = match (style, narrow) {
        (Style::Wide, _) => {
            let array: Int64Array = values.map(|value| value.map(i64::from)).collect();
            Arc::new(array)
        }
        (Style::Narrow, DataType::Int8) => {
            let array: Int8Array = values.map(|value| value.map(|v| v as i8)).collect();
            Arc::new(array)
        }
        (Style::Narrow, DataType::Int16) => {
            let array: Int16Array = values.map(|value| value.map(|v| v as i16)).collect();
            Arc::new(array)
        }
        (Style::Narrow, _) => {
            let array: Int32Array = values.collect();
            Arc::new(array)
        }
    };
    column(name, array.data_type().clone(), nullable, array)
}

/// Decimal numbers stored as multiples of `1 / scale`.
pub(crate) fn decimals(
    name: &str,
    scale: f64,
    values: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    let array: Float64Array = values
        .map(|value| value.map(|v| f64::from(v) / scale))
        .collect();
    column(name, DataType::Float64, nullable, Arc::new(array))
}

/// Yes or no.
pub(crate) fn flags(name: &str, values: impl Iterator<Item = bool>) -> Column {
    let array: BooleanArray = values.map(Some).collect();
    column(name, DataType::Boolean, false, Arc::new(array))
}

/// Running numbers as strings of 11 digits.
pub(crate) fn running_numbers(name: &str, numbers: impl Iterator<Item = u64>) -> Column {
    let array: StringArray = numbers
        .map(|number| Some(format!("{number:011}")))
        .collect();
    let layout = Layout::Delta;
    Column {
        layout,
        ..column(name, DataType::Utf8, false, Arc::new(array))
    }
}

/// A finished array under a name, with the array's own type.
pub(crate) fn finished(name: &str, nullable: bool, array: ArrayRef) -> Column {
    column(name, array.data_type().clone(), nullable, array)
}

/// A stored checkup cell as a value.
pub(crate) fn cell(value: i16) -> Option<i32> {
    (value != NULL).then_some(i32::from(value))
}
