//! What a job did, in numbers: for its last line and for the history.

use crate::event::StepOutcome;
use crate::observe::Tally;

/// Counts of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tables built.
    pub n_ok: usize,
    /// Tables that were up to date, and views.
    pub n_skipped: usize,
    /// Tables that failed or were not run because something they need failed; at least 1 for a run that failed.
    pub n_failed: usize,
    /// Tests of severity `warn` that do not hold.
    pub n_warned: usize,
    /// Rows rejected.
    pub n_rejected_rows: u64,
    /// Deliveries ingested.
    pub n_deliveries: usize,
}

impl Totals {
    /// Whether no table was built and nothing was ingested.
    #[must_use]
    pub fn is_nothing_new(&self) -> bool {
        self.n_ok == 0 && self.n_deliveries == 0
    }

    pub(super) fn of(tally: &Tally) -> Self {
        Self {
            n_ok: tally.n_steps(|outcome| matches!(outcome, StepOutcome::Built { .. })),
            n_skipped: tally.n_steps(|outcome| *outcome == StepOutcome::Skipped),
            n_failed: tally
                .n_steps(|outcome| matches!(outcome, StepOutcome::Failed | StepOutcome::Blocked)),
            n_warned: tally
                .broken_tests()
                .filter(|(_, test)| test.is_warning())
                .count(),
            n_rejected_rows: tally.n_rejected_rows(),
            n_deliveries: tally.n_deliveries(),
        }
    }
}
