//! The observations of a sample that take part in a comparison.

use std::ops::Range;

use crate::group_time::adjustment::points::{Before, Segment};
use crate::group_time::cell::CohortCell;
use crate::group_time::sample::Sample;
use crate::panel::table::Layout;

impl Sample<'_> {
    /// The changes of consecutive units from the reference to the current period of a comparison, with the weight and the
    /// covariates of the earlier of the two.
    pub(crate) fn changes(&self, cell: &CohortCell, units: Range<usize>) -> Segment<'_> {
        // What is measured in the later period may be changed by exposure.
        let earlier = cell.current.min(cell.reference);
        Segment {
            now: &self.period_values(cell.current)[units.clone()],
            before: Before::Values(&self.period_values(cell.reference)[units.clone()]),
            weights: self.period_weights(earlier).map(|w| &w[units.clone()]),
            rows: self.covariate_rows(earlier).part(units.start, units.len()),
            is_complete: self.layout == Layout::Balanced,
            units,
        }
    }

    /// The rows of consecutive units in a period.
    pub(crate) fn values_at(&self, period: usize, units: Range<usize>) -> Vec<Segment<'_>> {
        if self.layout != Layout::CrossSections {
            return vec![Segment {
                now: &self.period_values(period)[units.clone()],
                before: Before::Origin(self.origin),
                weights: self.period_weights(period).map(|w| &w[units.clone()]),
                rows: self.covariate_rows(period).part(units.start, units.len()),
                is_complete: false,
                units,
            }];
        }
        let (values, weights, _) = self.rows();
        let runs = self.runs_of(period, &units);
        runs.map(|own| Segment {
            now: &values[own.clone()],
            before: Before::Origin(self.origin),
            weights: weights.map(|w| &w[own.clone()]),
            rows: self.covariate_rows(period).part(own.start, own.len()),
            // Every row of a cross-section is an observation.
            is_complete: true,
            units: own,
        })
        .collect()
    }

    /// Value (from the origin) and weight of a unit in a period where it is seen.
    pub(crate) fn seen(&self, period: usize, unit: usize) -> Option<(f64, f64)> {
        if self.layout == Layout::CrossSections {
            let (values, weights, periods) = self.rows();
            let here = usize::from(periods[unit]) == period;
            let value = values[unit] - self.origin;
            return here.then(|| (value, weights.map_or(1.0, |w| w[unit])));
        }
        let value = self.value(period, unit) - self.origin;
        let weight = || self.period_weights(period).map_or(1.0, |w| w[unit]);
        (!value.is_nan()).then(|| (value, weight()))
    }
}
