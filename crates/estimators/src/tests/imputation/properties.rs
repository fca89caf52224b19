//! What must hold for any data: the regression behind the leads, order of rows, labels, shifts, scales, threads.

use std::collections::BTreeMap;

use super::dense::case;
use super::{ALL, at, columns, window};
use crate::imputation::{ImputationColumns, ImputationResult, did_imputation};
use crate::panel::NEVER;
use crate::regression::{
    Column, OlsOptions, Reference, RegressionData, Singletons, SmallSample, Vcov, formula, ols,
};
use crate::tests::golden::{Data, close};

const SPECS: [(&str, &str); 4] = [
    (
        "s2_unbalanced",
        "outcome=cost;weight=w_tv;cluster=worksite_id;covariates=sleep_hours+age",
    ),
    ("s2_unbalanced", "outcome=cost;covariates=sleep_hours"),
    (
        "s1_staggered",
        "outcome=exercise;weight=w;unit_effect=worksite_id;covariates=sex+age",
    ),
    ("s4_edges", "outcome=exercise;cluster=worksite_id"),
];

fn estimate(columns: ImputationColumns) -> ImputationResult {
    did_imputation(columns, &window(-3, 9)).unwrap()
}

/// Bit patterns of everything a result shows, so that equality means equality to the last digit.
pub(super) fn bits(result: &ImputationResult) -> Vec<u64> {
    let rows = result.rows.iter().map(|row| row.estimate);
    rows.flat_map(|e| [e.estimate, e.std_error, e.band_low])
        .map(f64::to_bits)
        .collect()
}

