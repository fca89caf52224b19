//! The means of the second stage, and what each cluster contributes to them.
//!
//! The rows of an estimate are those of a lead, those of an event time, or all treated ones. Its contribution is Σω(u − mean)/Σω over
//! the cluster's rows of the estimate, less what the first stage passes on: with the unit effects eliminated an untreated row
//! passes on ωu(κ + z'λ), λ one vector per estimate and κ one number per unit and estimate, as in `weights.rs`.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::imputation::design::{Design, GroupSums};
use crate::imputation::effects::Effects;
use crate::imputation::predictable::Predictable;
use crate::imputation::scores::add_outer;
use crate::imputation::untreated_model::{Model, NormalEquations};

/// What the contributions to every outcome's estimates have in common. Estimates: the leads, the event times, all treated rows.
pub(super) struct StageWeights {
    pub(super) n_estimates: usize,
    /// By estimate: 1/Σω, zero where there is no row.
    scale: Vec<f64>,
    /// Column × estimate: −λ.
    loadings: Vec<f64>,
    /// Group × estimate: −κ; empty where units of the fixed effect lie within clusters, whose residuals sum to zero.
    constants: Vec<f64>,
}

impl StageWeights {
    pub(super) fn of(
        design: &Design<'_>,
        predictable: &Predictable,
        equations: &NormalEquations,
        model: &Model,
    ) -> Self {
        let (n_leads, n_events) = (design.leads.len(), design.events.len());
        let n_estimates = n_leads + n_events + 1;
        let lead_columns: Vec<usize> = design.lead_columns().collect();
        // The indicator of a lead is a column: its products with the others are those that its rows' means need.
        let of_leads = equations.gram(&model.columns, &lead_columns);
        let of_events = |row: usize| predictable.loadings.row(model.columns[row]);
        let mut scale: Vec<f64> = lead_columns
            .iter()
            .map(|&column| equations.sums[column])
            .chain(predictable.event_weights.iter().copied())
            .collect();
        scale.push(predictable.event_weights.iter().sum());
        for total in &mut scale {
            *total = if *total > 0.0 { 1.0 / *total } else { 0.0 };
        }
        let right = DMatrix::from_fn(model.columns.len(), n_estimates, |row, estimate| {
            let sum = match estimate.checked_sub(n_leads) {
                None => of_leads[(row, estimate)],
                Some(event) if event < n_events => of_events(row)[event],
                Some(_) => of_events(row).sum(),
            };
            sum * scale[estimate]
        });
        let solved = &model.inverse * right;
        let mut loadings = vec![0.0; design.n_columns * n_estimates];
        for (row, column) in model.columns.iter().enumerate() {
            for estimate in 0..n_estimates {
                loadings[column * n_estimates + estimate] = -solved[(row, estimate)];
            }
        }
        let mut weights = Self {
            n_estimates,
            scale,
            loadings,
            constants: Vec::new(),
        };
        if !design.rows.is_nested {
            weights.constants = weights.constants(design, predictable);
        }
        weights
    }

    fn constants(&self, design: &Design<'_>, predictable: &Predictable) -> Vec<f64> {
        let n = self.n_estimates;
        let by_estimate: Vec<Vec<f64>> = (0..n)
            .map(|k| self.loadings.iter().skip(k).step_by(n).copied().collect())
            .collect();
        let mut constants = vec![0.0; design.rows.n_groups() * n];
        let mut sums = GroupSums::new(design);
        for (group, own) in constants.chunks_exact_mut(n).enumerate() {
            sums.fill(design, group);
            if sums.n_rows == 0 {
                continue;
            }
            for (constant, loadings) in own.iter_mut().zip(&by_estimate) {
                *constant = -sums.combine_means(loadings);
            }
            for row in design.rows.group(group) {
                if predictable.rows[row] {
                    let share = design.rows.weight(row) / sums.weight;
                    self.each_estimate(design, row, |estimate| {
                        own[estimate] -= share * self.scale[estimate];
                    });
                }
            }
        }
        constants
    }

