//! What each scenario is: a description of a world by independent settings, as data. The rest of the
//! simulation reads the settings and does not know the scenarios' names.

mod default_world;
mod setting;
mod worlds;

use super::options::Scenario;
pub(crate) use setting::*;

impl Setting {
    /// The settings of a scenario.
    pub(crate) fn of(scenario: Scenario) -> &'static Self {
        match scenario {
            Scenario::Default => &worlds::DEFAULT,
            Scenario::Null => &worlds::NULL,
            Scenario::Bundle => &worlds::BUNDLE,
            Scenario::Ends => &worlds::ENDS,
            Scenario::Dose => &worlds::DOSE,
            Scenario::FewClusters => &worlds::FEW_CLUSTERS,
            Scenario::Dropout => &worlds::DROPOUT,
            Scenario::Immature => &worlds::IMMATURE,
            Scenario::Guidance => &worlds::GUIDANCE,
            Scenario::Councils => &worlds::COUNCILS,
            Scenario::GoodPractice => &worlds::GOOD_PRACTICE,
        }
    }
}
