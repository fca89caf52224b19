//! What relations over a panel share that have a randomisation test beside their estimates.

use super::panel_call::PanelCall;
use super::resampling_arguments::randomisation;
use korabo_estimators::EstimatorError;
use korabo_estimators::inference::{Inference, Randomisation, RandomisationTest};

/// Estimates of one outcome, and the tests of their rows where these are asked for.
pub(super) struct Tested<T> {
    pub(super) found: T,
    pub(super) tests: Option<Vec<RandomisationTest>>,
}

/// The randomisation test that a call asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permutations {
    n_draws: Option<u32>,
    seed: u64,
}

impl Permutations {
    /// `is_tested`: what was done to get estimates does not depend on how they are tested.
    pub(super) fn of(call: &PanelCall, is_tested: bool) -> Self {
        Self {
            n_draws: call.permutations.filter(|_| is_tested),
            seed: call.options.seed,
        }
    }

    pub(super) fn are_asked(self) -> bool {
        self.n_draws.is_some()
    }

    /// Puts tests beside the estimates of all outcomes; `strata` are those of the clusters.
    pub(super) fn beside<T>(
        self,
        results: Vec<T>,
        strata: Result<Option<Vec<u32>>, EstimatorError>,
        test: impl FnOnce(&Randomisation) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError>,
    ) -> Result<Vec<Tested<T>>, EstimatorError> {
        let mut tests = match self.n_draws {
            Some(n_draws) => test(&randomisation(n_draws, self.seed, strata?))?,
            None => Vec::new(),
        }
        .into_iter();
        let tested = results.into_iter().map(|found| Tested {
            found,
            tests: tests.next(),
        });
        Ok(tested.collect())
    }

    /// What estimating takes, in multiples of what was gathered: leaving clusters out and handing cohorts out copy the rows.
    pub(super) fn memory(self, inference: Inference) -> usize {
        match inference {
            _ if self.are_asked() => 8,
            Inference::Analytic => 3,
            Inference::Cr3 | Inference::Bootstrap { .. } => 5,
        }
    }
}