    /// Calls `body` with the estimates that a row belongs to.
    fn each_estimate(&self, design: &Design<'_>, row: usize, mut body: impl FnMut(usize)) {
        if let Some(estimate) = design.estimate_of_cell(design.rows.row_cells[row] as usize) {
            body(estimate);
        }
        if design.event(row).is_some() {
            body(self.n_estimates - 1);
        }
    }
}

/// The estimates: means of what rows have beyond the first stage; NaN without rows.
pub(super) struct StageMeans {
    pub(super) by_estimate: Vec<f64>,
}

impl StageMeans {
    pub(super) fn of(design: &Design<'_>, weights: &StageWeights, effects: &Effects) -> Self {
        let of_groups = |groups: Range<usize>| {
            let mut sums = vec![(0.0, false); weights.n_estimates];
            for row in design.rows.rows_of(&groups) {
                let deviation = effects.deviations[row];
                if deviation.is_nan() {
                    continue;
                }
                weights.each_estimate(design, row, |estimate| {
                    sums[estimate].0 += design.rows.weight(row) * deviation;
                    sums[estimate].1 = true;
                });
            }
            sums
        };
        let chunks = design.rows.chunks().into_par_iter();
        let parts: Vec<Vec<(f64, bool)>> = chunks.map(of_groups).collect();
        let mut total = vec![(0.0, false); weights.n_estimates];
        for part in &parts {
            for (to, from) in total.iter_mut().zip(part) {
                *to = (to.0 + from.0, to.1 || from.1);
            }
        }
        let with_scale = total.into_iter().zip(&weights.scale);
        Self {
            by_estimate: with_scale
                .map(|((sum, is_there), scale)| if is_there { sum * scale } else { f64::NAN })
                .collect(),
        }
    }
}

/// What the contributions of one outcome are computed from.
pub(super) struct StageScores<'a> {
    pub(super) design: &'a Design<'a>,
    pub(super) weights: &'a StageWeights,
    /// By row: the residual of the first stage, or the effect; NaN for rows that cannot be predicted.
    pub(super) deviations: &'a [f64],
    pub(super) means: &'a StageMeans,
}

/// Sums over the rows of one cluster (and, where groups reach across clusters, one group).
struct ClusterSums {
    /// Σωuz over untreated rows, and Σωu.
    residual: Vec<f64>,
    plain: f64,
    /// By estimate: Σω(u − mean)/Σω.
    own: Vec<f64>,
}

