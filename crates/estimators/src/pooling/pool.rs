//! Shrunken estimates of one family.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::critical_value::robust_critical_value;
use super::moments::{Moments, moments};
use super::ranks::{Best, MOST_RANKED, NormalLaw, among_best, mean_ranks};
use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::normal;
use crate::linear_algebra::independent_columns;
use crate::status::Status;

/// Estimates of one family and what they are compared by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PoolColumns {
    /// Estimates; NaN where missing.
    pub estimates: Vec<f64>,
    /// Their standard errors.
    pub std_errors: Vec<f64>,
    /// Covariates, column by column: estimates are shrunk towards a regression on them rather than towards a mean.
    pub covariates: Vec<Vec<f64>>,
}

/// What weighs estimates in the mean, the regression and the moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolWeights {
    /// 1/σ².
    Precision,
    /// All the same.
    Equal,
}

/// Options of [`pool`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolOptions {
    /// Weights of the mean and the moments.
    pub weights: PoolWeights,
    /// Level of intervals, between 0 and 1.
    pub level: f64,
    /// What is best.
    pub direction: Best,
    /// How many best ones there are for the probability of being among them; `None` for no probability.
    pub best: Option<usize>,
}

/// One estimate after pooling. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledEstimate {
    /// What it is shrunk towards: the mean or the regression's value.
    pub target: f64,
    /// Share of its distance to the target that it keeps, w.
    pub shrinkage: f64,
    /// The shrunken estimate.
    pub pooled: f64,
    /// Lower end of the robust interval.
    pub conf_low: f64,
    /// Upper end of it.
    pub conf_high: f64,
    /// Half the length of the interval that assumes a normal law: z·√w·σ.
    pub normal_half_length: f64,
    /// Mean rank, 1 for the best.
    pub mean_rank: f64,
    /// Probability of being among the best.
    pub among_best: f64,
    /// [`Status::NoVariance`] for an error that is missing or not above zero, [`Status::Missing`] for an estimate or covariate that is
    /// missing, else that of the family.
    pub status: Status,
}

/// A family after pooling.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// √μ₂, in units of the estimates: the standard deviation of true effects around their targets.
    pub spread: f64,
    /// κ.
    pub kurtosis: f64,
    /// Estimates that were used.
    pub n_pooled: u64,
    /// One row per estimate, in the order given.
    pub rows: Vec<PooledEstimate>,
    /// [`Status::NotIdentified`] where there are too few estimates to tell a spread, two more than coefficients; [`Status::Singular`]
    /// where covariates are combinations of each other; [`Status::TooFew`] below [`FEW_POOLED`] estimates.
    pub status: Status,
}

/// Fewer estimates than this beyond the number of coefficients leave the spread, and with it the intervals, to chance.
pub const FEW_POOLED: usize = 10;

/// Pools one family. Rows that lack a number are left out and keep their place.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`], [`EstimatorError::BadOption`] for an impossible level or `best`,
/// [`EstimatorError::TooMany`] for more than [`MOST_RANKED`] estimates, or too many for `best`.
pub fn pool(columns: &PoolColumns, options: &PoolOptions) -> Result<Pool, EstimatorError> {
    check(columns, options)?;
    let statuses = statuses(columns);
    let used: Vec<usize> = (0..statuses.len())
        .filter(|&row| statuses[row] == Status::Ok)
        .collect();
    let n_coefficients = columns.covariates.len() + 1;
    let family = Family::new(columns, &used, options.weights);
    let status = match family.targets() {
        // Asked first: of so few rows covariates are combinations of each other anyway.
        _ if used.len() < n_coefficients + 2 => Err(Status::NotIdentified),
        None => Err(Status::Singular),
        Some(targets) => Ok(targets),
    };
    let targets = match status {
        Ok(targets) => targets,
        Err(status) => return Ok(without_numbers(&statuses, used.len(), status)),
    };
    let status = match used.len() - n_coefficients < FEW_POOLED {
        true => Status::TooFew,
        false => Status::Ok,
    };
    let found = family.moments(&targets);
    // μ₂ divides below, so that it must not be zero, nor so small that quotients overflow.
    if !(found.second.is_normal() && found.kurtosis.is_finite()) {
        return Ok(without_numbers(
            &statuses,
            used.len(),
            Status::NotIdentified,
        ));
    }
    let mut pooled = family.pooled(&targets, found, options.level, status)?;
    family.rank(&mut pooled, options)?;
    let mut rows: Vec<PooledEstimate> = statuses
        .iter()
        .map(|&status| PooledEstimate::missing(status))
        .collect();
    for (row, pooled) in used.iter().zip(pooled) {
        rows[*row] = pooled;
    }
    Ok(Pool {
        spread: family.scale * found.second.sqrt(),
        kurtosis: found.kurtosis,
        n_pooled: used.len() as u64,
        rows,
        status,
    })
}

