//! The estimate of one comparison and its influence function.
//!
//! The influence function ψ of a comparison is never stored for all units: what is kept ([`CellInfluence`]) is enough to
//! evaluate ψ for any unit. Without covariates a comparison is a difference of mean changes, or of the means of four groups
//! of rows; with covariates see `adjustment/adjusted.rs`.

use std::ops::Range;
use std::sync::Arc;

use crate::group_time::adjustment::points::Segment;
use crate::group_time::adjustment::propensity::Propensity;
use crate::group_time::adjustment::terms::{InfluenceBuffers, Terms};
use crate::group_time::cell::{CohortCell, Side};
use crate::group_time::sample::Sample;
use crate::panel::table::Layout;
use crate::status::Status;

/// One comparison, estimated.
pub(crate) struct CellFit {
    pub(crate) estimate: f64,
    pub(crate) n_treated: u64,
    pub(crate) n_control: u64,
    pub(crate) n_treated_rows: u64,
    pub(crate) n_control_rows: u64,
    /// Comparison units (rows for cross-sections) without weight for a probability of treatment near one.
    pub(crate) n_trimmed: u64,
    pub(crate) influence: CellInfluence,
}

/// What ψ/N of a comparison is computed from.
pub(crate) enum CellInfluence {
    /// There is no estimate, for this reason.
    Missing(Status),
    /// The base period compared with itself.
    Zero,
    /// Not estimated yet.
    Unknown,
    /// ψ/N = ω(ΔY − mean)/Σω among the treated, its negative among the controls.
    Changes {
        weight_period: usize,
        treated: Mean,
        control: Mean,
    },
    /// The same with a mean for each of the four groups of rows.
    Rows {
        treated: [Mean; 2],
        control: [Mean; 2],
    },
    /// Adjusted for covariates: treated and comparison units, for rows each at the current and the reference period.
    Adjusted {
        groups: Vec<Terms>,
        propensity: Option<Arc<Propensity>>,
    },
}

/// A weighted mean and what a unit contributes to it.
#[derive(Clone, Copy)]
pub(crate) struct Mean {
    mean: f64,
    total_weight: f64,
    n_rows: u64,
}

impl Mean {
    fn of(items: impl Iterator<Item = (f64, f64)>) -> Self {
        // One pass on one thread, in the order of the units: threads take whole comparisons, so that their number changes no
        // sum.
        let (mut sum, mut total_weight, mut n_rows) = (0.0, 0.0, 0);
        for (value, weight) in items {
            sum += weight * value;
            total_weight += weight;
            n_rows += 1;
        }
        Self {
            mean: sum / total_weight,
            total_weight,
            n_rows,
        }
    }

    fn is_empty(&self) -> bool {
        self.total_weight <= 0.0
    }

    fn influence(&self, value: f64, weight: f64) -> f64 {
        weight * (value - self.mean) / self.total_weight
    }
}

impl CellFit {
    /// The difference of (weighted) mean changes, without covariates.
    pub(crate) fn means(sample: &Sample<'_>, cell: &CohortCell) -> Self {
        let [treated, control] = [
            std::slice::from_ref(&cell.treated),
            cell.controls.as_slice(),
        ]
        .map(|group| {
            if compares_units(sample.layout) {
                let mean = changes(sample, cell, group);
                Group {
                    // A change has no second mean: repeated, so that both sides are checked for rows alike.
                    means: [mean; 2],
                    n_units: mean.n_rows,
                    n_rows: mean.n_rows,
                }
            } else {
                Group::of_rows(sample, cell, group)
            }
        });
        let influence = if treated.is_empty() {
            CellInfluence::Missing(Status::NoTreated)
        } else if control.is_empty() {
            CellInfluence::Missing(Status::NoControls)
        } else if cell.current == cell.reference {
            CellInfluence::Zero
        } else if compares_units(sample.layout) {
            CellInfluence::Changes {
                // The earlier period: what is measured after exposure must not decide whom an estimate counts.
                weight_period: cell.current.min(cell.reference),
                treated: treated.means[0],
                control: control.means[0],
            }
        } else {
            CellInfluence::Rows {
                treated: treated.means,
                control: control.means,
            }
        };
        Self {
            estimate: influence.estimate(),
            n_treated: treated.n_units,
            n_control: control.n_units,
            n_treated_rows: treated.n_rows,
            n_control_rows: control.n_rows,
            n_trimmed: 0,
            influence,
        }
    }
}

