//! What is known of estimates at a cutoff: cases worked out by hand, what must not matter, and input with too little in it.

use super::discontinuity::{OPTIONS, columns, data};
use crate::discontinuity::{
    BandwidthRule, Bandwidths, BinOptions, BinSpacing, DensityBandwidths, DensityOptions,
    DensityRule, Discontinuity, Kernel, MassPoints, RdColumns, RdEstimate, RdMethod, RdOptions,
    RdPart, RdVcov, rd, rd_bins, rd_density,
};
use crate::panel::{Covariate, CovariateValues, MISSING_CODE};
use crate::{EstimatorError, Status};

const SHARP: &str = "outcome=outcome;running=waist;type=sharp";
const FUZZY: &str =
    "outcome=outcome;running=waist;type=fuzzy;covariates=age+male;weight=w;cluster=site_id";
pub(super) const RULE: RdOptions = RdOptions {
    bandwidths: Bandwidths::Rule(BandwidthRule {
        aim: crate::discontinuity::BandwidthAim::Mse,
        scope: crate::discontinuity::BandwidthScope::Difference,
    }),
    ..OPTIONS
};

pub(super) const DENSITY: DensityOptions = DensityOptions {
    cutoff: 85.0,
    order: 2,
    test_order: 3,
    kernel: Kernel::Triangular,
    bandwidths: DensityBandwidths::Rule(DensityRule::Combined),
    mass_points: MassPoints::Adjust,
    level: 0.95,
};

pub(super) const BINS: BinOptions = BinOptions {
    cutoff: 0.0,
    spacing: BinSpacing::Even,
    n_bins: Some([2, 2]),
    level: 0.95,
};

fn golden(spec: &str) -> RdColumns {
    columns(&data("rd2_rounded"), spec)
}

fn row(result: &Discontinuity, method: RdMethod) -> &RdEstimate {
    let effect = |row: &&RdEstimate| row.part == RdPart::Effect && row.method == method;
    result.estimates.iter().find(effect).unwrap()
}

#[track_caller]
pub(super) fn assert_close(found: f64, expected: f64) {
    let off = (found - expected).abs();
    assert!(
        off <= 1e-9 * (1.0 + expected.abs()),
        "{found}, not {expected}"
    );
}

/// Two rows on each side; with a constant fitted to each the estimate is a difference of means.
fn four() -> RdColumns {
    RdColumns {
        outcome: vec![1.0, 3.0, 5.0, 9.0],
        running: vec![-2.0, -1.0, 0.0, 1.0],
        ..RdColumns::default()
    }
}

fn means(vcov: RdVcov) -> RdOptions {
    RdOptions {
        cutoff: 0.0,
        order: 0,
        bias_order: 1,
        kernel: Kernel::Uniform,
        bandwidths: Bandwidths::Given {
            estimate: [2.0; 2],
            bias: None,
        },
        vcov,
        ..OPTIONS
    }
}

#[test]
fn with_constants_the_estimate_is_a_difference_of_means() {
    // Squared residuals 1, 1 and 4, 4; each weight is ½. Differences to the other row are 2 and 4.
    for (vcov, variance) in [
        (RdVcov::Hc0, 0.5 + 2.0),
        (RdVcov::Hc1, 2.0 * 2.5),
        (RdVcov::Hc2, 2.5 / 0.5),
        (RdVcov::Hc3, 2.5 / 0.25),
        (RdVcov::Nearest, 0.5 * (0.5 * 4.0 + 0.5 * 16.0)),
    ] {
        let found = rd(&four(), &means(vcov)).unwrap();
        let conventional = row(&found, RdMethod::Conventional);
        assert_close(conventional.estimate, 5.0);
        assert_close(conventional.std_error * conventional.std_error, variance);
        assert_eq!(conventional.status, Status::TooFew);
        // Lines through two rows a side: at 0 they are 5 and 5.
        assert_close(row(&found, RdMethod::Robust).estimate, 0.0);
        assert_eq!(found.n_effective, [2, 2]);
    }
}

