//! Physical → canonical: one column of a batch as received becomes an array of the contract's type.
//! Values that cannot be read become NULL and are reported as faults; arrays that already have the
//! canonical type are passed on without being copied.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Date32Array, Float64Array,
    Int32Array, Int64Array, PrimitiveArray, StringArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options, max, min, nullif};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit,
};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::FormatOptions;

use super::rejects::{Faults, Rule};
use super::text;
use crate::contract::ColumnType;

/// What a physical type holds, once dictionaries are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing but NULL.
    Empty,
    Boolean,
    Integer,
    Float,
    /// Fixed-point numbers, as Oracle and Spark write whole numbers.
    Decimal,
    Text,
    Day,
    /// Instants; the second field is the zone's offset from UTC in seconds, `None` = local time.
    Timestamp(Option<i64>),
}

impl Form {
    /// The form of a physical type; `None` for types that no column can be read from.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Dictionary(_, values) => return Self::of(values),
            DataType::Null => Self::Empty,
            DataType::Boolean => Self::Boolean,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Self::Decimal,
            DataType::Decimal32(..) | DataType::Decimal64(..) => Self::Decimal,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Date32 => Self::Day,
            DataType::Date64 | DataType::Timestamp(_, None) => Self::Timestamp(None),
            DataType::Timestamp(_, Some(zone)) => Self::Timestamp(Some(offset_of(zone)?)),
            integer if integer.is_integer() => Self::Integer,
            _ => return None,
        })
    }

    /// Whether values of this form can be read as `column`'s type. Text columns take text only: a
    /// number has already lost its leading zeros.
    pub(super) fn fits(self, column: ColumnType) -> bool {
        match column {
            _ if self == Self::Empty => true,
            ColumnType::String | ColumnType::Token => self == Self::Text,
            ColumnType::Date => !matches!(self, Self::Boolean),
            ColumnType::Boolean => !matches!(self, Self::Day | Self::Timestamp(_)),
            ColumnType::Int8
            | ColumnType::Int16
            | ColumnType::Int32
            | ColumnType::Int64
            | ColumnType::Month
            | ColumnType::Float64 => {
                matches!(
                    self,
                    Self::Integer | Self::Float | Self::Decimal | Self::Text
                )
            }
        }
    }
}

/// Offsets of the zones in which Japanese data are written. A zone with summer time would need a
/// calendar of its own and is refused.
fn offset_of(zone: &str) -> Option<i64> {
    match zone {
        "UTC" | "Z" | "GMT" | "+00:00" | "Etc/UTC" => Some(0),
        "Asia/Tokyo" | "Japan" | "JST" | "+09:00" => Some(JAPAN),
        _ => None,
    }
}

const JAPAN: i64 = 9 * 3600;

/// Reads `array` (no dictionary) as `column`'s type.
pub(super) fn to_canonical(
    array: &ArrayRef,
    column: ColumnType,
    faults: &mut Faults,
) -> Result<ArrayRef, ArrowError> {
    let form = Form::of(array.data_type());
    Ok(match column {
        _ if form == Some(Form::Empty) => safe_cast(array, &column.arrow_type())?,
        ColumnType::Int8 | ColumnType::Int16 | ColumnType::Int32 | ColumnType::Int64 => {
            narrow(array, &column.arrow_type(), faults)?
        }
        ColumnType::Month => to_months(array, faults)?,
        ColumnType::Float64 => to_numbers(array, faults)?,
        ColumnType::Boolean => to_booleans(array, faults)?,
        ColumnType::Date => to_days(array, form, faults)?,
        ColumnType::String | ColumnType::Token => to_texts(array)?,
    })
}

/// Values that do not fit become NULL instead of errors, whose texts would quote them.
fn safe_cast(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == data_type {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions {
        safe: true,
        format_options: FormatOptions::default(),
    };
    cast_with_options(array, data_type, &options)
}

/// Casts to a narrower integer type; what does not fit breaks `range`.
fn narrow(array: &ArrayRef, to: &DataType, faults: &mut Faults) -> Result<ArrayRef, ArrowError> {
    let wide = if array.data_type().is_integer() {
        Arc::clone(array)
    } else {
        Arc::new(to_integers(array, faults)?) as ArrayRef
    };
    let cast = safe_cast(&wide, to)?;
    report_lost(&wide, &cast, Rule::Range, faults);
    Ok(cast)
}

/// Reports the values of `before` that `after` no longer has.
fn report_lost(before: &ArrayRef, after: &ArrayRef, rule: Rule, faults: &mut Faults) {
    // As many are missing as before: none was lost.
    if before.null_count() == after.null_count() {
        return;
    }
    for row in 0..before.len() {
        if before.is_valid(row) && after.is_null(row) {
            faults.push(row, rule);
        }
    }
}

fn to_integers(array: &ArrayRef, faults: &mut Faults) -> Result<Int64Array, ArrowError> {
    if array.data_type().is_integer() {
        let cast = safe_cast(array, &DataType::Int64)?;
        report_lost(array, &cast, Rule::Range, faults);
        return Ok(cast.as_primitive::<Int64Type>().clone());
    }
    if array.data_type().is_floating() {
        let numbers = safe_cast(array, &DataType::Float64)?;
        return Ok(read(
            numbers.as_primitive::<Float64Type>(),
            faults,
            whole_number,
        ));
    }
    Ok(read_texts(&as_text(array)?, faults, text::parse_integer))
}

/// The whole number that `number` is; 2^63 and beyond break `range`.
fn whole_number(number: f64) -> Result<i64, Rule> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !number.is_finite() || number.fract() != 0.0 {
        return Err(Rule::Type);
    }
    if !(-LIMIT..LIMIT).contains(&number) {
        return Err(Rule::Range);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within the limits of i64"
    )]
    Ok(number as i64)
}

