//! Results as an Excel workbook: one sheet with a bold, frozen, filterable header, notes of what columns mean, and typed cells. The
//! sheet is built in memory, because Excel ends at 1,048,576 rows anyway; larger results belong in CSV
//! or Parquet. NULL and the empty string are both empty cells: Excel has no other word for either.

use std::io::Write;

use datafusion::arrow::array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float64Type, Schema, TimeUnit,
};
use datafusion::arrow::error::ArrowError;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Note, Workbook, Worksheet, XlsxError};
use unicode_width::UnicodeWidthStr;

use super::cells::Cells;
use super::format::WriteError;

/// Metadata of a column of which a note at its name says what it means.
pub(super) const MEANING: &str = "korabo.meaning";
/// How wide a note opens, in pixels.
const NOTE_WIDTH: u32 = 280;

/// Rows of a sheet below the header.
const MAX_ROWS: u32 = 1_048_575;
/// Columns of a sheet.
const MAX_COLUMNS: u16 = 16_384;
/// UTF-16 code units of a cell.
const MAX_TEXT: usize = 32_767;
/// Digits of a decimal that a 64-bit float, Excel's only number, always keeps.
const EXACT_DIGITS: usize = 15;
/// Integers up to here are exact as 64-bit floats: 2^53.
const MAX_EXACT_INTEGER: u128 = 1 << 53;
/// Rows that decide how wide a column opens, and the widest it opens.
const ROWS_FOR_WIDTH: u32 = 1_000;
const MAX_OPEN_WIDTH: usize = 60;

const MILLISECONDS_PER_DAY: i64 = 86_400_000;
/// Days from 1899-12-30 (Excel's day 0 after its invented 1900-02-29) to 1970-01-01.
const EXCEL_EPOCH_DAYS: i64 = 25_569;
/// Days since 1970-01-01 of 1900-03-01, the first date that all spreadsheet programs agree on, and of
/// 9999-12-31, the last one.
const FIRST_DAY: i64 = 61 - EXCEL_EPOCH_DAYS;
const LAST_DAY: i64 = 2_958_465 - EXCEL_EPOCH_DAYS;

/// Collects a result and writes it as a workbook at the end.
pub(crate) struct XlsxWriter<W: Write> {
    out: W,
    workbook: Workbook,
    names: Vec<String>,
    open_widths: Vec<usize>,
    n_rows: u32,
    date: Format,
    timestamp: Format,
}

/// A cell as Excel knows it.
#[derive(Debug, PartialEq)]
enum ExcelCell {
    Empty,
    Number(f64),
    Boolean(bool),
    /// Days since Excel's day 0.
    Date(f64),
    /// Days and fraction since Excel's day 0.
    Timestamp(f64),
    Text(String),
}

impl<W: Write> XlsxWriter<W> {
    /// Starts a workbook with the header.
    ///
    /// # Errors
    /// When there are more columns than a sheet has, or a name is too long for a cell.
    pub(crate) fn new(out: W, schema: &Schema) -> Result<Self, WriteError> {
        let n_columns = schema.fields().len();
        if n_columns > usize::from(MAX_COLUMNS) {
            return Err(WriteError::TooManyColumns {
                n_columns,
                limit: MAX_COLUMNS,
            });
        }
        let names: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let mut workbook = Workbook::new();
        // A fixed date keeps the same result the same file.
        let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        let bold = Format::new().set_bold();
        let sheet = workbook.add_worksheet();
        sheet.set_name("result")?;
        sheet.set_freeze_panes(1, 0)?;
        for (column_index, name) in (0u16..).zip(&names) {
            sheet.write_string_with_format(0, column_index, name.as_str(), &bold)?;
        }
        for (column_index, field) in (0u16..).zip(schema.fields()) {
            if let Some(meaning) = field.metadata().get(MEANING) {
                let note = Note::new(meaning.as_str()).add_author_prefix(false);
                sheet.insert_note(0, column_index, &note.set_width(NOTE_WIDTH))?;
            }
        }
        Ok(Self {
            out,
            workbook,
            // Room for the filter's arrow beside the name.
            open_widths: names.iter().map(|name| name.width() + 3).collect(),
            names,
            n_rows: 0,
            date: Format::new().set_num_format("yyyy-mm-dd"),
            timestamp: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
        })
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// When the sheet has no more rows or a text does not fit a cell.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let n_rows = u32::try_from(batch.num_rows())
            .ok()
            .and_then(|n_rows| self.n_rows.checked_add(n_rows))
            .filter(|&n_rows| n_rows <= MAX_ROWS)
            .ok_or(WriteError::TooManyRows { limit: MAX_ROWS })?;
        for (column_index, column) in (0u16..).zip(batch.columns()) {
            self.write_column(column_index, column)?;
        }
        self.n_rows = n_rows;
        Ok(())
    }

