//! Least squares against the golden numbers: coefficients, errors, degrees of freedom, fit, instruments, bands.

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, expected, key};
use crate::regression::least_squares::{Effort, fit_with};
use crate::regression::{
    Coefficient, Column, FTest, OlsOptions, OlsResult, Reference, RegressionData, Singletons,
    SmallSample, Vcov, formula, ols,
};
use crate::{EstimatorError, Status};

/// A never-exposed row's event time.
const NEVER: f64 = -1000.0;

pub(super) fn regression_data(data: &Data, weight: Option<&str>) -> RegressionData {
    let columns = data
        .numbers
        .iter()
        .map(|(name, values)| (name.clone(), Column::Numeric(values.clone())));
    RegressionData {
        columns: columns.collect(),
        weight: weight.map(|name| data.column(name)),
    }
}

pub(super) fn prepared(name: &str) -> Data {
    let mut data = Data::sim(name);
    if let Some(x1) = data.numbers.get("x1") {
        let twice = x1.iter().map(|x| 2.0 * x).collect();
        data.numbers.insert("x1_twice".to_owned(), twice);
    }
    if let Some(cohort) = data.numbers.get("first_exposure_year") {
        let since = |(year, cohort): (&f64, &f64)| {
            if cohort.is_nan() {
                NEVER
            } else {
                year - cohort
            }
        };
        let rel: Vec<f64> = data
            .column("fiscal_year")
            .iter()
            .zip(cohort)
            .map(since)
            .collect();
        let treated = rel.iter().map(|&rel| f64::from(rel >= 0.0)).collect();
        data.numbers.insert("rel".to_owned(), rel);
        data.numbers.insert("treated".to_owned(), treated);
    }
    data
}

/// Repeats until no clinic and no month has a single row.
fn without_singletons(data: &Data) -> Data {
    let mut data = data.clone();
    loop {
        let mut sizes: BTreeMap<(usize, i64), usize> = BTreeMap::new();
        let columns = [data.column("clinic_id"), data.column("month_id")];
        for (which, column) in columns.iter().enumerate() {
            column
                .iter()
                .for_each(|&id| *sizes.entry((which, id as i64)).or_default() += 1);
        }
        let alone =
            |row: usize| (0..2).any(|which| sizes[&(which, columns[which][row] as i64)] == 1);
        let next = data.filter(|row| !alone(row));
        if next.n_rows == data.n_rows {
            return data;
        }
        data = next;
    }
}

fn formula_text(row: &Expected) -> String {
    let text = key(&row.spec, "formula").unwrap();
    if row.spec.contains("formula=i(rel") {
        return "exercise ~ i(rel, ref = c(-1, -1000)) | person_id + fiscal_year".to_owned();
    }
    let parts: Vec<&str> = text.split(" ~ ").collect();
    match parts.as_slice() {
        [outcome, terms, instruments] => {
            let (endogenous, instruments) = instruments.split_once(" | ").unwrap();
            format!("{outcome} ~ {terms} | {endogenous} ~ {instruments}")
        }
        _ => text.to_owned(),
    }
}

fn options(row: &Expected) -> OlsOptions {
    let vcov = match key(&row.spec, "vcov").unwrap() {
        clustered if clustered.contains(':') => {
            let (_, columns) = clustered.split_once(':').unwrap();
            format!("cluster({})", columns.replace('+', ", "))
        }
        robust if robust.starts_with("CR") => {
            format!("cluster({})", key(&row.spec, "cluster").unwrap())
        }
        other => other.to_owned(),
    };
    let factors = match key(&row.spec, "vcov").unwrap() {
        "CR0" => "adj=false, cluster_adj=false".to_owned(),
        "CR1" => "adj=false".to_owned(),
        _ => key(&row.spec, "ssc").unwrap_or_default().replace(':', "="),
    };
    let small_sample = SmallSample::parse(&factors).unwrap();
    OlsOptions {
        vcov: Vcov::parse(&vcov).unwrap(),
        small_sample,
        singletons: match key(&row.spec, "fixef_rm") {
            Some("singleton") => Singletons::DropOnce,
            _ => Singletons::Keep,
        },
        reference: Reference::StudentT,
        level: 0.95,
        seed: 20_261_122,
        wild: None,
    }
}

struct Runs {
    data: BTreeMap<String, Data>,
    results: BTreeMap<(String, String), OlsResult>,
    effort: Effort,
}

impl Runs {
    /// Solving for up to so many levels of further fixed effects directly.
    fn new(direct_levels: usize) -> Self {
        Self {
            data: BTreeMap::new(),
            results: BTreeMap::new(),
            effort: Effort {
                tests: true,
                direct_levels,
                ..Effort::COEFFICIENTS
            },
        }
    }
}

