//! Differences between estimates: hand-made influences, what they must be equal to, and how often they are right.

use super::golden::{Data, close};
use super::group_time::{columns as panel_columns, options as att_options};
use super::regression_cases::{OPTIONS, data, fit, noise, std_error};
use crate::difference::{ComparedEstimates, ComparedRow, Contrast, Differences, differences};
use crate::group_time::{
    Aggregate, AggregateInfluence, AggregateOptions, AttGtOptions, aggregate_influence_outcomes,
    aggregate_with_covariance, att_gt,
};
use crate::imputation::{
    ImputationColumns, ImputationInfluence, ImputationOptions, imputation_influence_outcomes,
};
use crate::inference::{ClusterInfluence, Inference};
use crate::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions, unit_keys};
use crate::regression::{OlsOptions, Vcov};
use crate::{Counts, Estimate, EstimatorError, Status};

const BALANCED: PanelOptions = PanelOptions {
    layout: Layout::Balanced,
};

fn averages(kind: Aggregate) -> AggregateOptions {
    AggregateOptions {
        kind,
        min_e: None,
        max_e: None,
        balance_e: None,
        level: 0.95,
        seed: 1,
    }
}

const IMPUTED: ImputationOptions = ImputationOptions {
    window: Some((-2, 9)),
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

fn att(columns: &PanelColumns, others: &[Vec<f64>], kind: Aggregate) -> Vec<AggregateInfluence> {
    let (panel, tables) = Panel::with_outcomes(columns, others, BALANCED).unwrap();
    let keys = unit_keys(columns).unwrap();
    let options = att_options("");
    aggregate_influence_outcomes(&panel, &keys, &tables, &options, &averages(kind)).unwrap()
}

fn in_places(rows: impl Iterator<Item = (Option<i32>, Estimate)>) -> Vec<ComparedRow> {
    let rows = rows.enumerate();
    rows.map(|(place, (event_time, estimate))| ComparedRow {
        event_time,
        estimate,
        place,
    })
    .collect()
}

fn compared(found: &AggregateInfluence) -> Result<ComparedEstimates, Status> {
    let rows = std::iter::once(&found.result.overall).chain(&found.result.rows);
    Ok(ComparedEstimates {
        rows: in_places(rows.map(|row| (row.at, row.estimate))),
        influence: found.influence.clone(),
        rounding: found.rounding,
    })
}

fn imputed(columns: &PanelColumns, others: &[Vec<f64>]) -> Vec<ImputationInfluence> {
    let columns = ImputationColumns {
        panel: columns.clone(),
        ..ImputationColumns::default()
    };
    imputation_influence_outcomes(columns, others, &IMPUTED).unwrap()
}

fn compared_imputation(found: &ImputationInfluence) -> Result<ComparedEstimates, Status> {
    let rows = found.result.rows.iter();
    Ok(ComparedEstimates {
        rows: in_places(rows.map(|row| (row.event_time, row.estimate))),
        influence: found.influence.clone(),
        rounding: found.rounding,
    })
}

fn between(what: usize, against: usize) -> Contrast {
    Contrast {
        what,
        against,
        is_implied: false,
    }
}

fn of(parts: &[Result<ComparedEstimates, Status>], contrasts: &[Contrast]) -> Differences {
    differences(parts, contrasts, 0.95, 1).unwrap()
}

/// One overall estimate with the contributions of some clusters.
fn part(estimate: f64, influence: &[(i64, f64)]) -> Result<ComparedEstimates, Status> {
    let keys: Vec<i64> = influence.iter().map(|own| own.0).collect();
    let values: Vec<f64> = influence.iter().map(|own| own.1).collect();
    let variance: f64 = values.iter().map(|value| value * value).sum();
    let counts = Counts::default();
    let own = Estimate::normal(estimate, (variance.sqrt(), 0.0), 0.95, counts, Status::Ok);
    Ok(ComparedEstimates {
        rows: in_places([(None, own)].into_iter()),
        influence: ClusterInfluence::of_units(&keys, 1, &values),
        rounding: 0.0,
    })
}

#[test]
fn three_estimates_by_hand() {
    let parts = [
        part(1.0, &[(1, 3.0), (2, -4.0)]),
        part(3.0, &[(3, 12.0), (4, -5.0)]),
        part(0.0, &[(2, 1.0), (3, 2.0), (9, 2.0)]),
    ];
    let contrasts = [
        between(1, 0),
        between(2, 0),
        Contrast {
            is_implied: true,
            ..between(2, 1)
        },
    ];
    let found = of(&parts, &contrasts);
    // Without a common cluster variances add up: 25 + 169. With one: (−3)² + (1 + 4)² + 2² + 2² = 42; (2 − 12)² + 5² + 1 + 4 = 130.
    let errors: Vec<f64> = found
        .rows
        .iter()
        .map(|row| row.estimate.std_error)
        .collect();
    for (error, variance) in errors.iter().zip([194.0_f64, 42.0, 130.0]) {
        assert!(close(*error, variance.sqrt(), 1e-14), "{error}");
    }
    let estimates: Vec<f64> = found.rows.iter().map(|row| row.estimate.estimate).collect();
    assert_eq!(estimates, [2.0, -1.0, -3.0]);
    let shared: Vec<u64> = found.rows.iter().map(|row| row.n_shared_clusters).collect();
    let all: Vec<u64> = found
        .rows
        .iter()
        .map(|row| row.estimate.n_clusters)
        .collect();
    assert_eq!((shared, all), (vec![0, 1, 1], vec![4, 4, 4]));
    // Their covariance: clusters 1 and 2 stand in both, (−3)(−3) + (4)(1 + 4), and 3: 12 · 2.
    let (a, b, c) = (194.0, 9.0 + 20.0 + 24.0, 42.0);
    let wald = (4.0 * c + 2.0 * 2.0 * b + 1.0 * a) / (a * c - b * b);
    assert_eq!((found.joint.df, found.joint.status), (2, Status::Ok));
    assert!(
        close(found.joint.statistic, wald, 1e-12),
        "{:?}",
        found.joint
    );
    let band = found.band.unwrap().critical_value;
    assert!(band > 1.96 && band < 2.4, "{band}");
    let row = &found.rows[1].estimate;
    assert!(close(row.band_high, -1.0 + band * 42.0_f64.sqrt(), 1e-12));
}

#[test]
fn an_estimate_does_not_differ_from_itself() {
    let columns = panel_columns(
        &Data::sim("s1_staggered"),
        "outcome=cost;cluster=worksite_id",
    );
    let own = att(&columns, &[], Aggregate::Dynamic);
    let parts = [compared(&own[0]), compared(&own[0])];
    let found = of(&parts, &[between(0, 1)]);
    assert!(found.rows.len() > 8);
    for row in &found.rows {
        assert_eq!(row.estimate.estimate, 0.0);
        assert_eq!(row.estimate.status, Status::NoVariance);
        assert_eq!(row.n_shared_clusters, row.estimate.n_clusters);
    }
    assert_eq!(found.joint.status, Status::NoVariance);
    assert!(found.joint.p_value.is_nan() && found.band.is_none());
}

#[test]
fn influences_give_the_errors_of_their_estimates() {
    let mut n_compared = 0;
    for (name, spec) in [
        ("s1_staggered", "outcome=cost;cluster=worksite_id"),
        (
            "s1_staggered",
            "outcome=exercise;weight=w_tv;covariates=sex+age",
        ),
        ("s4_edges", "outcome=exercise"),
        ("s6_few_clusters", "outcome=exercise;cluster=worksite_id"),
    ] {
        let columns = panel_columns(&Data::sim(name), spec);
        for kind in [Aggregate::Simple, Aggregate::Group, Aggregate::Dynamic] {
            let found = att(&columns, &[], kind).remove(0);
            let rows = std::iter::once(&found.result.overall).chain(&found.result.rows);
            let estimates: Vec<Estimate> = rows.map(|row| row.estimate).collect();
            n_compared += check_errors(&estimates, &found.influence);
        }
        let mut plain = columns.clone();
        plain.covariates.clear();
        let found = imputed(&plain, &[]).remove(0);
        let rows = found.result.rows.iter();
        let estimates: Vec<Estimate> = rows.map(|row| row.estimate).collect();
        n_compared += check_errors(&estimates, &found.influence);
    }
    assert!(n_compared > 90, "{n_compared}");
}

fn check_errors(estimates: &[Estimate], influence: &ClusterInfluence) -> usize {
    assert_eq!(influence.n_estimates(), estimates.len());
    for (k, estimate) in estimates.iter().enumerate() {
        let squares = (0..influence.n_clusters()).map(|place| influence.row(place)[k].powi(2));
        let error = squares.sum::<f64>().sqrt();
        assert!(
            estimate.std_error.is_nan() || close(error, estimate.std_error, 1e-10),
            "{error} {estimate:?}"
        );
    }
    estimates.len()
}

/// Both estimators are linear in the outcome: the difference of two outcomes is the effect on their difference. Where rows are missing,
/// units are left out, and those that stay have other places.
#[test]
fn outcomes_differ_as_their_difference_does() {
    for (cluster, missing_every) in [(";cluster=worksite_id", None), ("", Some(13))] {
        check_outcomes(cluster, missing_every);
    }
}

fn check_outcomes(cluster: &str, missing_every: Option<usize>) {
    let with_cluster = format!("outcome=cost{cluster}");
    let mut columns = panel_columns(&Data::sim("s1_staggered"), &with_cluster);
    if let Some(step) = missing_every {
        let rows = columns.outcome.iter_mut().step_by(step);
        rows.for_each(|y| *y = f64::NAN);
    }
    let other: Vec<f64> = columns
        .outcome
        .iter()
        .map(|y| (y / 3.0).sin() * 900.0)
        .collect();
    let mut apart = columns.clone();
    for (y, other) in apart.outcome.iter_mut().zip(&other) {
        *y -= other;
    }
    let both = att(&columns, std::slice::from_ref(&other), Aggregate::Dynamic);
    let found = of(&[compared(&both[0]), compared(&both[1])], &[between(0, 1)]);
    let expected = compared(&att(&apart, &[], Aggregate::Dynamic)[0]).unwrap();
    check_equal(&found, &expected);
    let both = imputed(&columns, std::slice::from_ref(&other));
    let parts = [compared_imputation(&both[0]), compared_imputation(&both[1])];
    let found = of(&parts, &[between(0, 1)]);
    let expected = compared_imputation(&imputed(&apart, &[])[0]).unwrap();
    check_equal(&found, &expected);
}

fn check_equal(found: &Differences, expected: &ComparedEstimates) {
    let mut n_compared = 0;
    for row in &found.rows {
        let same = |own: &&ComparedRow| own.event_time == row.event_time;
        let expected = expected.rows.iter().find(same).unwrap().estimate;
        let own = &row.estimate;
        assert!(
            close(own.estimate, expected.estimate, 1e-9),
            "{own:?} {expected:?}"
        );
        let both_missing = own.std_error.is_nan() && expected.std_error.is_nan();
        assert!(
            both_missing || close(own.std_error, expected.std_error, 1e-9),
            "{own:?}"
        );
        n_compared += 1;
    }
    assert_eq!(n_compared, expected.rows.len());
}

/// Two periods, the exposed and the never exposed among women and men, in clusters of both.
struct TwoByTwo {
    columns: PanelColumns,
    is_woman: Vec<bool>,
}

fn two_by_two(n_units: usize, noise: &[f64], shared: f64) -> TwoByTwo {
    let mut columns = PanelColumns::default();
    let (mut clusters, mut is_woman) = (Vec::new(), Vec::new());
    let n_clusters = 40;
    for unit in 0..n_units {
        let (cluster, woman) = (unit % n_clusters, unit / n_clusters % 2 == 0);
        let is_exposed = cluster < n_clusters / 2;
        for time in [1, 2] {
            columns.unit.push(unit as i64);
            columns.time.push(time);
            columns.cohort.push(if is_exposed { 2 } else { NEVER });
            let common = f64::from(time - 1) * shared * noise[cluster];
            columns
                .outcome
                .push(common + noise[n_clusters + 2 * unit + time as usize - 1]);
            clusters.push(cluster as u32);
            is_woman.push(woman);
        }
    }
    columns.cluster = Some(clusters);
    TwoByTwo { columns, is_woman }
}

impl TwoByTwo {
    fn of(&self, woman: bool) -> PanelColumns {
        let rows: Vec<usize> = (0..self.is_woman.len())
            .filter(|&row| self.is_woman[row] == woman)
            .collect();
        let own = &self.columns;
        PanelColumns {
            unit: rows.iter().map(|&row| own.unit[row]).collect(),
            time: rows.iter().map(|&row| own.time[row]).collect(),
            cohort: rows.iter().map(|&row| own.cohort[row]).collect(),
            outcome: rows.iter().map(|&row| own.outcome[row]).collect(),
            cluster: own
                .cluster
                .as_ref()
                .map(|all| rows.iter().map(|&row| all[row]).collect()),
            ..PanelColumns::default()
        }
    }

    fn difference(&self) -> Differences {
        let parts = [true, false].map(|woman| {
            let own = att(&self.of(woman), &[], Aggregate::Simple);
            compared(&own[0])
        });
        of(&parts, &[between(0, 1)])
    }
}

#[test]
fn levels_differ_as_the_interaction_of_a_regression() {
    let case = two_by_two(420, &noise(1_000, 7), 2.0);
    let found = case.difference().rows.remove(0).estimate;
    let own = &case.columns;
    let number = |get: &dyn Fn(usize) -> f64| (0..own.unit.len()).map(get).collect::<Vec<f64>>();
    let exposed = number(&|row| f64::from(u8::from(own.cohort[row] == 2)));
    let after = number(&|row| f64::from(own.time[row] - 1));
    let woman = number(&|row| f64::from(u8::from(case.is_woman[row])));
    let site = number(&|row| f64::from(own.cluster.as_ref().unwrap()[row]));
    let product =
        |columns: &[&Vec<f64>]| number(&|row| columns.iter().map(|column| column[row]).product());
    let table = data(&[
        ("y", own.outcome.clone()),
        ("ea", product(&[&exposed, &after])),
        ("wa", product(&[&woman, &after])),
        ("ew", product(&[&exposed, &woman])),
        ("ewa", product(&[&exposed, &woman, &after])),
        ("e", exposed),
        ("a", after),
        ("w", woman),
        ("site", site),
    ]);
    let options = OlsOptions {
        vcov: Vcov::parse("cluster(site)").unwrap(),
        ..OPTIONS
    };
    let formula = "y ~ e + a + w + ea + wa + ew + ewa";
    let result = fit(formula, &table, &options);
    let expected = result.rows.iter().find(|row| row.term == "ewa").unwrap();
    assert!(close(found.estimate, expected.estimate, 1e-10));
    // The regression's error has the factors (n − 1)/(n − K) and G/(G − 1).
    let (n, clusters) = (own.unit.len() as f64, 40.0);
    let factor = (n - 1.0) / (n - 8.0) * clusters / (clusters - 1.0);
    let error = std_error(&result, "ewa") / f64::sqrt(factor);
    assert!(close(found.std_error, error, 1e-9), "{found:?} {error}");
}

#[test]
fn units_that_are_apart_add_their_variances() {
    let mut case = two_by_two(420, &noise(1_000, 3), 0.0);
    case.columns.cluster = None;
    let parts = [true, false].map(|woman| att(&case.of(woman), &[], Aggregate::Simple).remove(0));
    let variance: f64 = parts
        .iter()
        .map(|part| part.result.overall.estimate.std_error.powi(2))
        .sum();
    let found = of(
        &[compared(&parts[0]), compared(&parts[1])],
        &[between(0, 1)],
    );
    assert!(close(
        found.rows[0].estimate.std_error,
        variance.sqrt(),
        1e-12
    ));
    assert_eq!(found.rows[0].n_shared_clusters, 0);
    assert_eq!(found.rows[0].estimate.n_clusters, 420);
}

/// Women and men of a worksite move together: intervals that leave this out would be far too wide, those that know of it cover.
#[test]
fn intervals_cover_over_seeds() {
    let (mut n_covering, mut n_rejected, n_seeds) = (0, 0, 400);
    let (mut squares, mut variances, mut unshared) = (0.0, 0.0, 0.0);
    for seed in 1..=n_seeds {
        let mixed = u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15);
        let case = two_by_two(320, &noise(1_000, mixed), 3.0);
        let found = case.difference();
        let own = found.rows[0].estimate;
        n_covering += u32::from(own.conf_low < 0.0 && own.conf_high > 0.0);
        n_rejected += u32::from(found.joint.p_value < 0.05);
        squares += own.estimate * own.estimate;
        variances += own.std_error * own.std_error;
        for woman in [true, false] {
            let alone = att(&case.of(woman), &[], Aggregate::Simple).remove(0);
            unshared += alone.result.overall.estimate.std_error.powi(2);
        }
    }
    let ratio = variances / squares;
    assert!((0.8..1.25).contains(&ratio), "{ratio}");
    assert!(unshared / squares > 5.0, "{}", unshared / squares);
    let covered = f64::from(n_covering) / n_seeds as f64;
    assert!((0.92..0.98).contains(&covered), "{covered}");
    let rejected = f64::from(n_rejected) / n_seeds as f64;
    assert!((0.02..0.08).contains(&rejected), "{rejected}");
}

