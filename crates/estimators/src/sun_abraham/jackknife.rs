//! The cluster jackknife: the spread of estimates from the rows of all clusters but one.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::inference::jackknife::{ClusterGroup, JackknifeLaw, covariance, std_error};
use crate::inference::student::{student_band, student_quantile};
use crate::inference::sup_t;
use crate::sun_abraham::averages::{Averages, Family};
use crate::sun_abraham::design::Design;
use crate::sun_abraham::effects::{SunAbrahamOptions, SunAbrahamResult};

/// Cohort and event time of a row.
type Key = (Option<i32>, Option<i32>);

/// What replaces the errors of results.
pub(super) struct Jackknife<'a> {
    pub(super) options: &'a SunAbrahamOptions,
    /// By row: the law of its error; those by construction have none.
    pub(super) laws: BTreeMap<Key, JackknifeLaw>,
    /// The results of every outcome without each cluster.
    pub(super) without: Vec<Result<Vec<SunAbrahamResult>, EstimatorError>>,
}

/// The law of the error of each row.
pub(super) fn laws(design: &Design, averages: &Averages) -> BTreeMap<Key, JackknifeLaw> {
    let groups: Vec<ClusterGroup> = (0..design.profiles.len())
        .map(|profile| match &design.clusters {
            Some(layout) => {
                let n_units = layout.profiles[profile].n_units.iter();
                ClusterGroup::of(n_units.map(|&n| n as f64))
            }
            None => {
                let used = design.profiles[profile].is_used.iter();
                ClusterGroup::of(used.map(|&is_used| f64::from(u8::from(is_used))))
            }
        })
        .collect();
    let n_clusters = design.sample.n_clusters as usize;
    let of_family = |family: &Family| -> Vec<(Key, JackknifeLaw)> {
        let own = family.averages.iter().enumerate();
        own.map(|(column, average)| {
            let forms = family.forms.iter();
            let scales = forms.map(|(&profile, form)| {
                // A cohort's change starts from its reference, which the form leaves out because it is zero there.
                let (own, reference) = (form.column(column), form.column(column).sum());
                (own.norm_squared() + reference * reference, groups[profile])
            });
            let law = JackknifeLaw::of(scales, n_clusters);
            ((average.cohort, average.event_time), law)
        })
        .collect()
    };
    let families = [&averages.overall, &averages.event_times];
    let families = families.into_iter().chain(&averages.cohorts);
    families.flat_map(of_family).collect()
}

impl Jackknife<'_> {
    /// Puts the jackknife's errors into the result of an outcome. Errors up to `rounding` are rounding.
    pub(super) fn apply(&self, outcome: usize, rounding: f64, result: &mut SunAbrahamResult) {
        let without: Vec<BTreeMap<Key, f64>> = self
            .without
            .iter()
            .map(|results| {
                let own = results.as_ref().ok().and_then(|all| all.get(outcome));
                let rows = own.into_iter().flat_map(SunAbrahamResult::all);
                rows.map(|row| ((row.cohort, row.event_time), row.estimate.estimate))
                    .collect()
            })
            .collect();
        let changes = |key: &Key, estimate: f64| -> Vec<f64> {
            let of_cluster = |rows: &BTreeMap<Key, f64>| {
                rows.get(key).map_or(f64::NAN, |other| other - estimate)
            };
            without.iter().map(of_cluster).collect()
        };
        let level = self.options.level;
        for row in result.all_mut() {
            let key = (row.cohort, row.event_time);
            if let Some(law) = self.laws.get(&key) {
                let changes = changes(&key, row.estimate.estimate);
                let error = (std_error(changes.into_iter()), rounding);
                row.estimate = row.estimate.jackknifed(error, law, level);
            }
        }
        let rows = result.event_times.iter();
        let columns = rows.map(|row| {
            let key = (row.cohort, row.event_time);
            match self.laws.get(&key) {
                Some(_) => changes(&key, row.estimate.estimate),
                None => vec![0.0; without.len()],
            }
        });
        let columns: Vec<Vec<f64>> = columns.collect();
        let changes = DMatrix::from_fn(without.len(), columns.len(), |g, k| columns[k][g]);
        let joint = covariance(&changes);
        result.band = sup_t::critical_value_above(rounding, &joint, level, self.options.seed);
        for row in &mut result.event_times {
            let law = self.laws.get(&(row.cohort, row.event_time));
            if let (Some(band), Some(law)) = (result.band, law) {
                let quantile = student_quantile(law.df, level);
                let critical = student_band(band.critical_value, law.df, quantile);
                row.estimate.set_band(critical);
            }
        }
    }
}
