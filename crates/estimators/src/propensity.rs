//! The probability of being treated given covariates: logit by maximum likelihood, and the checks that it can be used.
//!
//! As in R `did`: a comparison in which some unit is treated with probability 0.999 or more (in the unweighted logit) has no
//! overlap; probabilities are capped just below one; comparison units at 0.995 or more get no weight, without a second fit.
//! Units of weight zero count nowhere, as if they were not there.

use nalgebra::{DMatrix, DVector};

use crate::basis::Basis;
use crate::estimate::Status;
use crate::linear_algebra::{self, lane_sum};
use crate::panel::{Covariates, RowSlice};
use crate::points::{Loaded, Points, Segment, WeightMoments, linear_form, symmetric, triangle};

/// Fitted probabilities from here on mean that there is no overlap.
const NO_OVERLAP: f64 = 0.999;
/// Probabilities are capped here.
const CAP: f64 = 1.0 - 1e-6;
/// Comparison units from this probability on get no weight.
const TRIM: f64 = 0.995;
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

/// A fitted logit on one comparison.
pub(crate) struct Propensity {
    /// In the basis of the comparison.
    coefficients: Vec<f64>,
    /// On the columns of the panel.
    on_panel: Vec<f64>,
    /// Inverse of Σ ω p(1 − p) X X', embedded with zeros for dropped columns.
    pub(crate) inverse_hessian: DMatrix<f64>,
    /// Sums over the comparison units with their weight times the odds p/(1 − p).
    pub(crate) odds: WeightMoments,
    /// Comparison units left out for a probability near one.
    pub(crate) n_trimmed: u64,
    stored: Stored,
}

/// Probabilities kept for later.
enum Stored {
    /// None: computed again when needed.
    Nothing,
    /// By unit of the sample.
    Units(Vec<f64>),
    /// By row of the table of covariates.
    Rows(Vec<f64>),
}

/// Whether probabilities are needed again often enough to keep them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Compute them again.
    No,
    /// Keep one for each of this many units.
    ForUnits(usize),
}

/// The two sides of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) treated: &'a Points<'a>,
    pub(crate) control: &'a Points<'a>,
}

impl<'a> Sides<'a> {
    /// Treated, then comparison.
    pub(crate) fn of([treated, control]: &'a [Points<'a>; 2]) -> Self {
        Self { treated, control }
    }
}

/// What each observation counts in the likelihood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    Observations,
    Weights,
}

impl Counting {
    fn pick<'a>(self, loaded: &'a Loaded<'_>) -> &'a [f64] {
        match self {
            Self::Observations => loaded.counts,
            Self::Weights => loaded.weights,
        }
    }
}

fn logistic(index: f64) -> f64 {
    1.0 / (1.0 + (-index).exp())
}

/// p/(1 − p), zero for units that are trimmed.
fn odds_of(probability: f64) -> f64 {
    if probability >= TRIM {
        0.0
    } else {
        probability / (1.0 - probability)
    }
}

impl Propensity {
    /// Fits the logit on the columns of `basis`, in which the covariates of the sides are.
    ///
    /// # Errors
    /// [`Status::NoOverlap`] when some probability is near one, or no maximum exists.
    pub(crate) fn fit(
        sides: Sides<'_>,
        basis: &Basis,
        is_weighted: bool,
        keep: Keep,
    ) -> Result<Self, Status> {
        let newton = Newton {
            sides,
            kept: &basis.kept,
        };
        let (mut coefficients, largest) = newton.maximise(Counting::Observations, None)?;
        if largest >= NO_OVERLAP {
            return Err(Status::NoOverlap);
        }
        if is_weighted {
            coefficients = newton.maximise(Counting::Weights, Some(coefficients))?.0;
        }
        let stored = match keep {
            Keep::ForUnits(n_units) if !sides.control.are_summed() => {
                Stored::Units(vec![0.0; n_units])
            }
            _ => Stored::Nothing,
        };
        Self::complete(sides, basis, coefficients, stored)
    }

