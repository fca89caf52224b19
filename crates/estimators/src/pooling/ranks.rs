//! Ranks of true effects, given the data: each is normal, independent of the others.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::inference::normal;
use crate::sensitivity::root::{Node, gauss_legendre, integral};

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

/// Estimates² × k up to which the probability of being among the k best is worked out: seconds on one thread.
const MOST_WORK: u64 = 40_000_000;

/// What is known of one effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// The mean rank of each: 1 + Σ P(another is better), where two are never equal but by their law (then half).
pub(super) fn mean_ranks(effects: &[Known], best: Best) -> Vec<f64> {
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

/// The probability that fewer than `k` others are better, for each.
pub(super) fn among_best(
    effects: &[Known],
    k: usize,
    best: Best,
) -> Result<Vec<f64>, EstimatorError> {
    let n = effects.len();
    if k >= n {
        return Ok(vec![1.0; n]);
    }
    let work = (n as u64).pow(2).saturating_mul(k as u64);
    if work > MOST_WORK {
        return Err(EstimatorError::TooMany {
            what: "estimates of a family, squared, times `best`",
            found: work,
            limit: MOST_WORK,
        });
    }
    let rule = gauss_legendre(RULE);
    let probability = |own: usize| one_among_best(effects, own, k, best, &rule);
    Ok((0..n).into_par_iter().map(probability).collect())
}

/// ∫ P(fewer than `k` others are above x) over the law of x.
fn one_among_best(effects: &[Known], own: usize, k: usize, best: Best, rule: &[Node]) -> f64 {
    let Known { mean, variance } = effects[own];
    let given = |z: f64| {
        let x = sign(best) * mean + z * variance.sqrt();
        // The law of how many are above x, up to k − 1 of them.
        let mut law = vec![0.0; k];
        law[0] = 1.0;
        for other in effects
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != own)
        {
            let other = other.1;
            let above = normal::cdf((sign(best) * other.mean - x) / other.variance.sqrt());
            // Downwards, so that each entry reads the law from before this effect.
            for count in (1..k).rev() {
                law[count] = law[count] * (1.0 - above) + law[count - 1] * above;
            }
            law[0] *= 1.0 - above;
        }
        let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        density * law.iter().sum::<f64>()
    };
    integral(given, (-REACH, REACH), PANELS, rule).clamp(0.0, 1.0)
}

/// Standard deviations to each side.
const REACH: f64 = 8.0;
const PANELS: usize = 16;
const RULE: usize = 8;

fn sign(best: Best) -> f64 {
    match best {
        Best::Highest => 1.0,
        Best::Lowest => -1.0,
    }
}