    /// Writes the workbook and gives `out` back.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(crate) fn finish(mut self) -> Result<W, WriteError> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        for (column_index, width) in (0u16..).zip(&self.open_widths) {
            sheet.set_column_width(column_index, (*width).min(MAX_OPEN_WIDTH) as f64)?;
        }
        if let Some(last_column) = self.names.len().checked_sub(1) {
            let last_column = u16::try_from(last_column).expect("checked against MAX_COLUMNS");
            sheet.autofilter(0, 0, self.n_rows, last_column)?;
        }
        let bytes = self.workbook.save_to_buffer()?;
        self.out.write_all(&bytes)?;
        Ok(self.out)
    }

    fn write_column(&mut self, column_index: u16, column: &ArrayRef) -> Result<(), WriteError> {
        let column = without_dictionary(column)?;
        let cells = Cells::try_new(&column)?;
        let mut text = String::new();
        for (row_number, row_index) in (self.n_rows + 1..).zip(0..column.len()) {
            text.clear();
            cells.write_text(row_index, &mut text)?;
            let open_width = &mut self.open_widths[usize::from(column_index)];
            if row_number <= ROWS_FOR_WIDTH && *open_width < MAX_OPEN_WIDTH {
                *open_width = text.width().saturating_add(1).max(*open_width);
            }
            let cell = if cells.is_null(row_index) {
                ExcelCell::Empty
            } else {
                excel_cell(&column, row_index, &text)
            };
            if let ExcelCell::Text(text) = &cell {
                let n_characters = text.encode_utf16().count();
                if n_characters > MAX_TEXT {
                    let column = self.names[usize::from(column_index)].clone();
                    let limit = MAX_TEXT;
                    return Err(WriteError::TextTooLong {
                        row_number,
                        column,
                        n_characters,
                        limit,
                    });
                }
            }
            let sheet = self.workbook.worksheet_from_index(0)?;
            let place = CellPosition {
                row: row_number,
                column: column_index,
            };
            write_cell(sheet, place, cell, &self.date, &self.timestamp)?;
        }
        Ok(())
    }
}

/// Where a cell goes; row 0 is the header.
#[derive(Clone, Copy)]
struct CellPosition {
    row: u32,
    column: u16,
}

fn write_cell(
    sheet: &mut Worksheet,
    place: CellPosition,
    cell: ExcelCell,
    date: &Format,
    timestamp: &Format,
) -> Result<(), XlsxError> {
    let CellPosition { row, column } = place;
    match cell {
        ExcelCell::Empty => {}
        ExcelCell::Number(value) => {
            sheet.write_number(row, column, value)?;
        }
        ExcelCell::Boolean(value) => {
            sheet.write_boolean(row, column, value)?;
        }
        ExcelCell::Date(days) => {
            sheet.write_number_with_format(row, column, days, date)?;
        }
        ExcelCell::Timestamp(days) => {
            sheet.write_number_with_format(row, column, days, timestamp)?;
        }
        ExcelCell::Text(text) => {
            sheet.write_string(row, column, text)?;
        }
    }
    Ok(())
}

