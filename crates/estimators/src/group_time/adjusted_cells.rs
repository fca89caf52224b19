//! All comparisons of a sample with covariates: which of them share their fit, and the points each is fitted to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::group_time::adjustment::adjusted::{
    AdjustedComparison, Adjustment, RowSides, compare_rows,
};
use crate::group_time::adjustment::points::{Points, Segment, Sides};
use crate::group_time::adjustment::propensity::{Keep, Propensity};
use crate::group_time::cell::CohortCell;
use crate::group_time::comparison::{CellFit, CellInfluence, compares_units};
use crate::group_time::options::Method;
use crate::group_time::sample::Sample;
use crate::panel::covariate_table::Covariates;
use crate::panel::table::Layout;
use crate::status::Status;

/// Comparisons that share their units, covariates and weights, and hence everything but the outcome.
struct SharedFit {
    cells: Vec<usize>,
}

/// Estimates all comparisons of samples that differ in the outcome only: for each sample, the comparisons in their order.
pub(crate) fn adjusted_cells(
    samples: &[&Sample<'_>],
    cells: &[CohortCell],
    method: Method,
) -> Vec<Vec<CellFit>> {
    let sample = samples[0];
    let Some(covariates) = sample.covariates.as_deref() else {
        let means = |sample: &&Sample<'_>| {
            let fits = cells.par_iter().map(|cell| CellFit::means(sample, cell));
            fits.collect()
        };
        return samples.iter().map(means).collect();
    };
    // Pairs of a sample and a cell, with the fit.
    let fits: Vec<(usize, usize, CellFit)> = shared(sample, covariates, cells)
        .into_par_iter()
        .flat_map_iter(|shared| {
            let fits = if compares_units(sample.layout) {
                changes_adjusted(samples, covariates, method, cells, &shared)
            } else {
                let fits = |sample| rows_adjusted(sample, covariates, method, cells, &shared);
                samples.iter().copied().flat_map(fits).collect()
            };
            let pairs = (0..samples.len()).flat_map(move |of| {
                let cells = shared.cells.clone().into_iter();
                cells.map(move |cell| (of, cell))
            });
            pairs.zip(fits).map(|((of, cell), fit)| (of, cell, fit))
        })
        .collect();
    let empty = || cells.iter().map(|_| None).collect();
    let mut in_order: Vec<Vec<Option<CellFit>>> = samples.iter().map(|_| empty()).collect();
    for (of, cell, fit) in fits {
        in_order[of][cell] = Some(fit);
    }
    // Each comparison is in one group, so that every place is filled.
    let complete = in_order.into_iter();
    complete
        .map(|fits| fits.into_iter().flatten().collect())
        .collect()
}

/// Groups of cells with one adjustment.
fn shared(sample: &Sample<'_>, covariates: &Covariates, cells: &[CohortCell]) -> Vec<SharedFit> {
    // Covariates and weights that never change: one fit serves all periods of a cohort that have the same controls.
    let constant = covariates.are_constant() && sample.period_weights(0).is_none();
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        // Groups of units do not overlap: where one begins names it.
        let controls: Vec<usize> = cell.controls.iter().map(|units| units.start).collect();
        let periods = match sample.layout {
            Layout::Balanced if constant => (0, 0),
            // Weight and covariates are those of the earlier period, and all units are seen in both.
            Layout::Balanced => (cell.current.min(cell.reference), 0),
            // Who takes part depends on both periods.
            _ => (cell.current, cell.reference),
        };
        let key = (cell.cohort, controls, periods);
        groups.entry(key).or_default().push(index);
    }
    groups
        .into_values()
        .map(|cells| SharedFit { cells })
        .collect()
}

/// The comparisons of one adjustment, sample by sample.
fn changes_adjusted(
    samples: &[&Sample<'_>],
    covariates: &Covariates,
    method: Method,
    cells: &[CohortCell],
    shared: &SharedFit,
) -> Vec<CellFit> {
    let is_weighted = samples[0].period_weights(0).is_some();
    let pairs = || {
        let cells = shared.cells.iter().map(|&index| &cells[index]);
        let of_sample = move |sample| cells.clone().map(move |cell| (sample, cell));
        samples.iter().copied().flat_map(of_sample)
    };
    // Eight bytes a unit for every adjustment that runs: only where more than one comparison reads them.
    let keep = if shared.cells.len() * samples.len() > 1 {
        Keep::ForUnits(samples[0].n_units)
    } else {
        Keep::No
    };
    let means: Vec<CellFit> = pairs()
        .map(|(sample, cell)| CellFit::unadjusted(sample, cell))
        .collect();
    let needs_fit = |fit: &CellFit| {
        matches!(
            fit.influence,
            CellInfluence::Changes { .. } | CellInfluence::Unknown
        )
    };
    // Any of them serves for the fit, which is the same for all.
    let compared = pairs().zip(&means).find(|(_, fit)| needs_fit(fit));
    let Some(((sample, cell), _)) = compared else {
        return means;
    };
    let [treated, control] = points(sample, covariates, cell);
    let sides = Sides {
        treated: &treated,
        control: &control,
    };
    let adjustment = Adjustment::fit(covariates, sides, method, is_weighted, keep);
    let pairs: Vec<_> = pairs().collect();
    means
        .into_par_iter()
        .zip(pairs)
        .map(|(fit, (sample, cell))| {
            if !needs_fit(&fit) {
                return fit;
            }
            let [treated, control] = points(sample, covariates, cell);
            let sides = Sides {
                treated: &treated,
                control: &control,
            };
            match &adjustment {
                Ok(adjustment) => {
                    let propensity = adjustment.propensity.clone();
                    let n_trimmed = propensity.as_ref().map_or(0, |own| own.n_trimmed);
                    let adjusted = adjustment.compare_changes(covariates, sides);
                    fit.with(adjusted, propensity, n_trimmed)
                }
                Err(status) => fit.with(Err(*status), None, 0),
            }
        })
        .collect()
}

/// The changes of the treated and of the comparison units.
fn points<'a>(
    sample: &'a Sample<'_>,
    covariates: &'a Covariates,
    cell: &CohortCell,
) -> [Points<'a>; 2] {
    let treated = std::slice::from_ref(&cell.treated);
    [treated, &cell.controls].map(|ranges| {
        let segments = ranges.iter();
        let segments = segments.map(|units| sample.changes(cell, units.clone()));
        Points::new(covariates, segments.collect())
    })
}