    /// Evaluates everything at the maximum.
    fn complete(
        sides: Sides<'_>,
        basis: &Basis,
        coefficients: Vec<f64>,
        mut stored: Stored,
    ) -> Result<Self, Status> {
        let k = basis.kept.len();
        let size = triangle(k);
        let keeps = matches!(stored, Stored::Units(_));
        let mut sums = vec![0.0; 2 * size + 1];
        for (points, is_control) in [(sides.treated, false), (sides.control, true)] {
            let parts = points.map(|loaded| {
                let mut sums = vec![0.0; 2 * size + 1];
                let mut index = Vec::new();
                loaded.linear(&coefficients, &mut index);
                for value in &mut index {
                    *value = logistic(*value).min(CAP);
                }
                let mut scale: Vec<f64> = index.iter().map(|p| p * (1.0 - p)).collect();
                multiply(&mut scale, loaded.weights);
                let mut buffer = Vec::new();
                loaded.add_products(&scale, &mut buffer, &mut sums[..size]);
                if is_control {
                    scale.clear();
                    scale.extend(index.iter().map(|&p| odds_of(p)));
                    multiply(&mut scale, loaded.weights);
                    loaded.add_products(&scale, &mut buffer, &mut sums[size..2 * size]);
                    let trimmed = index.iter().zip(loaded.counts);
                    sums[2 * size] = trimmed.filter(|(p, _)| **p >= TRIM).map(|(_, n)| n).sum();
                }
                (
                    sums,
                    loaded.first_unit,
                    if keeps { index } else { Vec::new() },
                )
            });
            for (own, first_unit, probabilities) in parts {
                for (sum, own) in sums.iter_mut().zip(own) {
                    *sum += own;
                }
                if let Stored::Units(all) = &mut stored {
                    all[first_unit..first_unit + probabilities.len()]
                        .copy_from_slice(&probabilities);
                }
            }
        }
        let hessian = symmetric(&sums[..size], k);
        let inverse_hessian = curved_inverse(&hessian, &basis.kept).ok_or(Status::NoOverlap)?;
        let odds = WeightMoments::of(symmetric(&sums[size..2 * size], k));
        Ok(Self {
            on_panel: basis.on_panel(coefficients.clone()),
            coefficients,
            inverse_hessian,
            odds,
            n_trimmed: sums[2 * size] as u64,
            stored,
        })
    }

    /// Keeps a probability for each row of the table of covariates, which is in the basis of the comparison.
    pub(crate) fn store_rows(&mut self, covariates: &Covariates) {
        let mut rows = vec![0.0; covariates.columns[0].len()];
        linear_form(covariates, &self.coefficients, 0, &mut rows);
        for value in &mut rows {
            *value = logistic(*value).min(CAP);
        }
        self.stored = Stored::Rows(rows);
    }

    /// Probabilities of all rows of the table of covariates, where they are kept.
    pub(crate) fn rows(&self) -> Option<&[f64]> {
        match &self.stored {
            Stored::Rows(rows) => Some(rows),
            _ => None,
        }
    }

    /// Probabilities of consecutive units whose covariates are in consecutive rows of the panel's table.
    pub(crate) fn probabilities(
        &self,
        covariates: &Covariates,
        first_unit: usize,
        first_row: usize,
        out: &mut [f64],
    ) {
        if let Stored::Units(all) = &self.stored {
            out.copy_from_slice(&all[first_unit..first_unit + out.len()]);
            return;
        }
        linear_form(covariates, &self.on_panel, first_row, out);
        for value in out {
            *value = logistic(*value).min(CAP);
        }
    }

    /// Odds of the observations of a segment of the panel, zero for trimmed ones.
    pub(crate) fn odds_of(&self, covariates: &Covariates, segment: &Segment<'_>) -> Vec<f64> {
        let mut odds = vec![0.0; segment.units.len()];
        match (segment.rows, &self.stored) {
            (RowSlice::Codes(codes), Stored::Rows(rows)) => {
                for (slot, &code) in odds.iter_mut().zip(codes) {
                    *slot = rows[code as usize];
                }
            }
            (RowSlice::From(first_row), _) => {
                self.probabilities(covariates, segment.units.start, first_row, &mut odds);
            }
            (RowSlice::Codes(_), _) => {}
        }
        Self::odds_in_place(&mut odds);
        odds
    }

    /// p/(1 − p) from probabilities, zero for trimmed units.
    pub(crate) fn odds_in_place(probabilities: &mut [f64]) {
        for value in probabilities {
            *value = odds_of(*value);
        }
    }