fn without_dictionary(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Dictionary(_, values) => cast(column, values),
        _ => Ok(ArrayRef::clone(column)),
    }
}

/// The cell of a value that is not NULL, given its text; the text itself wherever Excel's own types
/// would change the value.
fn excel_cell(column: &ArrayRef, row_index: usize, text: &str) -> ExcelCell {
    let cell = match column.data_type() {
        DataType::Boolean => Some(ExcelCell::Boolean(column.as_boolean().value(row_index))),
        DataType::Float64 => finite(column.as_primitive::<Float64Type>().value(row_index)),
        // The shortest text of the smaller floats is what the reader expects to see.
        DataType::Float16 | DataType::Float32 => text.parse().ok().and_then(finite),
        data_type if data_type.is_integer() => exact_integer(text),
        data_type if data_type.is_decimal() => exact_decimal(text),
        DataType::Date32 => date(i64::from(
            column.as_primitive::<Date32Type>().value(row_index),
        )),
        DataType::Date64 => timestamp(column.as_primitive::<Date64Type>().value(row_index), 1),
        DataType::Timestamp(unit, None) => naive_timestamp(column, *unit, row_index),
        _ => None,
    };
    cell.unwrap_or_else(|| ExcelCell::Text(text.to_owned()))
}

fn finite(value: f64) -> Option<ExcelCell> {
    value.is_finite().then_some(ExcelCell::Number(value))
}

fn exact_integer(text: &str) -> Option<ExcelCell> {
    let value: i128 = text.parse().ok()?;
    (value.unsigned_abs() <= MAX_EXACT_INTEGER).then_some(ExcelCell::Number(value as f64))
}

fn exact_decimal(text: &str) -> Option<ExcelCell> {
    let digits = text.trim_start_matches(['-', '0', '.']);
    let n_digits = digits.chars().filter(char::is_ascii_digit).count();
    (n_digits <= EXACT_DIGITS)
        .then(|| text.parse().ok().and_then(finite))
        .flatten()
}

/// `days` since 1970-01-01.
fn date(days: i64) -> Option<ExcelCell> {
    let is_known = (FIRST_DAY..=LAST_DAY).contains(&days);
    is_known.then(|| ExcelCell::Date((days + EXCEL_EPOCH_DAYS) as f64))
}

/// `value` since 1970-01-01 in units of which `per_millisecond` make a millisecond, Excel's finest
/// step.
fn timestamp(value: i64, per_millisecond: i64) -> Option<ExcelCell> {
    if value % per_millisecond != 0 {
        return None;
    }
    let milliseconds = value / per_millisecond;
    let days = milliseconds.div_euclid(MILLISECONDS_PER_DAY);
    let fraction =
        milliseconds.rem_euclid(MILLISECONDS_PER_DAY) as f64 / MILLISECONDS_PER_DAY as f64;
    let is_known = (FIRST_DAY..=LAST_DAY).contains(&days);
    is_known.then(|| ExcelCell::Timestamp((days + EXCEL_EPOCH_DAYS) as f64 + fraction))
}

fn naive_timestamp(column: &ArrayRef, unit: TimeUnit, row_index: usize) -> Option<ExcelCell> {
    match unit {
        TimeUnit::Second => {
            let seconds = column
                .as_primitive::<TimestampSecondType>()
                .value(row_index);
            timestamp(seconds.checked_mul(1_000)?, 1)
        }
        TimeUnit::Millisecond => timestamp(
            column
                .as_primitive::<TimestampMillisecondType>()
                .value(row_index),
            1,
        ),
        TimeUnit::Microsecond => timestamp(
            column
                .as_primitive::<TimestampMicrosecondType>()
                .value(row_index),
            1_000,
        ),
        TimeUnit::Nanosecond => timestamp(
            column
                .as_primitive::<TimestampNanosecondType>()
                .value(row_index),
            1_000_000,
        ),
    }
}

#[cfg(test)]
mod tests;
