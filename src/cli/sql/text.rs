//! Results as streams of text for programs and documents: CSV, TSV, JSON, NDJSON, Markdown and HTML.
//! Tables for the eye are in `table`; how a single value is spelled is in `cells`.

use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;

use super::cells::{Cells, is_number, push_json_string};
use super::format::{Format, WriteError, WriteOptions};

/// Writes a result row by row, keeping only the row at hand.
pub(crate) struct TextWriter<W: Write> {
    out: W,
    shape: Shape,
    line: String,
    any_rows: bool,
}

/// What a row looks like.
enum Shape {
    Delimited {
        delimiter: char,
        null_text: String,
    },
    /// `labels` are the names as JSON with their colon, ready to be copied.
    Json {
        labels: Vec<String>,
        is_array: bool,
    },
    Markdown {
        null_text: String,
    },
    /// `alignments` are the attributes of each column's cells.
    Html {
        null_text: String,
        alignments: Vec<&'static str>,
    },
}

impl<W: Write> TextWriter<W> {
    /// Writes the header the format begins with.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(crate) fn new(out: W, schema: &Schema, options: WriteOptions) -> Result<Self, WriteError> {
        let mut line = String::new();
        let shape = match options.format {
            Format::Json | Format::Ndjson => {
                let is_array = options.format == Format::Json;
                if is_array {
                    line.push('[');
                }
                Shape::Json {
                    labels: labels(schema),
                    is_array,
                }
            }
            Format::Markdown => {
                markdown_header(schema, &mut line);
                Shape::Markdown {
                    null_text: options.null_text.unwrap_or_else(|| "NULL".into()),
                }
            }
            Format::Html => {
                let alignments = html_header(schema, &mut line);
                Shape::Html {
                    null_text: options.null_text.unwrap_or_else(|| "NULL".into()),
                    alignments,
                }
            }
            format => {
                let delimiter = if format == Format::Tsv { '\t' } else { ',' };
                let null_text = options.null_text.unwrap_or_default();
                delimited_header(schema, delimiter, &mut line);
                Shape::Delimited {
                    delimiter,
                    null_text,
                }
            }
        };
        let mut writer = Self {
            out,
            shape,
            line,
            any_rows: false,
        };
        writer.out.write_all(writer.line.as_bytes())?;
        Ok(writer)
    }

    /// Writes the rows of a batch.
    ///
    /// # Errors
    /// When `out` cannot be written or a value has no text form.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let columns = Cells::of_batch(batch)?;
        for row_index in 0..batch.num_rows() {
            self.line.clear();
            let line = &mut self.line;
            match &self.shape {
                Shape::Delimited {
                    delimiter,
                    null_text,
                } => {
                    delimited_row(&columns, row_index, *delimiter, null_text, line)?;
                }
                Shape::Json { labels, is_array } => {
                    if *is_array {
                        line.push_str(if self.any_rows { ",\n" } else { "\n" });
                    }
                    json_row(&columns, row_index, labels, line)?;
                    if !*is_array {
                        line.push('\n');
                    }
                }
                Shape::Markdown { null_text } => {
                    markdown_row(&columns, row_index, null_text, line)?;
                }
                Shape::Html {
                    null_text,
                    alignments,
                } => html_row(&columns, row_index, (null_text, alignments), line)?,
            }
            self.any_rows = true;
            self.out.write_all(self.line.as_bytes())?;
        }
        Ok(())
    }

    /// Writes what closes the format and gives `out` back.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(crate) fn finish(mut self) -> Result<W, WriteError> {
        if matches!(self.shape, Shape::Json { is_array: true, .. }) {
            let end: &[u8] = if self.any_rows { b"\n]\n" } else { b"]\n" };
            self.out.write_all(end)?;
        }
        if matches!(self.shape, Shape::Html { .. }) {
            self.out.write_all(b"</tbody>\n</table>\n")?;
        }
        Ok(self.out)
    }
}

fn delimited_header(schema: &Schema, delimiter: char, line: &mut String) {
    for (position, field) in schema.fields().iter().enumerate() {
        if position > 0 {
            line.push(delimiter);
        }
        push_delimited(field.name(), delimiter, "", line);
    }
    line.push('\n');
}

