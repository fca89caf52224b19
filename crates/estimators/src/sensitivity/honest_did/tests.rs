//! Robust intervals against the golden numbers, by hand, and against properties they must have.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use super::*;
use crate::tests::golden::{Data, Expected, expected_in, inference, key};

fn study(name: &str) -> EventStudy {
    let data = Data::read(&inference().join("data").join(format!("{name}.parquet")));
    let times: Vec<i32> = data
        .column("relative_time")
        .iter()
        .map(|&t| t as i32)
        .collect();
    let columns: Vec<Vec<f64>> = (1..=times.len())
        .map(|column| data.column(&format!("sigma_{column}")))
        .collect();
    let covariance = DMatrix::from_fn(times.len(), times.len(), |row, column| columns[column][row]);
    EventStudy::try_new(&times, &data.column("betahat"), &covariance, -1).unwrap()
}

/// An event study with equal variances and correlations.
fn invented(before: &[f64], after: &[f64], correlation: f64) -> EventStudy {
    let n = before.len() + after.len();
    let times = (0..n as i32).map(|place| {
        let time = place - before.len() as i32;
        if time < 0 { time - 1 } else { time }
    });
    let times: Vec<i32> = times.collect();
    let estimates = [before, after].concat();
    let covariance = DMatrix::from_fn(n, n, |a, b| 0.01 * if a == b { 1.0 } else { correlation });
    EventStudy::try_new(&times, &estimates, &covariance, -1).unwrap()
}

fn options(restriction: Restriction, bounds: &[f64], target: Target) -> HonestOptions {
    HonestOptions {
        restriction,
        bounds: bounds.to_vec(),
        target,
        level: 0.95,
        seed: 1,
    }
}

fn restriction(spec: &str) -> Restriction {
    match (key(spec, "delta").unwrap(), key(spec, "method").unwrap()) {
        ("RM", "Conditional") => Restriction::RelativeMagnitudes(Test::Conditional),
        ("RM", "C-LF") => Restriction::RelativeMagnitudes(Test::Hybrid),
        ("SD", "Conditional") => Restriction::Smoothness(Test::Conditional),
        ("SD", "C-LF") => Restriction::Smoothness(Test::Hybrid),
        ("SD", "FLCI") | ("none", "original") => Restriction::SmoothnessFixedLength,
        other => panic!("unknown method {other:?}"),
    }
}

fn target(spec: &str) -> Target {
    match key(spec, "l").unwrap() {
        "first post period" => Target::First,
        "average of post periods" => Target::Mean,
        other => panic!("unknown target {other}"),
    }
}

fn bound(spec: &str) -> Option<f64> {
    let text = key(spec, "Mbar").or_else(|| key(spec, "M"))?;
    text.parse().ok()
}

/// Rows of one call, by what they are.
type Call = BTreeMap<(String, String), f64>;

fn calls() -> BTreeMap<(String, String), Call> {
    let mut calls: BTreeMap<(String, String), Call> = BTreeMap::new();
    for row in expected_in(&inference(), "honestdid") {
        let Expected { dataset, spec, .. } = row;
        let own = calls.entry((dataset, spec)).or_default();
        own.insert((row.row, row.quantity), row.value.unwrap());
    }
    calls
}

#[track_caller]
fn assert_within(deviations: &[(String, f64, f64)], n: usize) {
    assert_eq!(deviations.len(), n);
    let failures: Vec<_> = deviations
        .iter()
        .filter(|(_, deviation, tolerance)| deviation.is_nan() || deviation.abs() > *tolerance)
        .collect();
    assert!(
        failures.is_empty(),
        "{} failed: {:#?}",
        failures.len(),
        failures
    );
}

