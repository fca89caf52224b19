//! Effects tested together, against what must be.

use super::resampling::Dice;
use crate::difference::{ComparedEstimates, ComparedRow};
use crate::inference::{ClusterInfluence, normal_cdf};
use crate::sensitivity::{JointOptions, JointlyTested, WestfallYoung, joint_tests};
use crate::{Counts, Estimate, EstimatorError, Status};

const OPTIONS: JointOptions = JointOptions {
    method: WestfallYoung::StepDownMax,
    n_draws: 4_999,
    seed: 3,
};

/// An effect with the contributions of clusters.
fn part(estimate: f64, influence: &[(i64, f64)]) -> Result<ComparedEstimates, Status> {
    let keys: Vec<i64> = influence.iter().map(|own| own.0).collect();
    let values: Vec<f64> = influence.iter().map(|own| own.1).collect();
    let error = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let estimate = Estimate::normal(estimate, (error, 0.0), 0.95, Counts::default(), Status::Ok);
    Ok(ComparedEstimates {
        rows: vec![ComparedRow {
            event_time: None,
            estimate,
            place: 0,
        }],
        influence: ClusterInfluence::of_units(&keys, 1, &values),
        rounding: 0.0,
    })
}

/// Influences of many clusters whose variances add up to one.
fn influence(dice: &mut Dice, first: i64, n: i64) -> Vec<(i64, f64)> {
    let own: Vec<f64> = (0..n).map(|_| dice.normal()).collect();
    let size = own.iter().map(|value| value * value).sum::<f64>().sqrt();
    (first..)
        .zip(own.into_iter().map(|value| value / size))
        .collect()
}

fn tested(parts: &[Result<ComparedEstimates, Status>]) -> Vec<JointlyTested> {
    joint_tests(parts, &vec![false; parts.len()], OPTIONS).unwrap()
}

#[test]
fn one_effect_has_the_p_value_of_its_law() {
    let mut dice = Dice::new(1);
    let found = tested(&[part(1.7, &influence(&mut dice, 0, 800))]);
    let expected = 2.0 * normal_cdf(-1.7);
    assert!(
        (found[0].p_value - expected).abs() < 0.015,
        "{:?}",
        found[0]
    );
    assert_eq!(found[0].adjusted.p_value, found[0].p_value);
    assert!((found[0].statistic - 1.7).abs() < 1e-12);
    assert_eq!((found[0].n_clusters, found[0].adjusted.n_tests), (800, 1));
}

/// Effects of the same clusters cost what they have in common; those of different clusters nearly what Šidák's rule says.
#[test]
fn what_clusters_share_counts() {
    let mut dice = Dice::new(2);
    let own = influence(&mut dice, 0, 600);
    let same = tested(&[part(2.1, &own), part(2.1, &own), part(-2.1, &own)]);
    for row in &same {
        assert_eq!(row.adjusted.p_value, row.p_value);
        assert_eq!(row.adjusted.n_tests, 3);
    }
    let apart: Vec<_> = (0..3)
        .map(|k| part(2.1, &influence(&mut dice, 1_000 * k, 600)))
        .collect();
    let sidak = 1.0 - (1.0 - 2.0 * normal_cdf(-2.1)).powi(3);
    for row in tested(&apart) {
        assert!(
            (row.adjusted.p_value - sidak).abs() < 0.02,
            "{row:?} {sidak}"
        );
    }
    // Step by step: the largest is adjusted for all three, the smallest for itself alone.
    let steps: Vec<_> = [(3.0, 0), (2.0, 1), (1.0, 2)]
        .map(|(t, k)| part(t, &influence(&mut dice, 1_000 * k, 600)))
        .into();
    let found = tested(&steps);
    assert!(found[0].adjusted.p_value > 2.0 * found[0].p_value);
    assert_eq!(found[2].adjusted.p_value, found[2].p_value);
}

#[test]
fn primary_effects_come_first_and_what_is_missing_is_no_test() {
    let mut dice = Dice::new(4);
    let mut next = |t: f64, first| part(t, &influence(&mut dice, first, 300));
    let parts = [
        next(1.0, 0),
        next(4.0, 1_000),
        Err(Status::NoTreated),
        next(3.0, 2_000),
    ];
    let is_primary = [true, false, false, false];
    let found = joint_tests(&parts, &is_primary, OPTIONS).unwrap();
    assert_eq!(found[0].adjusted.n_tests, 1);
    // Nothing is found where the primary effect is not.
    for row in [&found[1], &found[3]] {
        assert_eq!(row.adjusted.p_value, found[0].p_value);
        assert_eq!((row.adjusted.n_tests, row.status), (2, Status::Ok));
    }
    assert_eq!(found[2].status, Status::NoTreated);
    assert!(found[2].p_value.is_nan() && found[2].adjusted.p_value.is_nan());
    // A primary effect that is missing was not passed; one without an error is no test.
    let found = joint_tests(&parts, &[false, false, true, false], OPTIONS).unwrap();
    assert!(found[1].adjusted.p_value.is_nan());
    assert_eq!(found[1].status, Status::Missing);
    let flat = tested(&[part(1.0, &[(1, 0.0), (2, 0.0)]), parts[1].clone()]);
    assert_eq!(flat[0].status, Status::NoVariance);
    assert!(flat[0].statistic.is_nan() && flat[1].adjusted.p_value < 0.01);
}

#[test]
fn impossible_calls_are_refused() {
    let parts = [part(1.0, &[(1, 0.5), (2, -0.5)])];
    assert!(joint_tests(&parts, &[], OPTIONS).is_err());
    let n_draws = 99;
    let few = joint_tests(&parts, &[false], JointOptions { n_draws, ..OPTIONS });
    assert!(matches!(few, Err(EstimatorError::BadOption { .. })));
    assert_eq!(joint_tests(&[], &[], OPTIONS).unwrap(), []);
}
