//! The canonical order of rows: units by cluster, rows by group, unit and period; and the checks that need it.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::panel::codes::{MISSING_CODE, NEVER, count_distinct, distinct_i32, renumber_clusters};
use crate::panel::columns::PanelColumns;

/// What does not vary within a unit, and the units' places in the order (cluster, id).
pub(super) struct Units {
    /// By rank of the id.
    pub(super) places: Vec<u32>,
    /// The known cohorts, ascending.
    pub(super) labels: Vec<i32>,
    /// By place: index of the cohort, the never exposed last.
    pub(super) cohorts: Vec<u32>,
    /// By place.
    pub(super) clusters: Option<Vec<u32>>,
    pub(super) n_clusters: usize,
}

impl Units {
    pub(super) fn new(
        panel: &PanelColumns,
        ranks: &[u32],
        n_units: usize,
    ) -> Result<Self, EstimatorError> {
        let cohorts = constant_within(&panel.cohort, ranks, n_units)
            .map_err(|n_units| EstimatorError::CohortVaries { n_units })?;
        let known = cohorts.iter().filter(|&&cohort| cohort != NEVER);
        let labels = distinct_i32(|add| known.for_each(|&label| add(label)));
        let index = |cohort: &i32| labels.partition_point(|known| known < cohort) as u32;
        let mut cohorts: Vec<u32> = cohorts.iter().map(index).collect();
        let Some(codes) = &panel.cluster else {
            let places = (0..n_units as u32).collect();
            return Ok(Self {
                places,
                labels,
                cohorts,
                clusters: None,
                n_clusters: n_units,
            });
        };
        let mut clusters = constant_within(codes, ranks, n_units)
            .map_err(|n_units| EstimatorError::ClusterVaries { n_units })?;
        let n_clusters = renumber_clusters(&mut clusters);
        let all: Vec<u32> = (0..n_units as u32).collect();
        let (order, _) = sorted_by(&all, |&unit| clusters[unit as usize], n_clusters);
        let mut places = vec![0; n_units];
        for (place, &unit) in order.iter().enumerate() {
            places[unit as usize] = place as u32;
        }
        cohorts = pick(&cohorts, &order);
        let clusters = Some(pick(&clusters, &order));
        Ok(Self {
            places,
            labels,
            cohorts,
            clusters,
            n_clusters,
        })
    }

    pub(super) fn cluster(&self, place: u32) -> u32 {
        self.clusters
            .as_ref()
            .map_or(place, |clusters| clusters[place as usize])
    }
}

/// The one value of each unit, or the number of units with several.
fn constant_within<T: Copy + PartialEq>(
    values: &[T],
    ranks: &[u32],
    n_units: usize,
) -> Result<Vec<T>, u64> {
    let mut known = vec![values[0]; n_units];
    let mut seen = vec![false; n_units];
    let mut varies = Vec::new();
    for (&value, &rank) in values.iter().zip(ranks) {
        let unit = rank as usize;
        if !seen[unit] {
            (seen[unit], known[unit]) = (true, value);
        } else if known[unit] != value {
            varies.push(rank);
        }
    }
    if varies.is_empty() {
        Ok(known)
    } else {
        Err(count_distinct(varies))
    }
}

/// The items in ascending order of their key, equal ones as they were, and where each key starts.
fn sorted_by(items: &[u32], key: impl Fn(&u32) -> u32, n_keys: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; n_keys + 1];
    for item in items {
        starts[key(item) as usize + 1] += 1;
    }
    for index in 0..n_keys {
        starts[index + 1] += starts[index];
    }
    let mut next = starts.clone();
    let mut sorted = vec![0; items.len()];
    for item in items {
        let slot = &mut next[key(item) as usize];
        sorted[*slot as usize] = *item;
        *slot += 1;
    }
    (sorted, starts)
}

/// Row numbers by place of the unit, then period, and where each unit starts; a unit twice in a period is refused.
pub(super) fn by_unit_and_period(
    time: &[i32],
    ranks: &[u32],
    units: &Units,
) -> Result<(Vec<u32>, Vec<u32>), EstimatorError> {
    let all: Vec<u32> = (0..time.len() as u32).collect();
    let place = |&row: &u32| units.places[ranks[row as usize] as usize];
    let (mut order, starts) = sorted_by(&all, place, units.places.len());
    drop(all);
    let period = |row: u32| time[row as usize];
    let mut n_duplicates = 0;
    for unit in starts.windows(2) {
        let rows = &mut order[unit[0] as usize..unit[1] as usize];
        rows.sort_unstable_by_key(|&row| period(row));
        let repeats = rows
            .windows(2)
            .filter(|pair| period(pair[0]) == period(pair[1]));
        n_duplicates += repeats.count() as u64;
    }
    if n_duplicates > 0 {
        return Err(EstimatorError::DuplicateRows { n_duplicates });
    }
    Ok((order, starts))
}

/// The rows by group of the unit effect.
pub(super) struct Groups {
    pub(super) order: Vec<u32>,
    pub(super) starts: Vec<u32>,
    /// The unit of each row in order.
    pub(super) row_units: Vec<u32>,
    pub(super) is_nested: bool,
}

impl Groups {
    /// Each unit is a group.
    pub(super) fn of_units(order: Vec<u32>, starts: Vec<u32>) -> Self {
        let sizes = starts.windows(2).map(|unit| (unit[1] - unit[0]) as usize);
        let row_units = (0_u32..)
            .zip(sizes)
            .flat_map(|(unit, size)| std::iter::repeat_n(unit, size));
        Self {
            row_units: row_units.collect(),
            order,
            starts,
            is_nested: true,
        }
    }

    /// Groups numbered by first appearance among rows ordered by cluster: nested groups come out ordered by cluster.
    pub(super) fn of_effect(
        mut codes: Vec<u32>,
        order: &[u32],
        starts: Vec<u32>,
        units: &Units,
    ) -> Self {
        let by_unit = Self::of_units(order.to_vec(), starts);
        let mut sorted = pick(&codes, order);
        renumber_clusters(&mut sorted);
        let n_groups = sorted.iter().max().map_or(0, |&code| code as usize + 1);
        let mut cluster_of = vec![MISSING_CODE; n_groups];
        let mut unit_of = vec![0; codes.len()];
        let mut is_nested = true;
        for ((&row, &group), &unit) in order.iter().zip(&sorted).zip(&by_unit.row_units) {
            codes[row as usize] = group;
            unit_of[row as usize] = unit;
            let cluster = units.cluster(unit);
            let known = &mut cluster_of[group as usize];
            if *known == MISSING_CODE {
                *known = cluster;
            }
            is_nested &= *known == cluster;
        }
        let (order, starts) = sorted_by(order, |&row| codes[row as usize], n_groups);
        Self {
            row_units: pick(&unit_of, &order),
            order,
            starts,
            is_nested,
        }
    }
}

/// The values in the given order.
pub(super) fn pick<T: Copy + Send + Sync>(values: &[T], order: &[u32]) -> Vec<T> {
    order.par_iter().map(|&row| values[row as usize]).collect()
}
