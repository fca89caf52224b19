//! A statement under the rules of `--release`, with its counts and estimates rounded, and no row that differs from what it was
//! before by too few persons.

use std::collections::BTreeMap;

use super::made::{MadeTable, WITHHELD};
use super::preset::Preset;
use super::small_table::{Column, SmallTable};
use super::withheld::WithheldReason;
use crate::disclosure::{significant, within_error};
use crate::release_ledger::Ledger;

/// Columns in the unit of the estimate, and as exact as it.
const IN_UNIT: [&str; 7] = [
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "band_low",
    "band_high",
    "detectable",
];
/// Digits of other numbers.
const DIGITS: i32 = 3;
/// Half the width of an interval of 95 %, in standard errors.
const HALF_WIDTH: f64 = 1.959_964;

/// The rows of a statement as computed, as the rules of `--release` show them, and as they left before.
pub(super) struct StatementRows<'a> {
    pub(super) name: &'a str,
    pub(super) key: &'a [String],
    pub(super) computed: SmallTable,
    pub(super) shown: SmallTable,
    pub(super) earlier: &'a SmallTable,
}

impl StatementRows<'_> {
    /// The rows that may leave, by rising key.
    pub(super) fn released(self, preset: &Preset, ledger: &Ledger) -> MadeTable {
        let shown = self.shown.sorted_by(self.key);
        let computed = by_key(&self.computed, self.key);
        let earlier = by_key(self.earlier, self.key);
        let mut table = rounded(&shown, preset);
        let mut withheld: Vec<Option<WithheldReason>> = vec![None; table.n_rows()];
        let mut counts = Vec::new();
        for (row, withheld) in withheld.iter_mut().enumerate() {
            let key = shown.key(self.key, row);
            // Without counts there is nothing to judge the row by.
            let Some(&place) = computed.get(&key) else {
                self.hide(&mut table, row);
                *withheld = Some(WithheldReason::Protected);
                continue;
            };
            let own = counts_of(&self.computed, place);
            let before = ledger.counts(self.name, &key);
            if before.is_some_and(|before| differ_by_few(before, &own, preset.min_count)) {
                *withheld = Some(WithheldReason::AsBefore);
                match earlier.get(&key) {
                    Some(&place) => self.repeat(&mut table, row, place),
                    None => self.hide(&mut table, row),
                }
                continue;
            }
            if is_number_lost(&self.computed, place, &shown, row) {
                *withheld = Some(WithheldReason::Protected);
            }
            counts.push((key, own));
        }
        let words = withheld.into_iter();
        let words = words.map(|reason| reason.map(|reason| reason.word().to_owned()));
        table.names.push(WITHHELD.to_owned());
        table.columns.push(Column::Text(words.collect()));
        let mut review = self.computed.sorted_by(self.key);
        add_reasons(&mut review, &table, self.key);
        MadeTable {
            table,
            review,
            cells: Vec::new(),
            counts,
        }
    }

    /// Takes out everything of a row but its key.
    fn hide(&self, table: &mut SmallTable, row: usize) {
        for (name, column) in table.names.iter().zip(&mut table.columns) {
            if !self.key.contains(name) {
                column.clear(row);
            }
        }
    }

    /// Answers as before.
    fn repeat(&self, table: &mut SmallTable, row: usize, place: usize) {
        for (name, column) in table.names.iter().zip(&mut table.columns) {
            match self.earlier.column(name) {
                Some(earlier) => column.take(row, earlier, place),
                None => column.clear(row),
            }
        }
    }
}

/// Adds to the rows as computed why they are not shown so.
fn add_reasons(review: &mut SmallTable, table: &SmallTable, key: &[String]) {
    let places = by_key(table, key);
    let withheld = table.column(WITHHELD);
    let reason = |row: usize| {
        let place = places.get(&review.key(key, row))?;
        withheld.and_then(|withheld| withheld.text(*place))
    };
    let reasons = (0..review.n_rows()).map(reason).collect();
    let smallest = (0..review.n_rows())
        .map(|row| counts_of(review, row).into_iter().filter(|n| *n >= 0).min())
        .collect();
    for (name, column) in [
        ("smallest_count", Column::Whole(smallest)),
        (WITHHELD, Column::Text(reasons)),
    ] {
        review.names.push(name.to_owned());
        review.columns.push(column);
    }
}

/// The place of each row, by its key.
fn by_key(table: &SmallTable, key: &[String]) -> BTreeMap<String, usize> {
    let rows = 0..table.n_rows();
    rows.map(|row| (table.key(key, row), row)).collect()
}

/// Whether a column counts.
fn is_count(name: &str) -> bool {
    name.starts_with("n_")
}

/// The counts behind a row; −1 where there is none.
fn counts_of(table: &SmallTable, row: usize) -> Vec<i64> {
    let columns = table.names.iter().zip(&table.columns);
    let counts = columns.filter(|(name, _)| is_count(name));
    let counts = counts.filter_map(|(_, column)| match column {
        Column::Whole(values) => Some(values[row].unwrap_or(-1)),
        _ => None,
    });
    counts.collect()
}

/// Whether some count differs, and by fewer than may be shown.
fn differ_by_few(before: &[i64], now: &[i64], min_count: u64) -> bool {
    let differences = before.iter().zip(now).map(|(a, b)| a.abs_diff(*b));
    before.len() == now.len()
        && differences
            .into_iter()
            .any(|difference| difference > 0 && difference < min_count)
}

/// Whether a number of a row that was computed is not shown.
fn is_number_lost(computed: &SmallTable, place: usize, shown: &SmallTable, row: usize) -> bool {
    let columns = shown.names.iter().zip(&shown.columns);
    columns.into_iter().any(|(name, column)| {
        let before = computed.column(name);
        column.is_missing(row) && before.is_some_and(|before| !before.is_missing(place))
    })
}

/// Counts as multiples, estimates within their error, other numbers with three digits.
fn rounded(shown: &SmallTable, preset: &Preset) -> SmallTable {
    let errors: Vec<f64> = (0..shown.n_rows())
        .map(|row| error_of(shown, row))
        .collect();
    let mut table = shown.clone();
    for (name, column) in table.names.iter().zip(&mut table.columns) {
        match column {
            Column::Whole(values) if is_count(name) => {
                for value in values.iter_mut().flatten() {
                    let n = preset.round(value.unsigned_abs());
                    *value = i64::try_from(n).unwrap_or(i64::MAX);
                }
            }
            Column::Number(values) => {
                let in_unit = IN_UNIT.contains(&name.as_str());
                for (value, error) in values.iter_mut().zip(&errors) {
                    let round = |value: f64| match in_unit {
                        true => within_error(value, *error),
                        false => significant(value, DIGITS),
                    };
                    *value = value.map(round);
                }
            }
            _ => (),
        }
    }
    table
}

/// The standard error of a row, from its interval where no column has it; NaN where neither is known.
fn error_of(table: &SmallTable, row: usize) -> f64 {
    let number = |name: &str| match table.column(name) {
        Some(Column::Number(values)) => values[row].unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    let error = number("std_error");
    match error.is_nan() {
        true => (number("conf_high") - number("conf_low")) / (2.0 * HALF_WIDTH),
        false => error,
    }
}
