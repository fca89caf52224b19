//! The two-stage estimator: golden numbers, its formulas with dense matrices, and what it shares with the imputation.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};

use super::dense::{Case, Dense, case, on_range};
use super::properties::samples;
use super::{ALL, Data, Report, at, columns, compare, expected, window};
use crate::imputation::{
    ImputationColumns, ImputationOptions, ImputationResult, did_imputation, two_stage,
    two_stage_outcomes,
};
use crate::inference::Inference;
use crate::panel::{NEVER, PanelColumns};
use crate::tests::golden::close;
use crate::{EstimatorError, Status};

#[test]
fn effects_match_the_reference() {
    let (mut report, mut data, mut runs) = (Report::default(), BTreeMap::new(), BTreeMap::new());
    for row in expected("did2s") {
        let data = data
            .entry(row.dataset.clone())
            .or_insert_with(|| Data::sim(&row.dataset));
        let run = (row.dataset.clone(), row.spec.clone());
        let result = runs
            .entry(run)
            .or_insert_with(|| two_stage(columns(data, &row.spec), &ALL).unwrap());
        compare(&mut report, &row, result);
    }
    report.finish(288);
}

/// The rows of one estimate: its event time, or all treated rows.
fn rows_of(dense: &Dense, used: &[usize], event_time: Option<i32>) -> Vec<usize> {
    let untreated = dense.untreated.iter().chain(used);
    let is_own = |row: &&usize| match event_time {
        Some(e) => dense.event_times[**row] == Some(e),
        None => dense.event_times[**row].is_some_and(|e| e >= 0),
    };
    untreated.filter(is_own).copied().collect()
}

/// (X₂'ΩX₂)⁻¹[Σ x₂ωv − X₂'ΩX₁(X₁₀'ΩX₁₀)⁻¹ Σ x₁₀ωu] by cluster, with X₂ the indicator of some rows.
fn dense_mean(
    dense: &Dense,
    own: &[usize],
    inverse: &DMatrix<f64>,
    deviations: &DVector<f64>,
) -> (f64, f64) {
    let total: f64 = own.iter().map(|&row| dense.weights[row]).sum();
    let share = |row: usize| dense.weights[row] / total;
    let mean: f64 = own.iter().map(|&row| share(row) * deviations[row]).sum();
    let mut loading = DVector::zeros(dense.design.ncols());
    for &row in own {
        loading += dense.design.row(row).transpose() * share(row);
    }
    let solved = inverse * loading;
    let first = dense.untreated.iter().map(|&row| {
        let passed_on = dense.design.row(row).transpose().dot(&solved);
        (row, -dense.weights[row] * passed_on * deviations[row])
    });
    let second = own
        .iter()
        .map(|&row| (row, share(row) * (deviations[row] - mean)));
    let contributions: Vec<_> = first.chain(second).collect();
    (mean, dense.clustered(&contributions).sqrt())
}

/// Compares all rows; returns how many there were with a number.
fn compare_dense(seed: u64, case: &Case, result: &ImputationResult) -> usize {
    let dense = Dense::new(case);
    let (inverse, range) = on_range(&dense.gram(&dense.design));
    let (_, deviations) = dense.fit(&dense.design, &inverse);
    let identified = |row: &usize| {
        let own = dense.design.row(*row).transpose();
        (&own - &range * &own).amax() < 1e-6
    };
    let used: Vec<usize> = dense.treated().filter(identified).collect();
    let mut n_estimates = 0;
    for row in &result.rows {
        let label = format!("seed {seed}, event time {:?}", row.event_time);
        let own = rows_of(&dense, &used, row.event_time);
        let found = &row.estimate;
        if own.is_empty() {
            assert_eq!(found.status, Status::NotIdentified, "{label}");
            continue;
        }
        let (mean, error) = dense_mean(&dense, &own, &inverse, &deviations);
        assert!(close(found.estimate, mean, 1e-8), "{label}: {mean}");
        let has_no_error = found.std_error.is_nan() && error < 1.5e-7;
        let error_matches = close(found.std_error, error, 1e-7) || has_no_error;
        assert!(error_matches, "{label}: {found:?} {error}");
        n_estimates += 1;
    }
    n_estimates
}

