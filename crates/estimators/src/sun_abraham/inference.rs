//! From the fit of one outcome to averages with errors, intervals and a band.

use nalgebra::DMatrix;

use crate::estimate::{BootstrapDraws, Estimate, bootstrap};
use crate::inference::Inference;
use crate::inference::student::{student_band, student_quantile};
use crate::inference::sup_t::{self, SupT};
use crate::status::Status;
use crate::sun_abraham::averages::{Average, Averages, Family};
use crate::sun_abraham::design::Design;
use crate::sun_abraham::effects::{CohortEffect, SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::fit::Fit;

/// The numbers of an outcome, and what they are to be put into.
pub(super) struct Summary<'a> {
    pub(super) design: &'a Design,
    pub(super) averages: &'a Averages,
    pub(super) fit: &'a Fit,
    /// Errors up to this size are rounding.
    pub(super) rounding: f64,
    pub(super) options: &'a SunAbrahamOptions,
    pub(super) bands: Bands,
}

/// Whether a result has a band; of results that only their rows are taken from it would be the most expensive part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bands {
    Drawn,
    LeftOut,
}

impl Summary<'_> {
    /// All averages, with inference.
    pub(super) fn result(&self) -> SunAbrahamResult {
        let (design, averages) = (self.design, self.averages);
        let mut overall = self.rows(&averages.overall).0;
        self.bootstrap(&averages.overall, &mut overall);
        // One number is not one of many that are looked through.
        let mut overall = overall.remove(0);
        overall.estimate.set_band(f64::NAN);
        let (event_times, band) = self.event_times();
        let (mut cohorts, mut cells) = (Vec::new(), Vec::new());
        for family in &averages.cohorts {
            let mut rows = self.rows(family).0;
            self.bootstrap(family, &mut rows);
            rows.iter_mut()
                .for_each(|row| row.estimate.set_band(f64::NAN));
            let mut rows = rows.into_iter();
            cohorts.extend(rows.next());
            cells.extend(rows);
        }
        SunAbrahamResult {
            overall,
            event_times,
            cohorts,
            cells,
            n_obs: design.n_obs,
            n_zero_weight_rows: design.n_zero_weight_rows,
            n_counted: design.n_counted,
            df: design.df,
            band,
            sample: design.sample.clone(),
        }
    }

    fn rows(&self, family: &Family) -> (Vec<CohortEffect>, DMatrix<f64>) {
        let covariance = self.covariance(family);
        let row = |(index, average): (usize, &Average)| {
            let std_error = covariance[(index, index)].max(0.0).sqrt();
            CohortEffect {
                cohort: average.cohort,
                event_time: average.event_time,
                estimate: self.estimate(average, std_error),
            }
        };
        let rows = family.averages.iter().enumerate().map(row).collect();
        (rows, covariance)
    }

    /// Puts intervals and p-values of the bootstrap, where it is asked for, into the rows of a family; returns its band.
    fn bootstrap(&self, family: &Family, rows: &mut [CohortEffect]) -> Option<SupT> {
        let (Inference::Bootstrap { n_draws }, Some(own)) =
            (self.options.inference, &self.fit.contributions)
        else {
            return None;
        };
        let mut contributions = DMatrix::zeros(own.len(), rows.len());
        for (cluster, parts) in own.iter().enumerate() {
            for (profile, part) in parts {
                if let Some(form) = family.forms.get(profile) {
                    let mut row = contributions.row_mut(cluster);
                    row += part.tr_mul(form);
                }
            }
        }
        let draws = BootstrapDraws {
            n_draws,
            level: self.options.level,
            seed: self.options.seed,
        };
        let mut estimates: Vec<&mut Estimate> =
            rows.iter_mut().map(|row| &mut row.estimate).collect();
        let banded = 0..estimates.len();
        bootstrap(&mut estimates, banded, &contributions, draws)
    }

    fn estimate(&self, average: &Average, std_error: f64) -> Estimate {
        if average.cells.is_empty() {
            return Estimate::missing(average.counts, average.status);
        }
        let effects = average.cells.iter();
        let mean = effects.map(|&(index, share)| share * self.fit.effects[index]);
        Estimate::student(
            mean.sum(),
            (std_error, self.rounding),
            self.design.df,
            self.options.level,
            average.counts,
            average.status,
        )
    }

    /// The joint covariance of averages, as quadratic forms in that of the profiles.
    fn covariance(&self, family: &Family) -> DMatrix<f64> {
        let n_averages = family.averages.len();
        let mut covariance = DMatrix::zeros(n_averages, n_averages);
        for ((first, second), block) in &self.fit.covariance {
            if let (Some(a), Some(b)) = (family.forms.get(first), family.forms.get(second)) {
                let part = a.tr_mul(&(block * b));
                if first != second {
                    covariance += part.transpose();
                }
                covariance += part;
            }
        }
        covariance
    }

    /// The rows of the window with their band.
    fn event_times(&self) -> (Vec<CohortEffect>, Option<SupT>) {
        let (df, level) = (self.design.df, self.options.level);
        let (mut rows, covariance) = self.rows(&self.averages.event_times);
        let (rounding, seed) = (self.rounding, self.options.seed);
        let mut band = None;
        if self.fit.contributions.is_some() {
            band = self.bootstrap(&self.averages.event_times, &mut rows);
        } else if self.bands == Bands::Drawn {
            band = sup_t::critical_value_above(rounding, &covariance, level, seed);
            let quantile = student_quantile(df, level);
            if let Some(band) = band.filter(|_| quantile.is_finite()) {
                let critical = student_band(band.critical_value, df, quantile);
                rows.iter_mut()
                    .for_each(|row| row.estimate.set_band(critical));
            }
        }
        let (zero, none) = (0.0, f64::NAN);
        for &(at, counts) in &self.averages.references {
            rows.push(CohortEffect {
                cohort: None,
                event_time: Some(at),
                estimate: Estimate::normal(zero, (none, 0.0), level, counts, Status::BasePeriod),
            });
        }
        rows.sort_by_key(|row| row.event_time);
        (rows, band)
    }
}
