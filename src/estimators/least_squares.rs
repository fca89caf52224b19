//! (Weighted) least squares with absorbed fixed effects and instruments.
//!
//! Columns are centred (or demeaned by the fixed effects) before the normal equations are formed, so that large means cost no
//! digits; the intercept is put back by a linear map afterwards. The formula is read in `formula.rs`, rows and columns are made
//! in `design.rs`, errors come from `covariance.rs`, tests of instruments from `instruments.rs`.

mod fit;

mod instruments;

use nalgebra::DMatrix;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::estimators::covariance::{FixedEffectCount, Scores, SmallSample, Vcov};
use crate::estimators::design::Design;
use crate::estimators::did::{FEW_CLUSTERS_IN_ALL, check_level};
use crate::estimators::estimate::{EstimatorError, Status};
use crate::estimators::formula::Formula;
use crate::estimators::linear_algebra::dot;
use crate::estimators::normal;
use crate::estimators::regression_data::RegressionData;
use crate::estimators::sup_t::{self, SupT};

pub use instruments::{FTest, InstrumentTests};

/// Rows alone in a level of a fixed effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Singletons {
    /// Kept, as in `fixest` 0.12: coefficients stay, n and K count them.
    Keep,
    /// Dropped in one pass.
    DropOnce,
    /// Dropped until none is left.
    DropAll,
}

/// The distribution p-values and intervals come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// t with the degrees of freedom of the covariance matrix.
    StudentT,
    /// Standard normal.
    Normal,
}

/// Options of [`ols`].
#[derive(Debug, Clone, PartialEq)]
pub struct OlsOptions {
    /// Covariance matrix.
    pub vcov: Vcov,
    /// Its small-sample factors.
    pub small_sample: SmallSample,
    /// What happens to singletons.
    pub singletons: Singletons,
    /// Distribution for p-values and intervals.
    pub reference: Reference,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
}

/// One coefficient. Numbers that do not exist are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// Name of the column, as in R: `(Intercept)`, `x1`, `event_time::-2`, `factor(region)3`, `regionnorth`, `a:b`.
    pub term: String,
    /// Point estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Estimate over standard error.
    pub statistic: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Lower end of the interval.
    pub conf_low: f64,
    /// Upper end of the interval.
    pub conf_high: f64,
    /// Lower end of the simultaneous band over all coefficients but the intercept.
    pub band_low: f64,
    /// Upper end of the band.
    pub band_high: f64,
    /// `ok`, `collinear`, `few_clusters` or `no_variance`.
    pub status: Status,
}

/// What [`ols`] found.
#[derive(Debug, Clone)]
pub struct OlsResult {
    /// Endogenous columns first, then the intercept and the others in the order of the formula.
    pub rows: Vec<Coefficient>,
    /// Rows used.
    pub n_obs: u64,
    /// Degrees of freedom of the t distribution.
    pub df: f64,
    /// K of the small-sample factor.
    pub n_counted: u64,
    /// Smallest number of clusters; `None` without clustering.
    pub n_clusters: Option<u64>,
    /// Rows handed over.
    pub n_rows_in: u64,
    /// Rows left out for a missing value.
    pub n_missing_rows: u64,
    /// Rows left out for a weight of zero.
    pub n_zero_weight_rows: u64,
    /// Rows left out as singletons.
    pub n_singleton_rows: u64,
    /// Columns left out as collinear, instruments included.
    pub n_collinear: u64,
    /// 1 − Σωe² / Σω(y − ȳ)².
    pub r2: f64,
    /// R² with (n − 1)/(n − K), K counting all fixed effects.
    pub adjusted_r2: f64,
    /// R² of the demeaned outcome; NaN without fixed effects.
    pub within_r2: f64,
    /// √(Σωe²/n).
    pub rmse: f64,
    /// Tests of the instruments.
    pub instruments: Option<InstrumentTests>,
    /// The band's critical value.
    pub band: Option<SupT>,
}

/// Fits a formula.
///
/// # Errors
/// [`EstimatorError`], naming columns; a collinear column is no error but a row with that status.
pub fn ols(
    formula: &Formula,
    data: &RegressionData,
    options: &OlsOptions,
) -> Result<OlsResult, EstimatorError> {
    check_level(options.level)?;
    let columns = options.vcov.columns();
    let design = Design::build(formula, data, &columns, options.singletons)?;
    let has_instruments = formula.has_instruments();
    if has_instruments && matches!(options.vcov, Vcov::Hc2 | Vcov::Hc3) {
        let expected = "iid, hc0, hc1 or cluster(…) with instruments";
        return Err(EstimatorError::BadOption {
            option: "vcov",
            expected,
        });
    }
    let intercept = formula.intercept && design.fixed_effects.is_empty();
    let model = fit::Model::fit(design, intercept)?;
    let columns: Vec<&[f64]> = model.columns.iter().map(Vec::as_slice).collect();
    let scores = model.scores(&columns);
    let covariance = scores.covariance(&options.vcov, &options.small_sample)?;
    let back = model.back_transformation();
    let matrix = &back * &covariance.matrix * back.transpose();
    let estimates = &back * &model.coefficients;
    let full_count = scores.count(&Vcov::Iid, FixedEffectCount::Full);
    let instruments = has_instruments
        .then(|| instruments::tests(&model, &options.vcov, &options.small_sample))
        .transpose()?;
    let n_clusters = model
        .design
        .clusters
        .iter()
        .map(|groups| groups.n_groups as u64)
        .min();
    let band = band(&model.names, &matrix, options);
    let inference = Inference {
        covariance: &matrix,
        df: covariance.df,
        options,
        band: band.map(|band| band.critical_value),
        status: match n_clusters {
            Some(n) if n < FEW_CLUSTERS_IN_ALL as u64 => Status::FewClusters,
            _ => Status::Ok,
        },
    };
    let rows = inference.rows(&model, estimates.as_slice());
    let fit = model.quality(full_count);
    Ok(OlsResult {
        rows,
        n_obs: model.design.n_obs() as u64,
        df: covariance.df,
        n_counted: covariance.n_counted,
        n_clusters,
        n_rows_in: model.design.n_rows_in,
        n_missing_rows: model.design.n_missing_rows,
        n_zero_weight_rows: model.design.n_zero_weight_rows,
        n_singleton_rows: model.design.n_singleton_rows,
        n_collinear: model.n_collinear,
        r2: fit.r2,
        adjusted_r2: fit.adjusted_r2,
        within_r2: fit.within_r2,
        rmse: fit.rmse,
        instruments,
        band,
    })
}

