//! What a roll-out can see whose clusters start at different times: precision of the effect in a regression on effects of clusters and
//! periods.
//!
//! The outcome of a unit in cluster i and period t has the effects of both, the treatment's from the start on, and an error: sd²·icc of its
//! variance is shared by the cluster in the period, the rest is the unit's own. The correlation of the shared part between periods is
//! `cluster_autocorrelation`, that of the unit's part `individual_autocorrelation` (0 where other units are seen every time): the same for any two
//! periods, or falling with the time between them, r^(t − s) (Hooper, Teerenstra, de Hoop and Eldridge 2016, Statistics in Medicine
//! 35:4718; Kasza et al. 2019, Statistical Methods in Medical Research 28:703).
//!
//! With x the treatment by cluster and period, and d what is left of it after the means of clusters and periods, D = Σd²,
//! var = Σ_i d_i'V_i d_i/D², V_i = sd²(icc(1 + cv²)R_c + (1 − icc)R_u/m) for m units per cluster and period, and cv as in `power`.
//! The test is that of cr2 errors (Bell and McCaffrey 2002) with their degrees of freedom: with equal cluster-periods, u_i² = 1/(1 − 1/G − d_i'd_i/D),
//! Q_ij = u_i u_j(1(i = j)d_i'd_i − d_i'd_j/G − d_i'd_i·d_j'd_j/D), df = tr(Q)²/ΣQ². For two groups and one start that is G − 2, if they are
//! of one size.

use crate::error::EstimatorError;
use crate::sensitivity::power::{Precision, check_sizes, check_spread};

/// When clusters start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Clusters that are treated from each period on; those of the first are treated throughout.
    pub starts: Vec<u32>,
    /// Clusters that never start.
    pub never: u32,
}

/// How correlations depend on the time between two periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correlation {
    /// Not at all.
    Constant,
    /// They are powers of that between neighbouring periods.
    Decay,
}

/// A roll-out.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutDesign {
    /// When clusters start.
    pub calendar: Calendar,
    /// Mean number of units of a cluster in a period.
    pub cluster_size: f64,
    /// Standard deviation of cluster sizes over their mean.
    pub cv_cluster_size: f64,
    /// Share of the outcome's variance within a period that is between clusters.
    pub icc: f64,
    /// Standard deviation of the outcome among units within a period.
    pub sd: f64,
    /// Correlation of what a cluster shares between periods.
    pub cluster_autocorrelation: f64,
    /// Correlation of a unit's own part between periods.
    pub individual_autocorrelation: f64,
    /// What both depend on.
    pub correlation: Correlation,
}

/// Most periods of a calendar.
const MOST_PERIODS: usize = 1_000;

/// A calendar's clusters that start together.
struct Sequence {
    n: f64,
    /// Treatment less means of cluster and period.
    left: Vec<f64>,
}

impl RolloutDesign {
    /// Standard error and degrees of freedom; `None` where the calendar compares nothing, or one cluster alone decides.
    ///
    /// # Errors
    /// [`EstimatorError::BadOption`] for a design that cannot be, [`EstimatorError::TooMany`] for more than 1,000 periods.
    pub fn precision(&self) -> Result<Option<Precision>, EstimatorError> {
        self.check()?;
        let sequences = self.sequences();
        let n: f64 = sequences.iter().map(|own| own.n).sum();
        let square = |own: &Sequence| dot(&own.left, &own.left);
        let total: f64 = sequences.iter().map(|own| own.n * square(own)).sum();
        let free = |own: &Sequence| 1.0 - 1.0 / n - square(own) / total;
        if total <= 1e-9 || sequences.iter().any(|own| free(own) < 1e-9) {
            return Ok(None);
        }
        let variance: f64 = sequences
            .iter()
            .map(|own| own.n * self.variance(&own.left))
            .sum();
        let (mut trace, mut squares) = (0.0, 0.0);
        for (row, a) in sequences.iter().enumerate() {
            for (column, b) in sequences.iter().enumerate() {
                let scale = (free(a) * free(b)).sqrt();
                let other = -(dot(&a.left, &b.left) / n + square(a) * square(b) / total) / scale;
                // Clusters that start together share all entries of Q but those on its diagonal.
                if row == column {
                    let own = other + square(a) / scale;
                    trace += a.n * own;
                    squares += a.n * own * own + a.n * (a.n - 1.0) * other * other;
                } else {
                    squares += a.n * b.n * other * other;
                }
            }
        }
        Ok(Some(Precision {
            std_error: variance.sqrt() / total,
            df: trace * trace / squares,
        }))
    }

