//! Group-time effects, their aggregates, pre-test and bands against the golden numbers.

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, as_ids, close, expected, key};
use crate::group_time::{
    Aggregate, AggregateOptions, AggregateResult, AttGtOptions, AttGtResult, BasePeriod, Control,
    Method, Pretest, aggregate, att_gt,
};
use crate::inference::Inference;
use crate::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::{Estimate, EstimatorError, Status};

pub(super) fn columns(data: &Data, spec: &str) -> PanelColumns {
    let data = match key(spec, "filter") {
        Some(filter) if filter != "none" => {
            let (column, value) = spec
                .split("filter=")
                .nth(1)
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .split_once('=')
                .unwrap();
            let (flags, value) = (data.column(column), value.parse::<f64>().unwrap());
            data.filter(|row| flags[row] == value)
        }
        _ => data.clone(),
    };
    let optional = |name: &str| key(spec, name).filter(|&column| column != "none");
    let cohort = data.column("first_exposure_year");
    PanelColumns {
        unit: as_ids(&data.column("person_id")),
        time: data
            .column("fiscal_year")
            .iter()
            .map(|&year| year as i32)
            .collect(),
        cohort: cohort
            .iter()
            .map(|&year| if year.is_nan() { NEVER } else { year as i32 })
            .collect(),
        outcome: data.column(key(spec, "outcome").unwrap()),
        weight: optional("weight").map(|column| data.column(column)),
        cluster: optional("cluster")
            .map(|column| data.column(column).iter().map(|&id| id as u32).collect()),
        covariates: optional("covariates").map_or_else(Vec::new, |names| {
            names.split('+').map(|name| data.covariate(name)).collect()
        }),
    }
}

pub(super) fn layout(spec: &str) -> Layout {
    match (key(spec, "panel"), key(spec, "unbalanced")) {
        (Some("false"), _) => Layout::CrossSections,
        (_, Some("allow")) => Layout::Unbalanced,
        _ => Layout::Balanced,
    }
}

pub(super) fn options(spec: &str) -> AttGtOptions {
    AttGtOptions {
        method: match key(spec, "method") {
            Some("ipw") => Method::InverseProbability,
            Some("reg") => Method::OutcomeRegression,
            _ => Method::DoublyRobust,
        },
        control: match key(spec, "control") {
            Some("notyettreated") => Control::NotYetTreated,
            _ => Control::NeverTreated,
        },
        base_period: match key(spec, "base") {
            Some("universal") => BasePeriod::Universal,
            _ => BasePeriod::Varying,
        },
        anticipation: key(spec, "anticipation").map_or(0, |periods| periods.parse().unwrap()),
        level: 0.95,
        seed: 1,
        bootstrap: None,
        inference: Inference::Analytic,
    }
}

/// Runs each specification once.
#[derive(Default)]
pub(super) struct Runs {
    data: BTreeMap<String, Data>,
    effects: BTreeMap<(String, String), Result<AttGtResult, EstimatorError>>,
}

impl Runs {
    pub(super) fn effects(&mut self, row: &Expected) -> &Result<AttGtResult, EstimatorError> {
        let keep = |part: &&str| {
            !["max_e", "min_e", "balance_e", "estimator"]
                .iter()
                .any(|k| part.starts_with(k))
        };
        let spec = row
            .spec
            .split(';')
            .filter(keep)
            .collect::<Vec<_>>()
            .join(";");
        let data = self
            .data
            .entry(row.dataset.clone())
            .or_insert_with(|| Data::sim(&row.dataset));
        self.effects
            .entry((row.dataset.clone(), spec.clone()))
            .or_insert_with(|| {
                let panel = Panel::try_new(
                    &columns(data, &spec),
                    PanelOptions {
                        layout: layout(&spec),
                    },
                )?;
                att_gt(&panel, &options(&spec))
            })
    }
}

fn aggregated(effects: &AttGtResult, row: &Expected, level: f64) -> AggregateResult {
    let kind = match key(&row.row, "aggregate").unwrap() {
        "simple" => Aggregate::Simple,
        "group" => Aggregate::Group,
        "dynamic" => Aggregate::Dynamic,
        _ => Aggregate::Calendar,
    };
    let window = |name: &str| key(&row.spec, name).map(|e| e.parse().unwrap());
    let (min_e, max_e, balance_e) = (window("min_e"), window("max_e"), window("balance_e"));
    let options = AggregateOptions {
        kind,
        min_e,
        max_e,
        balance_e,
        level,
        seed: 20_261_122,
    };
    aggregate(effects, &options).unwrap()
}

fn quantity(estimate: &Estimate, name: &str) -> f64 {
    match name {
        "estimate" => estimate.estimate,
        "std_error" => estimate.std_error,
        "n_treated_persons" => estimate.n_treated as f64,
        "n_control_persons" => estimate.n_control as f64,
        other => panic!("unknown quantity {other}"),
    }
}

