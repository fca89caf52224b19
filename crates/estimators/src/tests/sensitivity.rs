//! Pre-test power, differences of groups and equivalence against the golden numbers (`tests/golden/inference`, see `HOW.md` there), and against
//! what is known of them.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use super::golden::{Data, Expected, close, expected_in, inference, key};
use crate::sensitivity::{
    EquivalenceOptions, EventStudy, PretrendOptions, PretrendPower, equivalence, pretrend_power,
    two_group,
};
use crate::{Estimate, EstimatorError, Status};

/// Compares all rows of a relation, relative to their size.
#[track_caller]
pub(super) fn compare(
    relation: &str,
    tolerance: f64,
    n: usize,
    found: impl Fn(&Expected) -> Option<f64>,
) {
    let rows = expected_in(&inference(), relation);
    let mut n_compared = 0;
    let mut failures = Vec::new();
    for row in &rows {
        let Some(found) = found(row) else {
            continue;
        };
        n_compared += 1;
        let value = row.value.unwrap();
        let deviation = (found - value).abs();
        if deviation.is_nan() || deviation > tolerance * value.abs().max(1e-12) {
            failures.push(format!("{}: {value}, found {found}", row.label()));
        }
    }
    assert!(
        failures.is_empty(),
        "{} failed: {failures:#?}",
        failures.len()
    );
    assert_eq!(n_compared, n);
}

fn event_study(name: &str) -> EventStudy {
    let data = Data::read(&inference().join("data").join(format!("{name}.parquet")));
    let times = data.column("relative_time");
    let times: Vec<i32> = times.iter().map(|&time| time as i32).collect();
    let n = times.len();
    let columns: Vec<Vec<f64>> = (1..=n)
        .map(|column| data.column(&format!("sigma_{column}")))
        .collect();
    let covariance = DMatrix::from_fn(n, n, |row, column| columns[column][row]);
    EventStudy::try_new(&times, &data.column("betahat"), &covariance, -1).unwrap()
}

pub(super) fn pretrend_options() -> PretrendOptions {
    PretrendOptions {
        threshold: 1.96,
        powers: vec![0.5, 0.8],
        slopes: Vec::new(),
        seed: 1,
    }
}

#[test]
fn pretrend_power_matches_the_reference() {
    let mut results: BTreeMap<String, PretrendPower> = BTreeMap::new();
    for row in expected_in(&inference(), "pretrend_power") {
        let name = row.dataset;
        results
            .entry(name.clone())
            .or_insert_with(|| pretrend_power(&event_study(&name), &pretrend_options()).unwrap());
    }
    let n = expected_in(&inference(), "pretrend_power").len();
    compare("pretrend_power", 1e-6, n, |row| {
        let result = &results[&row.dataset];
        if row.row == "slope=0" {
            return Some(result.false_alarm);
        }
        let trend = match key(&row.row, "power").unwrap() {
            "0.5" => &result.trends[0],
            "0.8" => &result.trends[1],
            other => panic!("unknown power {other}"),
        };
        let time = key(&row.row, "relative_time").map(|time| time.parse::<i32>().unwrap());
        let bias = trend
            .biases
            .iter()
            .find(|bias| Some(bias.event_time) == time);
        Some(match row.quantity.as_str() {
            "slope" => trend.slope,
            "bias_unconditional" => bias.unwrap().unconditional,
            "bias_conditional_on_passing" => bias.unwrap().conditional,
            "bayes_factor" => trend.bayes_factor,
            "likelihood_ratio" => trend.likelihood_ratio,
            other => panic!("unknown quantity {other}"),
        })
    });
}

#[test]
fn slopes_and_powers_are_each_others_inverse() {
    let study = event_study("es4_invented_pre4_post1");
    let found = pretrend_power(&study, &pretrend_options()).unwrap();
    let back = PretrendOptions {
        powers: vec![0.01],
        slopes: vec![found.trends[1].slope, -found.trends[1].slope, 0.0],
        ..pretrend_options()
    };
    let back = pretrend_power(&study, &back).unwrap();
    // A false alarm is more probable than that.
    assert_eq!(back.trends[0].slope, 0.0);
    for trend in &back.trends[1..3] {
        assert!(close(trend.power, 0.8, 1e-9));
    }
    let (rising, falling) = (&back.trends[1], &back.trends[2]);
    let bias = |trend: &crate::sensitivity::Trend| trend.biases[0].conditional;
    assert!(close(bias(rising), -bias(falling), 1e-9));
    assert!(close(back.trends[3].bayes_factor, 1.0, 1e-12));
    assert!(back.trends[3].biases[0].conditional.abs() < 1e-12);
    assert!(close(found.largest_statistic, 0.022 / 0.028, 1e-8));
}

