//! Covariance matrices of regression coefficients: iid, heteroskedasticity-robust and clustered, with the small-sample
//! factors of `fixest`.
//!
//! V = q·A M A with A = (X'ΩX)⁻¹ and scores s = ωex. iid: σ²A, σ² = Σωe²/(n − K). HC1: q = n/(n − K). HC2, HC3, HC4: residuals
//! e/√(1 − h), e/(1 − h), e/(1 − h)^(δ/2) with δ = min(4, nh/p), p the number of independent columns (Cribari-Neto 2004,
//! Computational Statistics & Data Analysis 45:215). Clustered: scores summed within clusters,
//! q = (n − 1)/(n − K)·G/(G − 1); two-way: V₁ + V₂ − V₁₂ with the smaller G. K counts coefficients and levels of fixed effects as
//! [`FixedEffectCount`] says.

mod effective;

mod small_sample;

use nalgebra::DMatrix;
use thiserror::Error;

use crate::design::Effect;
use crate::estimate::EstimatorError;
use crate::least_squares::{LEVERAGE_LEVELS, Products};
use crate::regression_data::Groups;

pub use small_sample::{ClusterCount, FixedEffectCount, SmallSample, SmallSampleError};

/// Which covariance matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vcov {
    /// Equal variances.
    Iid,
    /// Robust, no factor.
    Hc0,
    /// Robust, n/(n − K).
    Hc1,
    /// Robust, residuals over √(1 − h).
    Hc2,
    /// Robust, residuals over 1 − h.
    Hc3,
    /// Robust, residuals over a power of 1 − h that grows with the leverage h.
    Hc4,
    /// Clustered by a column.
    Cluster(String),
    /// Clustered by two columns.
    TwoWay(String, String),
}

/// The text does not name a covariance matrix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "vcov must be 'iid', 'hc0', 'hc1', 'hc2', 'hc3', 'hc4', 'cluster(a)' or 'cluster(a, b)', not '{found}'"
)]
pub struct VcovError {
    /// What was given.
    pub found: String,
}

impl Vcov {
    /// Reads `'hc1'`, `'cluster(a)'`, `'cluster(a, b)'` and the like, in any case.
    ///
    /// # Errors
    /// [`VcovError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, VcovError> {
        let trimmed = text.trim();
        match trimmed.to_ascii_lowercase().as_str() {
            "iid" => return Ok(Self::Iid),
            "hc0" => return Ok(Self::Hc0),
            "hc1" | "hetero" => return Ok(Self::Hc1),
            "hc2" => return Ok(Self::Hc2),
            "hc3" => return Ok(Self::Hc3),
            "hc4" => return Ok(Self::Hc4),
            _ => {}
        }
        let unknown = || VcovError {
            found: text.to_owned(),
        };
        let (word, rest) = trimmed.split_once('(').ok_or_else(unknown)?;
        let inside = rest.strip_suffix(')').ok_or_else(unknown)?;
        let strip = |name: &str| name.trim().trim_matches(['"', '`']).to_owned();
        let names: Vec<String> = inside.split(',').map(strip).collect();
        let is_cluster = word.trim().eq_ignore_ascii_case("cluster");
        match names.as_slice() {
            [one] if is_cluster && !one.is_empty() => Ok(Self::Cluster(one.clone())),
            [one, two] if is_cluster && !one.is_empty() && !two.is_empty() => {
                Ok(Self::TwoWay(one.clone(), two.clone()))
            }
            _ => Err(unknown()),
        }
    }

    /// The columns to cluster by.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Cluster(column) => vec![column],
            Self::TwoWay(first, second) => vec![first, second],
            _ => Vec::new(),
        }
    }

    /// Whether it needs leverages.
    pub(crate) fn needs_leverages(&self) -> bool {
        matches!(self, Self::Hc2 | Self::Hc3 | Self::Hc4)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Iid => "iid",
            Self::Hc0 => "hc0",
            Self::Hc1 => "hc1",
            Self::Hc2 => "hc2",
            Self::Hc3 => "hc3",
            Self::Hc4 => "hc4",
            Self::Cluster(_) | Self::TwoWay(..) => "cluster",
        }
    }
}

/// A fitted regression, as far as its covariance needs it.
pub(crate) struct Scores<'a> {
    pub(crate) products: &'a Products,
    pub(crate) residuals: &'a [f64],
    /// The columns of the normal equations in terms of all columns.
    pub(crate) transformation: &'a DMatrix<f64>,
    /// (X'ΩX)⁻¹.
    pub(crate) inverse: &'a DMatrix<f64>,
    pub(crate) effects: &'a [Effect],
    pub(crate) clusters: &'a [Groups],
    pub(crate) counting: &'a Counting,
}

/// What the number of counted coefficients depends on beyond the levels of the fixed effects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counting {
    /// Levels that other fixed effects imply: one per connected component of each fixed effect after the largest with an earlier
    /// one. `None` when not worked out.
    pub(crate) redundant: Option<u64>,
    /// Independent columns absorbed; `None` when not worked out.
    pub(crate) rank: Option<usize>,
}

/// A covariance matrix and its degrees of freedom.
pub(crate) struct Covariance {
    pub(crate) matrix: DMatrix<f64>,
    /// Coefficients counted in the factor.
    pub(crate) n_counted: u64,
    /// Degrees of freedom of the t distribution.
    pub(crate) df: f64,
}