fn permute(columns: &ImputationColumns) -> ImputationColumns {
    let mut order: Vec<usize> = (0..columns.panel.unit.len()).collect();
    order.sort_by_key(|&row| (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    fn pick<T: Clone>(values: &mut Vec<T>, order: &[usize]) {
        *values = order.iter().map(|&row| values[row].clone()).collect();
    }
    let mut other = columns.clone();
    pick(&mut other.panel.unit, &order);
    pick(&mut other.panel.time, &order);
    pick(&mut other.panel.cohort, &order);
    pick(&mut other.panel.outcome, &order);
    other
        .panel
        .weight
        .iter_mut()
        .for_each(|weight| pick(weight, &order));
    other
        .panel
        .cluster
        .iter_mut()
        .for_each(|codes| pick(codes, &order));
    other
        .unit_effect
        .iter_mut()
        .for_each(|codes| pick(codes, &order));
    for (_, column) in &mut other.covariates {
        match column {
            Column::Numeric(values) => pick(values, &order),
            Column::Integer { codes, .. } | Column::Categorical { codes, .. } => {
                pick(codes, &order);
            }
        }
    }
    other
}

/// The golden data, and random panels with all that these lack.
pub(super) fn samples() -> Vec<(String, ImputationColumns)> {
    let golden = SPECS.map(|(name, spec)| (spec.to_owned(), columns(&Data::sim(name), spec)));
    let random = (0..15).map(|seed| (format!("seed {seed}"), case(seed).columns));
    golden.into_iter().chain(random).collect()
}

#[test]
fn leads_are_coefficients_of_a_regression() {
    let leads = [-3, -2, -1];
    for (name, spec) in SPECS {
        let columns = columns(&Data::sim(name), spec);
        let result = estimate(columns.clone());
        let regression = regression(columns, &leads, spec.contains("unit_effect"));
        for (lead, (estimate, error)) in leads.iter().zip(regression) {
            let found = at(&result, Some(*lead)).unwrap();
            assert!(
                close(found.estimate, estimate, 1e-9),
                "{spec} {lead}: {found:?} {estimate}"
            );
            assert!(
                close(found.std_error, error, 1e-9),
                "{spec} {lead}: {found:?} {error}"
            );
        }
    }
}

/// Coefficient and error of each lead by least squares on the untreated rows.
fn regression(columns: ImputationColumns, leads: &[i32], has_effect: bool) -> Vec<(f64, f64)> {
    let panel = columns.panel;
    let is_used = |row: usize| panel.time[row] < panel.cohort[row];
    let rows: Vec<usize> = (0..panel.unit.len()).filter(|&row| is_used(row)).collect();
    let numbers = |value: &dyn Fn(usize) -> f64| -> Column {
        Column::Numeric(rows.iter().map(|&row| value(row)).collect())
    };
    let unit = numbers(&|row| panel.unit[row] as f64);
    let codes = |codes: &Option<Vec<u32>>| match codes {
        Some(codes) => numbers(&|row| f64::from(codes[row])),
        None => unit.clone(),
    };
    let mut data = BTreeMap::from([
        ("y".to_owned(), numbers(&|row| panel.outcome[row])),
        (
            "time".to_owned(),
            numbers(&|row| f64::from(panel.time[row])),
        ),
        (
            "effect".to_owned(),
            if has_effect {
                codes(&columns.unit_effect)
            } else {
                unit.clone()
            },
        ),
        ("cluster".to_owned(), codes(&panel.cluster)),
    ]);
    let mut terms = Vec::new();
    for lead in leads {
        let is_lead =
            |row: usize| panel.cohort[row] != NEVER && panel.time[row] - panel.cohort[row] == *lead;
        terms.push(format!("lead{}", -lead));
        data.insert(
            format!("lead{}", -lead),
            numbers(&|row| f64::from(u8::from(is_lead(row)))),
        );
    }
    for (name, column) in &columns.covariates {
        let Column::Numeric(values) = column else {
            panic!("numbers only")
        };
        terms.push(name.clone());
        data.insert(name.clone(), numbers(&|row| values[row]));
    }
    let weight = panel
        .weight
        .as_ref()
        .map(|w| rows.iter().map(|&row| w[row]).collect());
    let options = OlsOptions {
        vcov: Vcov::Cluster("cluster".to_owned()),
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::Keep,
        reference: Reference::Normal,
        level: 0.95,
        seed: 1,
        wild: None,
    };
    let formula = formula::parse(&format!("y ~ {} | effect + time", terms.join(" + "))).unwrap();
    let result = ols(
        &formula,
        &RegressionData {
            columns: data,
            weight,
        },
        &options,
    )
    .unwrap();
    let rows = result.rows.iter().take(leads.len());
    rows.map(|row| (row.estimate, row.std_error)).collect()
}

#[test]
fn row_order_and_codes_do_not_change_a_bit() {
    for (label, columns) in samples() {
        let Ok(expected) = did_imputation(columns.clone(), &window(-3, 9)) else {
            continue;
        };
        let mut other = permute(&columns);
        let codes = other.panel.cluster.iter_mut().chain(&mut other.unit_effect);
        codes.flatten().for_each(|code| *code = 20_000 - *code);
        for (_, column) in &mut other.covariates {
            if let Column::Categorical { codes, labels } = column {
                labels.reverse();
                let last = labels.len() as u32 - 1;
                codes.iter_mut().for_each(|code| *code = last - *code);
            }
        }
        assert_eq!(bits(&estimate(other)), bits(&expected), "{label}");
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
            pool.install(|| bits(&estimate(columns.clone())))
        };
        assert_eq!(with(1), with(3), "{spec}");
    }
}

#[track_caller]
fn assert_scaled(found: &ImputationResult, expected: &ImputationResult, scale: f64, label: &str) {
    assert_eq!(found.rows.len(), expected.rows.len(), "{label}");
    for (found, expected) in found.rows.iter().zip(&expected.rows) {
        let (a, b) = (found.estimate, expected.estimate);
        assert_eq!(
            (a.status, a.n_treated, a.n_control),
            (b.status, b.n_treated, b.n_control)
        );
        let same = |a: f64, b: f64| (a.is_nan() && b.is_nan()) || close(a, scale * b, 1e-8);
        assert!(same(a.estimate, b.estimate), "{label}: {a:?} {b:?}");
        assert!(same(a.std_error, b.std_error), "{label}: {a:?} {b:?}");
    }
}

#[test]
fn unit_labels_do_not_matter() {
    for (label, columns) in samples() {
        let Ok(expected) = did_imputation(columns.clone(), &window(-3, 9)) else {
            continue;
        };
        let mut other = columns;
        let units = other.panel.unit.iter_mut();
        units.for_each(|unit| *unit = (*unit * 7_919) % 1_000_003 - 500_000);
        assert_scaled(&estimate(other), &expected, 1.0, &label);
    }
}

#[test]
fn shifts_vanish_and_scales_carry_over() {
    for (label, columns) in samples() {
        let Ok(expected) = did_imputation(columns.clone(), &window(-3, 9)) else {
            continue;
        };
        let mut other = columns;
        other
            .panel
            .outcome
            .iter_mut()
            .for_each(|value| *value = 1_000.0 + 3.0 * *value);
        other
            .panel
            .weight
            .iter_mut()
            .flatten()
            .for_each(|weight| *weight *= 0.25);
        for (_, column) in &mut other.covariates {
            if let Column::Numeric(values) = column {
                values
                    .iter_mut()
                    .for_each(|value| *value = *value * 1024.0 - 1.0e6);
            }
        }
        assert_scaled(&estimate(other), &expected, 3.0, &label);
    }
}

#[test]
fn spelled_out_defaults_change_nothing() {
    let data = Data::sim("s2_unbalanced");
    let short = columns(&data, "outcome=cost;weight=w");
    let long = columns(
        &data,
        "outcome=cost;weight=w;cluster=person_id;unit_effect=person_id",
    );
    let (short, long) = (estimate(short), estimate(long));
    assert_eq!(bits(&short), bits(&long));
    assert_eq!(short.sample, long.sample);
    assert_scaled(&long, &short, 1.0, "counts and statuses");
}

#[test]
fn columns_that_the_effects_explain_change_nothing() {
    let data = Data::sim("s1_staggered");
    let plain = estimate(columns(&data, "outcome=cost"));
    let more = estimate(columns(&data, "outcome=cost;covariates=sex+age"));
    assert_eq!(more.sample.collinear, ["sex", "age"]);
    assert!(plain.sample.collinear.is_empty());
    assert_scaled(&more, &plain, 1.0, "sex and age");
}

#[test]
fn the_window_only_chooses_rows() {
    let data = Data::sim("s1_staggered");
    let columns = columns(&data, "outcome=cost;cluster=worksite_id");
    let all = did_imputation(columns.clone(), &ALL).unwrap();
    let event_times = |result: &ImputationResult| -> Vec<Option<i32>> {
        result.rows.iter().map(|row| row.event_time).collect()
    };
    assert_eq!(event_times(&all)[..3], [None, Some(0), Some(1)]);
    let part = did_imputation(columns.clone(), &window(1, 2)).unwrap();
    assert_eq!(event_times(&part), [None, Some(1), Some(2)]);
    let before = did_imputation(columns, &window(-3, -2)).unwrap();
    assert_eq!(event_times(&before), [None, Some(-3), Some(-2)]);
    for result in [&part, &before] {
        assert_eq!(bits(result)[..2], bits(&all)[..2]);
    }
    let number = |e: Option<i32>| {
        let of = |result| at(result, e).map(|row| row.std_error.to_bits());
        (of(&part), of(&all))
    };
    assert_eq!(number(Some(2)).0, number(Some(2)).1);
    // A band over fewer rows is narrower; the overall row has none.
    let half_width = |result| {
        at(result, Some(2))
            .map(|row| row.band_high - row.estimate)
            .unwrap()
    };
    assert!(half_width(&part) < half_width(&all));
    assert!(all.rows[0].estimate.band_low.is_nan() && all.band.unwrap().dimension == 6);
}
