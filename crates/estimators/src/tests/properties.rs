//! What must hold for any data: order of rows, labels, shifts, scales and threads do not matter; bad data are refused.

use super::golden::{Data, close};
use super::group_time::{columns, layout, options};
use super::regression::regression_data;
use crate::group_time::{Aggregate, AggregateOptions, AttGtResult, aggregate, att_gt};
use crate::inference::sup_t;
use crate::panel::{Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::regression::{
    OlsOptions, OlsResult, Reference, Singletons, SmallSample, Vcov, formula, ols,
};
use crate::{EstimatorError, Status};
use nalgebra::DMatrix;

const SPECS: [(&str, &str); 4] = [
    (
        "s1_staggered",
        "outcome=cost;base=varying;weight=w_tv;cluster=worksite_id;panel=true",
    ),
    (
        "s1_staggered",
        "outcome=cost;control=notyettreated;base=universal;panel=true",
    ),
    (
        "s2_unbalanced",
        "outcome=cost;base=varying;weight=w;panel=true;unbalanced=allow",
    ),
    (
        "s3_cross_section",
        "outcome=cost;base=varying;cluster=worksite_id;panel=false",
    ),
];

fn estimate(columns: PanelColumns, spec: &str) -> AttGtResult {
    let panel = Panel::try_new(
        &columns,
        PanelOptions {
            layout: layout(spec),
        },
    )
    .unwrap();
    att_gt(&panel, &options(spec)).unwrap()
}

/// A fixed permutation of n rows.
pub(super) fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&row| (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    order
}

pub(super) fn permute(columns: &PanelColumns, order: &[usize]) -> PanelColumns {
    fn pick<T: Clone>(values: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|&row| values[row].clone()).collect()
    }
    PanelColumns {
        unit: pick(&columns.unit, order),
        time: pick(&columns.time, order),
        cohort: pick(&columns.cohort, order),
        outcome: pick(&columns.outcome, order),
        weight: columns.weight.as_ref().map(|w| pick(w, order)),
        cluster: columns.cluster.as_ref().map(|c| pick(c, order)),
        covariates: columns
            .covariates
            .iter()
            .map(|covariate| Covariate {
                name: covariate.name.clone(),
                values: match &covariate.values {
                    CovariateValues::Numbers(values) => {
                        CovariateValues::Numbers(pick(values, order))
                    }
                    CovariateValues::Categories { codes, labels } => CovariateValues::Categories {
                        codes: pick(codes, order),
                        labels: labels.clone(),
                    },
                },
            })
            .collect(),
    }
}

/// Bit patterns of everything a result shows, so that equality means equality to the last digit.
pub(super) fn bits(result: &AttGtResult) -> Vec<u64> {
    let rows = result.rows.iter();
    rows.flat_map(|r| {
        [
            r.estimate.estimate,
            r.estimate.std_error,
            r.estimate.band_low,
        ]
    })
    .map(f64::to_bits)
    .collect()
}

#[test]
fn row_order_and_cluster_codes_do_not_change_a_bit() {
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let expected = bits(&estimate(columns.clone(), spec));
        let mut other = permute(&columns, &shuffled(columns.unit.len()));
        other
            .cluster
            .iter_mut()
            .flatten()
            .for_each(|code| *code = 1_000 - *code);
        assert_eq!(bits(&estimate(other, spec)), expected, "{spec}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| bits(&estimate(columns.clone(), spec)))
        };
        assert_eq!(with(1), with(3), "{spec}");
    }
}

#[test]
fn unit_labels_do_not_matter() {
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let expected = estimate(columns.clone(), spec);
        let mut other = columns;
        other
            .unit
            .iter_mut()
            .for_each(|unit| *unit = (*unit * 7_919) % 1_000_003 - 500_000);
        let found = estimate(other, spec);
        for (a, b) in found.rows.iter().zip(&expected.rows) {
            assert!(
                close(a.estimate.estimate, b.estimate.estimate, 1e-11),
                "{spec}"
            );
            assert!(
                a.estimate.std_error.is_nan()
                    || close(a.estimate.std_error, b.estimate.std_error, 1e-11)
            );
        }
    }
}