fn to_months(array: &ArrayRef, faults: &mut Faults) -> Result<ArrayRef, ArrowError> {
    if Form::of(array.data_type()) == Some(Form::Text) {
        let months: Int32Array = read_texts(&as_text(array)?, faults, text::parse_month);
        return Ok(Arc::new(months));
    }
    let cast = match array.data_type() {
        DataType::Int32 => Arc::clone(array),
        _ => {
            let integers: ArrayRef = Arc::new(to_integers(array, faults)?);
            let cast = safe_cast(&integers, &DataType::Int32)?;
            report_lost(&integers, &cast, Rule::Date, faults);
            cast
        }
    };
    let months = cast.as_primitive::<Int32Type>();
    if months.values().iter().all(|month| text::is_month(*month)) {
        return Ok(cast);
    }
    let checked: Int32Array = read(months, faults, |month| {
        if text::is_month(month) {
            Ok(month)
        } else {
            Err(Rule::Date)
        }
    });
    Ok(Arc::new(checked))
}

fn to_numbers(array: &ArrayRef, faults: &mut Faults) -> Result<ArrayRef, ArrowError> {
    if matches!(
        Form::of(array.data_type()),
        Some(Form::Text | Form::Decimal)
    ) {
        let numbers: Float64Array = read_texts(&as_text(array)?, faults, text::parse_number);
        return Ok(Arc::new(numbers));
    }
    let cast = safe_cast(array, &DataType::Float64)?;
    let numbers = cast.as_primitive::<Float64Type>();
    if numbers
        .values()
        .iter()
        // Without an early end, so that many numbers are looked at in one step.
        .fold(true, |all, number| all & number.is_finite())
    {
        return Ok(cast);
    }
    let finite: Float64Array = read(numbers, faults, |n: f64| {
        if n.is_finite() {
            Ok(n)
        } else {
            Err(Rule::Type)
        }
    });
    Ok(Arc::new(finite))
}

fn to_booleans(array: &ArrayRef, faults: &mut Faults) -> Result<ArrayRef, ArrowError> {
    let form = Form::of(array.data_type());
    if form == Some(Form::Boolean) {
        return Ok(Arc::clone(array));
    }
    let mut values = Vec::with_capacity(array.len());
    let mut keep = |row: usize, value: Option<Result<bool, Rule>>| match value {
        Some(Ok(value)) => values.push(Some(value)),
        Some(Err(rule)) => {
            faults.push(row, rule);
            values.push(None);
        }
        None => values.push(None),
    };
    if form == Some(Form::Text) {
        for (row, text) in as_text(array)?.iter().enumerate() {
            keep(
                row,
                text.filter(|text| !text::is_blank(text))
                    .map(text::parse_boolean),
            );
        }
    } else {
        let mut unread = Faults::default();
        let integers = to_integers(array, &mut unread)?;
        for (row, number) in integers.iter().enumerate() {
            let flag = |number| match number {
                0 => Ok(false),
                1 => Ok(true),
                _ => Err(Rule::Type),
            };
            keep(row, number.map(flag));
        }
        // Whatever it is, it is no yes or no.
        faults
            .rows
            .extend(unread.rows.into_iter().map(|(row, _)| (row, Rule::Type)));
    }
    Ok(Arc::new(BooleanArray::from(values)))
}

