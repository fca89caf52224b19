//! Group-time average treatment effects of Callaway and Sant'Anna: the comparisons, their inference and the pre-test.
//!
//! The choice of units is in `sample.rs`, the estimate of one comparison and the influence functions in `influence.rs`,
//! averages over cohorts and periods in `aggregate.rs`. Formulas and assumptions: see the module documentation above.

mod diagnostics;

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::adjusted_cells::adjusted_cells;
use crate::bootstrap::{self, Bootstrap};
use crate::comparison::{CellFit, CellInfluence};
use crate::estimate::{Counts, Estimate, EstimatorError, Status};
use crate::few_clusters::{Interval, Side};
use crate::influence::joint;
use crate::linear_algebra::solve_correlation_checked;
use crate::panel::{OutcomeTable, Panel};
use crate::sample::{Sample, SampleCounts};
use crate::sup_t::{self, SupT};

/// Cohorts with fewer units than this get the status `too_few`.
pub const TOO_FEW_UNITS: usize = 5;

/// Fewest draws a bootstrap makes sense with.
const FEWEST_DRAWS: u32 = 100;

/// Who the treated are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Units never treated within the data.
    NeverTreated,
    /// Those, and units not yet treated (nor anticipating) in the later of the two periods.
    NotYetTreated,
}

/// How a comparison is adjusted for covariates; without covariates all three are the difference of mean changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Right when either the model of the outcome or that of the probability of treatment is right.
    DoublyRobust,
    /// Comparison units are weighted by their odds of treatment.
    InverseProbability,
    /// The change that comparison units with the same covariates had is subtracted.
    OutcomeRegression,
}

/// Which earlier period a pre-period is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasePeriod {
    /// The previous observed one.
    Varying,
    /// The last one before treatment and anticipation, for all periods.
    Universal,
}

/// Options of [`att_gt`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttGtOptions {
    /// Adjustment for covariates.
    pub method: Method,
    /// Comparison group.
    pub control: Control,
    /// Base of the pre-periods.
    pub base_period: BasePeriod,
    /// Periods before exposure in which units may already react, in units of time.
    pub anticipation: u32,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation and of the bootstrap.
    pub seed: u64,
    /// Draws of the multiplier bootstrap, which then gives errors and bands; `None` = analytic errors and exact bands.
    pub bootstrap: Option<u32>,
}

/// The effect on one cohort in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupTime {
    /// Period of first exposure.
    pub cohort: i32,
    /// Period of the effect.
    pub time: i32,
    /// `time` − `cohort`.
    pub event_time: i32,
    /// The effect; `n_treated` and `n_control` count units.
    pub estimate: Estimate,
    /// Rows of treated units in the comparison (both periods where rows are compared, else the units).
    pub n_treated_rows: u64,
    /// Rows of comparison units.
    pub n_control_rows: u64,
    /// Comparison units (or rows) without weight, for a probability of treatment near one; not in `n_control`.
    pub n_trimmed: u64,
    /// The later of the two periods compared: units exposed by then are no controls.
    pub(crate) cutoff: i32,
}

/// The test that all pre-period effects are zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pretest {
    /// Wald statistic, chi-squared with `df` degrees of freedom.
    Wald {
        /// The statistic.
        statistic: f64,
        /// Pre-period effects tested.
        df: u32,
        /// P(χ² > statistic).
        p_value: f64,
    },
    /// There is no pre-period effect with an error.
    NoPreCells,
    /// The covariance of the pre-period effects is singular, usually because there are few clusters.
    Singular,
}

/// What [`att_gt`] found, with all that the aggregates need.
#[derive(Clone)]
pub struct AttGtResult {
    /// One row per cohort and time, ascending.
    pub rows: Vec<GroupTime>,
    /// What was used and left out.
    pub sample: SampleCounts,
    /// Test of the pre-period effects.
    pub pretest: Pretest,
    /// The simultaneous band over all rows with an error, once [`AttGtResult::with_band`] was called.
    pub band: Option<SupT>,
    /// Observed periods used.
    pub(crate) periods: Vec<i32>,
    /// Treated cohorts with their shares of the (weighted) units, unit and cluster counts.
    pub(crate) cohorts: Vec<CohortShare>,
    pub(crate) never: Side,
    /// Joint covariance of the rows, then of the cohort shares.
    pub(crate) covariance: DMatrix<f64>,
    /// Bootstrap draws of the rows' and shares' deviations.
    pub(crate) draws: Option<DMatrix<f64>>,
    /// Errors up to this size are rounding.
    pub(crate) rounding: f64,
    pub(crate) options: AttGtOptions,
}