    /// Odds of loaded points, zero for trimmed ones.
    fn odds(&self, loaded: &Loaded<'_>) -> Vec<f64> {
        let mut odds = vec![0.0; loaded.len()];
        match &self.stored {
            Stored::Rows(rows) => odds.copy_from_slice(&rows[loaded.rows()]),
            Stored::Units(all) => {
                let first = loaded.first_unit;
                odds.copy_from_slice(&all[first..first + loaded.len()]);
            }
            Stored::Nothing => {
                loaded.linear(&self.coefficients, &mut odds);
                for value in &mut odds {
                    *value = logistic(*value).min(CAP);
                }
            }
        }
        Self::odds_in_place(&mut odds);
        odds
    }

    /// Σ ω y X and Σ ω r y X over comparison units.
    pub(crate) fn outcome_vectors(&self, control: &Points<'_>) -> (DVector<f64>, DVector<f64>) {
        let k = control.n_coefficients();
        let sums = control.sum(2 * k, |loaded, sums| {
            let (plain, weighted) = sums.split_at_mut(k);
            loaded.add_vector(loaded.outcomes, plain);
            let mut scale = self.odds(loaded);
            multiply(&mut scale, loaded.outcomes);
            loaded.add_vector(&scale, weighted);
        });
        let (plain, weighted) = sums.split_at(k);
        (
            DVector::from_column_slice(plain),
            DVector::from_column_slice(weighted),
        )
    }

    /// Σ ω r X and Σ ω r X X' over some of the comparison units.
    pub(crate) fn odds_moments(&self, control: &Points<'_>) -> WeightMoments {
        let k = control.n_coefficients();
        let sums = control.sum(triangle(k), |loaded, sums| {
            let mut scale = self.odds(loaded);
            multiply(&mut scale, loaded.weights);
            loaded.add_products(&scale, &mut Vec::new(), sums);
        });
        WeightMoments::of(symmetric(&sums, k))
    }
}

fn multiply(values: &mut [f64], factors: &[f64]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value *= factor;
    }
}

/// The inverse of the matrix on the kept columns, zero elsewhere; `None` when it is singular.
pub(crate) fn embedded_inverse(matrix: &DMatrix<f64>, kept: &[bool]) -> Option<DMatrix<f64>> {
    embedded(matrix, kept, linear_algebra::inverse)
}

/// The same for the curvature of a likelihood, leaving out directions in which there is none.
fn curved_inverse(matrix: &DMatrix<f64>, kept: &[bool]) -> Option<DMatrix<f64>> {
    embedded(matrix, kept, |own| {
        linear_algebra::inverse_where_curved(own, NO_CURVATURE)
    })
}

fn embedded(
    matrix: &DMatrix<f64>,
    kept: &[bool],
    invert: impl Fn(&DMatrix<f64>) -> Option<DMatrix<f64>>,
) -> Option<DMatrix<f64>> {
    let columns: Vec<usize> = (0..kept.len()).filter(|&column| kept[column]).collect();
    let own = DMatrix::from_fn(columns.len(), columns.len(), |a, b| {
        matrix[(columns[a], columns[b])]
    });
    let inverse = invert(&own)?;
    let mut all = DMatrix::zeros(kept.len(), kept.len());
    for (a, &row) in columns.iter().enumerate() {
        for (b, &column) in columns.iter().enumerate() {
            all[(row, column)] = inverse[(a, b)];
        }
    }
    all.iter().all(|value| value.is_finite()).then_some(all)
}

/// Newton's method on the log likelihood.
struct Newton<'a> {
    sides: Sides<'a>,
    kept: &'a [bool],
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
    fn maximise(
        &self,
        counting: Counting,
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
        counting: Counting,
        mut coefficients: Vec<f64>,
        stride: usize,
        last_gain: f64,
    ) -> Result<(Vec<f64>, f64), Status> {
        let [treated, control] =
            [self.sides.treated, self.sides.control].map(|points| self.total(points, counting));
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

    fn total(&self, points: &Points<'_>, counting: Counting) -> f64 {
        points.sum(1, |loaded, sums| sums[0] += lane_sum(counting.pick(loaded)))[0]
    }

    fn intercept_only(&self, counting: Counting) -> Vec<f64> {
        let mut coefficients = vec![0.0; self.kept.len()];
        let [treated, control] =
            [self.sides.treated, self.sides.control].map(|points| self.total(points, counting));
        coefficients[0] = (treated / control).ln();
        coefficients
    }

    /// Gradient and negative Hessian of the log likelihood, and the largest probability.
    fn derivatives(
        &self,
        coefficients: &[f64],
        counting: Counting,
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
