//! From the coefficients of the interacted regression to averages over cohorts, with fixed sample shares.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate};
use crate::inference::few_clusters::{Interval, Side};
use crate::inference::student::{student_band, student_quantile};
use crate::inference::sup_t;
use crate::status::{Status, TOO_FEW_UNITS};
use crate::sun_abraham::effects::{CohortEffect, SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::fit::{Cell, Fit};

/// A weighted mean of cells.
struct Average {
    estimate: f64,
    /// The cells with an effect and their shares.
    cells: Vec<(usize, f64)>,
    /// Cells without an effect, which the average leaves out.
    n_left_out: usize,
    n_treated: u64,
}

impl Fit {
    /// All averages, with inference.
    pub(super) fn result(
        self,
        options: &SunAbrahamOptions,
    ) -> Result<SunAbrahamResult, EstimatorError> {
        if let (Some(low), Some(high)) = (options.min_e, options.max_e)
            && low > high
        {
            return Err(EstimatorError::BadOption {
                option: "window",
                expected: "from a lower to a higher event time",
            });
        }
        let inference = Inference {
            fit: &self,
            level: options.level,
        };
        let overall = self.average(|cell| cell.event_time >= 0, None);
        let overall = inference.rows(&[(None, None, overall)]).0.remove(0);
        let (event_times, band) = inference.event_times(options);
        let (cohorts, cells) = inference.by_cohort();
        Ok(SunAbrahamResult {
            overall,
            event_times,
            cohorts,
            cells,
            n_obs: self.n_obs,
            n_zero_weight_rows: self.n_zero_weight_rows,
            n_counted: self.n_counted,
            df: self.df,
            band,
            sample: self.sample,
        })
    }

    /// The mean of some cells. `n_treated` = `None`: the units exposed at some time in the cohorts concerned.
    fn average(&self, is_in: impl Fn(&Cell) -> bool, n_treated: Option<u64>) -> Average {
        let own = self
            .cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| is_in(cell));
        let (known, unknown): (Vec<_>, Vec<_>) = own.partition(|(_, cell)| !cell.effect.is_nan());
        let total: f64 = known.iter().map(|(_, cell)| cell.weight).sum();
        let cells: Vec<(usize, f64)> = known
            .iter()
            .map(|(index, cell)| (*index, cell.weight / total))
            .collect();
        let sum = cells
            .iter()
            .map(|&(index, share)| share * self.cells[index].effect);
        let cohorts: BTreeSet<usize> = known.iter().map(|(_, cell)| cell.cohort).collect();
        let exposed = cohorts
            .iter()
            .map(|&c| self.profiles[c].sums.n_exposed_units);
        Average {
            estimate: if cells.is_empty() {
                f64::NAN
            } else {
                sum.sum()
            },
            n_left_out: unknown.len(),
            n_treated: n_treated.unwrap_or_else(|| exposed.sum()),
            cells,
        }
    }

    /// The joint covariance of averages, as quadratic forms in that of the profiles.
    fn covariance_of(&self, averages: &[&Average]) -> DMatrix<f64> {
        let (n_periods, n_averages) = (self.periods.len(), averages.len());
        let mut forms: BTreeMap<usize, DMatrix<f64>> = BTreeMap::new();
        for (column, average) in averages.iter().enumerate() {
            for &(index, share) in &average.cells {
                let cell = &self.cells[index];
                let reference = self.references[cell.cohort];
                // The cohort's own change, less that of the never treated; a cohort is zero at its reference.
                for (profile, period, sign) in [
                    (cell.cohort, cell.period, 1.0),
                    (0, cell.period, -1.0),
                    (0, reference, 1.0),
                ] {
                    let form = forms
                        .entry(profile)
                        .or_insert_with(|| DMatrix::zeros(n_periods, n_averages));
                    form[(period, column)] += sign * share;
                }
            }
        }
        let mut covariance = DMatrix::zeros(n_averages, n_averages);
        for ((first, second), block) in &self.covariance {
            if let (Some(a), Some(b)) = (forms.get(first), forms.get(second)) {
                let part = a.tr_mul(&(block * b));
                if first != second {
                    covariance += part.transpose();
                }
                covariance += part;
            }
        }
        covariance
    }
}

/// From averages to rows.
struct Inference<'a> {
    fit: &'a Fit,
    level: f64,
}

/// Cohort, event time and average of a row.
type LabelledAverage = (Option<i32>, Option<i32>, Average);