#[test]
fn dense_matrices_give_the_same() {
    let (mut n_estimates, mut n_refused) = (0, 0);
    for seed in 0..120 {
        let case = case(seed);
        let Ok(result) = two_stage(case.columns.clone(), &ALL) else {
            n_refused += 1;
            continue;
        };
        n_estimates += compare_dense(seed, &case, &result);
    }
    assert!(
        n_estimates > 700 && n_refused < 5,
        "{n_estimates} estimates, {n_refused} refused"
    );
}

/// One exposed and one never exposed unit in each of some clusters, three periods, exposure in the third.
fn three_periods(exposed: &[[f64; 3]], never: &[[f64; 3]]) -> ImputationColumns {
    let mut panel = PanelColumns::default();
    let mut unit = 0;
    for (values, cohort) in [(exposed, 3), (never, NEVER)] {
        for own in values {
            unit += 1;
            for (time, &value) in (1..).zip(own) {
                panel.unit.push(unit);
                panel.time.push(time);
                panel.cohort.push(cohort);
                panel.outcome.push(value);
            }
        }
    }
    ImputationColumns {
        panel,
        ..ImputationColumns::default()
    }
}

#[test]
fn three_periods_by_hand() {
    // Period effects of the two periods before exposure are those of all four units: 0, then (1 + 3 + 0 + 0)/4 = 1 = half of it above
    // and below each unit's mean. The third period's comes from the never exposed: their level is their mean less 1/2, so it is
    // ((4 − 0 + 1/2) + (2 − 0 + 1/2))/2 = 3.5.
    let exposed = [[0.0, 1.0, 9.0], [0.0, 3.0, 12.0]];
    let never = [[0.0, 0.0, 4.0], [0.0, 0.0, 2.0]];
    let result = two_stage(three_periods(&exposed, &never), &ALL).unwrap();
    let estimate = |event_time| at(&result, event_time).unwrap().estimate;
    let dense = {
        // Unit effects eliminated: with a = level, b₂ and b₃ periods, least squares of six untreated never rows and four others.
        let design = DMatrix::from_row_slice(
            10,
            6,
            &[
                1., 0., 0., 0., 0., 0., 1., 0., 0., 0., 1., 0., 0., 1., 0., 0., 0., 0., 0., 1., 0.,
                0., 1., 0., 0., 0., 1., 0., 0., 0., 0., 0., 1., 0., 1., 0., 0., 0., 1., 0., 0., 1.,
                0., 0., 0., 1., 0., 0., 0., 0., 0., 1., 1., 0., 0., 0., 0., 1., 0., 1.,
            ],
        );
        let outcome = DVector::from_vec(vec![0., 1., 0., 3., 0., 0., 4., 0., 0., 2.]);
        let gram = design.tr_mul(&design);
        gram.try_inverse().unwrap() * design.tr_mul(&outcome)
    };
    let effects = [9.0 - dense[0] - dense[5], 12.0 - dense[1] - dense[5]];
    assert!(close(
        estimate(Some(0)),
        (effects[0] + effects[1]) / 2.0,
        1e-12
    ));
    let residuals = [1.0 - dense[0] - dense[4], 3.0 - dense[1] - dense[4]];
    assert!(close(
        estimate(Some(-1)),
        (residuals[0] + residuals[1]) / 2.0,
        1e-12
    ));
    // Two residuals of a unit add up to zero.
    assert!(close(estimate(Some(-2)), -estimate(Some(-1)), 1e-12));
    assert_eq!(estimate(None), estimate(Some(0)));
}

