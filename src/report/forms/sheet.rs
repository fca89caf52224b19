//! A form with its cells, as plain data: what the workbook writes, and in tests what is looked at.

use super::cell::Cell;
use super::data::FormData;
use super::definition::{Block, Column, Content, Filling, Form, FormYear};
use super::facts::fact_cell;
use super::field_rows::field_cell;
use super::indicator_rows::indicator_cell;
use super::read::YEAR_MARK;
use crate::report::text::{Lang, fiscal_year};

/// A filled form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) title: String,
    /// Whom it is about, and what made it.
    pub(super) origin: String,
    pub(super) tables: Vec<SheetTable>,
    /// Why numbers are not shown, each once; a dash is marked with the place in this list.
    pub(super) reasons: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// A filled block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SheetTable {
    pub(super) heading: String,
    pub(super) columns: Vec<SheetColumn>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SheetColumn {
    pub(super) heading: String,
    pub(super) width: f64,
    is_unverified: bool,
}

impl Sheet {
    /// Fills a form.
    pub(super) fn of(form: &Form, data: &FormData<'_>) -> Self {
        let tables: Vec<SheetTable> = form.blocks.iter().map(|block| table(block, data)).collect();
        let mut reasons: Vec<String> = Vec::new();
        for cell in tables.iter().flat_map(|table| &table.rows).flatten() {
            if let Cell::Dash(reason) = cell
                && !reasons.contains(reason)
            {
                reasons.push(reason.clone());
            }
        }
        let notes = notes(form, &tables);
        Self {
            name: form.sheet.clone(),
            title: form.title.clone(),
            origin: origin(data),
            tables,
            reasons,
            notes,
        }
    }

    /// A dash with the mark of its reason.
    pub(super) fn dash(&self, reason: &str) -> String {
        let place = self.reasons.iter().position(|own| own == reason);
        place.map_or("－".to_owned(), |place| format!("－※{}", place + 1))
    }
}

fn origin(data: &FormData<'_>) -> String {
    let results = data.results;
    let made = &results.provenance;
    let subject = results.subject.as_deref().unwrap_or("korabo");
    let run = match made.run_id.as_str() {
        "" => String::new(),
        run => format!("　実行 {run}"),
    };
    format!(
        "{subject}　作成 {}　korabo {}{run}",
        made.generated_at, made.korabo_version
    )
}

fn table(block: &Block, data: &FormData<'_>) -> SheetTable {
    let (columns, rows) = match &block.content {
        Content::Fields(columns) => {
            let row = |field| cells(columns, |fill, year| field_cell(data, field, fill, year));
            (heads(columns, data), data.fields.iter().map(row).collect())
        }
        Content::Indicators(named, columns) => {
            let main = || data.results.main_indicators();
            let named = named
                .as_ref()
                .map(|own| own.iter().map(String::as_str).collect());
            let row =
                |name: &str| cells(columns, |fill, year| indicator_cell(data, name, fill, year));
            let rows = named.unwrap_or_else(main).into_iter().map(row);
            (heads(columns, data), rows.collect())
        }
        Content::Facts(facts, columns) => {
            let row = |(fact, wording): &(_, String)| {
                cells(columns, |fill, _| fact_cell(data, *fact, wording, fill))
            };
            (heads(columns, data), facts.iter().map(row).collect())
        }
    };
    SheetTable {
        heading: block.heading.clone(),
        columns,
        rows,
    }
}

fn heads<F: Filling>(columns: &[Column<F>], data: &FormData<'_>) -> Vec<SheetColumn> {
    let head = |column: &Column<F>| {
        let year = data.year_of_all(column.year);
        let year = year.map_or("－".to_owned(), |year| fiscal_year(year, Lang::Ja));
        SheetColumn {
            heading: column.heading.replace(YEAR_MARK, &year),
            width: column.width,
            is_unverified: column.is_unverified,
        }
    };
    columns.iter().map(head).collect()
}

fn cells<F: Filling>(columns: &[Column<F>], cell: impl Fn(F, FormYear) -> Cell) -> Vec<Cell> {
    let of_column = |column: &Column<F>| match column.fill {
        Some(fill) => cell(fill, column.year),
        None => Cell::Blank,
    };
    columns.iter().map(of_column).collect()
}

/// The notes of the form, and what of it was not seen in an official text.
fn notes(form: &Form, tables: &[SheetTable]) -> Vec<String> {
    let mut notes = form.notes.clone();
    notes.push("空欄は手で書き込む。".to_owned());
    notes.push(format!("様式の出所：{}", form.source));
    if form.is_unverified {
        notes.push("表の並びと列の順は公式の様式で確かめていない（korabo の案）。".to_owned());
    }
    let columns = tables.iter().flat_map(|table| &table.columns);
    let mut unverified: Vec<&str> = Vec::new();
    for column in columns.filter(|column| column.is_unverified) {
        if !unverified.contains(&column.heading.as_str()) {
            unverified.push(&column.heading);
        }
    }
    if !unverified.is_empty() {
        let headings = unverified.join("、");
        notes.push(format!("公式の様式で確かめていない列：{headings}"));
    }
    notes
}
