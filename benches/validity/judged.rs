//! Runs the draws of a judgement, and whether what was counted is what theory promised beyond what Monte Carlo error explains.

use rayon::prelude::*;

use crate::judgement::{Check, Judgement, Measure, Reading, Standard};
use crate::random::Random;
use crate::verdict::{MONTE_CARLO, SMALL_BIAS, TOLERANCE};

/// What all draws say about one check.
pub(crate) struct Judged {
    pub(crate) check: Check,
    /// The mean of the readings.
    pub(crate) mean: f64,
    /// Their standard deviation.
    pub(crate) spread: f64,
    /// Whether all of them are 0 or 1.
    is_yes_or_no: bool,
    /// Draws that the check is about.
    pub(crate) n_asked: usize,
    /// Draws in which the relation refused.
    pub(crate) n_missing: usize,
}

/// Runs a judgement; one result per check, in their order.
pub(crate) fn run(judgement: &Judgement, n_draws: u64) -> Vec<Judged> {
    // Collected in the order of the draws and summed in that order: the same bits with any number of threads.
    let draws: Vec<Option<Vec<Reading>>> = (0..n_draws)
        .into_par_iter()
        .map(|draw| (judgement.judge)(&mut Random::new(judgement.name, draw)).ok())
        .collect();
    let n_missing = draws.iter().filter(|draw| draw.is_none()).count();
    let checks = judgement.checks.iter().enumerate();
    let results = checks.map(|(index, check)| {
        let readings = draws.iter().flatten().filter_map(|draw| draw.get(index));
        let values: Vec<f64> = readings
            .filter_map(|reading| match reading {
                Reading::Value(value) => Some(*value),
                Reading::NotAsked => None,
            })
            .collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Judged {
            check: *check,
            mean,
            spread: (squares / (n - 1.0)).sqrt(),
            is_yes_or_no: values.iter().all(|value| [0.0, 1.0].contains(value)),
            n_asked: values.len(),
            n_missing,
        }
    });
    results.collect()
}

impl Judged {
    /// What is not as promised; `None` when all is.
    pub(crate) fn complaint(&self) -> Option<String> {
        if self.check.promise == Standard::Nothing {
            return None;
        }
        if self.n_missing > 0 {
            return Some(format!("{} draws without an answer", self.n_missing));
        }
        // A reading that is not a number is no answer either.
        if !self.mean.is_finite() {
            return Some("not a number".to_owned());
        }
        let is_broken = match self.check.promise {
            Standard::Exactly(value) => (self.mean - value).abs() > self.allowed(value),
            Standard::AtLeast(value) => self.mean < value - self.allowed(value),
            Standard::AtMost(value) => self.mean > value + self.allowed(value),
            Standard::FailsBelow(value) if self.mean >= value => {
                return Some("was expected to fail and does not".to_owned());
            }
            Standard::FailsAbove(value) if self.mean <= value => {
                return Some("was expected to fail and does not".to_owned());
            }
            _ => false,
        };
        is_broken.then(|| "not as promised".to_owned())
    }

    /// How far the mean may be from what is promised: as for intervals and their bias.
    fn allowed(&self, promised: f64) -> f64 {
        match self.check.measure {
            Measure::Share => {
                let spread = match self.is_yes_or_no {
                    true => (promised * (1.0 - promised)).sqrt(),
                    false => self.spread,
                };
                TOLERANCE + MONTE_CARLO * spread / (self.n_asked as f64).sqrt()
            }
            Measure::Number => SMALL_BIAS * self.spread + 3.0 * self.error(),
        }
    }

    /// Monte Carlo standard error of the mean.
    pub(crate) fn error(&self) -> f64 {
        self.spread / (self.n_asked as f64).sqrt()
    }
}
