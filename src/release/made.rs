//! A table that is about to leave, and what has to be remembered of it.

use std::collections::BTreeMap;

use super::small_table::{Column, SmallTable};
use crate::release_ledger::DecidedCell;

/// The column that says why numbers of a row are not shown.
pub(super) const WITHHELD: &str = "withheld";

#[derive(Debug)]
pub(super) struct MadeTable {
    pub(super) table: SmallTable,
    /// What stands behind it, for review inside the secure area.
    pub(super) review: SmallTable,
    /// Its counts, those withheld too.
    pub(super) cells: Vec<DecidedCell>,
    /// Counts behind its estimates, by key of the row.
    pub(super) counts: Vec<(String, Vec<i64>)>,
}

/// The column of a review that says what became of a row since the last release.
const SINCE_LAST: &str = "since_last";

impl MadeTable {
    /// Says in the review of each row what became of it since `earlier` left: `new`, `changed` or `same`; nothing at a first release.
    pub(super) fn review_changes(&mut self, earlier: &SmallTable, key: &[String]) {
        let places = |table: &SmallTable| -> BTreeMap<String, usize> {
            let rows = 0..table.n_rows();
            rows.map(|row| (table.key(key, row), row)).collect()
        };
        let (before, now) = (places(earlier), places(&self.table));
        let since = |row: usize| {
            let key = self.review.key(key, row);
            let now = *now.get(&key)?;
            Some(match before.get(&key) {
                None => "new",
                Some(&before) => {
                    let columns = self.table.names.iter().zip(&self.table.columns);
                    let is_same = columns.into_iter().all(|(name, column)| {
                        let earlier = earlier.column(name);
                        earlier.is_some_and(|earlier| earlier.text(before) == column.text(now))
                    });
                    if is_same { "same" } else { "changed" }
                }
            })
        };
        let words = (0..self.review.n_rows()).map(|row| match earlier.n_rows() {
            0 => None,
            _ => since(row).map(str::to_owned),
        });
        let words = Column::Text(words.collect());
        self.review.names.push(SINCE_LAST.to_owned());
        self.review.columns.push(words);
    }

    /// Rows with numbers withheld, by reason.
    pub(super) fn withheld(&self) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        if let Some(Column::Text(words)) = self.table.column(WITHHELD) {
            for word in words.iter().flatten() {
                *reasons.entry(word.clone()).or_insert(0) += 1;
            }
        }
        reasons
    }
}
