//! What is compared, how, and the rows that come out.

use crate::panel::covariate::Covariate;
use crate::status::Status;

/// Rows whose covariates are compared.
#[derive(Clone)]
pub struct BalanceColumns {
    /// 1 = treated, 0 = not; NaN or infinite = missing.
    pub treated: Vec<f64>,
    /// The covariates in the order of the result; categories get one row per level.
    pub covariates: Vec<Covariate>,
    /// Weight, not below zero; NaN or infinite = missing. `None` = all one.
    pub weight: Option<Vec<f64>>,
}

impl BalanceColumns {
    /// Some of the rows.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect();
        Self {
            treated: pick(&self.treated),
            covariates: self.covariates.iter().map(|own| own.select(rows)).collect(),
            weight: self.weight.as_deref().map(pick),
        }
    }
}

/// Shows sizes only: the columns hold person-level values.
impl std::fmt::Debug for BalanceColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.covariates.iter().map(|c| c.name.as_str()).collect();
        f.debug_struct("BalanceColumns")
            .field("n_rows", &self.treated.len())
            .field("covariates", &names)
            .finish_non_exhaustive()
    }
}

/// The standard deviation that differences are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// √((v₁ + v₀)/2).
    Pooled,
    /// √v₁.
    Treated,
    /// √v₀.
    Control,
    /// Of both groups taken together.
    All,
    /// Of both groups taken together, always weighted.
    Weighted,
    /// √(((n₁ − 1)v₁ + (n₀ − 1)v₀)/(n₁ + n₀ − 2)) / (1 − 3/(4(n₁ + n₀) − 9)), n counting rows.
    Hedges,
}

/// What the weights stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightRole {
    /// They describe the population: the sd is that of the weighted sample.
    Sampling,
    /// They were made to balance the groups: the sd stays that of the unweighted sample, so that it does not move with them.
    Balancing,
}

/// Options of [`balance`](fn@super::balance).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceOptions {
    /// Denominator of the standardised difference.
    pub spread: Spread,
    /// Meaning of the weights.
    pub weight_role: WeightRole,
}

/// One covariate, or one level of one. Numbers that do not exist are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct BalanceRow {
    /// Name of the covariate.
    pub covariate: String,
    /// The level of a category; `None` for numbers.
    pub level: Option<String>,
    /// Weighted mean (share for a level) among the treated.
    pub mean_treated: f64,
    /// The same among the others.
    pub mean_control: f64,
    /// Weighted standard deviation among the treated.
    pub sd_treated: f64,
    /// The same among the others.
    pub sd_control: f64,
    /// `mean_treated` − `mean_control`.
    pub difference: f64,
    /// `difference` over the sd that was asked for.
    pub smd: f64,
    /// v₁/v₀, weighted; NaN for two values, where it says nothing that the means do not.
    pub variance_ratio: f64,
    /// Largest distance of the weighted distribution functions.
    pub ks: f64,
    /// Treated rows with the covariate.
    pub n_treated: u64,
    /// Other rows with the covariate.
    pub n_control: u64,
    /// Rows left out: treatment, weight or covariate missing.
    pub n_missing: u64,
    /// `ok`; `no_rows` where no row has a treatment and a weight; `no_treated` or `no_controls` where a group has no weight;
    /// `no_variance` where the sd is zero or unknown.
    pub status: Status,
}
