//! Which clusters the cohorts live in; the same for every outcome.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::group_time::sample::Sample;
use crate::inference::few_clusters::Side;
use crate::sun_abraham::profile::Profile;

/// The clusters of a cohort, numbered from zero: its slots.
pub(super) struct ProfileClusters {
    /// By unit of the cohort.
    pub(super) slots: Vec<u32>,
    /// By slot: units with a row that is used.
    pub(super) n_units: Vec<u64>,
    /// By slot: the cluster among all of the sample, ascending.
    clusters: Vec<u32>,
}

impl ProfileClusters {
    fn of(profile: &Profile, n_clusters: usize, clusters: &[u32]) -> Self {
        let own = &clusters[profile.units.clone()];
        let mut distinct = own.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut slot_of = vec![u32::MAX; n_clusters];
        for (slot, &cluster) in distinct.iter().enumerate() {
            slot_of[cluster as usize] = slot as u32;
        }
        let slots: Vec<u32> = own
            .iter()
            .map(|&cluster| slot_of[cluster as usize])
            .collect();
        let mut n_units = vec![0; distinct.len()];
        for (&slot, &is_used) in slots.iter().zip(&profile.is_used) {
            n_units[slot as usize] += u64::from(is_used);
        }
        Self {
            slots,
            n_units,
            clusters: distinct,
        }
    }

    /// The units with rows that are used, and their clusters.
    pub(super) fn side(&self) -> Side {
        let mut side = Side::EMPTY;
        self.n_units.iter().for_each(|&n| side.add_cluster(n));
        side
    }
}

/// A cluster's place in a cohort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ClusterSlot {
    cluster: u32,
    profile: usize,
    slot: usize,
}

/// The clusters of all cohorts.
pub(super) struct ClusterLayout {
    pub(super) profiles: Vec<ProfileClusters>,
    pub(super) n_clusters: u64,
    /// By cluster, then cohort: where units with used rows are.
    places: Vec<ClusterSlot>,
}

impl ClusterLayout {
    /// `None` without clustering.
    pub(super) fn of(sample: &Sample<'_>, profiles: &[Profile]) -> Option<Self> {
        let clusters = sample.clusters.as_ref()?;
        let profiles: Vec<ProfileClusters> = profiles
            .par_iter()
            .map(|profile| ProfileClusters::of(profile, sample.n_clusters, clusters))
            .collect();
        let mut places = Vec::new();
        for (profile, own) in profiles.iter().enumerate() {
            let used = own.clusters.iter().enumerate();
            let used = used.filter(|(slot, _)| own.n_units[*slot] > 0);
            places.extend(used.map(|(slot, &cluster)| ClusterSlot {
                cluster,
                profile,
                slot,
            }));
        }
        places.sort_unstable();
        Some(Self {
            profiles,
            n_clusters: places.chunk_by(|a, b| a.cluster == b.cluster).count() as u64,
            places,
        })
    }

    /// By cluster, ascending: the cohorts and slots where it has units with used rows.
    pub(super) fn by_cluster(&self) -> impl Iterator<Item = impl Iterator<Item = (usize, usize)>> {
        let clusters = self.places.chunk_by(|a, b| a.cluster == b.cluster);
        clusters.map(|own| own.iter().map(|place| (place.profile, place.slot)))
    }

    /// Σ over clusters of outer products of summed scores, by pairs of profiles.
    pub(super) fn meat(
        &self,
        sums: &[&[f64]],
        n_periods: usize,
    ) -> BTreeMap<(usize, usize), DMatrix<f64>> {
        let mut meat: BTreeMap<(usize, usize), DMatrix<f64>> = BTreeMap::new();
        let scores = |place: &ClusterSlot| {
            let start = place.slot * n_periods;
            &sums[place.profile][start..start + n_periods]
        };
        for cluster in self.places.chunk_by(|a, b| a.cluster == b.cluster) {
            for (index, first) in cluster.iter().enumerate() {
                let a = scores(first);
                for second in &cluster[index..] {
                    let b = scores(second);
                    let matrix = meat
                        .entry((first.profile, second.profile))
                        .or_insert_with(|| DMatrix::zeros(n_periods, n_periods));
                    for (column, b) in b.iter().enumerate() {
                        for (row, a) in a.iter().enumerate() {
                            matrix[(row, column)] += a * b;
                        }
                    }
                }
            }
        }
        meat
    }
}
