//! The probability of being treated given covariates: logit by maximum likelihood, and the checks that it can be used.
//!
//! As in R `did`: a comparison in which some unit is treated with probability 0.999 or more (in the unweighted logit) has no
//! overlap; probabilities are capped just below one; comparison units at 0.995 or more get no weight, without a second fit.
//! Units of weight zero count nowhere, as if they were not there.

use nalgebra::{DMatrix, DVector};

use crate::group_time::adjustment::basis::Basis;
use crate::group_time::adjustment::logit::{
    LikelihoodWeight, NO_OVERLAP, Newton, curved_inverse, logistic,
};
use crate::group_time::adjustment::points::{
    LoadedPoints, Points, Segment, Sides, WeightMoments, linear_form, symmetric, triangle,
};
use crate::panel::covariate_table::{Covariates, RowSlice};
use crate::status::Status;

/// Probabilities are capped here.
// The cap of R `DRDID`; it keeps p(1 − p) above zero.
const CAP: f64 = 1.0 - 1e-6;

/// Comparison units from this probability on get no weight.
// The default of R `DRDID`.
const TRIM: f64 = 0.995;

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
    stored: StoredProbabilities,
}

/// Probabilities kept for later.
enum StoredProbabilities {
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
        let (mut coefficients, largest) = newton.maximise(LikelihoodWeight::Observations, None)?;
        if largest >= NO_OVERLAP {
            return Err(Status::NoOverlap);
        }
        // The check for overlap is of the unweighted fit, as in R `did`; its maximum is where the weighted search begins.
        if is_weighted {
            coefficients = newton
                .maximise(LikelihoodWeight::Weights, Some(coefficients))?
                .0;
        }
        let stored = match keep {
            Keep::ForUnits(n_units) if !sides.control.are_summed() => {
                StoredProbabilities::Units(vec![0.0; n_units])
            }
            _ => StoredProbabilities::Nothing,
        };
        Self::complete(sides, basis, coefficients, stored)
    }

    /// Evaluates everything at the maximum.
    fn complete(
        sides: Sides<'_>,
        basis: &Basis,
        coefficients: Vec<f64>,
        mut stored: StoredProbabilities,
    ) -> Result<Self, Status> {
        let k = basis.kept.len();
        let size = triangle(k);
        let keeps = matches!(stored, StoredProbabilities::Units(_));
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
                if let StoredProbabilities::Units(all) = &mut stored {
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
        self.stored = StoredProbabilities::Rows(rows);
    }

    /// Probabilities of all rows of the table of covariates, where they are kept.
    pub(crate) fn rows(&self) -> Option<&[f64]> {
        match &self.stored {
            StoredProbabilities::Rows(rows) => Some(rows),
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
        if let StoredProbabilities::Units(all) = &self.stored {
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
            (RowSlice::Codes(codes), StoredProbabilities::Rows(rows)) => {
                for (slot, &code) in odds.iter_mut().zip(codes) {
                    *slot = rows[code as usize];
                }
            }
            (RowSlice::From(first_row), _) => {
                self.probabilities(covariates, segment.units.start, first_row, &mut odds);
            }
            // Does not occur: where observations share covariates, rows are stored.
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
    fn odds(&self, loaded: &LoadedPoints<'_>) -> Vec<f64> {
        let mut odds = vec![0.0; loaded.len()];
        match &self.stored {
            StoredProbabilities::Rows(rows) => odds.copy_from_slice(&rows[loaded.rows()]),
            StoredProbabilities::Units(all) => {
                let first = loaded.first_unit;
                odds.copy_from_slice(&all[first..first + loaded.len()]);
            }
            StoredProbabilities::Nothing => {
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