fn check(columns: &PoolColumns, options: &PoolOptions) -> Result<(), EstimatorError> {
    check_level(options.level)?;
    if options.best == Some(0) {
        return Err(EstimatorError::BadOption {
            option: "best",
            expected: "one or more",
        });
    }
    let n = columns.estimates.len();
    if n > MOST_RANKED {
        return Err(EstimatorError::TooMany {
            what: "estimates in a family",
            found: n as u64,
            limit: MOST_RANKED as u64,
        });
    }
    let others = std::iter::once(&columns.std_errors).chain(&columns.covariates);
    match others.into_iter().find(|column| column.len() != n) {
        None => Ok(()),
        Some(column) => Err(EstimatorError::LengthMismatch {
            column: "std_errors or covariates".to_owned(),
            found: column.len(),
            expected: n,
        }),
    }
}

/// Which rows can be used, and why the others cannot.
fn statuses(columns: &PoolColumns) -> Vec<Status> {
    let rows = columns.estimates.iter().zip(&columns.std_errors);
    let of_row = |(row, (estimate, error)): (usize, (&f64, &f64))| {
        let mut numbers = columns.covariates.iter().map(|covariate| covariate[row]);
        if !estimate.is_finite() || !numbers.all(f64::is_finite) {
            Status::Missing
        } else if error.is_finite() && *error > 0.0 {
            Status::Ok
        } else {
            Status::NoVariance
        }
    };
    rows.enumerate().map(of_row).collect()
}

fn without_numbers(statuses: &[Status], n_pooled: usize, status: Status) -> Pool {
    let rows = statuses.iter().map(|&own| match own {
        Status::Ok => PooledEstimate::missing(status),
        own => PooledEstimate::missing(own),
    });
    Pool {
        spread: f64::NAN,
        kurtosis: f64::NAN,
        n_pooled: n_pooled as u64,
        rows: rows.collect(),
        status,
    }
}

impl PooledEstimate {
    fn missing(status: Status) -> Self {
        Self {
            target: f64::NAN,
            shrinkage: f64::NAN,
            pooled: f64::NAN,
            conf_low: f64::NAN,
            conf_high: f64::NAN,
            normal_half_length: f64::NAN,
            mean_rank: f64::NAN,
            among_best: f64::NAN,
            status,
        }
    }
}

/// The rows used, in units of the largest standard error: fourth powers neither overflow nor vanish.
struct Family {
    scale: f64,
    estimates: Vec<f64>,
    errors: Vec<f64>,
    weights: Vec<f64>,
    covariates: Vec<Vec<f64>>,
}

impl Family {
    fn new(columns: &PoolColumns, used: &[usize], weights: PoolWeights) -> Self {
        let pick = |column: &[f64]| used.iter().map(|&row| column[row]).collect::<Vec<f64>>();
        let errors = pick(&columns.std_errors);
        let scale = errors.iter().fold(0.0_f64, |most, error| most.max(*error));
        let scaled = |column: Vec<f64>| column.into_iter().map(|x| x / scale).collect();
        let errors: Vec<f64> = scaled(errors);
        Self {
            scale,
            estimates: scaled(pick(&columns.estimates)),
            weights: match weights {
                PoolWeights::Precision => errors.iter().map(|error| error.powi(-2)).collect(),
                PoolWeights::Equal => vec![1.0; errors.len()],
            },
            errors,
            covariates: columns.covariates.iter().map(|own| pick(own)).collect(),
        }
    }