/// Tolerances of `HOW.md`, relative to the width.
fn deviations(spec: &str, call: &Call, found: &HonestDid) -> Vec<(String, f64, f64)> {
    let interval = found.intervals[0];
    let whole = |quantity: &str| call[&("overall".to_owned(), quantity.to_owned())];
    let original = spec.contains("method=original");
    let (low, high) = if original {
        (found.conf_low, found.conf_high)
    } else {
        (interval.conf_low, interval.conf_high)
    };
    let width = whole("upper") - whole("lower");
    let tolerance = match restriction(spec) {
        _ if original => 1e-10,
        Restriction::RelativeMagnitudes(Test::Conditional)
        | Restriction::Smoothness(Test::Conditional) => 1e-6,
        Restriction::SmoothnessFixedLength => 5e-5,
        Restriction::RelativeMagnitudes(Test::Hybrid) | Restriction::Smoothness(Test::Hybrid) => {
            2e-3
        }
    };
    let of = |name: &str, found: f64, tolerance: f64| {
        (format!("{spec} {name}"), found - whole(name), tolerance)
    };
    let mut deviations = vec![
        of("lower", low, tolerance * width),
        of("upper", high, tolerance * width),
    ];
    if restriction(spec) == Restriction::SmoothnessFixedLength && !original {
        let half = 0.5 * (interval.conf_high - interval.conf_low);
        deviations.push(of("half_length", half, 1e-7 * half));
        // Bias and error are traded against each other where the optimum is flat.
        deviations.push(of("worst_case_bias", interval.worst_case_bias, 2e-4 * half));
        deviations.push(of("estimator_se", interval.std_error, 2e-4 * half));
    }
    deviations
}

#[test]
fn honest_intervals_match_the_reference() {
    let mut all = Vec::new();
    for ((dataset, spec), call) in calls() {
        if spec.contains("theta0") {
            continue;
        }
        let options = options(
            restriction(&spec),
            &[bound(&spec).unwrap_or(0.0)],
            target(&spec),
        );
        let found = without_breakdown(&study(&dataset), &options);
        all.extend(deviations(&spec, &call, &found));
    }
    let n_lf = calls()
        .values()
        .flat_map(BTreeMap::keys)
        .filter(|(_, quantity)| {
            quantity == "lf_critical_value" || quantity.starts_with("breakdown")
        })
        .count();
    let n_rows = expected_in(&inference(), "honestdid").len();
    assert_within(&all, n_rows - n_lf);
}

/// The intervals alone.
fn without_breakdown(study: &EventStudy, options: &HonestOptions) -> HonestDid {
    let target = weights(study, &options.target).unwrap();
    let (estimate, std_error) = plain(study, &target);
    let quantile = normal::two_sided_quantile(options.level);
    let maker = Maker::try_new(study, options, target, std_error).unwrap();
    HonestDid {
        estimate,
        std_error,
        conf_low: estimate - quantile * std_error,
        conf_high: estimate + quantile * std_error,
        intervals: options
            .bounds
            .iter()
            .map(|&bound| maker.interval(bound))
            .collect(),
        breakdown: f64::NAN,
        status: Status::Ok,
    }
}