#[test]
fn two_estimators_of_one_comparison_do_not_differ() {
    let case = two_by_two(420, &noise(1_000, 11), 1.0);
    let one = att(&case.columns, &[], Aggregate::Simple).remove(0);
    let other = imputed(&case.columns, &[]).remove(0);
    let found = of(
        &[compared(&one), compared_imputation(&other)],
        &[between(0, 1)],
    );
    let row = &found.rows[0];
    assert_eq!(row.event_time, None);
    assert!(row.estimate.estimate.abs() < 1e-12);
    assert!(row.estimate.std_error.is_nan(), "{row:?}");
    // The imputation has an event time besides, which the other lacks.
    assert_eq!(found.rows[1].estimate.status, Status::NotIdentified);
}

#[test]
fn what_is_missing_is_a_status() {
    let parts = [
        part(1.0, &[(1, 1.0), (2, -1.0)]),
        Err(Status::NoTreated),
        part(1.0, &[(5, 0.0), (6, 0.0)]),
    ];
    let found = of(&parts, &[between(0, 1), between(2, 0), between(2, 2)]);
    let statuses: Vec<Status> = found.rows.iter().map(|row| row.estimate.status).collect();
    let expected = [Status::NoTreated, Status::NoVariance, Status::NoVariance];
    assert_eq!(statuses, expected);
    assert_eq!(found.joint.df, 1);
    let none = of(&parts, &[]);
    assert_eq!((none.rows.len(), none.joint.status), (0, Status::NoRows));
    let wrong = differences(&parts, &[between(0, 3)], 0.95, 1).unwrap_err();
    assert!(matches!(wrong, EstimatorError::BadOption { .. }));
    assert!(differences(&parts, &[], 1.0, 1).is_err());
    let many = vec![between(0, 1); 1_001];
    let refused = differences(&parts, &many, 0.95, 1).unwrap_err();
    assert!(matches!(
        refused,
        EstimatorError::TooMany { found: 1_001, .. }
    ));
    // As many differences as clusters less one leave no test.
    let twice = of(
        &[
            part(1.0, &[(1, 1.0), (2, -1.0)]),
            part(2.0, &[(1, 2.0), (2, -2.0)]),
            part(0.0, &[(7, 0.0), (8, 0.0)]),
        ],
        &[between(0, 2), between(1, 2)],
    );
    assert_eq!(twice.joint.status, Status::Singular);
}

