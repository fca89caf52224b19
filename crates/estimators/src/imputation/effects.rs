//! Predicting every row's untreated outcome, and averaging what treated rows have beyond it.
//!
//! A treated row can be predicted when its unit effect and its period have untreated rows, both in one component of the
//! periods, and when every combination of columns that vanishes on the untreated rows vanishes on it too. Rows that cannot
//! are left out and counted.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::imputation::design::{Design, GroupSums};
use crate::imputation::untreated_model::{Fit, NO_COMPONENT, NULL_TOLERANCE, NormalEquations};

/// Sums over the predicted treated rows of a cohort in a period.
#[derive(Clone, Copy, Default)]
pub(super) struct CellSums {
    pub(super) weight: f64,
    effect: f64,
    squared_weight: f64,
    squared_weight_effect: f64,
}

impl CellSums {
    /// The mean effect with squared weights: what effects are compared with in the error.
    pub(super) fn centre(&self) -> f64 {
        self.squared_weight_effect / self.squared_weight
    }
}

/// Treated rows that cannot be predicted, by the first reason that applies.
#[derive(Clone, Copy, Default)]
pub(super) struct NotPredicted {
    pub(super) no_untreated_rows: u64,
    pub(super) not_connected: u64,
    pub(super) covariates: u64,
}

/// The predictions and what the averages need.
pub(super) struct Effects {
    /// By row: outcome less its prediction (the residual of untreated rows, the effect of treated ones); NaN for treated
    /// rows that cannot be predicted.
    pub(super) deviations: Vec<f64>,
    /// By cell.
    pub(super) cells: Vec<CellSums>,
    pub(super) not_predicted: NotPredicted,
    /// Column × event time: Σω(z − z̄) over predicted treated rows, z̄ the untreated mean of the row's group.
    pub(super) loadings: DMatrix<f64>,
}

impl Effects {
    pub(super) fn of(design: &Design<'_>, equations: &NormalEquations, fit: &Fit) -> Self {
        let predictor = Predictor {
            design,
            fit,
            components: &equations.components,
        };
        let mut deviations = vec![f64::NAN; design.rows.outcome.len()];
        let chunks = design.rows.chunks();
        let slices = split(
            &mut deviations,
            chunks.iter().map(|chunk| design.rows.rows_of(chunk)),
        );
        let parts: Vec<Part> = chunks
            .into_par_iter()
            .zip(slices)
            .map(|(groups, deviations)| predictor.chunk(groups, deviations))
            .collect();
        let mut total = Part::zero(design);
        for part in &parts {
            total.add(part);
        }
        Self {
            deviations,
            cells: total.cells,
            not_predicted: total.not_predicted,
            loadings: DMatrix::from_row_slice(
                design.n_columns,
                design.events.len(),
                &total.loadings,
            ),
        }
    }

    /// The weight and the mean effect of the predicted rows at each event time.
    pub(super) fn means(&self, design: &Design<'_>) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); design.events.len()];
        for (cell, own) in design.rows.cells.iter().zip(&self.cells) {
            let event = cell
                .event_time
                .and_then(|e| design.events.binary_search(&e).ok());
            if let Some(event) = event {
                sums[event].0 += own.weight;
                sums[event].1 += own.effect;
            }
        }
        sums.into_iter()
            .map(|(weight, sum)| (weight, sum / weight))
            .collect()
    }
}

/// Cuts a vector into the given consecutive ranges.
fn split(mut rest: &mut [f64], ranges: impl Iterator<Item = Range<usize>>) -> Vec<&mut [f64]> {
    let mut slices = Vec::new();
    for range in ranges {
        let (slice, others) = rest.split_at_mut(range.len());
        slices.push(slice);
        rest = others;
    }
    slices
}

/// One part's sums.
struct Part {
    cells: Vec<CellSums>,
    not_predicted: NotPredicted,
    loadings: Vec<f64>,
}

impl Part {
    fn zero(design: &Design<'_>) -> Self {
        Self {
            cells: vec![CellSums::default(); design.rows.cells.len()],
            not_predicted: NotPredicted::default(),
            loadings: vec![0.0; design.n_columns * design.events.len()],
        }
    }

