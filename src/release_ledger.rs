//! What has left, as tables of the lake: `releases` has a row per release with its certificate, `release_cells` the persons behind
//! every count that left, `release_counts` the counts behind every estimate. They are written before anything leaves: what is cut
//! short in between counts as left.

mod answers;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{
    ArrayRef, AsArray as _, BinaryArray, BooleanArray, Int64Array, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use roaring::RoaringBitmap;

use crate::disclosure::RELEASED_PREFIX;
use crate::lake::{Lake, LakeError, LakeLock};

use rows::{batches, integers, persons_of, serialized, texts_of};

pub use answers::{Answers, RELEASE_ANSWERS, release_answers_schema};
pub use rows::{LedgerError, RELEASES};

/// Table of counts that left, and whom they count.
pub const RELEASE_CELLS: &str = "release_cells";
/// Table of the counts behind estimates that left.
pub const RELEASE_COUNTS: &str = "release_counts";

/// Whether a table of the lake was released or remembers releases.
#[must_use]
pub fn is_of_releases(table: &str) -> bool {
    let own = [RELEASES, RELEASE_CELLS, RELEASE_COUNTS, RELEASE_ANSWERS];
    table.starts_with(RELEASED_PREFIX) || own.contains(&table)
}

/// How long a statement or release waits for another that is being decided upon.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes the lock of what remembers releases, once it is free: what is decided upon is remembered before the next is.
///
/// # Errors
/// When it is not free for a minute.
pub fn lock(lake: &Lake) -> Result<LakeLock, LakeError> {
    let begun = Instant::now();
    loop {
        match lake.lock_releases() {
            // The system's lock waits without an end or not at all: it is asked for again and again.
            Err(LakeError::Locked) if begun.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(10));
            }
            locked => return locked,
        }
    }
}

/// A count that was decided upon.
#[derive(Debug, Clone, PartialEq)]
pub struct DecidedCell {
    /// What is counted, in which period: counts of one subject can be added up and subtracted.
    pub subject: String,
    /// Whom it counts.
    pub persons: RoaringBitmap,
    /// Whether it left; the others were withheld.
    pub has_left: bool,
}

/// One release, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEntry {
    /// Its number, from 1.
    pub release_id: i64,
    /// The definition.
    pub name: String,
    /// When, UTC.
    pub released_at: String,
    /// What it was made of; a release of the same is not made again.
    pub inputs_hash: String,
    /// The text of its certificate.
    pub certificate: String,
}

/// All that has left.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Releases by rising number.
    pub entries: Vec<ReleaseEntry>,
    cells: BTreeMap<String, Vec<(RoaringBitmap, bool)>>,
    /// Rows of `release_cells`.
    n_cells: i64,
    /// By name of the release and key of the row: the counts of the release that was last.
    counts: BTreeMap<(String, String), Vec<i64>>,
    last_id: i64,
}