#[test]
fn honest_hybrid_intervals_match_given_the_critical_values_of_the_reference() {
    let mut all = Vec::new();
    for ((dataset, spec), call) in calls() {
        if !spec.contains("delta=RM;method=C-LF;Mbar") {
            continue;
        }
        let study = study(&dataset);
        let options = options(restriction(&spec), &[], target(&spec));
        let own = weights(&study, &options.target).unwrap();
        let std_error = plain(&study, &own).1;
        let maker = Maker::try_new(&study, &options, own, std_error).unwrap();
        let tests = maker.tests(bound(&spec).unwrap()).unwrap();
        let mut union: Option<(f64, f64)> = None;
        for (index, test) in tests.iter().enumerate() {
            // Sets come in pairs of signs, from the earliest difference to the one into the reference.
            let difference = index as i32 / 2 + 1 - study.n_pre() as i32;
            let row = (
                format!("s={difference} (both signs)"),
                "lf_critical_value".to_owned(),
            );
            let critical = call[&row];
            let exact = maker.first_stage(test);
            all.push((format!("{spec} {row:?}"), exact - critical, 0.03));
            let rule = Rule::hybrid(maker.alpha, FIRST_STAGE, critical, study.n_post());
            let mut vertex = test.polytope().vertex();
            let accepts = |theta: f64| test.accepts(theta, rule, &mut vertex);
            let centre = test.least_rejected().unwrap();
            let range = accepted_range(accepts, centre, std_error);
            union = union
                .into_iter()
                .chain(range)
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        }
        let (low, high) = union.unwrap();
        for (name, found) in [("lower", low), ("upper", high)] {
            let expected = call[&("overall".to_owned(), name.to_owned())];
            let tolerance = 1e-6 * (high - low);
            all.push((format!("{spec} {name}"), found - expected, tolerance));
        }
    }
    let n = all.len();
    assert!(n > 150, "{n}");
    assert_within(&all, n);
}

#[test]
fn honest_breakdown_values_match_the_reference() {
    let mut all = Vec::new();
    for ((dataset, spec), call) in calls() {
        if !spec.contains("theta0") {
            continue;
        }
        let found = honest_did(
            &study(&dataset),
            &options(restriction(&spec), &[], target(&spec)),
        );
        let found = found.unwrap().breakdown;
        let expected = *call.values().next().unwrap();
        let tolerance = match restriction(&spec) {
            Restriction::RelativeMagnitudes(Test::Hybrid) => 0.01,
            Restriction::SmoothnessFixedLength => 1e-5 * expected,
            _ => 1e-6 * expected.max(1.0),
        };
        all.push((spec, found - expected, tolerance.max(1e-12)));
    }
    assert_within(&all, 21);
}

#[test]
fn honest_intervals_do_not_depend_on_units_order_or_sign() {
    let study = study("es5_invented_pre5_post5");
    let mirrored = {
        let estimates: Vec<f64> = study.estimates().iter().rev().map(|b| -1e6 * b).collect();
        let times: Vec<i32> = study.event_times().iter().rev().copied().collect();
        let n = times.len();
        let covariance = DMatrix::from_fn(n, n, |a, b| {
            1e12 * study.covariance()[(n - 1 - a, n - 1 - b)]
        });
        EventStudy::try_new(&times, &estimates, &covariance, -1).unwrap()
    };
    for (restriction, ratio) in [
        (Restriction::RelativeMagnitudes(Test::Conditional), 1.0),
        (Restriction::RelativeMagnitudes(Test::Hybrid), 1.0),
        (Restriction::Smoothness(Test::Conditional), 1e6),
        (Restriction::Smoothness(Test::Hybrid), 1e6),
        (Restriction::SmoothnessFixedLength, 1e6),
    ] {
        let bound = if ratio == 1.0 { 1.0 } else { 0.02 };
        let own = without_breakdown(&study, &options(restriction, &[bound], Target::Mean));
        let other = options(restriction, &[ratio * bound], Target::Mean);
        let other = without_breakdown(&mirrored, &other);
        let (own, other) = (own.intervals[0], other.intervals[0]);
        let width = own.conf_high - own.conf_low;
        assert!(
            (own.conf_low + 1e-6 * other.conf_high).abs() < 1e-8 * width,
            "{restriction:?}"
        );
        assert!(
            (own.conf_high + 1e-6 * other.conf_low).abs() < 1e-8 * width,
            "{restriction:?}"
        );
    }
}

#[test]
fn honest_intervals_are_the_same_on_one_thread() {
    let study = study("es5_invented_pre5_post5");
    let options = options(
        Restriction::RelativeMagnitudes(Test::Hybrid),
        &[0.5],
        Target::First,
    );
    let pool = |n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap()
    };
    let [one, four] = [1, 4].map(|n| {
        let found = pool(n).install(|| without_breakdown(&study, &options));
        [found.intervals[0].conf_low, found.intervals[0].conf_high].map(f64::to_bits)
    });
    assert_eq!(one, four);
}

