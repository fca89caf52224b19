//! Lee bounds within strata, with errors by clusters.
//!
//! With A = E[Y·1(Y ≤ cut) given the arm seen more often] and q the rate of the other arm, the trimmed mean is M = A/q, and the cut solves
//! P(seen, Y ≤ cut) = q. Both move with q, so that M̂ − M is the mean over units of
//!
//! - ((Y − cut)·1(Y ≤ cut) − its mean)/(q·share of the arm) in the arm seen more often,
//! - (cut − M)(seen − q)/(q·share of the arm) in the other.
//!
//! A weighted mean θ of strata adds (θ_k − θ)·(change of P(k)·q_k). Variances are sums of squares over clusters, times G/(G − 1).

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::estimate::{check_level, rounding_error};
use crate::inference::few_clusters::{Interval, Side};
use crate::sensitivity::lee_bounds::{Arms, LeeBounds, Trim, TrimmedArms, lee_bounds};
use crate::sensitivity::two_group::check_columns;
use crate::status::Status;

/// Strata and clusters of units.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeeGroups<'a> {
    /// Strata within which outcomes are trimmed.
    pub stratum: Option<&'a [u32]>,
    /// Clusters whose units may move together.
    pub cluster: Option<&'a [i64]>,
}

/// Bounds within strata and with errors by clusters; [`lee_bounds`] without either. A stratum in which an arm has no outcomes has no bounds,
/// and then nor has the whole.
///
/// # Errors
/// Those of [`lee_bounds`].
pub fn grouped_lee_bounds(
    outcome: &[f64],
    treated: &[f64],
    groups: LeeGroups<'_>,
    trim: Trim,
    level: f64,
) -> Result<LeeBounds, EstimatorError> {
    if groups.stratum.is_none() && groups.cluster.is_none() {
        return lee_bounds(outcome, treated, trim, level);
    }
    check_level(level)?;
    let n_rows = outcome.len();
    check_columns(
        outcome,
        treated,
        groups.stratum.map_or(n_rows, <[u32]>::len),
    )?;
    check_columns(
        outcome,
        treated,
        groups.cluster.map_or(n_rows, <[i64]>::len),
    )?;
    let stratum = |row: usize| groups.stratum.map_or(0, |own| own[row]);
    let cluster = |row: usize| groups.cluster.map_or(0, |own| own[row]);
    let mut rows: Vec<usize> = (0..n_rows)
        .filter(|&row| treated[row].is_finite())
        .collect();
    // The order of units must not change a bit of a sum.
    rows.sort_by(|&a, &b| {
        let key = |row: usize| (stratum(row), cluster(row));
        let sides = key(a).cmp(&key(b)).then(treated[a].total_cmp(&treated[b]));
        sides.then(outcome[a].total_cmp(&outcome[b]))
    });
    let mut result = Arms::new(outcome, treated, &rows).without_bounds();
    let sides = groups.cluster.map(|own| Clusters::new(own, treated, &rows));
    result.n_clusters = sides
        .as_ref()
        .map_or(result.n_units, |sides| sides.n as u64);
    if rows.is_empty() {
        return Ok(result);
    }
    let mut strata = Vec::new();
    for own in rows.chunk_by(|&a, &b| stratum(a) == stratum(b)) {
        let arms = Arms::new(outcome, treated, own);
        let Some(trimmed) = arms.trimmed(trim) else {
            result.status = arms.without_bounds().status;
            return Ok(result);
        };
        strata.push(Stratum::new(own, arms, trimmed));
    }
    average(&mut result, &strata);
    let influence = influence(&result, &strata, outcome, treated);
    let seen = outcome.iter().copied().filter(|y| y.is_finite());
    let rounding = rounding_error(&seen.collect::<Vec<f64>>());
    let errors = [0, 1].map(|bound| {
        let own = influence
            .iter()
            .map(|(row, own)| (cluster(*row), own[bound]));
        let found = match &sides {
            Some(sides) => sides.std_error(own),
            None => own.map(|(_, own)| own * own).sum::<f64>().sqrt(),
        };
        // Equal outcomes leave rounding.
        if found > rounding { found } else { f64::NAN }
    });
    result.set_errors(errors, level);
    if result.status == Status::Ok && sides.is_some_and(|sides| sides.are_few()) {
        result.status = Status::FewClusters;
    }
    Ok(result)
}

/// Units of one stratum, trimmed.
struct Stratum<'a> {
    rows: &'a [usize],
    trimmed: TrimmedArms,
    sizes: [u64; 2],
    /// Rate of the arm seen less often.
    rate: f64,
    bounds: (f64, f64),
}

impl<'a> Stratum<'a> {
    fn new(rows: &'a [usize], arms: Arms, trimmed: TrimmedArms) -> Self {
        Self {
            rows,
            sizes: arms.sizes(),
            rate: arms.rates()[1 - trimmed.more],
            bounds: trimmed.bounds(),
            trimmed,
        }
    }

