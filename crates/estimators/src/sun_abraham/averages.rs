//! Averages of cells over cohorts, with fixed sample shares: which there are, whom they are about and how they combine the profiles.
//! All of it is the same for every outcome; the numbers are put in by `inference.rs`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::estimate::Counts;
use crate::inference::few_clusters::{Interval, Side};
use crate::status::{Status, TOO_FEW_UNITS};
use crate::sun_abraham::design::{CohortEvent, Design};
use crate::sun_abraham::effects::SunAbrahamOptions;

/// A weighted mean of cells.
pub(super) struct Average {
    pub(super) cohort: Option<i32>,
    pub(super) event_time: Option<i32>,
    /// The identified cells and their shares; none: there is no estimate.
    pub(super) cells: Vec<(usize, f64)>,
    pub(super) counts: Counts,
    pub(super) status: Status,
}

/// Averages whose joint covariance is wanted.
pub(super) struct Family {
    pub(super) averages: Vec<Average>,
    /// By profile: period × average, how the averages combine its coefficients.
    pub(super) forms: BTreeMap<usize, DMatrix<f64>>,
}

/// All rows of a result.
pub(super) struct Averages {
    /// All cells with e ≥ 0.
    pub(super) overall: Family,
    /// By event time, within the window.
    pub(super) event_times: Family,
    /// Event times within the window where nothing but references lies, with their counts.
    pub(super) references: Vec<(i32, Counts)>,
    /// By cohort: its cells with e ≥ 0, then each of its cells.
    pub(super) cohorts: Vec<Family>,
}

impl Averages {
    pub(super) fn of(design: &Design, options: &SunAbrahamOptions) -> Result<Self, EstimatorError> {
        if let (Some(low), Some(high)) = (options.min_e, options.max_e)
            && low > high
        {
            return Err(EstimatorError::BadOption {
                option: "window",
                expected: "from a lower to a higher event time",
            });
        }
        let is_shown = |event_time: &i32| {
            options.min_e.is_none_or(|low| *event_time >= low)
                && options.max_e.is_none_or(|high| *event_time <= high)
        };
        let cells = &design.cells;
        let event_times: BTreeSet<i32> = cells.iter().map(|cell| cell.event_time).collect();
        let shown = event_times.iter().copied().filter(is_shown);
        let at_event_times = shown.map(|at| {
            let own = cells.iter().filter(|cell| cell.event_time == at);
            let n_rows = own
                .filter(|cell| cell.is_identified)
                .map(|cell| cell.n_rows);
            let n_rows = Some(n_rows.sum());
            design.average((None, Some(at)), |cell| cell.event_time == at, n_rows)
        });
        let references = design.reference_units().into_iter();
        let references = references
            .filter(|(at, _)| !event_times.contains(at) && is_shown(at))
            .map(|(at, n_treated)| (at, design.counts(n_treated)));
        let cohorts = 1..design.profiles.len();
        Ok(Self {
            overall: design.family(vec![design.average(
                (None, None),
                |cell| cell.event_time >= 0,
                None,
            )]),
            event_times: design.family(at_event_times.collect()),
            references: references.collect(),
            cohorts: cohorts.map(|cohort| design.of_cohort(cohort)).collect(),
        })
    }
}

impl Design {
    /// The mean of some cells. `n_treated` = `None`: the units exposed at some time in the cohorts concerned.
    fn average(
        &self,
        (cohort, event_time): (Option<i32>, Option<i32>),
        is_in: impl Fn(&CohortEvent) -> bool,
        n_treated: Option<u64>,
    ) -> Average {
        let own = self.cells.iter().enumerate();
        let own = own.filter(|(_, cell)| is_in(cell));
        let (known, unknown): (Vec<_>, Vec<_>) = own.partition(|(_, cell)| cell.is_identified);
        let total: f64 = known.iter().map(|(_, cell)| cell.weight).sum();
        let shares = known
            .iter()
            .map(|(index, cell)| (*index, cell.weight / total));
        let cohorts: BTreeSet<usize> = known.iter().map(|(_, cell)| cell.cohort).collect();
        let n_treated = n_treated.unwrap_or_else(|| {
            let exposed = cohorts.iter();
            exposed
                .map(|&cohort| self.profiles[cohort].sums.n_exposed_units)
                .sum()
        });
        Average {
            cohort,
            event_time,
            cells: shares.collect(),
            counts: self.counts(n_treated),
            status: self.status(&cohorts, !unknown.is_empty(), n_treated),
        }
    }

    fn counts(&self, n_treated: u64) -> Counts {
        Counts {
            n_treated,
            n_control: self.profiles[0].sums.n_units,
            n_units: self.sample.n_units,
            n_clusters: self.sample.n_clusters,
        }
    }

    /// The status of a mean over cells of some cohorts.
    fn status(&self, cohorts: &BTreeSet<usize>, leaves_out: bool, n_treated: u64) -> Status {
        if leaves_out {
            return Status::NotIdentified;
        }
        if cohorts.is_empty() {
            return Status::NoPostPeriod;
        }
        if n_treated < TOO_FEW_UNITS as u64 {
            return Status::TooFew;
        }
        if let Some(&never) = self.sides.first() {
            let sides = cohorts.iter().map(|&cohort| self.sides[cohort]);
            let treated = sides.fold(Side::EMPTY, Side::plus);
            if Interval::Student(self.sample.n_clusters).has_few(treated, never) {
                return Status::FewClusters;
            }
        }
        Status::Ok
    }

    fn of_cohort(&self, cohort: usize) -> Family {
        let label = self.profiles[cohort].label;
        let is_exposed = |cell: &CohortEvent| cell.cohort == cohort && cell.event_time >= 0;
        let mut averages = vec![self.average((label, None), is_exposed, None)];
        for cell in self.cells.iter().filter(|cell| cell.cohort == cohort) {
            let is_it = |other: &CohortEvent| std::ptr::eq(cell, other);
            let names = (label, Some(cell.event_time));
            averages.push(self.average(names, is_it, Some(cell.n_rows)));
        }
        self.family(averages)
    }

    fn family(&self, averages: Vec<Average>) -> Family {
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
        Family { averages, forms }
    }

    /// Event times that are references, with the units seen there.
    fn reference_units(&self) -> BTreeMap<i32, u64> {
        let mut units = BTreeMap::new();
        for (profile, &period) in self.profiles.iter().zip(&self.references) {
            if let Some(label) = profile.label {
                let at = self.periods[period] - label;
                *units.entry(at).or_insert(0) += profile.sums.n_rows[period];
            }
        }
        units
    }
}
