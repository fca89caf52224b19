//! How an outcome varies between clusters, between units and over time: what a design needs to know, from data before any treatment.
//!
//! Within a period the outcome's variance is τ² + σ²: between clusters and within. Between two periods clusters have the covariance τ_st and
//! units σ_st. With n_i units of cluster i in both periods, sums of products within clusters (SPW, Σ(n_i − 1) degrees of freedom) and
//! between them (SPB, Σn_i times products of means), the analysis of covariance gives
//! σ_st = SPW/Σ(n_i − 1), τ_st = (SPB − (G − 1)σ_st)/(N − Σn_i²/N), summed over periods or pairs of them before dividing; for one period they are
//! variances (Searle, Casella and McCulloch 1992, Variance Components, chapter 3). The periods' means are taken out.
//!
//! icc = τ²/(τ² + σ²); autocorrelations are τ_st/τ² and σ_st/σ², all pairs of periods together, or neighbouring ones only. Estimates below 0 or
//! above 1 become 0 or 1. Without units, rows of different periods are of different units: σ_st is zero, and means weigh as √(n_is n_it).

use crate::error::EstimatorError;
use crate::inference::few_clusters::FEW_CLUSTERS_IN_ALL;
use crate::sensitivity::rollout::Correlation;
use crate::status::Status;

/// Rows before any treatment.
#[derive(Debug, Clone, Default)]
pub struct ComponentColumns {
    /// The outcome; rows where it is missing (NaN) are left out.
    pub outcome: Vec<f64>,
    /// Cluster of the row.
    pub cluster: Vec<i64>,
    /// Unit of the row, once in a period.
    pub unit: Option<Vec<i64>>,
    /// Period of the row; one period without.
    pub time: Option<Vec<i32>>,
}

/// How an outcome varies. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceComponents {
    /// Standard deviation of the outcome within a period.
    pub sd: f64,
    /// Share of its variance that is between clusters.
    pub icc: f64,
    /// Mean number of units of a cluster in a period.
    pub cluster_size: f64,
    /// Standard deviation of the clusters' mean sizes over their mean.
    pub cv_cluster_size: f64,
    /// Correlation between periods of what clusters share; NaN for one period.
    pub cluster_autocorrelation: f64,
    /// Correlation between periods of what is the unit's own; NaN for one period.
    pub individual_autocorrelation: f64,
    /// Rows used.
    pub n_rows: u64,
    /// Units; rows without units.
    pub n_units: u64,
    /// Clusters.
    pub n_clusters: u64,
    /// Periods.
    pub n_periods: u64,
    /// [`Status::NoRows`]; [`Status::NotIdentified`] for one cluster, or one unit per cluster and period; [`Status::NoVariance`] for an
    /// outcome that does not vary; [`Status::FewClusters`] below ten, when the share between them is hardly known.
    pub status: Status,
}

/// Most periods.
const MOST_PERIODS: usize = 200;

/// What varies, from rows of units (or of anything in clusters).
///
/// # Errors
/// [`EstimatorError::LengthMismatch`], [`EstimatorError::DuplicateRows`] for a unit twice in a period, [`EstimatorError::TooMany`] for more than
/// 200 periods.
pub fn variance_components(
    columns: &ComponentColumns,
    correlation: Correlation,
) -> Result<VarianceComponents, EstimatorError> {
    check(columns)?;
    let rows = Rows::new(columns)?;
    let mut result = rows.counts(columns);
    if rows.all.is_empty() {
        return Ok(result);
    }
    let pairs = rows.pairs(columns.unit.is_some());
    let own = pairs.sum(|a, b| a == b);
    if own.df_between <= 0.0 || own.df_within <= 0.0 {
        result.status = Status::NotIdentified;
        return Ok(result);
    }
    let within = own.within();
    let between = own.between(within).max(0.0);
    let total = within + between;
    if !(total > 0.0 && total.is_finite()) || total.sqrt() <= rows.rounding {
        result.status = Status::NoVariance;
        return Ok(result);
    }
    (result.sd, result.icc) = (total.sqrt(), between / total);
    if rows.n_periods > 1 {
        let apart = pairs.sum(|a, b| match correlation {
            Correlation::Constant => a < b,
            Correlation::Decay => a + 1 == b,
        });
        // Without units, or without any seen twice, none is seen to keep anything.
        let shared = if apart.df_within > 0.0 {
            apart.within()
        } else {
            0.0
        };
        let ratio = |part: f64, of: f64| {
            if of > 0.0 {
                (part / of).clamp(0.0, 1.0)
            } else {
                0.0
            }
        };
        result.individual_autocorrelation = ratio(shared, within);
        if apart.df_between > 0.0 {
            result.cluster_autocorrelation = ratio(apart.between(shared), between);
        }
    }
    if result.n_clusters < FEW_CLUSTERS_IN_ALL as u64 {
        result.status = Status::FewClusters;
    }
    Ok(result)
}