impl Scores<'_> {
    fn n_obs(&self) -> f64 {
        self.residuals.len() as f64
    }

    /// K: coefficients and counted levels of fixed effects.
    pub(crate) fn count(&self, vcov: &Vcov, rule: FixedEffectCount) -> u64 {
        let n_coefficients = self.inverse.nrows() as u64;
        if self.effects.is_empty() || rule == FixedEffectCount::Omit {
            return n_coefficients;
        }
        let levels = |effect: &Effect| effect.groups.n_groups as u64;
        let implied = match (rule, self.counting.redundant) {
            (FixedEffectCount::Components, Some(redundant)) => redundant,
            _ => self.effects.len() as u64 - 1,
        };
        let all = self
            .effects
            .iter()
            .map(levels)
            .sum::<u64>()
            .saturating_sub(implied);
        if rule == FixedEffectCount::Full || vcov.columns().is_empty() {
            return n_coefficients + all;
        }
        let nested = self.effects.iter().filter(|effect| effect.is_nested());
        let free: u64 = nested.map(|effect| levels(effect) - 1).sum();
        n_coefficients + all.saturating_sub(free).max(1)
    }

    /// The covariance matrix of the coefficients.
    pub(crate) fn covariance(
        &self,
        vcov: &Vcov,
        small: &SmallSample,
    ) -> Result<Covariance, EstimatorError> {
        let n = self.n_obs();
        let n_counted = self.count(vcov, small.fixed_effects);
        let rest = n - n_counted as f64;
        if rest <= 0.0 {
            return Err(EstimatorError::NoDegreesOfFreedom {
                n_coefficients: n_counted,
                n_obs: self.residuals.len() as u64,
            });
        }
        let factor = if small.adjust { (n - 1.0) / rest } else { 1.0 };
        let matrix = match vcov {
            Vcov::Iid => {
                let squares = self.products.within.dot(self.residuals, self.residuals);
                self.inverse * (squares / (n - 1.0) * factor)
            }
            Vcov::Hc1 => {
                let rows = if small.cluster_adjust {
                    n / (n - 1.0)
                } else {
                    1.0
                };
                self.sandwich(&self.row_meat(vcov)?) * (factor * rows)
            }
            Vcov::Hc0 | Vcov::Hc2 | Vcov::Hc3 | Vcov::Hc4 => self.sandwich(&self.row_meat(vcov)?),
            Vcov::Cluster(_) | Vcov::TwoWay(..) => self.clustered(small) * factor,
        };
        let fewest = self.clusters.iter().map(|groups| groups.n_groups).min();
        let df = match fewest {
            Some(fewest) if small.t_count == ClusterCount::Smallest => fewest as f64 - 1.0,
            _ => rest,
        };
        Ok(Covariance {
            matrix,
            n_counted,
            df,
        })
    }

    /// A T'MT A for the products M of the scores of all columns.
    fn sandwich(&self, meat: &DMatrix<f64>) -> DMatrix<f64> {
        let half = self.transformation * self.inverse;
        half.tr_mul(meat) * half
    }

    fn clustered(&self, small: &SmallSample) -> DMatrix<f64> {
        if self.clusters.iter().any(|groups| groups.n_groups < 2) {
            // The scores of one cluster add up to zero, whatever the data: there is no error.
            let k = self.inverse.nrows();
            return DMatrix::from_element(k, k, f64::NAN);
        }
        let fewest = self
            .clusters
            .iter()
            .map(|groups| groups.n_groups)
            .min()
            .unwrap_or(2);
        let factor = |own: usize| {
            let n_groups = match small.cluster_count {
                ClusterCount::Smallest => fewest,
                ClusterCount::Conventional => own,
            } as f64;
            if small.cluster_adjust {
                n_groups / (n_groups - 1.0)
            } else {
                1.0
            }
        };
        let part = |groups: &Groups| {
            let meat = self.products.within.cluster_meat(self.residuals, groups);
            meat * factor(groups.n_groups)
        };
        let meat = match self.clusters {
            [first, second] => part(first) + part(second) - part(&first.combine(second)),
            clusters => part(&clusters[0]),
        };
        self.sandwich(&meat)
    }

    /// Σ over rows of e²-weighted outer products.
    fn row_meat(&self, vcov: &Vcov) -> Result<DMatrix<f64>, EstimatorError> {
        let within = &self.products.within;
        let mut squares: Vec<f64> = (0..self.residuals.len())
            .map(|row| (within.weight(row) * self.residuals[row]).powi(2))
            .collect();
        if vcov.needs_leverages() {
            let (free, n_columns) = self.one_minus_leverage(vcov)?;
            let ratio = self.n_obs() / n_columns as f64;
            for (square, free) in squares.iter_mut().zip(free) {
                *square /= match vcov {
                    Vcov::Hc2 => free,
                    Vcov::Hc3 => free * free,
                    _ => free.powf((ratio * (1.0 - free)).min(4.0)),
                };
            }
        }
        Ok(within.weighted_gram(Some(&squares)))
    }

    /// 1 − h per row, and the number of independent columns.
    fn one_minus_leverage(&self, vcov: &Vcov) -> Result<(Vec<f64>, usize), EstimatorError> {
        let Some(rank) = self.counting.rank else {
            let further = self.effects.iter().skip(1);
            return Err(EstimatorError::LeverageWithFixedEffects {
                vcov: vcov.name(),
                n_levels: further.map(|effect| effect.groups.n_groups as u64).sum(),
                limit: LEVERAGE_LEVELS as u64,
            });
        };
        let mut inverse = self.transformation * self.inverse * self.transformation.transpose();
        let n_effects = self.products.n_effects;
        let mut own = inverse.view_mut((0, 0), (n_effects, n_effects));
        own += &self.products.effects_inverse;
        let free = self.products.within.one_minus_leverage(&inverse);
        let free = free.map_err(|found| EstimatorError::LeverageOne {
            vcov: vcov.name(),
            n_rows: found.n_rows,
        })?;
        Ok((free, rank + self.inverse.nrows()))
    }
}
