//! Designs of what judges estimates: how one sample is drawn and judged, and what theory promises of the judgement.
//!
//! Beside a [`Design`](crate::design::Design), whose figures are intervals of estimators, these count what a relation over estimates or
//! units says: that a test rejects, that an interval holds the truth, how far off a number is.

use korabo_estimators::EstimatorError;

use crate::random::Random;

/// A data-generating process, and what is counted in each of its samples.
pub(crate) struct Judgement {
    /// Also the seed of its random numbers.
    pub(crate) name: &'static str,
    /// What is simulated, in a sentence or two.
    pub(crate) description: &'static str,
    pub(crate) checks: Vec<Check>,
    pub(crate) judge: Judge,
}

/// Draws one sample and judges it: a reading for each check, in their order.
pub(crate) type Judge = Box<dyn Fn(&mut Random) -> Result<Vec<Reading>, EstimatorError> + Sync>;

/// What is counted, and what theory says of it.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    /// The relation and its options.
    pub(crate) relation: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) measure: Measure,
    pub(crate) promise: Standard,
}

/// What readings of a check are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// 1 or 0, or a part of a whole: their mean is a share.
    Share,
    /// Numbers: their mean is one.
    Number,
}

/// What theory says of the mean of readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Standard {
    /// This.
    Exactly(f64),
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// The method is wrong for this design and must be seen to be: a share below this.
    FailsBelow(f64),
    /// The same: a share above this.
    FailsAbove(f64),
    /// Nothing.
    Nothing,
}

/// What one sample says about a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reading {
    Value(f64),
    /// The check is about other samples, such as those that pass a test.
    NotAsked,
}

/// 1 where it holds, else 0.
pub(crate) fn whether(holds: bool) -> Reading {
    Reading::Value(f64::from(u8::from(holds)))
}

/// Whether the interval holds the truth.
pub(crate) fn holds([low, high]: [f64; 2], truth: f64) -> Reading {
    whether(low <= truth && truth <= high)
}

/// A share that is counted.
pub(crate) const fn share(
    relation: &'static str,
    figure: &'static str,
    promise: Standard,
) -> Check {
    Check {
        relation,
        figure,
        measure: Measure::Share,
        promise,
    }
}

/// A number whose mean is taken.
pub(crate) const fn number(
    relation: &'static str,
    figure: &'static str,
    promise: Standard,
) -> Check {
    Check {
        relation,
        figure,
        measure: Measure::Number,
        promise,
    }
}
