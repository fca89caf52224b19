//! The rows of `levels`, gathered in as little memory as can be: it is called with all indicators of a project at once.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray, new_null_array};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use super::definition::Gather;
use super::labels::{LabelColumn, LabelLevels, MISSING_CODE};
use super::levels_call::{LevelsCall, NAME};
use super::numbers::push_numbers;
use super::panel_rows::MOST_LEVELS;
use super::relation_error::{ColumnName, RelationError};
use super::result::{counts, numbers, texts};
use korabo_estimators::EstimatorError;
use korabo_estimators::levels::{By, Level, LevelDesign, LevelOutcome, levels};

/// Most combinations of the columns of `strata`.
const MOST_STRATA: usize = 100_000;

/// Rows while they are gathered.
pub(super) struct LevelsGather {
    call: LevelsCall,
    outcomes: Vec<LevelOutcome>,
    standard: Vec<f64>,
    /// Time, cluster, strata, by.
    labels: Vec<LabelColumn>,
    n_rows: usize,
}

impl LevelsGather {
    pub(super) fn new(call: LevelsCall) -> Self {
        let outcome = |is_yes_no: &bool| match is_yes_no {
            true => LevelOutcome::YesNo(Vec::new()),
            false => LevelOutcome::Numbers(Vec::new()),
        };
        let n_numbers = call.n_outcomes() + usize::from(call.has_standard);
        let labels = call.names[n_numbers..].iter();
        Self {
            outcomes: call.is_yes_no.iter().map(outcome).collect(),
            standard: Vec::new(),
            labels: labels.cloned().map(LabelColumn::new).collect(),
            n_rows: 0,
            call,
        }
    }
}

impl Gather for LevelsGather {
    fn reserve(&mut self, n_rows: usize) {
        for outcome in &mut self.outcomes {
            match outcome {
                LevelOutcome::YesNo(values) => values.reserve(n_rows),
                LevelOutcome::Numbers(values) => values.reserve(n_rows),
            }
        }
        for labels in &mut self.labels {
            labels.reserve(n_rows);
        }
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.n_rows += batch.num_rows();
        let mut columns = self.call.names.iter().zip(batch.columns());
        for (outcome, (name, array)) in self.outcomes.iter_mut().zip(&mut columns) {
            match outcome {
                LevelOutcome::YesNo(values) => push_yes_no(name, array, values)?,
                LevelOutcome::Numbers(values) => push_numbers(name, array, values)?,
            }
        }
        if self.call.has_standard
            && let Some((name, array)) = columns.next()
        {
            push_numbers(name, array, &mut self.standard)?;
        }
        for (labels, (_, array)) in self.labels.iter_mut().zip(columns) {
            labels.push(array)?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let outcome = |outcome: &LevelOutcome| match outcome {
            LevelOutcome::YesNo(values) => values.len(),
            LevelOutcome::Numbers(values) => values.len() * size_of::<f64>(),
        };
        self.outcomes.iter().map(outcome).sum::<usize>()
            + self.standard.len() * size_of::<f64>()
            + self.labels.iter().map(LabelColumn::bytes).sum::<usize>()
    }

    /// Codes of the labels, and the rows in the order of one column of `by` at a time; outcomes are not copied.
    fn needed(&self) -> usize {
        let codes = (self.labels.len() + 10) * size_of::<u32>();
        self.bytes()
            .saturating_add(self.n_rows.saturating_mul(codes))
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let n_rows = self.n_rows;
        let Self {
            call,
            outcomes,
            standard,
            labels,
            ..
        } = *self;
        let mut labels = labels.into_iter();
        let time = labels.next_if_asked(call.has_time);
        let (time, periods) = match time.map(LabelColumn::into_codes) {
            Some((codes, LabelLevels::Integers(periods))) => (codes, periods),
            // A column that is NULL throughout has no periods.
            Some((codes, LabelLevels::Texts(_))) => (codes, Vec::new()),
            None => (vec![0; n_rows], vec![0]),
        };
        let cluster = match labels.next_if_asked(call.has_cluster) {
            Some(labels) => labels.into_codes().0,
            None => (0..n_rows).map(|row| row as u32).collect(),
        };
        let strata = labels.by_ref().take(call.n_strata);
        let strata = strata.map(|own| own.into_codes().0).collect::<Vec<_>>();
        let standard = call.has_standard.then_some(standard.as_slice());
        let design = combined(&strata, n_rows)
            .and_then(|stratum| LevelDesign::try_new(stratum, cluster, standard));
        let made = LevelsMade {
            design: design.map_err(|source| RelationError::Refused {
                relation: NAME,
                source,
            })?,
            call,
            outcomes,
            time,
            periods,
        };
        let mut batches = vec![made.batch(None, std::slice::from_ref(&None))?];
        for by in labels {
            batches.push(made.batch_by(by)?);
        }
        concat_batches(&made.call.result_schema(), &batches).map_err(rows_error)
    }
}

trait NextIfAsked: Iterator {
    fn next_if_asked(&mut self, is_asked: bool) -> Option<Self::Item>;
}

impl<I: Iterator> NextIfAsked for I {
    fn next_if_asked(&mut self, is_asked: bool) -> Option<Self::Item> {
        is_asked.then(|| self.next()).flatten()
    }
}

/// What all rows of the result are made from.
struct LevelsMade {
    call: LevelsCall,
    design: LevelDesign,
    outcomes: Vec<LevelOutcome>,
    time: Vec<u32>,
    periods: Vec<i64>,
}

impl LevelsMade {
    /// The rows of the levels of one column.
    fn batch_by(&self, by: LabelColumn) -> Result<RecordBatch, RelationError> {
        let column = by.column_name().to_owned();
        let (codes, words) = by.into_words();
        if words.len() > MOST_LEVELS {
            return Err(RelationError::TooManyLevels {
                relation: NAME,
                argument: "by",
                column,
                n_levels: words.len(),
                limit: MOST_LEVELS,
            });
        }
        let words: Vec<Option<String>> = words.into_iter().map(Some).collect();
        self.batch(Some((&column, &codes)), &words)
    }

