//! Imputation and the event study of Sun and Abraham without each cluster in turn.

use super::resampling::{Dice, OPTIONS, assert_close, averages, filter, panel, uneven, world};
use crate::group_time::{Aggregate, AttGtOptions, LeftOut, Method, leave_one_out};
use crate::imputation::{
    ImputationColumns, ImputationOptions, did_imputation, imputation_without_each,
};
use crate::inference::Inference;
use crate::panel::{Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::sun_abraham::{SunAbrahamOptions, sun_abraham, sun_abraham_without_each};
use crate::{Estimate, Status};

const IMPUTED: ImputationOptions = ImputationOptions {
    window: Some((-1, 9)),
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

const INTERACTED: SunAbrahamOptions = SunAbrahamOptions {
    min_e: None,
    max_e: Some(2),
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

fn imputation_columns(panel: &PanelColumns) -> ImputationColumns {
    ImputationColumns {
        panel: panel.clone(),
        ..ImputationColumns::default()
    }
}

/// Estimates by place; the overall one first.
type Rows = Vec<(Option<i32>, Estimate)>;

fn imputed(columns: &PanelColumns) -> Rows {
    let found = did_imputation(imputation_columns(columns), &IMPUTED);
    let rows = found.into_iter().flat_map(|found| found.rows);
    rows.map(|row| (row.event_time, row.estimate)).collect()
}

fn interacted(columns: &PanelColumns) -> Rows {
    let found = panel(columns, Layout::Unbalanced).and_then(|own| sun_abraham(&own, &INTERACTED));
    let rows = found.into_iter().flat_map(|found| {
        let overall = std::iter::once(found.overall);
        overall.chain(found.event_times).collect::<Vec<_>>()
    });
    rows.map(|row| (row.event_time, row.estimate)).collect()
}

/// What is left out is what the rows of the other clusters say.
#[track_caller]
fn check(columns: &PanelColumns, all: &[LeftOut], estimate: fn(&PanelColumns) -> Rows) {
    let codes = columns.cluster.clone().unwrap();
    let whole = estimate(columns);
    let (mut n_found, mut n_lost) = (0, 0);
    for LeftOut {
        cluster,
        rows,
        n_units,
    } in all
    {
        let is_own = |row: usize| codes[row] == *cluster;
        let mut units: Vec<i64> = (0..codes.len())
            .filter(|&row| is_own(row))
            .map(|row| columns.unit[row])
            .collect();
        units.dedup();
        assert_eq!(*n_units, units.len() as u64);
        let rest = estimate(&filter(columns, |row| !is_own(row)));
        assert_eq!(rows.len(), whole.len());
        for (row, (at, full)) in rows.iter().zip(&whole) {
            assert_eq!(row.at, *at);
            let own = rest.iter().find(|(other, _)| other == at);
            let (found, error) = own.map_or((f64::NAN, f64::NAN), |(_, own)| {
                (own.estimate, own.std_error)
            });
            let what = format!("without {cluster} at {at:?}");
            assert_close(row.estimate, found, &what);
            assert_close(row.std_error, error, &what);
            assert_close(row.change, found - full.estimate, &what);
            let expected = match (found.is_nan(), error.is_nan(), full.status) {
                (true, _, _) => Status::NotIdentified,
                (_, _, Status::BasePeriod) => Status::BasePeriod,
                (_, true, _) => Status::NoVariance,
                _ => Status::Ok,
            };
            assert_eq!(row.status, expected, "{what}");
            n_found += usize::from(expected == Status::Ok);
            n_lost += usize::from(expected == Status::NotIdentified);
        }
    }
    assert!(n_found > 0, "{n_found} {n_lost}");
}

#[test]
fn leaving_a_cluster_out_is_estimating_from_the_others() {
    for (has_holes, has_weights) in [(false, false), (true, true)] {
        let columns = uneven(has_holes, has_weights);
        let n_clusters = columns.cluster.iter().flatten().max().unwrap() + 1;
        let all = imputation_without_each(&imputation_columns(&columns), &[], &IMPUTED).unwrap();
        assert_eq!(all[0].len(), n_clusters as usize);
        check(&columns, &all[0], imputed);
        let own = panel(&columns, Layout::Unbalanced).unwrap();
        let all = sun_abraham_without_each(&own, &[], &INTERACTED).unwrap();
        assert_eq!(all[0].len(), n_clusters as usize);
        check(&columns, &all[0], interacted);
    }
}

#[test]
fn without_the_only_exposed_cluster_nothing_is_identified() {
    let mut dice = Dice::new(3);
    let columns = world(&[(2, 8), (NEVER, 8), (NEVER, 9)], 4, &mut dice);
    let all = imputation_without_each(&imputation_columns(&columns), &[], &IMPUTED).unwrap();
    let lost = |all: &[LeftOut]| {
        all[0]
            .rows
            .iter()
            .all(|row| row.status == Status::NotIdentified)
            && all[1].rows[0].estimate.is_finite()
    };
    assert!(lost(&all[0]));
    let own = panel(&columns, Layout::Unbalanced).unwrap();
    assert!(lost(
        &sun_abraham_without_each(&own, &[], &INTERACTED).unwrap()[0]
    ));
}

#[test]
fn several_outcomes_are_left_out_together_and_clusters_are_needed() {
    let mut columns = uneven(false, false);
    let other: Vec<f64> = columns.outcome.iter().map(|y| (3.0 * y).cos()).collect();
    let others = [other.clone()];
    let both = imputation_without_each(&imputation_columns(&columns), &others, &IMPUTED).unwrap();
    let options = PanelOptions {
        layout: Layout::Unbalanced,
    };
    let (own, tables) = Panel::with_outcomes(&columns, &others, options).unwrap();
    let also = sun_abraham_without_each(&own, &tables, &INTERACTED).unwrap();
    columns.outcome = other;
    check(&columns, &both[1], imputed);
    check(&columns, &also[1], interacted);
    columns.cluster = None;
    assert!(imputation_without_each(&imputation_columns(&columns), &[], &IMPUTED).is_err());
    let own = panel(&columns, Layout::Unbalanced).unwrap();
    assert!(sun_abraham_without_each(&own, &[], &INTERACTED).is_err());
}

/// More than 100 clusters with covariates are taken to first order, which has no error: their rows say so.
#[test]
fn an_estimate_without_an_error_is_not_ok() {
    let mut dice = Dice::new(8);
    let clusters: Vec<(i32, usize)> = (0..120)
        .map(|g| (if g % 2 == 0 { 2 } else { NEVER }, 4))
        .collect();
    let mut columns = world(&clusters, 4, &mut dice);
    let x = columns
        .unit
        .iter()
        .map(|unit| (*unit as f64).sin())
        .collect();
    columns.covariates.push(Covariate {
        name: "x".to_owned(),
        values: CovariateValues::Numbers(x),
    });
    let options = AttGtOptions {
        method: Method::DoublyRobust,
        ..OPTIONS
    };
    let own = panel(&columns, Layout::Balanced).unwrap();
    let all = leave_one_out(&own, &[], &options, &averages(Aggregate::Dynamic)).unwrap();
    let mut statuses: Vec<(Option<i32>, Status)> = Vec::new();
    for row in all[0].iter().flat_map(|own| &own.rows) {
        assert!(row.std_error.is_nan() && row.estimate.is_finite());
        statuses.push((row.at, row.status));
    }
    for (at, status) in statuses {
        let expected = match at {
            Some(-1) => Status::BasePeriod,
            _ => Status::NoVariance,
        };
        assert_eq!(status, expected, "{at:?}");
    }
}
