//! Covariate balance against the golden numbers, by hand, and against properties it must have.

use std::collections::BTreeMap;

use super::golden::{Data, Report, close, expected, key};
use crate::balance::{BalanceColumns, BalanceOptions, BalanceRow, Spread, WeightRole, balance};
use crate::panel::{Covariate, CovariateValues, MISSING_CODE};
use crate::{EstimatorError, Status};

const NUMBERS: [&str; 5] = ["sex", "age", "baseline_bmi", "sleep_hours", "cost"];
const POOLED: BalanceOptions = BalanceOptions {
    spread: Spread::Pooled,
    weight_role: WeightRole::Sampling,
};

/// Categories with labels that are deliberately out of order, one of them without rows.
fn regions(data: &Data) -> Covariate {
    let covariate = data.covariate("region");
    let CovariateValues::Categories { codes, labels } = covariate.values else {
        panic!("text")
    };
    assert_eq!(labels, ["east", "north", "west"]);
    let labels = ["west", "south", "north", "east"];
    let code = |&code: &u32| [3, 2, 0][code as usize];
    Covariate {
        name: "region".to_owned(),
        values: CovariateValues::Categories {
            codes: codes.iter().map(code).collect(),
            labels: labels.map(str::to_owned).to_vec(),
        },
    }
}

fn numeric(name: &str, values: Vec<f64>) -> Covariate {
    Covariate {
        name: name.to_owned(),
        values: CovariateValues::Numbers(values),
    }
}

/// The first year of the staggered panel: ever exposed against never exposed.
fn first_year(weight: Option<&str>) -> BalanceColumns {
    let data = Data::sim("s1_staggered");
    let year = data.column("fiscal_year");
    let data = data.filter(|row| year[row] == 2016.0);
    let treated = data.column("first_exposure_year");
    let treated = treated.iter().map(|cohort| f64::from(!cohort.is_nan()));
    let mut covariates: Vec<Covariate> = NUMBERS.map(|name| data.covariate(name)).to_vec();
    covariates.push(regions(&data));
    BalanceColumns {
        treated: treated.collect(),
        covariates,
        weight: weight.map(|name| data.column(name)),
    }
}

fn options(spec: &str) -> BalanceOptions {
    BalanceOptions {
        spread: match key(spec, "sd") {
            Some("treated") => Spread::Treated,
            Some("control") => Spread::Control,
            Some("all") => Spread::All,
            Some("weighted") => Spread::Weighted,
            Some("hedges") => Spread::Hedges,
            _ => Spread::Pooled,
        },
        weight_role: match key(spec, "weight_role") {
            Some("balancing") => WeightRole::Balancing,
            _ => WeightRole::Sampling,
        },
    }
}

/// The row of a golden covariate: `age`, or `region_east` for a level.
fn find<'a>(rows: &'a [BalanceRow], name: &str) -> &'a BalanceRow {
    let is_named = |row: &&BalanceRow| match &row.level {
        Some(level) => format!("{}_{level}", row.covariate) == name,
        None => row.covariate == name,
    };
    rows.iter().find(is_named).unwrap()
}

#[test]
fn balance_matches_the_reference() {
    let mut report = Report::default();
    let mut results: BTreeMap<String, Vec<BalanceRow>> = BTreeMap::new();
    for row in expected("balance") {
        let weight = key(&row.spec, "weight").filter(|&weight| weight != "none");
        let rows = results
            .entry(row.spec.clone())
            .or_insert_with(|| balance(&first_year(weight), &options(&row.spec)).unwrap());
        let found = find(rows, key(&row.row, "covariate").unwrap());
        let is_treated = key(&row.spec, "group") == Some("1");
        let value = match row.quantity.as_str() {
            "smd" => found.smd,
            "difference" => found.difference,
            "variance_ratio" => found.variance_ratio,
            "ks" => found.ks,
            "mean" if is_treated => found.mean_treated,
            "mean" => found.mean_control,
            "sd" if is_treated => found.sd_treated,
            "sd" => found.sd_control,
            other => panic!("unknown quantity {other}"),
        };
        report.compare(&row, value);
    }
    report.finish(268);
}

#[test]
fn rows_come_in_the_order_asked_for_with_sorted_levels() {
    let rows = balance(&first_year(None), &POOLED).unwrap();
    let names: Vec<(&str, Option<&str>)> = rows
        .iter()
        .map(|row| (row.covariate.as_str(), row.level.as_deref()))
        .collect();
    assert_eq!(names[..2], [("sex", None), ("age", None)]);
    // "south" is a label without rows.
    let levels = ["east", "north", "west"].map(|level| ("region", Some(level)));
    assert_eq!(names[5..], levels);
    assert_eq!((rows[1].n_treated, rows[1].n_control), (828, 672));
    assert!(rows[0].variance_ratio.is_nan() && rows[5].variance_ratio.is_nan());
}