/// One side of a comparison.
struct Group {
    /// Change in the first place (panel), or means at the current and the reference period (rows).
    means: [Mean; 2],
    n_units: u64,
    n_rows: u64,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.means.iter().any(Mean::is_empty)
    }

    fn of_rows(sample: &Sample<'_>, cell: &CohortCell, group: &[Range<usize>]) -> Self {
        let means = [cell.current, cell.reference]
            .map(|period| Mean::of(units_of(group).filter_map(|unit| sample.seen(period, unit))));
        // The base period compared with itself: the same rows, counted once.
        let n_rows = if cell.current == cell.reference {
            means[0].n_rows
        } else {
            means[0].n_rows + means[1].n_rows
        };
        let in_either = |&unit: &usize| {
            sample.seen(cell.current, unit).is_some() || sample.seen(cell.reference, unit).is_some()
        };
        let n_units = units_of(group).filter(in_either).count() as u64;
        Self {
            means,
            n_units,
            n_rows,
        }
    }
}

fn units_of(group: &[Range<usize>]) -> impl Iterator<Item = usize> + '_ {
    group.iter().flat_map(Clone::clone)
}

/// Whether units are compared with themselves in another period, rather than rows with rows.
pub(crate) fn compares_units(layout: Layout) -> bool {
    matches!(layout, Layout::Balanced | Layout::Pairs)
}

/// Mean change from the reference to the current period of the units seen in both; the weight is that of the earlier of
/// the two.
fn changes(sample: &Sample<'_>, cell: &CohortCell, group: &[Range<usize>]) -> Mean {
    let (now, before) = (
        sample.period_values(cell.current),
        sample.period_values(cell.reference),
    );
    // An unseen value is NaN, and so is its change.
    let changes = units_of(group)
        .map(|unit| (unit, now[unit] - before[unit]))
        .filter(|(_, change)| !change.is_nan());
    match sample.period_weights(cell.current.min(cell.reference)) {
        Some(weights) => Mean::of(changes.map(|(unit, change)| (change, weights[unit]))),
        None => Mean::of(changes.map(|(_, change)| (change, 1.0))),
    }
}

impl CellInfluence {
    fn estimate(&self) -> f64 {
        match self {
            Self::Missing(_) | Self::Unknown | Self::Adjusted { .. } => f64::NAN,
            Self::Zero => 0.0,
            Self::Changes {
                treated, control, ..
            } => treated.mean - control.mean,
            Self::Rows { treated, control } => {
                (treated[0].mean - treated[1].mean) - (control[0].mean - control[1].mean)
            }
        }
    }

    /// Adds ψ/N of consecutive units of one side to `out`, the first of them being unit `start`.
    pub(crate) fn add(
        &self,
        sample: &Sample<'_>,
        cell: &CohortCell,
        side: Side,
        start: usize,
        out: &mut [f64],
    ) {
        match self {
            Self::Missing(_) | Self::Zero | Self::Unknown => {}
            Self::Changes {
                weight_period,
                treated,
                control,
            } => {
                let units = start..start + out.len();
                let now = &sample.period_values(cell.current)[units.clone()];
                let before = &sample.period_values(cell.reference)[units.clone()];
                let (mean, sign) = side.pick(treated, control);
                let weights = sample.period_weights(*weight_period).map(|w| &w[units]);
                for (k, slot) in out.iter_mut().enumerate() {
                    let change = now[k] - before[k];
                    if !change.is_nan() {
                        let weight = weights.map_or(1.0, |w| w[k]);
                        *slot += sign * mean.influence(change, weight);
                    }
                }
            }
            Self::Adjusted { groups, propensity } => {
                let Some(covariates) = sample.covariates.as_deref() else {
                    return;
                };
                let units = start..start + out.len();
                let mut buffers = InfluenceBuffers::default();
                let mut add = |terms: &Terms, segment: &Segment<'_>| {
                    let own = segment.units.start - start..segment.units.end - start;
                    terms.add(
                        covariates,
                        propensity.as_deref(),
                        segment,
                        &mut buffers,
                        &mut out[own],
                    );
                };
                let of_side = usize::from(side == Side::Control);
                if compares_units(sample.layout) {
                    add(&groups[of_side], &sample.changes(cell, units));
                    return;
                }
                // Treated and comparison rows of the current, then of the reference period.
                for (place, period) in [cell.current, cell.reference].into_iter().enumerate() {
                    for segment in sample.values_at(period, units.clone()) {
                        add(&groups[2 * place + of_side], &segment);
                    }
                }
            }
            Self::Rows { treated, control } => {
                let (means, sign) = side.pick(treated, control);
                for (k, slot) in out.iter_mut().enumerate() {
                    if let Some((value, weight)) = sample.seen(cell.current, start + k) {
                        *slot += sign * means[0].influence(value, weight);
                    }
                    if let Some((value, weight)) = sample.seen(cell.reference, start + k) {
                        *slot -= sign * means[1].influence(value, weight);
                    }
                }
            }
        }
    }
}
