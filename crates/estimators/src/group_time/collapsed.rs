//! Comparisons without covariates from sums over clusters: what they are without a cluster, or with other cohorts for the clusters.
//!
//! A comparison of means needs of the units of a cluster and cohort (a part) only Σω and ΣωΔY. The sums are formed once; leaving a
//! cluster out or handing out cohorts anew then costs a pass over the parts, not over the units, and is exact.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::group_time::cell::CohortCell;
use crate::group_time::comparison::compares_units;
use crate::group_time::sample::Sample;

/// Stands for a part that is left out.
pub(crate) const LEFT_OUT: u32 = u32::MAX;

/// A weight that is less than this share of what it was is what rounding leaves of none.
const ROUNDING: f64 = 1e-12;

/// Sums over the units of a part in one period or pair of periods.
#[derive(Clone, Copy, Default)]
struct Sums {
    weight: f64,
    /// Σω times the value or change.
    value: f64,
    n_units: u64,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            weight: self.weight + other.weight,
            value: self.value + other.value,
            n_units: self.n_units + other.n_units,
        }
    }

    fn minus(self, other: Self) -> Self {
        let rest = Self {
            weight: self.weight - other.weight,
            value: self.value - other.value,
            n_units: self.n_units - other.n_units,
        };
        // Subtracting leaves rounding where nothing is left: units tell it for certain, weights only up to rounding.
        if rest.n_units == 0 || rest.weight <= ROUNDING * self.weight {
            return Self::default();
        }
        rest
    }

    fn mean(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.value / self.weight)
    }
}

/// What a comparison is made of.
struct Comparison {
    treated: usize,
    /// Groups of controls; the last group of all are the never treated.
    controls: Vec<usize>,
    /// The item whose mean change is compared, or two items of rows, of which the second is subtracted; none at the base.
    items: Vec<usize>,
}

/// The units of a cluster in one group.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) cluster: u32,
    /// Index of the cohort; the never treated last.
    pub(crate) group: u32,
    /// Σ of the units' weights in the cohort shares, relative to their mean.
    pub(crate) weight: f64,
    pub(crate) n_units: u64,
}

/// A sample, summed over clusters.
pub(crate) struct ClusterSample {
    pub(crate) parts: Vec<Part>,
    pub(crate) n_clusters: usize,
    n_groups: usize,
    comparisons: Vec<Comparison>,
    /// By item, then part.
    items: Vec<Vec<Sums>>,
}

/// The estimates from some parts.
pub(crate) struct CollapsedFit {
    /// By comparison; NaN where a side is empty.
    pub(crate) estimates: Vec<f64>,
    /// By cohort.
    pub(crate) shares: Vec<f64>,
    /// By comparison, then side, then item: mean and Σω.
    means: Vec<[Vec<(f64, f64)>; 2]>,
    total_weight: f64,
    n_units: f64,
}

impl ClusterSample {
    /// Of a sample without covariates; `share_weights` are the units' weights relative to their mean.
    pub(crate) fn of(sample: &Sample<'_>, cells: &[CohortCell], share_weights: &[f64]) -> Self {
        let laid_out = comparisons(sample, cells, sample.cohorts.len());
        Self::summed(sample, laid_out, share_weights)
    }

    /// Of any sample its shares alone: comparisons are zero, or NaN where a side is empty.
    pub(crate) fn shares(sample: &Sample<'_>, cells: &[CohortCell], share_weights: &[f64]) -> Self {
        let (mut comparisons, _) = comparisons(sample, cells, sample.cohorts.len());
        for comparison in &mut comparisons {
            comparison.items.clear();
        }
        Self::summed(sample, (comparisons, Vec::new()), share_weights)
    }

    fn summed(
        sample: &Sample<'_>,
        (comparisons, keys): (Vec<Comparison>, Vec<ItemKey>),
        share_weights: &[f64],
    ) -> Self {
        let groups = sample.cohorts.iter().map(|(_, units)| units.clone());
        let groups: Vec<_> = groups.chain([sample.never.clone()]).collect();
        let mut parts = Vec::new();
        let mut part_of = vec![0_u32; sample.n_units];
        for (group, units) in groups.iter().enumerate() {
            // Stands here for a cluster without a part in this group so far.
            let mut known = vec![LEFT_OUT; sample.n_clusters];
            for unit in units.clone() {
                let cluster = sample.cluster_of(unit);
                let known = &mut known[cluster as usize];
                if *known == LEFT_OUT {
                    *known = parts.len() as u32;
                    parts.push(Part {
                        cluster,
                        group: group as u32,
                        weight: 0.0,
                        n_units: 0,
                    });
                }
                let part = &mut parts[*known as usize];
                part.weight += share_weights[unit];
                part.n_units += 1;
                part_of[unit] = *known;
            }
        }
        let items = keys
            .into_par_iter()
            .map(|key| sums(sample, key, &part_of, parts.len()))
            .collect();
        Self {
            parts,
            n_clusters: sample.n_clusters,
            n_groups: groups.len(),
            comparisons,
            items,
        }
    }

