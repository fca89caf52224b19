//! Scores: residuals times weights, by unit and period, summed as the errors need them for each of several outcomes.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::sun_abraham::clusters::ProfileClusters;
use crate::sun_abraham::profile::Profile;
use crate::sun_abraham::unit_rows::{Columns, UnitRows, blocks};

/// A cohort's rows, with the coefficients of its periods for each outcome.
pub(super) struct Scores<'a> {
    pub(super) profile: &'a Profile,
    pub(super) columns: &'a Columns<'a>,
    pub(super) coefficients: &'a [DVector<f64>],
}

impl Scores<'_> {
    /// ω·e by period, handed over by unit and outcome.
    pub(super) fn for_each(
        &self,
        units: Range<usize>,
        mut body: impl FnMut(usize, usize, &[(usize, f64)]),
    ) {
        let mut rows = UnitRows::new(self.columns.n_periods());
        let mut scores = Vec::with_capacity(self.columns.n_periods());
        for unit in units {
            rows.read(self.columns, unit);
            for (outcome, profile) in self.coefficients.iter().enumerate() {
                let own = rows.demeaned(self.columns, (outcome, unit), Some(profile));
                scores.clear();
                scores.extend(own.map(|(row, value)| (row.period, value * row.weight)));
                body(outcome, unit, &scores);
            }
        }
    }

    /// Calls `body` for every unit with a row, outcome by outcome, with its scores by period.
    pub(super) fn each_unit(&self, mut body: impl FnMut(usize, DVector<f64>)) {
        let n_periods = self.columns.n_periods();
        self.for_each(self.profile.units.clone(), |outcome, _, scores| {
            if scores.is_empty() {
                return;
            }
            let mut own = DVector::zeros(n_periods);
            scores
                .iter()
                .for_each(|(period, score)| own[*period] = *score);
            body(outcome, own);
        });
    }

    /// By outcome: Σ over units of s s'.
    pub(super) fn unit_meat(&self) -> Vec<DMatrix<f64>> {
        let n_periods = self.columns.n_periods();
        let zeros = || vec![DMatrix::zeros(n_periods, n_periods); self.coefficients.len()];
        let blocks: Vec<Range<usize>> = blocks(&self.profile.units).collect();
        let parts: Vec<Vec<DMatrix<f64>>> = blocks
            .into_par_iter()
            .map(|block| {
                let mut meat = zeros();
                self.for_each(block, |outcome, _, scores| {
                    let meat = &mut meat[outcome];
                    for (index, (period, a)) in scores.iter().enumerate() {
                        for (earlier, b) in &scores[..=index] {
                            meat[(*period, *earlier)] += a * b;
                        }
                    }
                });
                meat
            })
            .collect();
        let mut meat = zeros();
        for part in &parts {
            meat.iter_mut().zip(part).for_each(|(to, from)| *to += from);
        }
        meat.iter_mut()
            .for_each(DMatrix::fill_upper_triangle_with_lower_triangle);
        meat
    }

    /// By outcome: scores summed within clusters, one run of periods per slot.
    pub(super) fn cluster_sums(&self, clusters: &ProfileClusters) -> Vec<Vec<f64>> {
        let n_periods = self.columns.n_periods();
        let mut sums = vec![vec![0.0; clusters.n_units.len() * n_periods]; self.coefficients.len()];
        let first = self.profile.units.start;
        self.for_each(self.profile.units.clone(), |outcome, unit, scores| {
            let start = clusters.slots[unit - first] as usize * n_periods;
            let own = &mut sums[outcome][start..start + n_periods];
            scores
                .iter()
                .for_each(|(period, score)| own[*period] += score);
        });
        sums
    }
}