#[test]
fn group_time_effects_match_the_reference() {
    let (mut runs, mut report) = (Runs::default(), Report::default());
    for row in expected("att_gt") {
        let effects = match runs.effects(&row) {
            Ok(effects) => effects,
            Err(error) => {
                if row.quantity == "error" {
                    report.n_compared += 1;
                    assert!(matches!(
                        error,
                        EstimatorError::NoNeverTreated {
                            cohort: 2022,
                            n_units: 2
                        }
                    ));
                } else {
                    report.fail(format!("{}: {error}", row.label()));
                }
                continue;
            }
        };
        let found = match row.row.as_str() {
            "sample" if row.quantity == "n_units" => effects.sample.n_units as f64,
            "sample" => effects.sample.n_clusters as f64,
            "pretest" => match effects.pretest {
                Pretest::Wald { statistic, .. } => statistic,
                _ => f64::NAN,
            },
            cell => {
                let number = |name| key(cell, name).unwrap().parse::<i32>().unwrap();
                let (cohort, time) = (number("cohort"), number("time"));
                match effects
                    .rows
                    .iter()
                    .find(|r| (r.cohort, r.time) == (cohort, time))
                {
                    None => f64::INFINITY,
                    Some(r) => match row.quantity.as_str() {
                        "n_treated" => r.n_treated_rows as f64,
                        "n_control" => r.n_control_rows as f64,
                        other => quantity(&r.estimate, other),
                    },
                }
            }
        };
        report.compare(&row, found);
    }
    report.finish(3_900);
}

/// `certified` is 1 in cohort 2021 and 0 for all others: among the others and the never exposed it is constant. R has no number
/// there; it says nothing there, and the numbers are those without it. In cohort 2021 it separates.
#[test]
fn a_covariate_constant_within_a_comparison_changes_nothing_there() {
    let data = Data::sim("s4_edges");
    for method in ["dr", "ipw", "reg"] {
        for kind in ["panel=true", "panel=false"] {
            let effects = |covariates: &str| {
                let spec =
                    format!("outcome=exercise;method={method};covariates={covariates};{kind}");
                let options_of = PanelOptions {
                    layout: layout(&spec),
                };
                let panel = Panel::try_new(&columns(&data, &spec), options_of).unwrap();
                att_gt(&panel, &options(&spec)).unwrap()
            };
            let (found, expected) = (effects("certified"), effects("none"));
            assert_eq!(found.rows.len(), expected.rows.len());
            for (found, expected) in found.rows.iter().zip(&expected.rows) {
                let (a, b) = (found.estimate, expected.estimate);
                if found.cohort == 2021 {
                    let reason = if method == "ipw" {
                        Status::NoOverlap
                    } else {
                        Status::Singular
                    };
                    assert_eq!(a.status, reason);
                    assert!(a.estimate.is_nan() && a.std_error.is_nan());
                } else {
                    assert_eq!(a.status, b.status, "{method} {kind}");
                    assert!(close(a.estimate, b.estimate, 1e-10), "{method} {kind}");
                    assert!(close(a.std_error, b.std_error, 1e-10), "{method} {kind}");
                }
            }
        }
    }
}

/// A person's rows clustered by person are what a panel without holes compares; so are their errors.
#[test]
fn rows_clustered_by_person_have_the_errors_of_the_panel() {
    let mut report = Report::default();
    let data = Data::sim("s1_staggered");
    let spec = "outcome=exercise;method=dr;covariates=none;control=nevertreated;base=varying;anticipation=0";
    let own = format!("{spec};cluster=person_id;panel=false");
    let options_of = PanelOptions {
        layout: Layout::CrossSections,
    };
    let panel = Panel::try_new(&columns(&data, &own), options_of).unwrap();
    let found = att_gt(&panel, &options(&own)).unwrap();
    let of_panel = format!("{spec};panel=true");
    for row in expected("att_gt") {
        let is_it = row.dataset == "s1_staggered" && row.spec == of_panel;
        if !is_it || !matches!(row.quantity.as_str(), "estimate" | "std_error") {
            continue;
        }
        let number = |name| key(&row.row, name).unwrap().parse::<i32>().unwrap();
        let at = (number("cohort"), number("time"));
        let cell = found
            .rows
            .iter()
            .find(|r| (r.cohort, r.time) == at)
            .unwrap();
        report.compare(&row, quantity(&cell.estimate, &row.quantity));
    }
    report.finish(50);
}

