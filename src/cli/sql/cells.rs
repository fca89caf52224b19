//! One value of a result as text: plain (for CSV, tables, Markdown) or JSON. Every text format prints
//! through here, so a date or a decimal looks the same everywhere. Quoting for a format and layout are
//! in `text` and `table`.

use std::fmt::Write as _;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float16Array, Float32Array, Float64Array,
    MapArray, OffsetSizeTrait, RecordBatch,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// Significant digits a float shows where people read it (tables, Markdown).
const DISPLAY_DIGITS: usize = 10;

/// A column of one batch, ready to be printed cell by cell.
pub(crate) struct Cells<'a> {
    nulls: Option<NullBuffer>,
    values: Values<'a>,
}

/// How the values of a column are printed.
enum Values<'a> {
    /// Printed without quotes in JSON as well: integers, decimals, booleans.
    Bare(ArrayFormatter<'a>),
    /// Text in JSON: strings, dates, timestamps, binary as hex digits, intervals.
    Quoted(ArrayFormatter<'a>),
    Half(&'a Float16Array),
    Single(&'a Float32Array),
    Double(&'a Float64Array),
    /// Row `r` holds the items `bounds[r].0 .. bounds[r].1`.
    List {
        bounds: Vec<(usize, usize)>,
        items: Box<Cells<'a>>,
    },
    Struct(Vec<Member<'a>>),
    Map {
        bounds: Vec<(usize, usize)>,
        keys: Box<Cells<'a>>,
        items: Box<Cells<'a>>,
    },
    /// Row `r` holds `values[keys[r]]`.
    Dictionary {
        keys: Vec<usize>,
        values: Box<Cells<'a>>,
    },
    /// Nothing but NULLs.
    Empty,
}

/// A field of a struct column.
struct Member<'a> {
    name: &'a str,
    cells: Cells<'a>,
}

impl<'a> Cells<'a> {
    /// Prepares every column of a batch.
    ///
    /// # Errors
    /// When Arrow has no text form for a type.
    pub(crate) fn of_batch(batch: &'a RecordBatch) -> Result<Vec<Self>, ArrowError> {
        batch.columns().iter().map(Self::try_new).collect()
    }

    /// Prepares one column.
    ///
    /// # Errors
    /// When Arrow has no text form for its type.
    pub(crate) fn try_new(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        Ok(Self {
            nulls: array.logical_nulls(),
            values: Values::try_new(array)?,
        })
    }

    /// Whether the cell is NULL.
    pub(crate) fn is_null(&self, row_index: usize) -> bool {
        matches!(self.values, Values::Empty)
            || self
                .nulls
                .as_ref()
                .is_some_and(|nulls| nulls.is_null(row_index))
    }

    /// Appends the cell as text; floats so that they read back to the same number, nested values as
    /// JSON, nothing for NULL.
    ///
    /// # Errors
    /// When a value has no text form (a date outside the calendar).
    pub(crate) fn write_text(&self, row_index: usize, out: &mut String) -> Result<(), ArrowError> {
        if self.is_null(row_index) {
            return Ok(());
        }
        match &self.values {
            Values::Bare(values) | Values::Quoted(values) => values.value(row_index).write(out),
            Values::Half(values) => push_single(values.value(row_index).to_f32(), out),
            Values::Single(values) => push_single(values.value(row_index), out),
            Values::Double(values) => push_double(values.value(row_index), out),
            Values::Dictionary { keys, values } => values.write_text(keys[row_index], out),
            Values::List { .. } | Values::Struct(_) | Values::Map { .. } | Values::Empty => {
                self.write_json(row_index, out)
            }
        }
    }

    /// Appends the cell for people: as [`Cells::write_text`], floats with at most ten significant
    /// digits.
    ///
    /// # Errors
    /// As [`Cells::write_text`].
    pub(crate) fn write_display(
        &self,
        row_index: usize,
        out: &mut String,
    ) -> Result<(), ArrowError> {
        match &self.values {
            Values::Double(values) if !self.is_null(row_index) => {
                push_double(shorten(values.value(row_index)), out)
            }
            Values::Dictionary { keys, values } if !self.is_null(row_index) => {
                values.write_display(keys[row_index], out)
            }
            _ => self.write_text(row_index, out),
        }
    }

    /// Appends the cell as JSON: NULL, NaN and infinities as `null`, integers and decimals as numbers
    /// with all their digits, lists as arrays, structs and maps as objects.
    ///
    /// # Errors
    /// As [`Cells::write_text`].
    pub(crate) fn write_json(&self, row_index: usize, out: &mut String) -> Result<(), ArrowError> {
        if self.is_null(row_index) {
            out.push_str("null");
            return Ok(());
        }
        match &self.values {
            Values::Bare(values) => values.value(row_index).write(out),
            Values::Quoted(values) => write_quoted(values, row_index, out),
            Values::Half(values) if !values.value(row_index).is_finite() => push_null(out),
            Values::Single(values) if !values.value(row_index).is_finite() => push_null(out),
            Values::Double(values) if !values.value(row_index).is_finite() => push_null(out),
            Values::Half(_) | Values::Single(_) | Values::Double(_) => {
                self.write_text(row_index, out)
            }
            Values::List { bounds, items } => write_list(bounds[row_index], items, out),
            Values::Struct(members) => write_struct(members, row_index, out),
            Values::Map {
                bounds,
                keys,
                items,
            } => write_map(bounds[row_index], keys, items, out),
            Values::Dictionary { keys, values } => values.write_json(keys[row_index], out),
            Values::Empty => push_null(out),
        }
    }
}

impl<'a> Values<'a> {
    fn try_new(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        Ok(match array.data_type() {
            DataType::Null => Self::Empty,
            DataType::Float16 => Self::Half(array.as_primitive()),
            DataType::Float32 => Self::Single(array.as_primitive()),
            DataType::Float64 => Self::Double(array.as_primitive()),
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                if dictionary.values().is_empty() {
                    Self::Empty
                } else {
                    Self::Dictionary {
                        keys: dictionary.normalized_keys(),
                        values: Box::new(Cells::try_new(dictionary.values())?),
                    }
                }
            }
            data_type if is_number(data_type) || *data_type == DataType::Boolean => {
                Self::Bare(formatter(array)?)
            }
            DataType::List(_) => Self::list(offsets(array.as_list::<i32>().value_offsets()), {
                array.as_list::<i32>().values()
            })?,
            DataType::LargeList(_) => {
                Self::list(offsets(array.as_list::<i64>().value_offsets()), {
                    array.as_list::<i64>().values()
                })?
            }
            DataType::FixedSizeList(_, _) => {
                let list: &FixedSizeListArray = array.as_fixed_size_list();
                let bounds = (0..list.len())
                    .map(|row_index| {
                        let start = length(list.value_offset(row_index));
                        (start, start + length(list.value_length()))
                    })
                    .collect();
                Self::list(bounds, list.values())?
            }
            DataType::Struct(fields) => {
                let members = fields.iter().zip(array.as_struct().columns());
                Self::Struct(
                    members
                        .map(|(field, column)| {
                            let cells = Cells::try_new(column)?;
                            Ok(Member {
                                name: field.name(),
                                cells,
                            })
                        })
                        .collect::<Result<_, ArrowError>>()?,
                )
            }
            DataType::Map(_, _) => Self::map(array.as_map())?,
            _ => Self::Quoted(formatter(array)?),
        })
    }

    fn list(bounds: Vec<(usize, usize)>, items: &'a ArrayRef) -> Result<Self, ArrowError> {
        let items = Box::new(Cells::try_new(items)?);
        Ok(Self::List { bounds, items })
    }

    fn map(map: &'a MapArray) -> Result<Self, ArrowError> {
        Ok(Self::Map {
            bounds: offsets(map.value_offsets()),
            keys: Box::new(Cells::try_new(map.keys())?),
            items: Box::new(Cells::try_new(map.values())?),
        })
    }
}

/// Whether values of the type are numbers to a reader: right-aligned, unquoted in JSON.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        data_type => data_type.is_numeric(),
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_json_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("a String takes every write");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// The formatter behind every type without a rule of its own. ISO 8601 dates and times are Arrow's
/// default; a value without a text form is an error instead of a text saying so.
fn formatter(array: &ArrayRef) -> Result<ArrayFormatter<'_>, ArrowError> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);
    ArrayFormatter::try_new(array, &OPTIONS)
}

fn offsets<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<(usize, usize)> {
    offsets
        .windows(2)
        .map(|pair| (pair[0].as_usize(), pair[1].as_usize()))
        .collect()
}

fn length(offset: i32) -> usize {
    usize::try_from(offset).expect("Arrow keeps list offsets non-negative")
}

// `Debug` is Rust's shortest text that reads back to the same float, with an exponent where plain
// digits would be long (`Display` prints 1e-300 as 300 zeros).
fn push_double(value: f64, out: &mut String) -> Result<(), ArrowError> {
    write!(out, "{value:?}").expect("a String takes every write");
    Ok(())
}

fn push_single(value: f32, out: &mut String) -> Result<(), ArrowError> {
    write!(out, "{value:?}").expect("a String takes every write");
    Ok(())
}

fn push_null(out: &mut String) -> Result<(), ArrowError> {
    out.push_str("null");
    Ok(())
}

/// `value` rounded to [`DISPLAY_DIGITS`] significant digits.
fn shorten(value: f64) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let rounded = format!("{value:.*e}", DISPLAY_DIGITS - 1)
        .parse()
        .unwrap_or(value);
    // The largest floats round up to infinity.
    if f64::is_finite(rounded) {
        rounded
    } else {
        value
    }
}

fn write_quoted(
    values: &ArrayFormatter<'_>,
    row_index: usize,
    out: &mut String,
) -> Result<(), ArrowError> {
    push_json_string(&values.value(row_index).try_to_string()?, out);
    Ok(())
}

fn write_list(
    bounds: (usize, usize),
    items: &Cells<'_>,
    out: &mut String,
) -> Result<(), ArrowError> {
    out.push('[');
    for item_index in bounds.0..bounds.1 {
        if item_index > bounds.0 {
            out.push(',');
        }
        items.write_json(item_index, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_struct(
    members: &[Member<'_>],
    row_index: usize,
    out: &mut String,
) -> Result<(), ArrowError> {
    out.push('{');
    for (position, member) in members.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        push_json_string(member.name, out);
        out.push(':');
        member.cells.write_json(row_index, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_map(
    bounds: (usize, usize),
    keys: &Cells<'_>,
    items: &Cells<'_>,
    out: &mut String,
) -> Result<(), ArrowError> {
    let mut key = String::new();
    out.push('{');
    for item_index in bounds.0..bounds.1 {
        if item_index > bounds.0 {
            out.push(',');
        }
        key.clear();
        keys.write_text(item_index, &mut key)?;
        push_json_string(&key, out);
        out.push(':');
        items.write_json(item_index, out)?;
    }
    out.push('}');
    Ok(())
}

#[cfg(test)]
mod tests;
