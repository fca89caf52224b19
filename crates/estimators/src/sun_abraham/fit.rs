//! The fit of some outcomes: coefficients of the profiles, effects by cell, and the covariance of the profiles.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::inference::Inference;
use crate::sun_abraham::design::{CohortEvent, Design};
use crate::sun_abraham::profile::Profile;
use crate::sun_abraham::scores::Scores;
use crate::sun_abraham::unit_rows::Columns;

/// Covariances of the profiles' coefficients by pairs (g, h), g ≤ h; pairs without a common cluster are left out.
type Covariance = BTreeMap<(usize, usize), DMatrix<f64>>;

/// The fitted regression of one outcome.
pub(super) struct Fit {
    /// By cell; of cells that are not identified, a number without a meaning.
    pub(super) effects: Vec<f64>,
    pub(super) covariance: Covariance,
    /// By cluster, where asked for: what it contributes to the coefficients of profiles.
    pub(super) contributions: Option<Vec<Contribution>>,
}

/// What a cluster contributes to the coefficients of the profiles that it has units in.
pub(super) type Contribution = Vec<(usize, DVector<f64>)>;

impl Fit {
    /// The fits of the outcomes that `columns` hold, from the right-hand sides of each profile.
    pub(super) fn of_outcomes(
        design: &Design,
        columns: &Columns<'_>,
        (rights, inference): (&[Vec<DVector<f64>>], Inference),
    ) -> Vec<Self> {
        let coefficients = coefficients(design, rights);
        let scores: Vec<Scores<'_>> = design
            .profiles
            .iter()
            .zip(&coefficients)
            .map(|(profile, coefficients)| Scores {
                profile,
                columns,
                coefficients,
            })
            .collect();
        let covariances = covariances(design, &scores, columns.n_outcomes()).into_iter();
        let mut fits: Vec<Self> = covariances
            .enumerate()
            .map(|(outcome, covariance)| Self {
                effects: effects(design, |profile| &coefficients[profile][outcome]),
                covariance,
                contributions: None,
            })
            .collect();
        if matches!(inference, Inference::Bootstrap { .. }) {
            let all = contributions(design, &scores, columns.n_outcomes());
            for (fit, own) in fits.iter_mut().zip(all) {
                fit.contributions = Some(own);
            }
        }
        fits
    }
}

/// By profile, then outcome; zero at one period of each component.
pub(super) fn coefficients(
    design: &Design,
    rights: &[Vec<DVector<f64>>],
) -> Vec<Vec<DVector<f64>>> {
    let pairs = design.profiles.iter().zip(rights);
    let of_profile = |(profile, rights): (&Profile, &Vec<DVector<f64>>)| {
        let rights = rights.iter();
        rights.map(|right| &profile.inverse * right).collect()
    };
    pairs.map(of_profile).collect()
}

fn effects<'a>(design: &Design, coefficients: impl Fn(usize) -> &'a DVector<f64>) -> Vec<f64> {
    let effect = |cell: &CohortEvent| {
        let reference = design.references[cell.cohort];
        let change = |profile: usize| {
            let own = coefficients(profile);
            own[cell.period] - own[reference]
        };
        change(cell.cohort) - change(0)
    };
    design.cells.iter().map(effect).collect()
}

/// By outcome and cluster (without clusters, unit): A times the summed scores.
fn contributions(
    design: &Design,
    scores: &[Scores<'_>],
    n_outcomes: usize,
) -> Vec<Vec<Contribution>> {
    let mut all = vec![Vec::new(); n_outcomes];
    let Some(layout) = &design.clusters else {
        for (index, scores) in scores.iter().enumerate() {
            scores.each_unit(|outcome, score| {
                let own = &design.profiles[index].inverse * score;
                all[outcome].push(vec![(index, own)]);
            });
        }
        return all;
    };
    let n_periods = design.periods.len();
    let pairs = scores.iter().zip(&layout.profiles);
    let sums: Vec<Vec<Vec<f64>>> = pairs
        .map(|(scores, clusters)| scores.cluster_sums(clusters))
        .collect();
    for places in layout.by_cluster() {
        let places: Vec<(usize, usize)> = places.collect();
        for (outcome, all) in all.iter_mut().enumerate() {
            let own = places.iter().map(|&(profile, slot)| {
                let start = slot * n_periods;
                let score = &sums[profile][outcome][start..start + n_periods];
                let score = DVector::from_column_slice(score);
                (profile, &design.profiles[profile].inverse * score)
            });
            all.push(own.collect());
        }
    }
    all
}

/// By outcome: V = q·A M A in the coordinates of the profiles.
fn covariances(design: &Design, scores: &[Scores<'_>], n_outcomes: usize) -> Vec<Covariance> {
    let mut meats = match &design.clusters {
        None => {
            let mut meats = vec![BTreeMap::new(); n_outcomes];
            for (index, scores) in scores.iter().enumerate() {
                for (meat, own) in meats.iter_mut().zip(scores.unit_meat()) {
                    meat.insert((index, index), own);
                }
            }
            meats
        }
        Some(layout) => {
            let pairs = scores.par_iter().zip(&layout.profiles);
            let sums: Vec<Vec<Vec<f64>>> = pairs
                .map(|(scores, clusters)| scores.cluster_sums(clusters))
                .collect();
            let of_outcome = |outcome: usize| {
                let own: Vec<&[f64]> = sums.iter().map(|own| own[outcome].as_slice()).collect();
                layout.meat(&own, design.periods.len())
            };
            (0..n_outcomes).map(of_outcome).collect()
        }
    };
    for ((first, second), matrix) in meats.iter_mut().flatten() {
        let left = &design.profiles[*first].inverse * &*matrix;
        *matrix = left * &design.profiles[*second].inverse * design.factor;
    }
    meats
}
