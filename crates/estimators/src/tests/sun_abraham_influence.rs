//! What clusters contribute to the event study: its errors, and differences from other estimates.

use super::golden::{Data, close};
use super::group_time::columns as panel_columns;
use super::sun_abraham::ALL;
use crate::Estimate;
use crate::panel::{Layout, Panel, PanelColumns, PanelOptions, unit_keys};
use crate::sun_abraham::{
    SunAbrahamInfluence, SunAbrahamResult, sun_abraham_influence_outcomes, sun_abraham_outcomes,
};

const LAYOUT: PanelOptions = PanelOptions {
    layout: Layout::Unbalanced,
};

fn influences(columns: &PanelColumns, others: &[Vec<f64>]) -> Vec<SunAbrahamInfluence> {
    let (panel, tables) = Panel::with_outcomes(columns, others, LAYOUT).unwrap();
    let keys = unit_keys(columns).unwrap();
    sun_abraham_influence_outcomes(&panel, &keys, &tables, &ALL).unwrap()
}

fn shown(result: &SunAbrahamResult) -> Vec<Estimate> {
    let rows = std::iter::once(&result.overall).chain(&result.event_times);
    rows.map(|row| row.estimate).collect()
}

/// The errors of the result have the factor (n − 1)/(n − K)·G/(G − 1) beside the sum of squares.
#[test]
fn squared_influences_are_the_variances() {
    let mut n_compared = 0;
    for (name, spec) in [
        ("s1_staggered", "outcome=cost;cluster=worksite_id"),
        ("s1_staggered", "outcome=exercise;weight=w_tv"),
        (
            "s2_unbalanced",
            "outcome=cost;weight=w_tv;cluster=worksite_id",
        ),
        ("s4_edges", "outcome=exercise"),
        ("s6_few_clusters", "outcome=exercise;cluster=worksite_id"),
    ] {
        let columns = panel_columns(&Data::sim(name), spec);
        // Six outcomes: more than are fitted side by side.
        let others: Vec<Vec<f64>> = (1..6)
            .map(|k| {
                columns
                    .outcome
                    .iter()
                    .map(|y| (f64::from(k) * y).sin())
                    .collect()
            })
            .collect();
        let found = influences(&columns, &others);
        let (panel, tables) = Panel::with_outcomes(&columns, &others, LAYOUT).unwrap();
        let plain = sun_abraham_outcomes(&panel, &tables, &ALL).unwrap();
        assert_eq!(found.len(), plain.len());
        for (own, plain) in found.iter().zip(&plain) {
            let result = &own.result;
            assert_eq!(format!("{result:?}"), format!("{plain:?}"), "{name}");
            let (n, g) = (result.n_obs as f64, own.influence.n_clusters() as f64);
            assert_eq!(own.influence.n_clusters() as u64, result.sample.n_clusters);
            let factor = (n - 1.0) / (n - result.n_counted as f64) * g / (g - 1.0);
            let estimates = shown(result);
            assert_eq!(own.influence.n_estimates(), estimates.len());
            for (k, estimate) in estimates.iter().enumerate() {
                let rows = (0..own.influence.n_clusters()).map(|g| own.influence.row(g)[k]);
                let error = (factor * rows.map(|own| own * own).sum::<f64>()).sqrt();
                if estimate.std_error.is_nan() {
                    assert!(
                        error <= own.rounding.max(1e-9),
                        "{name}: {error} {estimate:?}"
                    );
                } else {
                    n_compared += 1;
                    assert!(
                        close(error, estimate.std_error, 1e-9),
                        "{name}: {error} {estimate:?}"
                    );
                }
            }
        }
    }
    assert!(n_compared > 100, "{n_compared}");
}

#[test]
fn keys_of_another_panel_are_refused() {
    let columns = panel_columns(&Data::sim("s4_edges"), "outcome=exercise");
    let (panel, _) = Panel::with_outcomes(&columns, &[], LAYOUT).unwrap();
    assert!(sun_abraham_influence_outcomes(&panel, &[1, 2], &[], &ALL).is_err());
}