impl Runs {
    fn result(&mut self, row: &Expected) -> &OlsResult {
        let data = self
            .data
            .entry(row.dataset.clone())
            .or_insert_with(|| prepared(&row.dataset));
        self.results
            .entry((row.dataset.clone(), row.spec.clone()))
            .or_insert_with(|| {
                let reduced = row
                    .spec
                    .contains("sample=singletons_removed")
                    .then(|| without_singletons(data));
                let weight = key(&row.spec, "weight").filter(|&weight| weight != "none");
                let data = regression_data(reduced.as_ref().unwrap_or(data), weight);
                let formula = formula::parse(&formula_text(row)).unwrap();
                fit_with(&formula, &data, &options(row), self.effort)
                    .unwrap_or_else(|error| panic!("{}: {error}", row.label()))
            })
    }
}

fn coefficient_quantity(coefficient: &Coefficient, quantity: &str) -> f64 {
    match quantity {
        "estimate" => coefficient.estimate,
        "std_error" => coefficient.std_error,
        "p_value" => coefficient.p_value,
        "statistic" => coefficient.statistic,
        "dropped_collinear" => f64::from(u8::from(matches!(
            coefficient.status,
            Status::Collinear | Status::Absorbed
        ))),
        other => panic!("unknown quantity {other}"),
    }
}

fn model_quantity(result: &OlsResult, quantity: &str) -> f64 {
    match quantity {
        "dof_k" => result.n_counted as f64,
        "dof_t" => result.df,
        "n_obs" => result.n_obs as f64,
        "r2" => result.r2,
        "r2_adjusted" => result.adjusted_r2,
        "r2_within" => result.within_r2,
        "rmse" => result.rmse,
        other => panic!("unknown quantity {other}"),
    }
}

fn test_quantity(result: &OlsResult, test: &str, quantity: &str) -> f64 {
    let tests = result.instruments.as_ref().unwrap();
    let test: FTest = match test {
        "first_stage_f" => tests.first_stages[0].f,
        "first_stage_wald" => tests.first_stages[0].wald,
        "wu_hausman" => tests.wu_hausman.unwrap(),
        "sargan" => tests.sargan.unwrap(),
        other => panic!("unknown test {other}"),
    };
    match quantity {
        "statistic" => test.statistic,
        "df" | "df1" => test.df1,
        "df2" => test.df2,
        "p_value" => test.p_value,
        other => panic!("unknown quantity {other}"),
    }
}

#[track_caller]
fn check_relation(relation: &str, at_least: usize) {
    // Fixed effects solved for directly, and by conjugate gradients.
    for direct_levels in [Effort::COEFFICIENTS.direct_levels, 0] {
        check_with(relation, direct_levels, at_least);
    }
}

/// n − K of the first stage, to which `fixest` refers the clustered Wald test too; we refer it to G − 1.
fn residual_df(result: &OlsResult) -> f64 {
    let stage = &result.instruments.as_ref().unwrap().first_stages[0];
    assert_eq!(
        Some(stage.wald.df2 + 1.0),
        result.n_clusters.map(|n| n as f64)
    );
    // One endogenous column is dropped for the instruments.
    let n_counted = result.n_counted as f64 - 1.0 + stage.wald.df1;
    result.n_obs as f64 - n_counted
}

#[track_caller]
fn check_with(relation: &str, direct_levels: usize, at_least: usize) {
    let (mut runs, mut report) = (Runs::new(direct_levels), Report::default());
    for row in expected(relation) {
        let result = runs.result(&row);
        let df2 = (&*row.row, &*row.quantity) == ("test=first_stage_wald", "df2");
        let found = if df2 && row.spec.contains("vcov=cluster") {
            residual_df(result)
        } else if let Some(term) = key(&row.row, "term").or(key(&row.row, "at")) {
            let name = match term {
                "intercept" => "(Intercept)".to_owned(),
                at if relation == "event_study" => format!("rel::{at}"),
                term => term.to_owned(),
            };
            let found = result
                .rows
                .iter()
                .find(|coefficient| coefficient.term == name);
            found.map_or(f64::INFINITY, |found| {
                coefficient_quantity(found, &row.quantity)
            })
        } else if let Some(test) = key(&row.row, "test") {
            test_quantity(result, test, &row.quantity)
        } else {
            model_quantity(result, &row.quantity)
        };
        report.compare(&row, found);
    }
    report.finish(at_least);
}

#[test]
fn least_squares_match_the_reference() {
    check_relation("ols", 699);
}

#[test]
fn robust_errors_match_the_reference() {
    check_relation("ols_hc", 120);
}

#[test]
fn clustered_errors_without_absorbing_match_the_reference() {
    check_relation("ols_cr", 42);
}

#[test]
fn leverages_with_absorbed_fixed_effects_match_those_of_dummies() {
    let (mut runs, mut report) = (
        Runs::new(Effort::COEFFICIENTS.direct_levels),
        Report::default(),
    );
    for mut row in expected("ols_hc") {
        let dummies = " + factor(clinic_id) + factor(month_id)";
        if !row.spec.contains(dummies) {
            continue;
        }
        row.spec = row.spec.replace(dummies, " | clinic_id + month_id");
        let term = key(&row.row, "term").unwrap();
        if let Some(found) = runs
            .result(&row)
            .rows
            .iter()
            .find(|found| found.term == term)
        {
            report.compare(&row, coefficient_quantity(found, &row.quantity));
        }
    }
    report.finish(60);
}

