//! What several designs share. Each design is in the file of its kind.

use korabo_estimators::group_time::Aggregate;
use korabo_estimators::panel::Layout;

use crate::design::{Analysis, Promise};
use crate::estimator::{DEFAULT, Estimator, PanelChoices, Quantity, Target};
use crate::population::Population;
use crate::random::Random;

/// The last of four periods.
pub(crate) const LAST: i32 = 4;
/// Cohorts with their probabilities; the others (40 %) are never exposed.
pub(crate) const COHORTS: [(i32, f64); 2] = [(3, 0.3), (4, 0.3)];

/// Draws a cohort; `None` with the probability that is left.
pub(crate) fn cohort(random: &mut Random, cohorts: &[(i32, f64)]) -> Option<i32> {
    let mut left = random.uniform();
    for &(label, share) in cohorts {
        left -= share;
        if left < 0.0 {
            return Some(label);
        }
    }
    None
}

/// A person with correlated noise, more variable and on another level the later the exposure.
pub(crate) struct Person {
    pub(crate) cohort: Option<i32>,
    /// Standard normal, constant over time.
    pub(crate) frailty: f64,
    /// Mean 1 and standard deviation 0.5: how strongly the person responds.
    pub(crate) response: f64,
    noise: [f64; 5],
}

impl Person {
    pub(crate) fn draw(random: &mut Random, cohorts: &[(i32, f64)]) -> Self {
        Self {
            cohort: cohort(random, cohorts),
            frailty: random.normal(),
            response: 1.0 + 0.5 * random.normal(),
            noise: random.path(0.5),
        }
    }

    /// The outcome without exposure: the same change over time for all cohorts, on average.
    pub(crate) fn untreated(&self, time: i32) -> f64 {
        let (level, scale) = match self.cohort {
            Some(cohort) => (0.3 * f64::from(cohort), 1.2),
            None => (0.0, 0.8),
        };
        let trend = 0.1 * f64::from(time);
        level + trend + self.frailty + scale * self.noise[time as usize - 1]
    }
}

/// Outcomes under exposure: periods before it are unaffected.
pub(crate) fn since(cohort: i32, time: i32, effect: f64) -> f64 {
    if time >= cohort { effect } else { 0.0 }
}

pub(crate) const SIMPLE: Target = overall(Aggregate::Simple);
pub(crate) const GROUP: Target = overall(Aggregate::Group);
pub(crate) const DYNAMIC: Target = overall(Aggregate::Dynamic);
pub(crate) const CALENDAR: Target = overall(Aggregate::Calendar);

pub(crate) const fn overall(kind: Aggregate) -> Target {
    Target::One(Quantity::Overall(kind))
}

pub(crate) const fn event_time(event_time: i32) -> Target {
    Target::One(Quantity::EventTime(event_time))
}

pub(crate) const fn term(name: &'static str) -> Target {
    Target::One(Quantity::Term(name))
}

/// Group-time effects with options changed from the defaults.
pub(crate) fn group_time(change: impl FnOnce(&mut PanelChoices)) -> Estimator {
    let mut options = DEFAULT;
    change(&mut options);
    Estimator::GroupTime(options)
}

/// The two regression-based estimators for staggered exposure; both take panels with holes as they are.
pub(crate) fn by_regression(
    promise: Promise,
    targets: &[Target],
    change: impl Fn(&mut PanelChoices),
) -> [Analysis; 2] {
    let mut options = DEFAULT;
    options.layout = Layout::Unbalanced;
    change(&mut options);
    [
        Analysis::new("did_imputation", Estimator::Imputation(options)).with(promise, targets),
        Analysis::new("sun_abraham", Estimator::SunAbraham(options)).with(promise, targets),
    ]
}

/// Gardner's two stages, as promised.
pub(crate) fn in_two_stages(
    targets: &[Target],
    change: impl FnOnce(&mut PanelChoices),
) -> Analysis {
    let mut options = DEFAULT;
    options.layout = Layout::Unbalanced;
    change(&mut options);
    Analysis::new("two_stage", Estimator::TwoStage(options)).with(Promise::Nominal, targets)
}

pub(crate) fn regression(formula: &'static str, vcov: &'static str) -> Estimator {
    Estimator::Regression {
        formula,
        vcov,
        is_wild: false,
    }
}

/// Designs of one cross-section have no cohorts.
pub(crate) fn no_cohorts() -> Population {
    Population::new(1..=1, &[], |_, _| f64::NAN)
}
