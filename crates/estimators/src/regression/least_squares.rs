//! From a formula and data to coefficients with intervals, bands and statuses.
//!
//! Rows and columns are made in `design/`, fixed effects are absorbed in `within/`, coefficients come from `fit.rs`, errors from
//! `covariance/`, tests of instruments from `instruments.rs`.

use nalgebra::DMatrix;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::error::EstimatorError;
use crate::estimate::check_level;
use crate::inference::few_clusters::{Interval, has_few_degrees};
use crate::inference::normal;
use crate::inference::student::student_band;
use crate::inference::sup_t::{self, SupT};
use crate::regression::clusters::wild::{WildDraws, WildTest};
use crate::regression::covariance::scores::{Counting, Scores};
use crate::regression::covariance::small_sample::FixedEffectCount;
use crate::regression::covariance::vcov::Vcov;
use crate::regression::data::RegressionData;
use crate::regression::design::block::Effect;
use crate::regression::design::build::Design;
use crate::regression::design::rows::RowCounts;
use crate::regression::errors::Errors;
use crate::regression::fit::{DroppedColumn, Model};
use crate::regression::formula::syntax::Formula;
use crate::regression::instruments::{self, InstrumentTests};
use crate::regression::options::{OlsOptions, Reference};
use crate::regression::products::{DIRECT_LEVELS, LEVERAGE_LEVELS};
use crate::status::Status;

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
    /// Clusters that the coefficient rests on (see [`crate::inference`]); NaN without clusters.
    pub effective_clusters: f64,
    /// Degrees of freedom of its t distribution.
    pub df: f64,
    /// The wild cluster bootstrap, where asked for; [`None`] for a column without a coefficient.
    pub wild: Option<WildTest>,
    /// `ok`, `collinear`, `absorbed`, `constant`, `few_clusters`, `conservative`, `no_variance` or, where errors leave out clusters and some
    /// cluster alone determines the coefficient, `not_identified`.
    pub status: Status,
}

/// What [`ols`] found.
#[derive(Debug, Clone)]
pub struct OlsResult {
    /// Endogenous columns first, then the intercept and the others in the order of the formula.
    pub rows: Vec<Coefficient>,
    /// Covariance matrix of the rows that have an estimate, in their order.
    pub covariance: DMatrix<f64>,
    /// Rows used.
    pub n_obs: u64,
    /// Degrees of freedom of the t distribution; with CR2, whose coefficients have their own, clusters less one.
    pub df: f64,
    /// K of the small-sample factor.
    pub n_counted: u64,
    /// Smallest number of clusters; `None` without clustering.
    pub n_clusters: Option<u64>,
    /// What became of the rows.
    pub counts: RowCounts,
    /// Columns without a coefficient, unusable instruments included.
    pub dropped: Vec<DroppedColumn>,
    /// Name and levels of each fixed effect, the one with the most levels first.
    pub fixed_effects: Vec<(String, u64)>,
    /// Connected components of each fixed effect after the first with an earlier one; empty when not worked out.
    pub components: Vec<u64>,
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
    /// The draws of the wild cluster bootstrap.
    pub wild: Option<WildDraws>,
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
    let components = options.small_sample.fixed_effects == FixedEffectCount::Components;
    let effort = Effort {
        components,
        ..Effort::COEFFICIENTS
    };
    fit_with(formula, data, options, effort)
}

/// What to work out, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Connected components of the fixed effects.
    pub(crate) components: bool,
    /// Tests of the instruments.
    pub(crate) tests: bool,
    /// Levels of further fixed effects up to which they are solved for directly.
    pub(crate) direct_levels: usize,
}

impl Effort {
    /// What coefficients and errors need.
    pub(crate) const COEFFICIENTS: Self = Self {
        components: false,
        tests: false,
        direct_levels: DIRECT_LEVELS,
    };
}

