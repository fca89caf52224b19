//! One level: crude and standardised, with its error by clusters.

use std::collections::HashMap;

use super::design::{LevelDesign, LevelGroups, LevelOutcome, Run};
use crate::inference::few_clusters::{Interval, Side};
use crate::inference::student::student_quantile;
use crate::status::Status;

/// An error this small beside the level is a zero with rounding errors, 2⁻⁴².
const ROUNDING: f64 = 1.0 / (1_u64 << 42) as f64;

/// How levels are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelOptions {
    /// Confidence level.
    pub level: f64,
    /// The least share of the standard population whose strata must have rows.
    pub least_share: f64,
}

/// The level of an outcome in a group. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Mean of the rows.
    pub value: f64,
    /// Mean in the standard population.
    pub standardised: f64,
    /// Standard error of that.
    pub std_error: f64,
    /// Lower end of the interval of that.
    pub conf_low: f64,
    /// Upper end.
    pub conf_high: f64,
    /// Share of the standard population whose strata have rows.
    pub standard_share: f64,
    /// Rows with the outcome.
    pub n_units: u64,
    /// Clusters that they lie in.
    pub n_clusters: u64,
    /// What to think of it.
    pub status: Status,
}

/// The level of `outcome` in each group, with the weights that the design gives it.
#[must_use]
pub fn levels(
    design: &LevelDesign,
    groups: &LevelGroups,
    outcome: &LevelOutcome,
    options: LevelOptions,
) -> Vec<Level> {
    let weights = design.weights(outcome);
    // Many groups have as many clusters, and a quantile is a search.
    let mut quantiles: HashMap<u64, f64> = HashMap::new();
    let mut quantile = |n_clusters: u64| {
        let df = n_clusters as f64 - 1.0;
        let known = quantiles.entry(n_clusters);
        *known.or_insert_with(|| student_quantile(df, options.level))
    };
    let mut scratch = Vec::new();
    let mut cells: Vec<RunTotals> = Vec::new();
    let of_group = |group: usize| {
        cells.clear();
        cells.extend(groups.runs(group).map(|(run, rows)| {
            let (n, sum) = outcome.sum(rows, &mut scratch);
            RunTotals { run, n, sum }
        }));
        let weights = groups.weights(group, &weights);
        let standard = Standard::of(&cells, &weights, design.n_strata());
        standard.level(&cells, options.least_share, &mut quantile)
    };
    (0..groups.n_groups()).map(of_group).collect()
}

/// What the rows of a run that have the outcome amount to.
#[derive(Debug, Clone, Copy)]
struct RunTotals {
    run: Run,
    n: u64,
    sum: f64,
}

/// The strata of a group, and what they make of the standard population.
struct Standard {
    n: Vec<u64>,
    mean: Vec<f64>,
    /// Weights among the strata that have rows, adding up to one.
    weight: Vec<f64>,
    share: f64,
    value: f64,
    standardised: f64,
}

impl Standard {
    fn of(cells: &[RunTotals], weights: &[f64], n_strata: usize) -> Self {
        let (mut n, mut sum) = (vec![0_u64; n_strata], vec![0.0; n_strata]);
        for cell in cells {
            n[cell.run.stratum as usize] += cell.n;
            sum[cell.run.stratum as usize] += cell.sum;
        }
        let all: f64 = weights.iter().sum();
        let own = weights.iter().zip(&n).filter(|(_, n)| **n > 0);
        let occupied: f64 = own.map(|(weight, _)| weight).sum();
        let weight = weights.iter().zip(&n).map(|(weight, n)| match n {
            0 => 0.0,
            _ => weight / occupied,
        });
        let weight: Vec<f64> = weight.collect();
        let mean = n.iter().zip(&sum).map(|(n, sum)| match n {
            0 => 0.0,
            n => sum / *n as f64,
        });
        let mean: Vec<f64> = mean.collect();
        Self {
            value: sum.iter().sum::<f64>() / n.iter().sum::<u64>() as f64,
            standardised: weight.iter().zip(&mean).map(|(w, mean)| w * mean).sum(),
            share: occupied / all,
            n,
            mean,
            weight,
        }
    }

    fn level(
        &self,
        cells: &[RunTotals],
        least_share: f64,
        quantile: &mut dyn FnMut(u64) -> f64,
    ) -> Level {
        let n_units = self.n.iter().sum();
        let (side, n_clusters, squares) = self.clusters(cells);
        let mut level = Level {
            value: self.value,
            standardised: f64::NAN,
            std_error: f64::NAN,
            conf_low: f64::NAN,
            conf_high: f64::NAN,
            standard_share: self.share,
            n_units,
            n_clusters,
            status: Status::NoRows,
        };
        if n_units == 0 {
            level.standard_share = 0.0;
            return level;
        }
        // A standard without weight in any stratum has no share either.
        if self.share.is_nan() || self.share < least_share {
            level.status = Status::Missing;
            return level;
        }
        level.standardised = self.standardised;
        let groups = n_clusters as f64;
        let std_error = (groups / (groups - 1.0) * squares).sqrt();
        // Not above what rounding makes of zero.
        let nothing = ROUNDING * self.standardised.abs().max(self.value.abs());
        if n_clusters < 2 || std_error.is_nan() || std_error <= nothing {
            level.status = Status::NoVariance;
            return level;
        }
        level.std_error = std_error;
        let half = quantile(n_clusters) * level.std_error;
        level.conf_low = level.standardised - half;
        level.conf_high = level.standardised + half;
        let has_few = Interval::Student(n_clusters).is_unreliable(side.effective());
        level.status = match has_few {
            true => Status::FewClusters,
            false => Status::Ok,
        };
        level
    }

    /// The clusters with rows: how these are spread over them, how many there are, and Σu².
    fn clusters(&self, cells: &[RunTotals]) -> (Side, u64, f64) {
        let (mut side, mut n_clusters, mut squares) = (Side::EMPTY, 0, 0.0);
        for cluster in cells.chunk_by(|one, other| one.run.cluster == other.run.cluster) {
            let n: u64 = cluster.iter().map(|cell| cell.n).sum();
            // Rows without the outcome are in the runs as well.
            if n == 0 {
                continue;
            }
            let moved: f64 = cluster.iter().map(|cell| self.moved(cell)).sum();
            side.add_cluster(n);
            n_clusters += 1;
            squares += moved * moved;
        }
        (side, n_clusters, squares)
    }

    /// By how much the rows of a cell move the standardised level.
    fn moved(&self, cell: &RunTotals) -> f64 {
        let stratum = cell.run.stratum as usize;
        let (weight, n) = (self.weight[stratum], self.n[stratum] as f64);
        match (cell.n, self.n[stratum]) {
            (0, _) => 0.0,
            (_, 1) => weight * (cell.sum - self.standardised),
            (own, _) => {
                let distance = cell.sum - own as f64 * self.mean[stratum];
                weight / n * (n / (n - 1.0)).sqrt() * distance
            }
        }
    }
}