/// Treated 1, 2, 3; others 2, 4, 4, 6.
fn by_hand() -> BalanceColumns {
    BalanceColumns {
        treated: vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        covariates: vec![numeric("x", vec![1.0, 2.0, 3.0, 2.0, 4.0, 4.0, 6.0])],
        weight: None,
    }
}

#[test]
fn small_samples_match_numbers_worked_out_by_hand() {
    // Means 2 and 4; variances 1 and 8/3; at 3 all treated but one of four others: ks 3/4.
    let row = &balance(&by_hand(), &POOLED).unwrap()[0];
    assert_eq!(
        (row.mean_treated, row.mean_control, row.difference),
        (2.0, 4.0, -2.0)
    );
    assert!(close(row.smd, -2.0 / (11.0_f64 / 6.0).sqrt(), 1e-14));
    assert!(close(row.variance_ratio, 3.0 / 8.0, 1e-14));
    assert_eq!((row.ks, row.status), (0.75, Status::Ok));
}

#[test]
fn missing_values_cost_only_their_own_covariate() {
    let mut columns = by_hand();
    columns.covariates.push(columns.covariates[0].clone());
    columns.covariates.push(Covariate {
        name: "c".to_owned(),
        values: CovariateValues::Categories {
            codes: vec![0, 1, 0, 1, MISSING_CODE, 1, 0],
            labels: vec!["a".to_owned(), "b".to_owned()],
        },
    });
    let CovariateValues::Numbers(values) = &mut columns.covariates[1].values else {
        panic!("numbers")
    };
    values[0] = f64::NAN;
    values[3] = f64::INFINITY;
    columns.treated.push(f64::NAN);
    for covariate in &mut columns.covariates {
        match &mut covariate.values {
            CovariateValues::Numbers(values) => values.push(9.0),
            CovariateValues::Categories { codes, .. } => codes.push(0),
        }
    }
    let rows = balance(&columns, &POOLED).unwrap();
    let counts = |row: &BalanceRow| (row.n_treated, row.n_control, row.n_missing);
    assert_eq!(counts(&rows[0]), (3, 4, 1));
    assert_eq!(counts(&rows[1]), (2, 3, 3));
    assert_eq!(counts(&rows[2]), (3, 3, 2));
    assert_eq!(rows[0].difference, -2.0);
    assert!(close(rows[2].mean_treated, 2.0 / 3.0, 1e-14));
    columns.weight = Some(vec![1.0, 1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0, 1.0]);
    let rows = balance(&columns, &POOLED).unwrap();
    assert_eq!(counts(&rows[0]), (2, 4, 2));
}