    /// How many sums are looked at for one fit with what clusters contribute.
    pub(crate) fn n_sums(&self) -> u64 {
        let items = self.comparisons.iter().map(|own| own.items.len() as u64);
        self.parts.len() as u64 * (items.sum::<u64>() + self.n_groups as u64)
    }

    /// The observed groups of the parts.
    pub(crate) fn groups(&self) -> Vec<u32> {
        self.parts.iter().map(|part| part.group).collect()
    }

    /// The parts of each cluster.
    fn parts_of_clusters(&self) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new(); self.n_clusters];
        for (index, part) in self.parts.iter().enumerate() {
            all[part.cluster as usize].push(index);
        }
        all
    }

    /// Sums over the parts of each group, by item.
    fn totals(&self, groups: &[u32]) -> Totals {
        let mut shares = vec![Sums::default(); self.n_groups];
        for (part, &group) in self.parts.iter().zip(groups) {
            // `LEFT_OUT` is beyond every group.
            if let Some(share) = shares.get_mut(group as usize) {
                *share = share.plus(part.share());
            }
        }
        let items = self.items.iter().map(|item| {
            let mut sums = vec![Sums::default(); self.n_groups];
            for (own, &group) in item.iter().zip(groups) {
                if let Some(sum) = sums.get_mut(group as usize) {
                    *sum = sum.plus(*own);
                }
            }
            sums
        });
        Totals {
            items: items.collect(),
            shares,
        }
    }

    /// The estimates where the parts belong to these groups; [`LEFT_OUT`] leaves one out.
    pub(crate) fn fit(&self, groups: &[u32]) -> CollapsedFit {
        self.fit_totals(&self.totals(groups))
    }

    /// What `of` makes of the estimates without each cluster in turn, and the parts that are left out.
    pub(crate) fn without_each<T: Send>(
        &self,
        of: impl Fn(CollapsedFit, &[usize]) -> T + Sync,
    ) -> Vec<T> {
        let all = self.totals(&self.groups());
        let clusters = self.parts_of_clusters();
        clusters
            .into_par_iter()
            .map(|parts| {
                let mut totals = all.clone();
                for &index in &parts {
                    let part = self.parts[index];
                    let group = part.group as usize;
                    totals.shares[group] = totals.shares[group].minus(part.share());
                    for (total, item) in totals.items.iter_mut().zip(&self.items) {
                        total[group] = total[group].minus(item[index]);
                    }
                }
                of(self.fit_totals(&totals), &parts)
            })
            .collect()
    }

    fn fit_totals(&self, totals: &Totals) -> CollapsedFit {
        let (mut estimates, mut means) = (Vec::new(), Vec::new());
        for comparison in &self.comparisons {
            let side = |groups: &[usize]| {
                let of_item = |&item: &usize| {
                    let sums = groups.iter().map(|&group| totals.items[item][group]);
                    let sums = sums.fold(Sums::default(), Sums::plus);
                    (sums.mean().unwrap_or(f64::NAN), sums.weight)
                };
                comparison.items.iter().map(of_item).collect::<Vec<_>>()
            };
            let sides = [side(&[comparison.treated]), side(&comparison.controls)];
            let [treated, control] = [&sides[0], &sides[1]].map(|side| match side.as_slice() {
                [] => 0.0,
                // Without items: the base period against itself.
                [change] => change.0,
                rows => rows[0].0 - rows[1].0,
            });
            // Asked of the units: without items there is no mean that would be NaN.
            let is_empty = |group: &usize| totals.shares[*group].n_units == 0;
            let is_open = is_empty(&comparison.treated) || comparison.controls.iter().all(is_empty);
            estimates.push(if is_open { f64::NAN } else { treated - control });
            means.push(sides);
        }
        let all = totals.shares.iter().copied();
        let all = all.fold(Sums::default(), Sums::plus);
        let cohorts = &totals.shares[..self.n_groups - 1];
        CollapsedFit {
            estimates,
            shares: cohorts.iter().map(|own| own.weight / all.weight).collect(),
            means,
            total_weight: all.weight,
            n_units: all.n_units as f64,
        }
    }

    /// What each cluster contributes (rows) to the comparisons, then to the shares; those without an estimate are zero.
    pub(crate) fn contributions(&self, fit: &CollapsedFit, groups: &[u32]) -> DMatrix<f64> {
        let n_comparisons = self.comparisons.len();
        let n_shares = self.n_groups - 1;
        let mut table = DMatrix::zeros(self.n_clusters, n_comparisons + n_shares);
        for (index, comparison) in self.comparisons.iter().enumerate() {
            if fit.estimates[index].is_nan() {
                continue;
            }
            for (place, &item) in comparison.items.iter().enumerate() {
                // Of two items of rows the second is subtracted.
                let of_item = if place == 0 { 1.0 } else { -1.0 };
                for (part, own) in self.items[item].iter().enumerate() {
                    let group = groups[part] as usize;
                    let (side, sign) = if group == comparison.treated {
                        (0, of_item)
                    } else if comparison.controls.contains(&group) {
                        (1, -of_item)
                    } else {
                        continue;
                    };
                    let (mean, total) = fit.means[index][side][place];
                    // Σω(ΔY − mean) over the part, from its two sums.
                    table[(self.parts[part].cluster as usize, index)] +=
                        sign * (own.value - mean * own.weight) / total;
                }
            }
        }
        for (part, &group) in self.parts.iter().zip(groups) {
            if group == LEFT_OUT {
                continue;
            }
            let cluster = part.cluster as usize;
            for (cohort, share) in fit.shares.iter().enumerate() {
                // Σ(ω·1{G = g} − p_g)/N over the part.
                let own = if cohort == group as usize {
                    part.weight / fit.total_weight
                } else {
                    0.0
                };
                table[(cluster, n_comparisons + cohort)] +=
                    own - share * part.n_units as f64 / fit.n_units;
            }
        }
        table
    }
}

