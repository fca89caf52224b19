//! Covariance matrices of regression coefficients: iid, heteroskedasticity-robust and clustered, with the small-sample
//! factors of `fixest`.
//!
//! V = q·A M A with A = (X'ΩX)⁻¹ and scores s = ωex. iid: σ²A, σ² = Σωe²/(n − K). HC1: q = n/(n − K). HC2, HC3: e/√(1 − h),
//! e/(1 − h). Clustered: scores summed within clusters, q = (n − 1)/(n − K)·G/(G − 1); two-way: V₁ + V₂ − V₁₂ with the smaller
//! G. K counts the coefficients and the levels of fixed effects, less those nested in a cluster.

use nalgebra::DMatrix;
use thiserror::Error;

use crate::estimators::estimate::EstimatorError;
use crate::estimators::regression_data::Groups;

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
    /// Clustered by a column.
    Cluster(String),
    /// Clustered by two columns.
    TwoWay(String, String),
}

/// The text does not name a covariance matrix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "vcov must be 'iid', 'hc0', 'hc1', 'hc2', 'hc3', 'cluster(a)' or 'cluster(a, b)', not '{found}'"
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

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Iid => "iid",
            Self::Hc0 => "hc0",
            Self::Hc1 => "hc1",
            Self::Hc2 => "hc2",
            Self::Hc3 => "hc3",
            Self::Cluster(_) | Self::TwoWay(..) => "cluster",
        }
    }
}

/// Which levels of fixed effects count as coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedEffectCount {
    /// Those not nested in a cluster.
    Nested,
    /// All.
    Full,
    /// None.
    Omit,
}

/// Which number of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterCount {
    /// The smallest of all cluster variables.
    Smallest,
    /// Each its own (for the factor), or rows less K (for the t distribution).
    Conventional,
}

/// Small-sample factors; [`SmallSample::FIXEST`] is the default everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallSample {
    /// Apply (n − 1)/(n − K).
    pub adjust: bool,
    /// Levels of fixed effects in K.
    pub fixed_effects: FixedEffectCount,
    /// Apply G/(G − 1).
    pub cluster_adjust: bool,
    /// G of that factor in two-way clustering.
    pub cluster_count: ClusterCount,
    /// Degrees of freedom of the t distribution with clusters: G − 1, or n − K.
    pub t_count: ClusterCount,
}

impl SmallSample {
    /// The defaults of `fixest`.
    pub const FIXEST: Self = Self {
        adjust: true,
        fixed_effects: FixedEffectCount::Nested,
        cluster_adjust: true,
        cluster_count: ClusterCount::Smallest,
        t_count: ClusterCount::Smallest,
    };
}

