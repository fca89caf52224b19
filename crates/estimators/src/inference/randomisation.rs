//! Randomisation tests: what a statistic would have been under the other assignments of clusters. See the module `inference`.

use std::collections::BTreeMap;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::inference::multiplier::TIE;

/// What randomisation says about one statistic. Numbers that do not exist are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomisationTest {
    /// Share of assignments whose statistic is at least as far from zero as the observed one. The observed assignment counts, and so
    /// do those without a statistic.
    pub p_value: f64,
    /// The same for statistics that are farther.
    pub p_value_strict: f64,
    /// Assignments, the observed one among them.
    pub n_assignments: u64,
    /// Whether these are all that are possible.
    pub is_exhaustive: bool,
}

/// The ways to hand out the observed labels to the same clusters, each stratum's among its own.
pub(crate) struct Assignments {
    observed: Vec<u32>,
    strata: Vec<Stratum>,
    seed: u64,
}

/// The clusters of a stratum and how many of them have each label.
struct Stratum {
    clusters: Vec<usize>,
    labels: Vec<(u32, u64)>,
    /// Different assignments; `None` beyond 64 bits.
    n_assignments: Option<u64>,
}

impl Assignments {
    /// Of the labels of clusters; `strata` says in which stratum each is, all in one if it is empty.
    pub(crate) fn new(observed: Vec<u32>, strata: &[u32], seed: u64) -> Self {
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for cluster in 0..observed.len() {
            let stratum = strata.get(cluster).copied().unwrap_or_default();
            members.entry(stratum).or_default().push(cluster);
        }
        // In the order of their first clusters: how the caller numbers strata must not matter.
        let mut members: Vec<Vec<usize>> = members.into_values().collect();
        members.sort_by_key(|clusters| clusters[0]);
        let strata = members.into_iter().map(|clusters| {
            let mut labels: BTreeMap<u32, u64> = BTreeMap::new();
            for &cluster in &clusters {
                *labels.entry(observed[cluster]).or_default() += 1;
            }
            let labels: Vec<(u32, u64)> = labels.into_iter().collect();
            Stratum {
                n_assignments: n_arrangements(&labels),
                clusters,
                labels,
            }
        });
        Self {
            strata: strata.collect(),
            observed,
            seed,
        }
    }

    /// How many different ones there are; `None` beyond 64 bits.
    pub(crate) fn count(&self) -> Option<u64> {
        let mut strata = self.strata.iter();
        strata.try_fold(1_u64, |all, stratum| {
            all.checked_mul(stratum.n_assignments?)
        })
    }

    /// The one in this place among all different ones.
    fn nth(&self, mut place: u64) -> Vec<u32> {
        let mut labels = self.observed.clone();
        for stratum in &self.strata {
            let n = stratum.n_assignments.unwrap_or(1);
            stratum.arrange(place % n, &mut labels);
            place /= n;
        }
        labels
    }

    /// A random one; which depends on the seed and its number alone.
    fn random(&self, number: u64) -> Vec<u32> {
        let stream = self.seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(stream);
        let mut labels = self.observed.clone();
        for stratum in &self.strata {
            let clusters = &stratum.clusters;
            for last in (1..clusters.len()).rev() {
                // A 64-bit number times the length, upper half: the shares are off by less than 2⁻³².
                let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
                labels.swap(clusters[last], clusters[other as usize]);
            }
        }
        labels
    }

    /// The tests of some statistics, of which `statistics` has the values under an assignment: all assignments where these are at
    /// most `n_draws`, else that many random ones beside the observed one.
    pub(crate) fn tests(
        &self,
        n_draws: u32,
        observed: &[f64],
        statistics: impl Fn(&[u32]) -> Vec<f64> + Sync,
    ) -> Vec<RandomisationTest> {
        let none = || vec![[0_u64; 2]; observed.len()];
        let counts = (0..self.n_made(n_draws))
            .into_par_iter()
            .fold(none, |mut counts, place| {
                self.count_beyond(&mut counts, (n_draws, place), observed, &statistics);
                counts
            })
            // Whole numbers: in whatever order threads end, the sum is the same.
            .reduce(none, |mut sum, part| {
                for (to, from) in sum.iter_mut().zip(part) {
                    *to = [to[0] + from[0], to[1] + from[1]];
                }
                sum
            });
        self.shares(n_draws, observed, &counts)
    }

