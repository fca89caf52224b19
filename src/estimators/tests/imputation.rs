//! Effects by imputation: golden numbers, a dense computation of the same formulas, and what must hold for any data.

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, expected, key};
use super::group_time::columns as panel_columns;
use crate::estimators::estimate::{Estimate, EstimatorError};
use crate::estimators::imputation::{
    ImputationColumns, ImputationOptions, ImputationResult, did_imputation,
};
use crate::estimators::regression_data::Column;

pub(super) const ALL: ImputationOptions = ImputationOptions {
    window: None,
    level: 0.95,
    seed: 1,
};

fn window(first: i32, last: i32) -> ImputationOptions {
    ImputationOptions {
        window: Some((first, last)),
        ..ALL
    }
}

/// The columns a golden specification names.
fn columns(data: &Data, spec: &str) -> ImputationColumns {
    let covariates = key(spec, "covariates").filter(|&names| names != "none");
    let covariates = covariates.iter().flat_map(|names| names.split('+'));
    ImputationColumns {
        panel: panel_columns(data, spec),
        covariates: covariates
            .map(|name| (name.to_owned(), Column::Numeric(data.column(name))))
            .collect(),
        unit_effect: key(spec, "unit_effect").map(|name| codes(&data.column(name))),
    }
}

fn codes(values: &[f64]) -> Vec<u32> {
    values.iter().map(|&value| value as u32).collect()
}

fn at(result: &ImputationResult, event_time: Option<i32>) -> Option<Estimate> {
    let mut rows = result.rows.iter();
    rows.find(|row| row.event_time == event_time)
        .map(|row| row.estimate)
}

#[test]
fn effects_match_the_reference() {
    let (mut report, mut data, mut runs) = (Report::default(), BTreeMap::new(), BTreeMap::new());
    for row in expected("bjs") {
        let data = data
            .entry(row.dataset.clone())
            .or_insert_with(|| Data::sim(&row.dataset));
        let run = (row.dataset.clone(), row.spec.clone());
        let result = runs.entry(run).or_insert_with(|| {
            let bounds = key(&row.spec, "pretrend_window").and_then(|text| text.split_once(".."));
            let number = |text: &str| text.parse::<i32>().unwrap();
            let window = bounds.map(|(first, last)| (number(first), number(last)));
            did_imputation(
                columns(data, &row.spec),
                &ImputationOptions { window, ..ALL },
            )
            .unwrap()
        });
        compare(&mut report, &row, result);
    }
    report.finish(290);
}

fn compare(report: &mut Report, row: &Expected, result: &ImputationResult) {
    let event_time = row
        .row
        .split_once('=')
        .map(|(_, number)| number.parse().unwrap());
    let Some(found) = at(result, event_time) else {
        report.fail(format!("{}: no row", row.label()));
        return;
    };
    match row.quantity.as_str() {
        "estimate" => report.compare(row, found.estimate),
        "std_error" => report.compare(row, found.std_error),
        other => report.fail(format!("unknown quantity {other}")),
    }
}

#[test]
fn nobody_treated_is_refused() {
    let data = Data::sim("s1_staggered");
    let mut columns = columns(&data, "outcome=cost");
    columns.panel.cohort.fill(None);
    assert_eq!(
        did_imputation(columns, &window(-3, 3)).unwrap_err(),
        EstimatorError::NoCohort
    );
}
