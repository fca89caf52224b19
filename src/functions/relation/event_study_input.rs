//! The input of relations over an event study: event times, estimates, and their covariance matrix, as columns or as one row per pair
//! of event times.

use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::numbers::{push_numbers, push_times};
use super::relation_error::{ColumnName, RelationError};
use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{Covariance, EventStudy};

/// Arguments of a call over estimates.
pub(super) const OF_ESTIMATES: [ArgumentDefinition; 5] = [
    optional(
        "event_time",
        ArgumentKind::Column(ColumnRole::Period),
        "of a table of estimates: periods since exposure, one row each; rows without one are left out, as that of an overall \
         estimate",
    ),
    optional(
        "estimate",
        ArgumentKind::Column(ColumnRole::Number),
        "the effect at that event time",
    ),
    optional(
        "covariance",
        ArgumentKind::Columns(ColumnRole::Number),
        "the columns of the estimates' covariance matrix, [c1, c2, …]: one per event time, in their order; with \
         `with_event_time` the one column of covariances",
    ),
    optional(
        "with_event_time",
        ArgumentKind::Column(ColumnRole::Period),
        "where a row is a pair of event times, as from `event_study_vcov`: the second of them",
    ),
    REFERENCE,
];
const REFERENCE: ArgumentDefinition = optional(
    "reference",
    ArgumentKind::Integer,
    "the event time whose effect is zero by construction; default -1. It needs no row",
);

/// Which columns hold an event study.
#[derive(Debug)]
pub(super) struct EventStudyColumns {
    inputs: Vec<usize>,
    names: Vec<ColumnName>,
    /// Whether a row is a pair of event times, the second of them in the last column.
    is_long: bool,
    reference: i32,
}

impl EventStudyColumns {
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let required = |name: &'static str| {
            bound.optional_column(name).ok_or(ArgumentProblem::Missing {
                name,
                hint: "; for a panel in place of estimates, give `outcome`, `unit`, `time` and `cohort`",
            })
        };
        let mut inputs = vec![required("event_time")?, required("estimate")?];
        required("covariance")?;
        inputs.extend_from_slice(bound.columns("covariance"));
        let with = bound.optional_column("with_event_time");
        if with.is_some() && inputs.len() != 3 {
            return Err(ArgumentProblem::Invalid {
                name: "covariance",
                message: "must be one column where `with_event_time` says what it is with"
                    .to_owned(),
            });
        }
        inputs.extend(with);
        let names = inputs.iter().map(|&index| ColumnName {
            relation,
            column: bound.input().field(index).name().clone(),
        });
        let reference = bound.integer("reference").unwrap_or(-1);
        let reference = i32::try_from(reference).map_err(|_| ArgumentProblem::Invalid {
            name: "reference",
            message: "must be an event time".to_owned(),
        })?;
        Ok(Self {
            names: names.collect(),
            inputs,
            is_long: with.is_some(),
            reference,
        })
    }

    pub(super) fn input_columns(&self) -> Vec<usize> {
        self.inputs.clone()
    }

    pub(super) fn gather(&self) -> EventStudyRows {
        EventStudyRows {
            names: self.names.clone(),
            reference: self.reference,
            event_times: Vec::new(),
            with: self.is_long.then(Vec::new),
            is_placed: Vec::new(),
            numbers: vec![Vec::new(); self.names.len() - 1 - usize::from(self.is_long)],
        }
    }
}

/// The rows of an event study.
pub(super) struct EventStudyRows {
    names: Vec<ColumnName>,
    reference: i32,
    event_times: Vec<i32>,
    /// The second event time of the pair, where a row is one.
    with: Option<Vec<i32>>,
    /// NaN where a row has no event time.
    is_placed: Vec<f64>,
    /// Estimates, then the columns of the covariance matrix.
    numbers: Vec<Vec<f64>>,
}

impl EventStudyRows {
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let placed = self.is_placed.len() + batch.num_rows();
        self.is_placed.resize(placed, 1.0);
        push_times(
            &self.names[0],
            batch.column(0),
            std::slice::from_mut(&mut self.is_placed),
            &mut self.event_times,
        )?;
        if let (Some(with), Some(name)) = (&mut self.with, self.names.last()) {
            let array = batch.column(batch.num_columns() - 1);
            push_times(name, array, std::slice::from_mut(&mut self.is_placed), with)?;
        }
        let arrays = batch.columns()[1..].iter();
        for ((name, numbers), array) in self.names[1..].iter().zip(&mut self.numbers).zip(arrays) {
            push_numbers(name, array, numbers)?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.event_times.len()
            * (2 * size_of::<i32>() + size_of::<f64>() * (1 + self.numbers.len()))
    }