#[test]
fn the_covariance_of_an_event_study_has_its_errors() {
    let columns = panel_columns(
        &Data::sim("s1_staggered"),
        "outcome=cost;cluster=worksite_id",
    );
    let panel = Panel::try_new(&columns, BALANCED).unwrap();
    let effects = att_gt(&panel, &att_options("base=universal")).unwrap();
    let kind = averages(Aggregate::Dynamic);
    let (found, covariance) = aggregate_with_covariance(&effects, &kind).unwrap();
    let influence = &att(&columns, &[], Aggregate::Dynamic)[0];
    assert_eq!(covariance.nrows(), found.rows.len());
    let mut n_errors = 0;
    for (k, row) in found.rows.iter().enumerate() {
        let error = covariance[(k, k)].sqrt();
        if row.estimate.status == Status::BasePeriod {
            assert_eq!((row.at, error), (Some(-1), 0.0));
            continue;
        }
        assert!(close(error, row.estimate.std_error, 1e-12), "{row:?}");
        n_errors += 1;
    }
    assert!(n_errors > 8);
    // After exposure both bases have the same effects: the influences give the same covariances.
    let places = |at: i32| {
        let own = found
            .rows
            .iter()
            .position(|row| row.at == Some(at))
            .unwrap();
        let rows = &influence.result.rows;
        (
            own,
            1 + rows.iter().position(|row| row.at == Some(at)).unwrap(),
        )
    };
    let ((a, ia), (b, ib)) = (places(0), places(2));
    let products = (0..influence.influence.n_clusters()).map(|place| {
        let row = influence.influence.row(place);
        row[ia] * row[ib]
    });
    assert!(close(
        covariance[(a, b)] * 1e6,
        products.sum::<f64>() * 1e6,
        1e-9
    ));
}