fn check(columns: &ComponentColumns) -> Result<(), EstimatorError> {
    let expected = columns.outcome.len();
    let lengths = [
        ("cluster", Some(columns.cluster.len())),
        ("unit", columns.unit.as_ref().map(Vec::len)),
        ("time", columns.time.as_ref().map(Vec::len)),
    ];
    for (column, found) in lengths {
        if let Some(found) = found.filter(|&found| found != expected) {
            return Err(EstimatorError::LengthMismatch {
                column: column.to_owned(),
                found,
                expected,
            });
        }
    }
    Ok(())
}

/// A row: cluster, unit, place of its period, outcome less the mean of the period.
#[derive(Debug, Clone, Copy)]
struct Row {
    cluster: i64,
    unit: i64,
    period: usize,
    y: f64,
}

/// Rows by cluster, unit and period.
struct Rows {
    all: Vec<Row>,
    n_periods: usize,
    rounding: f64,
}

impl Rows {
    fn new(columns: &ComponentColumns) -> Result<Self, EstimatorError> {
        let used: Vec<usize> = (0..columns.outcome.len())
            .filter(|&row| columns.outcome[row].is_finite())
            .collect();
        let time = |row: usize| columns.time.as_ref().map_or(0, |own| own[row]);
        let mut periods: Vec<i32> = used.iter().map(|&row| time(row)).collect();
        periods.sort_unstable();
        periods.dedup();
        if periods.len() > MOST_PERIODS {
            return Err(EstimatorError::TooMany {
                what: "periods",
                found: periods.len() as u64,
                limit: MOST_PERIODS as u64,
            });
        }
        let mut all: Vec<Row> = used
            .iter()
            .map(|&row| Row {
                cluster: columns.cluster[row],
                unit: columns.unit.as_ref().map_or(0, |own| own[row]),
                period: periods.partition_point(|&period| period < time(row)),
                y: columns.outcome[row],
            })
            .collect();
        // Rows without units tie in all but the outcome, and sums depend on their order.
        all.sort_by(|a, b| {
            let key = |row: &Row| (row.cluster, row.unit, row.period);
            key(a).cmp(&key(b)).then(a.y.total_cmp(&b.y))
        });
        if columns.unit.is_some() {
            let mut seen: Vec<(i64, usize)> =
                all.iter().map(|row| (row.unit, row.period)).collect();
            seen.sort_unstable();
            let n_duplicates = seen.windows(2).filter(|two| two[0] == two[1]).count() as u64;
            if n_duplicates > 0 {
                return Err(EstimatorError::DuplicateRows { n_duplicates });
            }
        }
        let outcomes: Vec<f64> = all.iter().map(|row| row.y).collect();
        let rounding = crate::estimate::rounding_error(&outcomes);
        let mut means = vec![(0.0, 0.0); periods.len()];
        for row in &all {
            means[row.period].0 += row.y;
            means[row.period].1 += 1.0;
        }
        for row in &mut all {
            let (sum, n) = means[row.period];
            row.y -= sum / n;
        }
        Ok(Self {
            all,
            n_periods: periods.len(),
            rounding,
        })
    }

    fn by_cluster(&self) -> impl Iterator<Item = &[Row]> {
        self.all.chunk_by(|a, b| a.cluster == b.cluster)
    }

    /// Counts and sizes; no variances.
    fn counts(&self, columns: &ComponentColumns) -> VarianceComponents {
        let mut units: Vec<i64> = self.all.iter().map(|row| row.unit).collect();
        units.sort_unstable();
        units.dedup();
        let mean_size = |rows: &[Row]| {
            let mut seen = vec![false; self.n_periods];
            rows.iter().for_each(|row| seen[row.period] = true);
            rows.len() as f64 / seen.iter().filter(|seen| **seen).count() as f64
        };
        let sizes: Vec<f64> = self.by_cluster().map(mean_size).collect();
        let n = sizes.len() as f64;
        let mean = sizes.iter().sum::<f64>() / n;
        let squares: f64 = sizes.iter().map(|size| (size - mean).powi(2)).sum();
        let n_rows = self.all.len() as u64;
        VarianceComponents {
            sd: f64::NAN,
            icc: f64::NAN,
            cluster_size: mean,
            cv_cluster_size: if n > 1.0 {
                (squares / (n - 1.0)).sqrt() / mean
            } else {
                f64::NAN
            },
            cluster_autocorrelation: f64::NAN,
            individual_autocorrelation: f64::NAN,
            n_rows,
            n_units: columns.unit.as_ref().map_or(n_rows, |_| units.len() as u64),
            n_clusters: sizes.len() as u64,
            n_periods: self.n_periods as u64,
            status: if n_rows == 0 {
                Status::NoRows
            } else {
                Status::Ok
            },
        }
    }

