//! Parts of a panel: the units of some clusters alone; and the panel with other first exposures.

use std::collections::BTreeMap;

use crate::panel::codes::renumber_clusters;
use crate::panel::table::{CohortUnits, Layout, OutcomeTable, Panel};

impl Panel {
    /// The number of a unit's cluster; without clusters the place of the unit.
    pub(crate) fn cluster_of(&self, unit: usize) -> u32 {
        let clusters = self.clusters.as_ref();
        clusters.map_or(unit as u32, |clusters| clusters[unit])
    }

    /// Clusters, numbered from zero.
    pub(crate) fn n_clusters(&self) -> usize {
        let clusters = self.clusters.as_ref();
        clusters.map_or(self.n_units, |own| {
            own.iter().max().map_or(0, |most| *most as usize + 1)
        })
    }

    /// The panel, and tables laid out as it is, that the rows of all but one cluster would have made. `None` when no unit is left, or
    /// where covariates lie by period and a period before the last goes with the cluster.
    pub(crate) fn without_cluster(
        &self,
        cluster: u32,
        others: &[OutcomeTable],
    ) -> Option<(Self, Vec<OutcomeTable>)> {
        let kept: Vec<u32> = (0..self.n_units as u32)
            .filter(|&unit| self.cluster_of(unit as usize) != cluster)
            .collect();
        if kept.is_empty() {
            return None;
        }
        let periods = self.periods_of(&kept);
        let is_head = periods.last().is_some_and(|last| last + 1 == periods.len());
        // Covariates can be cut to the first periods only: a gap would shift those of all later ones.
        if self.covariates.is_some() && self.layout != Layout::CrossSections && !is_head {
            return None;
        }
        let tables = if self.layout == Layout::CrossSections {
            vec![0]
        } else {
            periods.clone()
        };
        let pick = |from: &[f64]| -> Vec<f64> {
            let columns = tables.iter();
            columns
                .flat_map(|table| {
                    let column = &from[table * self.n_units..(table + 1) * self.n_units];
                    kept.iter().map(|&unit| column[unit as usize])
                })
                .collect()
        };
        let place = |unit: usize| kept.partition_point(|&k| (k as usize) < unit);
        let cohorts = self.cohorts.iter().map(|cohort| CohortUnits {
            label: cohort.label,
            units: place(cohort.units.start)..place(cohort.units.end),
        });
        // The never exposed have a range even where there are none.
        let cohorts = cohorts.filter(|own| own.label.is_none() || !own.units.is_empty());
        let mut clusters = self.clusters.as_ref().map(|own| {
            let own = kept.iter().map(|&unit| own[unit as usize]);
            own.collect::<Vec<u32>>()
        });
        // Counting by cluster relies on numbers without gaps.
        clusters.as_deref_mut().map(renumber_clusters);
        let period_place = |&unit: &u32| {
            // Empty except for cross-sections, where alone a row has a period of its own.
            let own = usize::from(*self.row_periods.get(unit as usize)?);
            Some(periods.partition_point(|&period| period < own) as u16)
        };
        let panel = Self {
            layout: self.layout,
            periods: periods.iter().map(|&period| self.periods[period]).collect(),
            cohorts: cohorts.collect(),
            n_units: kept.len(),
            values: pick(&self.values),
            weights: self.weights.as_deref().map(pick),
            row_periods: kept.iter().filter_map(period_place).collect(),
            clusters,
            cluster_codes: Vec::new(),
            covariates: self
                .covariates
                .as_ref()
                .map(|all| all.keep(&kept, self.n_units, tables.len())),
            n_rows_in: self.n_rows_in,
            n_missing_rows: self.n_missing_rows,
        };
        let others = others.iter().map(|other| OutcomeTable(pick(&other.0)));
        Some((panel, others.collect()))
    }

