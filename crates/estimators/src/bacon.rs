//! The Goodman-Bacon decomposition: which comparisons a two-way fixed-effects estimate is made of, and with which weights.
//!
//! *Estimand*: the coefficient β of the treatment in y = unit + period + βD is a weighted mean of all two-by-two
//! comparisons of cohorts. Those that take units already treated as controls (`later_vs_earlier`, `later_vs_always`) are no
//! effects when effects change over time; their weight says how much of β to distrust.
//! *Formula*: cohort k (first treated in period k, n_k units) against cohort l on the periods of a window:
//! (ȳ_k after − ȳ_k before) − (ȳ_l after − ȳ_l before), before and after meaning k's start. Windows: all periods against the never
//! and the always treated; periods before l starts (l later than k); periods from l's start on (l earlier). Weight, before
//! scaling to a sum of one: (n_k + n_l)²·s²·p(1 − p)·d(1 − d), s = share of the periods in the window, p = n_k/(n_k + n_l),
//! d = share of the window in which k is treated. The mean with these weights is β, which is computed on its own here.
//! *Assumptions*: none beyond arithmetic; treatment never ends, every unit is seen in every period (both refused otherwise).
//! *Missing*: a row without outcome or treatment is left out, which makes its unit incomplete.
//! *Reference*: Goodman-Bacon (2021), J. Econometrics 225:254; numbers from R `bacondecomp` 0.1.3 and an independent
//! implementation.

use std::ops::Range;

use crate::error::EstimatorError;
use crate::panel::codes::{NEVER, rank_i64};
use crate::panel::columns::{PanelColumns, check_binary};
use crate::panel::table::{Layout, Panel, PanelOptions};
use crate::status::Status;

/// Flat rows as they come from a query; all vectors have the same length.
#[derive(Clone, Default)]
pub struct BaconColumns {
    /// Unit of the row; any integers, equal for equal units.
    pub unit: Vec<i64>,
    /// Period of the row.
    pub time: Vec<i32>,
    /// Outcome; NaN or infinite = missing.
    pub outcome: Vec<f64>,
    /// 1 from the unit's first treated period on, 0 before; NaN or infinite = missing.
    pub treated: Vec<f64>,
}

/// Shows the size only: the columns hold person-level values.
impl std::fmt::Debug for BaconColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaconColumns")
            .field("n_rows", &self.unit.len())
            .finish_non_exhaustive()
    }
}

/// Who is compared with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// The two-way fixed-effects estimate itself.
    Overall,
    /// A cohort against the never treated.
    TreatedVsNever,
    /// A cohort against one treated later, while that one is untreated.
    EarlierVsLater,
    /// A cohort against one treated earlier, which is treated all the while.
    LaterVsEarlier,
    /// A cohort against units treated from the first period on.
    LaterVsAlways,
}

impl Comparison {
    /// The word SQL shows in the column `comparison`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overall => "overall",
            Self::TreatedVsNever => "treated_vs_never",
            Self::EarlierVsLater => "earlier_vs_later",
            Self::LaterVsEarlier => "later_vs_earlier",
            Self::LaterVsAlways => "later_vs_always",
        }
    }
}

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaconRow {
    /// Its kind.
    pub comparison: Comparison,
    /// First treated period of the treated side; `None` for the overall row.
    pub cohort: Option<i32>,
    /// First treated period of the other side; `None` = never treated, and for the overall row.
    pub control_cohort: Option<i32>,
    /// Difference in differences, in units of the outcome.
    pub estimate: f64,
    /// Its part of the overall estimate; all but the overall row add up to one.
    pub weight: f64,
    /// Units of the treated side (overall: ever treated).
    pub n_treated: u64,
    /// Units of the other side (overall: never treated).
    pub n_control: u64,
    /// Units of the panel.
    pub n_units: u64,
    /// Always `ok`; what cannot be decomposed is refused.
    pub status: Status,
}

/// Decomposes the two-way fixed-effects estimate. The overall row comes first, then the comparisons by kind and cohorts.
///
/// # Errors
/// [`EstimatorError`] with counts: a treatment other than 0 and 1 or one that ends, incomplete or repeated units, nothing to compare.
pub fn bacon(columns: BaconColumns) -> Result<Vec<BaconRow>, EstimatorError> {
    let panel = complete_panel(columns)?;
    let means = CohortMeans::of(&panel)?;
    let overall = means.two_way()?;
    let mut comparisons = means.comparisons();
    let total: f64 = comparisons.iter().map(|row| row.weight).sum();
    // Above zero: a cohort starts within the panel and has another one beside it, or the calls above refused.
    for row in &mut comparisons {
        row.weight /= total;
    }
    comparisons.sort_by_key(|row| (row.comparison, row.cohort, row.control_cohort));
    let mut rows = vec![overall];
    rows.append(&mut comparisons);
    Ok(rows)
}

