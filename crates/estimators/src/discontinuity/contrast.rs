//! Which combination of the outcome, the treatment and the covariates is estimated.
//!
//! With covariates it is y − Zγ, with slopes γ common to all fits that are given. Of a fuzzy design it is the quotient of two jumps,
//! τ_Y/τ_T, linearised at what is estimated: y/τ_T − t·τ_Y/τ_T².

use nalgebra::DMatrix;

use crate::discontinuity::local_fit::LocalFit;
use crate::linear_algebra::{embedded_inverse, independent_columns};

/// Which columns of a side stand behind its first, the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Design {
    /// Whether the second is the treatment.
    pub(super) is_fuzzy: bool,
    /// Whether the second is skipped although it is the treatment: what is estimated is of the outcome alone.
    pub(super) is_reduced: bool,
    /// How many come last.
    pub(super) n_covariates: usize,
}

impl Design {
    fn n_columns(self) -> usize {
        1 + usize::from(self.is_fuzzy) + self.n_covariates
    }

    /// The outcome without what covariates explain, and the treatment likewise where it counts.
    pub(super) fn adjusted(self, fits: &[&LocalFit<'_>]) -> Option<Vec<Vec<f64>>> {
        let is_fuzzy = self.is_fuzzy && !self.is_reduced;
        let n_first = 1 + usize::from(is_fuzzy);
        let slopes = self.slopes(fits)?;
        let contrast = |column: usize| {
            let mut contrast = vec![0.0; self.n_columns()];
            contrast[column] = 1.0;
            let first = self.n_columns() - self.n_covariates;
            for covariate in 0..self.n_covariates {
                contrast[first + covariate] = -slopes[(covariate, column)];
            }
            contrast
        };
        Some((0..n_first).map(contrast).collect())
    }

    /// γ by covariate, of the outcome and, in a fuzzy design, the treatment. Covariates that others explain have zero.
    fn slopes(self, fits: &[&LocalFit<'_>]) -> Option<DMatrix<f64>> {
        let first = self.n_columns() - self.n_covariates;
        let n = self.n_covariates;
        if n == 0 {
            return Some(DMatrix::zeros(0, first));
        }
        let kept = self.independent(fits);
        let mut within = DMatrix::zeros(n, first + n);
        for fit in fits {
            // The kernel's factor 1/h, which counts where both sides are pooled.
            let share = 1.0 / fit.bandwidth;
            for covariate in 0..n {
                let products = fit.products.column(first + covariate);
                for column in 0..first + n {
                    let explained = products.dot(&fit.coefficients().column(column));
                    within[(covariate, column)] +=
                        share * (fit.covariate_products[(covariate, column)] - explained);
                }
            }
        }
        let covariates = within.columns(first, n).into_owned();
        let inverse = embedded_inverse(&covariates, &kept)?;
        Some(inverse * within.columns(0, first))
    }

    /// Whether each covariate is no combination of the polynomials and of earlier covariates.
    fn independent(self, fits: &[&LocalFit<'_>]) -> Vec<bool> {
        let first = self.n_columns() - self.n_covariates;
        let n_polynomials: usize = fits.iter().map(|fit| fit.gram.nrows()).sum();
        let n = n_polynomials + self.n_covariates;
        let mut gram = DMatrix::zeros(n, n);
        let mut at = 0;
        for fit in fits {
            let k = fit.gram.nrows();
            gram.view_mut((at, at), (k, k)).copy_from(&fit.gram);
            for covariate in 0..self.n_covariates {
                let place = n_polynomials + covariate;
                for row in 0..k {
                    let product = fit.products[(row, first + covariate)];
                    gram[(at + row, place)] = product;
                    gram[(place, at + row)] = product;
                }
                for other in 0..self.n_covariates {
                    gram[(place, n_polynomials + other)] +=
                        fit.covariate_products[(covariate, first + other)];
                }
            }
            at += k;
        }
        // The polynomials come first, so that dependence on them shows in the covariates.
        independent_columns(&gram).split_off(n_polynomials)
    }
}

/// y/τ_T − t·τ_Y/τ_T² from the contrasts of y and t and their jumps.
pub(super) fn quotient(contrasts: &[Vec<f64>], jumps: [f64; 2]) -> Vec<f64> {
    let [outcome, treatment] = jumps;
    let slope = outcome / (treatment * treatment);
    let both = contrasts[0].iter().zip(&contrasts[1]);
    both.map(|(y, t)| y / treatment - slope * t).collect()
}