/// Many periods before the reference go by quasi-random points; with independent estimates the probability is a product.
#[test]
fn long_pre_trends_have_a_power() {
    let times: Vec<i32> = (-13..-1).chain([0]).collect();
    let n = times.len();
    let covariance = DMatrix::from_diagonal_element(n, n, 0.04);
    let study = EventStudy::try_new(&times, &vec![0.0; n], &covariance, -1).unwrap();
    let options = PretrendOptions {
        slopes: vec![0.01],
        ..pretrend_options()
    };
    let found = pretrend_power(&study, &options).unwrap();
    let one = 1.0 - crate::inference::normal::two_sided_p(1.96);
    assert!(close(found.false_alarm, 1.0 - one.powi(12), 1e-4));
    // Nothing before the reference says anything about what is after it.
    assert!(close(found.trends[2].biases[0].conditional, 0.01, 1e-9));
    let cdf = crate::inference::normal::cdf;
    let passing = (1..=12).map(|k| {
        let shift = 0.01 * f64::from(k) / 0.2;
        cdf(1.96 - shift) - cdf(-1.96 - shift)
    });
    assert!(close(
        found.trends[2].power,
        1.0 - passing.product::<f64>(),
        1e-4
    ));
    assert!(close(found.trends[0].power, 0.5, 1e-6));
}

#[test]
fn pre_tests_that_cannot_be_judged_have_a_status() {
    let times = [-3, -2, 0];
    let of = |covariance: &DMatrix<f64>| {
        let study = EventStudy::try_new(&times, &[0.1, 0.2, 0.3], covariance, -1).unwrap();
        pretrend_power(&study, &pretrend_options()).unwrap()
    };
    let mut covariance = DMatrix::from_diagonal_element(3, 3, 0.01);
    covariance[(0, 0)] = 0.0;
    assert_eq!(of(&covariance).status, Status::NoVariance);
    let found = of(&DMatrix::from_element(3, 3, 0.01));
    assert_eq!((found.status, found.trends.len()), (Status::Singular, 0));
    assert!(found.false_alarm.is_nan());
    let study = event_study("es4_invented_pre4_post1");
    for options in [
        PretrendOptions {
            threshold: 0.0,
            ..pretrend_options()
        },
        PretrendOptions {
            powers: vec![1.0],
            ..pretrend_options()
        },
        PretrendOptions {
            slopes: vec![f64::NAN],
            ..pretrend_options()
        },
    ] {
        let refusal = pretrend_power(&study, &options).unwrap_err();
        assert!(matches!(refusal, EstimatorError::BadOption { .. }));
    }
    let times: Vec<i32> = (-27..-1).chain([0]).collect();
    let covariance = DMatrix::identity(27, 27);
    let study = EventStudy::try_new(&times, &[0.0; 27], &covariance, -1).unwrap();
    let refusal = pretrend_power(&study, &pretrend_options()).unwrap_err();
    assert!(matches!(refusal, EstimatorError::TooMany { found: 26, .. }));
}

/// The cluster trial: outcomes, treatment, sites.
pub(super) struct Trial {
    pub(super) data: Data,
    pub(super) treated: Vec<f64>,
    pub(super) sites: Vec<i64>,
}

impl Trial {
    pub(super) fn read() -> Self {
        let data = Data::read(&inference().join("data/crt1.parquet"));
        Self {
            treated: data.column("treated"),
            sites: super::golden::as_ids(&data.column("site_id")),
            data,
        }
    }

    pub(super) fn difference(&self, outcome: &str, treated: &[f64]) -> Estimate {
        two_group(&self.data.column(outcome), treated, &self.sites, 0.95).unwrap()
    }
}

/// The outcome of `formula=y1 ~ treated`.
fn outcome(spec: &str) -> String {
    let formula = key(spec, "formula").unwrap();
    formula.split(" ~").next().unwrap().to_owned()
}