    /// The same, one assignment after the other: for statistics that take all threads or much memory.
    fn tests_in_turn(
        &self,
        n_draws: u32,
        observed: &[f64],
        statistics: impl Fn(&[u32]) -> Vec<f64>,
    ) -> Vec<RandomisationTest> {
        let mut counts = vec![[0_u64; 2]; observed.len()];
        for place in 0..self.n_made(n_draws) {
            self.count_beyond(&mut counts, (n_draws, place), observed, &statistics);
        }
        self.shares(n_draws, observed, &counts)
    }

    /// Assignments that are made: all where these are at most `n_draws`.
    fn n_made(&self, n_draws: u32) -> u64 {
        self.all(n_draws).unwrap_or(u64::from(n_draws))
    }

    fn all(&self, n_draws: u32) -> Option<u64> {
        self.count().filter(|&n| n <= u64::from(n_draws))
    }

    /// Adds to the counts which statistics of an assignment are at least as far as the observed ones, and which are farther.
    fn count_beyond(
        &self,
        counts: &mut [[u64; 2]],
        (n_draws, place): (u32, u64),
        observed: &[f64],
        statistics: impl Fn(&[u32]) -> Vec<f64>,
    ) {
        let labels = match self.all(n_draws) {
            Some(_) => self.nth(place),
            None => self.random(place),
        };
        let values = statistics(&labels);
        for ((count, value), observed) in counts.iter_mut().zip(values).zip(observed) {
            let (value, observed) = (value.abs(), observed.abs());
            let tie = TIE * observed;
            count[0] += u64::from(value.is_nan() || value >= observed - tie);
            count[1] += u64::from(value > observed + tie);
        }
    }

    fn shares(
        &self,
        n_draws: u32,
        observed: &[f64],
        counts: &[[u64; 2]],
    ) -> Vec<RandomisationTest> {
        let (all, n) = (self.all(n_draws), self.n_made(n_draws));
        // The observed assignment is among all, and one more beside random ones.
        let own = u64::from(all.is_none());
        let tests = counts.iter().zip(observed);
        tests
            .map(|([weak, strict], observed)| {
                let share = |n_beyond: u64| match observed.is_nan() {
                    true => f64::NAN,
                    false => n_beyond as f64 / (n + own) as f64,
                };
                RandomisationTest {
                    p_value: share(weak + own),
                    p_value_strict: share(*strict),
                    n_assignments: n + own,
                    is_exhaustive: all.is_some(),
                }
            })
            .collect()
    }
}

/// Rows that may be read again while labels are handed out.
const MOST_ROWS: u64 = 2_000_000_000;

/// With more rows assignments are worked on one after the other, each with all threads; with fewer side by side.
const SIDE_BY_SIDE: u64 = 1 << 16;

/// Statistics for which everything is estimated again from rows, each time.
pub(crate) struct Refits {
    pub(crate) n_draws: u32,
    /// Rows that are read for one assignment.
    pub(crate) n_rows: u64,
}

impl Refits {
    /// Tests of the rows of some outcomes from their observed statistics; `statistics` has those under an assignment, in the same places,
    /// and none where nothing can be estimated.
    ///
    /// # Errors
    /// [`EstimatorError::BadOption`] without permutations, [`EstimatorError::TooMany`] where too many rows would be read.
    pub(crate) fn tests(
        &self,
        assignments: &Assignments,
        observed: &[Vec<f64>],
        statistics: impl Fn(&[u32]) -> Option<Vec<Vec<f64>>> + Sync,
    ) -> Result<Vec<Vec<RandomisationTest>>, EstimatorError> {
        check_permutations(self.n_draws)?;
        let n_rows = self.n_rows.max(1);
        let n = assignments.n_made(self.n_draws);
        if n.saturating_mul(n_rows) > MOST_ROWS {
            return Err(EstimatorError::TooMany {
                what: "permutations to estimate one after the other, for so many rows",
                found: n,
                limit: MOST_ROWS / n_rows,
            });
        }
        let flat = observed.concat();
        let flat_statistics = |labels: &[u32]| match statistics(labels) {
            Some(found) => found.concat(),
            None => vec![f64::NAN; flat.len()],
        };
        let tests = if n_rows > SIDE_BY_SIDE {
            assignments.tests_in_turn(self.n_draws, &flat, flat_statistics)
        } else {
            assignments.tests(self.n_draws, &flat, flat_statistics)
        };
        let mut tests = tests.into_iter();
        let of_outcome = |own: &Vec<f64>| tests.by_ref().take(own.len()).collect();
        Ok(observed.iter().map(of_outcome).collect())
    }
}

