//! How many clusters stand behind each coefficient.

use nalgebra::DMatrix;

use crate::regression::covariance::scores::Scores;
use crate::regression::groups::Groups;

/// Rows times coefficients beyond which the work would outweigh the regression's own.
const MOST_NUMBERS: usize = 1 << 31;

impl Scores<'_> {
    /// The effective number of clusters of each coefficient, 1/ΣL², the smaller where there are two columns of clusters; L is a
    /// cluster's share of Σω(x̃'b)² with x̃'b the part of the coefficient's column that the others do not explain, up to scale.
    ///
    /// `back` maps the coefficients of the centred columns to those asked for. `None` without clusters and for very many
    /// coefficients of very many rows.
    pub(crate) fn effective_clusters(&self, back: &DMatrix<f64>) -> Option<Vec<f64>> {
        let within = &self.products.within;
        let is_large = self.residuals.len().saturating_mul(back.nrows()) > MOST_NUMBERS;
        if self.clusters.is_empty() || is_large {
            return None;
        }
        let combinations = self.transformation * self.inverse * back.transpose();
        let effective = |groups: &Groups, parts: &[f64]| {
            let mut leverages = vec![0.0; groups.n_groups];
            for (row, (&code, part)) in groups.codes.iter().zip(parts).enumerate() {
                leverages[code as usize] += within.weight(row) * part * part;
            }
            let all: f64 = leverages.iter().sum();
            all * all / leverages.iter().map(|own| own * own).sum::<f64>()
        };
        let per_coefficient = combinations.column_iter().map(|combination| {
            let combination: Vec<f64> = combination.iter().copied().collect();
            let parts = within.residuals(None, &combination);
            let all = self.clusters.iter().map(|groups| effective(groups, &parts));
            // Each way of clustering must have enough.
            all.fold(f64::INFINITY, f64::min)
        });
        Some(per_coefficient.collect())
    }
}