    fn mean(&self, values: &[f64]) -> f64 {
        let total: f64 = self.weights.iter().sum();
        let sum: f64 = values.iter().zip(&self.weights).map(|(x, w)| x * w).sum();
        sum / total
    }

    /// The weighted regression's values; `None` where covariates are constant or combinations of each other.
    fn targets(&self) -> Option<Vec<f64>> {
        let (n, mean) = (self.estimates.len(), self.mean(&self.estimates));
        if self.covariates.is_empty() {
            return Some(vec![mean; n]);
        }
        let mut centred = Vec::with_capacity(self.covariates.len());
        for covariate in &self.covariates {
            let middle = self.mean(covariate);
            let own: Vec<f64> = covariate.iter().map(|x| x - middle).collect();
            let squares: Vec<f64> = own.iter().map(|x| x * x).collect();
            let spread = self.mean(&squares).sqrt();
            let largest = covariate.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            // A spread lost in the rounding of the values is none.
            if spread.is_nan() || spread <= 1e-10 * largest {
                return None;
            }
            centred.push(own.into_iter().map(|x| x / spread).collect::<Vec<f64>>());
        }
        let k = centred.len();
        let product = |a: &[f64], b: &[f64]| {
            let both: Vec<f64> = a.iter().zip(b).map(|(a, b)| a * b).collect();
            self.mean(&both)
        };
        let gram = DMatrix::from_fn(k, k, |row, column| product(&centred[row], &centred[column]));
        if independent_columns(&gram).contains(&false) {
            return None;
        }
        let outcome: Vec<f64> = self.estimates.iter().map(|y| y - mean).collect();
        let right = DVector::from_fn(k, |row, _| product(&centred[row], &outcome));
        let slopes = gram.cholesky()?.solve(&right);
        let of_row = |row: usize| {
            let parts = centred.iter().zip(slopes.iter());
            mean + parts.map(|(own, slope)| slope * own[row]).sum::<f64>()
        };
        Some((0..n).map(of_row).collect())
    }

    fn moments(&self, targets: &[f64]) -> Moments {
        let residuals = self.estimates.iter().zip(targets).map(|(y, x)| y - x);
        moments(
            &residuals.collect::<Vec<f64>>(),
            &self.errors,
            &self.weights,
        )
    }

    fn pooled(
        &self,
        targets: &[f64],
        moments: Moments,
        level: f64,
        status: Status,
    ) -> Result<Vec<PooledEstimate>, EstimatorError> {
        let z = normal::two_sided_quantile(level);
        let one = |row: usize| {
            let (error, target) = (self.errors[row], targets[row]);
            let shrinkage = moments.second / (moments.second + error * error);
            let pooled = target + shrinkage * (self.estimates[row] - target);
            let bias = error * error / moments.second;
            if !bias.is_finite() {
                return Ok(PooledEstimate::missing(Status::NotIdentified));
            }
            let critical = robust_critical_value(bias, moments.kurtosis, level)?;
            let half = critical * shrinkage * error;
            Ok(PooledEstimate {
                target: self.scale * target,
                shrinkage,
                pooled: self.scale * pooled,
                conf_low: self.scale * (pooled - half),
                conf_high: self.scale * (pooled + half),
                normal_half_length: self.scale * z * shrinkage.sqrt() * error,
                status,
                ..PooledEstimate::missing(status)
            })
        };
        (0..self.estimates.len()).into_par_iter().map(one).collect()
    }

    fn rank(
        &self,
        rows: &mut [PooledEstimate],
        options: &PoolOptions,
    ) -> Result<(), EstimatorError> {
        // In the family's own units, in which errors are.
        let known = rows.iter().zip(&self.errors).map(|(row, error)| NormalLaw {
            mean: row.pooled / self.scale,
            variance: row.shrinkage * error * error,
        });
        let known: Vec<NormalLaw> = known.collect();
        let ranks = mean_ranks(&known, options.direction);
        for (row, rank) in rows.iter_mut().zip(ranks) {
            row.mean_rank = rank;
        }
        if let Some(k) = options.best {
            let shares = among_best(&known, k, options.direction)?;
            for (row, share) in rows.iter_mut().zip(shares) {
                row.among_best = share;
            }
        }
        Ok(())
    }
}