#[test]
fn clusters_sum_their_rows() {
    let mut rows = four();
    rows.cluster = Some(vec![0, 1, 0, 1]);
    let found = rd(&rows, &means(RdVcov::Nearest)).unwrap();
    // Each row is a cluster of its side: residuals as they are, times 2/1·1/1.
    let conventional = row(&found, RdMethod::Conventional);
    assert_close(conventional.std_error * conventional.std_error, 2.0 * 2.5);
    assert_eq!(found.n_clusters, 2);
    rows.cluster = Some(vec![7; 4]);
    let found = rd(&rows, &means(RdVcov::Nearest)).unwrap();
    let conventional = row(&found, RdMethod::Conventional);
    assert!(conventional.std_error.is_nan());
    assert_eq!(conventional.status, Status::NoVariance);
    assert_close(conventional.estimate, 5.0);
}

#[test]
fn a_line_with_a_jump_is_found_exactly() {
    let running: Vec<f64> = (-30..30).map(|x| f64::from(x) / 10.0).collect();
    let jump = |x: f64| if x >= 0.0 { 2.5 } else { 0.0 };
    let rows = RdColumns {
        outcome: running.iter().map(|&x| 4.0 - 0.3 * x + jump(x)).collect(),
        running,
        ..RdColumns::default()
    };
    let options = RdOptions {
        cutoff: 0.0,
        bandwidths: Bandwidths::Given {
            estimate: [1.5, 2.0],
            bias: Some([2.5; 2]),
        },
        vcov: RdVcov::Hc1,
        ..OPTIONS
    };
    let found = rd(&rows, &options).unwrap();
    for row in &found.estimates {
        assert_close(row.estimate, 2.5);
        assert_eq!(row.status, Status::NoVariance);
        assert!(row.std_error.is_nan());
    }
    // Without a residual no bandwidth is better than another.
    let rule = RdOptions {
        bandwidths: RULE.bandwidths,
        ..options
    };
    let found = rd(&rows, &rule).unwrap();
    assert_eq!(found.status, Status::NoVariance);
    assert_eq!(found.estimates.len(), 3);
}

fn shuffled(rows: &RdColumns) -> RdColumns {
    let n = rows.outcome.len() as u32;
    let order: Vec<u32> = (0..n).map(|row| (row * 1_237 + 11) % n).collect();
    rows.select(&order)
}

#[test]
fn the_order_of_rows_does_not_change_a_bit() {
    for spec in [SHARP, FUZZY] {
        let rows = golden(spec);
        let found = rd(&rows, &RULE).unwrap();
        assert_eq!(found.status, Status::Ok);
        assert_eq!(rd(&shuffled(&rows), &RULE).unwrap(), found);
    }
    let rows = golden(SHARP);
    let mixed = shuffled(&rows);
    let found = rd_density(&rows.running, &DENSITY).unwrap();
    assert_eq!(rd_density(&mixed.running, &DENSITY).unwrap(), found);
    let options = BinOptions {
        cutoff: 85.0,
        n_bins: None,
        ..BINS
    };
    let found = rd_bins(&rows.outcome, &rows.running, &options).unwrap();
    let other = rd_bins(&mixed.outcome, &mixed.running, &options).unwrap();
    assert_eq!(found, other);
}

#[test]
fn units_of_outcome_and_running_variable_do_not_matter() {
    let rows = golden(SHARP);
    let found = rd(&rows, &RULE).unwrap();
    let mut other = rows.clone();
    for y in &mut other.outcome {
        *y = 1_000.0 - 8.0 * *y;
    }
    for x in &mut other.running {
        *x *= 0.25;
    }
    let options = RdOptions {
        cutoff: 85.0 * 0.25,
        ..RULE
    };
    let scaled = rd(&other, &options).unwrap();
    assert_close(scaled.bandwidth[0], 0.25 * found.bandwidth[0]);
    assert_close(scaled.bias_bandwidth[1], 0.25 * found.bias_bandwidth[1]);
    for (scaled, own) in scaled.estimates.iter().zip(&found.estimates) {
        assert_close(scaled.estimate, -8.0 * own.estimate);
        assert_close(scaled.std_error, 8.0 * own.std_error);
        assert_close(scaled.p_value, own.p_value);
    }
}