/// A fitted regression, as far as its covariance needs it.
pub(crate) struct Scores<'a> {
    /// Columns of the bread.
    pub(crate) columns: &'a [&'a [f64]],
    pub(crate) residuals: &'a [f64],
    pub(crate) weights: Option<&'a [f64]>,
    /// (X'ΩX)⁻¹.
    pub(crate) inverse: &'a DMatrix<f64>,
    pub(crate) fixed_effects: &'a [Groups],
    pub(crate) clusters: &'a [Groups],
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

    /// K: coefficients and counted levels of fixed effects, with `extra` more coefficients.
    pub(crate) fn count(&self, vcov: &Vcov, rule: FixedEffectCount) -> u64 {
        let n_coefficients = self.columns.len() as u64;
        if self.fixed_effects.is_empty() || rule == FixedEffectCount::Omit {
            return n_coefficients;
        }
        let levels: u64 = self
            .fixed_effects
            .iter()
            .map(|groups| groups.n_groups as u64)
            .sum();
        let all = n_coefficients + levels - (self.fixed_effects.len() as u64 - 1);
        if rule == FixedEffectCount::Full || vcov.columns().is_empty() {
            return all;
        }
        let nested = |groups: &&Groups| self.clusters.iter().any(|outer| groups.nested_in(outer));
        let nested_levels = self.fixed_effects.iter().filter(nested);
        all - nested_levels
            .map(|groups| groups.n_groups as u64 - 1)
            .sum::<u64>()
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
                let squares = dot_squares(self.residuals, self.weights);
                self.inverse * (squares / (n - 1.0) * factor)
            }
            Vcov::Hc0 => self.sandwich(&self.row_meat(vcov)?),
            Vcov::Hc1 => {
                let rows = if small.cluster_adjust {
                    n / (n - 1.0)
                } else {
                    1.0
                };
                self.sandwich(&self.row_meat(vcov)?) * (factor * rows)
            }
            Vcov::Hc2 | Vcov::Hc3 => self.sandwich(&self.row_meat(vcov)?),
            Vcov::Cluster(_) | Vcov::TwoWay(..) => self.clustered(vcov, small)? * factor,
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

    fn sandwich(&self, meat: &DMatrix<f64>) -> DMatrix<f64> {
        self.inverse * meat * self.inverse
    }

    fn clustered(&self, vcov: &Vcov, small: &SmallSample) -> Result<DMatrix<f64>, EstimatorError> {
        for (groups, column) in self.clusters.iter().zip(vcov.columns()) {
            if groups.n_groups < 2 {
                let (column, n_clusters) = (column.to_owned(), groups.n_groups as u64);
                return Err(EstimatorError::OneCluster { column, n_clusters });
            }
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
        let part = |groups: &Groups| self.cluster_meat(groups) * factor(groups.n_groups);
        let meat = match self.clusters {
            [first, second] => part(first) + part(second) - part(&first.combine(second)),
            clusters => part(&clusters[0]),
        };
        Ok(self.sandwich(&meat))
    }

    /// Σ over rows of e²-weighted outer products.
    fn row_meat(&self, vcov: &Vcov) -> Result<DMatrix<f64>, EstimatorError> {
        let mut residuals = self.residuals.to_vec();
        if matches!(vcov, Vcov::Hc2 | Vcov::Hc3) {
            let free = self.one_minus_leverage(vcov)?;
            for (residual, free) in residuals.iter_mut().zip(free) {
                *residual /= if *vcov == Vcov::Hc2 {
                    free.sqrt()
                } else {
                    free
                };
            }
        }
        let squares: Vec<f64> = match self.weights {
            Some(weights) => residuals
                .iter()
                .zip(weights)
                .map(|(e, w)| e * e * w * w)
                .collect(),
            None => residuals.iter().map(|e| e * e).collect(),
        };
        Ok(crate::estimators::linear_algebra::gram(
            self.columns,
            Some(&squares),
        ))
    }

    /// 1 − h per row.
    fn one_minus_leverage(&self, vcov: &Vcov) -> Result<Vec<f64>, EstimatorError> {
        if !self.fixed_effects.is_empty() {
            return Err(EstimatorError::LeverageWithFixedEffects { vcov: vcov.name() });
        }
        let k = self.columns.len();
        let free: Vec<f64> = (0..self.residuals.len())
            .map(|row| {
                let mut leverage = 0.0;
                for a in 0..k {
                    let inner: f64 = (0..k)
                        .map(|b| self.inverse[(b, a)] * self.columns[b][row])
                        .sum();
                    leverage += inner * self.columns[a][row];
                }
                1.0 - leverage * self.weights.map_or(1.0, |w| w[row])
            })
            .collect();
        let n_rows = free.iter().filter(|&&value| value < 1e-10).count() as u64;
        if n_rows > 0 {
            return Err(EstimatorError::LeverageOne {
                vcov: vcov.name(),
                n_rows,
            });
        }
        Ok(free)
    }

    /// Σ over clusters of outer products of summed scores.
    fn cluster_meat(&self, groups: &Groups) -> DMatrix<f64> {
        let weighted: Vec<f64> = match self.weights {
            Some(weights) => self
                .residuals
                .iter()
                .zip(weights)
                .map(|(e, w)| e * w)
                .collect(),
            None => self.residuals.to_vec(),
        };
        let mut sums = DMatrix::zeros(groups.n_groups, self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let mut slots = sums.column_mut(index);
            let slots = slots.as_mut_slice();
            for ((&code, x), e) in groups.codes.iter().zip(*column).zip(&weighted) {
                slots[code as usize] += x * e;
            }
        }
        sums.tr_mul(&sums)
    }
}

fn dot_squares(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    crate::estimators::linear_algebra::dot(residuals, residuals, weights)
}
