//! The joint law of comparisons and cohort shares, and what it says about linear combinations of them: errors, intervals, bands.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use crate::estimate::{BootstrapDraws, Counts, Estimate, bootstrap as bootstrap_of_t};
use crate::group_time::resampling::{JackknifeLayout, Numbers, Resampling};
use crate::inference::bootstrap;
use crate::inference::jackknife::{self, JackknifeLaw};
use crate::inference::student::{student_band, student_quantile};
use crate::inference::sup_t::{self, SupT};
use crate::status::Status;

/// The joint law of the comparisons, then of the cohort shares.
#[derive(Clone)]
pub(crate) struct Law {
    pub(crate) covariance: DMatrix<f64>,
    /// Draws of their deviations, one row each, by the bootstrap that gives errors.
    pub(crate) draws: Option<DMatrix<f64>>,
    /// What replaces the covariance.
    pub(crate) resampling: Option<Resampling>,
    /// Errors up to this size are rounding.
    pub(crate) rounding: f64,
}

/// A linear combination of comparisons and shares, without its error.
pub(crate) struct LawRow {
    pub(crate) estimate: f64,
    pub(crate) multipliers: DVector<f64>,
    pub(crate) counts: Counts,
    /// Without the doubts about errors by cluster that depend on how these are made.
    pub(crate) status: Status,
}

/// Level and seed of intervals and bands.
#[derive(Clone, Copy)]
pub(crate) struct Confidence {
    pub(crate) level: f64,
    pub(crate) seed: u64,
}

impl Law {
    /// The standard error of a combination, where it is not resampled.
    pub(crate) fn std_error_of(&self, combination: &DVector<f64>) -> f64 {
        match &self.draws {
            Some(draws) => bootstrap::std_error((draws * combination).as_slice()),
            None => {
                // Rounding can leave a quadratic form that is zero a little below it.
                let variance = combination.dot(&(&self.covariance * combination));
                variance.max(0.0).sqrt()
            }
        }
    }

    /// The simultaneous band over the columns of `combinations`, where they are not resampled.
    pub(crate) fn band_of(
        &self,
        combinations: &DMatrix<f64>,
        confidence: Confidence,
    ) -> Option<SupT> {
        if let Some(draws) = &self.draws {
            return bootstrap::critical_value(
                &(draws * combinations),
                confidence.level,
                self.rounding,
            );
        }
        let covariance = combinations.tr_mul(&(&self.covariance * combinations));
        sup_t::critical_value_above(
            self.rounding,
            &covariance,
            confidence.level,
            confidence.seed,
        )
    }

    /// Takes the covariance of the jackknife, where there is one, for the one at hand: NaN where a number does not exist without some
    /// cluster.
    pub(crate) fn take_jackknife(&mut self, numbers: &Numbers) {
        let Some(Resampling::Jackknife { without, .. }) = &self.resampling else {
            return;
        };
        let all = |numbers: &Numbers| [numbers.estimates.as_slice(), &numbers.shares].concat();
        let own = all(numbers);
        let mut changes = DMatrix::zeros(without.len(), own.len());
        for (cluster, numbers) in without.iter().enumerate() {
            for (index, (value, own)) in all(numbers).iter().zip(&own).enumerate() {
                changes[(cluster, index)] = value - own;
            }
        }
        self.covariance = jackknife::covariance(&changes);
    }

    /// The estimates of rows with a band over those of them that are `banded`; `without` has what the rows are of the numbers without
    /// a cluster.
    pub(crate) fn estimates(
        &self,
        rows: &[LawRow],
        banded: Range<usize>,
        confidence: Confidence,
        without: impl Fn(&Numbers) -> Vec<f64>,
    ) -> (Vec<Estimate>, Option<SupT>) {
        let resampled = match &self.resampling {
            None => return self.analytic(rows, banded, confidence),
            Some(resampling) => resampling,
        };
        match resampled {
            Resampling::Jackknife {
                without: numbers,
                layout,
            } => {
                let n_clusters = numbers.len();
                let mut changes = DMatrix::zeros(n_clusters, rows.len());
                for (cluster, numbers) in numbers.iter().enumerate() {
                    for (index, (value, row)) in without(numbers).iter().zip(rows).enumerate() {
                        changes[(cluster, index)] = value - row.estimate;
                    }
                }
                self.jackknifed(rows, banded, confidence, (&changes, layout))
            }
            Resampling::Bootstrap {
                contributions,
                n_draws,
            } => {
                let columns: Vec<DVector<f64>> =
                    rows.iter().map(|row| row.multipliers.clone()).collect();
                // `from_columns` panics without a column.
                let own = match columns.is_empty() {
                    true => DMatrix::zeros(contributions.nrows(), 0),
                    false => contributions * DMatrix::from_columns(&columns),
                };
                self.bootstrapped(rows, banded, confidence, (&own, *n_draws))
            }
        }
    }

