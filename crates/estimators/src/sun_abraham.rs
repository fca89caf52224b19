//! The interaction-weighted event study of Sun and Abraham: effects by cohort and event time from one regression, averaged
//! with the cohorts' shares of the sample.
//!
//! *Estimand*: the mean effect on the exposed at each time since first exposure; a cohort weighs with its rows there.
//! *Formula*: y = unit + period + Σ δ(g, e)·1{cohort g, e = period − g}, weighted least squares; reference are the never treated
//! and, in each cohort, its last observed period before exposure (e = −1 unless that period has no rows). With ω the weights,
//! the effect at e is Σ_g δ(g, e)Σω / Σ_g Σω over the rows of cell (g, e), the overall effect the same over all cells with e ≥ 0.
//! *Assumptions*: parallel trends of every cohort and the never treated, no anticipation, exposure never ends.
//! *Standard error*: c'Vc for fixed shares c; V is the clustered sandwich (default cluster: the unit) with the factors of
//! `fixest`, (n − 1)/(n − K)·G/(G − 1), K = coefficients + periods (unit effects are nested in clusters and not counted);
//! t with G − 1 degrees of freedom.
//! *Early and late cohorts*: units exposed by the first period, and cohorts without a row before exposure, have nothing to be
//! compared with: left out and counted. Cohorts after the last period count as never treated. Without any never-treated
//! unit the last cohort stands in, in the periods before it is exposed. Cohorts of a year without data keep their true
//! event times (`fixest::sunab` takes them for never treated, and leaves some always-treated rows in).
//! *Missing*: a row without outcome, weight or cluster, or of weight zero, is left out; units with holes stay.
//! *Not identified*: a cell whose period no unit of its cohort (or of the never treated) links with the reference gets
//! `not_identified`; so does an average that has to leave such a cell out. *One cluster*: the error is missing.
//! *Reference*: Sun and Abraham (2021), J. Econometrics 225:175; numbers from R `fixest` 0.12.2 and an independent implementation.
//!
//! How the regression falls apart into cohorts is in `profile.rs`, averages are in `averages.rs`.

mod averages;
mod diagnostics;

mod profile;

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::did::{AttGtOptions, BasePeriod, Control, Method, check_level};
use crate::estimate::{Estimate, EstimatorError};
use crate::few_clusters::Side;
use crate::panel::{Layout, Panel};
use crate::sample::{Sample, SampleCounts};
use crate::sup_t::SupT;

use profile::{ClusterScores, Profile, components};

/// Options of [`sun_abraham`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunAbrahamOptions {
    /// First event time shown; the fit uses all.
    pub min_e: Option<i32>,
    /// Last event time shown.
    pub max_e: Option<i32>,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
}

/// An effect, or an average of effects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CohortEffect {
    /// The cohort; `None` = all.
    pub cohort: Option<i32>,
    /// Periods since first exposure; `None` = all from 0 on.
    pub event_time: Option<i32>,
    /// The estimate; `n_treated` counts units with a row in the cells averaged.
    pub estimate: Estimate,
}

/// What [`sun_abraham`] found.
#[derive(Debug, Clone)]
pub struct SunAbrahamResult {
    /// All cells with e ≥ 0; it carries no band and does not depend on the window.
    pub overall: CohortEffect,
    /// By event time, ascending, within the window; where nothing but references lies, zero with status `base_period`.
    pub event_times: Vec<CohortEffect>,
    /// By cohort, over its cells with e ≥ 0.
    pub cohorts: Vec<CohortEffect>,
    /// The coefficients themselves.
    pub cells: Vec<CohortEffect>,
    /// What was used and left out.
    pub sample: SampleCounts,
    /// Rows used.
    pub n_obs: u64,
    /// Rows left out for a weight of zero.
    pub n_zero_weight_rows: u64,
    /// K of the small-sample factor.
    pub n_counted: u64,
    /// Degrees of freedom of the t distribution.
    pub df: f64,
    /// The simultaneous band over `event_times`.
    pub band: Option<SupT>,
}

/// Estimates effects by event time. The panel is best made with [`Layout::Unbalanced`]; [`Layout::Balanced`] drops incomplete
/// units first.
///
/// # Errors
/// [`EstimatorError`] when nothing can be compared, for cross-sections, and when no degree of freedom is left.
pub fn sun_abraham(
    panel: &Panel,
    options: &SunAbrahamOptions,
) -> Result<SunAbrahamResult, EstimatorError> {
    check_level(options.level)?;
    if panel.layout == Layout::CrossSections {
        return Err(EstimatorError::BadOption {
            option: "panel",
            expected: "true: unit effects need units seen more than once",
        });
    }
    // Any size of a standing-in last cohort will do here: its size is shown and small ones get a status.
    let selection = AttGtOptions {
        method: Method::DoublyRobust,
        control: Control::NotYetTreated,
        base_period: BasePeriod::Universal,
        anticipation: 0,
        level: options.level,
        seed: options.seed,
        bootstrap: None,
    };
    let sample = Sample::select(panel, &selection)?;
    Fit::new(&sample)?.result(options)
}

/// A cohort's coefficient at one event time.
struct Cell {
    /// Index among the profiles.
    cohort: usize,
    period: usize,
    event_time: i32,
    /// NaN where it is not identified.
    effect: f64,
    n_rows: u64,
    weight: f64,
}

/// The fitted regression.
struct Fit {
    /// The never treated, then the cohorts.
    profiles: Vec<Profile>,
    /// The reference period of each profile; that of the never treated is not used.
    references: Vec<usize>,
    periods: Vec<i32>,
    cells: Vec<Cell>,
    /// Covariance of the profiles' coefficients by pairs (g, h), g ≤ h; pairs without a common cluster are left out.
    covariance: BTreeMap<(usize, usize), DMatrix<f64>>,
    /// Units and clusters per profile; empty without clustering.
    sides: Vec<Side>,
    sample: SampleCounts,
    n_obs: u64,
    n_zero_weight_rows: u64,
    n_counted: u64,
    df: f64,
    /// Errors up to this size are rounding.
    rounding: f64,
}

impl Fit {
    fn new(sample: &Sample<'_>) -> Result<Self, EstimatorError> {
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