    fn pairs(&self, has_units: bool) -> Pairs {
        let mut pairs = Pairs {
            n_periods: self.n_periods,
            all: vec![Products::default(); self.n_periods * self.n_periods],
        };
        for rows in self.by_cluster() {
            let mut own = vec![Own::default(); pairs.all.len()];
            if has_units {
                for unit in rows.chunk_by(|a, b| a.unit == b.unit) {
                    // A unit's rows are in order of time, so that the earlier period comes first in a pair.
                    for (place, first) in unit.iter().enumerate() {
                        for second in &unit[place..] {
                            own[first.period * self.n_periods + second.period]
                                .add(first.y, second.y);
                        }
                    }
                }
            } else {
                // Pairs of periods are made from these sums in `add_cluster`.
                for row in rows {
                    own[row.period * (self.n_periods + 1)].add(row.y, row.y);
                }
            }
            pairs.add_cluster(&own, has_units);
        }
        pairs
    }
}

/// Sums of one cluster over units seen in two periods.
#[derive(Debug, Clone, Copy, Default)]
struct Own {
    n: f64,
    first: f64,
    second: f64,
    product: f64,
}

impl Own {
    fn add(&mut self, first: f64, second: f64) {
        self.n += 1.0;
        self.first += first;
        self.second += second;
        self.product += first * second;
    }
}

/// Sums over clusters for one pair of periods.
#[derive(Debug, Clone, Copy, Default)]
struct Products {
    within: f64,
    df_within: f64,
    n_clusters: f64,
    weight: f64,
    weight_squares: f64,
    first: f64,
    second: f64,
    product: f64,
}

/// All pairs of periods, the earlier one first.
struct Pairs {
    n_periods: usize,
    all: Vec<Products>,
}

/// Sums over some pairs.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    within: f64,
    df_within: f64,
    between: f64,
    df_between: f64,
    /// Σ(N − Σn²/N).
    size: f64,
}

impl Pairs {
    fn add_cluster(&mut self, own: &[Own], has_units: bool) {
        for first in 0..self.n_periods {
            for second in first..self.n_periods {
                let place = first * self.n_periods + second;
                let total = &mut self.all[place];
                if has_units || first == second {
                    let own = own[place];
                    if own.n > 0.0 {
                        let mean_product = own.first * own.second / own.n;
                        total.within += own.product - mean_product;
                        total.df_within += own.n - 1.0;
                        total.add(own.n, own.first / own.n, own.second / own.n);
                    }
                    continue;
                }
                let diagonal = |period: usize| own[period * (self.n_periods + 1)];
                let (a, b) = (diagonal(first), diagonal(second));
                if a.n > 0.0 && b.n > 0.0 {
                    total.add((a.n * b.n).sqrt(), a.first / a.n, b.first / b.n);
                }
            }
        }
    }

    fn sum(&self, is_taken: impl Fn(usize, usize) -> bool) -> Sums {
        let mut sums = Sums::default();
        for first in 0..self.n_periods {
            for second in first..self.n_periods {
                let own = self.all[first * self.n_periods + second];
                if !is_taken(first, second) || own.n_clusters == 0.0 {
                    continue;
                }
                sums.within += own.within;
                sums.df_within += own.df_within;
                sums.between += own.product - own.first * own.second / own.weight;
                sums.df_between += own.n_clusters - 1.0;
                sums.size += own.weight - own.weight_squares / own.weight;
            }
        }
        sums
    }
}

impl Products {
    fn add(&mut self, weight: f64, first: f64, second: f64) {
        self.n_clusters += 1.0;
        self.weight += weight;
        self.weight_squares += weight * weight;
        self.first += weight * first;
        self.second += weight * second;
        self.product += weight * first * second;
    }
}

impl Sums {
    fn within(&self) -> f64 {
        self.within / self.df_within
    }

    fn between(&self, within: f64) -> f64 {
        (self.between - self.df_between * within) / self.size
    }
}
