//! Which units and periods of a [`Panel`] take part in group-time effects, and the count of those that do not.
//!
//! The rules are those of R `did`: units treated by the first period (plus anticipation) are dropped, cohorts after the
//! last period count as never treated, and without a never-treated group the last cohort takes its place, in the periods
//! before it is treated.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::error::EstimatorError;
use crate::estimate::rounding_error;
use crate::group_time::options::{AttGtOptions, Control};
use crate::inference::few_clusters::Side;
use crate::panel::codes::renumber_clusters;
use crate::panel::covariate_table::{Covariates, RowSlice};
use crate::panel::table::{CohortUnits, Layout, OutcomeTable, Panel};
use crate::status::TOO_FEW_UNITS;

/// What was used and what was left out; nothing is dropped without appearing here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// Rows handed over.
    pub n_rows_in: u64,
    /// Rows with a missing outcome, weight, cluster or covariate, left out.
    pub n_missing_rows: u64,
    /// Units (rows for cross-sections) already treated in the first period, left out.
    pub n_always_treated: u64,
    /// Units not seen in every period, left out.
    pub n_incomplete_units: u64,
    /// Rows of those incomplete units.
    pub n_incomplete_rows: u64,
    /// Units first treated after the last period, counted as never treated.
    pub n_late_units: u64,
    /// Periods left out because no unit is untreated in them.
    pub n_dropped_periods: u64,
    /// The last cohort, where it stands in for a missing never-treated group.
    pub comparison_cohort: Option<i32>,
    /// Units used.
    pub n_units: u64,
    /// Clusters used (equal to `n_units` without clustering).
    pub n_clusters: u64,
}

/// The part of a panel the group-time effects are computed from.
pub(crate) struct Sample<'a> {
    /// `Balanced` only when every unit is seen in every period.
    pub(crate) layout: Layout,
    pub(crate) periods: Vec<i32>,
    /// Treated cohorts, ascending.
    pub(crate) cohorts: Vec<(i32, Range<usize>)>,
    pub(crate) never: Range<usize>,
    pub(crate) n_units: usize,
    /// What row values are counted from: the differences that matter may be small beside the values.
    pub(crate) origin: f64,
    // Borrowed while no unit is dropped: the table of values is most of a large panel's memory.
    values: Cow<'a, [f64]>,
    weights: Option<Cow<'a, [f64]>>,
    row_periods: Cow<'a, [u16]>,
    pub(crate) covariates: Option<Cow<'a, Covariates>>,
    /// Cross-sections: runs of rows with one period.
    runs: Vec<(usize, Range<usize>)>,
    stride: usize,
    offset: usize,
    /// The first unit of the panel that may take part.
    first_unit: usize,
    /// Panel indices of the units, where not all from the offset on are kept.
    kept: Option<Arc<[u32]>>,
    pub(crate) clusters: Option<Vec<u32>>,
    pub(crate) n_clusters: usize,
    pub(crate) counts: SampleCounts,
}

impl<'a> Sample<'a> {
    /// Selects units and periods.
    pub(crate) fn select(panel: &'a Panel, options: &AttGtOptions) -> Result<Self, EstimatorError> {
        let rules = Rules::of(panel, options)?;
        let mut sample = Self {
            layout: panel.layout,
            periods: panel.periods[..rules.n_periods].to_vec(),
            cohorts: Vec::new(),
            never: 0..0,
            n_units: 0,
            origin: 0.0,
            values: Cow::Borrowed(&panel.values),
            weights: panel.weights.as_deref().map(Cow::Borrowed),
            row_periods: Cow::Borrowed(&panel.row_periods),
            covariates: panel.covariates.as_ref().map(Cow::Borrowed),
            runs: Vec::new(),
            stride: panel.n_units,
            offset: rules.first_unit,
            first_unit: rules.first_unit,
            kept: None,
            clusters: None,
            n_clusters: 0,
            counts: rules.counts.clone(),
        };
        sample.keep_units(panel, &rules)?;
        if sample.cohorts.is_empty() {
            return Err(EstimatorError::NoCohort);
        }
        if panel.layout == Layout::CrossSections {
            sample.runs = runs(sample.rows().2);
        }
        sample.set_origin();
        sample.counts.n_units = sample.n_units as u64;
        sample.counts.n_clusters = sample.n_clusters as u64;
        Ok(sample)
    }