/// Refuses a test without permutations.
pub(crate) fn check_permutations(n_draws: u32) -> Result<(), EstimatorError> {
    if n_draws > 0 {
        return Ok(());
    }
    Err(EstimatorError::BadOption {
        option: "permutations",
        expected: "at least 1",
    })
}

impl Stratum {
    /// Hands out the labels as the arrangement in this place, in the order of the labels.
    fn arrange(&self, mut place: u64, to: &mut [u32]) {
        let mut left = self.labels.clone();
        let mut n_left = self.clusters.len() as u64;
        let mut n_arrangements = u128::from(self.n_assignments.unwrap_or(1));
        for &cluster in &self.clusters {
            for (label, n) in &mut left {
                // Of the arrangements of what is left, the share n/n_left begins with this label.
                let own = n_arrangements * u128::from(*n) / u128::from(n_left);
                if u128::from(place) < own {
                    to[cluster] = *label;
                    *n -= 1;
                    n_arrangements = own;
                    break;
                }
                place -= own as u64;
            }
            n_left -= 1;
        }
    }
}

/// n!/Π n_l!; `None` beyond 64 bits.
fn n_arrangements(labels: &[(u32, u64)]) -> Option<u64> {
    let (mut all, mut n) = (1_u128, 0_u128);
    for (_, own) in labels {
        for k in 1..=*own {
            n += 1;
            // A binomial coefficient at each step, so that the division leaves no rest.
            all = all.checked_mul(n)? / u128::from(k);
            if all > u128::from(u64::MAX) {
                return None;
            }
        }
    }
    u64::try_from(all).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Assignments;

    #[test]
    fn all_assignments_are_made_once() {
        let observed = vec![1, 2, 2, 7, 7, 7, 1];
        let assignments = Assignments::new(observed.clone(), &[], 1);
        // 7!/(2! 2! 3!)
        assert_eq!(assignments.count(), Some(210));
        let all: BTreeSet<Vec<u32>> = (0..210).map(|place| assignments.nth(place)).collect();
        assert_eq!(all.len(), 210);
        assert!(all.contains(&observed));
        for labels in &all {
            let mut sorted = labels.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [1, 1, 2, 2, 7, 7, 7]);
        }
    }

    #[test]
    fn strata_keep_their_labels() {
        let observed = vec![0, 1, 0, 1, 1, 1];
        let strata = [3, 9, 3, 9, 3, 9];
        let assignments = Assignments::new(observed, &strata, 5);
        // One of three in the first; the second has one label only.
        assert_eq!(assignments.count(), Some(3));
        for number in 0..50 {
            let labels = assignments.random(number);
            assert_eq!(labels[0] + labels[2] + labels[4], 1);
            assert_eq!([labels[1], labels[3], labels[5]], [1, 1, 1]);
        }
    }

    #[test]
    fn random_assignments_are_equally_likely() {
        let assignments = Assignments::new(vec![0, 0, 1, 1], &[], 11);
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..6_000 {
            *counts.entry(assignments.random(number)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Within five standard deviations of 1,000.
        assert!(counts.values().all(|n: &i32| (n - 1_000).abs() < 145));
    }

    #[test]
    fn too_many_are_counted_as_such() {
        let half = (0..200).map(|cluster| cluster % 2).collect();
        assert_eq!(Assignments::new(half, &[], 1).count(), None);
        let one = (0..200).map(|cluster| u32::from(cluster == 9)).collect();
        assert_eq!(Assignments::new(one, &[], 1).count(), Some(200));
        assert_eq!(Assignments::new(Vec::new(), &[], 1).count(), Some(1));
    }

    #[test]
    fn shares_count_the_observed_assignment_and_ties() {
        // The statistic: the place of the one label; four values, one as far as the observed and one farther.
        let assignments = Assignments::new(vec![0, 0, 1, 0], &[], 1);
        let values = [1.0, -2.0, 2.0, 3.0];
        let statistic = |labels: &[u32]| {
            let place = labels.iter().position(|label| *label == 1);
            vec![values[place.unwrap_or(0)], f64::NAN]
        };
        let tests = assignments.tests(4, &[2.0, f64::NAN], statistic);
        assert!(tests[0].is_exhaustive);
        assert_eq!(tests[0].p_value, 0.75);
        assert_eq!(tests[0].p_value_strict, 0.25);
        assert!(tests[1].p_value.is_nan());
        let random = assignments.tests(3, &[9.0, 1.0], statistic);
        assert_eq!(random[0].n_assignments, 4);
        assert_eq!(random[0].p_value, 0.25);
        // Assignments without a statistic count.
        assert_eq!(random[1].p_value, 1.0);
    }
}