#[test]
fn aggregates_match_the_reference() {
    let (mut runs, mut report) = (Runs::default(), Report::default());
    let mut results: BTreeMap<(String, String, String), AggregateResult> = BTreeMap::new();
    for row in expected("aggte") {
        let effects = match runs.effects(&row) {
            Ok(effects) => effects,
            Err(error) => {
                report.fail(format!("{}: {error}", row.label()));
                continue;
            }
        };
        let kind = key(&row.row, "aggregate").unwrap().to_owned();
        let result = results
            .entry((row.dataset.clone(), row.spec.clone(), kind))
            .or_insert_with(|| aggregated(effects, &row, 0.95));
        if row.quantity == "error" {
            // The reference stops when a cohort has no period after exposure; here it is a row that says so.
            report.n_compared += 1;
            assert!(
                result
                    .rows
                    .iter()
                    .any(|r| r.estimate.status.as_str() == "no_post_period")
            );
            continue;
        }
        let at = ["at", "cohort", "time"]
            .iter()
            .find_map(|name| key(&row.row, name));
        let at: Option<i32> = at.map(|at| at.parse().unwrap());
        let found = [&result.overall]
            .into_iter()
            .chain(&result.rows)
            .find(|r| r.at == at);
        report.compare(
            &row,
            found.map_or(f64::INFINITY, |r| quantity(&r.estimate, &row.quantity)),
        );
    }
    report.finish(2_200);
}

#[test]
fn bands_match_the_reference_within_simulation_error() {
    let (mut runs, mut report) = (Runs::default(), Report::default());
    let rows: Vec<_> = expected("sup_t")
        .into_iter()
        .filter(|r| !r.spec.contains("formula="))
        .collect();
    for row in rows.iter().filter(|row| row.quantity == "crit") {
        let companion = |name: &str| {
            let same = |r: &&Expected| {
                (&r.dataset, &r.spec, &r.row) == (&row.dataset, &row.spec, &row.row)
            };
            rows.iter()
                .filter(same)
                .find(|r| r.quantity == name)
                .and_then(|r| r.value)
        };
        let effects = runs.effects(row).as_ref().unwrap();
        let level: f64 = key(&row.row, "coverage").unwrap().parse().unwrap();
        let band = if row.row.starts_with("all_cells") {
            let n = effects.rows.len();
            let own = effects.law.covariance.view((0, 0), (n, n)).into_owned();
            crate::inference::sup_t::critical_value(&own, level, 20_261_122)
        } else {
            aggregated(effects, row, level).band
        }
        .unwrap();
        report.n_compared += 1;
        let tolerance = 3.0
            * (companion("crit_mc_error").unwrap().powi(2) + band.simulation_error.powi(2)).sqrt();
        let gap = (band.critical_value - row.value.unwrap()).abs();
        if gap > tolerance {
            report.fail(format!(
                "{}: {band:?} is {gap} off, allowed {tolerance}",
                row.label()
            ));
        }
    }
    report.finish(70);
}

#[test]
fn the_bootstrap_agrees_with_the_analytic_errors() {
    let data = Data::sim("s1_staggered");
    for cluster in ["", ";cluster=worksite_id"] {
        let spec = format!("outcome=exercise;covariates=sex+age;panel=true{cluster}");
        let panel = |spec: &str| {
            let options = PanelOptions {
                layout: layout(spec),
            };
            Panel::try_new(&columns(&data, spec), options).unwrap()
        };
        let analytic = att_gt(&panel(&spec), &options(&spec)).unwrap().with_band();
        let bootstrap = |seed, n_draws| {
            let options = AttGtOptions {
                seed,
                bootstrap: Some(n_draws),
                ..options(&spec)
            };
            att_gt(&panel(&spec), &options).unwrap().with_band()
        };
        let drawn = bootstrap(7, 20_000);
        let draws = drawn.law.draws.as_ref().unwrap();
        for (index, (a, b)) in analytic.rows.iter().zip(&drawn.rows).enumerate() {
            assert_eq!(a.estimate.estimate, b.estimate.estimate);
            let (cohort, time) = (a.cohort, a.time);
            let ratio = draws.column(index).variance().sqrt() / a.estimate.std_error;
            assert!((ratio - 1.0).abs() < 0.03, "{cohort} {time} {ratio}");
            // A cohort in few clusters makes the draws less than normal: quartiles then say less than the variance.
            let ratio = b.estimate.std_error / a.estimate.std_error;
            assert!((ratio - 1.0).abs() < 0.15, "{cohort} {time} {ratio}");
        }
        let critical = |result: &AttGtResult| result.band.unwrap().critical_value;
        let ratio = critical(&drawn) / critical(&analytic);
        let allowed = if cluster.is_empty() { 0.05 } else { 0.25 };
        assert!((ratio - 1.0).abs() < allowed, "{ratio}");
        assert_eq!(critical(&drawn), critical(&bootstrap(7, 20_000)));
        assert_ne!(critical(&drawn), critical(&bootstrap(8, 20_000)));
    }
}