    /// Number of units times the rate of the arm seen less often.
    fn weight(&self) -> f64 {
        self.rows.len() as f64 * self.rate
    }
}

fn average(result: &mut LeeBounds, strata: &[Stratum<'_>]) {
    let mean = |value: &dyn Fn(&Stratum<'_>) -> f64| {
        let total: f64 = strata.iter().map(Stratum::weight).sum();
        let sum: f64 = strata.iter().map(|own| own.weight() * value(own)).sum();
        sum / total
    };
    result.lower = mean(&|own| own.bounds.0);
    result.upper = mean(&|own| own.bounds.1);
    result.trimming_share = mean(&|own| own.trimmed.share);
}

/// What each unit contributes to the errors of the lower and the upper bound, over the number of units.
fn influence(
    result: &LeeBounds,
    strata: &[Stratum<'_>],
    outcome: &[f64],
    treated: &[f64],
) -> Vec<(usize, [f64; 2])> {
    let n_units: f64 = strata.iter().map(|own| own.rows.len() as f64).sum();
    // Σ P(k)·q_k, times the number of units.
    let total: f64 = strata.iter().map(Stratum::weight).sum();
    let mut all = Vec::with_capacity(n_units as usize);
    for own in strata {
        let trimmed = &own.trimmed;
        let n = own.rows.len() as f64;
        let share = |arm: usize| own.sizes[arm] as f64 / n;
        let (lowest, highest) = (&trimmed.lowest, trimmed.highest());
        let ends = [(lowest.mean, lowest.cut, 1.0), (highest.0, highest.1, -1.0)];
        let beyond = |row: usize, (_, cut, sign): (f64, f64, f64)| match outcome[row] {
            y if y.is_finite() && sign * (y - cut) < 0.0 => y - cut,
            _ => 0.0,
        };
        let arm = |row: usize| usize::from(treated[row] == 1.0);
        let means = ends.map(|end| {
            let more = own.rows.iter().filter(|&&row| arm(row) == trimmed.more);
            more.map(|&row| beyond(row, end)).sum::<f64>() / own.sizes[trimmed.more] as f64
        });
        for &row in own.rows {
            let seen = f64::from(u8::from(outcome[row].is_finite()));
            let distance = if seen == 1.0 {
                outcome[row] - trimmed.other_mean
            } else {
                0.0
            };
            let is_more = arm(row) == trimmed.more;
            // Of the mean of the arm seen more often less that of the other.
            let parts = [0, 1].map(|end| match is_more {
                true => (beyond(row, ends[end]) - means[end]) / (own.rate * share(trimmed.more)),
                false => {
                    let of_share = (ends[end].1 - ends[end].0) * (seen - own.rate);
                    (of_share - distance) / (own.rate * share(1 - trimmed.more))
                }
            });
            // As in `Trimmed::bounds`: the ends trade places with the sign.
            let parts = if trimmed.more == 1 {
                parts
            } else {
                [-parts[1], -parts[0]]
            };
            let of_rate = if is_more {
                0.0
            } else {
                (seen - own.rate) / share(1 - trimmed.more)
            };
            let gaps = [own.bounds.0 - result.lower, own.bounds.1 - result.upper];
            // P(k)·q_k moves by the rate in the stratum and by the unit's own part of P(k).
            let of = |bound: usize| {
                (own.rate * parts[bound] + gaps[bound] * (of_rate + own.rate)) / total
            };
            all.push((row, [of(0), of(1)]));
        }
    }
    all
}

/// The clusters of all units with a treatment.
struct Clusters {
    n: usize,
    /// Others first, treated second.
    sides: [Side; 2],
}

impl Clusters {
    fn new(cluster: &[i64], treated: &[f64], rows: &[usize]) -> Self {
        let mut n: BTreeMap<i64, [u64; 2]> = BTreeMap::new();
        for &row in rows {
            n.entry(cluster[row]).or_default()[usize::from(treated[row] == 1.0)] += 1;
        }
        let mut sides = [Side::EMPTY; 2];
        for own in n.values() {
            for (side, &n) in sides.iter_mut().zip(own) {
                side.add_cluster(n);
            }
        }
        Self { n: n.len(), sides }
    }

    fn are_few(&self) -> bool {
        Interval::Normal.has_few(self.sides[1], self.sides[0])
    }

    fn std_error(&self, influence: impl Iterator<Item = (i64, f64)>) -> f64 {
        let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
        for (cluster, own) in influence {
            *sums.entry(cluster).or_default() += own;
        }
        let n = self.n as f64;
        let squares: f64 = sums.values().map(|sum| sum * sum).sum();
        (squares * n / (n - 1.0)).sqrt()
    }
}
