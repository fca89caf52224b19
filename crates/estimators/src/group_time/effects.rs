//! Group-time effects with their joint covariance: rows, band and pre-test. The comparisons they come from are made in `did.rs`.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::estimate::{Counts, Estimate};
use crate::group_time::cell::CohortCell;
use crate::group_time::comparison::{CellFit, CellInfluence};
use crate::group_time::influence::joint;
use crate::group_time::law::{Confidence, Law, LawRow};
use crate::group_time::options::AttGtOptions;
use crate::group_time::resampling::{Numbers, Resampling};
use crate::group_time::sample::{Sample, SampleCounts, side};
use crate::inference::bootstrap::{self, Bootstrap};
use crate::inference::few_clusters::{Interval, Side};
use crate::inference::sup_t::SupT;
use crate::linear_algebra::solve_correlation_checked;
use crate::status::{Status, TOO_FEW_UNITS};

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

/// What [`att_gt`](super::att_gt) found, with all that the aggregates need.
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
    /// Estimates of the rows, and cohort shares.
    pub(crate) numbers: Numbers,
    /// Joint law of the rows, then of the cohort shares.
    pub(crate) law: Law,
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

impl AttGtResult {
    /// The rows of one outcome, with their joint law.
    pub(super) fn of(
        sample: &Sample<'_>,
        cells: &[CohortCell],
        fits: &[CellFit],
        (cohorts, share_weights): &(Vec<CohortShare>, Vec<f64>),
        (options, resampling): (&AttGtOptions, Option<Resampling>),
    ) -> Self {
        let bootstrap = options.bootstrap.map(|n_draws| Bootstrap {
            n_draws,
            seed: options.seed,
        });
        let joint = joint(sample, cells, fits, share_weights, bootstrap);
        let numbers = Numbers {
            estimates: fits.iter().map(|fit| fit.estimate).collect(),
            shares: cohorts.iter().map(|cohort| cohort.share).collect(),
        };
        let mut result = Self {
            rows: Vec::with_capacity(cells.len()),
            sample: sample.counts.clone(),
            pretest: Pretest::NoPreCells,
            band: None,
            periods: sample.periods.clone(),
            cohorts: cohorts.clone(),
            never: side(sample, &sample.never),
            law: Law {
                covariance: joint.covariance,
                draws: joint.draws,
                rounding: sample.rounding_error(),
                resampling,
            },
            numbers,
            options: *options,
        };
        for (cell, fit) in cells.iter().zip(fits) {
            let row = result.row(sample, cell, fit);
            result.rows.push(row);
        }
        // The pre-test reads the errors of the rows and the covariance, and therefore comes last.
        result.set_estimates(false);
        result.law.take_jackknife(&result.numbers);
        result.pretest = result.wald_pretest();
        result
    }

    /// Adds the simultaneous band over all rows with an error; aggregates have their own.
    #[must_use]
    pub fn with_band(mut self) -> Self {
        self.set_estimates(true);
        self
    }

    /// Errors and intervals of the rows, with a band if it is asked for.
    fn set_estimates(&mut self, with_band: bool) {
        let n = self.law.covariance.nrows();
        let Confidence { level, .. } = self.confidence();
        if self.law.resampling.is_none() {
            let law = &self.law;
            for (index, row) in self.rows.iter_mut().enumerate() {
                let std_error = match &law.draws {
                    Some(draws) => bootstrap::std_error(draws.column(index).as_slice()),
                    None => law.covariance[(index, index)].sqrt(),
                };
                let Estimate {
                    estimate, status, ..
                } = row.estimate;
                let error = (std_error, law.rounding);
                let counts = row.estimate.counts();
                row.estimate = Estimate::normal(estimate, error, level, counts, status);
            }
            if with_band {
                let rows = DMatrix::identity(n, self.rows.len());
                self.band = self.law.band_of(&rows, self.confidence());
            }
            if let Some(band) = self.band {
                for row in &mut self.rows {
                    row.estimate.set_band(band.critical_value);
                }
            }
            return;
        }
        let rows = self.rows.iter().enumerate().map(|(index, row)| LawRow {
            estimate: row.estimate.estimate,
            multipliers: DVector::from_fn(n, |k, _| f64::from(u8::from(k == index))),
            counts: row.estimate.counts(),
            status: row.estimate.status,
        });
        let rows: Vec<LawRow> = rows.collect();
        let banded = 0..if with_band { rows.len() } else { 0 };
        let without = |numbers: &Numbers| numbers.estimates.clone();
        let (estimates, band) = self
            .law
            .estimates(&rows, banded, self.confidence(), without);
        for (row, estimate) in self.rows.iter_mut().zip(estimates) {
            row.estimate = estimate;
        }
        self.band = band;
    }

    fn confidence(&self) -> Confidence {
        Confidence {
            level: self.options.level,
            seed: self.options.seed,
        }
    }

    /// The place of a cohort among those of the sample.
    pub(crate) fn cohort_index(&self, label: i32) -> usize {
        self.cohorts.partition_point(|cohort| cohort.label < label)
    }

    /// A row without its error.
    fn row(&self, sample: &Sample<'_>, cell: &CohortCell, fit: &CellFit) -> GroupTime {
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
        GroupTime {
            cohort,
            time,
            event_time: time - cohort,
            estimate: Estimate::without_error(fit.estimate, counts, status),
            n_treated_rows: fit.n_treated_rows,
            n_control_rows: fit.n_control_rows,
            n_trimmed: fit.n_trimmed,
            cutoff: sample.periods[cell.current.max(cell.reference)],
        }
    }

    /// Whether the row is to be read with care.
    fn care(&self, sample: &Sample<'_>, cell: &CohortCell) -> Status {
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
        // Counted once per cohort: comparisons are many, and counting the clusters of a side reads all its units.
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
            self.law.covariance[(pre[a], pre[b])]
        });
        // The analytic covariance also where errors are bootstrapped, as in R `did`: the inverse of a covariance of draws is far
        // noisier than its diagonal. With a singular one R shows no statistic either.
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
