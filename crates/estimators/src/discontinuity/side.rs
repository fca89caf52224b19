//! The rows on one side of the cutoff, from the cutoff outwards.

use crate::discontinuity::kernel::Kernel;

/// The rows on one side of the cutoff.
pub(super) struct Side {
    /// −1 below the cutoff, 1 from it on.
    pub(super) sign: f64,
    /// Distances from the cutoff, rising.
    pub(super) distance: Vec<f64>,
    /// By column, then row: the outcome, the treatment of a fuzzy design, the covariates.
    pub(super) columns: Vec<Vec<f64>>,
    /// Weights above zero.
    pub(super) weight: Option<Vec<f64>>,
    /// Dense codes.
    pub(super) cluster: Option<Vec<u32>>,
    /// The first row of each distinct distance, then the number of rows.
    pub(super) starts: Vec<u32>,
}

/// Rows from the cutoff to some distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) n_rows: usize,
    pub(super) n_values: usize,
}

impl Side {
    pub(super) fn n_rows(&self) -> usize {
        self.distance.len()
    }

    pub(super) fn n_values(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The distance of each distinct value, rising.
    pub(super) fn value(&self, index: usize) -> f64 {
        self.distance[self.starts[index] as usize]
    }

    /// The largest distance; zero without rows.
    pub(super) fn range(&self) -> f64 {
        self.distance.last().copied().unwrap_or(0.0)
    }

    /// The rows whose kernel weight is above zero. Rows without weight were left out before.
    pub(super) fn window(&self, kernel: Kernel, bandwidth: f64) -> Window {
        let is_inside = |&distance: &f64| kernel.weight(distance / bandwidth) > 0.0;
        let n_rows = self.distance.partition_point(is_inside);
        let n_values = self
            .starts
            .partition_point(|&start| (start as usize) < n_rows);
        Window { n_rows, n_values }
    }

    /// The sizes of the clusters among the first `n_rows` rows; empty without clusters.
    pub(super) fn clusters(&self, n_rows: usize) -> Vec<u64> {
        let Some(codes) = &self.cluster else {
            return Vec::new();
        };
        let n_codes = codes[..n_rows].iter().max().map_or(0, |most| most + 1);
        let mut sizes = vec![0_u64; n_codes as usize];
        for &code in &codes[..n_rows] {
            sizes[code as usize] += 1;
        }
        sizes.retain(|&size| size > 0);
        sizes
    }
}

/// The first row of each run of equal distances, then the number of rows.
pub(super) fn starts(distance: &[f64]) -> Vec<u32> {
    let mut starts = Vec::new();
    for (row, own) in distance.iter().enumerate() {
        if row == 0 || *own != distance[row - 1] {
            starts.push(row as u32);
        }
    }
    if !distance.is_empty() {
        starts.push(distance.len() as u32);
    }
    starts
}