pub(crate) fn fit_with(
    formula: &Formula,
    data: &RegressionData,
    options: &OlsOptions,
    effort: Effort,
) -> Result<OlsResult, EstimatorError> {
    check_options(formula, options)?;
    let columns = options.vcov.columns();
    let design = Design::build(formula, data, &columns, options.singletons)?;
    let components = if effort.components {
        components(&design.effects)
    } else {
        Vec::new()
    };
    let direct_levels = direct_levels(&design, options, effort)?;
    // Fixed effects hold a constant already.
    let intercept = formula.intercept && design.effects.is_empty();
    let model = Model::fit(design, intercept, direct_levels)?;
    let redundant = effort.components.then(|| components.iter().sum());
    let counting = Counting {
        redundant,
        rank: model.rank,
    };
    let scores = Scores {
        products: &model.products,
        residuals: &model.residuals,
        transformation: &model.transformation,
        inverse: &model.inverse,
        effects: &model.effects,
        clusters: &model.clusters,
        counting: &counting,
    };
    let back = model.back_transformation();
    let errors = Errors::new(&model, &scores, &back, options)?;
    let instruments = (effort.tests && !model.endogenous.is_empty())
        .then(|| instruments::tests(&model, &scores, &options.vcov, &options.small_sample))
        .transpose()?;
    let n_clusters = model.clusters.iter().map(|g| g.n_groups as u64).min();
    let is_perfect = model.is_perfect();
    let band = band(&errors.matrix, model.intercept(), options).filter(|_| !is_perfect);
    let inference = Inference {
        errors: &errors,
        options,
        band: band.map(|band| band.critical_value),
        n_clusters,
        effective_clusters: scores.effective_clusters(&back),
        is_perfect,
    };
    let full_count = scores.count(&Vcov::Iid, FixedEffectCount::Full);
    let fit = model.quality(full_count);
    let levels = |e: &Effect| (e.name.clone(), e.groups.n_groups as u64);
    Ok(OlsResult {
        rows: inference.rows(&model),
        covariance: errors.matrix.clone(),
        n_obs: model.counts.n_obs,
        df: errors.df,
        n_counted: errors.n_counted,
        n_clusters,
        counts: model.counts,
        fixed_effects: model.effects.iter().map(levels).collect(),
        components,
        r2: fit.r2,
        adjusted_r2: fit.adjusted_r2,
        within_r2: fit.within_r2,
        rmse: fit.rmse,
        instruments,
        band,
        wild: errors.wild.map(|(draws, _)| draws),
        dropped: model.dropped,
    })
}

/// Levels of further fixed effects that are solved for directly: more where leverages are needed.
fn direct_levels(
    design: &Design,
    options: &OlsOptions,
    effort: Effort,
) -> Result<usize, EstimatorError> {
    if options.vcov.needs_leverages() || options.vcov.is_for_few() || options.wild.is_some() {
        refuse_leverages(&design.effects, options)?;
        return Ok(LEVERAGE_LEVELS);
    }
    Ok(effort.direct_levels)
}

/// Draws of the wild cluster bootstrap.
const MIN_DRAWS: u32 = 100;
const MAX_DRAWS: u32 = 100_000;

/// What can be refused without looking at the data.
fn check_options(formula: &Formula, options: &OlsOptions) -> Result<(), EstimatorError> {
    check_level(options.level)?;
    let refused = |option, expected| Err(EstimatorError::BadOption { option, expected });
    let is_plain = !options.vcov.needs_leverages() && !options.vcov.is_for_few();
    if formula.has_instruments() && !is_plain {
        return refused("vcov", "iid, hc0, hc1 or cluster(…) with instruments");
    }
    if options.reference == Reference::Satterthwaite && !options.vcov.is_for_few() {
        return refused("reference", "'t' or 'normal' but with cr2(a) or cr3(a)");
    }
    let Some(wild) = options.wild else {
        return Ok(());
    };
    if formula.has_instruments() {
        return refused("wild", "left out with instruments");
    }
    if options.vcov.columns().len() != 1 {
        return refused("vcov", "cluster(a), cr2(a) or cr3(a) with wild");
    }
    if !(MIN_DRAWS..=MAX_DRAWS).contains(&wild.n_draws) {
        return refused("wild", "between 100 and 100000 draws");
    }
    Ok(())
}

/// Per fixed effect after the first, its connected components with the earlier one that has the most.
fn components(effects: &[Effect]) -> Vec<u64> {
    let most = |(later, effect): (usize, &Effect)| {
        let earlier = effects[..later].iter();
        let components = earlier.map(|other| other.groups.components(&effect.groups));
        components.max().unwrap_or(1)
    };
    effects.iter().enumerate().skip(1).map(most).collect()
}

/// Refuses before the work is done.
fn refuse_leverages(effects: &[Effect], options: &OlsOptions) -> Result<(), EstimatorError> {
    let further = effects.iter().skip(1);
    let n_levels: u64 = further.map(|effect| effect.groups.n_groups as u64).sum();
    let limit = LEVERAGE_LEVELS as u64;
    if n_levels <= limit {
        return Ok(());
    }
    if options.wild.is_some() {
        return Err(EstimatorError::TooMany {
            what: "levels of the fixed effects after the largest for wild",
            found: n_levels,
            limit,
        });
    }
    Err(EstimatorError::LeverageWithFixedEffects {
        vcov: options.vcov.name(),
        n_levels,
        limit,
    })
}

/// Most coefficients a band is computed for.
// The draws have a fixed budget: over more coefficients they are too few.
const BAND_LIMIT: usize = 200;

/// The band over all coefficients but the intercept.
fn band(covariance: &DMatrix<f64>, intercept: Option<usize>, options: &OlsOptions) -> Option<SupT> {
    let shown: Vec<usize> = (0..covariance.nrows())
        .filter(|&k| Some(k) != intercept)
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
    errors: &'a Errors,
    options: &'a OlsOptions,
    band: Option<f64>,
    n_clusters: Option<u64>,
    effective_clusters: Option<Vec<f64>>,
    /// The residuals are rounding: there is no error.
    is_perfect: bool,
}