    /// The sample with another outcome of the panel, which is missing where its own is.
    pub(crate) fn with_outcome<'b>(&'b self, panel: &Panel, table: &'b OutcomeTable) -> Sample<'b> {
        let mut sample = Sample {
            values: self.laid_out(panel, table),
            periods: self.periods.clone(),
            cohorts: self.cohorts.clone(),
            never: self.never.clone(),
            weights: self.weights.as_deref().map(Cow::Borrowed),
            row_periods: Cow::Borrowed(&self.row_periods),
            covariates: self.covariates.as_deref().map(Cow::Borrowed),
            runs: self.runs.clone(),
            kept: self.kept.clone(),
            clusters: self.clusters.clone(),
            counts: self.counts.clone(),
            ..*self
        };
        sample.set_origin();
        sample
    }

    /// Another outcome of the panel, laid out as the sample's own.
    pub(crate) fn laid_out<'b>(&self, panel: &Panel, table: &'b OutcomeTable) -> Cow<'b, [f64]> {
        match &self.kept {
            Some(kept) => Cow::Owned(self.pick(&table.0, panel.n_units, kept)),
            None => Cow::Borrowed(table.0.as_slice()),
        }
    }

    /// The cluster of a unit, which is its own without clusters.
    pub(crate) fn cluster_of(&self, unit: usize) -> u32 {
        let clusters = self.clusters.as_ref();
        clusters.map_or(unit as u32, |clusters| clusters[unit])
    }

    /// The first unit of the panel that may take part: those before are exposed from the first period on.
    pub(crate) fn first_unit(&self) -> usize {
        self.first_unit
    }

    /// The unit of the panel that is this one of the sample.
    pub(crate) fn panel_unit(&self, unit: usize) -> usize {
        let kept = self.kept.as_ref();
        kept.map_or(self.first_unit + unit, |kept| kept[unit] as usize)
    }

    /// The value of a unit in a period; NaN where it is not seen.
    pub(crate) fn value(&self, period: usize, unit: usize) -> f64 {
        self.values[period * self.stride + self.offset + unit]
    }

    /// All values, as [`Self::period_of`] reads them.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values of all units in a period.
    pub(crate) fn period_values(&self, period: usize) -> &[f64] {
        self.period_of(&self.values, period)
    }

    /// The values of all units in a period, of an outcome that is laid out as the sample's own.
    pub(crate) fn period_of<'b>(&self, values: &'b [f64], period: usize) -> &'b [f64] {
        let start = period * self.stride + self.offset;
        &values[start..start + self.n_units]
    }

    /// The weights of all units in a period; `None` = all one.
    pub(crate) fn period_weights(&self, period: usize) -> Option<&[f64]> {
        let start = period * self.stride + self.offset;
        self.weights
            .as_ref()
            .map(|w| &w[start..start + self.n_units])
    }

    /// The rows of all units (all rows for cross-sections) in the table of covariates.
    pub(crate) fn covariate_rows(&self, period: usize) -> RowSlice<'_> {
        // Covariates of cross-sections lie in one table for all periods.
        let period = if self.layout == Layout::CrossSections {
            0
        } else {
            period
        };
        match &self.covariates {
            Some(covariates) => covariates.rows_at(period, self.stride, self.offset),
            None => RowSlice::From(0),
        }
    }

    /// Cross-sections: the runs of rows of one period among consecutive rows.
    pub(crate) fn runs_of(
        &self,
        period: usize,
        rows: &Range<usize>,
    ) -> impl Iterator<Item = Range<usize>> {
        let within = |run: &Range<usize>| run.start.max(rows.start)..run.end.min(rows.end);
        // Rows are in the order (cohort, period), so that a period has one run in each cohort.
        let of_period = self.runs.iter().filter(move |(own, _)| *own == period);
        of_period
            .map(move |(_, run)| within(run))
            .filter(|run| !run.is_empty())
    }

    /// Cross-sections: the values, weights and periods of all rows.
    pub(crate) fn rows(&self) -> (&[f64], Option<&[f64]>, &[u16]) {
        let range = self.offset..self.offset + self.n_units;
        let weights = self.weights.as_ref().map(|w| &w[range.clone()]);
        (
            &self.values[range.clone()],
            weights,
            &self.row_periods[range],
        )
    }

    /// The weight a unit carries in the cohort shares: of the first period, or the mean of its rows in a panel with holes.
    pub(crate) fn share_weights(&self) -> Vec<f64> {
        let Some(weights) = &self.weights else {
            return vec![1.0; self.n_units];
        };
        match self.layout {
            Layout::Balanced | Layout::CrossSections => {
                weights[self.offset..self.offset + self.n_units].to_vec()
            }
            Layout::Unbalanced | Layout::Pairs => (0..self.n_units)
                .map(|unit| {
                    let seen = (0..self.periods.len())
                        .map(|period| weights[period * self.stride + self.offset + unit])
                        .filter(|weight| !weight.is_nan());
                    // At least one: a unit without a row in these periods is not kept.
                    let (sum, n) =
                        seen.fold((0.0, 0.0), |(sum, n), weight| (sum + weight, n + 1.0));
                    sum / n
                })
                .collect(),
        }
    }

    /// Drops incomplete units (or rows outside the periods) and sets ranges and clusters.
    fn keep_units(&mut self, panel: &Panel, rules: &Rules) -> Result<(), EstimatorError> {
        let kept = self.kept_units(panel);
        let n_dropped = panel.n_units - rules.first_unit - kept.len();
        if kept.is_empty() {
            return Err(EstimatorError::NoCompleteUnit {
                n_periods: self.periods.len(),
                n_dropped: n_dropped as u64,
            });
        }
        // In the other layouts it is rows outside the periods that go, not incomplete units.
        if n_dropped > 0 && panel.layout == Layout::Balanced {
            self.counts.n_incomplete_units = n_dropped as u64;
            self.counts.n_incomplete_rows = self.rows_outside(panel, &kept);
        }
        self.n_units = kept.len();
        if n_dropped > 0 {
            self.compact(panel, &kept);
        }
        self.set_cohorts(rules, &kept);
        if let Some(clusters) = &panel.clusters {
            let mut own: Vec<u32> = kept.iter().map(|&unit| clusters[unit as usize]).collect();
            self.n_clusters = renumber_clusters(&mut own);
            self.clusters = Some(own);
        } else {
            self.n_clusters = self.n_units;
        }
        // A panel without holes needs no cross-section estimator, whatever was asked for.
        let may_have_holes = matches!(self.layout, Layout::Unbalanced | Layout::Pairs);
        if may_have_holes && self.is_complete() {
            self.layout = Layout::Balanced;
        }
        self.kept = (n_dropped > 0).then(|| kept.into());
        Ok(())
    }

    /// Panel indices of the units to keep, from the first allowed one on.
    fn kept_units(&self, panel: &Panel) -> Vec<u32> {
        let n_periods = self.periods.len();
        let seen =
            |unit: usize, period: usize| !panel.values[period * panel.n_units + unit].is_nan();
        let units = self.offset..panel.n_units;
        let keep = |&unit: &usize| match panel.layout {
            Layout::Balanced => (0..n_periods).all(|period| seen(unit, period)),
            Layout::Unbalanced | Layout::Pairs => (0..n_periods).any(|period| seen(unit, period)),
            Layout::CrossSections => usize::from(panel.row_periods[unit]) < n_periods,
        };
        units.filter(keep).map(|unit| unit as u32).collect()
    }

    /// Rows of units that are not kept.
    fn rows_outside(&self, panel: &Panel, kept: &[u32]) -> u64 {
        let rows_of = |period: usize| {
            let all = panel.values
                [period * panel.n_units + self.offset..(period + 1) * panel.n_units]
                .iter()
                .filter(|value| !value.is_nan())
                .count();
            // The kept are seen in every period, so that all other rows are of the rest.
            all - kept.len()
        };
        (0..self.periods.len()).map(rows_of).sum::<usize>() as u64
    }

    /// Tables of values: one per period, or one of all rows for cross-sections.
    fn n_tables(&self) -> usize {
        if self.layout == Layout::CrossSections {
            1
        } else {
            self.periods.len()
        }
    }

    /// The values of the kept units of a panel with `n_units` units, next to each other.
    fn pick(&self, from: &[f64], n_units: usize, kept: &[u32]) -> Vec<f64> {
        let n_tables = self.n_tables();
        let mut to = Vec::with_capacity(n_tables * kept.len());
        for table in 0..n_tables {
            let column = &from[table * n_units..(table + 1) * n_units];
            to.extend(kept.iter().map(|&unit| column[unit as usize]));
        }
        to
    }

    /// Copies the kept units next to each other.
    fn compact(&mut self, panel: &Panel, kept: &[u32]) {
        let n_periods = self.n_tables();
        let pick = |from: &[f64]| self.pick(from, panel.n_units, kept);
        let values = pick(&panel.values);
        let weights = panel.weights.as_deref().map(pick);
        self.values = Cow::Owned(values);
        self.weights = weights.map(Cow::Owned);
        if panel.layout == Layout::CrossSections {
            let rows = kept
                .iter()
                .map(|&unit| panel.row_periods[unit as usize])
                .collect();
            self.row_periods = Cow::Owned(rows);
        }
        let covariates = panel.covariates.as_ref();
        self.covariates =
            covariates.map(|all| Cow::Owned(all.keep(kept, panel.n_units, n_periods)));
        self.stride = kept.len();
        self.offset = 0;
    }

    fn set_cohorts(&mut self, rules: &Rules, kept: &[u32]) {
        let place = |unit: usize| kept.partition_point(|&k| (k as usize) < unit);
        let range = |units: &Range<usize>| place(units.start)..place(units.end);
        self.cohorts = rules
            .cohorts
            .iter()
            .filter_map(|cohort| cohort.label.map(|label| (label, range(&cohort.units))))
            // A cohort whose units are all incomplete has nothing to compare.
            .filter(|(_, units)| !units.is_empty())
            .collect();
        self.never = range(&rules.never);
    }

    /// Standard errors up to this size are rounding.
    pub(crate) fn rounding_error(&self) -> f64 {
        rounding_error(&self.values)
    }

    /// Row values are counted from their mean.
    fn set_origin(&mut self) {
        // Only values of rows need one: in the change of a unit its level cancels.
        if matches!(self.layout, Layout::Unbalanced | Layout::CrossSections) {
            self.origin = self.mean_value();
        }
    }

    /// The mean of all values of the sample.
    fn mean_value(&self) -> f64 {
        let values = (0..self.n_tables()).flat_map(|period| self.period_values(period));
        let mut seen = values.filter(|value| !value.is_nan());
        let Some(&first) = seen.next() else {
            return 0.0;
        };
        // Summed from the first value on: a sum of large numbers would lose the digits in which they differ.
        let (sum, n) = seen.fold((0.0, 1.0), |(sum, n), value| {
            (sum + (value - first), n + 1.0)
        });
        first + sum / n
    }

    fn is_complete(&self) -> bool {
        (0..self.periods.len()).all(|period| {
            self.period_values(period)
                .iter()
                .all(|value| !value.is_nan())
        })
    }
}