#[test]
fn shifts_vanish_and_scales_carry_over() {
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let expected = estimate(columns.clone(), spec);
        let mut other = columns;
        other
            .outcome
            .iter_mut()
            .for_each(|value| *value = 1_000.0 + 3.0 * *value);
        for weights in other.weight.iter_mut() {
            weights.iter_mut().for_each(|weight| *weight *= 0.25);
        }
        for (a, b) in estimate(other, spec).rows.iter().zip(&expected.rows) {
            assert!(
                close(a.estimate.estimate, 3.0 * b.estimate.estimate, 1e-9),
                "{spec}"
            );
            assert!(
                a.estimate.std_error.is_nan()
                    || close(a.estimate.std_error, 3.0 * b.estimate.std_error, 1e-9)
            );
        }
    }
}

#[test]
fn clustering_by_unit_is_no_clustering() {
    let data = Data::sim("s1_staggered");
    let spec = "outcome=cost;weight=w;panel=true";
    let alone = estimate(columns(&data, spec), spec);
    let same = estimate(
        columns(&data, "outcome=cost;weight=w;cluster=person_id;panel=true"),
        spec,
    );
    assert_eq!(bits(&alone), bits(&same));
}

/// A panel from unit, period, cohort and outcome.
pub(super) fn small(rows: &[(i64, i32, Option<i32>, f64)]) -> PanelColumns {
    PanelColumns {
        unit: rows.iter().map(|row| row.0).collect(),
        time: rows.iter().map(|row| row.1).collect(),
        cohort: rows.iter().map(|row| row.2.unwrap_or(NEVER)).collect(),
        outcome: rows.iter().map(|row| row.3).collect(),
        weight: None,
        cluster: None,
        covariates: Vec::new(),
    }
}

fn two_by_two() -> PanelColumns {
    small(&[
        (1, 1, Some(2), 1.0),
        (1, 2, Some(2), 4.0),
        (2, 1, None, 2.0),
        (2, 2, None, 3.0),
        (3, 1, None, 5.0),
        (3, 2, None, 7.0),
    ])
}

fn refusal(columns: PanelColumns) -> EstimatorError {
    Panel::try_new(
        &columns,
        PanelOptions {
            layout: Layout::Balanced,
        },
    )
    .unwrap_err()
}

