//! What has happened so far in a run: for its summary, its history, metrics and notifications.

use std::collections::BTreeMap;

use crate::event::{
    CheckTally, DeliveryEvent, RunEvent, StepEvent, StepOutcome, StepStatus, TestResult,
};

/// What has happened so far.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Steps that ended, in that order.
    pub steps: Vec<StepStatus>,
    /// Deliveries, by table.
    pub deliveries: BTreeMap<String, DeliveryTally>,
    /// Checks of the tables that changed; `None` when none were counted.
    pub checks: Option<CheckTally>,
}

/// What happened to the deliveries of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryTally {
    /// Deliveries ingested.
    pub n_taken_in: usize,
    /// Deliveries refused whole.
    pub n_refused: usize,
    /// Rows accepted.
    pub n_accepted: u64,
    /// Rows rejected.
    pub n_rejected: u64,
}

impl DeliveryTally {
    /// Share of the rows that were rejected; `None` without rows.
    #[must_use]
    pub fn rejected_share(&self) -> Option<f64> {
        let n_rows = self.n_accepted + self.n_rejected;
        (n_rows > 0).then(|| self.n_rejected as f64 / n_rows as f64)
    }
}

impl Tally {
    /// Counts an event.
    pub fn take(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Step(StepEvent::StepFinished(status)) => self.steps.push(status.clone()),
            RunEvent::Delivery(DeliveryEvent::Finished {
                table,
                n_accepted,
                n_rejected,
                ..
            }) => {
                let tally = self.deliveries.entry(table.clone()).or_default();
                tally.n_taken_in += 1;
                tally.n_accepted += n_accepted;
                tally.n_rejected += n_rejected;
            }
            RunEvent::Delivery(DeliveryEvent::Refused { table, .. }) => {
                self.deliveries.entry(table.clone()).or_default().n_refused += 1;
            }
            RunEvent::Checks(tally) => self.checks = Some(tally.clone()),
            _ => {}
        }
    }

    /// Deliveries ingested.
    #[must_use]
    pub fn n_deliveries(&self) -> usize {
        self.deliveries.values().map(|tally| tally.n_taken_in).sum()
    }

    /// Rows rejected.
    #[must_use]
    pub fn n_rejected_rows(&self) -> u64 {
        self.deliveries.values().map(|tally| tally.n_rejected).sum()
    }

    /// Steps with an outcome for which `is` holds.
    pub fn n_steps(&self, is: impl Fn(&StepOutcome) -> bool) -> usize {
        self.steps.iter().filter(|step| is(&step.outcome)).count()
    }

    /// Tests that do not hold, with their tables.
    pub fn broken_tests(&self) -> impl Iterator<Item = (&str, &TestResult)> {
        let tests = self
            .steps
            .iter()
            .flat_map(|step| step.tests.iter().map(|test| (step.name.as_str(), test)));
        tests.filter(|(_, test)| !test.holds)
    }
}
