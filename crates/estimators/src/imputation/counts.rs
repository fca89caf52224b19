//! Who stands behind each estimate: distinct units and clusters, treated and compared.
//!
//! Treated are the units with a row at the event time that entered the estimate; compared with them are all other units
//! that are untreated in one of the periods in which those rows lie.

use crate::imputation::design::Design;
use crate::imputation::predictable::Predictable;
use crate::inference::few_clusters::Side;

/// The units on both sides and their clusters.
#[derive(Clone, Copy)]
pub(super) struct ComparisonCounts {
    pub(super) treated: Side,
    pub(super) control: Side,
}

impl ComparisonCounts {
    const EMPTY: Self = Self {
        treated: Side::EMPTY,
        control: Side::EMPTY,
    };
}

/// Counts of the sample and of each estimate.
pub(super) struct Composition {
    /// Units and clusters with an untreated or a predicted row.
    pub(super) n_units: u64,
    pub(super) n_clusters: u64,
    /// Clusters with an untreated row.
    pub(super) untreated_clusters: u64,
    /// Whether the untreated rows of each group, and of each period, lie in one cluster.
    pub(super) groups_in_clusters: bool,
    pub(super) periods_in_clusters: bool,
    pub(super) overall: ComparisonCounts,
    /// The leads, then the event times.
    pub(super) estimates: Vec<ComparisonCounts>,
    /// By cell: clusters of the rows that entered an estimate.
    pub(super) cell_clusters: Vec<u64>,
}

/// Stands for "no cluster yet".
const NONE: usize = usize::MAX;

/// Counts distinct clusters that come in ascending order.
#[derive(Clone, Copy)]
struct Distinct {
    last: usize,
    n: u64,
}

impl Distinct {
    const ZERO: Self = Self { last: NONE, n: 0 };

    fn see(&mut self, cluster: usize) {
        self.n += u64::from(self.last != cluster);
        self.last = cluster;
    }
}

/// Counts units whose clusters come in ascending order.
#[derive(Clone, Copy)]
struct Gathering {
    side: Side,
    cluster: usize,
    n_own: u64,
}

impl Gathering {
    const EMPTY: Self = Self {
        side: Side::EMPTY,
        cluster: NONE,
        n_own: 0,
    };

    fn see(&mut self, cluster: usize) {
        if self.cluster != cluster {
            self.side.add_cluster(self.n_own);
            (self.cluster, self.n_own) = (cluster, 0);
        }
        self.n_own += 1;
    }

    fn finish(mut self) -> Side {
        self.side.add_cluster(self.n_own);
        self.side
    }
}

/// Periods of each unit in which it has a row of some kind, as bits.
struct PeriodSets {
    n_words: usize,
    words: Vec<u64>,
}

impl PeriodSets {
    fn new(n_sets: usize, n_periods: usize) -> Self {
        let n_words = n_periods.div_ceil(64);
        Self {
            n_words,
            words: vec![0; n_sets * n_words],
        }
    }

    fn insert(&mut self, set: usize, period: usize) {
        self.words[set * self.n_words + period / 64] |= 1 << (period % 64);
    }

    fn get(&self, set: usize) -> &[u64] {
        &self.words[set * self.n_words..(set + 1) * self.n_words]
    }
}