impl StageScores<'_> {
    /// Σ over clusters of the outer product of their contributions.
    pub(super) fn covariance(&self) -> DMatrix<f64> {
        let n = self.weights.n_estimates;
        let mut total = vec![0.0; n * n];
        if self.design.rows.is_nested {
            let chunks = self.design.rows.chunks().into_par_iter();
            let parts: Vec<Vec<f64>> = chunks.map(|groups| self.whole_clusters(groups)).collect();
            for part in &parts {
                total
                    .iter_mut()
                    .zip(part)
                    .for_each(|(to, from)| *to += from);
            }
        } else {
            for contributions in self.torn_clusters().chunks_exact(n) {
                add_outer(&mut total, contributions);
            }
        }
        DMatrix::from_fn(n, n, |a, b| total[a.max(b) * n + a.min(b)])
    }

    /// What each cluster contributes: cluster × estimate.
    pub(super) fn by_cluster(&self) -> Vec<f64> {
        let rows = self.design.rows;
        let n = self.weights.n_estimates;
        if !rows.is_nested {
            return self.torn_clusters();
        }
        let mut all = vec![0.0; rows.n_clusters * n];
        for groups in rows.chunks() {
            self.each_cluster(groups, |cluster, contributions| {
                all[cluster * n..(cluster + 1) * n].copy_from_slice(contributions);
            });
        }
        all
    }

    /// The sum for a run of groups that holds whole clusters.
    fn whole_clusters(&self, groups: Range<usize>) -> Vec<f64> {
        let mut total = vec![0.0; self.weights.n_estimates * self.weights.n_estimates];
        self.each_cluster(groups, |_, contributions| {
            add_outer(&mut total, contributions)
        });
        total
    }

    /// Calls `body` with the contributions of each cluster in a run of groups that holds whole clusters.
    fn each_cluster(&self, groups: Range<usize>, mut body: impl FnMut(usize, &[f64])) {
        let rows = self.design.rows;
        let mut contributions = vec![0.0; self.weights.n_estimates];
        let mut sums = self.no_sums();
        let mut current = None;
        for group in groups {
            let cluster = rows.cluster(rows.unit(group, rows.group(group).start));
            if let Some(ended) = current.filter(|&current| current != cluster) {
                self.flush(&mut sums, None, &mut contributions);
                body(ended, &contributions);
                contributions.fill(0.0);
            }
            current = Some(cluster);
            rows.group(group)
                .for_each(|row| self.add_row(row, &mut sums));
        }
        self.flush(&mut sums, None, &mut contributions);
        if let Some(last) = current {
            body(last, &contributions);
        }
    }

    /// The contributions of all clusters where groups reach across them: cluster × estimate.
    fn torn_clusters(&self) -> Vec<f64> {
        let rows = self.design.rows;
        let n = self.weights.n_estimates;
        let mut contributions = vec![0.0; rows.n_clusters * n];
        let mut sums = self.no_sums();
        for group in 0..rows.n_groups() {
            let constants = &self.weights.constants[group * n..(group + 1) * n];
            let all = rows.group(group);
            let cluster_of = |row: usize| rows.cluster(rows.unit(group, row));
            for row in all.clone() {
                self.add_row(row, &mut sums);
                let cluster = cluster_of(row);
                if row + 1 == all.end || cluster_of(row + 1) != cluster {
                    let own = &mut contributions[cluster * n..(cluster + 1) * n];
                    self.flush(&mut sums, Some(constants), own);
                }
            }
        }
        contributions
    }

    fn no_sums(&self) -> ClusterSums {
        ClusterSums {
            residual: vec![0.0; self.design.n_columns],
            plain: 0.0,
            own: vec![0.0; self.weights.n_estimates],
        }
    }

    fn add_row(&self, row: usize, sums: &mut ClusterSums) {
        let (design, weights) = (self.design, self.weights);
        let deviation = self.deviations[row];
        if deviation.is_nan() {
            return;
        }
        let weight = design.rows.weight(row);
        weights.each_estimate(design, row, |estimate| {
            let beyond = deviation - self.means.by_estimate[estimate];
            sums.own[estimate] += weight * weights.scale[estimate] * beyond;
        });
        if design.event(row).is_none() {
            let scaled = weight * deviation;
            sums.plain += scaled;
            design.each_column(row, |column, value| sums.residual[column] += scaled * value);
        }
    }

    /// Adds what the sums contribute to each estimate, and clears them.
    fn flush(&self, sums: &mut ClusterSums, constants: Option<&[f64]>, out: &mut [f64]) {
        let loadings = self.weights.loadings.chunks_exact(out.len());
        for (&residual, loadings) in sums.residual.iter().zip(loadings) {
            if residual != 0.0 {
                let pairs = out.iter_mut().zip(loadings);
                pairs.for_each(|(to, loading)| *to += residual * loading);
            }
        }
        for (to, own) in out.iter_mut().zip(&sums.own) {
            *to += own;
        }
        for (to, constant) in out.iter_mut().zip(constants.unwrap_or(&[])) {
            *to += sums.plain * constant;
        }
        sums.residual.fill(0.0);
        sums.own.fill(0.0);
        sums.plain = 0.0;
    }
}
