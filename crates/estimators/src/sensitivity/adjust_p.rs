//! p-values of several tests together: what stays significant when many are looked at.
//!
//! Holm (1979, Scandinavian J. Statistics 6:65), Hochberg (1988, Biometrika 75:800) and Bonferroni bound the probability of any false
//! finding, Hochberg for tests that do not depend on each other in the wrong way; Benjamini and Hochberg (1995, J. Royal Statistical Society B 57:289) the expected
//! share of false findings, Benjamini and Yekutieli (2001, Annals of Statistics 29:1165) the same for tests that depend on each other in any way. Westfall and Young (1993) bound the former by the joint law of the statistics, from draws under the
//! hypothesis that nothing has an effect (permutations or a bootstrap); the draws given are taken to contain the observed statistics
//! where that is due.
//!
//! Primary tests first: they are adjusted among themselves, as if there were no others, and so are the others; but no other test is
//! significant unless all primary ones are (serial gatekeeping: Westfall and Krishen 2001, J. Statistical Planning and Inference
//! 99:25). Both together are then bounded as each is.

use crate::error::EstimatorError;
use crate::status::Status;

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
    /// The same times 1 + 1/2 + … + 1/n.
    BenjaminiYekutieli,
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
    let harmonic: f64 = (1..=n).map(|k| 1.0 / k as f64).sum();
    let factor = |rank: usize| match adjustment {
        Adjustment::Holm | Adjustment::Hochberg => (n - rank) as f64,
        Adjustment::Bonferroni => n as f64,
        Adjustment::BenjaminiHochberg => n as f64 / (rank + 1) as f64,
        Adjustment::BenjaminiYekutieli => harmonic * n as f64 / (rank + 1) as f64,
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
        Adjustment::Hochberg | Adjustment::BenjaminiHochberg | Adjustment::BenjaminiYekutieli => {
            let mut smallest = 1.0_f64;
            for rank in (0..n).rev() {
                smallest = smallest.min(own(rank));
                adjusted[order[rank]] = smallest;
            }
        }
    }
    adjusted
}

/// A p-value after adjustment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdjustedP {
    /// The adjusted p-value; NaN where there is none.
    pub p_value: f64,
    /// Tests it was adjusted for, itself among them.
    pub n_tests: u64,
    /// [`Status::Missing`] without a p-value, or for a test after a primary one without a p-value.
    pub status: Status,
}

/// Adjusted p-values of one family with primary tests first: see the module. `is_primary` has a value for each test; where none or all
/// are primary the order does not matter. A primary test without a p-value leaves the others without one too: it was not passed.
///
/// # Errors
/// [`EstimatorError::LengthMismatch`]; [`EstimatorError::NotAProbability`] for a p-value that is not between 0 and 1.
pub fn adjust_p_primary_first(
    p_values: &[f64],
    is_primary: &[bool],
    adjustment: Adjustment,
) -> Result<Vec<AdjustedP>, EstimatorError> {
    if is_primary.len() != p_values.len() {
        return Err(EstimatorError::LengthMismatch {
            column: "primary".to_owned(),
            found: is_primary.len(),
            expected: p_values.len(),
        });
    }
    let outside = |p: &&f64| !(p.is_nan() || (0.0..=1.0).contains(*p));
    let n_rows = p_values.iter().filter(outside).count() as u64;
    if n_rows > 0 {
        return Err(EstimatorError::NotAProbability { n_rows });
    }
    Ok(primary_first(is_primary, |tests| {
        let own: Vec<f64> = tests.iter().map(|&test| p_values[test]).collect();
        adjust_p(&own, adjustment)
    }))
}

/// Adjusts primary tests, then the others, each by `adjust`, and lets no other be smaller than the largest primary one.
pub(super) fn primary_first(
    is_primary: &[bool],
    adjust: impl Fn(&[usize]) -> Vec<f64>,
) -> Vec<AdjustedP> {
    let mut gate = 0.0_f64;
    let missing = AdjustedP {
        p_value: f64::NAN,
        n_tests: 0,
        status: Status::Missing,
    };
    let mut found = vec![missing; is_primary.len()];
    for first in [true, false] {
        let tests: Vec<usize> = (0..is_primary.len())
            .filter(|&test| is_primary[test] == first)
            .collect();
        let adjusted = adjust(&tests);
        let n_tests = adjusted.iter().filter(|p| !p.is_nan()).count() as u64;
        for (&test, &p) in tests.iter().zip(&adjusted) {
            // Not `max`, which would drop a gate that is NaN.
            let p_value = if p < gate || gate.is_nan() { gate } else { p };
            found[test].n_tests = n_tests;
            if !(p.is_nan() || p_value.is_nan()) {
                (found[test].p_value, found[test].status) = (p_value, Status::Ok);
            }
        }
        gate = adjusted
            .iter()
            .fold(gate, |gate, &p| match p > gate || p.is_nan() {
                true => p,
                false => gate,
            });
    }
    found
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
