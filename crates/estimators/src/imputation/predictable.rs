//! Which treated rows can be predicted, and what averages over them weigh; the same for every outcome.
//!
//! A treated row can be predicted when its unit effect and its period have untreated rows, both in one component of the
//! periods, and when every combination of columns that vanishes on the untreated rows vanishes on it too. Rows that cannot
//! are left out and counted.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::imputation::design::{Design, GroupSums};
use crate::imputation::untreated_model::{Model, NO_COMPONENT, NULL_TOLERANCE, NormalEquations};

/// Weights of the predicted treated rows of a cohort in a period.
#[derive(Clone, Copy, Default)]
pub(super) struct CellWeights {
    /// Σω.
    pub(super) total: f64,
    /// Σω².
    pub(super) squares: f64,
}

/// Treated rows that cannot be predicted, by the first reason that applies.
#[derive(Clone, Copy, Default)]
pub(super) struct NotPredicted {
    pub(super) no_untreated_rows: u64,
    pub(super) not_connected: u64,
    pub(super) covariates: u64,
}

/// The rows that are predicted, and sums over the treated ones.
pub(super) struct Predictable {
    /// By row; untreated rows are predicted too.
    pub(super) rows: Vec<bool>,
    pub(super) cells: Vec<CellWeights>,
    /// By event time: Σω.
    pub(super) event_weights: Vec<f64>,
    pub(super) not_predicted: NotPredicted,
    /// Column × event time: Σω(z − z̄) over predicted treated rows, z̄ the untreated mean of the row's group.
    pub(super) loadings: DMatrix<f64>,
}

impl Predictable {
    pub(super) fn of(design: &Design<'_>, equations: &NormalEquations, model: &Model) -> Self {
        let search = Search {
            design,
            model,
            components: &equations.components,
        };
        let chunks = design.rows.chunks().into_par_iter();
        let parts: Vec<Part> = chunks.map(|groups| search.chunk(groups)).collect();
        let mut total = Part::zero(design);
        for part in &parts {
            total.add(part);
        }
        Self {
            rows: parts.into_iter().flat_map(|part| part.rows).collect(),
            event_weights: event_weights(design, &total.cells),
            cells: total.cells,
            not_predicted: total.not_predicted,
            loadings: DMatrix::from_row_slice(
                design.n_columns,
                design.events.len(),
                &total.loadings,
            ),
        }
    }
}

fn event_weights(design: &Design<'_>, cells: &[CellWeights]) -> Vec<f64> {
    let mut weights = vec![0.0; design.events.len()];
    for (index, cell) in cells.iter().enumerate() {
        if let Some(event) = design.event_of_cell(index) {
            weights[event] += cell.total;
        }
    }
    weights
}

/// One part's rows and sums.
struct Part {
    rows: Vec<bool>,
    cells: Vec<CellWeights>,
    not_predicted: NotPredicted,
    loadings: Vec<f64>,
}

impl Part {
    fn zero(design: &Design<'_>) -> Self {
        Self {
            rows: Vec::new(),
            cells: vec![CellWeights::default(); design.rows.cells.len()],
            not_predicted: NotPredicted::default(),
            loadings: vec![0.0; design.n_columns * design.events.len()],
        }
    }

    /// Adds the sums of another part.
    fn add(&mut self, other: &Self) {
        for (to, from) in self.cells.iter_mut().zip(&other.cells) {
            to.total += from.total;
            to.squares += from.squares;
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

struct Search<'a> {
    design: &'a Design<'a>,
    model: &'a Model,
    components: &'a [usize],
}

impl Search<'_> {
    fn chunk(&self, groups: Range<usize>) -> Part {
        let mut part = Part::zero(self.design);
        let mut sums = GroupSums::new(self.design);
        part.rows
            .reserve_exact(self.design.rows.rows_of(&groups).len());
        for group in groups {
            sums.fill(self.design, group);
            self.group(group, &sums, &mut part);
        }
        part
    }

    fn group(&self, group: usize, sums: &GroupSums, part: &mut Part) {
        let (design, rows) = (self.design, self.design.rows);
        let null_vectors = self.model.null_vectors.iter();
        let null_means: Vec<f64> = null_vectors
            .map(|null| sums.combine_means(&null.combination))
            .collect();
        // All untreated rows of a group are linked through it, so the first one tells the component.
        let first_untreated = design.untreated(group).next();
        let component = first_untreated.map(|row| self.components[rows.cell(row).period]);
        for row in rows.group(group) {
            let Some(event) = design.event(row) else {
                part.rows.push(true);
                continue;
            };
            let own_component = self.components[rows.cell(row).period];
            let reasons = &mut part.not_predicted;
            let reason = match component {
                None => Some(&mut reasons.no_untreated_rows),
                Some(_) if own_component == NO_COMPONENT => Some(&mut reasons.no_untreated_rows),
                Some(component) if own_component != component => Some(&mut reasons.not_connected),
                Some(_) if !self.vanishes(row, &null_means) => Some(&mut reasons.covariates),
                Some(_) => None,
            };
            part.rows.push(reason.is_none());
            if let Some(n_rows) = reason {
                *n_rows += 1;
                continue;
            }
            self.add_loading(row, event, sums, &mut part.loadings);
            let weight = rows.weight(row);
            let cell = &mut part.cells[rows.row_cells[row] as usize];
            cell.total += weight;
            cell.squares += weight * weight;
        }
    }

    /// Whether all combinations that are constant among the group's untreated rows have the same value in this row.
    fn vanishes(&self, row: usize, null_means: &[f64]) -> bool {
        self.model
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
        self.design.each_column(row, |column, value| {
            loadings[column * n_events + event] += weight * value;
        });
        for &column in &sums.touched {
            loadings[column * n_events + event] -= weight * sums.sums[column] / sums.weight;
        }
    }
}
