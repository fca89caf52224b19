//! What a design is: how a sample is drawn, what is true in its population, and what theory promises each estimator.

use crate::estimator::{Estimator, Quantity, Row, Target};
use crate::population::Population;
use crate::random::Random;

/// A data-generating process and the estimators applied to each of its samples.
pub(crate) struct Design {
    /// Also the seed of its random numbers.
    pub(crate) name: &'static str,
    /// What is simulated, in a sentence or two.
    pub(crate) description: &'static str,
    pub(crate) population: Population,
    /// True coefficients of regressions, by term.
    pub(crate) coefficients: Vec<(&'static str, f64)>,
    pub(crate) simulate: Simulate,
    pub(crate) analyses: Vec<Analysis>,
}

/// Draws one sample.
pub(crate) type Simulate = Box<dyn Fn(&mut Random) -> Vec<Row> + Sync>;

/// An estimator and the figures looked at.
pub(crate) struct Analysis {
    pub(crate) label: &'static str,
    pub(crate) estimator: Estimator,
    pub(crate) figures: Vec<Figure>,
}

/// One figure and what theory says about it.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) target: Target,
    pub(crate) promise: Promise,
}

/// What theory says about a figure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// The nominal level: coverage of 95 %, rejection of a true null in 5 %, no bias.
    Nominal,
    /// The estimator is wrong for this design and must be seen to be: coverage below 94 %, rejection above 6 %.
    Fails,
    /// At least the nominal level, however few the clusters: coverage of 94 % or more, no bias.
    AtLeast,
    /// Nothing, and every row says `few_clusters`.
    Warned,
    /// Nothing, without any warning.
    Nothing,
}

impl Analysis {
    pub(crate) fn new(label: &'static str, estimator: Estimator) -> Self {
        Self {
            label,
            estimator,
            figures: Vec::new(),
        }
    }

    /// The same under another name.
    pub(crate) fn called(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// Adds figures of one promise.
    pub(crate) fn with(mut self, promise: Promise, targets: &[Target]) -> Self {
        let figures = targets.iter().map(|&target| Figure { target, promise });
        self.figures.extend(figures);
        self
    }

    pub(crate) fn targets(&self) -> Vec<Target> {
        self.figures.iter().map(|figure| figure.target).collect()
    }
}

impl Design {
    /// Adds further estimators.
    pub(crate) fn and(mut self, analyses: impl IntoIterator<Item = Analysis>) -> Self {
        self.analyses.extend(analyses);
        self
    }

    /// What is true of a quantity; NaN when the design does not say.
    pub(crate) fn truth(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::Cell { cohort, time } => self.population.cell(cohort, time),
            Quantity::EventTime(event_time) => self.population.at_event_time(event_time),
            Quantity::Overall(kind) => self.population.overall(kind),
            Quantity::Term(term) => {
                let found = self.coefficients.iter().find(|(name, _)| *name == term);
                found.map_or(f64::NAN, |(_, value)| *value)
            }
        }
    }
}
