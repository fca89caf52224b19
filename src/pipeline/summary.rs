//! How a run's steps ended, together.

use super::error::PipelineError;
use crate::event::{StepOutcome, StepStatus};

/// What a run did.
#[derive(Debug, Default)]
pub struct RunSummary {
    /// Every selected step.
    pub steps: Vec<StepStatus>,
    /// The first failure.
    pub first_error: Option<PipelineError>,
}

impl RunSummary {
    /// Steps with an outcome for which `is` holds.
    pub fn count(&self, is: impl Fn(&StepOutcome) -> bool) -> usize {
        self.steps.iter().filter(|step| is(&step.outcome)).count()
    }
}
