//! Interaction-weighted event studies against the golden numbers and against least squares with all columns written out.

use std::collections::BTreeMap;

use super::golden::{Data, Report, as_ids, close, expected, fields, key};
use super::group_time::columns;
use super::public::reference_data;
use crate::inference::Inference;
use crate::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::regression::{
    Column, OlsOptions, OlsResult, Reference, RegressionData, Singletons, SmallSample, Vcov,
    formula, ols,
};
use crate::sun_abraham::{CohortEffect, SunAbrahamOptions, SunAbrahamResult, sun_abraham};
use crate::{Estimate, EstimatorError, Status};

pub(super) const ALL: SunAbrahamOptions = SunAbrahamOptions {
    min_e: None,
    max_e: None,
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

pub(super) fn fit(columns: PanelColumns) -> SunAbrahamResult {
    let layout = Layout::Unbalanced;
    let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
    sun_abraham(&panel, &ALL).unwrap()
}

fn find(rows: &[CohortEffect], cohort: Option<i32>, event_time: Option<i32>) -> Option<Estimate> {
    let is_it = |row: &&CohortEffect| (row.cohort, row.event_time) == (cohort, event_time);
    rows.iter().find(is_it).map(|row| row.estimate)
}

#[test]
fn interaction_weighted_effects_match_the_reference() {
    let mut report = Report::default();
    let mut results: BTreeMap<String, SunAbrahamResult> = BTreeMap::new();
    for row in expected("sunab") {
        let result = results.entry(row.dataset.clone()).or_insert_with(|| {
            let spec = "outcome=exercise;cluster=worksite_id";
            fit(columns(&Data::sim(&row.dataset), spec))
        });
        let number = |name| key(&row.row, name).map(|text| text.parse::<i32>().unwrap());
        let (cohort, at) = (number("cohort"), number("at"));
        let estimate = match (cohort, at) {
            (None, None) => Some(result.overall.estimate),
            (None, Some(_)) => find(&result.event_times, None, at),
            (Some(_), None) => find(&result.cohorts, cohort, None),
            (Some(_), Some(_)) => find(&result.cells, cohort, at),
        };
        let found = estimate.map_or(f64::INFINITY, |estimate| match row.quantity.as_str() {
            "estimate" => estimate.estimate,
            "std_error" => estimate.std_error,
            other => panic!("unknown quantity {other}"),
        });
        report.compare(&row, found);
    }
    // The reference has one cell, cohort or event time for each of ours.
    for result in results.values() {
        assert_eq!((result.cells.len(), result.cohorts.len()), (28, 4));
        assert_eq!(result.event_times.len(), 12);
    }
    report.finish(176);
}

fn county_columns(data: &Data, spec: &str) -> PanelColumns {
    let cohort = data.column("first_treat");
    let time = data.column("year");
    let cluster = spec.split("cluster:").nth(1).unwrap();
    let cluster = data.column(cluster.split(';').next().unwrap());
    PanelColumns {
        unit: as_ids(&data.column("countyreal")),
        time: time.iter().map(|&year| year as i32).collect(),
        cohort: cohort
            .iter()
            .map(|&year| if year > 0.0 { year as i32 } else { NEVER })
            .collect(),
        outcome: data.column("lemp"),
        weight: key(spec, "weights").map(|weight| data.column(weight)),
        cluster: Some(cluster.iter().map(|&code| code as u32).collect()),
        covariates: Vec::new(),
    }
}

#[test]
fn county_event_study_matches_several_implementations() {
    let Some(folder) = reference_data() else {
        return;
    };
    let folder = folder.join("goldens/public");
    let text = fs_err::read_to_string(folder.join("expected.csv")).unwrap();
    let (mut report, mut results) = (Report::default(), BTreeMap::new());
    for row in text.lines().skip(1).map(fields) {
        if row[3] != "SunAbraham" {
            continue;
        }
        let spec = row[2].split(";agg=").next().unwrap();
        let result: &SunAbrahamResult = results
            .entry((row[1].clone(), spec.to_owned()))
            .or_insert_with(|| {
                let data = Data::read(&folder.join(format!("{}.parquet", row[1])));
                fit(county_columns(&data, spec))
            });
        let (parameter, is_p_value) = match row[4].strip_prefix("pvalue:") {
            Some(parameter) => (parameter, true),
            None => (row[4].as_str(), false),
        };
        let estimate = named(result, parameter);
        let number = |get: fn(&Estimate) -> f64| estimate.as_ref().map_or(f64::INFINITY, get);
        let value = match parameter {
            "nobs" => result.n_obs as f64,
            _ if is_p_value => number(|estimate| estimate.p_value),
            _ => number(|estimate| estimate.estimate),
        };
        let pairs = [(value, &row[5]), (number(|e| e.std_error), &row[6])];
        for (found, field) in pairs {
            if let Ok(expected) = field.parse::<f64>() {
                report.n_compared += 1;
                if !close(found, expected, 1e-8) {
                    let name = format!("{} {} {}", row[1], row[2], row[4]);
                    report.fail(format!("{name}: {expected}, found {found}"));
                }
            }
        }
    }
    report.finish(450);
}

/// The estimate that a parameter of the public file names: `ATT`, `cohort::2004`, `year::-2`, `year::-2:cohort::2007`.
fn named(result: &SunAbrahamResult, parameter: &str) -> Option<Estimate> {
    if parameter == "ATT" {
        return Some(result.overall.estimate);
    }
    let after = |name: &str| {
        let rest = parameter.split(name).nth(1)?;
        rest.split(':').next().unwrap().parse::<i32>().ok()
    };
    let (cohort, at) = (after("cohort::"), after("year::"));
    match (cohort, at) {
        (None, _) => find(&result.event_times, None, at),
        (Some(_), None) => find(&result.cohorts, cohort, None),
        (Some(_), Some(_)) => find(&result.cells, cohort, at),
    }
}

/// Weighted rows with holes; a panel with a missing year and cohorts before, in and after it.
const HARD: [(&str, &str); 2] = [
    (
        "s2_unbalanced",
        "outcome=cost;weight=w_tv;cluster=worksite_id",
    ),
    ("s4_edges", "outcome=cost;weight=w_tv"),
];

/// The same regression with one column per cell and both effects absorbed.
fn least_squares(columns: &PanelColumns, result: &SunAbrahamResult) -> OlsResult {
    let cell = |row: usize| {
        let label = Some(columns.cohort[row]).filter(|&label| label != NEVER)?;
        let at = columns.time[row] - label;
        let is_it = |cell: &CohortEffect| (cell.cohort, cell.event_time) == (Some(label), Some(at));
        result.cells.iter().position(is_it)
    };
    let first = *columns.time.iter().min().unwrap();
    let is_early = |row: usize| columns.cohort[row] <= first;
    let rows: Vec<usize> = (0..columns.unit.len())
        .filter(|&row| !is_early(row))
        .collect();
    let pick =
        |get: &dyn Fn(usize) -> f64| Column::Numeric(rows.iter().map(|&row| get(row)).collect());
    let code = |row: usize| cell(row).map_or(0.0, |index| index as f64 + 1.0);
    let cluster = |row: usize| match &columns.cluster {
        Some(cluster) => f64::from(cluster[row]),
        None => columns.unit[row] as f64,
    };
    let weight = columns.weight.as_ref().unwrap();
    let data = RegressionData {
        columns: BTreeMap::from([
            ("y".to_owned(), pick(&|row| columns.outcome[row])),
            ("cell".to_owned(), pick(&code)),
            ("unit".to_owned(), pick(&|row| columns.unit[row] as f64)),
            ("time".to_owned(), pick(&|row| f64::from(columns.time[row]))),
            ("cluster".to_owned(), pick(&cluster)),
        ]),
        weight: Some(rows.iter().map(|&row| weight[row]).collect()),
    };
    let options = OlsOptions {
        vcov: Vcov::Cluster("cluster".to_owned()),
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::Keep,
        reference: Reference::StudentT,
        level: 0.95,
        seed: 1,
        wild: None,
    };
    let formula = formula::parse("y ~ i(cell, 0) | unit + time").unwrap();
    ols(&formula, &data, &options).unwrap()
}

#[test]
fn cells_are_the_coefficients_of_the_regression_with_all_columns() {
    // As given, and with clusters that run across cohorts.
    for (name, spec, n_clusters) in HARD.iter().flat_map(|&(a, b)| [(a, b, 0), (a, b, 37)]) {
        let mut columns = columns(&Data::sim(name), spec);
        if n_clusters > 0 {
            let codes = columns.unit.iter().map(|unit| (unit % n_clusters) as u32);
            columns.cluster = Some(codes.collect());
        }
        let result = fit(columns.clone());
        let ols = least_squares(&columns, &result);
        assert_eq!(
            (ols.n_obs, ols.n_counted),
            (result.n_obs, result.n_counted),
            "{name}"
        );
        assert_eq!(ols.df, result.df, "{name}");
        assert!(result.cells.len() > 25, "{name}");
        for (index, cell) in result.cells.iter().enumerate() {
            let term = format!("cell::{}", index + 1);
            let other = ols.rows.iter().find(|row| row.term == term).unwrap();
            let own = cell.estimate;
            for (found, expected) in [
                (own.estimate, other.estimate),
                (own.std_error, other.std_error),
                (own.p_value, other.p_value),
                (own.conf_low, other.conf_low),
                (own.conf_high, other.conf_high),
            ] {
                assert!(close(found, expected, 1e-8), "{name} {cell:?} {other:?}");
            }
        }
    }
}

#[test]
fn a_missing_year_keeps_true_event_times_and_moves_the_reference() {
    let result = fit(columns(&Data::sim("s4_edges"), "outcome=exercise"));
    // Cohorts 2013 and 2015 are exposed throughout; 2023 and 2025 never within the data.
    assert_eq!(
        (result.sample.n_always_treated, result.sample.n_late_units),
        (58, 81)
    );
    let event_times = |cohort: i32| -> Vec<i32> {
        let own = result
            .cells
            .iter()
            .filter(|cell| cell.cohort == Some(cohort));
        own.filter_map(|cell| cell.event_time).collect()
    };
    // Periods 2015, 2016, 2017, 2019 to 2022: the reference of both is 2017.
    assert_eq!(event_times(2018), [-3, -2, 1, 2, 3, 4]);
    assert_eq!(event_times(2019), [-4, -3, 0, 1, 2, 3]);
    assert_eq!(event_times(2020), [-5, -4, -3, 0, 1, 2]);
    let shown: Vec<Option<i32>> = result
        .event_times
        .iter()
        .map(|row| row.event_time)
        .collect();
    assert!(shown.is_sorted_by(|a, b| a < b), "{shown:?}");
    // At −2 lie cells of other cohorts; the reference of cohort 2019 is none of them.
    let two_before = find(&result.event_times, None, Some(-2)).unwrap();
    let with_cell = [2017, 2018, 2021, 2022];
    let cells = with_cell.map(|cohort| find(&result.cells, Some(cohort), Some(-2)).unwrap());
    let n_treated: u64 = cells.iter().map(|cell| cell.n_treated).sum();
    assert_eq!(two_before.n_treated, n_treated);
    let sum = cells
        .iter()
        .map(|cell| cell.n_treated as f64 * cell.estimate);
    assert!(close(
        two_before.estimate,
        sum.sum::<f64>() / n_treated as f64,
        1e-12
    ));
    let reference = find(&result.event_times, None, Some(-1)).unwrap();
    assert_eq!(
        (reference.estimate, reference.status),
        (0.0, Status::BasePeriod)
    );
    assert!(reference.std_error.is_nan() && reference.n_treated > 0);
    let small = find(&result.cells, Some(2022), Some(0)).unwrap();
    assert_eq!((small.n_treated, small.status), (2, Status::TooFew));
}

#[test]
fn without_never_treated_the_last_cohort_stands_in() {
    let data = Data::sim("s4_edges");
    let kept = data.column("sample_no_never");
    let result = fit(columns(
        &data.filter(|row| kept[row] == 1.0),
        "outcome=cost",
    ));
    assert_eq!(result.sample.comparison_cohort, Some(2022));
    assert_eq!(result.sample.n_dropped_periods, 1);
    assert_eq!(result.overall.estimate.n_control, 2);
    assert!(result.cells.iter().all(|cell| cell.cohort < Some(2022)));
    assert!(result.overall.estimate.estimate.is_finite());
}

#[test]
fn the_window_limits_what_is_shown_and_the_band_but_not_the_fit() {
    let columns = columns(
        &Data::sim("s1_staggered"),
        "outcome=cost;cluster=worksite_id",
    );
    let panel = Panel::try_new(
        &columns,
        PanelOptions {
            layout: Layout::Unbalanced,
        },
    )
    .unwrap();
    let all = sun_abraham(&panel, &ALL).unwrap();
    let window = SunAbrahamOptions {
        min_e: Some(-2),
        max_e: Some(1),
        ..ALL
    };
    let part = sun_abraham(&panel, &window).unwrap();
    let at: Vec<i32> = part
        .event_times
        .iter()
        .filter_map(|row| row.event_time)
        .collect();
    assert_eq!(at, [-2, -1, 0, 1]);
    assert_eq!(
        part.overall.estimate.estimate,
        all.overall.estimate.estimate
    );
    for row in &part.event_times {
        let other = find(&all.event_times, None, row.event_time).unwrap();
        assert_eq!(row.estimate.estimate, other.estimate);
        assert_eq!(row.estimate.conf_low.to_bits(), other.conf_low.to_bits());
    }
    let (few, many) = (part.band.unwrap(), all.band.unwrap());
    assert_eq!((few.dimension, many.dimension), (3, 11));
    assert!(few.critical_value < many.critical_value);
    let first = part.event_times[0].estimate;
    assert!(first.band_low < first.conf_low && first.band_high > first.conf_high);
    assert!(all.overall.estimate.band_low.is_nan());
    let after = SunAbrahamOptions {
        min_e: Some(0),
        ..window
    };
    assert_eq!(sun_abraham(&panel, &after).unwrap().event_times.len(), 2);
    let backwards = SunAbrahamOptions {
        min_e: Some(1),
        max_e: Some(0),
        ..ALL
    };
    let refusal = sun_abraham(&panel, &backwards).unwrap_err();
    assert!(matches!(
        refusal,
        EstimatorError::BadOption {
            option: "window",
            ..
        }
    ));
}
