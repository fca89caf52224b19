//! The variance of a weighted sum of outcomes: squared residuals with squared weights, summed by row or by cluster.

use std::borrow::Cow;

use crate::discontinuity::local_fit::LocalFit;
use crate::discontinuity::nearest::{Neighbours, residuals};
use crate::discontinuity::options::RdVcov;
use crate::discontinuity::side::{Side, Window};
use crate::linear_algebra::lane_dot;

/// A side, and how errors are made there.
pub(super) struct Errors<'a> {
    pub(super) side: &'a Side,
    pub(super) vcov: RdVcov,
    /// Where they are needed.
    pub(super) neighbours: Vec<Neighbours>,
}

impl Errors<'_> {
    /// The variance of Σ score·(contrast of the columns) over the rows of a window. Residuals are those of `fit`, and as many
    /// degrees of freedom are taken off as it has coefficients.
    pub(super) fn variance(
        &self,
        window: Window,
        contrast: &[f64],
        scores: &[f64],
        fit: &LocalFit<'_>,
    ) -> f64 {
        let n_rows = window.n_rows;
        let values = self.combined(contrast, n_rows);
        let n_coefficients = (fit.order + 1) as f64;
        if self.side.cluster.is_none() && self.vcov == RdVcov::Nearest {
            let residuals = residuals(self.side, window, &self.neighbours, &values);
            return sum_of_squares(scores, &residuals);
        }
        let mut residuals = values.into_owned();
        for (residual, fitted) in residuals.iter_mut().zip(fit.fitted(contrast, n_rows)) {
            *residual -= fitted;
        }
        let n = n_rows as f64;
        if let Some(codes) = &self.side.cluster {
            return clustered(&codes[..n_rows], scores, &residuals, n_coefficients);
        }
        let factor = match self.vcov {
            RdVcov::Hc1 => n / (n - n_coefficients),
            _ => 1.0,
        };
        if let RdVcov::Hc2 | RdVcov::Hc3 = self.vcov {
            for (residual, leverage) in residuals.iter_mut().zip(fit.leverages(n_rows)) {
                // A row that nothing else speaks about is fitted exactly; its rest is rounding.
                let rest = (1.0 - leverage).max(1e-8);
                *residual /= if self.vcov == RdVcov::Hc2 {
                    rest.sqrt()
                } else {
                    rest
                };
            }
        }
        factor * sum_of_squares(scores, &residuals)
    }

    /// The contrast of the columns, row by row.
    fn combined(&self, contrast: &[f64], n_rows: usize) -> Cow<'_, [f64]> {
        let columns = &self.side.columns;
        if let [1.0] = contrast {
            return Cow::Borrowed(&columns[0][..n_rows]);
        }
        let mut combined = vec![0.0; n_rows];
        for (share, column) in contrast.iter().zip(columns) {
            if *share != 0.0 {
                for (sum, value) in combined.iter_mut().zip(column) {
                    *sum += share * value;
                }
            }
        }
        Cow::Owned(combined)
    }
}

fn sum_of_squares(scores: &[f64], residuals: &[f64]) -> f64 {
    let products = scores.iter().zip(residuals);
    let products: Vec<f64> = products.map(|(score, residual)| score * residual).collect();
    lane_dot(&products, &products)
}

/// G/(G − 1)·(n − 1)/(n − k) times the squared sums of clusters; NaN with one cluster.
fn clustered(codes: &[u32], scores: &[f64], residuals: &[f64], n_coefficients: f64) -> f64 {
    let n_codes = codes.iter().max().map_or(0, |most| *most as usize + 1);
    let mut sums = vec![0.0; n_codes];
    let mut occurs = vec![false; n_codes];
    for ((code, score), residual) in codes.iter().zip(scores).zip(residuals) {
        sums[*code as usize] += score * residual;
        occurs[*code as usize] = true;
    }
    let n_clusters = occurs.iter().filter(|occurs| **occurs).count() as f64;
    let n = codes.len() as f64;
    if n_clusters < 2.0 {
        return f64::NAN;
    }
    let factor = (n - 1.0) / (n - n_coefficients) * n_clusters / (n_clusters - 1.0);
    factor * lane_dot(&sums, &sums)
}
