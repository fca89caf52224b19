//! Where in a file its table is, and its first rows: the header is the line with most names that are known.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, RecordBatch};

use super::error::MappingError;
use super::header_rules::HeaderRules;
use super::score::NamedColumn;
use super::tokens::texts;
use crate::contract::TableContract;
use crate::tabular::{ReadError, TableFile, TableLayout, unnamed};

/// Lines in which a header is looked for.
const MOST_HEADER_ROWS: usize = 10;
/// Rows after a header that may say something of the columns instead of being rows.
const MOST_ROWS_OF_UNITS: usize = 3;
/// Rows that are looked at.
const SAMPLED_ROWS: usize = 2_000;

/// The first rows of a file; a file without rows has a batch of none.
pub(super) fn sample(file: &TableFile, layout: &TableLayout) -> Result<RecordBatch, MappingError> {
    let mut table = file.table(layout)?;
    let batch = table.next_batch()?;
    let empty = || RecordBatch::new_empty(Arc::clone(table.schema()));
    let batch = batch.unwrap_or_else(empty);
    Ok(batch.slice(0, SAMPLED_ROWS.min(batch.num_rows())))
}

/// Where the header is: the line with most names that are known.
pub(super) fn find_layout(
    file: &TableFile,
    contracts: &[&TableContract],
    rules: &HeaderRules,
) -> Result<TableLayout, MappingError> {
    let columns = contracts.iter().flat_map(|contract| &contract.columns);
    let columns: Vec<NamedColumn<'_>> = columns.map(NamedColumn::new).collect();
    let is_known = |header: &str| {
        let forms = rules.forms(header);
        let mut identity = rules.identity.values();
        identity.any(|names| forms.rank(names).is_some())
            || columns
                .iter()
                .any(|column| column.known_fit(&forms, rules).is_some())
    };
    let mut best: Option<(usize, TableLayout)> = None;
    let mut first_error = None;
    for row in 1..=MOST_HEADER_ROWS {
        let layout = TableLayout::with_header_in(row);
        let table = match file.table(&layout) {
            Ok(table) => table,
            Err(error @ ReadError::NoHeader { .. }) => {
                first_error.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let fields = table.schema().fields();
        let n_known = fields.iter().filter(|field| is_known(field.name())).count();
        if best.as_ref().is_none_or(|(most, _)| n_known > *most) {
            best = Some((n_known, layout));
        }
    }
    let mut layout = match (best, first_error) {
        (Some((_, layout)), _) => layout,
        (None, Some(error)) => return Err(error.into()),
        (None, None) => TableLayout::default(),
    };
    layout.first_row += rows_of_units(file, &layout);
    Ok(layout)
}

/// The names above each header, as `血圧` above `上` and `下`: each until the next one.
pub(super) fn groups(file: &TableFile, layout: &TableLayout) -> Vec<String> {
    let above = TableLayout {
        header_row: layout.header_row.saturating_sub(1),
        ..layout.clone()
    };
    let opened = (above.header_row > 0).then(|| file.table(&above));
    let Some(Ok(table)) = opened else {
        return Vec::new();
    };
    let mut group = String::new();
    let fields = table.schema().fields().iter().enumerate();
    let groups = fields.map(|(place, field)| {
        // A cell without a name is called by its place.
        if *field.name() != unnamed(place) {
            group.clone_from(field.name());
        }
        group.clone()
    });
    groups.collect()
}

/// How many rows after the header hold no digit at all, where others do: units and further names.
fn rows_of_units(file: &TableFile, layout: &TableLayout) -> usize {
    let Ok(sample) = sample(file, layout) else {
        return 0;
    };
    let texts = texts(&sample);
    let has_digits = |row: usize| {
        texts.iter().any(|column| {
            let value = if column.is_null(row) {
                ""
            } else {
                column.value(row)
            };
            let normal = korabo_formats::normalise::text(value);
            !normal.is_empty()
                && normal
                    .chars()
                    .all(|c| c.is_ascii_digit() || ".-/".contains(c))
        })
    };
    let rows = 0..sample.num_rows().min(MOST_ROWS_OF_UNITS + 1);
    rows.into_iter().find(|row| has_digits(*row)).unwrap_or(0)
}
