//! The event study without each cluster in turn.

use crate::error::EstimatorError;
use crate::group_time::deletions::check_refits;
use crate::group_time::leave_one_out::{LeftOut, LeftOutRow, units_of_clusters};
use crate::group_time::resampling::check_clusters;
use crate::inference::Inference;
use crate::panel::table::{OutcomeTable, Panel};
use crate::sun_abraham::effects::{CohortEffect, SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::event_study::sun_abraham_outcomes;

/// By outcome, the panel's own and then `others`: the overall effect and those at event times without each cluster of the panel in turn, in
/// the order of the panel's clusters. Each is estimated anew from the rows of the other clusters, with analytic errors.
///
/// # Errors
/// As [`sun_abraham_outcomes`]; [`EstimatorError::BadOption`] without clusters, and [`EstimatorError::TooMany`] for more than 50,000 of them or
/// where more than 2·10⁹ rows would be read.
pub fn sun_abraham_without_each(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &SunAbrahamOptions,
) -> Result<Vec<Vec<LeftOut>>, EstimatorError> {
    if !panel.has_clusters() {
        return Err(EstimatorError::BadOption {
            option: "cluster",
            expected: "given: it says what is left out",
        });
    }
    let n_clusters = panel.n_clusters();
    check_clusters(n_clusters)?;
    check_refits(panel.n_rows_in(), n_clusters, others.len() + 1)?;
    let options = SunAbrahamOptions {
        inference: Inference::Analytic,
        ..*options
    };
    let whole = sun_abraham_outcomes(panel, others, &options)?;
    let n_units = units_of_clusters(panel);
    let mut all = vec![Vec::with_capacity(n_clusters); whole.len()];
    for (cluster, &n_units) in (0_u32..).zip(&n_units) {
        let rest = panel.without_cluster(cluster, others);
        let found = rest.map(|(rest, others)| sun_abraham_outcomes(&rest, &others, &options));
        // What cannot be estimated without the cluster is not identified.
        let found = found.and_then(Result::ok).unwrap_or_default();
        for (outcome, (all, whole)) in all.iter_mut().zip(&whole).enumerate() {
            let without = found.get(outcome);
            let row = |full: &CohortEffect| {
                let mut own = without.into_iter().flat_map(shown);
                let own = own.find(|own| own.event_time == full.event_time);
                let found = own.map(|own| (own.estimate.estimate, own.estimate.std_error));
                LeftOutRow::new(full.event_time, &full.estimate, found)
            };
            all.push(LeftOut {
                cluster: panel.cluster_codes[cluster as usize],
                n_units,
                rows: shown(whole).map(row).collect(),
            });
        }
    }
    Ok(all)
}

/// The overall effect and those at event times.
fn shown(result: &SunAbrahamResult) -> impl Iterator<Item = &CohortEffect> {
    std::iter::once(&result.overall).chain(&result.event_times)
}