/// Shows sizes only.
impl std::fmt::Debug for AttGtResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttGtResult")
            .field("n_rows", &self.rows.len())
            .field("sample", &self.sample)
            .field("pretest", &self.pretest)
            .finish_non_exhaustive()
    }
}

/// A cohort's part of the sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CohortShare {
    pub(crate) label: i32,
    pub(crate) share: f64,
    /// Its units, and their clusters where there are any.
    pub(crate) side: Side,
}

/// One comparison: a cohort in period `current` against its controls, both relative to period `reference`.
pub(crate) struct Cell {
    /// Index among the treated cohorts.
    pub(crate) cohort: usize,
    pub(crate) current: usize,
    pub(crate) reference: usize,
    pub(crate) treated: Range<usize>,
    pub(crate) controls: Vec<Range<usize>>,
}

/// Estimates ATT(g, t) for every cohort and period; the simultaneous band is added by [`AttGtResult::with_band`].
///
/// # Errors
/// [`EstimatorError`] when nothing can be compared; a single comparison without controls is a row with that status.
pub fn att_gt(panel: &Panel, options: &AttGtOptions) -> Result<AttGtResult, EstimatorError> {
    let mut results = att_gt_outcomes(panel, &[], options)?;
    Ok(results.swap_remove(0))
}

/// [`att_gt`] of the panel's own outcome and of `others`. Whatever does not depend on the outcome is worked out once: the units
/// and periods taken, the comparisons, the probabilities of treatment and the products of the covariates.
///
/// # Errors
/// As [`att_gt`].
pub fn att_gt_outcomes(
    panel: &Panel,
    others: &[OutcomeTable],
    options: &AttGtOptions,
) -> Result<Vec<AttGtResult>, EstimatorError> {
    check_level(options.level)?;
    if options
        .bootstrap
        .is_some_and(|n_draws| n_draws < FEWEST_DRAWS)
    {
        return Err(EstimatorError::BadOption {
            option: "bootstrap",
            expected: "100 or more draws",
        });
    }
    let sample = Sample::select(panel, options)?;
    let others = others.iter().map(|other| sample.with_outcome(panel, other));
    let others: Vec<Sample<'_>> = others.collect();
    let samples: Vec<&Sample<'_>> = std::iter::once(&sample).chain(&others).collect();
    let cells = cells(&sample, options);
    let fits = adjusted_cells(&samples, &cells, options.method);
    let shares = shares(&sample)?;
    let fits = samples.into_iter().zip(fits);
    Ok(fits
        .map(|(sample, fits)| AttGtResult::of(sample, &cells, &fits, &shares, options))
        .collect())
}

pub(crate) fn check_level(level: f64) -> Result<(), EstimatorError> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option: "level",
        expected: "between 0 and 1",
    })
}

impl AttGtResult {
    /// The rows of one outcome, with their joint covariance.
    fn of(
        sample: &Sample<'_>,
        cells: &[Cell],
        fits: &[CellFit],
        (cohorts, share_weights): &(Vec<CohortShare>, Vec<f64>),
        options: &AttGtOptions,
    ) -> Self {
        let bootstrap = options.bootstrap.map(|n_draws| Bootstrap {
            n_draws,
            seed: options.seed,
        });
        let law = joint(sample, cells, fits, share_weights, bootstrap);
        let mut result = Self {
            rows: Vec::with_capacity(cells.len()),
            sample: sample.counts.clone(),
            pretest: Pretest::NoPreCells,
            band: None,
            periods: sample.periods.clone(),
            cohorts: cohorts.clone(),
            never: side(sample, &sample.never),
            covariance: law.covariance,
            draws: law.draws,
            rounding: sample.rounding_error(),
            options: *options,
        };
        for (index, (cell, fit)) in cells.iter().zip(fits).enumerate() {
            let row = result.row(sample, cell, fit, index);
            result.rows.push(row);
        }
        result.pretest = result.wald_pretest();
        result
    }