#[test]
fn mirrored_rows_have_the_opposite_jump() {
    // Nothing lies at the cutoff itself, which belongs to the right.
    let mut rows = columns(&data("rd1_smooth"), SHARP);
    let options = RdOptions {
        cutoff: 85.000_01,
        bandwidths: Bandwidths::Rule(BandwidthRule::parse("msetwo").unwrap()),
        ..OPTIONS
    };
    let found = rd(&rows, &options).unwrap();
    for x in &mut rows.running {
        *x = 2.0 * options.cutoff - *x;
    }
    let mirrored = rd(&rows, &options).unwrap();
    assert_close(mirrored.bandwidth[0], found.bandwidth[1]);
    assert_close(mirrored.bias_bandwidth[1], found.bias_bandwidth[0]);
    for (mirrored, own) in mirrored.estimates.iter().zip(&found.estimates) {
        assert_close(mirrored.estimate, -own.estimate);
        assert_close(mirrored.std_error, own.std_error);
    }
}

#[test]
fn a_treatment_that_everybody_follows_is_a_sharp_design() {
    let mut rows = golden(SHARP);
    let sharp = rd(&rows, &RULE).unwrap();
    let eligible = rows.running.iter().map(|&x| f64::from(u8::from(x >= 85.0)));
    rows.treated = Some(eligible.collect());
    let fuzzy = rd(&rows, &RULE).unwrap();
    for method in [RdMethod::Conventional, RdMethod::Robust] {
        assert_close(row(&fuzzy, method).estimate, row(&sharp, method).estimate);
        assert_close(row(&fuzzy, method).std_error, row(&sharp, method).std_error);
        assert_eq!(row(&fuzzy, method).status, Status::Ok);
    }
    let first = &fuzzy.estimates[3];
    assert_eq!(first.part, RdPart::FirstStage);
    assert_close(first.estimate, 1.0);
    assert_eq!(first.status, Status::NoVariance);
}

#[test]
fn covariates_that_say_nothing_new_change_nothing() {
    let rows = golden("outcome=outcome;running=waist;type=fuzzy;covariates=age");
    let plain = rd(&rows, &RULE).unwrap();
    let CovariateValues::Numbers(age) = &rows.covariates[0].values else {
        panic!("a number");
    };
    let covariate = |values| Covariate {
        name: "more".to_owned(),
        values,
    };
    let mut more = rows.clone();
    let n = age.len();
    more.covariates.extend([
        covariate(CovariateValues::Numbers(vec![3.0; n])),
        covariate(CovariateValues::Numbers(
            age.iter().map(|a| 2.0 * a - 7.0).collect(),
        )),
        covariate(CovariateValues::Numbers(
            more.running.iter().map(|x| 5.0 + x).collect(),
        )),
        covariate(CovariateValues::Categories {
            codes: vec![0; n],
            labels: vec!["one".to_owned()],
        }),
    ]);
    let found = rd(&more, &RULE).unwrap();
    for (found, own) in found.estimates.iter().zip(&plain.estimates) {
        assert!(
            (found.estimate - own.estimate).abs() < 1e-7,
            "{found:?} {own:?}"
        );
        assert!((found.std_error - own.std_error).abs() < 1e-7);
    }
}

#[test]
fn categories_are_indicators_of_all_labels_but_one() {
    let rows = golden("outcome=outcome;running=waist;type=sharp;covariates=male");
    let found = rd(&rows, &RULE).unwrap();
    let CovariateValues::Numbers(male) = &rows.covariates[0].values else {
        panic!("a number");
    };
    let mut labelled = rows.clone();
    labelled.covariates[0].values = CovariateValues::Categories {
        codes: male.iter().map(|&male| male as u32).collect(),
        labels: vec!["female".to_owned(), "male".to_owned()],
    };
    assert_eq!(rd(&labelled, &RULE).unwrap(), found);
}

#[test]
fn incomplete_rows_are_left_out_and_counted() {
    let rows = golden(FUZZY);
    let found = rd(&rows, &RULE).unwrap();
    let mut more = rows.select(&(0..3_000).chain(0..7).collect::<Vec<_>>());
    more.outcome[3_000] = f64::NAN;
    more.running[3_001] = f64::INFINITY;
    if let (Some(treated), Some(weight), Some(cluster)) =
        (&mut more.treated, &mut more.weight, &mut more.cluster)
    {
        treated[3_002] = f64::NAN;
        weight[3_003] = 0.0;
        weight[3_004] = f64::NAN;
        cluster[3_005] = MISSING_CODE;
    }
    if let CovariateValues::Numbers(age) = &mut more.covariates[0].values {
        age[3_006] = f64::NEG_INFINITY;
    }
    let mut expected = found;
    expected.n_missing = 7;
    assert_eq!(rd(&more, &RULE).unwrap(), expected);
}