/// Runs of equal periods.
fn runs(periods: &[u16]) -> Vec<(usize, Range<usize>)> {
    let mut start = 0;
    let chunks = periods.chunk_by(|a, b| a == b);
    chunks
        .map(|chunk| {
            let own = start..start + chunk.len();
            start = own.end;
            (usize::from(chunk[0]), own)
        })
        .collect()
}

/// What the cohorts say about units and periods, before looking at single units.
struct Rules {
    first_unit: usize,
    n_periods: usize,
    cohorts: Vec<CohortUnits>,
    never: Range<usize>,
    counts: SampleCounts,
}

impl Rules {
    fn of(panel: &Panel, options: &AttGtOptions) -> Result<Self, EstimatorError> {
        let n_periods = panel.periods.len();
        if n_periods < 2 {
            return Err(EstimatorError::TooFewPeriods { n_periods });
        }
        let anticipation = i64::from(options.anticipation);
        let first = i64::from(panel.periods[0]) + anticipation;
        let last = i64::from(panel.periods[n_periods - 1]) + anticipation;
        // No period before they react is seen, so that there is nothing to measure their change from.
        let (early, rest): (Vec<_>, Vec<_>) = panel
            .cohorts
            .iter()
            .cloned()
            .partition(|cohort| cohort.label.is_some_and(|label| i64::from(label) <= first));
        let (cohorts, never): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|cohort| cohort.label.is_some_and(|label| i64::from(label) <= last));
        // Units are in the order of their cohorts: those left out come first, and the others stay one range.
        let first_unit = early.last().map_or(0, |cohort| cohort.units.end);
        let start_of_never = never
            .first()
            .map_or(panel.n_units, |cohort| cohort.units.start);
        let late = never.iter().filter(|cohort| cohort.label.is_some());
        let counts = SampleCounts {
            n_rows_in: panel.n_rows_in,
            n_missing_rows: panel.n_missing_rows,
            n_always_treated: first_unit as u64,
            n_late_units: late.map(|cohort| cohort.units.len() as u64).sum(),
            ..SampleCounts::default()
        };
        let never = start_of_never..panel.n_units;
        let mut rules = Self {
            first_unit,
            n_periods,
            cohorts,
            never,
            counts,
        };
        if rules.never.is_empty() {
            rules.let_last_cohort_compare(panel, options)?;
        }
        Ok(rules)
    }

    /// Without a never-treated group the last cohort is the comparison, in the periods before it reacts.
    fn let_last_cohort_compare(
        &mut self,
        panel: &Panel,
        options: &AttGtOptions,
    ) -> Result<(), EstimatorError> {
        let Some((cohort, units)) = self
            .cohorts
            .pop()
            .and_then(|last| last.label.map(|label| (label, last.units)))
        else {
            return Err(EstimatorError::NoCohort);
        };
        // The other cohorts that are not yet treated are controls besides under 'not_yet_treated'; here this cohort is the only
        // one.
        if options.control == Control::NeverTreated && units.len() < TOO_FEW_UNITS {
            return Err(EstimatorError::NoNeverTreated {
                cohort,
                n_units: units.len() as u64,
            });
        }
        let end = i64::from(cohort) - i64::from(options.anticipation);
        self.n_periods = panel
            .periods
            .partition_point(|&period| i64::from(period) < end);
        if self.n_periods < 2 {
            return Err(EstimatorError::TooFewPeriods {
                n_periods: self.n_periods,
            });
        }
        self.counts.n_dropped_periods = (panel.periods.len() - self.n_periods) as u64;
        self.counts.comparison_cohort = Some(cohort);
        self.never = units;
        Ok(())
    }
}

/// Some units and their clusters; without clusters each unit is its own.
pub(super) fn side(sample: &Sample<'_>, units: &Range<usize>) -> Side {
    let Some(clusters) = &sample.clusters else {
        let n_units = units.len() as u64;
        return Side {
            n_units,
            squares: n_units as f64,
        };
    };
    // Clusters are numbered without gaps, so counting takes one pass and no sorting.
    let (mut side, mut counts) = (Side::EMPTY, vec![0_u64; sample.n_clusters]);
    for &cluster in &clusters[units.clone()] {
        counts[cluster as usize] += 1;
    }
    for n_units in counts {
        side.add_cluster(n_units);
    }
    side
}