    /// Adds the simultaneous band over all rows with an error; aggregates have their own.
    #[must_use]
    pub fn with_band(mut self) -> Self {
        let rows = DMatrix::identity(self.covariance.nrows(), self.rows.len());
        self.band = self.band_of(&rows, self.options.level, self.options.seed);
        if let Some(band) = self.band {
            for row in &mut self.rows {
                row.estimate.set_band(band.critical_value);
            }
        }
        self
    }

    /// The simultaneous band over linear combinations of rows and shares, which are the columns of `combinations`.
    pub(crate) fn band_of(
        &self,
        combinations: &DMatrix<f64>,
        level: f64,
        seed: u64,
    ) -> Option<SupT> {
        if let Some(draws) = &self.draws {
            return bootstrap::critical_value(&(draws * combinations), level, self.rounding);
        }
        let covariance = combinations.tr_mul(&(&self.covariance * combinations));
        sup_t::critical_value_above(self.rounding, &covariance, level, seed)
    }

    /// The standard error of a linear combination of rows and shares.
    pub(crate) fn std_error_of(&self, combination: &DVector<f64>) -> f64 {
        match &self.draws {
            Some(draws) => bootstrap::std_error((draws * combination).as_slice()),
            None => {
                let variance = combination.dot(&(&self.covariance * combination));
                variance.max(0.0).sqrt()
            }
        }
    }

    fn row(&self, sample: &Sample<'_>, cell: &Cell, fit: &CellFit, index: usize) -> GroupTime {
        let (cohort, time) = (sample.cohorts[cell.cohort].0, sample.periods[cell.current]);
        let counts = Counts {
            n_treated: fit.n_treated,
            n_control: fit.n_control,
            n_units: self.sample.n_units,
            n_clusters: self.sample.n_clusters,
        };
        let status = match fit.influence {
            CellInfluence::Missing(status) => status,
            CellInfluence::Zero => Status::BasePeriod,
            _ => match self.care(sample, cell) {
                Status::Ok if fit.n_trimmed > 0 => Status::Trimmed,
                care => care,
            },
        };
        let std_error = match &self.draws {
            Some(draws) => bootstrap::std_error(draws.column(index).as_slice()),
            None => self.covariance[(index, index)].sqrt(),
        };
        GroupTime {
            cohort,
            time,
            event_time: time - cohort,
            estimate: Estimate::normal(
                fit.estimate,
                (std_error, self.rounding),
                self.options.level,
                counts,
                status,
            ),
            n_treated_rows: fit.n_treated_rows,
            n_control_rows: fit.n_control_rows,
            n_trimmed: fit.n_trimmed,
            cutoff: sample.periods[cell.current.max(cell.reference)],
        }
    }

    /// Whether the row is to be read with care.
    fn care(&self, sample: &Sample<'_>, cell: &Cell) -> Status {
        let treated = self.cohorts[cell.cohort].side;
        if treated.n_units < TOO_FEW_UNITS as u64 {
            return Status::TooFew;
        }
        if sample.clusters.is_some() {
            let sides = cell
                .controls
                .iter()
                .map(|units| self.side_of(sample, units));
            let control = sides.fold(Side::EMPTY, Side::plus);
            if Interval::Normal.has_few(treated, control) {
                return Status::FewClusters;
            }
        }
        Status::Ok
    }

    /// The side that a whole cohort, or the never treated, make.
    fn side_of(&self, sample: &Sample<'_>, units: &Range<usize>) -> Side {
        let cohort = sample.cohorts.iter().position(|(_, own)| own == units);
        cohort.map_or(self.never, |cohort| self.cohorts[cohort].side)
    }

