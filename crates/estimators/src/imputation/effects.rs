//! What rows of one outcome have beyond their predicted untreated outcome, and averages of it over treated rows.

use std::ops::Range;

use crate::imputation::design::Design;
use crate::imputation::predictable::Predictable;

/// Sums over the predicted treated rows of a cohort in a period.
#[derive(Clone, Copy, Default)]
struct CellSums {
    /// Σω·effect.
    effect: f64,
    /// Σω²·effect.
    squared_weight_effect: f64,
}

/// The effects of one outcome.
pub(super) struct Effects {
    /// By row: outcome less its prediction (the residual of untreated rows, the effect of treated ones); NaN for treated
    /// rows that cannot be predicted.
    pub(super) deviations: Vec<f64>,
    /// By event time: the mean effect of the predicted rows; NaN where there is none.
    pub(super) means: Vec<f64>,
    /// By cell: the mean effect with squared weights, what effects are compared with in the error.
    pub(super) centres: Vec<f64>,
}

impl Effects {
    /// The effects of an outcome in row order, which the deviations take the place of.
    pub(super) fn of(
        design: &Design<'_>,
        predictable: &Predictable,
        mut outcome: Vec<f64>,
        coefficients: &[f64],
    ) -> Self {
        let predict = |groups: Range<usize>, values: &mut [f64]| {
            let mut cells = vec![CellSums::default(); design.rows.cells.len()];
            let first = design.rows.rows_of(&groups).start;
            for group in groups {
                let rows = design.rows.group(group);
                let own = &mut values[rows.start - first..rows.end - first];
                deviate(design, group, own, coefficients);
                for (row, deviation) in rows.zip(own) {
                    if !predictable.rows[row] {
                        *deviation = f64::NAN;
                    } else if design.event(row).is_some() {
                        let weight = design.rows.weight(row);
                        let cell = &mut cells[design.rows.row_cells[row] as usize];
                        cell.effect += weight * *deviation;
                        cell.squared_weight_effect += weight * weight * *deviation;
                    }
                }
            }
            cells
        };
        let mut cells = vec![CellSums::default(); design.rows.cells.len()];
        for part in design.rows.map_chunks(&mut outcome, predict) {
            for (to, from) in cells.iter_mut().zip(part) {
                to.effect += from.effect;
                to.squared_weight_effect += from.squared_weight_effect;
            }
        }
        let centres = cells.iter().zip(&predictable.cells);
        Self {
            deviations: outcome,
            means: means(design, predictable, &cells),
            centres: centres
                .map(|(sums, weights)| sums.squared_weight_effect / weights.squares)
                .collect(),
        }
    }
}

/// Turns the values of a group's rows into deviations from z'c and from the mean over its untreated rows, the unit effect.
pub(super) fn deviate(design: &Design<'_>, group: usize, values: &mut [f64], coefficients: &[f64]) {
    let (mut total, mut sum) = (0.0, 0.0);
    for (row, value) in design.rows.group(group).zip(&mut *values) {
        *value -= design.combine(row, coefficients);
        if design.event(row).is_none() {
            let weight = design.rows.weight(row);
            total += weight;
            sum += weight * *value;
        }
    }
    let mean = sum / total;
    values.iter_mut().for_each(|value| *value -= mean);
}

fn means(design: &Design<'_>, predictable: &Predictable, cells: &[CellSums]) -> Vec<f64> {
    let mut means = vec![0.0; design.events.len()];
    for (index, cell) in cells.iter().enumerate() {
        if let Some(event) = design.event_of_cell(index) {
            means[event] += cell.effect;
        }
    }
    let weights = predictable.event_weights.iter();
    means
        .iter_mut()
        .zip(weights)
        .for_each(|(mean, weight)| *mean /= weight);
    means
}
