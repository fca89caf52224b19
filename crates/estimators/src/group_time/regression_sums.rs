//! Comparisons adjusted by outcome regression, from sums over clusters: what they are without a cluster.
//!
//! With W = Σω, x = ΣωX (intercept first) and y = ΣωΔY of the treated, and G = ΣωXX' and b = ΣωXΔY of the controls, the effect is
//! (y − x'β)/W with β = G⁻¹b (Sant'Anna and Zhao 2020, eq. 2.2), and a cluster's part of its influence function
//! (y_c − x_c'β − mean·W_c)/W − x'G⁻¹(b_c − G_cβ)/W. All of it are sums, so that leaving a cluster out is exact and costs no pass over the
//! units. Where controls without a cluster do not determine a regression safely, everything is to be estimated anew.

use nalgebra::{DMatrix, DMatrixView, DVector, DVectorView};
use rayon::prelude::*;

use crate::group_time::adjustment::basis::DOUBTFUL;
use crate::group_time::adjustment::points::Segment;
use crate::group_time::cell::CohortCell;
use crate::group_time::comparison::compares_units;
use crate::group_time::options::Method;
use crate::group_time::sample::Sample;
use crate::linear_algebra::are_independent;
use crate::panel::covariate_table::{Covariates, RowSlice};

/// A weight that is less than this share of what it was is not safe to reckon with.
const LEAST_WEIGHT: f64 = 1e-12;

/// A sample with covariates, summed over clusters.
pub(crate) struct RegressionSums {
    /// By comparison; `None` for the base period.
    comparisons: Vec<Option<ComparisonSums>>,
    n_clusters: usize,
}

/// Sums of the two sides of a comparison.
struct ComparisonSums {
    treated: SideSums,
    control: SideSums,
}

/// Sums of one side, by cluster and in all. Flat: ΣωXX' (k × k), ΣωXΔY (k), units with a weight.
struct SideSums {
    k: usize,
    by_cluster: Vec<f64>,
    total: Vec<f64>,
}

/// A comparison from some clusters.
struct Fit {
    beta: DVector<f64>,
    /// −G⁻¹x/W.
    direction: DVector<f64>,
    mean: f64,
    weight: f64,
}

impl RegressionSums {
    /// Of a sample; `None` where sums do not say what is left without a cluster: other methods, rows in place of changes, or covariates
    /// that are nearly combinations of each other in a comparison.
    pub(crate) fn of(sample: &Sample<'_>, cells: &[CohortCell], method: Method) -> Option<Self> {
        let covariates = sample.covariates.as_deref()?;
        if method != Method::OutcomeRegression || !compares_units(sample.layout) {
            return None;
        }
        let of_cell = |cell: &CohortCell| {
            (cell.current != cell.reference).then(|| ComparisonSums::of(sample, covariates, cell))
        };
        let comparisons: Vec<Option<ComparisonSums>> = cells.par_iter().map(of_cell).collect();
        let mut whole = comparisons.iter().flatten();
        let is_safe = whole.all(|own| own.is_empty(None) || own.is_determined(None));
        is_safe.then_some(Self {
            comparisons,
            n_clusters: sample.n_clusters,
        })
    }

    /// By cluster of the sample: whether everything is to be estimated anew without it.
    pub(crate) fn needs_refit(&self) -> Vec<bool> {
        let needs = |cluster: usize| {
            let without = Some(cluster);
            let mut all = self.comparisons.iter().flatten();
            all.any(|own| !own.is_empty(without) && !own.is_determined(without))
        };
        (0..self.n_clusters).into_par_iter().map(needs).collect()
    }

    /// Puts the comparisons without a cluster into `estimates`, and into the columns of `contributions`, where they are asked for, what
    /// each other cluster contributes to them.
    pub(crate) fn put_without(
        &self,
        cluster: usize,
        estimates: &mut [f64],
        mut contributions: Option<&mut DMatrix<f64>>,
    ) {
        for (index, own) in self.comparisons.iter().enumerate() {
            let Some(own) = own else { continue };
            let fit = own.fit(cluster);
            estimates[index] = fit.as_ref().map_or(f64::NAN, |fit| fit.mean);
            let Some(contributions) = contributions.as_deref_mut() else {
                continue;
            };
            for (other, place) in contributions.column_mut(index).iter_mut().enumerate() {
                *place = match &fit {
                    Some(fit) if other != cluster => own.contribution(fit, other),
                    _ => 0.0,
                };
            }
        }
    }
}

impl ComparisonSums {
    fn of(sample: &Sample<'_>, covariates: &Covariates, cell: &CohortCell) -> Self {
        let side = |ranges: &[std::ops::Range<usize>]| {
            let segments = ranges.iter();
            let segments = segments.map(|units| sample.changes(cell, units.clone()));
            SideSums::of(sample, covariates, segments)
        };
        Self {
            treated: side(std::slice::from_ref(&cell.treated)),
            control: side(&cell.controls),
        }
    }

    fn is_empty(&self, without: Option<usize>) -> bool {
        [&self.treated, &self.control]
            .iter()
            .any(|side| side.is_empty(without))
    }

