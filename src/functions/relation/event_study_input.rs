//! The input of relations over an event study: event times, estimates, and the columns of their covariance matrix.

use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::numbers::{push_numbers, push_times};
use super::relation_error::{ColumnName, RelationError};
use korabo_estimators::EstimatorError;
use korabo_estimators::sensitivity::{Covariance, EventStudy};

pub(super) const EVENT_TIME: ArgumentDefinition = required(
    "event_time",
    ColumnRole::Period,
    "periods since exposure, one row each; rows without one are left out, as that of an overall estimate",
);
pub(super) const ESTIMATE: ArgumentDefinition = required(
    "estimate",
    ColumnRole::Number,
    "the effect at that event time",
);
pub(super) const COVARIANCE: ArgumentDefinition = ArgumentDefinition {
    name: "covariance",
    kind: ArgumentKind::Columns(ColumnRole::Number),
    required: true,
    description: "the columns of the estimates' covariance matrix, [c1, c2, …]: one per event time, in their order",
};
pub(super) const REFERENCE: ArgumentDefinition = optional(
    "reference",
    ArgumentKind::Integer,
    "the event time whose effect is zero by construction; default -1. It needs no row",
);

/// Which columns hold an event study.
#[derive(Debug)]
pub(super) struct EventStudyColumns {
    inputs: Vec<usize>,
    names: Vec<ColumnName>,
    reference: i32,
}

impl EventStudyColumns {
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let mut inputs = vec![
            bound.required_column("event_time")?,
            bound.required_column("estimate")?,
        ];
        inputs.extend_from_slice(bound.columns("covariance"));
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
            is_placed: Vec::new(),
            numbers: vec![Vec::new(); self.names.len() - 1],
        }
    }
}

/// The rows of an event study.
pub(super) struct EventStudyRows {
    names: Vec<ColumnName>,
    reference: i32,
    event_times: Vec<i32>,
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
        let arrays = batch.columns()[1..].iter();
        for ((name, numbers), array) in self.names[1..].iter().zip(&mut self.numbers).zip(arrays) {
            push_numbers(name, array, numbers)?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.event_times.len() * (size_of::<i32>() + size_of::<f64>() * (1 + self.numbers.len()))
    }

    pub(super) fn into_study(self) -> Result<EventStudy, RelationError> {
        let relation = self.names[0].relation;
        let refused = |source| RelationError::Refused { relation, source };
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