#[test]
fn the_covariance_of_a_jackknifed_event_study_has_its_errors() {
    let columns = panel_columns(
        &Data::sim("s1_staggered"),
        "outcome=cost;cluster=worksite_id",
    );
    let panel = Panel::try_new(&columns, BALANCED).unwrap();
    let options = AttGtOptions {
        inference: Inference::Cr3,
        ..att_options("base=universal")
    };
    let effects = att_gt(&panel, &options).unwrap();
    let kind = averages(Aggregate::Dynamic);
    let (found, covariance) = aggregate_with_covariance(&effects, &kind).unwrap();
    assert_eq!(covariance.nrows(), found.rows.len());
    let mut n_errors = 0;
    for (k, row) in found.rows.iter().enumerate() {
        let error = covariance[(k, k)].sqrt();
        if row.estimate.status == Status::BasePeriod {
            assert_eq!((row.at, error), (Some(-1), 0.0));
            continue;
        }
        assert!(close(error, row.estimate.std_error, 1e-12), "{row:?}");
        n_errors += 1;
    }
    assert!(n_errors > 8);
    // Comparisons with other estimates take the influence functions, whatever the errors of the call.
    let keys = unit_keys(&columns).unwrap();
    let of = |options: &AttGtOptions| {
        let found = aggregate_influence_outcomes(&panel, &keys, &[], options, &kind).unwrap();
        // As text: the base period's error is no number, which equals nothing.
        format!("{:?}", found[0].result)
    };
    assert_eq!(of(&options), of(&att_options("base=universal")));
}
