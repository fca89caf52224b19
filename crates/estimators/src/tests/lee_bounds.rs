//! Lee bounds against the golden numbers (`tests/golden/inference`), and against what is known of them.

use super::golden::{Data, close, inference, key};
use super::sensitivity::compare;
use crate::Status;
use crate::sensitivity::{LeeBounds, Trim, lee_bounds, stratified_lee_bounds};

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
        return stratified_lee_bounds(&outcome, &treated, &strata, trim).unwrap();
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
    let found = stratified_lee_bounds(
        &[1.0, 2.0, nan, 4.0],
        &[0.0, 1.0, 0.0, 1.0],
        &[1, 1, 2, 2],
        Trim::Whole,
    );
    let found = found.unwrap();
    assert!(found.status == Status::NoControls && found.lower.is_nan());
}
