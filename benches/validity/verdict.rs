//! Whether a figure is what theory promised, beyond what Monte Carlo error explains.

use crate::design::Promise;
use crate::estimator::{LEVEL, Target};
use crate::study::Summary;

/// Coverage of 94–96 % and rejection of 4–6 % count as nominal.
pub(crate) const TOLERANCE: f64 = 0.01;
/// Standard errors of the simulation allowed beyond that.
pub(crate) const MONTE_CARLO: f64 = 1.96;
/// A bias of up to a tenth of the estimator's own spread moves coverage by less than 0.2 points.
pub(crate) const SMALL_BIAS: f64 = 0.1;

impl Summary {
    /// What is not as promised; `None` when all is.
    pub(crate) fn complaint(&self) -> Option<String> {
        let is_warned = self.figure.promise == Promise::Warned;
        if is_warned && self.few_clusters < 1.0 {
            return Some("a draw lacks the status few_clusters".to_owned());
        }
        let may_warn = is_warned || self.figure.promise == Promise::AtLeast;
        if !may_warn && self.few_clusters > 0.0 {
            return Some("a draw has the status few_clusters".to_owned());
        }
        match self.figure.promise {
            Promise::Nominal => self.is_not_nominal(TOLERANCE),
            Promise::AtLeast => self
                .is_not_nominal(1.0)
                .or_else(|| self.is_wide_without_saying_so()),
            Promise::Fails if !self.is_seen_to_fail() => {
                Some("was expected to fail and does not".to_owned())
            }
            Promise::Fails | Promise::Warned | Promise::Nothing => None,
        }
    }

    /// `excess`: how far above the nominal rate it may be.
    fn is_not_nominal(&self, excess: f64) -> Option<String> {
        let (rate, nominal, name) = self.rate();
        let (low, high) = (nominal - TOLERANCE, (nominal + excess).min(1.0));
        let allowed = |edge: f64| MONTE_CARLO * self.binomial_error(edge);
        let small = SMALL_BIAS * self.spread + 3.0 * self.bias_error();
        if self.n_missing > 0 {
            Some(format!("{} draws without an answer", self.n_missing))
        } else if rate < low - allowed(low) || rate > high + allowed(high) {
            let (low, high) = (100.0 * low, 100.0 * high);
            Some(format!("{name} outside {low:.0}–{high:.0} %"))
        } else if self.bias.abs() > small {
            Some("biased".to_owned())
        } else {
            None
        }
    }

    /// More than nominal coverage needs the status `conservative`, or `few_clusters`. Tests and bands have none of their own.
    fn is_wide_without_saying_so(&self) -> Option<String> {
        let is_interval = matches!(self.figure.target, Target::One(_));
        let is_silent = self.conservative + self.few_clusters < 1.0;
        let is_nominal = self.is_not_nominal(TOLERANCE).is_none();
        (is_interval && is_silent && !is_nominal)
            .then(|| "wider than its level, and does not say so".to_owned())
    }

    fn is_seen_to_fail(&self) -> bool {
        let (rate, nominal, _) = self.rate();
        match self.figure.target {
            Target::Pretest => rate > nominal + TOLERANCE,
            _ => rate < nominal - TOLERANCE,
        }
    }

    /// The rate that was promised, what it should be, and its name.
    fn rate(&self) -> (f64, f64, &'static str) {
        match self.figure.target {
            Target::Pretest => (self.rejection, 1.0 - LEVEL, "rejection"),
            _ => (self.coverage, LEVEL, "coverage"),
        }
    }

    /// Monte Carlo standard error of a share.
    pub(crate) fn binomial_error(&self, share: f64) -> f64 {
        (share * (1.0 - share) / self.n_answers()).sqrt()
    }

    /// Monte Carlo standard error of the bias.
    pub(crate) fn bias_error(&self) -> f64 {
        self.spread / self.n_answers().sqrt()
    }

    fn n_answers(&self) -> f64 {
        (self.n_draws - self.n_missing) as f64
    }
}
