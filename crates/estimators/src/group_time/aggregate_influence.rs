//! Averages of group-time effects with the influence of each cluster on them, for comparisons with other estimates.

use crate::error::EstimatorError;
use crate::group_time::aggregates::{
    AggregateOptions, AggregateResult, aggregate_with_multipliers,
};
use crate::group_time::did::each_outcome;
use crate::group_time::influence::of_units;
use crate::group_time::options::AttGtOptions;
use crate::inference::Inference;
use crate::inference::cluster_influence::ClusterInfluence;
use crate::panel::table::{Layout, OutcomeTable, Panel};

/// Averages of one outcome, and what each cluster contributes to their errors.
#[derive(Debug, Clone)]
pub struct AggregateInfluence {
    /// The averages.
    pub result: AggregateResult,
    /// The influence on the overall number, then on each row.
    pub influence: ClusterInfluence,
    /// Standard errors up to this size are rounding.
    pub rounding: f64,
}

/// The averages of the panel's own outcome and of `others`, with the influence of the clusters; `keys` are the panel's
/// ([`unit_keys`](crate::panel::unit_keys)). Errors are those of the influence functions, whatever `options` say of the bootstrap and of resampling.
///
/// # Errors
/// As [`att_gt`](super::att_gt) and [`aggregate`](super::aggregate), and [`EstimatorError::LengthMismatch`] for keys of another panel;
/// cross-sections have none.
pub fn aggregate_influence_outcomes(
    panel: &Panel,
    keys: &[i64],
    others: &[OutcomeTable],
    options: &AttGtOptions,
    averages: &AggregateOptions,
) -> Result<Vec<AggregateInfluence>, EstimatorError> {
    if keys.len() != panel.n_units() || panel.layout == Layout::CrossSections {
        return Err(EstimatorError::LengthMismatch {
            column: "keys".to_owned(),
            found: keys.len(),
            expected: panel.n_units(),
        });
    }
    let options = AttGtOptions {
        bootstrap: None,
        inference: Inference::Analytic,
        ..*options
    };
    each_outcome(panel, others, &options, |comparisons, _| {
        let effects = comparisons.effects(&options, None);
        let (result, multipliers) = aggregate_with_multipliers(&effects, averages)?;
        let sample = comparisons.sample;
        let own: Vec<i64> = (0..sample.n_units)
            .map(|unit| keys[sample.panel_unit(unit)])
            .collect();
        let (cells, fits) = (comparisons.cells, comparisons.fits);
        let values = of_units(sample, cells, fits, &comparisons.shares.1, &multipliers);
        Ok(AggregateInfluence {
            result,
            influence: ClusterInfluence::of_units(&own, multipliers.ncols(), &values),
            rounding: effects.law.rounding,
        })
    })
}
