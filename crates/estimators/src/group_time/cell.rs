//! One comparison of a cohort with its controls, as ranges of units; nothing here is estimated.

use std::ops::Range;

/// One comparison: a cohort in period `current` against its controls, both relative to period `reference`.
pub(crate) struct CohortCell {
    /// Index among the treated cohorts.
    pub(crate) cohort: usize,
    pub(crate) current: usize,
    pub(crate) reference: usize,
    pub(crate) treated: Range<usize>,
    pub(crate) controls: Vec<Range<usize>>,
}

/// The side of a comparison a unit is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Treated,
    Control,
}

impl Side {
    pub(super) fn pick<'a, T>(self, treated: &'a T, control: &'a T) -> (&'a T, f64) {
        match self {
            Self::Treated => (treated, 1.0),
            Self::Control => (control, -1.0),
        }
    }

    pub(crate) fn of(cell: &CohortCell, units: &Range<usize>) -> Option<Self> {
        if cell.treated == *units {
            Some(Self::Treated)
        } else {
            cell.controls.contains(units).then_some(Self::Control)
        }
    }
}