    /// The rows of some levels, or of the whole where there is no column: by level, outcome and period.
    fn batch(
        &self,
        by: Option<(&str, &[u32])>,
        words: &[Option<String>],
    ) -> Result<RecordBatch, RelationError> {
        let n_periods = self.periods.len();
        let levels_of = by.map(|(_, level)| By {
            level,
            n_levels: words.len(),
        });
        let groups = self.design.grouped(levels_of, &self.time, n_periods);
        let found: Vec<Vec<Level>> = self
            .outcomes
            .par_iter()
            .map(|outcome| levels(&self.design, &groups, outcome, self.call.options))
            .collect();
        let mut rows: Vec<(&Option<String>, &str, i64, Level)> = Vec::new();
        for (place, word) in words.iter().enumerate() {
            for (outcome, found) in found.iter().enumerate() {
                let of_level = &found[place * n_periods..][..n_periods];
                let name = self.call.names[outcome].column.as_str();
                let periods = self.periods.iter().zip(of_level);
                rows.extend(periods.map(|(&period, &level)| (word, name, period, level)));
            }
        }
        self.columns(by.map(|(column, _)| column), &rows)
    }

    fn columns(
        &self,
        by: Option<&str>,
        rows: &[(&Option<String>, &str, i64, Level)],
    ) -> Result<RecordBatch, RelationError> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        if self.call.n_by > 0 {
            columns.push(match by {
                Some(by) => texts(rows.iter().map(|_| by)),
                None => new_null_array(&DataType::Utf8, rows.len()),
            });
            let words = rows.iter().map(|(word, ..)| word.as_deref());
            columns.push(Arc::new(words.collect::<StringArray>()));
        }
        if self.call.names_outcome {
            columns.push(texts(rows.iter().map(|(_, outcome, ..)| *outcome)));
        }
        if self.call.has_time {
            let periods = rows.iter().map(|(_, _, period, _)| *period);
            columns.push(Arc::new(Int64Array::from_iter_values(periods)));
        }
        let number = |get: fn(&Level) -> f64| numbers(rows.iter().map(|row| get(&row.3)));
        let count = |get: fn(&Level) -> u64| counts(rows.iter().map(|row| get(&row.3)));
        columns.extend([
            number(|own| own.value),
            number(|own| own.standardised),
            number(|own| own.std_error),
            number(|own| own.conf_low),
            number(|own| own.conf_high),
            number(|own| own.standard_share),
            count(|own| own.n_units),
            count(|own| own.n_clusters),
            texts(rows.iter().map(|row| row.3.status.as_str())),
        ]);
        RecordBatch::try_new(self.call.result_schema(), columns).map_err(rows_error)
    }
}

fn rows_error(source: ArrowError) -> RelationError {
    RelationError::Rows {
        relation: NAME,
        source,
    }
}

/// Appends a yes/no column; missing becomes −1.
fn push_yes_no(
    name: &ColumnName,
    array: &ArrayRef,
    out: &mut Vec<i8>,
) -> Result<(), RelationError> {
    let plain = cast(array, &DataType::Boolean)
        .map_err(|_| name.wrong_type("yes/no", array.data_type()))?;
    let values = plain.as_boolean().iter();
    out.extend(values.map(|value| value.map_or(-1, i8::from)));
    Ok(())
}

/// A code for every combination of columns of codes; a row without one of them has none. One code for all rows without columns.
fn combined(columns: &[Vec<u32>], n_rows: usize) -> Result<Vec<u32>, EstimatorError> {
    let mut found = vec![0_u32; n_rows];
    let mut n_found = 1;
    for column in columns {
        let known = column.iter().filter(|code| **code != MISSING_CODE).max();
        let n_own = known.map_or(1, |last| *last as usize + 1);
        n_found = match usize::checked_mul(n_found, n_own) {
            Some(n) if n <= MOST_STRATA => n,
            _ => {
                return Err(EstimatorError::TooMany {
                    what: "strata",
                    found: n_found.saturating_mul(n_own) as u64,
                    limit: MOST_STRATA as u64,
                });
            }
        };
        for (found, &own) in found.iter_mut().zip(column) {
            *found = match *found == MISSING_CODE || own == MISSING_CODE {
                true => MISSING_CODE,
                false => *found * n_own as u32 + own,
            };
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::combined;

    #[test]
    fn strata_are_combinations_and_need_all_columns() {
        assert_eq!(combined(&[], 2).unwrap(), [0, 0]);
        let columns = [vec![0, 1, 1, u32::MAX], vec![0, 2, 0, 1]];
        assert_eq!(combined(&columns, 4).unwrap(), [0, 5, 3, u32::MAX]);
        assert!(combined(&[(0..1000).collect(), (0..1000).collect()], 1000).is_err());
    }
}
