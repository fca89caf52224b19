//! Lee bounds against the golden numbers (`tests/golden/inference`), against simulations, and against what is known of them.

use super::golden::{Data, close, inference, key};
use super::sensitivity::compare;
use super::simulated::{Random, mean, sd};
use crate::Status;
use crate::sensitivity::{LeeBounds, LeeGroups, Trim, grouped_lee_bounds, lee_bounds};

fn lee(spec: &str, trim: Trim) -> LeeBounds {
    let mut data = Data::read(&inference().join("data/lee1.parquet"));
    if let Some(subset) = key(spec, "subset") {
        let stratum: f64 = subset.strip_prefix("stratum ").unwrap().parse().unwrap();
        let strata = data.column("stratum");
        data = data.filter(|row| strata[row] == stratum);
    }
    let (outcome, treated) = (data.column("outcome"), data.column("treated"));
    if key(spec, "strata") == Some("stratum") {
        let strata: Vec<u32> = data.column("stratum").iter().map(|&s| s as u32).collect();
        let groups = LeeGroups {
            stratum: Some(&strata),
            cluster: None,
        };
        return grouped_lee_bounds(&outcome, &treated, groups, trim, 0.95).unwrap();
    }
    lee_bounds(&outcome, &treated, trim, 0.95).unwrap()
}

#[test]
fn lee_bounds_match_the_reference() {
    compare("lee_bounds", 1e-9, 58, |row| {
        let (quantity, trim) = match row.quantity.split_once(";trim=") {
            Some((quantity, "fractional")) => (quantity, Trim::Fractional),
            Some((quantity, _)) => (quantity, Trim::Whole),
            None => (row.quantity.as_str(), Trim::Whole),
        };
        let found = lee(&row.spec, trim);
        Some(match quantity {
            "lower_bound" => found.lower,
            "upper_bound" => found.upper,
            "std_error_lower" => found.std_error_lower,
            "std_error_upper" => found.std_error_upper,
            "imbens_manski_c" => found.critical_value,
            "im_ci95_low" => found.conf_low,
            "im_ci95_high" => found.conf_high,
            "trimming_share" => found.trimming_share,
            "selection_rate_treated" => found.seen_treated,
            "selection_rate_control" => found.seen_control,
            "n_selected_more_selected_arm" => found.n_treated as f64,
            "n_selected_other_arm" => found.n_control as f64,
            other => panic!("unknown quantity {other}"),
        })
    });
}

#[test]
fn bounds_turn_around_with_the_arms_and_close_without_selection() {
    let data = Data::read(&inference().join("data/lee1.parquet"));
    let (outcome, treated) = (data.column("outcome"), data.column("treated"));
    let swapped: Vec<f64> = treated.iter().map(|value| 1.0 - value).collect();
    let own = lee_bounds(&outcome, &treated, Trim::Whole, 0.9).unwrap();
    let other = lee_bounds(&outcome, &swapped, Trim::Whole, 0.9).unwrap();
    assert!(close(own.lower, -other.upper, 1e-12) && close(own.upper, -other.lower, 1e-12));
    assert!(close(own.std_error_lower, other.std_error_upper, 1e-12));
    assert!(close(own.conf_low, -other.conf_high, 1e-12));
    // Everybody is seen: one number, a two-sided interval, and the strata do not matter for who is left out.
    let all: Vec<f64> = outcome
        .iter()
        .map(|y| if y.is_nan() { 0.0 } else { *y })
        .collect();
    for trim in [Trim::Whole, Trim::Fractional] {
        let found = lee_bounds(&all, &treated, trim, 0.95).unwrap();
        assert!(close(found.lower, found.upper, 1e-12) && found.trimming_share == 0.0);
        assert!(close(found.critical_value, 1.959_963_984_540_054, 1e-9));
        assert_eq!(found.status, Status::Ok);
    }
}

