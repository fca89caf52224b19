//! The weights v that estimates give to outcomes, as far as they are stored; the same for every outcome.
//!
//! The effect at an event time is Σvy, with v = ω/Σω on its treated rows and v = −Ω₀Z₀(Z₀'Ω₀Z₀)⁻¹Z₁'v₁ on the untreated ones.
//! The vector v is never stored: with the unit effects eliminated, an untreated row has v = −ω(κ + z'λ), λ one vector per
//! event time and κ one number per unit and event time. A coefficient of the pre-trend regression has the same form with λ
//! a column of the inverse. Where units of the fixed effect lie within clusters, κ meets residuals that sum to zero and is
//! not needed.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::imputation::design::{Design, GroupSums};
use crate::imputation::predictable::Predictable;
use crate::imputation::untreated_model::Model;

/// Parts of the work on groups that can run at the same time.
const PARTS: usize = 64;

/// What all clusters' contributions are computed from. Estimates: the leads, then the event times.
pub(super) struct Weights {
    pub(super) n_estimates: usize,
    /// Column × estimate: λ, with the sign of the contribution.
    pub(super) loadings: Vec<f64>,
    /// By event time: 1/Σω.
    pub(super) scale: Vec<f64>,
    /// Group × estimate: κ, with the sign of the contribution; empty where it is not needed.
    pub(super) constants: Vec<f64>,
}

impl Weights {
    pub(super) fn of(
        design: &Design<'_>,
        predictable: &Predictable,
        model: &Model,
        lead_model: Option<&Model>,
    ) -> Self {
        let (n_leads, n_events) = (design.leads.len(), design.events.len());
        let n_estimates = n_leads + n_events;
        let weights = predictable.event_weights.iter();
        let scale: Vec<f64> = weights.map(|weight| 1.0 / weight).collect();
        let mut loadings = vec![0.0; design.n_columns * n_estimates];
        let right = DMatrix::from_fn(model.columns.len(), n_events, |row, event| {
            // An event time without predicted rows has no estimate and no contribution.
            let scale = if scale[event].is_finite() {
                scale[event]
            } else {
                0.0
            };
            predictable.loadings[(model.columns[row], event)] * scale
        });
        let solved = &model.inverse * right;
        for (row, column) in model.columns.iter().enumerate() {
            for event in 0..n_events {
                loadings[column * n_estimates + n_leads + event] = -solved[(row, event)];
            }
        }
        for (lead, column) in design.lead_columns().enumerate() {
            let Some(model) = lead_model else { continue };
            let Some(own) = model.columns.iter().position(|known| *known == column) else {
                continue;
            };
            for (row, column) in model.columns.iter().enumerate() {
                loadings[column * n_estimates + lead] = model.inverse[(row, own)];
            }
        }
        let mut weights = Self {
            n_estimates,
            loadings,
            scale,
            constants: Vec::new(),
        };
        if !design.rows.is_nested {
            weights.constants = weights.constants(design, predictable);
        }
        weights
    }

    fn constants(&self, design: &Design<'_>, predictable: &Predictable) -> Vec<f64> {
        let mut by_estimate = vec![Vec::with_capacity(design.n_columns); self.n_estimates];
        for loadings in self.loadings.chunks_exact(self.n_estimates) {
            let pairs = by_estimate.iter_mut().zip(loadings);
            pairs.for_each(|(own, loading)| own.push(*loading));
        }
        let n = self.n_estimates;
        let n_groups = design.rows.n_groups();
        let mut constants = vec![0.0; n_groups * n];
        let size = n_groups.div_ceil(PARTS);
        let parts = constants.par_chunks_mut(size * n).enumerate();
        parts.for_each(|(part, constants)| {
            let mut sums = GroupSums::new(design);
            for (group, own) in (part * size..).zip(constants.chunks_exact_mut(n)) {
                sums.fill(design, group);
                self.group_constants(design, predictable, &by_estimate, (group, &sums), own);
            }
        });
        constants
    }

    /// κ of a group: by lead −z̄'λ, by event time Σ of its treated rows' v − z̄'λ.
    fn group_constants(
        &self,
        design: &Design<'_>,
        predictable: &Predictable,
        by_estimate: &[Vec<f64>],
        (group, sums): (usize, &GroupSums),
        constants: &mut [f64],
    ) {
        if sums.n_rows == 0 {
            return;
        }
        for (constant, loadings) in constants.iter_mut().zip(by_estimate) {
            *constant = -sums.combine_means(loadings);
        }
        let events = &mut constants[design.leads.len()..];
        for row in design
            .rows
            .group(group)
            .filter(|&row| predictable.rows[row])
        {
            if let Some(event) = design.event(row) {
                events[event] -= design.rows.weight(row) * self.scale[event] / sums.weight;
            }
        }
    }
}
