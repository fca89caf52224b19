//! The error: what each cluster contributes to the estimates.
//!
//! The effect at an event time is linear in the outcomes, Σvy, with v = ω/Σω on its treated rows and
//! v = −Ω₀Z₀(Z₀'Ω₀Z₀)⁻¹Z₁'v₁ on the untreated ones; its variance is Σ over clusters of (Σvε)². On untreated rows ε is the
//! residual, on treated ones the effect less the mean effect of its cohort at that event time. The vector v is never
//! stored: with the unit effects eliminated, an untreated row has v = −ω(κ + z'λ), λ one vector per event time and κ one
//! number per unit and event time, and a cluster needs only its sums Σωεz and, where units of the fixed effect reach
//! across clusters, Σωε. A coefficient of the pre-trend regression has the same form with λ a column of the inverse.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::imputation::design::{Design, GroupSums};
use crate::imputation::effects::Effects;
use crate::imputation::untreated_model::Fit;

/// What all clusters' contributions are computed from. Estimates: the leads, then the event times.
pub(super) struct Scores<'a> {
    design: &'a Design<'a>,
    effects: &'a Effects,
    lead_fit: Option<&'a Fit>,
    n_estimates: usize,
    /// Column × estimate: λ, with the sign of the contribution.
    loadings: Vec<f64>,
    /// By event time: 1/Σω.
    scale: Vec<f64>,
    centres: Vec<f64>,
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

impl<'a> Scores<'a> {
    pub(super) fn new(
        design: &'a Design<'a>,
        effects: &'a Effects,
        fit: &Fit,
        lead_fit: Option<&'a Fit>,
    ) -> Self {
        let (n_leads, n_events) = (design.leads.len(), design.events.len());
        let n_estimates = n_leads + n_events;
        let scale: Vec<f64> = effects
            .means(design)
            .iter()
            .map(|(weight, _)| 1.0 / weight)
            .collect();
        let mut loadings = vec![0.0; design.n_columns * n_estimates];
        let right = DMatrix::from_fn(fit.columns.len(), n_events, |row, event| {
            // An event time without predicted rows has no estimate and no contribution.
            let scale = if scale[event].is_finite() {
                scale[event]
            } else {
                0.0
            };
            effects.loadings[(fit.columns[row], event)] * scale
        });
        let solved = &fit.inverse * right;
        for (row, column) in fit.columns.iter().enumerate() {
            for event in 0..n_events {
                loadings[column * n_estimates + n_leads + event] = -solved[(row, event)];
            }
        }
        for (lead, column) in design.lead_columns().enumerate() {
            let Some(fit) = lead_fit else { continue };
            let Some(own) = fit.columns.iter().position(|known| *known == column) else {
                continue;
            };
            for (row, column) in fit.columns.iter().enumerate() {
                loadings[column * n_estimates + lead] = fit.inverse[(row, own)];
            }
        }
        Self {
            design,
            effects,
            lead_fit,
            n_estimates,
            loadings,
            scale,
            centres: effects.cells.iter().map(|cell| cell.centre()).collect(),
        }
    }