#[test]
fn arms_without_outcomes_have_no_bounds() {
    let nan = f64::NAN;
    let of =
        |outcome: &[f64], treated: &[f64]| lee_bounds(outcome, treated, Trim::Whole, 0.95).unwrap();
    assert_eq!(of(&[1.0, nan], &[1.0, 0.0]).status, Status::NoControls);
    assert_eq!(of(&[nan, 1.0], &[1.0, 0.0]).status, Status::NoTreated);
    assert_eq!(of(&[nan, nan], &[1.0, 0.0]).status, Status::NoRows);
    assert_eq!(of(&[], &[]).status, Status::NoRows);
    let one = of(&[3.0, 1.0], &[1.0, 0.0]);
    assert_eq!(
        (one.lower, one.upper, one.status),
        (2.0, 2.0, Status::NoVariance)
    );
    assert!(one.conf_low.is_nan());
    let groups = LeeGroups {
        stratum: Some(&[1, 1, 2, 2]),
        cluster: None,
    };
    let (outcome, treated) = ([1.0, 2.0, nan, 4.0], [0.0, 1.0, 0.0, 1.0]);
    let found = grouped_lee_bounds(&outcome, &treated, groups, Trim::Whole, 0.95).unwrap();
    assert!(found.status == Status::NoControls && found.lower.is_nan());
    assert_eq!((found.n_units, found.n_treated, found.n_control), (4, 2, 1));
}

const ANY: LeeGroups<'_> = LeeGroups {
    stratum: None,
    cluster: None,
};

/// A single stratum has the bounds of none, and by influence functions nearly the errors of Proposition 3. Units as clusters have them up to
/// n/(n − 1); every unit twice, with both in a cluster, has those of once.
#[test]
fn influence_functions_agree_with_the_formula_for_errors() {
    let data = Data::read(&inference().join("data/lee1.parquet"));
    let (outcome, treated) = (data.column("outcome"), data.column("treated"));
    let n = outcome.len();
    let one = vec![5_u32; n];
    let units: Vec<i64> = (0..n as i64).collect();
    for trim in [Trim::Whole, Trim::Fractional] {
        let plain = lee_bounds(&outcome, &treated, trim, 0.95).unwrap();
        let of = |outcome: &[f64], treated: &[f64], groups| {
            grouped_lee_bounds(outcome, treated, groups, trim, 0.95).unwrap()
        };
        let stratum = of(
            &outcome,
            &treated,
            LeeGroups {
                stratum: Some(&one),
                ..ANY
            },
        );
        assert!(close(stratum.lower, plain.lower, 1e-12));
        assert!(close(stratum.upper, plain.upper, 1e-12));
        let ratio = stratum.std_error_lower / plain.std_error_lower;
        assert!((ratio - 1.0).abs() < 2e-3, "{trim:?} {ratio}");
        let ratio = stratum.std_error_upper / plain.std_error_upper;
        assert!((ratio - 1.0).abs() < 2e-3, "{trim:?} {ratio}");
        let clusters = of(
            &outcome,
            &treated,
            LeeGroups {
                cluster: Some(&units),
                ..ANY
            },
        );
        let factor = (n as f64 / (n as f64 - 1.0)).sqrt();
        assert!(close(
            clusters.std_error_lower,
            stratum.std_error_lower * factor,
            1e-10
        ));
        assert_eq!(
            (clusters.n_clusters, clusters.status),
            (n as u64, Status::Ok)
        );
        let twice = |column: &[f64]| [column, column].concat();
        let pairs = [units.clone(), units.clone()].concat();
        let groups = LeeGroups {
            cluster: Some(&pairs),
            ..ANY
        };
        let both = of(&twice(&outcome), &twice(&treated), groups);
        assert!(
            close(both.lower, clusters.lower, 1e-6),
            "{} {}",
            both.lower,
            clusters.lower
        );
        assert!((both.std_error_upper / clusters.std_error_upper - 1.0).abs() < 2e-3);
    }
}

#[test]
fn the_order_of_units_does_not_change_a_bit() {
    let data = Data::read(&inference().join("data/lee1.parquet"));
    let (outcome, treated) = (data.column("outcome"), data.column("treated"));
    let strata: Vec<u32> = data
        .column("stratum")
        .iter()
        .map(|&own| own as u32)
        .collect();
    let cluster: Vec<i64> = (0..outcome.len() as i64).map(|unit| unit % 97).collect();
    let bounds = |order: &dyn Fn(usize) -> usize| {
        let n = outcome.len();
        let own: Vec<f64> = (0..n).map(|row| outcome[order(row)]).collect();
        let arms: Vec<f64> = (0..n).map(|row| treated[order(row)]).collect();
        let strata: Vec<u32> = (0..n).map(|row| strata[order(row)]).collect();
        let cluster: Vec<i64> = (0..n).map(|row| cluster[order(row)]).collect();
        let groups = LeeGroups {
            stratum: Some(&strata),
            cluster: Some(&cluster),
        };
        let found = grouped_lee_bounds(&own, &arms, groups, Trim::Whole, 0.95).unwrap();
        [
            found.lower,
            found.upper,
            found.std_error_lower,
            found.std_error_upper,
        ]
        .map(f64::to_bits)
    };
    let n = outcome.len();
    assert_eq!(bounds(&|row| row), bounds(&|row| n - 1 - row));
}

