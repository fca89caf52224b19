//! Effects by imputation without each cluster in turn.

use crate::error::EstimatorError;
use crate::group_time::deletions::check_refits;
use crate::group_time::leave_one_out::{LeftOut, LeftOutRow};
use crate::group_time::resampling::check_clusters;
use crate::imputation::impute::did_imputation_outcomes;
use crate::imputation::jackknife::{rows_of_clusters, without};
use crate::imputation::options::{ImputationColumns, ImputationOptions, pick};
use crate::imputation::result::{ImputationResult, ImputationRow};
use crate::inference::Inference;

/// By outcome, that of `columns` and then `others`: the effects of [`did_imputation`](super::did_imputation()) without each cluster in turn, in the
/// order of the first rows of the clusters. Each is estimated anew from the rows of the other clusters, with analytic errors.
///
/// # Errors
/// As [`did_imputation_outcomes`]; [`EstimatorError::BadOption`] without clusters, and [`EstimatorError::TooMany`] for more than 50,000 of them
/// or where more than 2·10⁹ rows would be read.
pub fn imputation_without_each(
    columns: &ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
) -> Result<Vec<Vec<LeftOut>>, EstimatorError> {
    let Some(codes) = &columns.panel.cluster else {
        return Err(EstimatorError::BadOption {
            option: "cluster",
            expected: "given: it says what is left out",
        });
    };
    let options = ImputationOptions {
        inference: Inference::Analytic,
        ..*options
    };
    let whole = did_imputation_outcomes(columns.clone(), others, &options)?;
    let clusters = rows_of_clusters(columns);
    check_clusters(clusters.len())?;
    let n_rows = columns.panel.unit.len() as u64;
    check_refits(n_rows, clusters.len(), others.len() + 1)?;
    let mut all = vec![Vec::with_capacity(clusters.len()); whole.len()];
    for rows in &clusters {
        let (rest, others) = without(columns, others, rows);
        // What cannot be estimated without the cluster is not identified.
        let found = did_imputation_outcomes(rest, &others, &options).unwrap_or_default();
        let mut units = pick(&columns.panel.unit, rows);
        units.sort_unstable();
        units.dedup();
        for (outcome, (all, whole)) in all.iter_mut().zip(&whole).enumerate() {
            all.push(LeftOut {
                cluster: rows.first().map_or(0, |&row| codes[row as usize]),
                n_units: units.len() as u64,
                rows: left_out(whole, found.get(outcome)),
            });
        }
    }
    Ok(all)
}

fn left_out(whole: &ImputationResult, without: Option<&ImputationResult>) -> Vec<LeftOutRow> {
    let row = |full: &ImputationRow| {
        let mut own = without.into_iter().flat_map(|own| &own.rows);
        let own = own.find(|own| own.event_time == full.event_time);
        let found = own.map(|own| (own.estimate.estimate, own.estimate.std_error));
        LeftOutRow::new(full.event_time, &full.estimate, found)
    };
    whole.rows.iter().map(row).collect()
}