    /// Σ over clusters of the outer product of their contributions.
    pub(super) fn covariance(&self) -> DMatrix<f64> {
        let rows = self.design.rows;
        let n = self.n_estimates;
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

    /// The sum for a run of groups that holds whole clusters.
    fn whole_clusters(&self, groups: Range<usize>) -> Vec<f64> {
        let rows = self.design.rows;
        let mut total = vec![0.0; self.n_estimates * self.n_estimates];
        let mut sums = ClusterSums::new(self.design);
        let mut contributions = vec![0.0; self.n_estimates];
        let mut current = None;
        for group in groups {
            let cluster = rows.cluster(rows.unit(group, rows.group(group).start));
            if current.is_some_and(|current| current != cluster) {
                self.flush(&mut sums, None, &mut contributions);
                add_outer(&mut total, &contributions);
                contributions.fill(0.0);
            }
            current = Some(cluster);
            let lead_mean = self.lead_mean(group);
            for row in rows.group(group) {
                self.add_row(row, lead_mean, &mut sums);
            }
        }
        self.flush(&mut sums, None, &mut contributions);
        add_outer(&mut total, &contributions);
        total
    }

    /// The contributions of all clusters where groups reach across them: cluster × estimate.
    fn torn_clusters(&self) -> Vec<f64> {
        let rows = self.design.rows;
        let n = self.n_estimates;
        let mut contributions = vec![0.0; rows.n_clusters * n];
        let mut sums = ClusterSums::new(self.design);
        let mut group_sums = GroupSums::new(self.design);
        for group in 0..rows.n_groups() {
            group_sums.fill(self.design, group);
            let constants = self.group_constants(group, &group_sums);
            let lead_mean = self.lead_mean(group);
            let all = rows.group(group);
            let cluster_of = |row: usize| rows.cluster(rows.unit(group, row));
            for row in all.clone() {
                self.add_row(row, lead_mean, &mut sums);
                let cluster = cluster_of(row);
                if row + 1 == all.end || cluster_of(row + 1) != cluster {
                    let own = &mut contributions[cluster * n..(cluster + 1) * n];
                    self.flush(&mut sums, Some(&constants), own);
                }
            }
        }
        contributions
    }

    /// The mean of a group's untreated outcomes less what the pre-trend regression predicts: its unit effect there.
    fn lead_mean(&self, group: usize) -> f64 {
        let Some(fit) = self.lead_fit else {
            return 0.0;
        };
        let (mut sum, mut total) = (0.0, 0.0);
        for row in self.design.untreated(group) {
            let weight = self.design.rows.weight(row);
            let predicted = self.design.combine(row, &fit.coefficients);
            sum += weight * (self.design.rows.outcome[row] - predicted);
            total += weight;
        }
        sum / total
    }

    fn add_row(&self, row: usize, lead_mean: f64, sums: &mut ClusterSums) {
        let (design, rows) = (self.design, self.design.rows);
        let deviation = self.effects.deviations[row];
        if deviation.is_nan() {
            return;
        }
        let weight = rows.weight(row);
        if let Some(event) = design.event(row) {
            let centre = self.centres[rows.row_cells[row] as usize];
            sums.treated[event] += weight * self.scale[event] * (deviation - centre);
            return;
        }
        let scaled = weight * deviation;
        sums.plain.0 += scaled;
        design.each_column(row, |column, value| sums.residual[column] += scaled * value);
        if let Some(fit) = self.lead_fit {
            let predicted = lead_mean + design.combine(row, &fit.coefficients);
            let scaled = weight * (rows.outcome[row] - predicted);
            sums.plain.1 += scaled;
            design.each_column(row, |column, value| {
                sums.lead_residual[column] += scaled * value
            });
        }
    }

    /// κ of a group: by lead −z̄'λ, by event time Σ of its treated rows' v − z̄'λ, with the sign of the contribution.
    fn group_constants(&self, group: usize, sums: &GroupSums) -> Vec<f64> {
        let n_leads = self.design.leads.len();
        let mut constants = vec![0.0; self.n_estimates];
        if sums.n_rows == 0 {
            return constants;
        }
        for (estimate, constant) in constants.iter_mut().enumerate() {
            let column = self
                .loadings
                .iter()
                .skip(estimate)
                .step_by(self.n_estimates);
            let loading: Vec<f64> = column.copied().collect();
            *constant = -sums.combine_means(self.design, &loading);
        }
        for row in self.design.rows.group(group) {
            let is_predicted = !self.effects.deviations[row].is_nan();
            if let Some(event) = self.design.event(row).filter(|_| is_predicted) {
                let share = self.design.rows.weight(row) * self.scale[event];
                constants[n_leads + event] -= share / sums.weight;
            }
        }
        constants
    }

    /// Adds what the sums contribute to each estimate, and clears them.
    fn flush(&self, sums: &mut ClusterSums, constants: Option<&[f64]>, out: &mut [f64]) {
        let (leads, events) = out.split_at_mut(self.design.leads.len());
        let columns = sums.residual.iter().zip(&sums.lead_residual);
        let loadings = self.loadings.chunks_exact(self.n_estimates);
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
fn add_outer(total: &mut [f64], values: &[f64]) {
    let n = values.len();
    for (row, a) in values.iter().enumerate() {
        let places = total[row * n..].iter_mut().zip(&values[..=row]);
        places.for_each(|(to, b)| *to += a * b);
    }
}