    fn is_determined(&self, without: Option<usize>) -> bool {
        let [treated, control] = [&self.treated, &self.control].map(|side| side.rest(without));
        let k = self.treated.k;
        // Also of both sides together: that is where `Basis` looks for columns it would replace.
        let pooled: Vec<f64> = treated.iter().zip(&control).map(|(a, b)| a + b).collect();
        [&pooled, &control].into_iter().all(|sums| {
            let gram = DMatrixView::from_slice(&sums[..k * k], k, k).clone_owned();
            // Squared, as pivots are squares and `DOUBTFUL` is a share of lengths.
            are_independent(&gram, DOUBTFUL.powi(2))
        })
    }

    /// Without a cluster; `None` where a side is empty.
    fn fit(&self, without: usize) -> Option<Fit> {
        let without = Some(without);
        if self.is_empty(without) {
            return None;
        }
        let k = self.treated.k;
        let [treated, control] = [&self.treated, &self.control].map(|side| side.rest(without));
        let gram = DMatrixView::from_slice(&control, k, k).clone_owned();
        let cholesky = gram.cholesky()?;
        let beta = cholesky.solve(&outcomes(&control, k).clone_owned());
        let weight = treated[0];
        let covariates = covariates(&treated, k);
        let mean = (treated[k * k] - beta.dot(&covariates)) / weight;
        let direction = cholesky.solve(&(covariates.clone_owned() / -weight));
        Some(Fit {
            beta,
            direction,
            mean,
            weight,
        })
    }

    /// What a cluster contributes to the estimate.
    fn contribution(&self, fit: &Fit, cluster: usize) -> f64 {
        let k = self.treated.k;
        let (treated, control) = (self.treated.own(cluster), self.control.own(cluster));
        let of_treated =
            treated[k * k] - fit.beta.dot(&covariates(treated, k)) - fit.mean * treated[0];
        let gram = DMatrixView::from_slice(control, k, k);
        let residual = outcomes(control, k) - gram * &fit.beta;
        of_treated / fit.weight + fit.direction.dot(&residual)
    }
}

impl SideSums {
    fn of<'a>(
        sample: &Sample<'_>,
        covariates: &Covariates,
        segments: impl Iterator<Item = Segment<'a>>,
    ) -> Self {
        let k = covariates.columns.len() + 1;
        let stride = k * k + k + 1;
        let mut by_cluster = vec![0.0; sample.n_clusters * stride];
        let (mut changes, mut weights, mut x) = (Vec::new(), Vec::new(), vec![1.0; k]);
        for segment in segments {
            segment.load(&mut changes, &mut weights);
            for (place, (&change, &weight)) in changes.iter().zip(&weights).enumerate() {
                // A unit without weight counts nowhere, as if it were not there.
                if weight == 0.0 {
                    continue;
                }
                let row = match segment.rows {
                    RowSlice::From(first) => first + place,
                    RowSlice::Codes(codes) => codes[place] as usize,
                };
                for (x, column) in x[1..].iter_mut().zip(&covariates.columns) {
                    *x = column[row];
                }
                let cluster = sample.cluster_of(segment.units.start + place) as usize;
                let own = &mut by_cluster[cluster * stride..(cluster + 1) * stride];
                for (column, &b) in x.iter().enumerate() {
                    for (row, &a) in x.iter().enumerate() {
                        own[column * k + row] += weight * a * b;
                    }
                    own[k * k + column] += weight * change * b;
                }
                own[stride - 1] += 1.0;
            }
        }
        let mut total = vec![0.0; stride];
        for own in by_cluster.chunks_exact(stride) {
            for (sum, own) in total.iter_mut().zip(own) {
                *sum += own;
            }
        }
        Self {
            k,
            by_cluster,
            total,
        }
    }

    fn own(&self, cluster: usize) -> &[f64] {
        let stride = self.total.len();
        &self.by_cluster[cluster * stride..(cluster + 1) * stride]
    }

    /// The sums, without those of a cluster.
    fn rest(&self, without: Option<usize>) -> Vec<f64> {
        let Some(cluster) = without else {
            return self.total.clone();
        };
        let pairs = self.total.iter().zip(self.own(cluster));
        pairs.map(|(total, own)| total - own).collect()
    }

    /// Whether no unit with a weight is left.
    fn is_empty(&self, without: Option<usize>) -> bool {
        let own = without.map_or(&[][..], |cluster| self.own(cluster));
        let n_units = self.total.last().unwrap_or(&0.0) - own.last().unwrap_or(&0.0);
        let weight = self.total[0] - own.first().unwrap_or(&0.0);
        // Counts are whole numbers in `f64`: half a unit is none.
        n_units < 0.5 || weight <= LEAST_WEIGHT * self.total[0]
    }
}

/// ΣωX: the first column of ΣωXX'.
fn covariates(sums: &[f64], k: usize) -> DVectorView<'_, f64> {
    DVectorView::from_slice(&sums[..k], k)
}

/// ΣωXΔY.
fn outcomes(sums: &[f64], k: usize) -> DVectorView<'_, f64> {
    DVectorView::from_slice(&sums[k * k..k * k + k], k)
}