/// The panel with cohorts made from the treatment; incomplete units are refused.
fn complete_panel(columns: BaconColumns) -> Result<Panel, EstimatorError> {
    check_binary("treated", &columns.treated)?;
    let BaconColumns {
        unit,
        time,
        mut outcome,
        treated,
    } = columns;
    let expected = unit.len();
    for (column, found) in [
        ("time", time.len()),
        ("outcome", outcome.len()),
        ("treated", treated.len()),
    ] {
        if found != expected {
            let column = column.to_owned();
            return Err(EstimatorError::LengthMismatch {
                column,
                found,
                expected,
            });
        }
    }
    // A panel has no column for the treatment: a row without one is left out by way of its outcome.
    for (value, treated) in outcome.iter_mut().zip(&treated) {
        if !treated.is_finite() {
            *value = f64::NAN;
        }
    }
    let (cohort, n_units_in) = cohorts(&unit, &time, &outcome, &treated)?;
    let columns = PanelColumns {
        unit,
        time,
        cohort,
        outcome,
        weight: None,
        cluster: None,
        covariates: Vec::new(),
    };
    // `Balanced` would drop incomplete units without a word; here they are refused.
    let layout = Layout::Unbalanced;
    let panel = Panel::try_new(&columns, PanelOptions { layout })?;
    let n_periods = panel.periods.len();
    let seen_everywhere = |unit: &usize| {
        let values = panel.values[*unit..].iter().step_by(panel.n_units);
        values.take(n_periods).all(|value| !value.is_nan())
    };
    let n_complete = (0..panel.n_units).filter(seen_everywhere).count();
    // Counted from the rows handed over: a unit whose rows are all missing is not in the panel any more.
    if n_complete < n_units_in || panel.n_missing_rows > 0 {
        return Err(EstimatorError::IncompleteUnits {
            n_units: (n_units_in - n_complete) as u64,
            n_periods,
            n_missing: panel.n_missing_rows,
        });
    }
    Ok(panel)
}

/// Per row, the first treated period of its unit, and the number of units, after refusing treatments that end.
fn cohorts(
    unit: &[i64],
    time: &[i32],
    outcome: &[f64],
    treated: &[f64],
) -> Result<(Vec<i32>, usize), EstimatorError> {
    let (ranks, n_units) = rank_i64(unit);
    let mut first_treated: Vec<Option<i32>> = vec![None; n_units];
    let mut last_untreated: Vec<Option<i32>> = vec![None; n_units];
    for (row, &rank) in ranks.iter().enumerate() {
        let rank = rank as usize;
        if !outcome[row].is_finite() {
            continue;
        }
        if treated[row] == 1.0 {
            let known = &mut first_treated[rank];
            *known = Some(known.map_or(time[row], |first| first.min(time[row])));
        } else {
            // `None` is below every period.
            last_untreated[rank] = last_untreated[rank].max(Some(time[row]));
        }
    }
    let ends = |(first, last): &(&Option<i32>, &Option<i32>)| first.is_some() && last > first;
    let ending = first_treated.iter().zip(&last_untreated).filter(ends);
    let n_ending = ending.count() as u64;
    if n_ending > 0 {
        return Err(EstimatorError::TreatmentEnds { n_units: n_ending });
    }
    let first = ranks
        .iter()
        .map(|&rank| first_treated[rank as usize].unwrap_or(NEVER));
    Ok((first.collect(), n_units))
}

/// A cohort's mean outcome in every period.
struct Cohort {
    label: Option<i32>,
    n_units: u64,
    /// Index of its first treated period; the number of periods for the never treated.
    start: usize,
    means: Vec<f64>,
}

struct CohortMeans {
    n_periods: usize,
    cohorts: Vec<Cohort>,
}

impl CohortMeans {
    fn of(panel: &Panel) -> Result<Self, EstimatorError> {
        let n_periods = panel.periods.len();
        if n_periods < 2 {
            return Err(EstimatorError::TooFewPeriods { n_periods });
        }
        let cohorts = panel.cohorts.iter().filter(|c| !c.units.is_empty());
        let cohorts = cohorts.map(|cohort| {
            let start = |label: i32| panel.periods.partition_point(|&period| period < label);
            let mean = |period: usize| {
                let own = period * panel.n_units + cohort.units.start;
                let values = &panel.values[own..own + cohort.units.len()];
                values.iter().sum::<f64>() / values.len() as f64
            };
            Cohort {
                label: cohort.label,
                n_units: cohort.units.len() as u64,
                start: cohort.label.map_or(n_periods, start),
                // Treatment is the same within a cohort, so that the coefficient depends on its units through these means alone.
                means: (0..n_periods).map(mean).collect(),
            }
        });
        let cohorts: Vec<Cohort> = cohorts.collect();
        if !cohorts.iter().any(|c| c.start > 0 && c.start < n_periods) {
            return Err(EstimatorError::NoCohort);
        }
        Ok(Self { n_periods, cohorts })
    }