    /// Wald test over the rows before exposure that have an error.
    fn wald_pretest(&self) -> Pretest {
        let pre: Vec<usize> = (0..self.rows.len())
            .filter(|&k| self.rows[k].event_time < 0 && self.rows[k].estimate.std_error.is_finite())
            .collect();
        if pre.is_empty() {
            return Pretest::NoPreCells;
        }
        let effects = DVector::from_fn(pre.len(), |k, _| self.rows[pre[k]].estimate.estimate);
        let covariance = DMatrix::from_fn(pre.len(), pre.len(), |a, b| {
            self.covariance[(pre[a], pre[b])]
        });
        let Some(solved) = solve_correlation_checked(&covariance, &effects) else {
            return Pretest::Singular;
        };
        let statistic = effects.dot(&solved);
        let df = pre.len() as u32;
        let p_value = ChiSquared::new(f64::from(df)).map_or(f64::NAN, |law| law.sf(statistic));
        Pretest::Wald {
            statistic,
            df,
            p_value,
        }
    }
}

/// All comparisons, by cohort and period.
fn cells(sample: &Sample<'_>, options: &AttGtOptions) -> Vec<Cell> {
    let mut cells = Vec::new();
    let anticipation = i64::from(options.anticipation);
    for (cohort, (label, treated)) in sample.cohorts.iter().enumerate() {
        let start = i64::from(*label);
        let before = |&period: &i32| i64::from(period) + anticipation < start;
        // At least one: cohorts treated by the first period are not in the sample.
        let base = sample.periods.partition_point(before) - 1;
        for (current, &period) in sample.periods.iter().enumerate() {
            let pre = i64::from(period) < start;
            let reference = match options.base_period {
                BasePeriod::Varying if pre && current == 0 => continue,
                BasePeriod::Varying if pre => current - 1,
                _ => base,
            };
            let cutoff = i64::from(sample.periods[current.max(reference)]) + anticipation;
            let controls = controls(sample, cohort, cutoff, options.control);
            cells.push(Cell {
                cohort,
                current,
                reference,
                treated: treated.clone(),
                controls,
            });
        }
    }
    cells
}

/// The comparison units of a cohort: never treated, and on request those treated after `cutoff`.
fn controls(
    sample: &Sample<'_>,
    cohort: usize,
    cutoff: i64,
    control: Control,
) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    if control == Control::NotYetTreated {
        let later = sample.cohorts.iter().enumerate();
        ranges.extend(
            later
                .filter(|&(index, &(label, _))| index != cohort && i64::from(label) > cutoff)
                .map(|(_, (_, units))| units.clone()),
        );
    }
    if !sample.never.is_empty() {
        ranges.push(sample.never.clone());
    }
    ranges
}

/// Cohort shares p_g = mean of ω·1{G = g}, and the weights ω relative to their mean.
fn shares(sample: &Sample<'_>) -> Result<(Vec<CohortShare>, Vec<f64>), EstimatorError> {
    let mut weights = sample.share_weights();
    let mean = weights.iter().sum::<f64>() / sample.n_units as f64;
    if mean <= 0.0 {
        return Err(EstimatorError::ZeroWeights);
    }
    for weight in &mut weights {
        *weight /= mean;
    }
    let cohorts = sample
        .cohorts
        .iter()
        .map(|(label, units)| CohortShare {
            label: *label,
            share: weights[units.clone()].iter().sum::<f64>() / sample.n_units as f64,
            side: side(sample, units),
        })
        .collect();
    Ok((cohorts, weights))
}

/// Some units and their clusters; without clusters each unit is its own.
fn side(sample: &Sample<'_>, units: &Range<usize>) -> Side {
    let Some(clusters) = &sample.clusters else {
        let n_units = units.len() as u64;
        return Side {
            n_units,
            squares: n_units as f64,
        };
    };
    let (mut side, mut counts) = (Side::EMPTY, vec![0_u64; sample.n_clusters]);
    for &cluster in &clusters[units.clone()] {
        counts[cluster as usize] += 1;
    }
    for n_units in counts {
        side.add_cluster(n_units);
    }
    side
}
