//! Results as an aligned table for reading. Widths count terminal cells, so wide Japanese characters
//! line up. Rows are laid out in chunks; a later chunk may widen columns but nothing is dropped. Only
//! when the table must fit a terminal are texts shortened, with `…` and a footer that says so; numbers
//! never are. Formats for programs are in `text`.

use std::fmt::Write as _;
use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use unicode_width::UnicodeWidthStr;

use super::cells::{Cells, is_number};
use super::format::{Format, WriteError, WriteOptions};
use crate::session::PROSE;

/// Rows whose widths are decided together.
const CHUNK_ROWS: usize = 1_000;
/// Widest padding: one huge cell must not blow up every other row.
const MAX_PADDED_WIDTH: usize = 200;
/// The least a text column is shortened to.
const MIN_TEXT_WIDTH: usize = 8;
/// Terminal cells of ` | ` between columns.
const SEPARATOR_WIDTH: usize = 3;

/// Writes a result as a table.
pub(crate) struct TableWriter<W: Write> {
    out: W,
    columns: Vec<Column>,
    frame: Frame,
    max_width: Option<usize>,
    is_scrolled: bool,
    null_text: String,
    color: bool,
    has_header: bool,
    /// Cells of the rows not yet laid out, row after row.
    pending: Vec<TableCell>,
    n_rows: u64,
    n_shortened: u64,
}

/// What is drawn around cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Lines between columns and below the header.
    Open,
    /// Lines on every side.
    Closed,
}

impl Frame {
    /// Terminal cells of a line that belong to no column.
    fn width(self, n_columns: usize) -> usize {
        match self {
            Self::Open => 1 + SEPARATOR_WIDTH * n_columns.saturating_sub(1),
            Self::Closed => 1 + SEPARATOR_WIDTH * n_columns,
        }
    }

    fn bar(self) -> &'static str {
        match self {
            Self::Open => "|",
            Self::Closed => "│",
        }
    }
}

/// A column and the widths seen so far.
struct Column {
    name: String,
    is_number: bool,
    /// Whether texts too long for the column go on in the next line instead of being shortened.
    wraps: bool,
    /// Widest value so far, without the name.
    value_width: usize,
    /// The width in use.
    width: usize,
}

impl Column {
    /// The width that shows name and values whole.
    fn natural_width(&self) -> usize {
        self.value_width
            .max(self.name.width())
            .min(MAX_PADDED_WIDTH)
    }

    /// The least width shortening may reach.
    fn least_width(&self) -> usize {
        let least = if self.is_number {
            self.value_width
        } else {
            MIN_TEXT_WIDTH
        };
        least.min(self.natural_width())
    }
}

enum TableCell {
    Null,
    Text(String),
}

impl<W: Write> TableWriter<W> {
    /// Starts a table; nothing is written before the first chunk of rows is known.
    pub(crate) fn new(out: W, schema: &Schema, options: WriteOptions) -> Self {
        let columns = schema.fields().iter().map(|field| Column {
            name: visible(field.name(), Breaks::Escaped),
            is_number: is_number(field.data_type()),
            wraps: field.metadata().contains_key(PROSE),
            value_width: 0,
            width: 0,
        });
        let frame = match options.format {
            Format::Box => Frame::Closed,
            _ => Frame::Open,
        };
        Self {
            out,
            columns: columns.collect(),
            frame,
            max_width: options.max_width,
            is_scrolled: options.is_scrolled,
            null_text: options.null_text.unwrap_or_else(|| "NULL".into()),
            color: options.color,
            has_header: false,
            pending: Vec::new(),
            n_rows: 0,
            n_shortened: 0,
        }
    }