#[test]
fn a_donut_leaves_out_what_lies_nearer() {
    let rows = golden(SHARP);
    let options = RdOptions { donut: 0.1, ..RULE };
    let found = rd(&rows, &options).unwrap();
    // Values are rounded to 0.1: only those at the cutoff lie nearer, although 85.1 − 85 is a little less than 0.1.
    let at_cutoff = rows.running.iter().filter(|&&x| x == 85.0).count() as u64;
    assert!(at_cutoff > 0);
    assert_eq!(found.n_donut, at_cutoff);
    let kept: Vec<u32> = (0..3_000)
        .filter(|&row| rows.running[row as usize] != 85.0)
        .collect();
    let mut expected = rd(&rows.select(&kept), &RULE).unwrap();
    expected.n_donut = at_cutoff;
    assert_eq!(found, expected);
}

/// Rows on a line of values with some noise.
fn rows(running: &[f64]) -> RdColumns {
    let outcome = (0..running.len()).map(|row| ((row * 7_919) % 101) as f64);
    RdColumns {
        outcome: outcome.collect(),
        running: running.to_vec(),
        ..RdColumns::default()
    }
}

pub(super) fn spread(n: usize) -> Vec<f64> {
    (0..n)
        .map(|row| row as f64 - (n / 2) as f64 + 0.25)
        .collect()
}

#[track_caller]
fn status(rows: &RdColumns, options: &RdOptions) -> Status {
    let found = rd(rows, options).unwrap();
    let n = if rows.treated.is_some() { 6 } else { 3 };
    assert_eq!(found.estimates.len(), n);
    found.status
}

#[test]
fn too_little_data_has_a_status() {
    let at_zero = RdOptions {
        cutoff: 0.0,
        ..RULE
    };
    assert_eq!(status(&rows(&[]), &at_zero), Status::NoRows);
    assert_eq!(status(&rows(&[f64::NAN; 5]), &at_zero), Status::NoRows);
    assert_eq!(status(&rows(&[1.0]), &at_zero), Status::OneSided);
    assert_eq!(status(&rows(&[0.0; 50]), &at_zero), Status::OneSided);
    assert_eq!(status(&rows(&[-3.0; 50]), &at_zero), Status::OneSided);
    let two_values: Vec<f64> = (0..60).map(|row| [-2.0, -1.0, 1.0, 2.0][row % 4]).collect();
    assert_eq!(status(&rows(&two_values), &at_zero), Status::TooFewValues);
    assert_eq!(status(&rows(&[-1.0, 1.0]), &at_zero), Status::TooFewValues);
    assert_eq!(status(&rows(&spread(16)), &at_zero), Status::TooFew);
    let narrow = RdOptions {
        bandwidths: Bandwidths::Given {
            estimate: [1e-3; 2],
            bias: None,
        },
        ..at_zero
    };
    assert_eq!(status(&rows(&spread(400)), &narrow), Status::TooFewValues);
    assert_eq!(status(&rows(&spread(400)), &at_zero), Status::Ok);
    let mut constant = rows(&spread(400));
    constant.outcome = vec![4.0; 400];
    assert_eq!(status(&constant, &at_zero), Status::NoVariance);
    let mut weightless = rows(&spread(400));
    weightless.weight = Some(vec![0.0; 400]);
    assert_eq!(status(&weightless, &at_zero), Status::NoRows);
}

#[test]
fn a_treatment_without_a_jump_has_a_status() {
    let at_zero = RdOptions {
        cutoff: 0.0,
        ..RULE
    };
    let mut rows = rows(&spread(400));
    for treated in [0.0, 1.0] {
        rows.treated = Some(vec![treated; 400]);
        let found = rd(&rows, &at_zero).unwrap();
        assert_eq!(found.estimates[0].status, Status::NotIdentified);
        assert!(found.estimates[0].estimate.is_nan());
        assert_eq!(found.estimates[3].part, RdPart::FirstStage);
        assert_close(found.estimates[3].estimate, 0.0);
    }
    // By chance alone.
    rows.treated = Some((0..400).map(|row| f64::from(row * 13 % 7 % 2)).collect());
    let found = rd(&rows, &at_zero).unwrap();
    assert_eq!(found.status, Status::WeakInstruments);
    assert_eq!(found.estimates[0].status, Status::WeakInstruments);
    // No unit is treated near the cutoff on the left, and some are far from it.
    rows.treated = Some(
        (0..400)
            .map(|row| f64::from(u8::from(row < 3 || (row >= 200 && row % 4 > 0))))
            .collect(),
    );
    let found = rd(&rows, &at_zero).unwrap();
    assert!(found.estimates[0].estimate.is_finite());
}

