//! One sheet of a workbook (XLSX) → batches of text columns. Days are written as `YYYY-MM-DD`, whole numbers without a fraction.

use std::fs::File;
use std::io::{BufReader, Seek as _};
use std::path::Path;
use std::sync::Arc;

use calamine::{Data, Reader as _, Xlsx};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use zip::ZipArchive;

use super::layout::TableLayout;
use super::read_error::ReadError;
use crate::diagnostic::contained;
use crate::regular_file;

/// Most bytes of a workbook once unpacked, and of the texts of a sheet: what is packed may be a thousand times as large.
const MOST_BYTES: u64 = 1 << 30;

/// Rows by their number from 0, each with its values by column. Rows and cells that are empty take no memory, wherever the others are.
type FilledRows = Vec<(usize, Vec<(usize, String)>)>;

/// The rows of one sheet that have a value. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct SheetRows(Arc<FilledRows>);

/// The rows of a sheet after its header.
pub(super) struct Workbook {
    header: Vec<String>,
    rows: SheetRows,
    /// Where among the rows the next one is.
    next: usize,
}

/// What is in a file that should be a workbook.
enum Content {
    NotWorkbook,
    TooLarge,
    /// No sheet of the wanted name; those that there are.
    OtherSheets(Vec<String>),
    Rows(FilledRows),
}

impl SheetRows {
    /// Reads the sheet called `sheet`, or the first of the workbook.
    pub(super) fn read(path: &Path, sheet: Option<&str>) -> Result<Self, ReadError> {
        let own = || path.to_path_buf();
        let file = regular_file::open(path).map_err(|source| ReadError::Io {
            file: own(),
            source,
        })?;
        let read = contained(|| content(file.into_file(), sheet));
        match read.flatten().unwrap_or(Content::NotWorkbook) {
            Content::Rows(rows) => Ok(Self(Arc::new(rows))),
            Content::NotWorkbook => Err(ReadError::NotWorkbook { file: own() }),
            Content::TooLarge => Err(ReadError::LargeWorkbook { file: own() }),
            Content::OtherSheets(sheets) => Err(ReadError::NoSheet {
                file: own(),
                sheets: sheets.join(", "),
            }),
        }
    }
}

impl Workbook {
    /// The rows that `layout` calls the header and those after it; `None` where the header has no name.
    pub(super) fn new(rows: &SheetRows, layout: &TableLayout) -> Option<Self> {
        let header = rows.0.iter().find(|(row, _)| row + 1 == layout.header_row);
        let header = named(&header?.1);
        let next = rows
            .0
            .partition_point(|(row, _)| row + 1 < layout.first_row);
        Some(Self {
            header,
            rows: rows.clone(),
            next,
        })
    }

    /// The names of the columns, up to the last that has one.
    pub(super) fn header(&self) -> Vec<String> {
        self.header.clone()
    }

    /// The next rows, or `None` at the end.
    pub(super) fn next_batch(&mut self, rows: usize) -> Option<RecordBatch> {
        let width = self.header.len();
        let taken = self.rows.0.get(self.next..).unwrap_or_default();
        let taken = &taken[..rows.min(taken.len())];
        if taken.is_empty() {
            return None;
        }
        let mut columns: Vec<Vec<Option<&str>>> = vec![vec![None; taken.len()]; width];
        for (row, (_, cells)) in taken.iter().enumerate() {
            for (column, text) in cells {
                if let Some(texts) = columns.get_mut(*column) {
                    texts[row] = Some(text);
                }
            }
        }
        self.next += taken.len();
        let arrays = columns
            .into_iter()
            .map(|texts| Arc::new(StringArray::from(texts)) as ArrayRef);
        let arrays: Vec<ArrayRef> = arrays.collect();
        let fields = (0..width).map(|n| Field::new(n.to_string(), DataType::Utf8, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, arrays).ok()
    }
}

/// Names by their columns; those between are empty.
fn named(cells: &[(usize, String)]) -> Vec<String> {
    let mut names = Vec::new();
    for (column, name) in cells {
        names.resize(*column, String::new());
        names.push(name.clone());
    }
    names
}

/// The cells of a sheet; `None` where the library cannot read the file.
fn content(mut file: File, sheet: Option<&str>) -> Option<Content> {
    let mut archive = ZipArchive::new(BufReader::new(&file)).ok()?;
    let sizes =
        (0..archive.len()).map(|at| archive.by_index_raw(at).map_or(0, |entry| entry.size()));
    if sizes.fold(0_u64, u64::saturating_add) > MOST_BYTES {
        return Some(Content::TooLarge);
    }
    file.rewind().ok()?;
    let mut book = Xlsx::new(BufReader::new(file)).ok()?;
    let names = book.sheet_names();
    let name = match sheet {
        None => names.first()?.clone(),
        Some(wanted) => match names.iter().find(|name| *name == wanted) {
            Some(name) => name.clone(),
            None => return Some(Content::OtherSheets(names)),
        },
    };
    let mut cells = book.worksheet_cells_reader(&name).ok()?;
    let mut rows: FilledRows = Vec::new();
    let mut n_bytes = 0;
    while let Some(cell) = cells.next_cell().ok()? {
        let (row, column) = cell.get_position();
        let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
        let Some(text) = text_of(&Data::from(cell.get_value().clone())) else {
            continue;
        };
        n_bytes += text.len() as u64;
        if n_bytes > MOST_BYTES {
            return Some(Content::TooLarge);
        }
        match rows.last_mut() {
            Some((last, texts)) if *last == row => texts.push((column, text)),
            _ => rows.push((row, vec![(column, text)])),
        }
    }
    Some(Content::Rows(rows))
}

fn text_of(cell: &Data) -> Option<String> {
    let text = match cell {
        Data::Empty | Data::Error(_) => return None,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
            }
        }
        Data::DateTime(duration) => duration.as_f64().to_string(),
    };
    (!text.trim().is_empty()).then_some(text)
}