#[test]
fn honest_intervals_widen_with_the_bound_and_reduce_to_the_plain_one() {
    let study = study("es1_s1_cohort2020_exercise");
    let bounds = [0.0, 0.2, 0.8, 2.0, 5.0];
    let method = Restriction::RelativeMagnitudes(Test::Conditional);
    let found = without_breakdown(&study, &options(method, &bounds, Target::First));
    // No difference allowed after the reference: the plain interval.
    assert!((found.intervals[0].conf_low - found.conf_low).abs() < 1e-9);
    assert!((found.intervals[0].conf_high - found.conf_high).abs() < 1e-9);
    for pair in found.intervals.windows(2) {
        assert!(pair[1].conf_low < pair[0].conf_low && pair[1].conf_high > pair[0].conf_high);
    }
}

#[test]
fn one_period_before_and_after_is_the_known_bound() {
    // M̄ times the one difference before: θ̂ ± M̄|β̂₋₂| when neither has any error to speak of.
    let times = [-2, 0];
    let covariance = DMatrix::from_diagonal_element(2, 2, 1e-12);
    let study = EventStudy::try_new(&times, &[0.3, 1.0], &covariance, -1).unwrap();
    for test in [Test::Conditional, Test::Hybrid] {
        let own = options(Restriction::RelativeMagnitudes(test), &[0.5], Target::First);
        let interval = without_breakdown(&study, &own).intervals[0];
        assert!((interval.conf_low - 0.85).abs() < 1e-5, "{interval:?}");
        assert!((interval.conf_high - 1.15).abs() < 1e-5);
        // The line through −2 and −1 goes on to −0.3.
        let own = options(Restriction::Smoothness(test), &[0.1], Target::First);
        let interval = without_breakdown(&study, &own).intervals[0];
        assert!((interval.conf_low - 1.2).abs() < 1e-5, "{interval:?}");
        assert!((interval.conf_high - 1.4).abs() < 1e-5);
    }
    let own = options(Restriction::SmoothnessFixedLength, &[0.1], Target::First);
    let interval = without_breakdown(&study, &own).intervals[0];
    assert!(
        (interval.estimate - 1.3).abs() < 1e-12 && (interval.worst_case_bias - 0.1).abs() < 1e-12
    );
    let breakdown = honest_did(&study, &own).unwrap().breakdown;
    assert!((breakdown - 1.3).abs() < 1e-4, "{breakdown}");
}

#[test]
fn ten_periods_on_either_side_have_intervals() {
    let wave = |k: i32| 0.02 * f64::from(k % 3 - 1);
    let before: Vec<f64> = (0..10).map(wave).collect();
    let after: Vec<f64> = (0..10).map(|k| 0.5 + wave(k + 1)).collect();
    let study = invented(&before, &after, 0.5);
    for (restriction, bound) in [
        (Restriction::RelativeMagnitudes(Test::Hybrid), 0.5),
        (Restriction::RelativeMagnitudes(Test::Conditional), 0.5),
        (Restriction::Smoothness(Test::Hybrid), 0.01),
        (Restriction::Smoothness(Test::Conditional), 0.01),
        (Restriction::SmoothnessFixedLength, 0.01),
    ] {
        for target in [Target::First, Target::Mean] {
            let found = without_breakdown(&study, &options(restriction, &[bound], target));
            let interval = found.intervals[0];
            assert_eq!(interval.status, Status::Ok);
            assert!(interval.conf_low < found.estimate && interval.conf_high > found.estimate);
            assert!(interval.conf_low.is_finite() && interval.conf_high.is_finite());
        }
    }
}