/// Sums over groups: by item, and of the weights in the shares.
#[derive(Clone)]
struct Totals {
    items: Vec<Vec<Sums>>,
    shares: Vec<Sums>,
}

impl Part {
    fn share(&self) -> Sums {
        Sums {
            weight: self.weight,
            value: 0.0,
            n_units: self.n_units,
        }
    }
}

/// What an item is about: a period, or a change from the second period to the first.
type ItemKey = (usize, Option<usize>);

/// The comparisons, and the items they need.
fn comparisons(
    sample: &Sample<'_>,
    cells: &[CohortCell],
    never: usize,
) -> (Vec<Comparison>, Vec<ItemKey>) {
    let mut places: BTreeMap<ItemKey, usize> = BTreeMap::new();
    let mut keys = Vec::new();
    let group_of = |units: &std::ops::Range<usize>| {
        // Controls are whole cohorts of the sample, or the never treated, which are none of them.
        let cohort = sample.cohorts.iter().position(|(_, own)| own == units);
        cohort.unwrap_or(never)
    };
    let comparisons = cells.iter().map(|cell| {
        let own: Vec<ItemKey> = if cell.current == cell.reference {
            Vec::new()
        } else if compares_units(sample.layout) {
            vec![(cell.current, Some(cell.reference))]
        } else {
            vec![(cell.current, None), (cell.reference, None)]
        };
        // Comparisons share periods, and pairs of them: each is summed once.
        let items = own.into_iter().map(|key| {
            *places.entry(key).or_insert_with(|| {
                keys.push(key);
                keys.len() - 1
            })
        });
        Comparison {
            items: items.collect(),
            treated: cell.cohort,
            controls: cell.controls.iter().map(group_of).collect(),
        }
    });
    (comparisons.collect(), keys)
}

/// The sums of an item over the units of each part.
fn sums(sample: &Sample<'_>, key: ItemKey, part_of: &[u32], n_parts: usize) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); n_parts];
    let mut add = |unit: usize, value: f64, weight: f64| {
        let own = &mut sums[part_of[unit] as usize];
        *own = own.plus(Sums {
            weight,
            value: weight * value,
            n_units: 1,
        });
    };
    match key {
        (current, Some(reference)) => {
            let now = sample.period_values(current);
            let before = sample.period_values(reference);
            // The earlier period's, as in the comparison itself.
            let weights = sample.period_weights(current.min(reference));
            for unit in 0..sample.n_units {
                let change = now[unit] - before[unit];
                if !change.is_nan() {
                    add(unit, change, weights.map_or(1.0, |w| w[unit]));
                }
            }
        }
        (period, None) => {
            for unit in 0..sample.n_units {
                if let Some((value, weight)) = sample.seen(period, unit) {
                    add(unit, value, weight);
                }
            }
        }
    }
    sums
}