fn rows_adjusted(
    sample: &Sample<'_>,
    covariates: &Covariates,
    method: Method,
    cells: &[CohortCell],
    shared: &SharedFit,
) -> Vec<CellFit> {
    let is_weighted = sample.period_weights(0).is_some();
    let adjust = |cell: &CohortCell| {
        let fit = CellFit::means(sample, cell);
        // Without rows on both sides, and in the base period, there is nothing to adjust.
        if !matches!(fit.influence, CellInfluence::Rows { .. }) {
            return fit;
        }
        let segments = |period: usize, ranges: &[Range<usize>]| -> Vec<Segment<'_>> {
            let segments = ranges
                .iter()
                .flat_map(|units| sample.values_at(period, units.clone()));
            segments.collect()
        };
        let treated = std::slice::from_ref(&cell.treated);
        let sides = [treated, &cell.controls].map(|ranges| {
            let current = segments(cell.current, ranges);
            let reference = segments(cell.reference, ranges);
            let both = current.iter().chain(&reference).cloned().collect();
            [current, reference, both].map(|segments| Points::new(covariates, segments))
        });
        let [current, reference, both] = [0, 1, 2].map(|which| Sides {
            treated: &sides[0][which],
            control: &sides[1][which],
        });
        let sides = RowSides {
            both,
            current,
            reference,
        };
        match compare_rows(covariates, sides, method, is_weighted) {
            Ok((adjusted, propensity)) => {
                let trimmed = propensity.as_ref().filter(|own| own.n_trimmed > 0);
                let n_trimmed = trimmed.map_or(0, |own| trimmed_units(sample, cell, own));
                fit.with(Ok(adjusted), propensity.map(Arc::new), n_trimmed)
            }
            Err(status) => fit.with(Err(status), None, 0),
        }
    };
    shared
        .cells
        .iter()
        .map(|&index| adjust(&cells[index]))
        .collect()
}

impl CellFit {
    /// The comparison before it is adjusted. Where every unit is seen in every period nothing need be looked at.
    fn unadjusted(sample: &Sample<'_>, cell: &CohortCell) -> Self {
        let n_control: usize = cell.controls.iter().map(Range::len).sum();
        let is_compared = cell.current != cell.reference && n_control > 0;
        if sample.layout != Layout::Balanced || cell.treated.is_empty() || !is_compared {
            return Self::means(sample, cell);
        }
        Self {
            estimate: f64::NAN,
            n_treated: cell.treated.len() as u64,
            n_control: n_control as u64,
            n_treated_rows: cell.treated.len() as u64,
            n_control_rows: n_control as u64,
            n_trimmed: 0,
            influence: CellInfluence::Unknown,
        }
    }

    /// The comparison with what was adjusted for covariates in place of the difference of means.
    fn with(
        self,
        adjusted: Result<AdjustedComparison, Status>,
        propensity: Option<Arc<Propensity>>,
        n_trimmed: u64,
    ) -> Self {
        match adjusted {
            Ok(adjusted) => Self {
                estimate: adjusted.estimate,
                n_control: self.n_control.saturating_sub(n_trimmed),
                n_trimmed,
                influence: CellInfluence::Adjusted {
                    groups: adjusted.groups,
                    propensity,
                },
                ..self
            },
            Err(status) => Self {
                estimate: f64::NAN,
                influence: CellInfluence::Missing(status),
                ..self
            },
        }
    }
}

/// Comparison units of which no row is left after trimming; for cross-sections the units are rows.
fn trimmed_units(sample: &Sample<'_>, cell: &CohortCell, propensity: &Propensity) -> u64 {
    let Some(covariates) = sample.covariates.as_deref() else {
        return 0;
    };
    let mut n_trimmed = 0;
    for units in &cell.controls {
        // Whether a unit has a row with weight, and whether it has one that is left.
        let (mut is_seen, mut is_left) = (vec![false; units.len()], vec![false; units.len()]);
        for period in [cell.current, cell.reference] {
            for segment in sample.values_at(period, units.clone()) {
                let (mut outcome, mut weight) = (Vec::new(), Vec::new());
                segment.load(&mut outcome, &mut weight);
                let odds = propensity.odds_of(covariates, &segment);
                let first = segment.units.start - units.start;
                for (place, (weight, odds)) in weight.iter().zip(odds).enumerate() {
                    is_seen[first + place] |= *weight > 0.0;
                    is_left[first + place] |= *weight > 0.0 && odds > 0.0;
                }
            }
        }
        let pairs = is_seen.iter().zip(&is_left);
        n_trimmed += pairs.filter(|(seen, left)| **seen && !**left).count() as u64;
    }
    n_trimmed
}
