//! The interacted regression: cells, their coefficients and covariance, put together from the profiles of the cohorts.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::group_time::sample::{Sample, SampleCounts};
use crate::inference::few_clusters::Side;
use crate::sun_abraham::profile::{ClusterScores, Profile, components};

/// A cohort's coefficient at one event time.
pub(super) struct Cell {
    /// Index among the profiles.
    pub(super) cohort: usize,
    pub(super) period: usize,
    pub(super) event_time: i32,
    /// NaN where it is not identified.
    pub(super) effect: f64,
    pub(super) n_rows: u64,
    pub(super) weight: f64,
}

/// The fitted regression.
pub(super) struct Fit {
    /// The never treated, then the cohorts.
    pub(super) profiles: Vec<Profile>,
    /// The reference period of each profile; that of the never treated is not used.
    pub(super) references: Vec<usize>,
    pub(super) periods: Vec<i32>,
    pub(super) cells: Vec<Cell>,
    /// Covariance of the profiles' coefficients by pairs (g, h), g ≤ h; pairs without a common cluster are left out.
    pub(super) covariance: BTreeMap<(usize, usize), DMatrix<f64>>,
    /// Units and clusters per profile; empty without clustering.
    pub(super) sides: Vec<Side>,
    pub(super) sample: SampleCounts,
    pub(super) n_obs: u64,
    pub(super) n_zero_weight_rows: u64,
    pub(super) n_counted: u64,
    pub(super) df: f64,
    /// Errors up to this size are rounding.
    pub(super) rounding: f64,
}

impl Fit {
    pub(super) fn new(sample: &Sample<'_>) -> Result<Self, EstimatorError> {
        let n_periods = sample.periods.len();
        let never = Profile::fit(sample, None, sample.never.clone(), n_periods)?;
        let mut n_zero_weight_rows = never.sums.n_zero_weight_rows;
        let (mut profiles, mut references) = (vec![never], vec![0]);
        let mut counts = sample.counts.clone();
        for (label, units) in &sample.cohorts {
            let start = sample.periods.partition_point(|period| period < label);
            let profile = Profile::fit(sample, Some(*label), units.clone(), start)?;
            n_zero_weight_rows += profile.sums.n_zero_weight_rows;
            match profile.reference(start) {
                Some(reference) => {
                    profiles.push(profile);
                    references.push(reference);
                }
                None => counts.n_always_treated += profile.sums.n_units,
            }
        }
        if profiles.len() == 1 {
            return Err(EstimatorError::NoCohort);
        }
        counts.n_units = profiles.iter().map(|profile| profile.sums.n_units).sum();
        let n_obs = profiles.iter().flat_map(|profile| &profile.sums.n_rows);
        let mut fit = Self {
            n_obs: n_obs.sum(),
            n_counted: n_counted(&profiles),
            cells: Vec::new(),
            covariance: BTreeMap::new(),
            sides: Vec::new(),
            periods: sample.periods.clone(),
            profiles,
            references,
            sample: counts,
            n_zero_weight_rows,
            df: f64::NAN,
            rounding: sample.rounding_error(),
        };
        fit.cells = fit.cells();
        fit.set_covariance(sample)?;
        Ok(fit)
    }

    /// All cells with a row, by cohort and period, without the references.
    fn cells(&self) -> Vec<Cell> {
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
                let change = |profile: &Profile| {
                    profile.coefficients[period] - profile.coefficients[reference]
                };
                let effect = if is_linked(profile) && is_linked(never) {
                    change(profile) - change(never)
                } else {
                    f64::NAN
                };
                cells.push(Cell {
                    cohort,
                    period,
                    event_time: time - label,
                    effect,
                    n_rows: profile.sums.n_rows[period],
                    weight: profile.sums.weight[period],
                });
            }
        }
        cells
    }

    /// V = q·A M A in the coordinates of the profiles.
    fn set_covariance(&mut self, sample: &Sample<'_>) -> Result<(), EstimatorError> {
        let rest = self.n_obs as f64 - self.n_counted as f64;
        if rest <= 0.0 {
            return Err(EstimatorError::NoDegreesOfFreedom {
                n_coefficients: self.n_counted,
                n_obs: self.n_obs,
            });
        }
        let (mut meat, n_clusters) = match &sample.clusters {
            None => {
                let own = |(index, profile): (usize, &Profile)| {
                    ((index, index), profile.unit_meat(sample))
                };
                let meat = self.profiles.iter().enumerate().map(own).collect();
                (meat, self.sample.n_units)
            }
            Some(clusters) => {
                let scores: Vec<ClusterScores> = self
                    .profiles
                    .par_iter()
                    .map(|profile| profile.cluster_scores(sample, clusters))
                    .collect();
                self.sides = scores.iter().map(ClusterScores::side).collect();
                cluster_meat(&scores, self.periods.len())
            }
        };
        self.sample.n_clusters = n_clusters;
        self.df = n_clusters as f64 - 1.0;
        // With one cluster there is no error: the factor is infinite and the meat zero.
        let clusters = n_clusters as f64 / self.df;
        let factor = (self.n_obs as f64 - 1.0) / rest * clusters;
        for ((first, second), matrix) in &mut meat {
            let left = &self.profiles[*first].inverse * &*matrix;
            *matrix = left * &self.profiles[*second].inverse * factor;
        }
        self.covariance = meat;
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

/// Σ over clusters of outer products of summed scores, by pairs of profiles, and the number of clusters.
fn cluster_meat(
    scores: &[ClusterScores],
    n_periods: usize,
) -> (BTreeMap<(usize, usize), DMatrix<f64>>, u64) {
    let mut entries: Vec<(u32, usize, usize)> = Vec::new();
    for (profile, own) in scores.iter().enumerate() {
        let used = own.clusters.iter().enumerate();
        let used = used.filter(|(slot, _)| own.n_units[*slot] > 0);
        entries.extend(used.map(|(slot, &cluster)| (cluster, profile, slot)));
    }
    entries.sort_unstable();
    let mut meat: BTreeMap<(usize, usize), DMatrix<f64>> = BTreeMap::new();
    let mut n_clusters = 0;
    for cluster in entries.chunk_by(|a, b| a.0 == b.0) {
        n_clusters += 1;
        for (index, &(_, first, first_slot)) in cluster.iter().enumerate() {
            let a = &scores[first].sums[first_slot * n_periods..(first_slot + 1) * n_periods];
            for &(_, second, second_slot) in &cluster[index..] {
                let start = second_slot * n_periods;
                let b = &scores[second].sums[start..start + n_periods];
                let matrix = meat
                    .entry((first, second))
                    .or_insert_with(|| DMatrix::zeros(n_periods, n_periods));
                for (column, b) in b.iter().enumerate() {
                    for (row, a) in a.iter().enumerate() {
                        matrix[(row, column)] += a * b;
                    }
                }
            }
        }
    }
    (meat, n_clusters)
}
