//! Ranks of true effects, given the data: each is normal, independent of the others.

use std::f64::consts::PI;

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::inference::normal;
use crate::sensitivity::root::{Node, gauss_legendre};

/// Which effects are best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Best {
    /// The highest: rank 1 is the highest.
    Highest,
    /// The lowest.
    Lowest,
}

/// Most estimates of one family that are ranked.
pub const MOST_RANKED: usize = 10_000;

/// Estimates × k up to which the probability of being among the k best is worked out: seconds on one thread.
const MOST_WORK: u64 = 1_000_000;

/// What is known of one effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct NormalLaw {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// The mean rank of each: 1 + Σ P(another is better), where two are never equal but by their law (then half).
pub(super) fn mean_ranks(effects: &[NormalLaw], best: Best) -> Vec<f64> {
    let rank = |own: usize| {
        let others = effects
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != own);
        let better = others.map(|(_, other)| {
            let lead = sign(best) * (other.mean - effects[own].mean);
            normal::cdf(lead / (other.variance + effects[own].variance).sqrt())
        });
        1.0 + better.sum::<f64>()
    };
    (0..effects.len()).into_par_iter().map(rank).collect()
}

/// The probability that fewer than `k` others are better, for each: ∫ P(fewer than `k` others are above x) over the law of x. The points x
/// are common to all effects, so that how many of all are above is worked out once for each.
pub(super) fn among_best(
    effects: &[NormalLaw],
    k: usize,
    best: Best,
) -> Result<Vec<f64>, EstimatorError> {
    let n = effects.len();
    if k >= n {
        return Ok(vec![1.0; n]);
    }
    let work = (n as u64).saturating_mul(k as u64);
    if work > MOST_WORK {
        return Err(EstimatorError::TooMany {
            what: "estimates of a family, times `best`",
            found: work,
            limit: MOST_WORK,
        });
    }
    let laws: Vec<Normal> = effects
        .iter()
        .map(|effect| Normal {
            mean: sign(best) * effect.mean,
            deviation: effect.variance.sqrt(),
        })
        .collect();
    // An effect that is known for certain has no density.
    if !laws.iter().all(|law| law.deviation > 0.0) {
        return Ok(vec![f64::NAN; n]);
    }
    let rule = gauss_legendre(RULE);
    let panels = panels(&laws, k);
    // The same chunks on any number of threads, so that sums are of the same order.
    let chunks: Vec<Vec<f64>> = panels
        .par_chunks(CHUNK_PANELS)
        .map(|panels| {
            let mut shares = vec![0.0; n];
            for panel in panels {
                add_panel(&laws, k, *panel, &rule, &mut shares);
            }
            shares
        })
        .collect();
    let mut shares = vec![0.0; n];
    for chunk in chunks {
        shares
            .iter_mut()
            .zip(chunk)
            .for_each(|(sum, own)| *sum += own);
    }
    Ok(shares
        .into_iter()
        .map(|share| share.clamp(0.0, 1.0))
        .collect())
}

/// The law of one effect; the highest is best.
#[derive(Debug, Clone, Copy)]
struct Normal {
    mean: f64,
    deviation: f64,
}

impl Normal {
    fn above(self, x: f64) -> f64 {
        normal::cdf((self.mean - x) / self.deviation)
    }
}

/// The ranges of x that matter, from the top downwards: each as wide as the deviation of the sharpest law around it, until more than k
/// of all are above for certain.
fn panels(laws: &[Normal], k: usize) -> Vec<(f64, f64)> {
    let ends = laws.iter().map(|law| {
        (
            law.mean - REACH * law.deviation,
            law.mean + REACH * law.deviation,
        )
    });
    let (bottom, mut top) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |all, own| {
        (all.0.min(own.0), all.1.max(own.1))
    });
    let mut panels = Vec::new();
    let mut above = vec![0.0; k + 1];
    while top > bottom && panels.len() < MOST_PANELS {
        // A law far away is flat here, and an eighth of the way to it leaves it far.
        let widths = laws
            .iter()
            .map(|law| law.deviation.max((top - law.mean).abs() / REACH));
        let low = top - widths.fold(f64::INFINITY, f64::min);
        panels.push((low, top));
        top = low;
        above.fill(0.0);
        above[0] = 1.0;
        laws.iter()
            .for_each(|law| count(&mut above, law.above(top)));
        if above.iter().sum::<f64>() < NEGLIGIBLE {
            break;
        }
    }
    panels
}

/// Adds one more effect, which is above with probability `p`, to the law of how many are above.
fn count(law: &mut [f64], p: f64) {
    // Downwards, so that each entry reads the law from before this effect.
    for n in (1..law.len()).rev() {
        law[n] = law[n] * (1.0 - p) + law[n - 1] * p;
    }
    law[0] *= 1.0 - p;
}

/// Adds a range of x to the shares of all effects.
fn add_panel(
    laws: &[Normal],
    k: usize,
    (low, high): (f64, f64),
    rule: &[Node],
    shares: &mut [f64],
) {
    let n = laws.len();
    let half = 0.5 * (high - low);
    let mut above = vec![0.0; n];
    // Row i: the probabilities that fewer than 1, 2, … k of the effects from i on are above.
    let mut fewer_behind = vec![0.0; (n + 1) * k];
    let (mut behind, mut before) = (vec![0.0; k], vec![0.0; k]);
    for node in rule {
        let x = 0.5 * (low + high) + half * node.x;
        behind.fill(0.0);
        behind[0] = 1.0;
        fewer_behind[n * k..].fill(1.0);
        for (i, law) in laws.iter().enumerate().rev() {
            above[i] = law.above(x);
            count(&mut behind, above[i]);
            let mut sum = 0.0;
            for (fewer, p) in fewer_behind[i * k..].iter_mut().zip(&behind) {
                sum += p;
                *fewer = sum;
            }
        }
        before.fill(0.0);
        before[0] = 1.0;
        for (i, law) in laws.iter().enumerate() {
            let z = (x - law.mean) / law.deviation;
            if z.abs() <= REACH {
                let behind = fewer_behind[(i + 1) * k..(i + 2) * k].iter().rev();
                let fewer: f64 = before.iter().zip(behind).map(|(a, b)| a * b).sum();
                let density = (-0.5 * z * z).exp() / (law.deviation * (2.0 * PI).sqrt());
                shares[i] += node.weight * half * density * fewer;
            }
            count(&mut before, above[i]);
        }
    }
}

/// Standard deviations to each side.
const REACH: f64 = 8.0;
/// Points in each range.
const RULE: usize = 8;
/// Ranges that are summed up on one thread.
const CHUNK_PANELS: usize = 8;
/// Laws a million times as sharp as the whole is wide would need more.
const MOST_PANELS: usize = 20_000;
/// What is left out below the last range.
const NEGLIGIBLE: f64 = 1e-15;

fn sign(best: Best) -> f64 {
    match best {
        Best::Highest => 1.0,
        Best::Lowest => -1.0,
    }
}