    /// The panel, and tables laid out as it is, with other first exposures: `labels` has that of each cluster (`Some(None)`: never), or
    /// `None` where its units keep theirs.
    pub(crate) fn with_cohorts(
        &self,
        labels: &[Option<Option<i32>>],
        others: &[OutcomeTable],
    ) -> (Self, Vec<OutcomeTable>) {
        // The never exposed come last.
        let mut units: BTreeMap<(bool, Option<i32>), Vec<u32>> = BTreeMap::new();
        units.insert((true, None), Vec::new());
        for cohort in &self.cohorts {
            for unit in cohort.units.clone() {
                let own = labels[self.cluster_of(unit) as usize];
                let label = own.unwrap_or(cohort.label);
                let own = units.entry((label.is_none(), label)).or_default();
                own.push(unit as u32);
            }
        }
        let mut start = 0;
        let cohorts = units.iter().map(|((_, label), own)| {
            let units = start..start + own.len();
            start = units.end;
            CohortUnits {
                label: *label,
                units,
            }
        });
        let cohorts: Vec<CohortUnits> = cohorts.collect();
        let order: Vec<u32> = units.into_values().flatten().collect();
        let n_tables = match self.layout {
            Layout::CrossSections => 1,
            _ => self.periods.len(),
        };
        let pick = |from: &[f64]| -> Vec<f64> {
            let tables = from.chunks_exact(self.n_units.max(1)).take(n_tables);
            tables
                .flat_map(|table| order.iter().map(|&unit| table[unit as usize]))
                .collect()
        };
        // Numbered as they were, also where the first units are now others; without clusters each unit is its own.
        let clusters = order.iter().map(|&unit| self.cluster_of(unit as usize));
        let row_periods = self.row_periods.len();
        let periods = order.iter().take(row_periods);
        let panel = Self {
            layout: self.layout,
            periods: self.periods.clone(),
            cohorts,
            n_units: self.n_units,
            values: pick(&self.values),
            weights: self.weights.as_deref().map(pick),
            row_periods: periods
                .map(|&unit| self.row_periods[unit as usize])
                .collect(),
            clusters: self.clusters.as_ref().map(|_| clusters.collect()),
            cluster_codes: self.cluster_codes.clone(),
            covariates: self
                .covariates
                .as_ref()
                .map(|all| all.keep(&order, self.n_units, n_tables)),
            n_rows_in: self.n_rows_in,
            n_missing_rows: self.n_missing_rows,
        };
        let others = others.iter().map(|other| OutcomeTable(pick(&other.0)));
        (panel, others.collect())
    }

    /// The periods in which some of these units are seen.
    fn periods_of(&self, kept: &[u32]) -> Vec<usize> {
        let n_periods = self.periods.len();
        if self.layout == Layout::CrossSections {
            let mut seen = vec![false; n_periods];
            for &row in kept {
                seen[usize::from(self.row_periods[row as usize])] = true;
            }
            return (0..n_periods).filter(|&period| seen[period]).collect();
        }
        let is_seen = |period: &usize| {
            let column = &self.values[period * self.n_units..(period + 1) * self.n_units];
            kept.iter().any(|&unit| !column[unit as usize].is_nan())
        };
        (0..n_periods).filter(is_seen).collect()
    }

    /// By period: the one cluster with rows in it, if it is one.
    pub(crate) fn lone_clusters(&self) -> Vec<u32> {
        let only = |rows: &mut dyn Iterator<Item = usize>| {
            let mut clusters = rows.map(|unit| self.cluster_of(unit));
            let first = clusters.next()?;
            clusters.all(|own| own == first).then_some(first)
        };
        let of_period = |period: usize| {
            if self.layout == Layout::CrossSections {
                let own = |row: &usize| usize::from(self.row_periods[*row]) == period;
                return only(&mut (0..self.n_units).filter(own));
            }
            let column = &self.values[period * self.n_units..(period + 1) * self.n_units];
            only(&mut (0..self.n_units).filter(|&unit| !column[unit].is_nan()))
        };
        (0..self.periods.len()).filter_map(of_period).collect()
    }
}
