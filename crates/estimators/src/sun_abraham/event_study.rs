//! From a panel to the event study: the order of the work. Each step is in a sibling file.

use std::borrow::Cow;

use nalgebra::DVector;

use crate::error::EstimatorError;
use crate::estimate::{check_level, rounding_error};
use crate::group_time::deletions::{check_refits, origins};
use crate::group_time::resampling::check_clusters;
use crate::group_time::sample::Sample;
use crate::group_time::{AttGtOptions, BasePeriod, Control, Method};
use crate::inference::Inference;
use crate::inference::multiplier::check_draws;
use crate::panel::table::{Layout, OutcomeTable, Panel};
use crate::sun_abraham::averages::Averages;
use crate::sun_abraham::design::Design;
use crate::sun_abraham::effects::{SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::fit::Fit;
use crate::sun_abraham::inference::{Bands, Summary};
use crate::sun_abraham::jackknife::{Jackknife, laws};
use crate::sun_abraham::unit_rows::Columns;

/// Outcomes fitted side by side: a unit's rows are found once for all of them, and each takes memory.
pub(super) const AT_ONCE: usize = 4;

/// Estimates effects by event time. The panel is best made with [`Layout::Unbalanced`]; [`Layout::Balanced`] drops incomplete
/// units first.
///
/// # Errors
/// [`EstimatorError`] when nothing can be compared, for cross-sections, and when no degree of freedom is left.
pub fn sun_abraham(
    panel: &Panel,
    options: &SunAbrahamOptions,
) -> Result<SunAbrahamResult, EstimatorError> {
    let mut results = sun_abraham_outcomes(panel, &[], options)?;
    Ok(results.swap_remove(0))
}

/// [`sun_abraham`] of the panel's own outcome and of `others`. Whatever does not depend on the outcome is worked out once: the units
/// and periods taken, the normal equations and their inverses, clusters, averages, counts and statuses. The results are those of a
/// call for each outcome, to the last digit.
///
/// Memory: as for four outcomes, however many there are; these at a time have sums by cluster and period and, where units are left
/// out, copies of their values.
///
/// # Errors
/// As [`sun_abraham`].
pub fn sun_abraham_outcomes(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &SunAbrahamOptions,
) -> Result<Vec<SunAbrahamResult>, EstimatorError> {
    outcomes(panel, others, (options, Bands::Drawn))
}

/// The same without bands, for rows that are estimated again and again.
pub(super) fn rows_of_outcomes(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &SunAbrahamOptions,
) -> Result<Vec<SunAbrahamResult>, EstimatorError> {
    outcomes(panel, others, (options, Bands::LeftOut))
}

fn outcomes(
    panel: &Panel,
    others: &[OutcomeTable],
    (options, bands): (&SunAbrahamOptions, Bands),
) -> Result<Vec<SunAbrahamResult>, EstimatorError> {
    check_level(options.level)?;
    if let Inference::Bootstrap { n_draws } = options.inference {
        check_draws("draws", n_draws)?;
    }
    let sample = Sample::select(panel, &selection(panel, options)?)?;
    if options.inference != Inference::Analytic {
        check_clusters(sample.n_clusters)?;
    }
    let (first, rest) = others.split_at(others.len().min(AT_ONCE - 1));
    let mut outcomes = vec![Cow::Borrowed(sample.values())];
    outcomes.extend(laid_out(&sample, panel, first));
    let columns = Columns::of(&sample, &outcomes);
    let (design, rights) = Design::new(&sample, &columns)?;
    let study = Study {
        averages: Averages::of(&design, options)?,
        design,
        options,
        bands,
    };
    let mut results = study.results(&columns, &rights, &outcomes);
    let laws = laws(&study.design, &study.averages);
    drop(columns);
    drop(outcomes);
    for tables in rest.chunks(AT_ONCE) {
        let outcomes = laid_out(&sample, panel, tables);
        let columns = Columns::of(&sample, &outcomes);
        let profiles = study.design.profiles.iter();
        let rights: Vec<_> = profiles
            .map(|profile| profile.right_hand_sides(&columns))
            .collect();
        results.extend(study.results(&columns, &rights, &outcomes));
    }
    if options.inference == Inference::Cr3 {
        let jackknife = Jackknife {
            options,
            laws,
            without: without_each(panel, others, &sample, options)?,
        };
        let tables = others.iter().map(|other| &other.0);
        let outcomes = std::iter::once(&panel.values).chain(tables);
        for (outcome, (result, values)) in results.iter_mut().zip(outcomes).enumerate() {
            jackknife.apply(outcome, rounding_error(values), result);
        }
    }
    Ok(results)
}

/// Which units and periods are compared. Any size of a standing-in last cohort will do here: its size is shown and small ones get a status.
pub(super) fn selection(
    panel: &Panel,
    options: &SunAbrahamOptions,
) -> Result<AttGtOptions, EstimatorError> {
    if panel.layout == Layout::CrossSections {
        return Err(EstimatorError::BadOption {
            option: "panel",
            expected: "true: unit effects need units seen more than once",
        });
    }
    Ok(AttGtOptions {
        method: Method::DoublyRobust,
        control: Control::NotYetTreated,
        base_period: BasePeriod::Universal,
        anticipation: 0,
        level: options.level,
        seed: options.seed,
        bootstrap: None,
        inference: Inference::Analytic,
    })
}

/// By cluster of the sample: the results of all outcomes from the rows of the others.
fn without_each(
    panel: &Panel,
    others: &[OutcomeTable],
    sample: &Sample<'_>,
    options: &SunAbrahamOptions,
) -> Result<Vec<Result<Vec<SunAbrahamResult>, EstimatorError>>, EstimatorError> {
    check_refits(panel.n_rows_in(), sample.n_clusters, others.len() + 1)?;
    let options = SunAbrahamOptions {
        inference: Inference::Analytic,
        ..*options
    };
    let clusters = origins(panel, sample).into_iter();
    Ok(clusters
        .map(|cluster| match panel.without_cluster(cluster, others) {
            Some((rest, others)) => rows_of_outcomes(&rest, &others, &options),
            None => Err(EstimatorError::NoCohort),
        })
        .collect())
}

/// Outcomes of a panel as the sample has its own.
pub(super) fn laid_out<'a>(
    sample: &Sample<'_>,
    panel: &Panel,
    tables: &'a [OutcomeTable],
) -> Vec<Cow<'a, [f64]>> {
    let tables = tables.iter();
    tables.map(|table| sample.laid_out(panel, table)).collect()
}

/// What does not depend on the outcome.
struct Study<'a> {
    design: Design,
    averages: Averages,
    options: &'a SunAbrahamOptions,
    bands: Bands,
}

impl Study<'_> {
    /// The results for the outcomes that `columns` hold, from the right-hand sides of each profile.
    fn results(
        &self,
        columns: &Columns<'_>,
        rights: &[Vec<DVector<f64>>],
        outcomes: &[Cow<'_, [f64]>],
    ) -> Vec<SunAbrahamResult> {
        let fits = Fit::of_outcomes(&self.design, columns, (rights, self.options.inference));
        let result = |(fit, outcome): (&Fit, &Cow<'_, [f64]>)| {
            let summary = Summary {
                design: &self.design,
                averages: &self.averages,
                fit,
                rounding: rounding_error(outcome),
                options: self.options,
                bands: self.bands,
            };
            summary.result()
        };
        fits.iter().zip(outcomes).map(result).collect()
    }
}
