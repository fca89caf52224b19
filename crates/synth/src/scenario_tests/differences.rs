//! Differences in differences by hand: the change of exposed people since the year before exposure,
//! less that of people never exposed over the same years, with errors clustered by worksite.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::super::checkup::Cells;
use super::memory_world::{Employee, MemoryWorld};

/// An estimate and its standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) size: f64,
    pub(super) error: f64,
}

/// A change of one person between two fiscal years.
#[derive(Debug, Clone, Copy)]
struct Change {
    cluster: u32,
    size: f64,
    /// How much of the treatment the person had.
    dose: f64,
}

/// Changes over the same two years: of exposed people and of others.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    exposed: Vec<Change>,
    others: Vec<Change>,
}

/// All comparisons of a value of checkups at some event times; `dose` of an exposed worksite.
pub(super) fn comparisons(
    made: &MemoryWorld,
    employees: &[Employee],
    value: &dyn Fn(&Cells) -> Option<f64>,
    event_times: RangeInclusive<i16>,
    dose: &dyn Fn(u32) -> f64,
) -> Vec<Comparison> {
    let seen = |employee: &Employee| {
        let checkups = made.checkups_of(employee.person).iter();
        let seen = checkups.filter_map(|(year, cells)| Some((*year, value(cells)?)));
        seen.collect()
    };
    comparisons_of(employees, &seen, event_times, dose)
}

/// All comparisons of what is seen of each employee by fiscal year.
pub(super) fn comparisons_of(
    employees: &[Employee],
    seen: &dyn Fn(&Employee) -> BTreeMap<i16, f64>,
    event_times: RangeInclusive<i16>,
    dose: &dyn Fn(u32) -> f64,
) -> Vec<Comparison> {
    let cohorts: BTreeSet<i16> = employees.iter().filter_map(|e| e.cohort).collect();
    let mut found: BTreeMap<(i16, i16), Comparison> = BTreeMap::new();
    for employee in employees {
        let seen = seen(employee);
        // Those never exposed are compared with every cohort.
        let own = |cohort: &&i16| employee.cohort.is_none_or(|own| own == **cohort);
        for cohort in cohorts.iter().filter(own) {
            let Some(before) = seen.get(&(cohort - 1)) else {
                continue;
            };
            for event_time in event_times.clone() {
                let Some(after) = seen.get(&(cohort + event_time)) else {
                    continue;
                };
                let comparison = found.entry((*cohort, event_time)).or_default();
                let change = Change {
                    cluster: employee.worksite,
                    size: after - before,
                    dose: dose(employee.worksite),
                };
                match employee.cohort {
                    Some(_) => comparison.exposed.push(change),
                    None => comparison.others.push(change),
                }
            }
        }
    }
    let all = found.into_values();
    all.filter(|c| !c.exposed.is_empty() && !c.others.is_empty())
        .collect()
}

/// The slope of changes, less those of others over the same years, on the dose, through zero; with a
/// dose of one it is the mean difference over exposed person-years.
pub(super) fn slope(comparisons: &[Comparison]) -> Estimate {
    let mean = |changes: &[Change]| {
        changes.iter().map(|change| change.size).sum::<f64>() / changes.len() as f64
    };
    let exposed = || comparisons.iter().flat_map(|c| &c.exposed);
    let squares: f64 = exposed().map(|change| change.dose.powi(2)).sum();
    let mut size = 0.0;
    for c in comparisons {
        let others = mean(&c.others);
        let terms = c
            .exposed
            .iter()
            .map(|change| change.dose * (change.size - others));
        size += terms.sum::<f64>() / squares;
    }
    let mut by_cluster: BTreeMap<u32, f64> = BTreeMap::new();
    for c in comparisons {
        let others = mean(&c.others);
        let doses: f64 = c.exposed.iter().map(|change| change.dose).sum();
        for change in &c.exposed {
            let residual = change.size - others - size * change.dose;
            *by_cluster.entry(change.cluster).or_default() += change.dose * residual / squares;
        }
        for change in &c.others {
            let residual = (change.size - others) / c.others.len() as f64;
            *by_cluster.entry(change.cluster).or_default() -= doses * residual / squares;
        }
    }
    let n_clusters = by_cluster.len() as f64;
    let variance: f64 = by_cluster.values().map(|sum| sum * sum).sum();
    Estimate {
        size,
        error: (variance * n_clusters / (n_clusters - 1.0)).sqrt(),
    }
}

/// The mean effect over exposed person-years at some event times.
pub(super) fn effect(
    made: &MemoryWorld,
    employees: &[Employee],
    value: &dyn Fn(&Cells) -> Option<f64>,
    event_times: RangeInclusive<i16>,
) -> Estimate {
    slope(&comparisons(made, employees, value, event_times, &|_| 1.0))
}