#[test]
fn hostile_numbers_neither_panic_nor_loop() {
    let at_zero = RdOptions {
        cutoff: 0.0,
        ..RULE
    };
    let outcomes = [0.0, -0.0, 1e308, -1e308, 5e-324, 3.0, f64::MAX, 1e-300];
    let runnings = [-1e308, -1e-300, 0.0, 5e-324, 1e308, -2.0, 1.0, -0.0];
    for n in 0..60 {
        for vcov in [RdVcov::Nearest, RdVcov::Hc3] {
            let hostile = RdColumns {
                outcome: (0..n).map(|row| outcomes[row * 5 % 8]).collect(),
                running: (0..n).map(|row| runnings[row * 3 % 8]).collect(),
                treated: Some((0..n).map(|row| outcomes[row % 7]).collect()),
                covariates: vec![Covariate {
                    name: "z".to_owned(),
                    values: CovariateValues::Numbers((0..n).map(|row| runnings[row % 5]).collect()),
                }],
                weight: Some((0..n).map(|row| [1e-308, 1.0, 1e308][row % 3]).collect()),
                cluster: (n % 2 == 0)
                    .then(|| (0..n).map(|row| u32::MAX - 1 - row as u32 % 3).collect()),
            };
            let options = RdOptions { vcov, ..at_zero };
            let found = rd(&hostile, &options).unwrap();
            assert_eq!(found.estimates.len(), 6);
            rd_density(&hostile.running, &DENSITY).unwrap();
            rd_bins(&hostile.outcome, &hostile.running, &BINS).unwrap();
            let options = BinOptions {
                n_bins: None,
                spacing: BinSpacing::Quantile,
                ..BINS
            };
            rd_bins(&hostile.outcome, &hostile.running, &options).unwrap();
        }
    }
}

#[test]
fn impossible_calls_are_refused() {
    let rows = rows(&spread(40));
    let refused = |options: RdOptions| rd(&rows, &options).unwrap_err();
    let named = |error| match error {
        EstimatorError::BadOption { option, .. } => option,
        other => panic!("{other}"),
    };
    assert_eq!(named(refused(RdOptions { order: 6, ..RULE })), "p");
    assert_eq!(
        named(refused(RdOptions {
            bias_order: 1,
            ..RULE
        })),
        "q"
    );
    assert_eq!(
        named(refused(RdOptions {
            bias_order: 7,
            ..RULE
        })),
        "q"
    );
    assert_eq!(
        named(refused(RdOptions {
            cutoff: f64::NAN,
            ..RULE
        })),
        "cutoff"
    );
    assert_eq!(
        named(refused(RdOptions {
            donut: -1.0,
            ..RULE
        })),
        "donut"
    );
    let negative = Bandwidths::Given {
        estimate: [1.0, -1.0],
        bias: None,
    };
    assert_eq!(
        named(refused(RdOptions {
            bandwidths: negative,
            ..RULE
        })),
        "bandwidth"
    );
}

#[test]
fn impossible_columns_are_refused() {
    let rows = rows(&spread(40));
    let mut weighted = rows.clone();
    weighted.weight = Some(vec![-1.0; 40]);
    assert_eq!(
        rd(&weighted, &RULE),
        Err(EstimatorError::NegativeWeight { n_rows: 40 })
    );
    weighted.weight = Some(vec![1.0; 3]);
    let error = rd(&weighted, &RULE).unwrap_err();
    assert!(matches!(error, EstimatorError::LengthMismatch { .. }));
    assert!(
        rd_density(
            &[],
            &DensityOptions {
                order: 5,
                ..DENSITY
            }
        )
        .is_err()
    );
    assert!(
        rd_bins(
            &[],
            &[],
            &BinOptions {
                n_bins: Some([0, 1]),
                ..BINS
            }
        )
        .is_err()
    );
}
