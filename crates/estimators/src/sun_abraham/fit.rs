//! The fit of one outcome: coefficients of the profiles, effects by cell, and the covariance of the profiles.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::sun_abraham::clusters::ClusterLayout;
use crate::sun_abraham::design::Design;
use crate::sun_abraham::scores::Scores;
use crate::sun_abraham::unit_rows::Columns;

/// The fitted regression of one outcome.
pub(super) struct Fit {
    /// By cell; of cells that are not identified, a number without a meaning.
    pub(super) effects: Vec<f64>,
    /// Covariance of the profiles' coefficients by pairs (g, h), g ≤ h; pairs without a common cluster are left out.
    pub(super) covariance: BTreeMap<(usize, usize), DMatrix<f64>>,
    /// Errors up to this size are rounding.
    pub(super) rounding: f64,
}

impl Fit {
    /// The fit from the right-hand side of each profile.
    pub(super) fn new(
        design: &Design,
        columns: &Columns<'_>,
        rights: &[DVector<f64>],
        rounding: f64,
    ) -> Self {
        let pairs = design.profiles.iter().zip(rights);
        // Zero at one period of each component.
        let coefficients: Vec<DVector<f64>> = pairs
            .map(|(profile, right)| &profile.inverse * right)
            .collect();
        let cells = design.cells.iter().map(|cell| {
            let reference = design.references[cell.cohort];
            let change = |profile: usize| {
                coefficients[profile][cell.period] - coefficients[profile][reference]
            };
            change(cell.cohort) - change(0)
        });
        let pairs = design.profiles.iter().zip(&coefficients);
        let scores: Vec<Scores<'_>> = pairs
            .map(|(profile, coefficients)| Scores {
                profile,
                columns,
                coefficients,
            })
            .collect();
        Self {
            effects: cells.collect(),
            covariance: covariance(design, &scores),
            rounding,
        }
    }
}

/// V = q·A M A in the coordinates of the profiles.
fn covariance(design: &Design, scores: &[Scores<'_>]) -> BTreeMap<(usize, usize), DMatrix<f64>> {
    let mut meat = match &design.clusters {
        None => {
            let own = scores.iter().enumerate();
            own.map(|(index, scores)| ((index, index), scores.unit_meat()))
                .collect()
        }
        Some(layout) => clustered_meat(layout, scores, design.periods.len()),
    };
    for ((first, second), matrix) in &mut meat {
        let left = &design.profiles[*first].inverse * &*matrix;
        *matrix = left * &design.profiles[*second].inverse * design.factor;
    }
    meat
}

fn clustered_meat(
    layout: &ClusterLayout,
    scores: &[Scores<'_>],
    n_periods: usize,
) -> BTreeMap<(usize, usize), DMatrix<f64>> {
    let pairs = scores.par_iter().zip(&layout.profiles);
    let sums: Vec<Vec<f64>> = pairs
        .map(|(scores, clusters)| scores.cluster_sums(clusters))
        .collect();
    layout.meat(&sums, n_periods)
}