#[test]
fn differences_of_groups_match_the_reference() {
    let trial = Trial::read();
    compare("two_group", 1e-9, 12, |row| {
        let found = trial.difference(&outcome(&row.spec), &trial.treated);
        Some(match row.quantity.as_str() {
            "estimate" => found.estimate,
            "std_error" => found.std_error,
            "p_value" => found.p_value,
            other => panic!("unknown quantity {other}"),
        })
    });
}

#[test]
fn groups_that_cannot_be_compared_have_a_status() {
    let of = |outcome: &[f64], treated: &[f64], cluster: &[i64]| {
        let found = two_group(outcome, treated, cluster, 0.95).unwrap();
        (found.status, found.n_units)
    };
    let outcome = [1.0, 2.0, 4.0, f64::NAN];
    assert_eq!(
        of(&outcome, &[1.0, 0.0, 0.0, 1.0], &[1, 2, 3, 4]),
        (Status::Ok, 3)
    );
    assert_eq!(
        of(&outcome, &[1.0, 1.0, 1.0, 0.0], &[1, 2, 3, 4]),
        (Status::NoControls, 3)
    );
    assert_eq!(
        of(&outcome, &[0.0, 0.0, f64::NAN, 1.0], &[1, 2, 3, 4]),
        (Status::NoTreated, 2)
    );
    assert_eq!(of(&[f64::NAN], &[1.0], &[1]), (Status::NoRows, 0));
    assert_eq!(
        of(&outcome, &[1.0, 0.0, 0.0, 1.0], &[1, 2, 2, 1]),
        (Status::NoVariance, 3)
    );
    assert_eq!(
        of(&[2.0; 4], &[1.0, 1.0, 0.0, 0.0], &[1, 2, 3, 4]),
        (Status::NoVariance, 4)
    );
    let refusal = two_group(&[1.0, 2.0], &[0.5, 1.0], &[1, 2], 0.95).unwrap_err();
    assert!(matches!(
        refusal,
        EstimatorError::NotBinary { n_rows: 1, .. }
    ));
    let refusal = two_group(&[1.0, 2.0], &[0.0, 1.0], &[1], 0.95).unwrap_err();
    assert!(matches!(refusal, EstimatorError::LengthMismatch { .. }));
}

#[test]
fn equivalence_matches_the_reference() {
    let trial = Trial::read();
    compare("equivalence", 1e-9, 96, |row| {
        let estimate = trial.difference(&outcome(&row.spec), &trial.treated);
        let number = |name: &str| key(&row.spec, name).unwrap().parse::<f64>().unwrap();
        let options = EquivalenceOptions {
            low: number("low"),
            high: number("high"),
            level: 0.95,
            df: (key(&row.spec, "dist") == Some("t(G-2)")).then_some(10.0),
        };
        let found = equivalence(estimate.estimate, estimate.std_error, &options).unwrap();
        Some(match row.quantity.as_str() {
            "p_value_lower" => found.p_value_low,
            "p_value_upper" => found.p_value_high,
            "p_value_tost" => found.p_value,
            "ci90_low" => found.conf_low,
            "ci90_high" => found.conf_high,
            "smallest_symmetric_margin" => found.smallest_margin,
            other => panic!("unknown quantity {other}"),
        })
    });
}

#[test]
fn equivalence_is_the_interval_within_the_margins() {
    let options = EquivalenceOptions {
        low: -1.0,
        high: 1.0,
        level: 0.95,
        df: Some(7.0),
    };
    for (estimate, std_error) in [(0.2, 0.3), (0.2, 0.5), (-0.9, 0.01), (1.2, 0.1)] {
        let found = equivalence(estimate, std_error, &options).unwrap();
        let within = found.conf_low > -1.0 && found.conf_high < 1.0;
        assert_eq!(found.p_value < 0.05, within);
        assert_eq!(found.smallest_margin < 1.0, within);
    }
    for std_error in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let found = equivalence(0.1, std_error, &options).unwrap();
        assert!(found.status == Status::NoVariance && found.p_value.is_nan());
    }
    for wrong in [
        EquivalenceOptions {
            low: 1.0,
            ..options
        },
        EquivalenceOptions {
            high: f64::NAN,
            ..options
        },
        EquivalenceOptions {
            level: 0.5,
            ..options
        },
        EquivalenceOptions {
            df: Some(0.0),
            ..options
        },
    ] {
        let refusal = equivalence(0.1, 0.1, &wrong).unwrap_err();
        assert!(matches!(refusal, EstimatorError::BadOption { .. }));
    }
}
