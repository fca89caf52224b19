//! Effects by imputation: golden numbers, a dense computation of the same formulas, and what must hold for any data.

mod dense;
mod edges;
mod outcomes;
mod properties;
mod stages;

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, as_ids, close, expected, fields, key};
use super::group_time::columns as panel_columns;
use super::public::reference_data;
use crate::Estimate;
use crate::imputation::{ImputationColumns, ImputationOptions, ImputationResult, did_imputation};
use crate::inference::Inference;
use crate::panel::{NEVER, PanelColumns};
use crate::regression::Column;

const ALL: ImputationOptions = ImputationOptions {
    window: None,
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
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
fn county_panel_matches_several_implementations() {
    let Some(folder) = reference_data() else {
        return;
    };
    let folder = folder.join("goldens/public");
    let text = fs_err::read_to_string(folder.join("expected.csv")).unwrap();
    let (mut report, mut runs) = (Report::default(), BTreeMap::new());
    for row in text.lines().skip(1).map(fields) {
        let (dataset, spec, parameter) = (&row[1], &row[2], &row[4]);
        if row[0] != "sunab_bjs_did2s_etwfe" || row[3] != "BJS_imputation" {
            continue;
        }
        let is_lead = parameter.starts_with("pretrend");
        let run = (dataset.clone(), spec.clone(), is_lead);
        let result = runs.entry(run).or_insert_with(|| {
            let data = Data::read(&folder.join(format!("{dataset}.parquet")));
            let options = if is_lead { window(-4, -2) } else { ALL };
            did_imputation(county_columns(&data, spec), &options).unwrap()
        });
        let event_time = parameter
            .split_once(':')
            .map(|(_, number)| number.parse().unwrap());
        let found = at(result, event_time).unwrap();
        // With weights the references disagree about the error: one squares the weights.
        let has_error = row[12] != "value agreed, SE not";
        // The only reference of the leads demeans to 1e-6; `leads_are_coefficients_of_a_regression` asks for more.
        let tolerance = if is_lead { 1e-6 } else { 1e-8 };
        let estimate = Some((found.estimate, &row[5], 1e-8));
        let error = has_error.then_some((found.std_error, &row[6], tolerance));
        for (found, expected, tolerance) in estimate.into_iter().chain(error) {
            report.n_compared += 1;
            if !close(found, expected.parse().unwrap(), tolerance) {
                report.fail(format!(
                    "{dataset} {spec} {parameter}: {expected}, found {found}"
                ));
            }
        }
    }
    report.finish(104);
}

fn county_columns(data: &Data, spec: &str) -> ImputationColumns {
    let cohort = data.column("first_treat");
    let panel = PanelColumns {
        unit: as_ids(&data.column("countyreal")),
        time: data
            .column("year")
            .iter()
            .map(|&year| year as i32)
            .collect(),
        cohort: cohort
            .iter()
            .map(|&year| if year > 0.0 { year as i32 } else { NEVER })
            .collect(),
        outcome: data.column("lemp"),
        weight: key(spec, "weights").map(|name| data.column(name)),
        cluster: key(spec, "cluster").map(|name| codes(&data.column(name))),
        covariates: Vec::new(),
    };
    ImputationColumns {
        panel,
        ..ImputationColumns::default()
    }
}