#[test]
fn two_stage_least_squares_match_the_reference() {
    check_relation("iv", 346);
}

#[test]
fn two_way_event_studies_match_the_reference() {
    check_relation("event_study", 256);
}

#[test]
fn singletons_are_removed_recursively() {
    let row = expected("counts").remove(0);
    let data = regression_data(&prepared("s5_regression"), None);
    let formula = formula::parse("outcome ~ treat | clinic_id + month_id").unwrap();
    let once = OlsOptions {
        vcov: Vcov::Hc1,
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::DropOnce,
        reference: Reference::StudentT,
        level: 0.95,
        seed: 1,
        wild: None,
    };
    let all = OlsOptions {
        singletons: Singletons::DropAll,
        ..once.clone()
    };
    assert_eq!(ols(&formula, &data, &once).unwrap().n_obs, 3_993);
    let result = ols(&formula, &data, &all).unwrap();
    assert_eq!(Some(result.n_obs as f64), row.value);
    assert_eq!(result.counts.n_singleton_rows, 8);
}

#[test]
fn regression_bands_match_the_reference_within_simulation_error() {
    let (mut runs, mut report) = (
        Runs::new(Effort::COEFFICIENTS.direct_levels),
        Report::default(),
    );
    let rows: Vec<_> = expected("sup_t")
        .into_iter()
        .filter(|r| r.spec.contains("formula=i(rel"))
        .collect();
    for row in rows
        .iter()
        .filter(|row| row.quantity == "crit" && row.row.contains("0.95"))
    {
        let same =
            |r: &&Expected| (&r.dataset, &r.spec, &r.row) == (&row.dataset, &row.spec, &row.row);
        let error = rows
            .iter()
            .filter(same)
            .find(|r| r.quantity == "crit_mc_error")
            .unwrap();
        let band = runs.result(row).band.unwrap();
        report.n_compared += 1;
        let tolerance = 3.0 * error.value.unwrap().hypot(band.simulation_error);
        let gap = (band.critical_value - row.value.unwrap()).abs();
        if gap > tolerance {
            report.fail(format!(
                "{}: {band:?} is {gap} off, allowed {tolerance}",
                row.label()
            ));
        }
    }
    report.finish(3);
}

#[test]
fn text_and_interactions_become_columns_as_in_r() {
    let text = |values: &[&str], labels: &[&str]| Column::Categorical {
        codes: values
            .iter()
            .map(|v| labels.iter().position(|l| l == v).unwrap() as u32)
            .collect(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
    };
    let region = text(
        &[
            "west", "east", "north", "east", "west", "north", "east", "west",
        ],
        &["west", "north", "east"],
    );
    let numbers = |values: &[f64]| Column::Numeric(values.to_vec());
    let data = RegressionData {
        columns: BTreeMap::from([
            ("region".to_owned(), region),
            (
                "x".to_owned(),
                numbers(&[1.0, 2.0, 3.5, 4.0, 0.0, 6.0, 2.0, 8.0]),
            ),
            (
                "y".to_owned(),
                numbers(&[1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0]),
            ),
        ]),
        weight: None,
    };
    let options = OlsOptions {
        vcov: Vcov::Iid,
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::Keep,
        reference: Reference::StudentT,
        level: 0.95,
        seed: 1,
        wild: None,
    };
    let terms = |text: &str| -> Vec<String> {
        let result = ols(&formula::parse(text).unwrap(), &data, &options).unwrap();
        result.rows.iter().map(|row| row.term.clone()).collect()
    };
    assert_eq!(
        terms("y ~ region"),
        ["(Intercept)", "regionnorth", "regionwest"]
    );
    assert_eq!(
        terms("y ~ 0 + region"),
        ["regioneast", "regionnorth", "regionwest"]
    );
    assert_eq!(terms("y ~ x*region").len(), 6);
    assert_eq!(terms("y ~ x:region").len(), 4);
    assert_eq!(
        terms("y ~ i(region, 'west') + x"),
        ["(Intercept)", "region::east", "region::north", "x"]
    );
    assert_eq!(
        terms("y ~ log(y) + exp(x)"),
        ["(Intercept)", "log(y)", "exp(x)"]
    );
    let unknown = ols(&formula::parse("y ~ z").unwrap(), &data, &options);
    assert_eq!(
        unknown.unwrap_err(),
        EstimatorError::UnknownColumn {
            column: "z".to_owned()
        }
    );
}

#[test]
fn formula_errors_point_at_the_problem() {
    for (text, offset) in [
        ("y", 1),
        ("y ~ x +", 7),
        ("y ~ sqrt(x)", 4),
        ("y ~ x | a | b", 12),
        ("y ~ x | a | d ~ z | q", 18),
        ("i(y) ~ x", 2),
        ("y ~ 'a", 4),
        ("y ~ x ? z", 6),
    ] {
        assert_eq!(formula::parse(text).unwrap_err().offset, offset, "{text}");
    }
    assert!(formula::parse("y ~ 1 | d ~ z").unwrap().has_instruments());
}