#[test]
fn bad_panels_are_refused_with_counts() {
    let mut columns = two_by_two();
    columns.time[1] = 1;
    assert_eq!(
        refusal(columns),
        EstimatorError::DuplicateRows { n_duplicates: 1 }
    );
    let mut columns = two_by_two();
    columns.cohort[3] = 2;
    assert_eq!(
        refusal(columns),
        EstimatorError::CohortVaries { n_units: 1 }
    );
    let mut columns = two_by_two();
    columns.cluster = Some(vec![0, 0, 1, 2, 3, 3]);
    assert_eq!(
        refusal(columns),
        EstimatorError::ClusterVaries { n_units: 1 }
    );
    let mut columns = two_by_two();
    columns.weight = Some(vec![1.0, 1.0, -1.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        refusal(columns),
        EstimatorError::NegativeWeight { n_rows: 1 }
    );
    let mut columns = two_by_two();
    columns.outcome.fill(f64::NAN);
    assert_eq!(
        refusal(columns),
        EstimatorError::NoRows {
            n_rows: 6,
            n_missing: 6
        }
    );
    let mut columns = two_by_two();
    columns.time.pop();
    assert!(matches!(
        refusal(columns),
        EstimatorError::LengthMismatch {
            expected: 6,
            found: 5,
            ..
        }
    ));
}

#[test]
fn holes_drop_the_unit_and_are_counted() {
    let mut columns = two_by_two();
    columns.outcome[3] = f64::NAN;
    let result = estimate(columns, "panel=true");
    assert_eq!(
        (result.sample.n_rows_in, result.sample.n_missing_rows),
        (6, 1)
    );
    assert_eq!(
        (
            result.sample.n_incomplete_units,
            result.sample.n_incomplete_rows
        ),
        (1, 1)
    );
    assert_eq!(result.rows[0].estimate.estimate, 3.0 - 2.0);
    // One unit on each side: there is no error to call unreliable.
    assert_eq!(result.rows[0].estimate.status, Status::NoVariance);
}

#[test]
fn nothing_to_compare_is_an_error_with_a_reason() {
    let run = |columns, spec: &str| {
        let panel = Panel::try_new(
            &columns,
            PanelOptions {
                layout: Layout::Balanced,
            },
        )
        .unwrap();
        att_gt(&panel, &options(spec)).unwrap_err()
    };
    let mut never = two_by_two();
    never.cohort.fill(NEVER);
    assert_eq!(run(never, ""), EstimatorError::NoCohort);
    let mut all = two_by_two();
    all.cohort.fill(2);
    assert_eq!(
        run(all, ""),
        EstimatorError::NoNeverTreated {
            cohort: 2,
            n_units: 3
        }
    );
    let mut early = two_by_two();
    early.cohort[..2].fill(1);
    assert_eq!(run(early, ""), EstimatorError::NoCohort);
    let mut short = two_by_two();
    short.time.fill(1);
    short.unit = (0..6).collect();
    short.cohort.fill(NEVER);
    assert_eq!(
        run(short, ""),
        EstimatorError::TooFewPeriods { n_periods: 1 }
    );
}

#[test]
fn a_window_that_excludes_everything_is_refused() {
    let result = estimate(two_by_two(), "panel=true");
    let options = AggregateOptions {
        kind: Aggregate::Dynamic,
        min_e: Some(2),
        max_e: Some(1),
        balance_e: None,
        level: 0.95,
        seed: 1,
    };
    assert!(matches!(
        aggregate(&result, &options),
        Err(EstimatorError::BadOption { .. })
    ));
}

#[test]
fn band_of_independent_and_of_equal_estimates_is_known() {
    let independent = sup_t::critical_value(&DMatrix::identity(10, 10), 0.95, 1).unwrap();
    let exact = crate::inference::normal::two_sided_quantile(0.95_f64.powf(0.1));
    assert!((independent.critical_value - exact).abs() < 3.0 * independent.simulation_error);
    assert!(independent.simulation_error < 1e-3);
    let equal = sup_t::critical_value(&DMatrix::from_element(8, 8, 2.0), 0.95, 1).unwrap();
    assert!((equal.critical_value - 1.959_963_984_540_054).abs() < 1e-6);
    assert_eq!(equal.rank, 1);
    assert_eq!(sup_t::critical_value(&DMatrix::zeros(3, 3), 0.95, 1), None);
}

fn regression(text: &str, data: &Data, vcov: Vcov) -> Result<OlsResult, EstimatorError> {
    let options = OlsOptions {
        vcov,
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::Keep,
        reference: Reference::StudentT,
        level: 0.95,
        seed: 1,
        wild: None,
    };
    ols(
        &formula::parse(text).unwrap(),
        &regression_data(data, Some("w")),
        &options,
    )
}

#[test]
fn regressions_do_not_depend_on_row_order_or_threads() {
    let data = Data::sim("s5_regression");
    let order = shuffled(data.n_rows);
    let mut other = data.clone();
    for values in other.numbers.values_mut() {
        *values = order.iter().map(|&row| values[row]).collect();
    }
    for text in [
        "outcome ~ treat + x1 | clinic_id + month_id",
        "outcome ~ x1*x2 | clinic_id | dose ~ z1 + z2",
    ] {
        let vcov = || Vcov::TwoWay("district_id".to_owned(), "wave_id".to_owned());
        let bits = |data: &Data, threads| -> Vec<u64> {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let result = pool.install(|| regression(text, data, vcov())).unwrap();
            result
                .rows
                .iter()
                .flat_map(|r| [r.estimate, r.std_error])
                .map(f64::to_bits)
                .collect()
        };
        assert_eq!(bits(&data, 1), bits(&other, 3), "{text}");
    }
}

#[test]
fn large_means_cost_no_digits() {
    let data = Data::sim("s5_regression");
    let mut other = data.clone();
    other
        .numbers
        .get_mut("x1")
        .unwrap()
        .iter_mut()
        .for_each(|x| *x = *x * 1024.0 + 1.0e9);
    let [a, b] = [&data, &other]
        .map(|data| regression("outcome ~ treat + x1 + x2", data, Vcov::Hc1).unwrap());
    assert!(b.dropped.is_empty());
    assert!(close(a.rows[1].estimate, b.rows[1].estimate, 1e-9));
    assert!(((a.rows[2].estimate / b.rows[2].estimate) / 1024.0 - 1.0).abs() < 1e-6);
}

#[test]
fn impossible_regressions_are_refused() {
    let data = Data::sim("s5_regression");
    let run = |text, vcov| regression(text, &data, vcov).unwrap_err();
    assert!(matches!(
        run("outcome ~ 1 | x1 + x2 ~ z1", Vcov::Iid),
        EstimatorError::UnderIdentified { .. }
    ));
    assert!(matches!(
        run("outcome ~ x1 | row_id", Vcov::Iid),
        EstimatorError::NoDegreesOfFreedom { .. }
    ));
    assert!(matches!(
        run(
            "outcome ~ 1 + factor(clinic_id) + factor(month_id)",
            Vcov::Hc2
        ),
        EstimatorError::LeverageOne { .. }
    ));
}
