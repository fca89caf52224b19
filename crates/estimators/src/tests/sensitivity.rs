//! Pre-test power, equivalence, power and adjusted p-values against the golden numbers (`tests/golden/inference`, see
//! `HOW.md` there), and against what is known of them.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use super::golden::{Data, Expected, close, expected_in, inference, key};
use crate::sensitivity::{
    Adjustment, ClusteredDesign, EquivalenceOptions, EventStudy, PowerLaw, PretrendOptions,
    PretrendPower, WestfallYoung, adjust_p, equivalence, minimum_detectable_effect, power,
    pretrend_power, two_group, westfall_young,
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

fn pretrend_options() -> PretrendOptions {
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
struct Trial {
    data: Data,
    treated: Vec<f64>,
    sites: Vec<i64>,
}

impl Trial {
    fn read() -> Self {
        let data = Data::read(&inference().join("data/crt1.parquet"));
        Self {
            treated: data.column("treated"),
            sites: super::golden::as_ids(&data.column("site_id")),
            data,
        }
    }

    fn difference(&self, outcome: &str, treated: &[f64]) -> Estimate {
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

fn design(spec: &str) -> ClusteredDesign {
    let number = |name: &str| key(spec, name).unwrap().parse::<f64>().unwrap();
    ClusteredDesign {
        clusters_treated: number("clusters_treated") as u32,
        clusters_control: number("clusters_control") as u32,
        cluster_size: number("cluster_size"),
        cv_cluster_size: number("cv_cluster_size"),
        icc: number("icc"),
        sd: number("sd"),
    }
}

fn law(spec: &str) -> PowerLaw {
    match key(spec, "dist").unwrap() {
        "normal" => PowerLaw::Normal,
        "t_approx" => PowerLaw::ApproximateT,
        "noncentral_t" => PowerLaw::NoncentralT,
        other => panic!("unknown law {other}"),
    }
}

#[test]
fn power_matches_the_reference() {
    let n = expected_in(&inference(), "power").len();
    compare("power", 1e-9, n, |row| {
        let design = design(&row.spec);
        let number = |name: &str| key(&row.spec, name).unwrap().parse::<f64>().unwrap();
        Some(match row.quantity.as_str() {
            "design_effect" => design.design_effect(),
            "std_error" => design.std_error(),
            "mde" => {
                minimum_detectable_effect(&design, number("power"), 0.95, law(&row.spec)).unwrap()
            }
            "power" => power(&design, number("effect"), 0.95, law(&row.spec)).unwrap(),
            other => panic!("unknown quantity {other}"),
        })
    });
}

#[test]
fn power_and_smallest_effect_are_each_others_inverse() {
    let design = design(
        "clusters_treated=2;clusters_control=1;cluster_size=20;cv_cluster_size=0.3;icc=0.1;sd=2",
    );
    for law in [PowerLaw::ApproximateT, PowerLaw::NoncentralT] {
        for share in [0.1, 0.3, 0.8, 0.99] {
            let effect = minimum_detectable_effect(&design, share, 0.95, law).unwrap();
            let found = power(&design, -effect, 0.95, law).unwrap();
            assert!(close(found, share, 1e-8), "{law:?} {share} {found}");
        }
    }
    // Without an effect both tails together have the size of the test.
    for law in [PowerLaw::Normal, PowerLaw::NoncentralT] {
        assert!(close(power(&design, 0.0, 0.95, law).unwrap(), 0.05, 1e-9));
    }
}

#[test]
fn impossible_designs_are_refused() {
    let good = design(
        "clusters_treated=2;clusters_control=2;cluster_size=20;cv_cluster_size=0;icc=0.1;sd=2",
    );
    for wrong in [
        ClusteredDesign {
            clusters_treated: 0,
            ..good
        },
        ClusteredDesign {
            clusters_control: 0,
            ..good
        },
        ClusteredDesign {
            clusters_treated: 1,
            clusters_control: 1,
            ..good
        },
        ClusteredDesign {
            cluster_size: 0.5,
            ..good
        },
        ClusteredDesign {
            cv_cluster_size: -0.1,
            ..good
        },
        ClusteredDesign { icc: 1.1, ..good },
        ClusteredDesign {
            sd: f64::NAN,
            ..good
        },
    ] {
        assert!(
            power(&wrong, 0.1, 0.95, PowerLaw::NoncentralT).is_err(),
            "{wrong:?}"
        );
    }
    for share in [0.05, 1.0, f64::NAN] {
        assert!(minimum_detectable_effect(&good, share, 0.95, PowerLaw::Normal).is_err());
    }
    assert!(power(&good, f64::NAN, 0.95, PowerLaw::Normal).is_err());
    assert!(power(&good, 0.1, 1.0, PowerLaw::Normal).is_err());
}

#[test]
fn adjusted_p_values_match_the_reference() {
    let trial = Trial::read();
    let outcomes = ["y1", "y2", "y3", "y4"];
    let p_values: Vec<f64> = outcomes
        .iter()
        .map(|outcome| trial.difference(outcome, &trial.treated).p_value)
        .collect();
    compare("multiplicity", 1e-9, 12, |row| {
        let adjustment = match key(&row.spec, "method").unwrap() {
            "holm" => Adjustment::Holm,
            "bonferroni" => Adjustment::Bonferroni,
            "benjamini_hochberg" => Adjustment::BenjaminiHochberg,
            _ => return None,
        };
        let place = outcomes
            .iter()
            .position(|o| Some(*o) == key(&row.row, "outcome"));
        Some(adjust_p(&p_values, adjustment)[place.unwrap()])
    });
}

/// All ways to treat 6 of 12 sites, as masks.
fn assignments() -> impl Iterator<Item = u32> {
    (0_u32..1 << 12).filter(|mask| mask.count_ones() == 6)
}

#[test]
fn joint_p_values_match_the_reference() {
    let trial = Trial::read();
    let outcomes = ["y1", "y2", "y3", "y4"];
    let statistics = |treated: &[f64], is_t: bool| -> Vec<f64> {
        let each = outcomes.iter().map(|outcome| {
            let found = trial.difference(outcome, treated);
            if is_t {
                found.statistic
            } else {
                found.estimate
            }
        });
        each.collect()
    };
    for (name, is_t) in [("abs_t_CR1", true), ("abs_difference_in_means", false)] {
        let observed = statistics(&trial.treated, is_t);
        let draws: Vec<Vec<f64>> = assignments()
            .map(|mask| {
                let sites = trial.sites.iter();
                let treated: Vec<f64> = sites
                    .map(|site| f64::from(mask >> (site - 1) & 1))
                    .collect();
                statistics(&treated, is_t)
            })
            .collect();
        assert_eq!(draws.len(), 924);
        let adjusted = |method| westfall_young(&observed, &draws, method).unwrap();
        compare("multiplicity", 1e-12, 12, |row| {
            if key(&row.spec, "statistic") != Some(name) {
                return None;
            }
            let method = match key(&row.spec, "method").unwrap() {
                "westfall_young_stepdown_maxT" => WestfallYoung::StepDownMax,
                "westfall_young_singlestep_maxT" => WestfallYoung::SingleStepMax,
                "westfall_young_stepdown_minP" => WestfallYoung::StepDownMinP,
                other => panic!("unknown method {other}"),
            };
            let place = outcomes
                .iter()
                .position(|o| Some(*o) == key(&row.row, "outcome"));
            Some(adjusted(method)[place.unwrap()])
        });
    }
}

#[test]
fn adjustments_are_what_their_definitions_say() {
    let p_values = [0.01, f64::NAN, 0.04, 0.03];
    let of = |adjustment| {
        let found = adjust_p(&p_values, adjustment);
        assert!(found[1].is_nan());
        [found[0], found[2], found[3]]
    };
    let same = |found: [f64; 3], expected: [f64; 3]| {
        found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-15)
    };
    assert!(same(of(Adjustment::Holm), [0.03, 0.06, 0.06]));
    assert!(same(of(Adjustment::Hochberg), [0.03, 0.04, 0.04]));
    assert!(same(of(Adjustment::Bonferroni), [0.03, 0.12, 0.09]));
    assert!(same(of(Adjustment::BenjaminiHochberg), [0.03, 0.04, 0.04]));
    assert!(adjust_p(&[], Adjustment::Holm).is_empty());
    assert_eq!(adjust_p(&[0.9], Adjustment::Bonferroni), [0.9]);
}

#[test]
fn draws_must_be_complete() {
    let one = |draws: &[Vec<f64>]| westfall_young(&[1.0, 2.0], draws, WestfallYoung::StepDownMax);
    assert!(matches!(one(&[]), Err(EstimatorError::BadOption { .. })));
    assert!(matches!(
        one(&[vec![1.0]]),
        Err(EstimatorError::LengthMismatch { .. })
    ));
    let missing = vec![1.0, f64::NAN];
    assert!(matches!(
        one(&[missing]),
        Err(EstimatorError::BadOption { .. })
    ));
    // The second is reached by one draw of four, the first by three, of which the second draw is through the second.
    let draws = [
        vec![0.0, -3.0],
        vec![1.0, 0.0],
        vec![-1.5, 1.0],
        vec![0.0, 0.5],
    ];
    let found = one(&draws).unwrap();
    assert_eq!(found, [0.5, 0.25]);
}
