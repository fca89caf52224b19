//! Jumps of a density and binned means: cases worked out by hand, and the invented men of the pages.

use super::discontinuity::data;
use super::discontinuity_properties::{BINS, DENSITY, RULE, assert_close, spread};
use crate::Status;
use crate::discontinuity::{
    BinOptions, BinSpacing, DensityBandwidths, DensityOptions, RdColumns, rd, rd_bins, rd_density,
};
use crate::panel::{Covariate, CovariateValues};

#[test]
fn a_density_of_too_little_has_a_status() {
    let status = |running: &[f64]| {
        let options = DensityOptions {
            cutoff: 0.0,
            ..DENSITY
        };
        rd_density(running, &options).unwrap().status
    };
    assert_eq!(status(&[]), Status::NoRows);
    assert_eq!(status(&[f64::NAN]), Status::NoRows);
    assert_eq!(status(&[1.0; 30]), Status::OneSided);
    assert_eq!(status(&[-1.0, 1.0, -1.0, 1.0]), Status::TooFewValues);
    assert_eq!(status(&spread(16)), Status::TooFew);
    assert_eq!(status(&spread(400)), Status::Ok);
}

#[test]
fn mirrored_values_have_the_opposite_jump_of_density() {
    let mut running = data("rd1_smooth").column("waist");
    running.sort_by(f64::total_cmp);
    // A shared value counts to its last row: that has another end in the mirror.
    running.dedup();
    let options = DensityOptions {
        cutoff: 85.000_01,
        bandwidths: DensityBandwidths::Given([6.0, 7.0]),
        ..DENSITY
    };
    let found = rd_density(&running, &options).unwrap();
    for x in &mut running {
        *x = 2.0 * options.cutoff - *x;
    }
    let options = DensityOptions {
        bandwidths: DensityBandwidths::Given([7.0, 6.0]),
        ..options
    };
    let mirrored = rd_density(&running, &options).unwrap();
    assert_close(mirrored.difference, -found.difference);
    assert_close(mirrored.density[0], found.density[1]);
    assert!((mirrored.std_error / found.std_error - 1.0).abs() < 0.01);
}

#[test]
fn an_even_density_has_no_jump() {
    // Of values at equal distances the distribution function is a line: 400 values over 400 units.
    let options = DensityOptions {
        cutoff: 0.0,
        ..DENSITY
    };
    let found = rd_density(&spread(400), &options).unwrap();
    assert_close(found.density[0], 1.0 / 399.0);
    assert_close(found.density[1], 1.0 / 399.0);
    assert_close(found.difference, 0.0);
}

#[test]
fn bins_are_means_within_their_ends() {
    let running = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0];
    let outcome = [1.0, 3.0, 4.0, 8.0, 10.0, 20.0, 30.0, 50.0];
    let found = rd_bins(&outcome, &running, &BINS).unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|bin| {
            (
                bin.is_right,
                bin.number,
                bin.low,
                bin.high,
                bin.mean,
                bin.n_rows,
            )
        })
        .collect();
    // On the left −2 begins the bin at the cutoff, on the right 2 the second.
    assert_eq!(
        shown,
        [
            (false, 2, -4.0, -2.0, 2.0, 2),
            (false, 1, -2.0, 0.0, 6.0, 2),
            (true, 1, 0.0, 2.0, 15.0, 2),
            (true, 2, 2.0, 4.0, 40.0, 2),
        ]
    );
    // Deviations of 1 on both sides of 2: variance 2, error 1; t with one degree of freedom is 12.706.
    assert_close(found[0].std_error, 1.0);
    assert!((found[0].conf_high - 2.0 - 12.706_204_736).abs() < 1e-6);
    assert_eq!(found[0].status, Status::TooFew);
    assert_close(found[2].mean_running, 0.5);
}