    /// The study; `None` without any estimate.
    pub(super) fn into_study(self) -> Result<Option<EventStudy>, RelationError> {
        let known = self.is_placed.iter().zip(&self.numbers[0]);
        let mut known = known.filter(|(placed, estimate)| !placed.is_nan() && !estimate.is_nan());
        match known.next() {
            Some(_) => self.whole_study().map(Some),
            None => Ok(None),
        }
    }

    fn whole_study(self) -> Result<EventStudy, RelationError> {
        let relation = self.names[0].relation;
        let refused = |source| RelationError::Refused { relation, source };
        if let Some(with) = &self.with {
            return self.of_pairs(with).map_err(refused);
        }
        let mut rows: Vec<usize> = (0..self.event_times.len())
            .filter(|&row| !self.is_placed[row].is_nan())
            .collect();
        rows.sort_by_key(|&row| self.event_times[row]);
        let (estimates, columns) = self.numbers.split_at(1);
        // The reference has a row of zeros and no column, or neither, or both.
        if rows.len() == columns.len() + 1 {
            rows.retain(|&row| self.event_times[row] != self.reference);
        }
        if rows.len() != columns.len() {
            return Err(refused(EstimatorError::CovarianceSize {
                n_columns: columns.len(),
                n_estimates: rows.len(),
            }));
        }
        let event_times: Vec<i32> = rows.iter().map(|&row| self.event_times[row]).collect();
        let estimates: Vec<f64> = rows.iter().map(|&row| estimates[0][row]).collect();
        let covariance = Covariance::from_fn(rows.len(), rows.len(), |row, column| {
            columns[column][rows[row]]
        });
        EventStudy::try_new(&event_times, &estimates, &covariance, self.reference).map_err(refused)
    }

    /// The study of rows that are pairs of event times: each pair once, in either order or both.
    fn of_pairs(&self, with: &[i32]) -> Result<EventStudy, EstimatorError> {
        let rows: Vec<usize> = (0..self.event_times.len())
            .filter(|&row| !self.is_placed[row].is_nan())
            .collect();
        let mut event_times: Vec<i32> = rows.iter().map(|&row| self.event_times[row]).collect();
        event_times.sort_unstable();
        event_times.dedup();
        let n = event_times.len();
        let place = |event_time: i32| event_times.binary_search(&event_time).ok();
        let mut estimates: Vec<Option<f64>> = vec![None; n];
        let mut pairs: Vec<Option<f64>> = vec![None; n * n];
        for row in rows {
            let event_time = self.event_times[row];
            let missing = |event_time| EstimatorError::MissingEstimate { event_time };
            let own = place(event_time).ok_or_else(|| missing(event_time))?;
            let other = place(with[row]).ok_or_else(|| missing(with[row]))?;
            let pair = &mut pairs[own * n + other];
            let known = estimates[own].get_or_insert(self.numbers[0][row]);
            let is_same = known.total_cmp(&self.numbers[0][row]).is_eq();
            if pair.replace(self.numbers[1][row]).is_some() || !is_same {
                return Err(EstimatorError::RepeatedEventTime { event_time });
            }
        }
        let covariance = Covariance::from_fn(n, n, |a, b| {
            let both = pairs[a * n + b].or(pairs[b * n + a]);
            both.unwrap_or(f64::NAN)
        });
        let estimates: Vec<f64> = estimates.into_iter().flatten().collect();
        EventStudy::try_new(&event_times, &estimates, &covariance, self.reference)
    }
}

/// The numbers of a text like '0, 0.5, 1'.
pub(super) fn numbers_of(name: &'static str, text: &str) -> Result<Vec<f64>, ArgumentProblem> {
    let numbers = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let numbers = numbers.map(|part| part.parse::<f64>().ok().filter(|number| number.is_finite()));
    numbers
        .collect::<Option<_>>()
        .ok_or_else(|| ArgumentProblem::Invalid {
            name,
            message: "must be numbers with commas between them, like '0, 0.5, 1'".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::numbers_of;

    #[test]
    fn lists_of_numbers_are_read_or_refused() {
        assert_eq!(numbers_of("bounds", "0, 0.5,1 "), Ok(vec![0.0, 0.5, 1.0]));
        assert_eq!(numbers_of("bounds", " "), Ok(Vec::new()));
        for text in ["a", "1; 2", "1 2", "inf", "NaN"] {
            assert!(numbers_of("bounds", text).is_err(), "{text}");
        }
    }
}
