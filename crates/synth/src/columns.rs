//! From plain values to arrow columns in a holder's own style: one insurer writes date32 and small
//! integers, the other integer dates, wide integers and dictionaries of strings. Which columns a
//! table has is in `insurer_tables` and `employer_tables`.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type};

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

/// An absent value among whole numbers.
pub(crate) const ABSENT: i32 = i32::MIN;

/// The values of a column, as small as they can be kept.
pub(crate) enum Data {
    /// Whole numbers, or decimal ones as multiples of `1 / scale`; [`ABSENT`] where there is none.
    Numbers {
        values: Vec<i32>,
        scale: Option<f64>,
    },
    /// Places in a list of strings; [`ABSENT`] where there is none.
    Picked {
        list: Arc<StringArray>,
        picks: Vec<i32>,
    },
    /// Yes or no.
    Flags(Vec<bool>),
    /// Running numbers, written as strings of 11 digits.
    Running(Vec<u64>),
    /// Anything else.
    Array(ArrayRef),
}

/// One column of one row group.
pub(crate) struct Column {
    pub(crate) field: Field,
    pub(crate) data: Data,
}

impl Column {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match &self.data {
            Data::Numbers { values, .. } => values.len(),
            Data::Picked { picks, .. } => picks.len(),
            Data::Flags(flags) => flags.len(),
            Data::Running(numbers) => numbers.len(),
            Data::Array(array) => array.len(),
        }
    }

    /// The values as an arrow array; picked strings as a dictionary whatever the column's type.
    pub(crate) fn array(&self) -> ArrayRef {
        match &self.data {
            Data::Numbers { values, scale } => {
                let values = values.iter().map(|value| present(*value));
                match (scale, self.field.data_type()) {
                    (Some(scale), _) => Arc::new(Float64Array::from_iter(
                        values.map(|value| value.map(|v| f64::from(v) / scale)),
                    )),
                    (None, DataType::Date32) => Arc::new(Date32Array::from_iter(values)),
                    (None, DataType::Int64) => Arc::new(Int64Array::from_iter(
                        values.map(|value| value.map(i64::from)),
                    )),
                    (None, DataType::Int16) => Arc::new(Int16Array::from_iter(
                        values.map(|value| value.map(|v| v as i16)),
                    )),
                    (None, DataType::Int8) => Arc::new(Int8Array::from_iter(
                        values.map(|value| value.map(|v| v as i8)),
                    )),
                    (None, _) => Arc::new(Int32Array::from_iter(values)),
                }
            }
            Data::Picked { list, picks } => {
                let keys = picks.iter().map(|pick| present(*pick)).collect();
                let list: ArrayRef = Arc::<StringArray>::clone(list);
                let array = DictionaryArray::<Int32Type>::try_new(keys, list)
                    .expect("positions lie within the list");
                Arc::new(array)
            }
            Data::Flags(flags) => Arc::new(BooleanArray::from(flags.clone())),
            Data::Running(numbers) => {
                let digits = numbers.iter().map(|number| format!("{number:011}"));
                Arc::new(StringArray::from_iter_values(digits))
            }
            Data::Array(array) => Arc::clone(array),
        }
    }
}

fn present(value: i32) -> Option<i32> {
    (value != ABSENT).then_some(value)
}

fn numbers(
    name: &str,
    data_type: DataType,
    values: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    Column {
        field: Field::new(name, data_type, nullable),
        data: Data::Numbers {
            values: values.map(|value| value.unwrap_or(ABSENT)).collect(),
            scale: None,
        },
    }
}

fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Strings picked from a list by position; read back as a dictionary in the wide style and as plain
/// strings otherwise.
pub(crate) fn picked(
    name: &str,
    style: Style,
    list: &Arc<StringArray>,
    picks: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    let data_type = if style == Style::Wide {
        dictionary_type()
    } else {
        DataType::Utf8
    };
    Column {
        field: Field::new(name, data_type, nullable),
        data: Data::Picked {
            list: Arc::clone(list),
            picks: picks.map(|pick| pick.unwrap_or(ABSENT)).collect(),
        },
    }
}