/// 60 clusters of 30, assigned as a whole, in two strata that differ in rates and outcomes: errors are those of repeated samples.
#[test]
fn errors_by_clusters_and_strata_are_those_of_repeated_samples() {
    let mut random = Random::new(11);
    let (mut lower, mut errors, mut upper, mut n_covered) = (vec![], vec![], vec![], 0);
    for _ in 0..300 {
        let (mut y, mut treated, mut cluster, mut stratum) = (vec![], vec![], vec![], vec![]);
        for site in 0..60_i64 {
            let arm = f64::from(u8::from(site % 2 == 0));
            let shared = 0.5 * random.normal();
            for _ in 0..30 {
                let kind = u32::from(random.uniform() < 0.4);
                let rate = if kind == 1 { 0.6 } else { 0.8 } + 0.1 * arm;
                let value = shared + random.normal() + f64::from(kind) + 0.3 * arm;
                y.push(if random.uniform() < rate {
                    value
                } else {
                    f64::NAN
                });
                treated.push(arm);
                cluster.push(site);
                stratum.push(kind);
            }
        }
        let groups = LeeGroups {
            stratum: Some(&stratum),
            cluster: Some(&cluster),
        };
        let found = grouped_lee_bounds(&y, &treated, groups, Trim::Whole, 0.95).unwrap();
        lower.push(found.lower);
        upper.push(found.upper);
        errors.push(found.std_error_lower);
        n_covered += u32::from(found.conf_low <= 0.3 && found.conf_high >= 0.3);
    }
    // The standard deviation of 300 samples is known to 4 %, and errors by 30 clusters a side are 2 % too small.
    let ratio = mean(&errors) / sd(&lower);
    assert!((0.88..1.1).contains(&ratio), "{ratio}");
    assert!(mean(&lower) < 0.3 && mean(&upper) > 0.3);
    assert!(n_covered >= 285, "{n_covered}");
}

#[test]
fn hostile_groups_have_a_status() {
    let of = |outcome: &[f64], treated: &[f64], cluster: &[i64]| {
        let groups = LeeGroups {
            cluster: Some(cluster),
            ..ANY
        };
        grouped_lee_bounds(outcome, treated, groups, Trim::Whole, 0.95).unwrap()
    };
    assert_eq!(of(&[], &[], &[]).status, Status::NoRows);
    let infinite = of(&[f64::INFINITY, 1.0, 2.0], &[1.0, 1.0, 0.0], &[1, 2, 3]);
    assert_eq!((infinite.n_treated, infinite.seen_treated), (1, 0.5));
    let one = of(&[1.0, 2.0, 4.0], &[1.0, 0.0, 1.0], &[1, 1, 1]);
    assert_eq!((one.n_clusters, one.status), (1, Status::NoVariance));
    assert!(one.lower.is_finite() && one.conf_low.is_nan());
    let constant = of(&[2.0; 4], &[1.0, 0.0, 1.0, 0.0], &[1, 2, 3, 4]);
    assert_eq!((constant.lower, constant.status), (0.0, Status::NoVariance));
    let some = of(&[1.0, 2.0, 4.0, 3.5], &[1.0, 0.0, 1.0, 0.0], &[1, 2, 3, 4]);
    assert_eq!(some.status, Status::FewClusters);
    let groups = LeeGroups {
        cluster: Some(&[1]),
        ..ANY
    };
    assert!(grouped_lee_bounds(&[1.0, 2.0], &[0.0, 1.0], groups, Trim::Whole, 0.95).is_err());
    assert!(grouped_lee_bounds(&[1.0], &[0.5], groups, Trim::Whole, 0.95).is_err());
}
