//! The law of a cluster jackknife: degrees of freedom and the size of its error. Formulas and sources: see the module `inference`.

use nalgebra::DMatrix;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::inference::student::student_quantile;
use crate::status::Status;

/// Clusters whose means are compared with each other: those of a cohort, or of the never exposed.
///
/// All numbers are for clusters whose means are independent and have variance one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ClusterGroup {
    /// Variance of the group's mean, Σw².
    variance: f64,
    /// Mean of the jackknife's sum of squares Σ(x̄₋g − x̄)².
    expected: f64,
    /// Half its variance for normal means, tr(B²).
    spread: f64,
    n_clusters: usize,
}

impl ClusterGroup {
    /// Of clusters with these weights; those without weight do not count.
    pub(crate) fn of(weights: impl Iterator<Item = f64>) -> Self {
        let weights: Vec<f64> = weights.filter(|weight| *weight > 0.0).collect();
        let total: f64 = weights.iter().sum();
        let shares = || weights.iter().map(|weight| weight / total);
        let variance: f64 = shares().map(|w| w * w).sum();
        if weights.len() < 2 {
            // Without its only cluster the group is gone, and what moves is the comparison with other groups: one number.
            let none = weights.is_empty();
            let one = if none { 0.0 } else { 1.0 };
            return Self {
                variance: one,
                expected: one,
                spread: one,
                n_clusters: weights.len(),
            };
        }
        // x̄₋g − x̄ = −r_g(x_g − x̄), r = w/(1 − w): the products of two such rows are r_g r_h(δ_gh − w_g − w_h + Σw²).
        let (mut r0, mut r1, mut r2, mut own) = (0.0, 0.0, 0.0, 0.0);
        for w in shares() {
            let square = (w / (1.0 - w)).powi(2);
            r0 += square;
            r1 += square * w;
            r2 += square * w * w;
            own += square * square * (1.0 + 2.0 * (variance - 2.0 * w));
        }
        let pairs = variance * variance * r0 * r0 + 2.0 * r0 * r2 + 2.0 * r1 * r1
            - 4.0 * variance * r0 * r1;
        Self {
            variance,
            expected: r0 * (1.0 + variance) - 2.0 * r1,
            spread: pairs + own,
            n_clusters: weights.len(),
        }
    }
}

/// The law of a jackknife variance: about `inflation`·σ²·χ²/`df`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct JackknifeLaw {
    /// Degrees of freedom by Satterthwaite.
    pub(crate) df: f64,
    /// Mean of the variance over what it estimates.
    inflation: f64,
    /// A group of one cluster takes part.
    hangs_on_one: bool,
}

/// The coverage of a 95 % interval between which it is what it says.
const PROMISED: (f64, f64) = (0.94, 0.96);

impl JackknifeLaw {
    /// Of an estimate Σ aᵢ'(means of group i), from (|aᵢ|², group) and the number of clusters in all.
    pub(crate) fn of(groups: impl Iterator<Item = (f64, ClusterGroup)>, n_clusters: usize) -> Self {
        let (mut variance, mut expected, mut spread) = (0.0, 0.0, 0.0);
        let mut hangs_on_one = false;
        for (scale, group) in groups.filter(|(scale, _)| *scale > 0.0) {
            variance += scale * group.variance;
            expected += scale * group.expected;
            spread += scale * scale * group.spread;
            hangs_on_one |= group.n_clusters < 2;
        }
        let n_clusters = n_clusters as f64;
        Self {
            df: expected * expected / spread,
            inflation: (n_clusters - 1.0) / n_clusters * expected / variance,
            hangs_on_one,
        }
    }

    /// From degrees of freedom and the mean of the variance over what it estimates.
    pub(crate) fn with(df: f64, inflation: f64) -> Self {
        Self {
            df,
            inflation,
            hangs_on_one: false,
        }
    }

    /// What to think of the interval, where nothing else is to be said about the estimate.
    pub(crate) fn status(&self) -> Status {
        let quantile = student_quantile(self.df, 0.95);
        let coverage = StudentsT::new(0.0, 1.0, self.df).map_or(f64::NAN, |law| {
            1.0 - 2.0 * law.sf(quantile * self.inflation.sqrt())
        });
        if self.hangs_on_one || coverage.is_nan() || coverage < PROMISED.0 {
            Status::FewClusters
        } else if coverage > PROMISED.1 {
            Status::Conservative
        } else {
            Status::Ok
        }
    }
}

