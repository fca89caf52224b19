//! The ways in which clusters of a trial could have been assigned: all of them, or as many draws as are asked for.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Clusters of one stratum, and how many of them are treated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stratum {
    clusters: Vec<usize>,
    n_treated: usize,
}

/// Assignments of the same numbers of clusters to treatment, within strata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignments {
    strata: Vec<Stratum>,
    observed: Vec<bool>,
    n: u64,
    seed: Option<u64>,
}

impl Assignments {
    /// All assignments where there are at most `most`, else `most` drawn ones, with the observed one before them.
    pub(super) fn new(observed: &[bool], stratum: &[u32], most: u64, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..observed.len()).collect();
        order.sort_by_key(|&cluster| stratum[cluster]);
        let strata: Vec<Stratum> = order
            .chunk_by(|&a, &b| stratum[a] == stratum[b])
            .map(|clusters| Stratum {
                n_treated: clusters
                    .iter()
                    .filter(|&&cluster| observed[cluster])
                    .count(),
                clusters: clusters.to_vec(),
            })
            .collect();
        let all = strata
            .iter()
            .map(|own| choices(own.clusters.len(), own.n_treated));
        let all = all.fold(1_u64, u64::saturating_mul);
        let is_exact = all <= most;
        Self {
            strata,
            observed: observed.to_vec(),
            n: if is_exact {
                all
            } else {
                most.saturating_add(1)
            },
            seed: (!is_exact).then_some(seed),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.n
    }

    /// Whether they are all there could be.
    pub(super) fn is_exact(&self) -> bool {
        self.seed.is_none()
    }

    /// Which clusters assignment `index` treats.
    pub(super) fn get(&self, index: u64) -> Vec<bool> {
        let mut treated = vec![false; self.observed.len()];
        match self.seed {
            None => self.unrank(index, &mut treated),
            Some(_) if index == 0 => treated.clone_from(&self.observed),
            Some(seed) => self.draw(seed, index, &mut treated),
        }
        treated
    }

    /// Every stratum is a digit whose values are its combinations, in lexicographic order.
    fn unrank(&self, index: u64, treated: &mut [bool]) {
        let mut rest = index;
        for stratum in &self.strata {
            let (n, mut left) = (stratum.clusters.len(), stratum.n_treated);
            let all = choices(n, left);
            let mut own = rest % all;
            rest /= all;
            for (place, &cluster) in stratum.clusters.iter().enumerate() {
                if left == 0 {
                    break;
                }
                // The combinations that hold this cluster come before those that do not.
                let with = choices(n - place - 1, left - 1);
                if own < with {
                    treated[cluster] = true;
                    left -= 1;
                } else {
                    own -= with;
                }
            }
        }
    }

    fn draw(&self, seed: u64, index: u64, treated: &mut [bool]) {
        // 2⁶⁴ over the golden ratio: neighbouring draws get seeds far apart.
        let stream = seed ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(stream);
        for stratum in &self.strata {
            let mut left = stratum.clusters.clone();
            for place in 0..stratum.n_treated {
                let n_left = (left.len() - place) as u64;
                // Off from uniform by less than the number of clusters over 2⁶⁴.
                let other = place + (random.next_u64() % n_left) as usize;
                left.swap(place, other);
                treated[left[place]] = true;
            }
        }
    }
}

/// Ways to choose `k` of `n`; the largest number where there are more.
fn choices(n: usize, k: usize) -> u64 {
    // As many ways as to leave out n − k, in fewer steps.
    let k = k.min(n - k.min(n)) as u64;
    let mut ways = 1_u128;
    for step in 1..=k {
        // Whole at every step: a product of so many successive numbers.
        ways = ways * u128::from(n as u64 - k + step) / u128::from(step);
        if ways > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    ways as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_way_is_there_once() {
        let observed = [true, true, false, false, false, true, false];
        let stratum = [0, 0, 0, 0, 0, 3, 3];
        let all = Assignments::new(&observed, &stratum, 20, 1);
        assert!(all.is_exact() && all.len() == 20);
        let ways: BTreeSet<Vec<bool>> = (0..20).map(|index| all.get(index)).collect();
        assert!(ways.len() == 20 && ways.contains(observed.as_slice()));
        for way in &ways {
            let n = |range: std::ops::Range<usize>| way[range].iter().filter(|own| **own).count();
            assert_eq!((n(0..5), n(5..7)), (2, 1));
        }
    }

    #[test]
    fn draws_keep_the_numbers_of_each_stratum_and_start_with_the_observed_one() {
        let observed: Vec<bool> = (0..40).map(|cluster| cluster % 3 == 0).collect();
        let stratum: Vec<u32> = (0..40).map(|cluster| cluster / 20).collect();
        let drawn = Assignments::new(&observed, &stratum, 500, 7);
        assert!(!drawn.is_exact() && drawn.len() == 501);
        assert_eq!(drawn.get(0), observed);
        let mut times = vec![0; 40];
        for index in 1..501 {
            let way = drawn.get(index);
            let n = |half: usize| {
                way[20 * half..20 * half + 20]
                    .iter()
                    .filter(|own| **own)
                    .count()
            };
            assert_eq!((n(0), n(1)), (7, 7));
            for (times, own) in times.iter_mut().zip(way) {
                *times += usize::from(own);
            }
        }
        // 175 expected of 500, with a standard deviation of 11.
        assert!(
            times.iter().all(|times| (130..220).contains(times)),
            "{times:?}"
        );
    }

    #[test]
    fn numbers_of_ways() {
        assert_eq!(
            [choices(12, 6), choices(5, 0), choices(5, 5), choices(1, 1)],
            [924, 1, 1, 1]
        );
        assert_eq!(choices(67, 33), 14_226_520_737_620_288_370);
        assert_eq!(choices(68, 34), u64::MAX);
        assert_eq!(choices(100_000, 50_000), u64::MAX);
    }
}