fn each_period(words: &[u64], mut body: impl FnMut(usize)) {
    for (index, &word) in words.iter().enumerate() {
        let mut rest = word;
        while rest != 0 {
            body(index * 64 + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
}

fn meet(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

impl Composition {
    pub(super) fn of(design: &Design<'_>, predictable: &Predictable) -> Self {
        let rows = design.rows;
        let n_periods = rows.periods.len();
        let mut untreated = PeriodSets::new(rows.n_units(), n_periods);
        let mut predicted = PeriodSets::new(rows.n_units(), n_periods);
        let mut groups_in_clusters = true;
        for group in 0..rows.n_groups() {
            let mut cluster = NONE;
            for row in rows.group(group) {
                let (unit, period) = (rows.unit(group, row), rows.cell(row).period);
                if design.event(row).is_none() {
                    untreated.insert(unit, period);
                    let own = rows.cluster(unit);
                    groups_in_clusters &= cluster == NONE || cluster == own;
                    cluster = own;
                } else if predictable.rows[row] {
                    predicted.insert(unit, period);
                }
            }
        }
        let mut tally = Tally::new(design, predictable);
        for unit in 0..rows.n_units() {
            tally.add_unit(unit, untreated.get(unit), predicted.get(unit));
        }
        tally.finish(groups_in_clusters)
    }
}

/// The running counts, unit by unit in ascending order of their clusters.
struct Tally<'a> {
    design: &'a Design<'a>,
    /// The periods of each estimate, then those of all event times.
    periods: PeriodSets,
    n_units: u64,
    clusters: Distinct,
    untreated_clusters: Distinct,
    period_clusters: Vec<Distinct>,
    /// Units and clusters of each estimate and of the overall one, treated and compared.
    treated: Vec<Gathering>,
    control: Vec<Gathering>,
    cell_clusters: Vec<Distinct>,
    /// Scratch: whether the unit is treated in each estimate.
    is_treated: Vec<bool>,
}

impl<'a> Tally<'a> {
    fn new(design: &'a Design<'a>, predictable: &Predictable) -> Self {
        let (n_leads, n_cells) = (design.leads.len(), design.rows.cells.len());
        let overall = n_leads + design.events.len();
        let n_periods = design.n_periods();
        let mut periods = PeriodSets::new(overall + 1, n_periods);
        for (index, cell) in design.rows.cells.iter().enumerate() {
            let Some(estimate) = design.estimate_of_cell(index).filter(|_| cell.n_rows > 0) else {
                continue;
            };
            if estimate < n_leads {
                periods.insert(estimate, cell.period);
            } else if predictable.cells[index].total > 0.0 {
                periods.insert(estimate, cell.period);
                periods.insert(overall, cell.period);
            }
        }
        Self {
            design,
            periods,
            n_units: 0,
            clusters: Distinct::ZERO,
            untreated_clusters: Distinct::ZERO,
            period_clusters: vec![Distinct::ZERO; n_periods],
            treated: vec![Gathering::EMPTY; overall + 1],
            control: vec![Gathering::EMPTY; overall + 1],
            cell_clusters: vec![Distinct::ZERO; n_cells],
            is_treated: vec![false; overall + 1],
        }
    }

    fn add_unit(&mut self, unit: usize, untreated: &[u64], predicted: &[u64]) {
        let rows = self.design.rows;
        let cluster = rows.cluster(unit);
        let first_cell = rows.unit_cohorts[unit] as usize * rows.periods.len();
        let overall = self.is_treated.len() - 1;
        self.is_treated.fill(false);
        let (design, is_treated) = (self.design, &mut self.is_treated);
        let (cells, periods) = (&mut self.cell_clusters, &mut self.period_clusters);
        each_period(untreated, |period| {
            periods[period].see(cluster);
            if let Some(estimate) = design.estimate_of_cell(first_cell + period) {
                is_treated[estimate] = true;
            }
        });
        each_period(predicted, |period| {
            if let Some(estimate) = design.estimate_of_cell(first_cell + period) {
                is_treated[estimate] = true;
                is_treated[overall] = true;
                cells[first_cell + period].see(cluster);
            }
        });
        let is_untreated = untreated.iter().any(|&word| word != 0);
        if is_untreated {
            self.untreated_clusters.see(cluster);
        }
        if is_untreated || self.is_treated[overall] {
            self.n_units += 1;
            self.clusters.see(cluster);
        }
        for (estimate, &is_treated) in self.is_treated.iter().enumerate() {
            if is_treated {
                self.treated[estimate].see(cluster);
            } else if meet(untreated, self.periods.get(estimate)) {
                self.control[estimate].see(cluster);
            }
        }
    }

    fn finish(self, groups_in_clusters: bool) -> Composition {
        let compared = |(treated, control): (&Gathering, &Gathering)| ComparisonCounts {
            treated: treated.finish(),
            control: control.finish(),
        };
        let mut estimates: Vec<ComparisonCounts> = self
            .treated
            .iter()
            .zip(&self.control)
            .map(compared)
            .collect();
        Composition {
            n_units: self.n_units,
            n_clusters: self.clusters.n,
            untreated_clusters: self.untreated_clusters.n,
            groups_in_clusters,
            periods_in_clusters: self.period_clusters.iter().all(|clusters| clusters.n <= 1),
            overall: estimates.pop().unwrap_or(ComparisonCounts::EMPTY),
            estimates,
            cell_clusters: self
                .cell_clusters
                .iter()
                .map(|clusters| clusters.n)
                .collect(),
        }
    }
}