fn to_days(
    array: &ArrayRef,
    form: Option<Form>,
    faults: &mut Faults,
) -> Result<ArrayRef, ArrowError> {
    let days: Date32Array = match form {
        Some(Form::Day) => return Ok(days_in_calendar(array, faults)),
        Some(Form::Text) => read_texts(&as_text(array)?, faults, text::parse_date),
        Some(Form::Timestamp(offset)) => {
            let seconds = to_seconds(array, faults)?;
            read(&seconds, faults, |seconds| midnight(seconds, offset))
        }
        _ => {
            let mut unread = Faults::default();
            let numbers = to_integers(array, &mut unread)?;
            faults
                .rows
                .extend(unread.rows.into_iter().map(|(row, rule)| match rule {
                    // A number too large for the type is no day.
                    Rule::Range => (row, Rule::Date),
                    other => (row, other),
                }));
            // Neighbouring rows often share a day.
            let mut last = (i64::MIN, Err(Rule::Date));
            read(&numbers, faults, |number| {
                if last.0 != number {
                    last = (number, text::date_from_number(number));
                }
                last.1
            })
        }
    };
    Ok(Arc::new(days))
}

fn days_in_calendar(array: &ArrayRef, faults: &mut Faults) -> ArrayRef {
    let days = array.as_primitive::<Date32Type>();
    let calendar = text::FIRST_DAY..=text::LAST_DAY;
    let inside = |day: Option<i32>| day.is_none_or(|day| calendar.contains(&day));
    if inside(min(days)) && inside(max(days)) {
        return Arc::clone(array);
    }
    let days: Date32Array = read(days, faults, |day| {
        if calendar.contains(&day) {
            Ok(day)
        } else {
            Err(Rule::Date)
        }
    });
    Arc::new(days)
}

/// Seconds since 1970-01-01T00:00; parts of a second are no whole day and break `date`.
fn to_seconds(array: &ArrayRef, faults: &mut Faults) -> Result<Int64Array, ArrowError> {
    let per_second = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => 1,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1_000_000_000,
        _ => 1_000, // milliseconds and Date64
    };
    let ticks = safe_cast(array, &DataType::Int64)?;
    Ok(read(
        ticks.as_primitive::<Int64Type>(),
        faults,
        |ticks: i64| {
            if ticks % per_second == 0 {
                Ok(ticks / per_second)
            } else {
                Err(Rule::Date)
            }
        },
    ))
}

/// The day that begins at `seconds`, by the zone's own clock or by Japan's: Spark writes a Japanese
/// day as 15:00 UTC of the day before, others as midnight UTC. Any other time of day is refused rather
/// than moved to a neighbouring day.
fn midnight(seconds: i64, offset: Option<i64>) -> Result<i32, Rule> {
    const DAY: i64 = 86_400;
    let starts = [
        offset.unwrap_or(0),
        if offset.is_some() { JAPAN } else { 0 },
    ];
    let start = starts
        .into_iter()
        .map(|shift| seconds.saturating_add(shift));
    let day = start
        .into_iter()
        .find(|start| start % DAY == 0)
        .ok_or(Rule::Date)?
        / DAY;
    i32::try_from(day)
        .ok()
        .filter(|day| (text::FIRST_DAY..=text::LAST_DAY).contains(day))
        .ok_or(Rule::Date)
}

fn to_texts(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let texts = as_text(array)?;
    // A text that begins with a visible ASCII character is not blank; that one byte decides for nearly all.
    let starts_blank = |text: &str| {
        text.as_bytes()
            .first()
            .is_none_or(|byte| !byte.is_ascii_graphic())
    };
    let blank =
        |text: Option<&str>| text.is_some_and(|text| starts_blank(text) && text::is_blank(text));
    if !texts.iter().any(blank) {
        return Ok(Arc::new(texts));
    }
    let mask: BooleanArray = texts.iter().map(|text| Some(blank(text))).collect();
    nullif(&texts, &mask)
}

fn as_text(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    Ok(safe_cast(array, &DataType::Utf8)?
        .as_string::<i32>()
        .clone())
}

/// Reads every value; those that cannot be read become NULL and a fault.
fn read<T: ArrowPrimitiveType, U: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    faults: &mut Faults,
    mut convert: impl FnMut(T::Native) -> Result<U::Native, Rule>,
) -> PrimitiveArray<U> {
    let rows = array.iter().enumerate();
    rows.map(|(row, value)| keep(row, value.map(&mut convert), faults))
        .collect()
}

/// As [`read`], from text; blank text is a missing value.
fn read_texts<U: ArrowPrimitiveType>(
    array: &StringArray,
    faults: &mut Faults,
    convert: impl Fn(&str) -> Result<U::Native, Rule>,
) -> PrimitiveArray<U> {
    let rows = array.iter().enumerate();
    rows.map(|(row, text)| {
        keep(
            row,
            text.filter(|text| !text::is_blank(text)).map(&convert),
            faults,
        )
    })
    .collect()
}

fn keep<V>(row: usize, value: Option<Result<V, Rule>>, faults: &mut Faults) -> Option<V> {
    match value? {
        Ok(value) => Some(value),
        Err(rule) => {
            faults.push(row, rule);
            None
        }
    }
}