impl Ledger {
    /// Reads what has left before release `before`; all of it for `None`.
    pub async fn load(lake: &Lake, before: Option<i64>) -> Result<Self, LedgerError> {
        let mut ledger = Self::default();
        let mut n_expected = 0;
        let is_before = |id: i64| before.is_none_or(|before| id < before);
        for batch in batches(lake, RELEASES).await? {
            let ids = integers(&batch, "release_id", RELEASES)?;
            let n_cells = integers(&batch, "n_cells", RELEASES)?;
            n_expected = n_cells.iter().flatten().fold(n_expected, i64::max);
            let texts = ["name", "released_at", "inputs_hash", "certificate"];
            let texts = texts.map(|name| texts_of(&batch, name, RELEASES));
            let [names, times, inputs, certificates] = texts;
            let (names, times, inputs, certificates) = (names?, times?, inputs?, certificates?);
            for row in (0..batch.num_rows()).filter(|row| is_before(ids.value(*row))) {
                ledger.entries.push(ReleaseEntry {
                    release_id: ids.value(row),
                    name: names.value(row).to_owned(),
                    released_at: times.value(row).to_owned(),
                    inputs_hash: inputs.value(row).to_owned(),
                    certificate: certificates.value(row).to_owned(),
                });
                ledger.last_id = ledger.last_id.max(ids.value(row));
            }
        }
        ledger.entries.sort_by_key(|entry| entry.release_id);

        for batch in batches(lake, RELEASE_CELLS).await? {
            ledger.n_cells += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
            let ids = integers(&batch, "release_id", RELEASE_CELLS)?;
            let subjects = texts_of(&batch, "subject", RELEASE_CELLS)?;
            let damaged = || LedgerError::Damaged {
                table: RELEASE_CELLS,
            };
            let persons = persons_of(&batch, RELEASE_CELLS)?.into_iter();
            let has_left = batch.column_by_name("has_left").ok_or_else(damaged)?;
            let has_left = cast(has_left, &DataType::Boolean).map_err(|_| damaged())?;
            let has_left = has_left.as_boolean();
            for (row, set) in persons
                .enumerate()
                .filter(|(row, _)| is_before(ids.value(*row)))
            {
                // Cells of a release that was cut short count as left, and its number is not given again.
                ledger.add_cell(subjects.value(row), set, has_left.value(row));
                ledger.last_id = ledger.last_id.max(ids.value(row));
            }
        }
        // A table that was lost or set back would forget what has left.
        if ledger.n_cells < n_expected {
            return Err(LedgerError::Damaged {
                table: RELEASE_CELLS,
            });
        }
        ledger.load_counts(lake, &is_before).await?;
        Ok(ledger)
    }

    async fn load_counts(
        &mut self,
        lake: &Lake,
        is_before: &impl Fn(i64) -> bool,
    ) -> Result<(), LedgerError> {
        let mut found = Vec::new();
        for batch in batches(lake, RELEASE_COUNTS).await? {
            let ids = integers(&batch, "release_id", RELEASE_COUNTS)?;
            let names = texts_of(&batch, "name", RELEASE_COUNTS)?;
            let keys = texts_of(&batch, "row_key", RELEASE_COUNTS)?;
            let counts = texts_of(&batch, "counts", RELEASE_COUNTS)?;
            for row in (0..batch.num_rows()).filter(|row| is_before(ids.value(*row))) {
                let counts: Result<Vec<i64>, _> =
                    counts.value(row).split(' ').map(str::parse).collect();
                let counts = counts.map_err(|_| LedgerError::Damaged {
                    table: RELEASE_COUNTS,
                })?;
                let key = (names.value(row).to_owned(), keys.value(row).to_owned());
                found.push((ids.value(row), key, counts));
            }
        }
        // The table may have its rows in any order; what is inserted last counts.
        found.sort_by_key(|(id, _, _)| *id);
        for (id, key, counts) in found {
            self.last_id = self.last_id.max(id);
            self.counts.insert(key, counts);
        }
        Ok(())
    }

    /// Remembers the counts behind a row.
    pub(crate) fn remember_counts(&mut self, name: &str, key: &str, counts: Vec<i64>) {
        let key = (name.to_owned(), key.to_owned());
        self.counts.insert(key, counts);
    }

    /// The number of the next release.
    pub fn next_id(&self) -> i64 {
        self.last_id + 1
    }

    /// The last release of `name`.
    pub fn last(&self, name: &str) -> Option<&ReleaseEntry> {
        self.entries.iter().rev().find(|entry| entry.name == name)
    }