/// The same string in every row.
pub(crate) fn constant(name: &str, style: Style, value: &str, n_rows: usize) -> Column {
    let list = Arc::new(StringArray::from(vec![value]));
    picked(name, style, &list, (0..n_rows).map(|_| Some(0)), false)
}

/// Strings that stand for keys: each is made once, and rows refer to it.
pub(crate) fn keyed<K: Copy + Eq + Hash, S: AsRef<str>>(
    name: &str,
    keys: impl Iterator<Item = Option<K>>,
    text: impl Fn(K) -> S,
    nullable: bool,
) -> Column {
    let mut places = HashMap::new();
    let mut list = StringBuilder::new();
    let mut last = None;
    let picks: Vec<Option<i32>> = keys
        .map(|key| {
            let key = key?;
            // Rows of one key follow each other: most need no look-up.
            if let Some((known, place)) = last
                && known == key
            {
                return Some(place);
            }
            let next = i32::try_from(places.len()).expect("a batch has fewer than 2^31 rows");
            let place = *places.entry(key).or_insert_with(|| {
                list.append_value(text(key));
                next
            });
            last = Some((key, place));
            Some(place)
        })
        .collect();
    let list = Arc::new(list.finish());
    picked(name, Style::Narrow, &list, picks.into_iter(), nullable)
}

/// Strings of which there are few.
pub(crate) fn few(name: &str, values: impl Iterator<Item = &'static str>) -> Column {
    let mut list: Vec<&'static str> = Vec::new();
    let picks: Vec<i32> = values
        .map(|value| {
            // Nearly always the very same text, so that its address is asked first.
            let place = list.iter().position(|known| std::ptr::eq(*known, value));
            let place = place.or_else(|| list.iter().position(|known| *known == value));
            let place = place.unwrap_or_else(|| {
                list.push(value);
                list.len() - 1
            });
            i32::try_from(place).expect("few")
        })
        .collect();
    let list = Arc::new(StringArray::from(list));
    picked(
        name,
        Style::Narrow,
        &list,
        picks.into_iter().map(Some),
        false,
    )
}

/// Days since 1970, as date32 or as YYYYMMDD.
pub(crate) fn dates(
    name: &str,
    style: Style,
    days: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    match style {
        Style::Narrow => numbers(name, DataType::Date32, days, nullable),
        Style::Wide => {
            let days = days.map(|day| day.map(yyyymmdd));
            numbers(name, DataType::Int32, days, nullable)
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
    let data_type = match style {
        Style::Wide => DataType::Int64,
        Style::Narrow => narrow.clone(),
    };
    numbers(name, data_type, values, nullable)
}

/// Decimal numbers stored as multiples of `1 / scale`.
pub(crate) fn decimals(
    name: &str,
    scale: f64,
    values: impl Iterator<Item = Option<i32>>,
    nullable: bool,
) -> Column {
    Column {
        field: Field::new(name, DataType::Float64, nullable),
        data: Data::Numbers {
            values: values.map(|value| value.unwrap_or(ABSENT)).collect(),
            scale: Some(scale),
        },
    }
}

/// Yes or no.
pub(crate) fn flags(name: &str, values: impl Iterator<Item = bool>) -> Column {
    Column {
        field: Field::new(name, DataType::Boolean, false),
        data: Data::Flags(values.collect()),
    }
}

/// Running numbers as strings of 11 digits.
pub(crate) fn running_numbers(name: &str, values: impl Iterator<Item = u64>) -> Column {
    Column {
        field: Field::new(name, DataType::Utf8, false),
        data: Data::Running(values.collect()),
    }
}

/// A finished array under a name, with the array's own type.
pub(crate) fn finished(name: &str, nullable: bool, array: ArrayRef) -> Column {
    Column {
        field: Field::new(name, array.data_type().clone(), nullable),
        data: Data::Array(array),
    }
}

/// A stored checkup cell as a value.
pub(crate) fn cell(value: i16) -> Option<i32> {
    (value != NULL).then_some(i32::from(value))
}
