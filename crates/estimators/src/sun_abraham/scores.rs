//! Scores of an outcome: residuals times weights, by unit and period, summed as the errors need them.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::sun_abraham::clusters::ProfileClusters;
use crate::sun_abraham::profile::Profile;
use crate::sun_abraham::unit_rows::{Columns, UnitRow, UnitRows, blocks};

/// A cohort's rows of one outcome, with the coefficients of its periods.
pub(super) struct Scores<'a> {
    pub(super) profile: &'a Profile,
    pub(super) columns: &'a Columns<'a>,
    pub(super) coefficients: &'a DVector<f64>,
}

impl Scores<'_> {
    /// ω·e per period, handed over unit by unit.
    fn for_each(&self, units: Range<usize>, mut body: impl FnMut(usize, &[UnitRow])) {
        let mut rows = UnitRows::new(self.columns.n_periods());
        for unit in units {
            rows.read(self.columns, unit, Some(self.coefficients));
            for row in &mut rows.seen {
                row.value *= row.weight;
            }
            body(unit, &rows.seen);
        }
    }

    /// Σ over units of s s'.
    pub(super) fn unit_meat(&self) -> DMatrix<f64> {
        let n_periods = self.columns.n_periods();
        let blocks: Vec<Range<usize>> = blocks(&self.profile.units).collect();
        let parts: Vec<DMatrix<f64>> = blocks
            .into_par_iter()
            .map(|block| {
                let mut meat = DMatrix::zeros(n_periods, n_periods);
                self.for_each(block, |_, scores| {
                    for (index, a) in scores.iter().enumerate() {
                        for b in &scores[..=index] {
                            meat[(a.period, b.period)] += a.value * b.value;
                        }
                    }
                });
                meat
            })
            .collect();
        let mut meat = DMatrix::zeros(n_periods, n_periods);
        parts.iter().for_each(|part| meat += part);
        meat.fill_upper_triangle_with_lower_triangle();
        meat
    }

    /// Scores summed within clusters: one run of periods per slot.
    pub(super) fn cluster_sums(&self, clusters: &ProfileClusters) -> Vec<f64> {
        let n_periods = self.columns.n_periods();
        let mut sums = vec![0.0; clusters.n_units.len() * n_periods];
        let first = self.profile.units.start;
        self.for_each(self.profile.units.clone(), |unit, scores| {
            let slot = clusters.slots[unit - first] as usize;
            for score in scores {
                sums[slot * n_periods + score.period] += score.value;
            }
        });
        sums
    }
}
