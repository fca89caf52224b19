//! One table of a file, whatever the file's kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::delimited::{DelimitedReader, delimiter_of};
use super::layout::TableLayout;
use super::read_error::ReadError;
use super::workbook::{SheetRows, Workbook};

/// Rows per batch.
const BATCH_ROWS: usize = 16_384;
/// Suffixes of files that can be read as text.
const SUFFIXES: [&str; 4] = ["csv", "tsv", "txt", "xlsx"];

/// Whether a file's name is one of a table that [`TextTable`] reads.
#[must_use]
pub fn is_text_table(path: &Path) -> bool {
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    SUFFIXES.contains(&suffix.to_lowercase().as_str())
}

/// A file whose table can be opened by several layouts; a workbook is unpacked once.
pub struct TableFile {
    path: PathBuf,
    kind: FileKind,
}

enum FileKind {
    Delimited,
    Sheet(SheetRows),
}

impl TableFile {
    /// Opens `path`; of a workbook the sheet called `sheet`, or the first.
    ///
    /// # Errors
    /// When its name is none of a table, or the workbook cannot be read.
    pub fn open(path: &Path, sheet: Option<&str>) -> Result<Self, ReadError> {
        let suffix = path.extension().unwrap_or_default().to_string_lossy();
        let kind = match suffix.to_lowercase().as_str() {
            "xlsx" => FileKind::Sheet(SheetRows::read(path, sheet)?),
            "csv" | "tsv" | "txt" => FileKind::Delimited,
            _ => {
                return Err(ReadError::NotText {
                    file: path.to_path_buf(),
                });
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            kind,
        })
    }

    /// The table that `layout` describes. A text file is comma- or tab-separated, as its header says.
    ///
    /// # Errors
    /// When the file cannot be read or has no such table.
    pub fn table(&self, layout: &TableLayout) -> Result<TextTable, ReadError> {
        let (rows, header, n_to_skip) = match &self.kind {
            FileKind::Sheet(rows) => {
                let sheet = Workbook::new(rows, layout).ok_or_else(|| ReadError::NoHeader {
                    file: self.path.clone(),
                })?;
                let header = sheet.header();
                // A sheet's rows are found by their numbers.
                (Rows::Sheet(sheet), header, 0)
            }
            FileKind::Delimited => {
                let n_before = layout.n_before_header();
                let delimiter = delimiter_of(&self.path, n_before)?;
                let reader =
                    DelimitedReader::open_after(&self.path, delimiter, BATCH_ROWS, n_before)?;
                let fields = reader.schema();
                let header = fields.fields().iter().map(|f| f.name().clone()).collect();
                (
                    Rows::Delimited(Box::new(reader)),
                    header,
                    layout.n_after_header(),
                )
            }
        };
        Ok(TextTable {
            n_to_skip,
            rows,
            schema: schema(header),
        })
    }
}

/// A stream of batches of text columns. Every column has a name of its own: one without a name is called `column_5`, a second `氏名` is
/// `氏名_2`.
pub struct TextTable {
    rows: Rows,
    schema: SchemaRef,
    /// Rows of no value that stand after the header.
    n_to_skip: usize,
}

enum Rows {
    Delimited(Box<DelimitedReader>),
    Sheet(Workbook),
}

impl TextTable {
    /// Opens the table of `path` that `layout` describes.
    ///
    /// # Errors
    /// As [`TableFile::open`] and [`TableFile::table`].
    pub fn open(path: &Path, layout: &TableLayout) -> Result<Self, ReadError> {
        TableFile::open(path, layout.sheet.as_deref())?.table(layout)
    }

    /// The columns, all text.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows, or `None` at the end.
    ///
    /// # Errors
    /// When the file is damaged or cannot be read further.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            let batch = match &mut self.rows {
                Rows::Delimited(reader) => reader.next_batch()?,
                Rows::Sheet(sheet) => sheet.next_batch(BATCH_ROWS),
            };
            let Some(batch) = batch else { return Ok(None) };
            let skipped = self.n_to_skip.min(batch.num_rows());
            self.n_to_skip -= skipped;
            if skipped == batch.num_rows() && skipped > 0 {
                continue;
            }
            let columns = batch
                .slice(skipped, batch.num_rows() - skipped)
                .columns()
                .to_vec();
            let named = RecordBatch::try_new(Arc::clone(&self.schema), columns);
            return Ok(Some(
                named.expect("as many text columns as the header names"),
            ));
        }
    }
}

/// What a column without a name is called, by its place from 0.
#[must_use]
pub fn unnamed(place: usize) -> String {
    format!("column_{}", place + 1)
}

/// Names of which none is empty and none occurs twice.
fn schema(header: Vec<String>) -> SchemaRef {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for (place, name) in header.into_iter().enumerate() {
        let name = match name.trim() {
            "" => unnamed(place),
            name => name.to_owned(),
        };
        let mut own = name.clone();
        let mut n = 1;
        while names.contains(&own) {
            n += 1;
            own = format!("{name}_{n}");
        }
        names.push(own);
    }
    let fields = names
        .into_iter()
        .map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
