//! From a panel to the event study. How the regression falls apart into cohorts is in `profile.rs`, averages are in `averages.rs`.

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::group_time::sample::Sample;
use crate::group_time::{AttGtOptions, BasePeriod, Control, Method};
use crate::panel::table::{Layout, Panel};
use crate::sun_abraham::effects::{SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::fit::Fit;

/// Estimates effects by event time. The panel is best made with [`Layout::Unbalanced`]; [`Layout::Balanced`] drops incomplete
/// units first.
///
/// # Errors
/// [`EstimatorError`] when nothing can be compared, for cross-sections, and when no degree of freedom is left.
pub fn sun_abraham(
    panel: &Panel,
    options: &SunAbrahamOptions,
) -> Result<SunAbrahamResult, EstimatorError> {
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
    Fit::new(&sample)?.result(options)
}