    /// Takes the rows of a batch and writes those whose chunk is full.
    ///
    /// # Errors
    /// When `out` cannot be written or a value has no text form.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let cells = Cells::of_batch(batch)?;
        let mut text = String::new();
        for row_index in 0..batch.num_rows() {
            for (column, cells) in self.columns.iter_mut().zip(&cells) {
                let cell = if cells.is_null(row_index) {
                    column.value_width = column.value_width.max(self.null_text.width());
                    TableCell::Null
                } else {
                    text.clear();
                    cells.write_display(row_index, &mut text)?;
                    let text = visible(&text, Breaks::Kept);
                    let width = text.split('\n').map(UnicodeWidthStr::width).max();
                    column.value_width = column.value_width.max(width.unwrap_or(0));
                    TableCell::Text(text)
                };
                self.pending.push(cell);
            }
            self.n_rows += 1;
            if self.pending.len() >= CHUNK_ROWS * self.columns.len() {
                self.write_chunk()?;
            }
        }
        Ok(())
    }

    /// Writes the remaining rows and the footer, and gives `out` back.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(crate) fn finish(mut self) -> Result<W, WriteError> {
        self.write_chunk()?;
        if self.frame == Frame::Closed && !self.columns.is_empty() {
            let mut lines = String::new();
            self.push_rule(["└", "┴", "┘"], &mut lines);
            self.out.write_all(lines.as_bytes())?;
        }
        let mut footer = counted(self.n_rows, "row");
        if self.n_shortened > 0 {
            let shortened = counted(self.n_shortened, "cell");
            write!(
                footer,
                " ({shortened} shortened with … to fit the terminal; "
            )
            .expect("a String takes every write");
            footer.push_str("`-o FILE` or `--format csv` shows them whole)");
        }
        footer.push('\n');
        self.out.write_all(footer.as_bytes())?;
        Ok(self.out)
    }

    fn write_chunk(&mut self) -> Result<(), WriteError> {
        if self.columns.is_empty() {
            return Ok(());
        }
        if self.is_scrolled && !can_fit(&self.columns, self.frame, self.max_width) {
            self.max_width = None;
        }
        fit_widths(&mut self.columns, self.frame, self.max_width);
        let mut lines = String::new();
        if !self.has_header {
            self.has_header = true;
            self.push_header(&mut lines);
        }
        let mut pending = std::mem::take(&mut self.pending);
        if self.max_width.is_some() {
            self.wrap_prose(&mut pending);
        }
        for row in pending.chunks(self.columns.len()) {
            self.push_row(row, &mut lines);
            self.out.write_all(lines.as_bytes())?;
            lines.clear();
        }
        self.out.write_all(lines.as_bytes())?;
        Ok(())
    }

    /// Breaks sentences that are wider than their column.
    fn wrap_prose(&self, cells: &mut [TableCell]) {
        for row in cells.chunks_mut(self.columns.len()) {
            for (cell, column) in row.iter_mut().zip(&self.columns) {
                if let TableCell::Text(text) = cell
                    && column.wraps
                {
                    *text = wrapped(text, column.width);
                }
            }
        }
    }

    /// A line across the table of a closed frame: left end, crossings, right end.
    fn push_rule(&self, [left, cross, right]: [&str; 3], lines: &mut String) {
        for (position, column) in self.columns.iter().enumerate() {
            lines.push_str(if position > 0 { cross } else { left });
            lines.extend(std::iter::repeat_n('─', column.width + 2));
        }
        lines.push_str(right);
        lines.push('\n');
    }

    fn push_header(&mut self, lines: &mut String) {
        if self.frame == Frame::Closed {
            self.push_rule(["┌", "┬", "┐"], lines);
        }
        let mut line = LineBuilder::new(self.frame, self.max_width.is_some());
        for column in &self.columns {
            let style = if self.color {
                Style::Bold
            } else {
                Style::Plain
            };
            self.n_shortened += u64::from(line.push(&column.name, column, style));
        }
        line.finish(lines);
        if self.frame == Frame::Closed {
            self.push_rule(["├", "┼", "┤"], lines);
            return;
        }
        for (position, column) in self.columns.iter().enumerate() {
            lines.push_str(if position > 0 { "+-" } else { "-" });
            lines.extend(std::iter::repeat_n('-', column.width + 1));
        }
        // The outer blanks of the first and last column are not drawn over.
        lines.pop();
        lines.push('\n');
    }

    fn push_row(&mut self, row: &[TableCell], lines: &mut String) {
        let n_lines = row.iter().map(TableCell::n_lines).max().unwrap_or(1);
        let mut shortened = vec![false; row.len()];
        for line_index in 0..n_lines {
            let mut line = LineBuilder::new(self.frame, self.max_width.is_some());
            for ((cell, column), shortened) in row.iter().zip(&self.columns).zip(&mut shortened) {
                *shortened |= match cell {
                    TableCell::Null if line_index == 0 => {
                        let style = if self.color { Style::Dim } else { Style::Plain };
                        line.push(&self.null_text, column, style)
                    }
                    TableCell::Null => line.push("", column, Style::Plain),
                    TableCell::Text(text) => {
                        let part = text.split('\n').nth(line_index).unwrap_or("");
                        line.push(part, column, Style::Plain)
                    }
                };
            }
            line.finish(lines);
        }
        self.n_shortened += shortened.iter().filter(|&&is_short| is_short).count() as u64;
    }
}

impl TableCell {
    fn n_lines(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Text(text) => text.matches('\n').count() + 1,
        }
    }
}

#[derive(Clone, Copy)]
enum Style {
    Plain,
    Bold,
    Dim,
}

/// Puts the cells of one line side by side; blanks at the end of the line are left out.
struct LineBuilder {
    line: String,
    frame: Frame,
    /// Blanks owed before the next visible character.
    blanks: usize,
    is_first: bool,
    may_shorten: bool,
}

impl LineBuilder {
    fn new(frame: Frame, may_shorten: bool) -> Self {
        let start = match frame {
            Frame::Open => "",
            Frame::Closed => frame.bar(),
        };
        Self {
            line: start.to_owned(),
            frame,
            blanks: 1,
            is_first: true,
            may_shorten,
        }
    }

