//! What statements with `--release` told: of whom, and to whom. Read for each such statement, so it is apart from the tables of
//! releases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use datafusion::arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use roaring::RoaringBitmap;

use super::rows::{
    LedgerError, RELEASES, batches, integers, n_rows, persons_of, serialized, texts_of,
};
use crate::lake::Lake;

/// Table of the sets of persons that statements told numbers of.
pub const RELEASE_ANSWERS: &str = "release_answers";

/// All that statements told.
#[derive(Debug, Default)]
pub struct Answers {
    /// Each set of persons once.
    pub sets: Vec<RoaringBitmap>,
    n_by_user: BTreeMap<String, usize>,
    last_id: i64,
}

impl Answers {
    /// Reads what was told.
    ///
    /// # Errors
    /// When it cannot be read, or less of it is there than when a table was last released.
    pub async fn load(lake: &Lake) -> Result<Self, LedgerError> {
        let damaged = || LedgerError::Damaged {
            table: RELEASE_ANSWERS,
        };
        // Each release notes how many rows this table had: fewer now means that some are lost.
        let mut n_expected = 0;
        for batch in batches(lake, RELEASES).await? {
            let known = integers(&batch, "n_answers", RELEASES)?;
            n_expected = known.iter().flatten().fold(n_expected, i64::max);
        }
        let mut answers = Self::default();
        let mut told: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        let mut n_found = 0;
        for batch in batches(lake, RELEASE_ANSWERS).await? {
            let ids = integers(&batch, "answer_id", RELEASE_ANSWERS)?;
            let users = texts_of(&batch, "told_to", RELEASE_ANSWERS)?;
            let persons = persons_of(&batch, RELEASE_ANSWERS)?;
            for (row, set) in persons.into_iter().enumerate() {
                let user = users.value(row).to_owned();
                told.entry(user).or_default().insert(ids.value(row));
                answers.last_id = answers.last_id.max(ids.value(row));
                answers.sets.push(set);
                n_found += 1;
            }
        }
        if n_found < n_expected {
            return Err(damaged());
        }
        let n_by_user = told.into_iter().map(|(user, ids)| (user, ids.len()));
        answers.n_by_user = n_by_user.collect();
        Ok(answers)
    }

    /// How many answers told `user` of persons of whom no user had been told before.
    #[must_use]
    pub fn n_told_to(&self, user: &str) -> usize {
        self.n_by_user.get(user).copied().unwrap_or(0)
    }

    /// Of these sets those that were not told before, each once.
    #[must_use]
    pub fn new_among(&self, sets: impl IntoIterator<Item = RoaringBitmap>) -> Vec<RoaringBitmap> {
        let mut new: Vec<RoaringBitmap> = Vec::new();
        for set in sets {
            if !self.sets.contains(&set) && !new.contains(&set) {
                new.push(set);
            }
        }
        new
    }

    /// Writes that `user` is about to be told of `sets`.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub async fn remember(
        &self,
        lake: &Lake,
        user: &str,
        sets: &[RoaringBitmap],
    ) -> Result<(), LedgerError> {
        if sets.is_empty() {
            return Ok(());
        }
        let n = sets.len();
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let bytes = sets.iter().map(serialized).collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![self.last_id + 1; n])),
            Arc::new(StringArray::from(vec![now.as_str(); n])),
            Arc::new(StringArray::from(vec![user; n])),
            Arc::new(BinaryArray::from_iter_values(bytes)),
        ];
        lake.append_columns(RELEASE_ANSWERS, release_answers_schema(), columns)
            .await?;
        Ok(())
    }

    /// How many rows the table has, for a release to remember.
    pub(super) async fn count(lake: &Lake) -> Result<i64, LedgerError> {
        n_rows(lake, RELEASE_ANSWERS).await
    }
}

/// Columns of `release_answers`.
#[must_use]
pub fn release_answers_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("answer_id", DataType::Int64, true),
        Field::new("told_at", DataType::Utf8, true),
        Field::new("told_to", DataType::Utf8, true),
        Field::new("persons", DataType::Binary, true),
    ]))
}