    /// The counts of a subject that were decided upon: whom they count, and whether they left.
    pub fn cells(&self, subject: &str) -> &[(RoaringBitmap, bool)] {
        self.cells.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Subjects that begin with `base` and a bar, with what was decided upon.
    pub fn subjects_about(
        &self,
        base: &str,
    ) -> impl Iterator<Item = (&str, &[(RoaringBitmap, bool)])> {
        let start = format!("{base}|");
        let found = self.cells.range(start.clone()..);
        let found = found.take_while(move |(subject, _)| subject.starts_with(&start));
        found.map(|(subject, cells)| (subject.as_str(), cells.as_slice()))
    }

    /// The counts behind a row when it was last released.
    pub fn counts(&self, name: &str, key: &str) -> Option<&[i64]> {
        let key = (name.to_owned(), key.to_owned());
        self.counts.get(&key).map(Vec::as_slice)
    }

    /// Remembers a cell, unless the same was decided upon before. Returns whether it is new.
    fn add_cell(&mut self, subject: &str, persons: RoaringBitmap, has_left: bool) -> bool {
        let known = self.cells.entry(subject.to_owned()).or_default();
        let n = persons.len();
        let same = known.iter_mut();
        // The sizes tell nearly all sets apart.
        let same = same.filter(|(other, _)| other.len() == n);
        for (other, other_left) in same {
            if *other == persons {
                let is_new = has_left && !*other_left;
                *other_left |= has_left;
                return is_new;
            }
        }
        known.push((persons, has_left));
        true
    }

    /// Writes what is about to leave, before it does.
    pub async fn remember(
        &mut self,
        lake: &Lake,
        entry: ReleaseEntry,
        cells: Vec<DecidedCell>,
        counts: &[(String, Vec<i64>)],
    ) -> Result<(), LedgerError> {
        self.write_cells(lake, entry.release_id, cells).await?;
        if !counts.is_empty() {
            let texts = counts.iter().map(|(_, counts)| {
                let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
                counts.join(" ")
            });
            let keys = counts.iter().map(|(key, _)| key.as_str());
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(vec![entry.release_id; counts.len()])),
                Arc::new(StringArray::from(vec![entry.name.as_str(); counts.len()])),
                Arc::new(StringArray::from_iter_values(keys)),
                Arc::new(StringArray::from_iter_values(texts)),
            ];
            lake.append_columns(RELEASE_COUNTS, release_counts_schema(), columns)
                .await?;
        }
        // The release's row comes last, with the numbers of rows that must be there: fewer mean that some are lost.
        let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![entry.release_id])),
            text(&entry.name),
            text(&entry.released_at),
            text(&entry.inputs_hash),
            text(&entry.certificate),
            Arc::new(Int64Array::from(vec![self.n_cells])),
            Arc::new(Int64Array::from(vec![Answers::count(lake).await?])),
        ];
        lake.append_columns(RELEASES, releases_schema(), columns)
            .await?;
        for (key, counts) in counts {
            self.remember_counts(&entry.name, key, counts.clone());
        }
        self.last_id = entry.release_id;
        self.entries.push(entry);
        Ok(())
    }

    async fn write_cells(
        &mut self,
        lake: &Lake,
        release_id: i64,
        cells: Vec<DecidedCell>,
    ) -> Result<(), LedgerError> {
        let mut subjects = Vec::new();
        let mut sets: Vec<Vec<u8>> = Vec::new();
        let mut left = Vec::new();
        for cell in cells {
            let bytes = serialized(&cell.persons)?;
            if self.add_cell(&cell.subject, cell.persons, cell.has_left) {
                left.push(cell.has_left);
                subjects.push(cell.subject);
                sets.push(bytes);
            }
        }
        if !subjects.is_empty() {
            self.n_cells += i64::try_from(subjects.len()).unwrap_or(i64::MAX);
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(vec![release_id; subjects.len()])),
                Arc::new(StringArray::from(subjects)),
                Arc::new(BinaryArray::from_iter_values(sets)),
                Arc::new(BooleanArray::from(left)),
            ];
            lake.append_columns(RELEASE_CELLS, release_cells_schema(), columns)
                .await?;
        }
        Ok(())
    }
}

/// Columns of `releases`.
#[must_use]
pub fn releases_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("release_id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("released_at", DataType::Utf8, true),
        Field::new("inputs_hash", DataType::Utf8, true),
        Field::new("certificate", DataType::Utf8, true),
        Field::new("n_cells", DataType::Int64, true),
        Field::new("n_answers", DataType::Int64, true),
    ]))
}

/// Columns of `release_cells`.
#[must_use]
pub fn release_cells_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("release_id", DataType::Int64, true),
        Field::new("subject", DataType::Utf8, true),
        Field::new("persons", DataType::Binary, true),
        Field::new("has_left", DataType::Boolean, true),
    ]))
}

/// Columns of `release_counts`.
#[must_use]
pub fn release_counts_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("release_id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("row_key", DataType::Utf8, true),
        Field::new("counts", DataType::Utf8, true),
    ]))
}