#[test]
fn effects_are_those_of_the_imputation() {
    for (name, columns) in samples() {
        let (Ok(stages), Ok(imputed)) = (
            two_stage(columns.clone(), &window(0, 30)),
            did_imputation(columns, &window(0, 30)),
        ) else {
            continue;
        };
        assert_eq!(stages.sample, imputed.sample, "{name}");
        assert_eq!(stages.rows.len(), imputed.rows.len(), "{name}");
        for (a, b) in stages.rows.iter().zip(&imputed.rows) {
            let (own, other) = (&a.estimate, &b.estimate);
            let same = close(own.estimate, other.estimate, 1e-10)
                || (own.estimate.is_nan() && other.estimate.is_nan());
            assert!(same, "{name} {:?}", a.event_time);
            let counts = (own.n_treated, own.n_control, own.n_units, own.n_clusters);
            let others = (
                other.n_treated,
                other.n_control,
                other.n_units,
                other.n_clusters,
            );
            assert_eq!(counts, others, "{name} {:?}", a.event_time);
            // A mean over cohorts is no better a centre than one of each: errors can only be larger.
            if own.std_error.is_finite() && other.std_error.is_finite() {
                assert_eq!(own.status, other.status, "{name} {:?}", a.event_time);
            }
        }
    }
}

#[test]
fn outcomes_in_one_call_are_the_calls_for_each() {
    for (name, columns) in samples() {
        let others: Vec<Vec<f64>> = [1.0, -3.0]
            .map(|factor| {
                columns
                    .panel
                    .outcome
                    .iter()
                    .map(|y| (factor * y).sin())
                    .collect()
            })
            .to_vec();
        let together = two_stage_outcomes(columns.clone(), &others, &ALL).unwrap();
        for (outcome, found) in others.into_iter().zip(&together[1..]) {
            let mut alone = columns.clone();
            alone.panel.outcome = outcome;
            let alone = two_stage(alone, &ALL).unwrap();
            assert_eq!(format!("{found:?}"), format!("{alone:?}"), "{name}");
        }
    }
}

#[test]
fn awkward_input_is_a_status_or_an_error() {
    let exposed = [[0.0, 1.0, 9.0], [0.0, 3.0, 12.0]];
    let never = [[0.0, 0.0, 4.0], [0.0, 0.0, 2.0]];
    let columns = three_periods(&exposed, &never);
    assert_eq!(
        two_stage(ImputationColumns::default(), &ALL).unwrap_err(),
        EstimatorError::NoRows {
            n_rows: 0,
            n_missing: 0
        }
    );
    let mut none = columns.clone();
    none.panel.cohort.fill(NEVER);
    assert_eq!(two_stage(none, &ALL).unwrap_err(), EstimatorError::NoCohort);
    let drawn = ImputationOptions {
        inference: Inference::Bootstrap { n_draws: 99 },
        ..ALL
    };
    assert!(matches!(
        two_stage(columns.clone(), &drawn).unwrap_err(),
        EstimatorError::BadOption {
            option: "draws",
            ..
        }
    ));
    // Treated from the first period on: nothing to predict from.
    let mut always = columns.clone();
    for (cohort, &unit) in always.panel.cohort.iter_mut().zip(&always.panel.unit) {
        *cohort = if unit <= 2 { 1 } else { NEVER };
    }
    let found = two_stage(always, &ALL).unwrap();
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.estimate.status == Status::NotIdentified)
    );
    let mut one = columns.clone();
    one.panel.cluster = Some(vec![0; 12]);
    let found = two_stage(one, &ALL).unwrap();
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.estimate.status == Status::NoVariance)
    );
    let mut constant = columns.clone();
    constant.panel.outcome.fill(3.0);
    let found = two_stage(constant, &ALL).unwrap();
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.estimate.estimate.abs() < 1e-12)
    );
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.estimate.status == Status::NoVariance)
    );
    let mut holes = columns;
    holes.panel.outcome[0] = f64::INFINITY;
    let found = two_stage(holes, &ALL).unwrap();
    assert_eq!(found.sample.n_missing_rows, 1);
}

#[test]
fn a_window_shows_what_the_whole_has() {
    let (_, columns) = samples().remove(0);
    let whole = two_stage(columns.clone(), &ALL).unwrap();
    let part = two_stage(columns, &window(-2, 1)).unwrap();
    let times: Vec<Option<i32>> = part.rows.iter().map(|row| row.event_time).collect();
    assert_eq!(times, [None, Some(-2), Some(-1), Some(0), Some(1)]);
    for row in &part.rows {
        let (own, other) = (row.estimate, at(&whole, row.event_time).unwrap());
        assert!(close(own.estimate, other.estimate, 1e-12));
        assert!(close(own.std_error, other.std_error, 1e-12));
    }
}
