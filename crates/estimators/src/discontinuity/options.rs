//! What a regression discontinuity is to be estimated with.

use crate::discontinuity::kernel::Kernel;
use crate::error::EstimatorError;
use crate::estimate::check_level;

/// The highest order of the polynomial that estimates.
pub const MAX_ORDER: usize = 5;

/// How bandwidths are chosen: what is to be smallest, and on which sides alone or together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandwidthRule {
    /// What the bandwidth makes small.
    pub aim: BandwidthAim,
    /// Of which quantity.
    pub scope: BandwidthScope,
}

/// What a bandwidth makes as small as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandwidthAim {
    /// The mean squared error of the estimate.
    Mse,
    /// The error in coverage of the robust interval: the former bandwidth times n^(−p/((3+p)(3+2p))).
    Cer,
}

/// The quantity whose error a bandwidth makes small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandwidthScope {
    /// The difference at the cutoff: one bandwidth for both sides.
    Difference,
    /// Each side: two bandwidths.
    EachSide,
    /// The sum of both sides: one bandwidth.
    Sum,
    /// The smaller of those for difference and sum.
    SmallerOfTwo,
    /// On each side the median of those for difference, sum and the side.
    MedianOfThree,
}

impl Default for BandwidthRule {
    /// The mean squared error of the difference.
    fn default() -> Self {
        Self {
            aim: BandwidthAim::Mse,
            scope: BandwidthScope::Difference,
        }
    }
}

impl BandwidthRule {
    /// The rule called `name`, as in `rdrobust`: `mserd`, `msetwo`, `msesum`, `msecomb1`, `msecomb2` and the same with `cer`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (aim, scope) = match name.split_at_checked(3)? {
            ("mse", scope) => (BandwidthAim::Mse, scope),
            ("cer", scope) => (BandwidthAim::Cer, scope),
            _ => return None,
        };
        let scope = match scope {
            "rd" => BandwidthScope::Difference,
            "two" => BandwidthScope::EachSide,
            "sum" => BandwidthScope::Sum,
            "comb1" => BandwidthScope::SmallerOfTwo,
            "comb2" => BandwidthScope::MedianOfThree,
            _ => return None,
        };
        Some(Self { aim, scope })
    }
}

/// Bandwidths, in units of the running variable, left and right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bandwidths {
    /// Chosen by a rule.
    Rule(BandwidthRule),
    /// Given.
    Given {
        /// Of the polynomial that estimates.
        estimate: [f64; 2],
        /// Of the polynomial that estimates the bias; as `estimate` where it is left out.
        bias: Option<[f64; 2]>,
    },
}

/// Standard errors where rows are not clustered. With clusters they are those of rows with residuals as they are, summed within
/// clusters, times G/(G − 1)·(n − 1)/(n − k) on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RdVcov {
    /// From differences to the three nearest rows on the same side; no fit enters them.
    Nearest,
    /// Residuals as they are.
    Hc0,
    /// Residuals times √(n/(n − k)).
    Hc1,
    /// Residuals over √(1 − leverage).
    Hc2,
    /// Residuals over 1 − leverage.
    Hc3,
}

/// What is done about values that several rows share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MassPoints {
    /// Distinct values are counted in the pilot bandwidth, and where a fifth of a side or more are repeats, pilot bandwidths hold
    /// at least ten distinct values.
    Adjust,
    /// Nothing.
    Off,
}

/// Options of [`super::rd()`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RdOptions {
    /// Where the running variable makes the difference; rows at it belong to the right.
    pub cutoff: f64,
    /// Order p of the polynomial that estimates, at most [`MAX_ORDER`].
    pub order: usize,
    /// Order q of the polynomial that estimates the bias, above p and at most one above [`MAX_ORDER`].
    pub bias_order: usize,
    /// Weights by distance.
    pub kernel: Kernel,
    /// How wide.
    pub bandwidths: Bandwidths,
    /// Standard errors without clusters.
    pub vcov: RdVcov,
    /// Values that rows share.
    pub mass_points: MassPoints,
    /// Rows nearer to the cutoff than this are left out; 0 leaves out none.
    pub donut: f64,
    /// Two-sided confidence level.
    pub level: f64,
}

impl RdOptions {
    /// # Errors
    /// [`EstimatorError::BadOption`] names what is impossible.
    pub(super) fn check(&self) -> Result<(), EstimatorError> {
        check_level(self.level)?;
        check_cutoff(self.cutoff)?;
        let refuse = |option, expected| Err(EstimatorError::BadOption { option, expected });
        if self.order > MAX_ORDER {
            return refuse("p", "from 0 to 5");
        }
        if self.bias_order <= self.order || self.bias_order > MAX_ORDER + 1 {
            return refuse("q", "above p and at most 6");
        }
        if !(self.donut.is_finite() && self.donut >= 0.0) {
            return refuse("donut", "a distance of zero or more");
        }
        if let Bandwidths::Given { estimate, bias } = self.bandwidths {
            check_bandwidths("bandwidth", estimate)?;
            check_bandwidths("bias_bandwidth", bias.unwrap_or(estimate))?;
        }
        Ok(())
    }
}

/// Refuses a cutoff that is no number.
pub(super) fn check_cutoff(cutoff: f64) -> Result<(), EstimatorError> {
    if cutoff.is_finite() {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option: "cutoff",
        expected: "a number",
    })
}

/// Refuses bandwidths that are no positive numbers.
pub(super) fn check_bandwidths(
    option: &'static str,
    bandwidths: [f64; 2],
) -> Result<(), EstimatorError> {
    if bandwidths.iter().all(|h| h.is_finite() && *h > 0.0) {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option,
        expected: "above zero",
    })
}
