//! Results with one line per value, for rows too wide for a table. Nothing is ever shortened: a value of
//! several lines goes on below itself.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use unicode_width::UnicodeWidthStr as _;

use super::cells::Cells;
use super::format::{WriteError, WriteOptions};
use super::table::{Breaks, counted, visible};

/// Writes a result row by row, each as a block.
pub(crate) struct VerticalWriter<W: Write> {
    out: W,
    /// Names padded to one width.
    labels: Vec<String>,
    label_width: usize,
    null_text: String,
    color: bool,
    n_rows: u64,
}

impl<W: Write> VerticalWriter<W> {
    /// Starts a result; nothing is written before its first row.
    pub(crate) fn new(out: W, schema: &Schema, options: WriteOptions) -> Self {
        let names = schema.fields().iter();
        let names: Vec<String> = names
            .map(|field| visible(field.name(), Breaks::Escaped))
            .collect();
        let label_width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let padded = |name: String| {
            let padding = label_width - name.width();
            name + &" ".repeat(padding)
        };
        Self {
            out,
            labels: names.into_iter().map(padded).collect(),
            label_width,
            null_text: options.null_text.unwrap_or_else(|| "NULL".into()),
            color: options.color,
            n_rows: 0,
        }
    }

    /// Writes the rows of a batch.
    ///
    /// # Errors
    /// When `out` cannot be written or a value has no text form.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let columns = Cells::of_batch(batch)?;
        let (mut lines, mut value) = (String::new(), String::new());
        for row_index in 0..batch.num_rows() {
            self.n_rows += 1;
            lines.clear();
            lines.push_str(&format!("-[ row {} ]-\n", self.n_rows));
            for (cells, label) in columns.iter().zip(&self.labels) {
                lines.push_str(label);
                if cells.is_null(row_index) {
                    let (before, after) = match self.color {
                        true => ("\u{1b}[2m", "\u{1b}[0m"),
                        false => ("", ""),
                    };
                    lines.push_str(&format!(" | {before}{}{after}\n", self.null_text));
                    continue;
                }
                value.clear();
                cells.write_display(row_index, &mut value)?;
                for (position, line) in visible(&value, Breaks::Kept).split('\n').enumerate() {
                    if position > 0 {
                        lines.push_str(&" ".repeat(self.label_width));
                    }
                    let blank = if line.is_empty() { "" } else { " " };
                    lines.push_str(&format!(" |{blank}{line}\n"));
                }
            }
            self.out.write_all(lines.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the number of rows and gives `out` back.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(crate) fn finish(mut self) -> Result<W, WriteError> {
        let footer = counted(self.n_rows, "row") + "\n";
        self.out.write_all(footer.as_bytes())?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests;