#[test]
fn what_cannot_be_standardised_says_why() {
    let status = |columns: &BalanceColumns, spread| {
        let options = BalanceOptions { spread, ..POOLED };
        let row = balance(columns, &options).unwrap().remove(0);
        (row.status, row.smd.is_nan())
    };
    let mut columns = by_hand();
    columns.treated.fill(0.0);
    assert_eq!(status(&columns, Spread::Pooled), (Status::NoTreated, true));
    columns.treated.fill(1.0);
    assert_eq!(status(&columns, Spread::Pooled), (Status::NoControls, true));
    // A weight of zero is not enough for a group.
    let mut columns = by_hand();
    columns.weight = Some(vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(status(&columns, Spread::Pooled), (Status::NoControls, true));
    columns.weight = Some(vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(status(&columns, Spread::Pooled), (Status::NoTreated, true));
    // Constant, among the treated or everywhere, also where rounding would leave a little variance.
    let mut columns = by_hand();
    columns.covariates[0] = numeric("x", vec![0.1, 0.1, 0.1, 2.0, 4.0, 4.0, 6.0]);
    columns.weight = Some(vec![0.3, 0.7, 0.11, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        status(&columns, Spread::Treated),
        (Status::NoVariance, true)
    );
    assert_eq!(status(&columns, Spread::Control), (Status::Ok, false));
    columns.covariates[0] = numeric("x", vec![0.1; 7]);
    assert_eq!(status(&columns, Spread::All), (Status::NoVariance, true));
    columns.covariates[0] = numeric("x", vec![1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(
        status(&columns, Spread::Treated),
        (Status::NoVariance, true)
    );
    // One treated row has no variance of its own.
    let mut columns = by_hand();
    columns.treated[..2].fill(f64::NAN);
    let row = balance(&columns, &POOLED).unwrap().remove(0);
    assert!(row.sd_treated.is_nan() && row.sd_control > 0.0);
    assert_eq!(row.status, Status::NoVariance);
    // Three rows are too few for the correction of Hedges.
    let mut columns = by_hand();
    columns.covariates[0] = numeric("x", vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    columns.treated[2] = f64::NAN;
    columns.treated[4..].fill(f64::NAN);
    let expected = (Status::NoVariance, true);
    assert_eq!(status(&columns, Spread::Hedges), expected);
    assert_eq!(status(&columns, Spread::Pooled), (Status::Ok, false));
}

/// Bit patterns of a row's numbers.
fn bits(rows: &[BalanceRow]) -> Vec<[u64; 8]> {
    let numbers = |row: &BalanceRow| {
        [
            row.mean_treated,
            row.mean_control,
            row.sd_treated,
            row.sd_control,
            row.difference,
            row.smd,
            row.variance_ratio,
            row.ks,
        ]
        .map(f64::to_bits)
    };
    rows.iter().map(numbers).collect()
}

#[test]
fn balance_does_not_depend_on_row_order_codes_or_threads() {
    let columns = first_year(Some("w"));
    let n_rows = columns.treated.len();
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.sort_by_key(|&row| (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let pick = |values: &[f64]| -> Vec<f64> { order.iter().map(|&row| values[row]).collect() };
    let mut other = BalanceColumns {
        treated: pick(&columns.treated),
        covariates: columns.covariates.clone(),
        weight: columns.weight.as_deref().map(pick),
    };
    for covariate in &mut other.covariates {
        match &mut covariate.values {
            CovariateValues::Numbers(values) => *values = pick(values),
            CovariateValues::Categories { codes, labels } => {
                *codes = order.iter().map(|&row| 3 - codes[row]).collect();
                labels.reverse();
            }
        }
    }
    let with = |columns: &BalanceColumns, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| bits(&balance(columns, &POOLED).unwrap()))
    };
    assert_eq!(with(&columns, 1), with(&other, 3));
}

#[test]
fn coding_and_scale_of_a_covariate_do_not_matter() {
    let columns = first_year(Some("w"));
    let mut other = columns.clone();
    for covariate in &mut other.covariates {
        if let CovariateValues::Numbers(values) = &mut covariate.values {
            values
                .iter_mut()
                .for_each(|value| *value = 1.0e6 + 4.0 * *value);
        }
    }
    for spread in [Spread::Pooled, Spread::All, Spread::Hedges] {
        let options = BalanceOptions { spread, ..POOLED };
        let [a, b] = [&columns, &other].map(|columns| balance(columns, &options).unwrap());
        for (a, b) in a.iter().zip(&b) {
            assert!(close(a.smd, b.smd, 1e-8), "{}", a.covariate);
            assert!(close(a.ks, b.ks, 1e-12), "{}", a.covariate);
        }
    }
}

#[test]
fn impossible_comparisons_are_refused() {
    let refusal = |columns: &BalanceColumns| balance(columns, &POOLED).unwrap_err();
    let mut columns = by_hand();
    columns.treated[1] = 2.0;
    let column = "treated";
    assert_eq!(
        refusal(&columns),
        EstimatorError::NotBinary { column, n_rows: 1 }
    );
    let mut columns = by_hand();
    columns.weight = Some(vec![1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        refusal(&columns),
        EstimatorError::NegativeWeight { n_rows: 1 }
    );
    columns.weight = Some(vec![1.0]);
    assert!(matches!(
        refusal(&columns),
        EstimatorError::LengthMismatch { .. }
    ));
}

#[test]
fn without_a_usable_row_every_covariate_says_so() {
    let mut columns = by_hand();
    columns.treated.fill(f64::NAN);
    let rows = balance(&columns, &POOLED).unwrap();
    assert_eq!(rows.len(), columns.covariates.len());
    for (row, covariate) in rows.iter().zip(&columns.covariates) {
        assert_eq!(row.covariate, covariate.name);
        assert_eq!((row.level.as_deref(), row.status), (None, Status::NoRows));
        assert_eq!((row.n_treated, row.n_control, row.n_missing), (0, 0, 7));
        let numbers = [
            row.smd,
            row.mean_treated,
            row.mean_control,
            row.sd_treated,
            row.difference,
            row.variance_ratio,
            row.ks,
        ];
        assert!(numbers.iter().all(|number| number.is_nan()), "{row:?}");
    }
}