    fn n_units(&self) -> u64 {
        self.cohorts.iter().map(|cohort| cohort.n_units).sum()
    }

    /// The coefficient itself: β = Σ D̃y / Σ D̃D with D̃ the treatment less its unit and period means.
    fn two_way(&self) -> Result<BaconRow, EstimatorError> {
        let n_units = self.n_units();
        let share = |cohort: &Cohort| cohort.n_units as f64 / n_units as f64;
        let length = self.n_periods as f64;
        let own_mean = |cohort: &Cohort| (self.n_periods - cohort.start) as f64 / length;
        let period_mean = |period: usize| {
            let treated = self.cohorts.iter().filter(|c| c.start <= period);
            treated.map(share).sum::<f64>()
        };
        let period_means: Vec<f64> = (0..self.n_periods).map(period_mean).collect();
        let mean = period_means.iter().sum::<f64>() / length;
        // Means relative to one number: the level of the outcome costs no digits.
        let centre = self.cohorts[0].means[0];
        let (mut top, mut bottom) = (0.0, 0.0);
        for cohort in &self.cohorts {
            for (period, &period_mean) in period_means.iter().enumerate() {
                let treated = f64::from(u8::from(cohort.start <= period));
                let left = treated - own_mean(cohort) - period_mean + mean;
                top += share(cohort) * left * (cohort.means[period] - centre);
                // D̃ is what a projection leaves of D, so that Σ D̃D = Σ D̃².
                bottom += share(cohort) * left * treated;
            }
        }
        // One cohort alone is treated in the same periods as all units.
        if self.cohorts.len() < 2 {
            let columns = "treated".to_owned();
            return Err(EstimatorError::NothingToEstimate { columns });
        }
        let never = self.cohorts.iter().filter(|c| c.label.is_none());
        let n_control = never.map(|cohort| cohort.n_units).sum();
        Ok(BaconRow {
            comparison: Comparison::Overall,
            cohort: None,
            control_cohort: None,
            estimate: top / bottom,
            weight: 1.0,
            n_treated: n_units - n_control,
            n_control,
            n_units,
            status: Status::Ok,
        })
    }

    /// Every cohort treated within the panel against every other one; weights not yet scaled.
    fn comparisons(&self) -> Vec<BaconRow> {
        let mut rows = Vec::new();
        let n_periods = self.n_periods;
        for cohort in &self.cohorts {
            // Without a change of treatment in the panel there is no before and after.
            if cohort.start == 0 || cohort.start == n_periods {
                continue;
            }
            for control in &self.cohorts {
                let (comparison, window) = if control.start == n_periods {
                    (Comparison::TreatedVsNever, 0..n_periods)
                } else if control.start == 0 {
                    (Comparison::LaterVsAlways, 0..n_periods)
                } else if control.start > cohort.start {
                    (Comparison::EarlierVsLater, 0..control.start)
                } else if control.start < cohort.start {
                    (Comparison::LaterVsEarlier, control.start..n_periods)
                } else {
                    continue;
                };
                rows.push(self.two_by_two(cohort, control, comparison, window));
            }
        }
        rows
    }

    fn two_by_two(
        &self,
        cohort: &Cohort,
        control: &Cohort,
        comparison: Comparison,
        window: Range<usize>,
    ) -> BaconRow {
        let change = |side: &Cohort| {
            let mean = |periods: Range<usize>| {
                let values = &side.means[periods];
                values.iter().sum::<f64>() / values.len() as f64
            };
            mean(cohort.start..window.end) - mean(window.start..cohort.start)
        };
        let n_units = self.n_units();
        let units = (cohort.n_units + control.n_units) as f64;
        let length = window.len() as f64;
        let of_units = cohort.n_units as f64 / units;
        let of_periods = (window.end - cohort.start) as f64 / length;
        let size = (units / n_units as f64) * (length / self.n_periods as f64);
        let spread = of_units * (1.0 - of_units) * of_periods * (1.0 - of_periods);
        BaconRow {
            comparison,
            cohort: cohort.label,
            control_cohort: control.label,
            estimate: change(cohort) - change(control),
            weight: size * size * spread,
            n_treated: cohort.n_units,
            n_control: control.n_units,
            n_units,
            status: Status::Ok,
        }
    }
}