#[test]
fn quantile_bins_keep_equal_values_together() {
    let running = [-1.0, -1.0, -1.0, -2.0, -3.0, -4.0, 1.0, 1.0];
    let options = BinOptions {
        spacing: BinSpacing::Quantile,
        n_bins: Some([3, 2]),
        ..BINS
    };
    let found = rd_bins(&[0.5; 8], &running, &options).unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|bin| (bin.is_right, bin.low, bin.high, bin.n_rows))
        .collect();
    assert_eq!(
        shown,
        [
            (false, -4.0, -3.0, 2),
            (false, -2.0, -2.0, 1),
            (false, -1.0, -1.0, 3),
            (true, 1.0, 1.0, 2),
        ]
    );
    assert!(found.iter().all(|bin| bin.std_error.is_nan()));
}

/// On a line of slope 2 with noise ±1 over n rows within a range of R: B = R²/(12n)·2²·n₁, V = 1.
#[test]
fn the_number_of_bins_balances_steps_and_noise() {
    let n = 4_562;
    let running: Vec<f64> = (0..n)
        .map(|row| (row as f64 + 0.5) / n as f64 * 2.0 - 1.0)
        .collect();
    let outcome: Vec<f64> = running
        .iter()
        .zip(0..)
        .map(|(x, row)| 2.0 * x + if row % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let options = BinOptions {
        n_bins: None,
        ..BINS
    };
    let found = rd_bins(&outcome, &running, &options).unwrap();
    // (2·4/12·½·n)^(1/3) = 11.5: up to the twelfth.
    let n_left = found.iter().filter(|bin| !bin.is_right).count();
    let n_right = found.iter().filter(|bin| bin.is_right).count();
    assert_eq!([n_left, n_right], [12, 12]);
}

/// The invented men of the pages of `rd`, `rd_density` and `rd_bins`, whose numbers are those of `rdrobust` and `rddensity`.
#[test]
fn the_examples_of_the_pages_are_right() {
    let men = || 1..=1_200_u32;
    let step = |man: u32| man * 7_919 % 261;
    let waist = |man: u32| 72.0 + f64::from(step(man)) / 10.0;
    let change = |man: u32| {
        let jump = if step(man) >= 130 { -0.8 } else { 0.0 };
        jump + f64::from(step(man)) / 200.0 + f64::from(man * 104_729 % 997) / 500.0 - 1.0
    };
    let rows = RdColumns {
        outcome: men().map(change).collect(),
        running: men().map(waist).collect(),
        covariates: vec![Covariate {
            name: "age".to_owned(),
            values: CovariateValues::Numbers(
                men().map(|man| f64::from(40 + man * 31 % 25)).collect(),
            ),
        }],
        ..RdColumns::default()
    };
    let to_3 = |value: f64| (value * 1e3).round() / 1e3;
    let found = rd(&rows, &RULE).unwrap();
    let robust = &found.estimates[2];
    let shown = [robust.estimate, robust.std_error, robust.conf_low].map(to_3);
    assert_eq!(shown, [-0.897, 0.147, -1.185]);
    assert_eq!(found.n_effective, [215, 213]);
    let moved = |man: u32| {
        let is_moved = man.is_multiple_of(3) && (130..140).contains(&step(man));
        f64::from(if is_moved { 71 } else { 72 }) + f64::from(step(man)) / 10.0
    };
    let running: Vec<f64> = men().map(moved).collect();
    let test = rd_density(&running, &DENSITY).unwrap();
    assert_eq!(to_3(test.p_value), 0.016);
    assert_eq!(test.n_effective, [246, 241]);
    let options = BinOptions {
        cutoff: 85.0,
        n_bins: Some([4, 4]),
        ..BINS
    };
    let bins = rd_bins(&rows.outcome, &rows.running, &options).unwrap();
    let shown: Vec<_> = bins
        .iter()
        .map(|bin| {
            (
                to_3(bin.mean),
                to_3(bin.conf_low),
                to_3(bin.fitted),
                bin.n_rows,
            )
        })
        .collect();
    assert_eq!(shown.len(), 8);
    assert_eq!(shown[3], (0.576, 0.485, 0.557, 149));
    assert_eq!(shown[4], (-0.08, -0.173, -0.079, 150));
}