/// A straight line that goes on is no effect, and one that bends is.
#[test]
fn smoothness_takes_out_a_straight_line() {
    let line = |k: i32| 0.4 * f64::from(k);
    let before: Vec<f64> = (-4..0).map(line).collect();
    let after: Vec<f64> = (1..4).map(line).collect();
    let study = invented(&before, &after, 0.3);
    let fixed = options(Restriction::SmoothnessFixedLength, &[0.0], Target::Mean);
    let found = honest_did(&study, &fixed).unwrap();
    assert!(found.conf_low > 0.5 && found.breakdown == 0.0);
    assert!(found.intervals[0].estimate.abs() < 1e-12);
    let tested = options(
        Restriction::Smoothness(Test::Conditional),
        &[0.0],
        Target::Mean,
    );
    let interval = honest_did(&study, &tested).unwrap().intervals[0];
    assert!(interval.conf_low < 0.0 && interval.conf_high > 0.0);
}

#[test]
fn estimates_that_contradict_the_restriction_leave_no_interval() {
    // With a single period after the reference all second differences count, and one before it is 3 instead of 0.
    let study = invented(&[0.0, 3.0, 0.0], &[1.0], 0.0);
    // The conditional test alone would accept values at which another inequality is about as far off as that one.
    let tested = options(Restriction::Smoothness(Test::Hybrid), &[0.0], Target::First);
    let found = honest_did(&study, &tested).unwrap();
    assert_eq!(found.status, Status::Ok);
    assert_eq!(found.intervals[0].status, Status::Contradicted);
    assert!(found.intervals[0].conf_low.is_nan());
}

#[test]
fn degenerate_event_studies_have_a_status() {
    let times = [-3, -2, 0, 1];
    let estimates = [0.1, -0.1, 0.5, 0.4];
    let methods = [
        Restriction::RelativeMagnitudes(Test::Hybrid),
        Restriction::Smoothness(Test::Conditional),
        Restriction::SmoothnessFixedLength,
    ];
    // An estimate without a variance.
    let mut covariance = DMatrix::from_diagonal_element(4, 4, 0.01);
    covariance[(1, 1)] = 0.0;
    let study = EventStudy::try_new(&times, &estimates, &covariance, -1).unwrap();
    for method in methods {
        let found = honest_did(&study, &options(method, &[0.0, 1.0], Target::First)).unwrap();
        assert_eq!(
            (found.status, found.intervals.len()),
            (Status::NoVariance, 2)
        );
        assert!(found.breakdown.is_nan() && found.estimate == 0.5);
        assert_eq!(found.intervals[1].status, Status::NoVariance);
    }
    // Estimates that are all the same variable: a difference after the reference has no variance, a second difference across it has
    // one, and the estimator that goes through the line before has none.
    let covariance = DMatrix::from_element(4, 4, 0.01);
    let study = EventStudy::try_new(&times, &estimates, &covariance, -1).unwrap();
    let expected = [Status::NoVariance, Status::Ok, Status::NoVariance];
    for (method, status) in methods.into_iter().zip(expected) {
        let found = honest_did(&study, &options(method, &[1.0], Target::First)).unwrap();
        assert_eq!(found.status, status, "{method:?}");
        assert_eq!(found.intervals[0].status, status, "{method:?}");
    }
    // Two estimates before the reference that are one, with an effect of their own: a test needs no inverse.
    let covariance = DMatrix::from_fn(4, 4, |a, b| match (a, b) {
        (0 | 1, 0 | 1) => 0.01,
        (a, b) if a == b => 0.01,
        _ => 0.0,
    });
    let study = EventStudy::try_new(&times, &estimates, &covariance, -1).unwrap();
    for method in &methods[..2] {
        let found = honest_did(&study, &options(*method, &[1.0], Target::First)).unwrap();
        assert_eq!(found.intervals[0].status, Status::Ok);
        assert!(found.intervals[0].conf_low < 0.5 && found.intervals[0].conf_high > 0.5);
    }
}