impl Inference<'_> {
    fn rows(&self, averages: &[LabelledAverage]) -> (Vec<CohortEffect>, DMatrix<f64>) {
        let forms: Vec<&Average> = averages.iter().map(|(_, _, average)| average).collect();
        let covariance = self.fit.covariance_of(&forms);
        let row = |(index, (cohort, event_time, average)): (usize, &LabelledAverage)| {
            let std_error = covariance[(index, index)].max(0.0).sqrt();
            CohortEffect {
                cohort: *cohort,
                event_time: *event_time,
                estimate: self.estimate(average, std_error),
            }
        };
        let rows = averages.iter().enumerate().map(row).collect();
        (rows, covariance)
    }

    fn estimate(&self, average: &Average, std_error: f64) -> Estimate {
        let (counts, status) = (self.counts(average.n_treated), self.status(average));
        if average.estimate.is_nan() {
            return Estimate::missing(counts, status);
        }
        let df = self.fit.df;
        let std_error = (std_error, self.fit.rounding);
        Estimate::student(average.estimate, std_error, df, self.level, counts, status)
    }

    fn counts(&self, n_treated: u64) -> Counts {
        Counts {
            n_treated,
            n_control: self.fit.profiles[0].sums.n_units,
            n_units: self.fit.sample.n_units,
            n_clusters: self.fit.sample.n_clusters,
        }
    }

    fn status(&self, average: &Average) -> Status {
        if average.n_left_out > 0 {
            return Status::NotIdentified;
        }
        if average.cells.is_empty() {
            return Status::NoPostPeriod;
        }
        if average.n_treated < TOO_FEW_UNITS as u64 {
            return Status::TooFew;
        }
        if let Some(&never) = self.fit.sides.first() {
            let cells = average.cells.iter();
            let cohorts: BTreeSet<usize> = cells.map(|&(k, _)| self.fit.cells[k].cohort).collect();
            let sides = cohorts.into_iter().map(|cohort| self.fit.sides[cohort]);
            let treated = sides.fold(Side::EMPTY, Side::plus);
            if Interval::Student(self.fit.sample.n_clusters).has_few(treated, never) {
                return Status::FewClusters;
            }
        }
        Status::Ok
    }

    /// The rows of the window with their band.
    fn event_times(&self, options: &SunAbrahamOptions) -> (Vec<CohortEffect>, Option<sup_t::SupT>) {
        let cells = &self.fit.cells;
        let is_shown = |event_time: &i32| {
            options.min_e.is_none_or(|low| *event_time >= low)
                && options.max_e.is_none_or(|high| *event_time <= high)
        };
        let event_times: BTreeSet<i32> = cells.iter().map(|cell| cell.event_time).collect();
        let averages: Vec<LabelledAverage> = event_times
            .iter()
            .copied()
            .filter(is_shown)
            .map(|at| {
                let own = cells.iter().filter(|cell| cell.event_time == at);
                let known = own.filter(|cell| !cell.effect.is_nan());
                let n_rows = known.map(|cell| cell.n_rows).sum();
                let average = self.fit.average(|cell| cell.event_time == at, Some(n_rows));
                (None, Some(at), average)
            })
            .collect();
        let (mut rows, covariance) = self.rows(&averages);
        let band =
            sup_t::critical_value_above(self.fit.rounding, &covariance, self.level, options.seed);
        let quantile = student_quantile(self.fit.df, self.level);
        if let Some(band) = band.filter(|_| quantile.is_finite()) {
            let critical = student_band(band.critical_value, self.fit.df, quantile);
            rows.iter_mut()
                .for_each(|row| row.estimate.set_band(critical));
        }
        for (at, n_treated) in self.references() {
            if !event_times.contains(&at) && is_shown(&at) {
                rows.push(self.reference_row(at, n_treated));
            }
        }
        rows.sort_by_key(|row| row.event_time);
        (rows, band)
    }

    /// Event times that are references, with the units seen there.
    fn references(&self) -> BTreeMap<i32, u64> {
        let mut references = BTreeMap::new();
        let profiles = self.fit.profiles.iter().zip(&self.fit.references);
        for (profile, &period) in profiles {
            if let Some(label) = profile.label {
                let at = self.fit.periods[period] - label;
                *references.entry(at).or_insert(0) += profile.sums.n_rows[period];
            }
        }
        references
    }

    fn reference_row(&self, at: i32, n_treated: u64) -> CohortEffect {
        let counts = self.counts(n_treated);
        let (zero, none) = (0.0, f64::NAN);
        CohortEffect {
            cohort: None,
            event_time: Some(at),
            estimate: Estimate::normal(zero, (none, 0.0), self.level, counts, Status::BasePeriod),
        }
    }

    /// Averages by cohort, and the cells themselves.
    fn by_cohort(&self) -> (Vec<CohortEffect>, Vec<CohortEffect>) {
        let (mut cohorts, mut cells) = (Vec::new(), Vec::new());
        for (cohort, profile) in self.fit.profiles.iter().enumerate().skip(1) {
            let is_exposed = |cell: &Cell| cell.cohort == cohort && cell.event_time >= 0;
            let mut own = vec![(profile.label, None, self.fit.average(is_exposed, None))];
            for cell in self.fit.cells.iter().filter(|cell| cell.cohort == cohort) {
                let is_it = |other: &Cell| std::ptr::eq(cell, other);
                let average = self.fit.average(is_it, Some(cell.n_rows));
                own.push((profile.label, Some(cell.event_time), average));
            }
            let mut rows = self.rows(&own).0.into_iter();
            cohorts.extend(rows.next());
            cells.extend(rows);
        }
        (cohorts, cells)
    }
}
