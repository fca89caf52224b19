//! How wide columns are and how high rows: tables of a sheet share its columns, and Excel gives merged cells one line unless told otherwise.

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;
use super::sheet::Sheet;

/// Points of a line of text.
const LINE: f64 = 15.0;
/// Points of a row at most: Excel's limit is 409.
const MAX_HEIGHT: f64 = 400.0;

/// The width of each column of a sheet: of its tables the widest.
pub(super) fn widths(sheet: &Sheet) -> Vec<f64> {
    let mut widths: Vec<f64> = Vec::new();
    for table in &sheet.tables {
        for (idx, column) in table.columns.iter().enumerate() {
            match widths.get_mut(idx) {
                Some(width) => *width = width.max(column.width),
                None => widths.push(column.width),
            }
        }
    }
    widths
}

/// The height of a row in which each text wraps within its width.
pub(super) fn height<'a>(texts: impl Iterator<Item = (&'a str, f64)>) -> f64 {
    let lines = texts.map(|(text, width)| lines(text, width)).max();
    let n_lines = lines.unwrap_or(1).max(1);
    (n_lines as f64 * LINE).min(MAX_HEIGHT)
}

/// Lines that a text takes. A line holds less than its width where a character of full width does not fit any more.
fn lines(text: &str, width: f64) -> usize {
    let room = ((width - 1.0).max(2.0)) as usize;
    let of = |line: &str| line.width().div_ceil(room).max(1);
    text.split('\n').map(of).sum()
}

/// The words of a cell; numbers take one line.
pub(super) fn words(cell: &Cell) -> &str {
    match cell {
        Cell::Text(words) => words,
        Cell::Blank | Cell::Number { .. } | Cell::Dash(_) => "",
    }
}