    fn analytic(
        &self,
        rows: &[LawRow],
        banded: Range<usize>,
        confidence: Confidence,
    ) -> (Vec<Estimate>, Option<SupT>) {
        let mut estimates: Vec<Estimate> = rows
            .iter()
            .map(|row| {
                let error = (self.std_error_of(&row.multipliers), self.rounding);
                Estimate::normal(
                    row.estimate,
                    error,
                    confidence.level,
                    row.counts,
                    row.status,
                )
            })
            .collect();
        if banded.is_empty() {
            return (estimates, None);
        }
        let own = &rows[banded.clone()];
        let n = self.covariance.nrows();
        let multipliers = DMatrix::from_fn(n, own.len(), |row, part| own[part].multipliers[row]);
        let band = self.band_of(&multipliers, confidence);
        if let Some(band) = band {
            for estimate in &mut estimates[banded] {
                estimate.set_band(band.critical_value);
            }
        }
        (estimates, band)
    }

    /// Rows whose estimates move by `changes` (cluster × row) when a cluster is left out.
    fn jackknifed(
        &self,
        rows: &[LawRow],
        banded: Range<usize>,
        confidence: Confidence,
        (changes, layout): (&DMatrix<f64>, &JackknifeLayout),
    ) -> (Vec<Estimate>, Option<SupT>) {
        let laws: Vec<JackknifeLaw> = rows
            .iter()
            .map(|row| layout.law(&row.multipliers))
            .collect();
        let own = rows.iter().zip(&laws).zip(changes.column_iter());
        let mut estimates: Vec<Estimate> = own
            .map(|((row, law), changes)| {
                let error = jackknife::std_error(changes.iter().copied());
                let row = Estimate::without_error(row.estimate, row.counts, row.status);
                row.jackknifed((error, self.rounding), law, confidence.level)
            })
            .collect();
        if banded.is_empty() {
            return (estimates, None);
        }
        let covariance = jackknife::covariance(&changes.columns_range(banded.clone()).into_owned());
        let Confidence { level, seed } = confidence;
        let band = sup_t::critical_value_above(self.rounding, &covariance, level, seed);
        if let Some(band) = band {
            for (estimate, law) in estimates[banded.clone()].iter_mut().zip(&laws[banded]) {
                let quantile = student_quantile(law.df, level);
                estimate.set_band(student_band(band.critical_value, law.df, quantile));
            }
        }
        (estimates, band)
    }

    /// Rows to which clusters contribute `contributions` (cluster × row).
    fn bootstrapped(
        &self,
        rows: &[LawRow],
        banded: Range<usize>,
        confidence: Confidence,
        (contributions, n_draws): (&DMatrix<f64>, u32),
    ) -> (Vec<Estimate>, Option<SupT>) {
        let own = rows.iter().zip(contributions.column_iter());
        let mut estimates: Vec<Estimate> = own
            .map(|(row, contributions)| {
                let error = (contributions.norm(), self.rounding);
                let Confidence { level, .. } = confidence;
                Estimate::normal(row.estimate, error, level, row.counts, row.status)
            })
            .collect();
        let draws = BootstrapDraws {
            n_draws,
            level: confidence.level,
            seed: confidence.seed,
        };
        let mut all: Vec<&mut Estimate> = estimates.iter_mut().collect();
        let band = bootstrap_of_t(&mut all, banded, contributions, draws);
        (estimates, band)
    }
}