impl Inference<'_> {
    fn rows(&self, model: &Model) -> Vec<Coefficient> {
        let estimates = model.estimates();
        let (df, own_df) = (self.errors.df, self.errors.own_df.as_ref());
        let row = |(term, place): &(String, Option<usize>)| match *place {
            Some(k) => {
                let band = self.band.filter(|_| Some(k) != model.intercept());
                // Two-way clustering can give a negative variance: its root is NaN, and the row loses its error, not its estimate.
                let std_error = self.errors.matrix[(k, k)].sqrt();
                let df = own_df.map_or(df, |own| own[k]);
                let mut row = self.row(term, (estimates[k], std_error), df, band);
                row.wild = self.wild(k);
                self.with_clusters(row, k)
            }
            None => {
                let df = own_df.map_or(df, |_| f64::NAN);
                let mut row = self.row(term, (f64::NAN, f64::NAN), df, None);
                // A column of the same name may be dropped among the instruments, for another reason.
                let mut dropped = model.dropped.iter().filter(|column| !column.is_instrument);
                let dropped = dropped.find(|column| column.term == *term);
                row.status = dropped.map_or(Status::Collinear, |column| column.status);
                row
            }
        };
        model.terms.iter().map(row).collect()
    }

    /// Says how many clusters the coefficient rests on, and whether they are few.
    fn with_clusters(&self, mut row: Coefficient, k: usize) -> Coefficient {
        let Some(n_clusters) = self.n_clusters else {
            return row;
        };
        let effective = self.effective_clusters.as_ref();
        row.effective_clusters = effective.map_or(f64::NAN, |all| all[k]);
        let number = effective.map_or(n_clusters as f64, |all| all[k]);
        let few = |is_few| {
            if is_few {
                Status::FewClusters
            } else {
                Status::Ok
            }
        };
        let care = match (&self.options.vcov, &self.errors.laws) {
            (Vcov::Cr2(_), _) => few(has_few_degrees(row.df)),
            (Vcov::Cr3(_), Some(laws)) => laws[k].status(),
            (Vcov::Cr3(_), None) => few(Interval::Jackknife(n_clusters).is_unreliable(number)),
            _ => few(Interval::Student(n_clusters).is_unreliable(number)),
        };
        if self.errors.hangs_on_one[k] && !self.is_perfect {
            row.status = Status::NotIdentified;
        } else if row.status == Status::Ok {
            row.status = care;
        }
        row
    }

    fn wild(&self, k: usize) -> Option<WildTest> {
        let (_, tests) = self.errors.wild.as_ref()?;
        // Of residuals that are rounding nothing can be drawn.
        Some(if self.is_perfect {
            WildTest::NOTHING
        } else {
            tests[k]
        })
    }

    fn row(
        &self,
        term: &str,
        (estimate, std_error): (f64, f64),
        df: f64,
        band: Option<f64>,
    ) -> Coefficient {
        // Also false for NaN, the root of a negative variance.
        let has_error = std_error > 0.0 && !self.is_perfect;
        let std_error = if has_error { std_error } else { f64::NAN };
        let statistic = estimate / std_error;
        let (p_value, quantile) = self.p_and_quantile(statistic, df);
        let critical = band.map_or(f64::NAN, |band| match self.options.reference {
            Reference::StudentT | Reference::Satterthwaite => student_band(band, df, quantile),
            Reference::Normal => band,
        });
        let status = if std_error.is_nan() {
            Status::NoVariance
        } else {
            Status::Ok
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
            effective_clusters: f64::NAN,
            df,
            wild: None,
            status,
        }
    }

    fn p_and_quantile(&self, statistic: f64, df: f64) -> (f64, f64) {
        let two_sided = 0.5 + 0.5 * self.options.level;
        match (self.options.reference, StudentsT::new(0.0, 1.0, df)) {
            (Reference::StudentT | Reference::Satterthwaite, Ok(law)) => {
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

impl Model {
    /// Whether nothing but rounding is left of the outcome.
    fn is_perfect(&self) -> bool {
        let largest = self
            .residuals
            .iter()
            .fold(0.0_f64, |most, e| most.max(e.abs()));
        largest <= self.rounding
    }

    fn quality(&self, n_counted: u64) -> Quality {
        let n = self.residuals.len() as f64;
        let squares = self.products.within.dot(&self.residuals, &self.residuals);
        let r2 = 1.0 - squares / self.total_squares;
        let within_r2 = if self.effects.is_empty() {
            f64::NAN
        } else {
            1.0 - squares / self.within_squares
        };
        Quality {
            r2,
            adjusted_r2: 1.0 - (1.0 - r2) * (n - 1.0) / (n - n_counted as f64),
            within_r2,
            rmse: (squares / n).sqrt(),
        }
    }
}
