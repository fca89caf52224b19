//! The search for the maximum of a logit's likelihood, by Newton's method. What is made of the probabilities is in
//! `propensity.rs`.

use nalgebra::{DMatrix, DVector};

use crate::group_time::adjustment::points::{LoadedPoints, Points, Sides, symmetric, triangle};
use crate::linear_algebra::{self, embedded, lane_sum};
use crate::status::Status;

/// Fitted probabilities from here on mean that there is no overlap.
pub(super) const NO_OVERLAP: f64 = 0.999;

/// Newton steps at most, those taken back in part included.
const MOST_STEPS: usize = 60;

/// The search is over with a step whose gain in log likelihood is below this share of the smaller side: it leaves an error of
/// that share's order. Unlike the length of a step and the gain per observation this does not depend on how many comparison units
/// there are to one treated, nor on how rare a category is.
const LAST_GAIN: f64 = 1e-16;

/// The same where the search only looks for a place to start from.
const FIRST_GAIN: f64 = 1e-6;

/// Steps in a row that differ by less than this share of their length only drive probabilities on towards zero: those of comparison
/// units with covariates that no treated unit has. A step's gain is what these units still count together.
const SAME_STEP: f64 = 1e-3;

/// When they count less than this share of the smaller side, they count nothing.
const NOTHING_LEFT: f64 = 1e-13;

/// From this share on all further ones of such steps are taken at once.
const LITTLE_LEFT: f64 = 1e-2;

/// Steps longer than this may lead too far.
const LONG_STEP: f64 = 0.1;

/// Directions in which less than this share of the curvature is left belong to units whose probabilities are zero.
const NO_CURVATURE: f64 = 1e-14;

/// What each observation counts in the likelihood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LikelihoodWeight {
    Observations,
    Weights,
}

impl LikelihoodWeight {
    fn pick<'a>(self, loaded: &'a LoadedPoints<'_>) -> &'a [f64] {
        match self {
            Self::Observations => loaded.counts,
            Self::Weights => loaded.weights,
        }
    }
}

pub(super) fn logistic(index: f64) -> f64 {
    // Where the exponential overflows the quotient is zero, its limit.
    1.0 / (1.0 + (-index).exp())
}

/// The same for the curvature of a likelihood, leaving out directions in which there is none.
pub(super) fn curved_inverse(matrix: &DMatrix<f64>, kept: &[bool]) -> Option<DMatrix<f64>> {
    embedded(matrix, kept, |own| {
        linear_algebra::inverse_where_curved(own, NO_CURVATURE)
    })
}

/// Newton's method on the log likelihood.
pub(super) struct Newton<'a> {
    pub(super) sides: Sides<'a>,
    pub(super) kept: &'a [bool],
}

/// A Newton step.
struct Step {
    change: DVector<f64>,
    /// The slope of the log likelihood along it, where it begins.
    gain: f64,
}

impl Step {
    fn stretch(&mut self, factor: f64) {
        self.change *= factor;
        self.gain *= factor;
    }

    fn add_to(&self, coefficients: &mut [f64], sign: f64) {
        for (coefficient, change) in coefficients.iter_mut().zip(self.change.iter()) {
            *coefficient += sign * change;
        }
    }

    /// Whether the next one is nearly the same: near a maximum each is far shorter than the one before.
    fn is_like(&self, next: &Self) -> bool {
        (&next.change - &self.change).amax() <= SAME_STEP * next.change.amax()
    }
}

/// Chunks per side from which a first search on a part of them pays.
const MANY_CHUNKS: usize = 16;

