//! p-values of several tests together: what stays significant when many are looked at.
//!
//! Holm (1979, Scandinavian J. Statistics 6:65), Hochberg (1988, Biometrika 75:800) and Bonferroni bound the probability of any false
//! finding, Hochberg for tests that do not depend on each other in the wrong way; Benjamini and Hochberg (1995, J. Royal Statistical Society B 57:289) the expected
//! share of false findings. Westfall and Young (1993) bound the former by the joint law of the statistics, from draws under the
//! hypothesis that nothing has an effect (permutations or a bootstrap); the draws given are taken to contain the observed statistics
//! where that is due.

use crate::error::EstimatorError;

/// How p-values are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Step-down Bonferroni.
    Holm,
    /// Step-up Bonferroni.
    Hochberg,
    /// Times the number of tests.
    Bonferroni,
    /// Step-up false discovery rate.
    BenjaminiHochberg,
}

/// How p-values come from draws of all statistics together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WestfallYoung {
    /// The largest statistic among those not larger than each, step by step.
    StepDownMax,
    /// The largest of all statistics.
    SingleStepMax,
    /// The smallest p-value, step by step: fair to statistics with different laws.
    StepDownMinP,
}

/// Adjusted p-values, in the order given. Missing ones (NaN) stay so and do not count as tests.
pub fn adjust_p(p_values: &[f64], adjustment: Adjustment) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len())
        .filter(|&test| !p_values[test].is_nan())
        .collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let n = order.len();
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let factor = |rank: usize| match adjustment {
        Adjustment::Holm | Adjustment::Hochberg => (n - rank) as f64,
        Adjustment::Bonferroni => n as f64,
        Adjustment::BenjaminiHochberg => n as f64 / (rank + 1) as f64,
    };
    let own = |rank: usize| (factor(rank) * p_values[order[rank]]).min(1.0);
    match adjustment {
        // No p-value is smaller than that of a test before it.
        Adjustment::Holm | Adjustment::Bonferroni => {
            let mut largest = 0.0_f64;
            for rank in 0..n {
                largest = largest.max(own(rank));
                adjusted[order[rank]] = largest;
            }
        }
        // Nor larger than that of a test after it.
        Adjustment::Hochberg | Adjustment::BenjaminiHochberg => {
            let mut smallest = 1.0_f64;
            for rank in (0..n).rev() {
                smallest = smallest.min(own(rank));
                adjusted[order[rank]] = smallest;
            }
        }
    }
    adjusted
}

/// Adjusted p-values from draws: shares of draws at least as extreme as what was observed. Statistics count by their size, larger is
/// more extreme; equal up to a billionth is equal.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`] for a draw of another length, [`EstimatorError::BadOption`] without draws or with statistics that
/// are missing.
pub fn westfall_young(
    observed: &[f64],
    draws: &[Vec<f64>],
    method: WestfallYoung,
) -> Result<Vec<f64>, EstimatorError> {
    let n = observed.len();
    if let Some(draw) = draws.iter().find(|draw| draw.len() != n) {
        return Err(EstimatorError::LengthMismatch {
            column: "draws".to_owned(),
            found: draw.len(),
            expected: n,
        });
    }
    let numbers = draws.iter().flatten().chain(observed);
    if draws.is_empty() || numbers.into_iter().any(|value| value.is_nan()) {
        return Err(EstimatorError::BadOption {
            option: "draws",
            expected: "one or more, without missing statistics",
        });
    }
    let sizes = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.abs()).collect() };
    let observed = sizes(observed);
    let draws: Vec<Vec<f64>> = draws.iter().map(|draw| sizes(draw)).collect();
    Ok(match method {
        WestfallYoung::SingleStepMax => observed
            .iter()
            .map(|&own| share(&draws, |draw| reaches(largest(draw), own)))
            .collect(),
        WestfallYoung::StepDownMax => step_down(&observed, &draws),
        WestfallYoung::StepDownMinP => {
            let laws = sorted_by_test(&draws, n);
            // Smaller p-values are more extreme: with the sign changed, larger is.
            let shares = |values: &[f64]| -> Vec<f64> {
                let own = laws.iter().zip(values);
                own.map(|(law, &value)| {
                    let below = law.partition_point(|&drawn| !reaches(drawn, value));
                    below as f64 / law.len() as f64 - 1.0
                })
                .collect()
            };
            let observed = shares(&observed);
            let draws: Vec<Vec<f64>> = draws.iter().map(|draw| shares(draw)).collect();
            step_down(&observed, &draws)
        }
    })
}

/// The draws of each test, rising.
fn sorted_by_test(draws: &[Vec<f64>], n: usize) -> Vec<Vec<f64>> {
    let sorted = (0..n).map(|test| {
        let mut law: Vec<f64> = draws.iter().map(|draw| draw[test]).collect();
        law.sort_unstable_by(f64::total_cmp);
        law
    });
    sorted.collect()
}

/// From the most extreme test down: the share of draws in which the most extreme of it and those after it reaches it.
fn step_down(observed: &[f64], draws: &[Vec<f64>]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..observed.len()).collect();
    order.sort_by(|&a, &b| observed[b].total_cmp(&observed[a]));
    let mut adjusted = vec![f64::NAN; observed.len()];
    let mut before = 0.0_f64;
    for (rank, &test) in order.iter().enumerate() {
        let rest = &order[rank..];
        let most = |draw: &Vec<f64>| {
            rest.iter()
                .map(|&k| draw[k])
                .fold(f64::NEG_INFINITY, f64::max)
        };
        before = before.max(share(draws, |draw| reaches(most(draw), observed[test])));
        adjusted[test] = before;
    }
    adjusted
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn share(draws: &[Vec<f64>], holds: impl Fn(&Vec<f64>) -> bool) -> f64 {
    draws.iter().filter(|draw| holds(draw)).count() as f64 / draws.len() as f64
}

/// Statistics that should be equal differ by rounding.
fn reaches(value: f64, observed: f64) -> bool {
    value >= observed - 1e-9 * observed.abs().max(1.0)
}