/// √((G − 1)/G Σ(θ₋g − θ)²) from the differences; NaN where one is missing, or there is but one.
pub(crate) fn std_error(changes: impl Iterator<Item = f64>) -> f64 {
    let (mut squares, mut n) = (0.0, 0.0);
    for change in changes {
        squares += change * change;
        n += 1.0;
    }
    if n < 2.0 {
        return f64::NAN;
    }
    ((n - 1.0) / n * squares).sqrt()
}

/// The joint covariance of estimates (columns) from their changes without each cluster (rows).
pub(crate) fn covariance(changes: &DMatrix<f64>) -> DMatrix<f64> {
    let n_clusters = changes.nrows() as f64;
    changes.tr_mul(changes) * ((n_clusters - 1.0) / n_clusters)
}

#[cfg(test)]
mod tests {
    use super::{ClusterGroup, JackknifeLaw, std_error};
    use crate::status::Status;

    fn equal(n: usize) -> ClusterGroup {
        ClusterGroup::of((0..n).map(|_| 2.5))
    }

    #[test]
    fn equal_clusters_have_the_degrees_of_freedom_of_their_number() {
        // The sum of squares of n equal clusters is σ²χ²(n − 1)/(n − 1)².
        let group = equal(5);
        assert!((group.variance - 0.2).abs() < 1e-15);
        assert!((group.expected - 0.25).abs() < 1e-15);
        assert!((group.spread - 4.0 / 256.0).abs() < 1e-15);
        let law = JackknifeLaw::of([(3.0, group)].into_iter(), 5);
        assert!((law.df - 4.0).abs() < 1e-12);
        assert!((law.inflation - 1.0).abs() < 1e-12);
        assert_eq!(law.status(), Status::Ok);
    }

    #[test]
    fn unequal_clusters_match_the_sum_over_all_pairs() {
        let weights = [5.0, 1.0, 2.0, 7.0];
        let total: f64 = weights.iter().sum();
        let w = weights.map(|weight| weight / total);
        let squares: f64 = w.iter().map(|w| w * w).sum();
        let (mut expected, mut spread) = (0.0, 0.0);
        for g in 0..4 {
            for h in 0..4 {
                let itself = f64::from(u8::from(g == h));
                let ratio = w[g] / (1.0 - w[g]) * w[h] / (1.0 - w[h]);
                let product = ratio * (itself - w[g] - w[h] + squares);
                expected += itself * product;
                spread += product * product;
            }
        }
        let group = ClusterGroup::of(weights.into_iter());
        assert!((group.expected - expected).abs() < 1e-14);
        assert!((group.spread - spread).abs() < 1e-14);
    }

    #[test]
    fn two_sides_are_welch() {
        // (V₁ + V₀)²/(V₁²/(n₁ − 1) + V₀²/(n₀ − 1)) with the jackknife's variances 1/(n − 1).
        let law = JackknifeLaw::of([(1.0, equal(3)), (1.0, equal(37))].into_iter(), 40);
        let (treated, control) = (0.5_f64, 1.0 / 36.0);
        let df = (treated + control).powi(2) / (treated * treated / 2.0 + control * control / 36.0);
        assert!((law.df - df).abs() < 1e-12);
        assert_eq!(law.status(), Status::Conservative);
    }

    #[test]
    fn groups_of_one_cluster_are_few() {
        let law = JackknifeLaw::of([(1.0, equal(1)), (1.0, equal(30))].into_iter(), 31);
        assert_eq!(law.status(), Status::FewClusters);
        let nothing = JackknifeLaw::of(std::iter::empty(), 5);
        assert!(nothing.df.is_nan());
        assert_eq!(nothing.status(), Status::FewClusters);
        assert!(std_error([1.0].into_iter()).is_nan());
        assert!((std_error([1.0, -1.0].into_iter()) - 1.0).abs() < 1e-15);
    }
}