impl Newton<'_> {
    /// The maximum and the largest fitted probability.
    pub(super) fn maximise(
        &self,
        counting: LikelihoodWeight,
        start: Option<Vec<f64>>,
    ) -> Result<(Vec<f64>, f64), Status> {
        let start = start.unwrap_or_else(|| {
            let start = self.intercept_only(counting);
            let n_chunks = self
                .sides
                .treated
                .n_chunks()
                .min(self.sides.control.n_chunks());
            if n_chunks < MANY_CHUNKS {
                return start;
            }
            // Most steps are made on a few of the chunks; where that fails it costs little.
            let few = self.search(counting, start.clone(), n_chunks / 4, FIRST_GAIN);
            few.map_or(start, |(coefficients, _)| coefficients)
        });
        self.search(counting, start, 1, LAST_GAIN)
    }

    /// Newton steps on every `stride`th chunk until they gain less than this share of the smaller side.
    fn search(
        &self,
        counting: LikelihoodWeight,
        mut coefficients: Vec<f64>,
        stride: usize,
        last_gain: f64,
    ) -> Result<(Vec<f64>, f64), Status> {
        let [treated, control] =
            [self.sides.treated, self.sides.control].map(|points| self.total(points, counting));
        // The totals are of all chunks, the gain of every `stride`th.
        let smaller_side = treated.min(control) / stride as f64;
        let mut last: Option<Step> = None;
        for step in 0..MOST_STEPS {
            let (gradient, hessian, largest) = self.derivatives(&coefficients, counting, stride);
            if let Some(last) = &mut last
                && last.change.amax() > LONG_STEP
                && gradient.dot(&last.change) < -last.gain
            {
                // Too far: the likelihood, which is concave, falls here more steeply than it rose. Half of the way back.
                last.stretch(0.5);
                last.add_to(&mut coefficients, -1.0);
                continue;
            }
            // Probabilities run into one: the sides can be separated by their covariates.
            // Not before: a long step may lead there for once, and is then taken back.
            if step >= 12 && largest > 1.0 - 1e-9 {
                return Err(Status::NoOverlap);
            }
            let mut next = self.step(&gradient, &hessian).ok_or(Status::NoOverlap)?;
            let share = next.gain / smaller_side;
            // Comparison units with covariates that no treated unit has: their probability is zero in the limit, which is no
            // obstacle, since they are not needed.
            let is_receding =
                largest < NO_OVERLAP && last.as_ref().is_some_and(|last| last.is_like(&next));
            if is_receding && stride > 1 {
                // Some of the treated left out here may have these covariates.
                return Err(Status::NoOverlap);
            }
            let enough = if is_receding { NOTHING_LEFT } else { last_gain };
            let is_last = share < enough;
            if is_receding && !is_last && share < LITTLE_LEFT {
                // Each step divides what is left by e.
                next.stretch((share / NOTHING_LEFT).ln().max(1.0));
            }
            next.add_to(&mut coefficients, 1.0);
            if is_last {
                return Ok((coefficients, largest));
            }
            last = Some(next);
        }
        Err(Status::NoOverlap)
    }

    fn step(&self, gradient: &DVector<f64>, hessian: &DMatrix<f64>) -> Option<Step> {
        let change = curved_inverse(hessian, self.kept)? * gradient;
        let gain = gradient.dot(&change);
        let is_finite = change.iter().all(|value| value.is_finite());
        is_finite.then_some(Step { change, gain })
    }

    fn total(&self, points: &Points<'_>, counting: LikelihoodWeight) -> f64 {
        points.sum(1, |loaded, sums| sums[0] += lane_sum(counting.pick(loaded)))[0]
    }

    fn intercept_only(&self, counting: LikelihoodWeight) -> Vec<f64> {
        let mut coefficients = vec![0.0; self.kept.len()];
        let [treated, control] =
            [self.sides.treated, self.sides.control].map(|points| self.total(points, counting));
        // The maximum of a logit without slopes, in closed form.
        coefficients[0] = (treated / control).ln();
        coefficients
    }

    /// Gradient and negative Hessian of the log likelihood, and the largest probability.
    fn derivatives(
        &self,
        coefficients: &[f64],
        counting: LikelihoodWeight,
        stride: usize,
    ) -> (DVector<f64>, DMatrix<f64>, f64) {
        let k = self.kept.len();
        let size = triangle(k);
        let mut sums = vec![0.0; k + size];
        let mut largest = 0.0_f64;
        for (points, treated) in [(self.sides.treated, 1.0), (self.sides.control, 0.0)] {
            let parts = points.map_every(stride, |loaded| {
                let weights = counting.pick(loaded);
                let mut sums = vec![0.0; k + size];
                let mut probability = Vec::new();
                loaded.linear(coefficients, &mut probability);
                let mut largest = 0.0_f64;
                for (value, &n) in probability.iter_mut().zip(loaded.counts) {
                    *value = logistic(*value);
                    // Without weight an observation counts nowhere, also not for overlap.
                    if n > 0.0 {
                        largest = largest.max(*value);
                    }
                }
                let terms = probability.iter().zip(weights);
                let mut scale: Vec<f64> = terms.clone().map(|(p, w)| (treated - p) * w).collect();
                loaded.add_vector(&scale, &mut sums[..k]);
                scale.clear();
                scale.extend(terms.map(|(p, w)| p * (1.0 - p) * w));
                loaded.add_products(&scale, &mut Vec::new(), &mut sums[k..]);
                (sums, largest)
            });
            for (own, own_largest) in parts {
                for (sum, own) in sums.iter_mut().zip(own) {
                    *sum += own;
                }
                largest = largest.max(own_largest);
            }
        }
        let gradient = DVector::from_column_slice(&sums[..k]);
        (gradient, symmetric(&sums[k..], k), largest)
    }
}