/// One RFC 4180 record. NULL is the null text without quotes; a text equal to it is quoted, so that
/// the two differ. A record of a single empty field would be an empty line, which readers skip:
/// there NULL becomes `""`, because keeping the row matters more.
fn delimited_row(
    columns: &[Cells<'_>],
    row_index: usize,
    delimiter: char,
    null_text: &str,
    line: &mut String,
) -> Result<(), WriteError> {
    let mut value = String::new();
    for (position, cells) in columns.iter().enumerate() {
        if position > 0 {
            line.push(delimiter);
        }
        if cells.is_null(row_index) {
            let is_blank_line = columns.len() == 1 && null_text.is_empty();
            line.push_str(if is_blank_line { "\"\"" } else { null_text });
        } else {
            value.clear();
            cells.write_text(row_index, &mut value)?;
            push_delimited(&value, delimiter, null_text, line);
        }
    }
    line.push('\n');
    Ok(())
}

fn push_delimited(value: &str, delimiter: char, null_text: &str, line: &mut String) {
    let needs_quotes = value == null_text || value.contains([delimiter, '"', '\n', '\r']);
    if !needs_quotes {
        line.push_str(value);
        return;
    }
    line.push('"');
    for (position, part) in value.split('"').enumerate() {
        if position > 0 {
            line.push_str("\"\"");
        }
        line.push_str(part);
    }
    line.push('"');
}

fn labels(schema: &Schema) -> Vec<String> {
    let label = |name: &str| {
        let mut label = String::new();
        push_json_string(name, &mut label);
        label.push(':');
        label
    };
    schema
        .fields()
        .iter()
        .map(|field| label(field.name()))
        .collect()
}

fn json_row(
    columns: &[Cells<'_>],
    row_index: usize,
    labels: &[String],
    line: &mut String,
) -> Result<(), WriteError> {
    line.push('{');
    for (position, (cells, label)) in columns.iter().zip(labels).enumerate() {
        if position > 0 {
            line.push(',');
        }
        line.push_str(label);
        cells.write_json(row_index, line)?;
    }
    line.push('}');
    Ok(())
}

fn markdown_header(schema: &Schema, line: &mut String) {
    for field in schema.fields() {
        line.push_str("| ");
        push_markdown(field.name(), line);
        line.push(' ');
    }
    line.push_str("|\n");
    for field in schema.fields() {
        line.push_str(if is_number(field.data_type()) {
            "| ---: "
        } else {
            "| --- "
        });
    }
    line.push_str("|\n");
}

fn markdown_row(
    columns: &[Cells<'_>],
    row_index: usize,
    null_text: &str,
    line: &mut String,
) -> Result<(), WriteError> {
    let mut value = String::new();
    for cells in columns {
        line.push_str("| ");
        if cells.is_null(row_index) {
            line.push_str(null_text);
        } else {
            value.clear();
            cells.write_display(row_index, &mut value)?;
            push_markdown(&value, line);
        }
        line.push(' ');
    }
    line.push_str("|\n");
    Ok(())
}

/// Appends a text so that Markdown shows it literally inside a table cell.
fn push_markdown(value: &str, line: &mut String) {
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '|' | '\\' | '*' | '`' => {
                line.push('\\');
                line.push(character);
            }
            '<' => line.push_str("&lt;"),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => line.push_str("<br>"),
            other => line.push(other),
        }
    }
}

/// Writes the head of the table and returns the attributes of each column's cells.
fn html_header(schema: &Schema, line: &mut String) -> Vec<&'static str> {
    let alignment = |is_number| match is_number {
        true => " class=\"number\" style=\"text-align: right\"",
        false => "",
    };
    let alignments: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| alignment(is_number(field.data_type())))
        .collect();
    line.push_str("<table>\n<thead>\n<tr>");
    for (field, alignment) in schema.fields().iter().zip(&alignments) {
        line.push_str("<th scope=\"col\"");
        line.push_str(alignment);
        line.push('>');
        push_html(field.name(), line);
        line.push_str("</th>");
    }
    line.push_str("</tr>\n</thead>\n<tbody>\n");
    alignments
}

fn html_row(
    columns: &[Cells<'_>],
    row_index: usize,
    (null_text, alignments): (&str, &[&'static str]),
    line: &mut String,
) -> Result<(), WriteError> {
    let mut value = String::new();
    line.push_str("<tr>");
    for (cells, alignment) in columns.iter().zip(alignments) {
        if cells.is_null(row_index) {
            line.push_str("<td class=\"null\">");
            push_html(null_text, line);
        } else {
            line.push_str("<td");
            line.push_str(alignment);
            line.push('>');
            value.clear();
            cells.write_display(row_index, &mut value)?;
            push_html(&value, line);
        }
        line.push_str("</td>");
    }
    line.push_str("</tr>\n");
    Ok(())
}

/// Appends a text so that HTML shows it literally, with its line breaks.
fn push_html(value: &str, line: &mut String) {
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '&' => line.push_str("&amp;"),
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '"' => line.push_str("&quot;"),
            '\'' => line.push_str("&#39;"),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => line.push_str("<br>"),
            '\t' => line.push('\t'),
            // Other control characters are not allowed in HTML.
            character if character.is_control() => line.push('\u{fffd}'),
            other => line.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