    /// All clusters of the calendar.
    pub fn n_clusters(&self) -> u64 {
        let starts = self.calendar.starts.iter().map(|&n| u64::from(n));
        starts.sum::<u64>() + u64::from(self.calendar.never)
    }

    fn check(&self) -> Result<(), EstimatorError> {
        let bad = |option, expected| Err(EstimatorError::BadOption { option, expected });
        check_sizes(self.cluster_size, self.cv_cluster_size)?;
        check_spread(self.sd, self.icc)?;
        if !(0.0..=1.0).contains(&self.cluster_autocorrelation) {
            return bad("cluster_autocorrelation", "between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.individual_autocorrelation) {
            return bad("individual_autocorrelation", "between 0 and 1");
        }
        match self.calendar.starts.len() {
            0 | 1 => bad("calendar", "of two periods or more"),
            found if found > MOST_PERIODS => Err(EstimatorError::TooMany {
                what: "periods of a calendar",
                found: found as u64,
                limit: MOST_PERIODS as u64,
            }),
            _ => Ok(()),
        }
    }

    fn sequences(&self) -> Vec<Sequence> {
        let starts = &self.calendar.starts;
        let n_periods = starts.len();
        let never = std::iter::once((n_periods, self.calendar.never));
        let groups: Vec<(usize, f64)> = starts
            .iter()
            .copied()
            .enumerate()
            .chain(never)
            .filter(|&(_, n)| n > 0)
            .map(|(start, n)| (start, f64::from(n)))
            .collect();
        let n: f64 = groups.iter().map(|(_, n)| n).sum();
        let begun = |period: usize| groups.iter().filter(move |(start, _)| *start <= period);
        let share = |period: usize| begun(period).map(|(_, n)| n).sum::<f64>() / n;
        let shares: Vec<f64> = (0..n_periods).map(share).collect();
        let mean = shares.iter().sum::<f64>() / n_periods as f64;
        let of_group = |(start, n): (usize, f64)| {
            let own = (n_periods - start) as f64 / n_periods as f64;
            let treated = |period: usize| f64::from(u8::from(period >= start));
            let left = (0..n_periods).map(|period| treated(period) - own - shares[period] + mean);
            Sequence {
                n,
                left: left.collect(),
            }
        };
        groups.into_iter().map(of_group).collect()
    }

    /// d'Vd.
    fn variance(&self, left: &[f64]) -> f64 {
        let between = self.icc * (1.0 + self.cv_cluster_size.powi(2));
        let within = (1.0 - self.icc) / self.cluster_size;
        let quadratic = |correlation: f64| {
            let at = |lag: usize| match (lag, self.correlation) {
                (0, _) => 1.0,
                (_, Correlation::Constant) => correlation,
                (lag, Correlation::Decay) => {
                    correlation.powi(i32::try_from(lag).unwrap_or(i32::MAX))
                }
            };
            let by_lag: Vec<f64> = (0..left.len()).map(at).collect();
            let row = |t: usize| {
                let others = left.iter().enumerate();
                let sum: f64 = others.map(|(s, own)| own * by_lag[t.abs_diff(s)]).sum();
                left[t] * sum
            };
            // Rounding can leave a quadratic form of zero below it.
            (0..left.len()).map(row).sum::<f64>().max(0.0)
        };
        self.sd.powi(2)
            * (between * quadratic(self.cluster_autocorrelation)
                + within * quadratic(self.individual_autocorrelation))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
