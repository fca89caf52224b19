//! Partitions of the rows: fixed effects and clusters as dense codes.

use rayon::prelude::*;

use crate::panel::codes::{MISSING_CODE, rank_i64};

/// A partition of the rows.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    pub(crate) codes: Vec<u32>,
    pub(crate) n_groups: usize,
}

impl Groups {
    /// The partition into combinations of two partitions.
    pub(crate) fn combine(&self, other: &Self) -> Self {
        let keys: Vec<i64> = self
            .codes
            .iter()
            .zip(&other.codes)
            // Both factors are below 2³², so that `i64` holds the product of any codes of rows.
            .map(|(&a, &b)| i64::from(a) * other.n_groups as i64 + i64::from(b))
            .collect();
        // The table of combinations is sparse: only pairs that occur get a code.
        let (codes, n_groups) = rank_i64(&keys);
        Self { codes, n_groups }
    }

    /// Whether each group lies in one group of `other`.
    pub(crate) fn nested_in(&self, other: &Self) -> bool {
        let mut parent = vec![MISSING_CODE; self.n_groups];
        self.codes.iter().zip(&other.codes).all(|(&own, &outer)| {
            let known = &mut parent[own as usize];
            if *known == MISSING_CODE {
                *known = outer;
            }
            *known == outer
        })
    }

    /// Connected components of the graph whose nodes are the groups of both partitions and whose edges are the rows.
    pub(crate) fn components(&self, other: &Self) -> u64 {
        let mut parent: Vec<u32> = (0..(self.n_groups + other.n_groups) as u32).collect();
        let mut n_components = parent.len() as u64;
        for (&own, &outer) in self.codes.iter().zip(&other.codes) {
            let a = root(&mut parent, own);
            let b = root(&mut parent, self.n_groups as u32 + outer);
            if a != b {
                // Union by code, without ranks: halving paths keeps trees short enough.
                parent[a.max(b) as usize] = a.min(b);
                n_components -= 1;
            }
        }
        n_components
    }

    /// The partition of some of the rows, in that order.
    pub(crate) fn select(&self, rows: &[u32]) -> Self {
        compressed(
            rows.iter().map(|&row| self.codes[row as usize]),
            self.n_groups,
        )
    }

    /// The same groups with the rows in another order.
    pub(crate) fn reorder(&mut self, order: &[u32]) {
        self.codes = order
            .par_iter()
            .map(|&row| self.codes[row as usize])
            .collect();
    }

    /// Rows per group.
    pub(crate) fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.n_groups];
        for &code in &self.codes {
            sizes[code as usize] += 1;
        }
        sizes
    }
}

/// The root of a node, halving the path on the way.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}

/// Codes below `n` made dense, in their order.
pub(super) fn compressed(codes: impl Iterator<Item = u32> + Clone, n: usize) -> Groups {
    let mut dense = vec![0_u32; n];
    for code in codes.clone() {
        dense[code as usize] = 1;
    }
    let mut next = 0;
    for entry in &mut dense {
        let seen = *entry;
        *entry = next;
        next += seen;
    }
    Groups {
        codes: codes.map(|code| dense[code as usize]).collect(),
        n_groups: next as usize,
    }
}

/// Rows by ascending code, equal codes in the order given.
pub(crate) fn counting_sort(order: &[u32], groups: &Groups) -> Vec<u32> {
    let mut next = vec![0_u32; groups.n_groups + 1];
    for &code in &groups.codes {
        next[code as usize + 1] += 1;
    }
    for group in 0..groups.n_groups {
        next[group + 1] += next[group];
    }
    let mut sorted = vec![0_u32; order.len()];
    for &row in order {
        let place = &mut next[groups.codes[row as usize] as usize];
        sorted[*place as usize] = row;
        *place += 1;
    }
    sorted
}
