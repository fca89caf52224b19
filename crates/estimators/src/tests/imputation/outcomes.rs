//! Several outcomes in one call are the calls for each, to the last bit, whatever the panel has.

use super::properties::samples;
use super::{ALL, window};
use crate::EstimatorError;
use crate::imputation::{
    ImputationColumns, ImputationOptions, ImputationResult, did_imputation, did_imputation_outcomes,
};

/// Further outcomes of the same rows: of another shape, with a large mean, and without variance.
fn others(outcome: &[f64]) -> Vec<Vec<f64>> {
    let shapes: [fn(f64) -> f64; 4] = [
        |y| (12.9898 * y).sin(),
        |y| y * y - 3.0,
        |y| 1.0e6 - y,
        |y| 0.0 * y,
    ];
    let shaped = |shape: &fn(f64) -> f64| outcome.iter().map(|&y| shape(y)).collect();
    shapes.iter().map(shaped).collect()
}

/// Everything a result has; numbers in full, so that equality means equality to the last digit.
fn text(result: &ImputationResult) -> String {
    format!("{result:?}")
}

#[track_caller]
fn check(name: &str, columns: &ImputationColumns, options: &ImputationOptions) {
    let others = others(&columns.panel.outcome);
    let together = did_imputation_outcomes(columns.clone(), &others, options).unwrap();
    assert_eq!(together.len(), 5);
    let all = [std::slice::from_ref(&columns.panel.outcome), &others].concat();
    for (index, (outcome, found)) in all.into_iter().zip(&together).enumerate() {
        let mut alone = columns.clone();
        alone.panel.outcome = outcome;
        let alone = did_imputation(alone, options).unwrap();
        assert_eq!(text(found), text(&alone), "{name}, outcome {index}");
    }
    let mut rows = together[0].rows.iter();
    let has_numbers = rows.any(|row| row.estimate.estimate.is_finite());
    assert_eq!(
        has_numbers,
        text(&together[0]) != text(&together[1]),
        "{name}"
    );
}

/// The sample with holes of their own in the outcome.
fn with_holes(mut columns: ImputationColumns) -> ImputationColumns {
    let panel = &mut columns.panel;
    for (row, value) in panel.outcome.iter_mut().enumerate() {
        if row % 7 == 3 {
            *value = f64::NAN;
        }
    }
    columns
}

#[test]
fn outcomes_in_one_call_are_the_calls_for_each() {
    for (name, columns) in samples() {
        check(&name, &columns, &ALL);
        check(&name, &columns, &window(-3, 9));
    }
}

#[test]
fn each_pattern_of_missing_values_is_a_sample_of_its_own() {
    // The golden data: small random panels may have nothing left.
    for (name, columns) in samples().into_iter().take(4) {
        let holes = with_holes(columns.clone());
        check(&name, &holes, &window(-3, 9));
        let n_missing = |columns: ImputationColumns| {
            did_imputation(columns, &ALL).unwrap().sample.n_missing_rows
        };
        let outcome = holes.panel.outcome.clone();
        assert!(n_missing(holes) > n_missing(columns.clone()), "{name}");
        let mixed = did_imputation_outcomes(columns, &[outcome], &ALL);
        let refused = EstimatorError::BadOption {
            option: "outcomes",
            expected: "missing in the same rows",
        };
        assert_eq!(mixed.unwrap_err(), refused, "{name}");
    }
}

#[test]
fn what_refuses_one_outcome_refuses_the_call() {
    let (_, mut columns) = samples().remove(0);
    let others = others(&columns.panel.outcome);
    columns.panel.cohort.fill(crate::panel::NEVER);
    let found = did_imputation_outcomes(columns, &others, &ALL);
    assert_eq!(found.unwrap_err(), EstimatorError::NoCohort);
}