#[test]
fn impossible_event_studies_are_refused() {
    let covariance = DMatrix::from_diagonal_element(3, 3, 0.01);
    let refusal = |times: &[i32], estimates: &[f64], covariance: &DMatrix<f64>| {
        EventStudy::try_new(times, estimates, covariance, -1).unwrap_err()
    };
    assert_eq!(
        refusal(&[-2, 0, 0], &[0.0; 3], &covariance),
        EstimatorError::RepeatedEventTime { event_time: 0 }
    );
    assert_eq!(
        refusal(&[0, 1, 2], &[0.0; 3], &covariance),
        EstimatorError::OneSidedEventStudy {
            side: "before",
            reference: -1
        }
    );
    assert_eq!(
        refusal(&[-2, 0, 1], &[0.0, f64::NAN, 0.0], &covariance),
        EstimatorError::MissingEstimate { event_time: 0 }
    );
    assert_eq!(
        refusal(&[-2, 0], &[0.0, 0.0], &covariance),
        EstimatorError::CovarianceSize {
            n_columns: 3,
            n_estimates: 2
        }
    );
    for (row, column, value, problem) in [
        (0, 0, -1.0, "has a negative variance"),
        (0, 1, 0.005, "is not symmetric"),
    ] {
        let mut covariance = covariance.clone();
        covariance[(row, column)] = value;
        let expected = EstimatorError::NotACovariance { problem };
        assert_eq!(refusal(&[-2, 0, 1], &[0.0; 3], &covariance), expected);
    }
    let mut indefinite = covariance.clone();
    (indefinite[(0, 1)], indefinite[(1, 0)]) = (0.02, 0.02);
    let problem = "is not positive semi-definite";
    assert_eq!(
        refusal(&[-2, 0, 1], &[0.0; 3], &indefinite),
        EstimatorError::NotACovariance { problem }
    );
    // The reference itself is left out; a gap is found when neighbours are compared.
    let study = EventStudy::try_new(&[1, -1, -2], &[0.5, 0.0, 0.1], &covariance, -1).unwrap();
    assert_eq!(study.event_times(), [-2, 1]);
    let own = options(Restriction::SmoothnessFixedLength, &[0.1], Target::First);
    assert_eq!(
        honest_did(&study, &own).unwrap_err(),
        EstimatorError::EventTimeGap { event_time: 0 }
    );
}

#[test]
fn impossible_options_are_refused() {
    let study = invented(&[0.0, 0.1], &[0.5, 0.6], 0.2);
    let method = Restriction::RelativeMagnitudes(Test::Conditional);
    let refused = |change: &dyn Fn(&mut HonestOptions)| {
        let mut own = options(method, &[1.0], Target::First);
        change(&mut own);
        honest_did(&study, &own).unwrap_err().to_string()
    };
    assert!(refused(&|own| own.bounds = vec![-1.0]).contains("bounds"));
    assert!(refused(&|own| own.bounds = vec![f64::NAN]).contains("bounds"));
    assert!(refused(&|own| own.level = 1.0).contains("level"));
    assert!(refused(&|own| own.target = Target::Weights(vec![0.0, 0.0])).contains("weights"));
    assert!(refused(&|own| own.target = Target::Weights(vec![1.0])).contains("weights"));
    let long = invented(&[0.0; 40], &[0.0; 21], 0.2);
    let refusal = honest_did(&long, &options(method, &[1.0], Target::First)).unwrap_err();
    assert!(matches!(refusal, EstimatorError::TooMany { found: 61, .. }));
    let mean = options(method, &[1.0], Target::Mean);
    let same = options(method, &[1.0], Target::Weights(vec![0.5, 0.5]));
    // Numbers that do not exist are equal too when written.
    let written = |own| format!("{:?}", honest_did(&study, own).unwrap());
    assert_eq!(written(&mean), written(&same));
}
