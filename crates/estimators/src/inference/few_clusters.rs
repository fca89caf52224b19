//! When a clustered error can be relied on: the effective number of clusters. Formulas and sources: see the module `inference`.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::inference::normal::two_sided_quantile;
use crate::inference::student::student_quantile;

/// The coverage that a 95 % interval must be able to promise.
const FEWEST_PROMISED: f64 = 0.94;

/// Fewer clusters than this on one side, effectively, are few whatever the other side is.
pub const FEW_CLUSTERS: usize = 5;

/// So are fewer than this in all, where intervals are of the t distribution.
pub const FEW_CLUSTERS_IN_ALL: usize = 10;

/// Satterthwaite's degrees of freedom approximate the law of a statistic where there are at least this many; Tipton (2015),
/// Psychological Methods 20:375.
const FEWEST_DEGREES: f64 = 4.0;

/// Whether degrees of freedom are too few for a t distribution to describe the statistic.
pub(crate) fn has_few_degrees(df: f64) -> bool {
    df.is_nan() || df < FEWEST_DEGREES
}

/// One side of a comparison: its units and how they lie in clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    pub(crate) n_units: u64,
    /// Σ over clusters of the squared number of units.
    pub(crate) squares: f64,
}

impl Side {
    pub(crate) const EMPTY: Self = Self {
        n_units: 0,
        squares: 0.0,
    };

    /// Counts the units of one more cluster.
    pub(crate) fn add_cluster(&mut self, n_units: u64) {
        self.n_units += n_units;
        self.squares += (n_units as f64).powi(2);
    }

    /// Both, taken to lie in different clusters.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            n_units: self.n_units + other.n_units,
            squares: self.squares + other.squares,
        }
    }

    /// (Σn)²/Σn²; zero without units.
    pub(crate) fn effective(self) -> f64 {
        if self.n_units == 0 {
            return 0.0;
        }
        (self.n_units as f64).powi(2) / self.squares
    }
}

/// What intervals are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Interval {
    /// Normal quantiles, no small-sample factor.
    Normal,
    /// Quantiles of the t distribution and the factor G/(G − 1), for this many clusters.
    Student(u64),
    /// Quantiles of the t distribution and the variance of the jackknife, for this many clusters.
    Jackknife(u64),
}

impl Interval {
    /// Whether a 95 % interval for a coefficient with that many effective clusters covers less than it must.
    pub(crate) fn is_unreliable(self, effective: f64) -> bool {
        let (quantile, factor) = match self {
            Self::Student(n_clusters) if n_clusters < FEW_CLUSTERS_IN_ALL as u64 => return true,
            Self::Normal => (two_sided_quantile(0.95), 1.0),
            Self::Student(n_clusters) => {
                let df = n_clusters as f64 - 1.0;
                (student_quantile(df, 0.95), n_clusters as f64 / df)
            }
            Self::Jackknife(_) if effective < FEW_CLUSTERS as f64 => return true,
            // Residuals of a cluster without which the rest is fitted are too large where others are too small.
            Self::Jackknife(n_clusters) => {
                let df = n_clusters as f64 - 1.0;
                let inflation = effective / (effective - 1.0);
                let factor = df / n_clusters as f64 * inflation * inflation;
                (student_quantile(df, 0.95), factor)
            }
        };
        let df = effective - 1.0;
        // One effective cluster or fewer: there is no such law, and no error to rely on.
        let Ok(law) = StudentsT::new(0.0, 1.0, df) else {
            return true;
        };
        // q√(1 − 1/G*), as in the docs of `inference`, times the root of the factor that the error carries.
        let bound = quantile * (factor * df / effective).sqrt();
        let coverage = 1.0 - 2.0 * law.sf(bound);
        coverage.is_nan() || coverage < FEWEST_PROMISED
    }

    /// Whether the error of a difference between two sides is unreliable.
    pub(crate) fn has_few(self, treated: Side, control: Side) -> bool {
        let sides = [treated, control].map(|side| (side.n_units as f64, side.effective()));
        if sides
            .iter()
            .any(|&(_, effective)| effective < FEW_CLUSTERS as f64)
        {
            return true;
        }
        // (ΣL)²/ΣL²: in a difference of means a unit of a side of n has leverage 1/n², so that the side has 1/n and the squares
        // of its clusters 1/(n²·effective).
        let sum: f64 = sides.iter().map(|&(n, _)| 1.0 / n).sum();
        let squares: f64 = sides
            .iter()
            .map(|&(n, effective)| 1.0 / (n * n * effective))
            .sum();
        self.is_unreliable(sum * sum / squares)
    }
}
