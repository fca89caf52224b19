//! The interacted regression as far as it does not depend on the outcome: cells, degrees of freedom, clusters.

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::group_time::sample::{Sample, SampleCounts};
use crate::inference::few_clusters::Side;
use crate::sun_abraham::clusters::{ClusterLayout, ProfileClusters};
use crate::sun_abraham::profile::{Profile, components};
use crate::sun_abraham::unit_rows::Columns;

/// A cohort's coefficient at one event time.
pub(super) struct CohortEvent {
    /// Index among the profiles.
    pub(super) cohort: usize,
    pub(super) period: usize,
    pub(super) event_time: i32,
    pub(super) is_identified: bool,
    pub(super) n_rows: u64,
    pub(super) weight: f64,
}

/// The regression, ready for any outcome.
pub(super) struct Design {
    /// The never treated, then the cohorts.
    pub(super) profiles: Vec<Profile>,
    /// The reference period of each profile; that of the never treated is not used.
    pub(super) references: Vec<usize>,
    pub(super) periods: Vec<i32>,
    pub(super) cells: Vec<CohortEvent>,
    /// `None` without clustering.
    pub(super) clusters: Option<ClusterLayout>,
    /// Units and clusters per profile; empty without clustering.
    pub(super) sides: Vec<Side>,
    pub(super) sample: SampleCounts,
    pub(super) n_obs: u64,
    pub(super) n_zero_weight_rows: u64,
    pub(super) n_counted: u64,
    pub(super) df: f64,
    /// The small-sample factor of the covariance.
    pub(super) factor: f64,
}

/// Right-hand sides by profile and outcome.
pub(super) type RightHandSides = Vec<Vec<DVector<f64>>>;

impl Design {
    /// The regression on the rows of the sample, and the right-hand sides for the outcomes that `columns` hold.
    pub(super) fn new(
        sample: &Sample<'_>,
        columns: &Columns<'_>,
    ) -> Result<(Self, RightHandSides), EstimatorError> {
        let n_periods = sample.periods.len();
        let (never, right) = Profile::fit(columns, None, sample.never.clone(), n_periods)?;
        let mut n_zero_weight_rows = never.sums.n_zero_weight_rows;
        let (mut profiles, mut references, mut rights) = (vec![never], vec![0], vec![right]);
        let mut counts = sample.counts.clone();
        for (label, units) in &sample.cohorts {
            let start = sample.periods.partition_point(|period| period < label);
            let (profile, right) = Profile::fit(columns, Some(*label), units.clone(), start)?;
            n_zero_weight_rows += profile.sums.n_zero_weight_rows;
            match profile.reference(start) {
                Some(reference) => {
                    profiles.push(profile);
                    references.push(reference);
                    rights.push(right);
                }
                None => counts.n_always_treated += profile.sums.n_units,
            }
        }
        if profiles.len() == 1 {
            return Err(EstimatorError::NoCohort);
        }
        counts.n_units = profiles.iter().map(|profile| profile.sums.n_units).sum();
        let n_obs = profiles.iter().flat_map(|profile| &profile.sums.n_rows);
        let mut design = Self {
            n_obs: n_obs.sum(),
            n_counted: n_counted(&profiles),
            cells: Vec::new(),
            clusters: None,
            sides: Vec::new(),
            periods: sample.periods.clone(),
            profiles,
            references,
            sample: counts,
            n_zero_weight_rows,
            df: f64::NAN,
            factor: f64::NAN,
        };
        design.cells = design.cells();
        design.set_clusters(sample)?;
        Ok((design, rights))
    }

    /// All cells with a row, by cohort and period, without the references.
    fn cells(&self) -> Vec<CohortEvent> {
        let never = &self.profiles[0];
        let mut cells = Vec::new();
        for (cohort, profile) in self.profiles.iter().enumerate().skip(1) {
            let (Some(label), reference) = (profile.label, self.references[cohort]) else {
                continue;
            };
            for (period, &time) in self.periods.iter().enumerate() {
                if period == reference || profile.sums.n_rows[period] == 0 {
                    continue;
                }
                // A period without rows is a component of its own.
                let is_linked =
                    |profile: &Profile| profile.components[period] == profile.components[reference];
                cells.push(CohortEvent {
                    cohort,
                    period,
                    event_time: time - label,
                    is_identified: is_linked(profile) && is_linked(never),
                    n_rows: profile.sums.n_rows[period],
                    weight: profile.sums.weight[period],
                });
            }
        }
        cells
    }

    fn set_clusters(&mut self, sample: &Sample<'_>) -> Result<(), EstimatorError> {
        let rest = self.n_obs as f64 - self.n_counted as f64;
        if rest <= 0.0 {
            return Err(EstimatorError::NoDegreesOfFreedom {
                n_coefficients: self.n_counted,
                n_obs: self.n_obs,
            });
        }
        self.clusters = ClusterLayout::of(sample, &self.profiles);
        self.sample.n_clusters = match &self.clusters {
            None => self.sample.n_units,
            Some(layout) => {
                self.sides = layout.profiles.iter().map(ProfileClusters::side).collect();
                layout.n_clusters
            }
        };
        let n_clusters = self.sample.n_clusters as f64;
        self.df = n_clusters - 1.0;
        // With one cluster there is no error: the factor is infinite and the meat zero.
        self.factor = (self.n_obs as f64 - 1.0) / rest * (n_clusters / self.df);
        Ok(())
    }
}

/// K: identified cells and periods. Cells = what all profiles identify, less what the period effects alone would.
fn n_counted(profiles: &[Profile]) -> u64 {
    let n_periods = profiles[0].components.len();
    let is_linked =
        |a: usize, b: usize| profiles.iter().any(|p| p.components[a] == p.components[b]);
    let pooled = components(&DMatrix::from_fn(n_periods, n_periods, |a, b| {
        f64::from(u8::from(is_linked(a, b)))
    }));
    let pooled_rank = pooled
        .iter()
        .enumerate()
        .filter(|(period, own)| period != *own);
    let is_seen = |period: &usize| profiles.iter().any(|p| p.sums.n_rows[*period] > 0);
    let n_seen = (0..n_periods).filter(is_seen).count() as u64;
    let ranks: u64 = profiles.iter().map(Profile::rank).sum();
    ranks - pooled_rank.count() as u64 + n_seen
}
