//! The sandwich: from scores to a covariance matrix of the coefficients. Formulas: see the module `covariance`.

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::regression::covariance::small_sample::{ClusterCount, FixedEffectCount, SmallSample};
use crate::regression::covariance::vcov::Vcov;
use crate::regression::design::block::Effect;
use crate::regression::groups::Groups;
use crate::regression::products::{LEVERAGE_LEVELS, Products};

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
            // One level of each effect after the first follows from the constant that all of them hold.
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
        // The levels of a nested effect are means within clusters, which the sums over clusters already allow for; one level stays as the
        // constant that fixed effects stand for.
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
        // Written as fixest does, for all kinds: times 1/(n − 1) it is σ² for iid, times n/(n − 1) it is HC1.
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
            // What `clusters/` corrects, with the same counts.
            Vcov::Cluster(_) | Vcov::TwoWay(..) | Vcov::Cr2(_) | Vcov::Cr3(_) => {
                self.clustered(small) * factor
            }
        };
        // The scarcer clusters decide: with two-way clustering the error cannot be known better than from the fewer of them.
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
        // ω²e², since the scores are ωxe and q stands in for ω in the products.
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
                    // δ = nh/p with h = 1 − free; capped at 4, beyond which a single row would decide.
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
        // By blocks: the inverse of the remaining columns, written in all columns, and that of the effects'
        // indicators.
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
