//! From a panel to the event study: the order of the work. Each step is in a sibling file.

use crate::error::EstimatorError;
use crate::estimate::{check_level, rounding_error};
use crate::group_time::sample::Sample;
use crate::group_time::{AttGtOptions, BasePeriod, Control, Method};
use crate::panel::table::{Layout, OutcomeTable, Panel};
use crate::sun_abraham::averages::Averages;
use crate::sun_abraham::design::Design;
use crate::sun_abraham::effects::{SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::fit::Fit;
use crate::sun_abraham::inference::Inference;
use crate::sun_abraham::unit_rows::Columns;

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
/// Memory: as for one outcome, however many there are; one at a time has its sums by cluster and period.
///
/// # Errors
/// As [`sun_abraham`].
pub fn sun_abraham_outcomes(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &SunAbrahamOptions,
) -> Result<Vec<SunAbrahamResult>, EstimatorError> {
    check_level(options.level)?;
    if panel.layout == Layout::CrossSections {
        return Err(EstimatorError::BadOption {
            option: "panel",
            expected: "true: unit effects need units seen more than once",
        });
    }
    // Any size of a standing-in last cohort will do here: its size is shown and small ones get a status.
    let selection = AttGtOptions {
        method: Method::DoublyRobust,
        control: Control::NotYetTreated,
        base_period: BasePeriod::Universal,
        anticipation: 0,
        level: options.level,
        seed: options.seed,
        bootstrap: None,
    };
    let sample = Sample::select(panel, &selection)?;
    let columns = Columns::of(&sample, sample.values());
    let (design, rights) = Design::new(&sample, &columns)?;
    let averages = Averages::of(&design, options)?;
    let result = |fit: &Fit| {
        let inference = Inference {
            design: &design,
            averages: &averages,
            fit,
            options,
        };
        inference.result()
    };
    let own = Fit::new(&design, &columns, &rights, sample.rounding_error());
    let mut results = vec![result(&own)];
    for table in others {
        let values = sample.laid_out(panel, table);
        let columns = Columns::of(&sample, &values);
        let profiles = design.profiles.iter();
        let rights: Vec<_> = profiles
            .map(|profile| profile.right_hand_side(&columns))
            .collect();
        let fit = Fit::new(&design, &columns, &rights, rounding_error(&values));
        results.push(result(&fit));
    }
    Ok(results)
}