/// Most coefficients a band is computed for.
const BAND_LIMIT: usize = 200;

/// The band over all coefficients but the intercept.
fn band(names: &[String], covariance: &DMatrix<f64>, options: &OlsOptions) -> Option<SupT> {
    let shown: Vec<usize> = (0..names.len())
        .filter(|&k| names[k] != fit::INTERCEPT)
        .collect();
    if shown.is_empty() || shown.len() > BAND_LIMIT {
        return None;
    }
    let own = DMatrix::from_fn(shown.len(), shown.len(), |a, b| {
        covariance[(shown[a], shown[b])]
    });
    sup_t::critical_value(&own, options.level, options.seed)
}

/// From estimates to rows.
struct Inference<'a> {
    covariance: &'a DMatrix<f64>,
    df: f64,
    options: &'a OlsOptions,
    band: Option<f64>,
    status: Status,
}

impl Inference<'_> {
    fn rows(&self, model: &fit::Model, estimates: &[f64]) -> Vec<Coefficient> {
        let mut next = 0..estimates.len();
        let estimated = model.all_names.iter().map(|(name, kept)| {
            let index = if *kept { next.next() } else { None };
            match index {
                Some(k) => self.row(name, estimates[k], self.covariance[(k, k)].sqrt()),
                None => self.row(name, f64::NAN, f64::NAN),
            }
        });
        estimated.collect()
    }

    fn row(&self, term: &str, estimate: f64, std_error: f64) -> Coefficient {
        let std_error = if std_error > 0.0 { std_error } else { f64::NAN };
        let statistic = estimate / std_error;
        let (p_value, quantile) = self.p_and_quantile(statistic);
        // The band is normal; with few clusters it must still not be narrower than the interval.
        let critical = match self.band {
            Some(band) if term != fit::INTERCEPT => band.max(quantile),
            _ => f64::NAN,
        };
        let status = if estimate.is_nan() {
            Status::Collinear
        } else if std_error.is_nan() {
            Status::NoVariance
        } else {
            self.status
        };
        Coefficient {
            term: term.to_owned(),
            estimate,
            std_error,
            statistic,
            p_value,
            conf_low: estimate - quantile * std_error,
            conf_high: estimate + quantile * std_error,
            band_low: estimate - critical * std_error,
            band_high: estimate + critical * std_error,
            status,
        }
    }

    fn p_and_quantile(&self, statistic: f64) -> (f64, f64) {
        let two_sided = 0.5 + 0.5 * self.options.level;
        match (self.options.reference, StudentsT::new(0.0, 1.0, self.df)) {
            (Reference::StudentT, Ok(law)) => {
                let p_value = if statistic.is_nan() {
                    f64::NAN
                } else {
                    2.0 * law.sf(statistic.abs())
                };
                (p_value, law.inverse_cdf(two_sided))
            }
            _ => (
                normal::two_sided_p(statistic),
                normal::two_sided_quantile(self.options.level),
            ),
        }
    }
}

/// How well the model fits.
struct Quality {
    r2: f64,
    adjusted_r2: f64,
    within_r2: f64,
    rmse: f64,
}

impl fit::Model {
    fn scores<'a>(&'a self, columns: &'a [&'a [f64]]) -> Scores<'a> {
        Scores {
            columns,
            residuals: &self.residuals,
            weights: self.design.weights.as_deref(),
            inverse: &self.inverse,
            fixed_effects: &self.design.fixed_effects,
            clusters: &self.design.clusters,
        }
    }

    fn quality(&self, n_counted: u64) -> Quality {
        let n = self.design.n_obs() as f64;
        let weights = self.design.weights.as_deref();
        let squares = dot(&self.residuals, &self.residuals, weights);
        let r2 = 1.0 - squares / self.total_squares;
        let within_r2 = if self.design.fixed_effects.is_empty() {
            f64::NAN
        } else {
            1.0 - squares / dot(&self.design.outcome, &self.design.outcome, weights)
        };
        Quality {
            r2,
            adjusted_r2: 1.0 - (1.0 - r2) * (n - 1.0) / (n - n_counted as f64),
            within_r2,
            rmse: (squares / n).sqrt(),
        }
    }
}
