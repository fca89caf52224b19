//! Filled forms → the bytes of an Excel workbook: a sheet for each, on A4 across, with its tables, the reasons of its dashes and its notes.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use super::cell::Cell;
use super::data::FormData;
use super::definition::Forms;
use super::error::FormsError;
use super::layout::{height, widths, words};
use super::sheet::{Sheet, SheetTable};
use crate::report::results::Results;

/// A4 in Excel's list of papers.
const A4: u8 = 9;
/// Inches.
const MARGIN: f64 = 0.4;
const FONT: &str = "Yu Gothic";
const SHADE: Color = Color::RGB(0xE4_EA_F2);

/// The workbook of `forms`, filled from `results`.
///
/// # Errors
/// When a text does not fit a cell, or there are more columns than a sheet has.
pub fn workbook(forms: &Forms, results: &Results) -> Result<Vec<u8>, FormsError> {
    let data = FormData::of(results);
    let mut workbook = Workbook::new();
    // A fixed date keeps the same forms the same file.
    let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(FormsError::Workbook)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let looks = CellFormats::new();
    for form in &forms.forms {
        let sheet = Sheet::of(form, &data);
        let written = write_sheet(workbook.add_worksheet(), &sheet, &looks);
        written.map_err(|source| FormsError::Sheet {
            sheet: sheet.name.clone(),
            source,
        })?;
    }
    workbook.save_to_buffer().map_err(FormsError::Workbook)
}

/// How cells look.
struct CellFormats {
    title: Format,
    plain: Format,
    heading: Format,
    head: Format,
    cell: Format,
    dash: Format,
}

impl CellFormats {
    fn new() -> Self {
        let plain = Format::new()
            .set_font_name(FONT)
            .set_font_size(10)
            .set_text_wrap()
            .set_align(FormatAlign::Top);
        let cell = plain.clone().set_border(FormatBorder::Thin);
        Self {
            title: plain.clone().set_bold().set_font_size(14),
            heading: cell.clone().set_bold().set_background_color(SHADE),
            head: cell.clone().set_bold().set_align(FormatAlign::Center),
            dash: cell.clone().set_align(FormatAlign::Right),
            cell,
            plain,
        }
    }
}

fn write_sheet(out: &mut Worksheet, sheet: &Sheet, looks: &CellFormats) -> Result<(), XlsxError> {
    out.set_name(&sheet.name)?;
    out.set_paper_size(A4);
    out.set_landscape();
    out.set_print_fit_to_pages(1, 0);
    out.set_margins(MARGIN, MARGIN, MARGIN, 0.6, 0.3, 0.3);
    out.set_footer("&C&P / &N");
    let widths = widths(sheet);
    for (column, width) in (0u16..).zip(&widths) {
        out.set_column_width(column, *width)?;
    }
    let mut writer = SheetWriter {
        out,
        widths: &widths,
        looks,
        row: 0,
    };
    writer.line(&sheet.title, &looks.title)?;
    writer.line(&sheet.origin, &looks.plain)?;
    for table in &sheet.tables {
        writer.row += 1;
        writer.table(sheet, table)?;
    }
    writer.row += 1;
    for (number, reason) in (1..).zip(&sheet.reasons) {
        writer.line(&format!("※{number} {reason}"), &looks.plain)?;
    }
    for note in &sheet.notes {
        writer.line(note, &looks.plain)?;
    }
    Ok(())
}

/// Writes a sheet downwards.
struct SheetWriter<'a> {
    out: &'a mut Worksheet,
    widths: &'a [f64],
    looks: &'a CellFormats,
    row: u32,
}

impl SheetWriter<'_> {
    /// A text across the first `n_columns`.
    fn across(&mut self, text: &str, n_columns: usize, format: &Format) -> Result<(), XlsxError> {
        let width: f64 = self.widths.iter().take(n_columns).sum();
        self.out
            .set_row_height(self.row, height([(text, width)].into_iter()))?;
        match last_column(n_columns) {
            0 => {
                self.out
                    .write_string_with_format(self.row, 0, text, format)?;
            }
            last => {
                self.out
                    .merge_range(self.row, 0, self.row, last, text, format)?;
            }
        }
        self.row += 1;
        Ok(())
    }

    /// A text across the sheet.
    fn line(&mut self, text: &str, format: &Format) -> Result<(), XlsxError> {
        self.across(text, self.widths.len(), format)
    }

    fn table(&mut self, sheet: &Sheet, table: &SheetTable) -> Result<(), XlsxError> {
        let looks = self.looks;
        self.across(&table.heading, table.columns.len(), &looks.heading)?;
        let texts = || table.columns.iter().map(|column| column.heading.as_str());
        self.fit(texts())?;
        for (column, heading) in (0u16..).zip(texts()) {
            self.out
                .write_string_with_format(self.row, column, heading, &looks.head)?;
        }
        self.row += 1;
        for cells in &table.rows {
            self.fit(cells.iter().map(words))?;
            for (column, cell) in (0u16..).zip(cells) {
                self.cell(sheet, column, cell)?;
            }
            self.row += 1;
        }
        if table.rows.is_empty() {
            self.across("該当するデータがない", table.columns.len(), &looks.cell)?;
        }
        Ok(())
    }

    /// Makes the row high enough for its texts.
    fn fit<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> Result<(), XlsxError> {
        let texts = texts.zip(self.widths.iter().copied());
        self.out.set_row_height(self.row, height(texts))?;
        Ok(())
    }

    fn cell(&mut self, sheet: &Sheet, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let (row, looks) = (self.row, self.looks);
        match cell {
            Cell::Blank => self.out.write_blank(row, column, &looks.cell)?,
            Cell::Text(text) => {
                self.out
                    .write_string_with_format(row, column, text.as_str(), &looks.cell)?
            }
            Cell::Number { value, format } => {
                let format = looks.cell.clone().set_num_format(format);
                self.out
                    .write_number_with_format(row, column, *value, &format)?
            }
            Cell::Dash(reason) => {
                let dash = sheet.dash(reason);
                self.out
                    .write_string_with_format(row, column, dash, &looks.dash)?
            }
        };
        Ok(())
    }
}

/// Excel refuses columns beyond its last one.
fn last_column(n_columns: usize) -> u16 {
    u16::try_from(n_columns.saturating_sub(1)).unwrap_or(u16::MAX)
}