    /// Adds a cell and returns whether it was shortened.
    fn push(&mut self, text: &str, column: &Column, style: Style) -> bool {
        if !std::mem::take(&mut self.is_first) {
            self.push_visible(self.frame.bar(), Style::Plain);
            self.blanks += 1;
        }
        let shortened = self.shortened(text, column);
        let is_shortened = shortened.is_some();
        let text = shortened.as_deref().unwrap_or(text);
        let padding = column.width.saturating_sub(text.width());
        if column.is_number {
            self.blanks += padding;
        }
        self.push_visible(text, style);
        if !column.is_number {
            self.blanks += padding;
        }
        self.blanks += 1;
        is_shortened
    }

    /// The text cut to the column's width, when it must be. Values of number columns stay whole:
    /// their columns are never narrower than the widest value.
    fn shortened(&self, text: &str, column: &Column) -> Option<String> {
        (self.may_shorten && text.width() > column.width).then(|| shorten(text, column.width))
    }

    fn push_visible(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        self.line
            .extend(std::iter::repeat_n(' ', std::mem::take(&mut self.blanks)));
        let (before, after) = match style {
            Style::Plain => ("", ""),
            Style::Bold => ("\u{1b}[1m", "\u{1b}[0m"),
            Style::Dim => ("\u{1b}[2m", "\u{1b}[0m"),
        };
        self.line.push_str(before);
        self.line.push_str(text);
        self.line.push_str(after);
    }

    fn finish(mut self, lines: &mut String) {
        if self.frame == Frame::Closed {
            self.push_visible(self.frame.bar(), Style::Plain);
        }
        lines.push_str(&self.line);
        lines.push('\n');
    }
}

/// Whether the columns fit when every one is shortened as far as it can be.
fn can_fit(columns: &[Column], frame: Frame, max_width: Option<usize>) -> bool {
    let least: usize = columns.iter().map(Column::least_width).sum();
    max_width.is_none_or(|max_width| least + frame.width(columns.len()) <= max_width)
}

/// Decides the width of every column. Where the table must fit `max_width`, the widest columns give
/// way first, down to their least width; what still does not fit is left to the terminal to wrap.
fn fit_widths(columns: &mut [Column], frame: Frame, max_width: Option<usize>) {
    let Some(max_width) = max_width else {
        for column in columns {
            column.width = column.natural_width();
        }
        return;
    };
    let available = max_width.saturating_sub(frame.width(columns.len()));
    let width_at =
        |column: &Column, cap: usize| column.natural_width().min(cap).max(column.least_width());
    let total_at = |cap| {
        columns
            .iter()
            .map(|column| width_at(column, cap))
            .sum::<usize>()
    };
    // The largest cap whose table fits; the total grows with the cap.
    let caps: Vec<usize> = (0..=MAX_PADDED_WIDTH).collect();
    let cap = caps
        .partition_point(|&cap| total_at(cap) <= available)
        .saturating_sub(1);
    for column in columns {
        column.width = width_at(column, cap);
    }
}

/// The longest beginning of `text` that leaves room for `…` within `width` terminal cells.
fn shorten(text: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let mut end = 0;
    for (start, character) in text.char_indices() {
        let next = start + character.len_utf8();
        if text[..next].width() > room {
            break;
        }
        end = next;
    }
    format!("{}…", &text[..end])
}

/// The text with line breaks so that no line is wider than `width`: between words where there are
/// blanks, within them where a word is too wide. The lines of a tree go on below where they began.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let lead = paragraph.find(|c| !" │├└─".contains(c)).unwrap_or(0);
        let (lead, words) = paragraph.split_at(lead);
        if lead.width() + MIN_TEXT_WIDTH > width {
            lines.extend(wrapped_words(paragraph, width));
            continue;
        }
        let below: String = lead.chars().map(below_tree).collect();
        let parts = wrapped_words(words, width - lead.width()).into_iter();
        let leads = std::iter::once(lead).chain(std::iter::repeat(below.as_str()));
        lines.extend(leads.zip(parts).map(|(lead, part)| format!("{lead}{part}")));
    }
    lines.join("\n")
}

/// What stands below a character of a tree when its line goes on.
fn below_tree(character: char) -> char {
    match character {
        '├' | '│' => '│',
        _ => ' ',
    }
}

fn wrapped_words(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let is_first = line.is_empty();
        if !is_first && line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !is_first {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            line.push(character);
            if line.width() > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, character.to_string()));
            }
        }
    }
    lines.push(line);
    lines
}

/// What becomes of line breaks when control characters are made visible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// They stay.
    Kept,
    /// They are escaped as other control characters.
    Escaped,
}

/// The text without control characters, which would break the layout or steer the terminal.
pub(super) fn visible(text: &str, breaks: Breaks) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' && breaks == Breaks::Kept {
            out.push('\n');
        } else if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// `1 row`, `1,234 rows`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let plural = if count == 1 { "" } else { "s" };
    format!("{text} {noun}{plural}")
}

#[cfg(test)]
mod tests;