    fn add(&mut self, other: &Self) {
        for (to, from) in self.cells.iter_mut().zip(&other.cells) {
            to.weight += from.weight;
            to.effect += from.effect;
            to.squared_weight += from.squared_weight;
            to.squared_weight_effect += from.squared_weight_effect;
        }
        self.not_predicted.no_untreated_rows += other.not_predicted.no_untreated_rows;
        self.not_predicted.not_connected += other.not_predicted.not_connected;
        self.not_predicted.covariates += other.not_predicted.covariates;
        self.loadings
            .iter_mut()
            .zip(&other.loadings)
            .for_each(|(to, from)| *to += from);
    }
}

struct Predictor<'a> {
    design: &'a Design<'a>,
    fit: &'a Fit,
    components: &'a [usize],
}

impl Predictor<'_> {
    fn chunk(&self, groups: Range<usize>, deviations: &mut [f64]) -> Part {
        let mut part = Part::zero(self.design);
        let mut sums = GroupSums::new(self.design);
        let first = self.design.rows.rows_of(&groups).start;
        for group in groups {
            sums.fill(self.design, group);
            self.group(
                group,
                &sums,
                &mut deviations[self.local(group, first)],
                &mut part,
            );
        }
        part
    }

    fn local(&self, group: usize, first: usize) -> Range<usize> {
        let rows = self.design.rows.group(group);
        rows.start - first..rows.end - first
    }

    fn group(&self, group: usize, sums: &GroupSums, deviations: &mut [f64], part: &mut Part) {
        let (design, rows) = (self.design, self.design.rows);
        let mean = sums.outcome_mean - sums.combine_means(design, &self.fit.coefficients);
        let null_vectors = self.fit.null_vectors.iter();
        let null_means: Vec<f64> = null_vectors
            .map(|null| sums.combine_means(design, &null.combination))
            .collect();
        // All untreated rows of a group are linked through it, so the first one tells the component.
        let first_untreated = design.untreated(group).next();
        let component = first_untreated.map(|row| self.components[rows.cell(row).period]);
        for (row, deviation) in rows.group(group).zip(deviations) {
            if let Some(event) = design.event(row) {
                let Some(component) = component else {
                    part.not_predicted.no_untreated_rows += 1;
                    continue;
                };
                let own_component = self.components[rows.cell(row).period];
                if own_component == NO_COMPONENT {
                    part.not_predicted.no_untreated_rows += 1;
                    continue;
                }
                if own_component != component {
                    part.not_predicted.not_connected += 1;
                    continue;
                }
                if !self.vanishes(row, &null_means) {
                    part.not_predicted.covariates += 1;
                    continue;
                }
                self.add_loading(row, event, sums, &mut part.loadings);
            }
            let predicted = mean + design.combine(row, &self.fit.coefficients);
            *deviation = rows.outcome[row] - predicted;
            if design.event(row).is_some() {
                let weight = rows.weight(row);
                let cell = &mut part.cells[rows.row_cells[row] as usize];
                cell.weight += weight;
                cell.effect += weight * *deviation;
                cell.squared_weight += weight * weight;
                cell.squared_weight_effect += weight * weight * *deviation;
            }
        }
    }

    /// Whether all combinations that are constant among the group's untreated rows have the same value in this row.
    fn vanishes(&self, row: usize, null_means: &[f64]) -> bool {
        self.fit
            .null_vectors
            .iter()
            .zip(null_means)
            .all(|(null, mean)| {
                let (_, spread) = self.design.covariate_of(null.column);
                let difference = self.design.combine(row, &null.combination) - mean;
                difference.abs() <= NULL_TOLERANCE * spread
            })
    }

    fn add_loading(&self, row: usize, event: usize, sums: &GroupSums, loadings: &mut [f64]) {
        let n_events = self.design.events.len();
        let weight = self.design.rows.weight(row);
        sums.each_centred(self.design, row, |column, value| {
            loadings[column * n_events + event] += weight * value;
        });
        for &column in &sums.touched {
            loadings[column * n_events + event] -= weight * sums.sums[column] / sums.weight;
        }
    }
}
