//! The error: what each cluster contributes to the estimates of one outcome.
//!
//! The variance of Σvy is Σ over clusters of (Σvε)², v the weights of `weights.rs`. On untreated rows ε is the residual, on
//! treated ones the effect less the mean effect of its cohort at that event time. Of an untreated row's v = −ω(κ + z'λ) a
//! cluster needs only its sums Σωεz and, where units of the fixed effect reach across clusters, Σωε.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::imputation::design::Design;
use crate::imputation::effects::{Effects, deviate};
use crate::imputation::weights::Weights;

/// What the contributions of one outcome are computed from. Estimates: the leads, then the event times.
pub(super) struct Scores<'a> {
    pub(super) design: &'a Design<'a>,
    pub(super) weights: &'a Weights,
    pub(super) effects: &'a Effects,
    /// By column: the coefficients of the pre-trend regression less those of the model for untreated outcomes.
    pub(super) lead_difference: Option<Vec<f64>>,
}

/// Sums over the rows of one cluster (and, where groups reach across clusters, one group).
struct ClusterSums {
    /// Σωεz with the residuals of the model for untreated outcomes, and of the pre-trend regression.
    residual: Vec<f64>,
    lead_residual: Vec<f64>,
    /// Σωε of the two.
    plain: (f64, f64),
    /// By event time: Σ(effect − centre)ω/Σω.
    treated: Vec<f64>,
}

impl Scores<'_> {
    /// Σ over clusters of the outer product of their contributions.
    pub(super) fn covariance(&self) -> DMatrix<f64> {
        let rows = self.design.rows;
        let n = self.weights.n_estimates;
        let mut total = vec![0.0; n * n];
        if rows.is_nested {
            let parts: Vec<Vec<f64>> = rows
                .chunks()
                .into_par_iter()
                .map(|groups| self.whole_clusters(groups))
                .collect();
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
        let mut sums = ClusterSums::new(self.design);
        let mut contributions = vec![0.0; self.weights.n_estimates];
        let (mut current, mut residuals) = (None, Vec::new());
        for group in groups {
            let cluster = rows.cluster(rows.unit(group, rows.group(group).start));
            if let Some(ended) = current.filter(|&current| current != cluster) {
                self.flush(&mut sums, None, &mut contributions);
                body(ended, &contributions);
                contributions.fill(0.0);
            }
            current = Some(cluster);
            self.lead_residuals(group, &mut residuals);
            for (index, row) in rows.group(group).enumerate() {
                self.add_row(row, residuals.get(index), &mut sums);
            }
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
        let mut sums = ClusterSums::new(self.design);
        let mut residuals = Vec::new();
        for group in 0..rows.n_groups() {
            let constants = &self.weights.constants[group * n..(group + 1) * n];
            self.lead_residuals(group, &mut residuals);
            let all = rows.group(group);
            let cluster_of = |row: usize| rows.cluster(rows.unit(group, row));
            for (index, row) in all.clone().enumerate() {
                self.add_row(row, residuals.get(index), &mut sums);
                let cluster = cluster_of(row);
                if row + 1 == all.end || cluster_of(row + 1) != cluster {
                    let own = &mut contributions[cluster * n..(cluster + 1) * n];
                    self.flush(&mut sums, Some(constants), own);
                }
            }
        }
        contributions
    }

    /// What the pre-trend regression leaves of a group's untreated rows (other rows have values without a meaning); empty without
    /// that regression.
    fn lead_residuals(&self, group: usize, residuals: &mut Vec<f64>) {
        residuals.clear();
        if let Some(difference) = &self.lead_difference {
            // Other coefficients on the same columns: the deviations from the first model stand in for the outcome.
            residuals.extend_from_slice(&self.effects.deviations[self.design.rows.group(group)]);
            deviate(self.design, group, residuals, difference);
        }
    }

    fn add_row(&self, row: usize, lead_residual: Option<&f64>, sums: &mut ClusterSums) {
        let (design, rows) = (self.design, self.design.rows);
        let deviation = self.effects.deviations[row];
        if deviation.is_nan() {
            return;
        }
        let weight = rows.weight(row);
        if let Some(event) = design.event(row) {
            let centre = self.effects.centres[rows.row_cells[row] as usize];
            sums.treated[event] += weight * self.weights.scale[event] * (deviation - centre);
            return;
        }
        let scaled = weight * deviation;
        sums.plain.0 += scaled;
        design.each_column(row, |column, value| sums.residual[column] += scaled * value);
        if let Some(residual) = lead_residual {
            let scaled = weight * residual;
            sums.plain.1 += scaled;
            design.each_column(row, |column, value| {
                sums.lead_residual[column] += scaled * value
            });
        }
    }

    /// Adds what the sums contribute to each estimate, and clears them.
    fn flush(&self, sums: &mut ClusterSums, constants: Option<&[f64]>, out: &mut [f64]) {
        let (leads, events) = out.split_at_mut(self.design.leads.len());
        let columns = sums.residual.iter().zip(&sums.lead_residual);
        let loadings = self.weights.loadings.chunks_exact(self.weights.n_estimates);
        for ((&residual, &lead_residual), loadings) in columns.zip(loadings) {
            let (lead_loadings, event_loadings) = loadings.split_at(leads.len());
            if lead_residual != 0.0 {
                let pairs = leads.iter_mut().zip(lead_loadings);
                pairs.for_each(|(to, loading)| *to += lead_residual * loading);
            }
            if residual != 0.0 {
                let pairs = events.iter_mut().zip(event_loadings);
                pairs.for_each(|(to, loading)| *to += residual * loading);
            }
        }
        events
            .iter_mut()
            .zip(&sums.treated)
            .for_each(|(to, own)| *to += own);
        if let Some(constants) = constants {
            let (lead_constants, event_constants) = constants.split_at(leads.len());
            let pairs = leads.iter_mut().zip(lead_constants);
            pairs.for_each(|(to, constant)| *to += sums.plain.1 * constant);
            let pairs = events.iter_mut().zip(event_constants);
            pairs.for_each(|(to, constant)| *to += sums.plain.0 * constant);
        }
        sums.clear();
    }
}

impl ClusterSums {
    fn new(design: &Design<'_>) -> Self {
        Self {
            residual: vec![0.0; design.n_columns],
            lead_residual: vec![0.0; design.n_columns],
            plain: (0.0, 0.0),
            treated: vec![0.0; design.events.len()],
        }
    }

    fn clear(&mut self) {
        self.residual.fill(0.0);
        self.lead_residual.fill(0.0);
        self.plain = (0.0, 0.0);
        self.treated.fill(0.0);
    }
}

/// Adds the lower triangle of the outer product.
pub(super) fn add_outer(total: &mut [f64], values: &[f64]) {
    let n = values.len();
    for (row, a) in values.iter().enumerate() {
        let places = total[row * n..].iter_mut().zip(&values[..=row]);
        places.for_each(|(to, b)| *to += a * b);
    }
}
