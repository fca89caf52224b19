//! Averages of group-time effects over cohorts and periods, with the error of the estimated cohort shares.
//!
//! Every aggregate is θ = Σ w_k ATT_k with w_k made from the cohort shares p_g. Its influence function is linear in those
//! of the cells and of the shares: Σ w_k ψ_k + Σ_g \[Σ_{k∈g}(ATT_k − θ)/S\]·(ω1{G = g} − p_g), S = Σ p_{g_k}; so the variance
//! is a quadratic form in the joint covariance that [`crate::group_time::att_gt`] left behind.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::estimate::{Counts, Estimate, check_level};
use crate::group_time::effects::{AttGtResult, GroupTime};
use crate::group_time::law::{Confidence, LawRow};
use crate::group_time::options::Control;
use crate::group_time::resampling::{Numbers, Resampling};
use crate::inference::few_clusters::{Interval, Side};
use crate::inference::jackknife;
use crate::inference::sup_t::SupT;
use crate::status::{Status, TOO_FEW_UNITS};

/// What is averaged over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// All cohorts and periods after exposure, by cohort share: one overall number.
    Simple,
    /// Per cohort over its periods after exposure; overall by cohort share.
    Group,
    /// Per time since exposure over cohorts; overall the plain mean from zero on.
    Dynamic,
    /// Per period over cohorts exposed by then; overall the plain mean.
    Calendar,
}

/// Options of [`aggregate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AggregateOptions {
    /// What is averaged over.
    pub kind: Aggregate,
    /// First event time shown (dynamic only).
    pub min_e: Option<i32>,
    /// Last event time used (dynamic, simple, group; the last two count observed periods, not years).
    pub max_e: Option<i32>,
    /// Dynamic only: keep cohorts observed for this many periods after exposure, and event times all of them share.
    pub balance_e: Option<i32>,
    /// Level of intervals and bands, between 0 and 1.
    pub level: f64,
    /// Seed of the band's simulation.
    pub seed: u64,
}

/// One aggregate: overall (`at` = `None`) or at a cohort, event time or period.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateRow {
    /// Cohort, event time or period; `None` = overall.
    pub at: Option<i32>,
    /// The estimate.
    pub estimate: Estimate,
}

/// What [`aggregate`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateResult {
    /// The overall number; it carries no band.
    pub overall: AggregateRow,
    /// Its parts, ascending; empty for [`Aggregate::Simple`].
    pub rows: Vec<AggregateRow>,
    /// The simultaneous band over `rows`.
    pub band: Option<SupT>,
}

/// Aggregates group-time effects. Cells without an estimate are left out and the shares of the others grow.
///
/// # Errors
/// [`EstimatorError::BadOption`] for an impossible level or window.
pub fn aggregate(
    effects: &AttGtResult,
    options: &AggregateOptions,
) -> Result<AggregateResult, EstimatorError> {
    check_options(options)?;
    let parts = combinations(effects, options, &effects.numbers);
    Ok(result(effects, options, &parts))
}

/// [`aggregate`], and the covariance matrix of its rows (the overall number not among them), in units of the outcome squared. It is that of
/// the influence functions, also where errors are those of a bootstrap; with the jackknife it is that of the jackknife, and NaN where an
/// effect does not exist without some cluster. An effect without a variance, such as that of
/// a base period, has a row and a column of zeros.
///
/// # Errors
/// As [`aggregate`].
pub fn aggregate_with_covariance(
    effects: &AttGtResult,
    options: &AggregateOptions,
) -> Result<(AggregateResult, DMatrix<f64>), EstimatorError> {
    check_options(options)?;
    let parts = combinations(effects, options, &effects.numbers);
    let covariance = match &effects.law.resampling {
        Some(Resampling::Jackknife { without, .. }) => {
            let mut changes = DMatrix::zeros(without.len(), parts.len() - 1);
            for (cluster, numbers) in without.iter().enumerate() {
                let moved = same_parts(effects, options, &parts, numbers);
                // The first is the overall number, which is not in the matrix.
                for (index, (value, (_, part))) in moved.iter().zip(&parts).enumerate().skip(1) {
                    changes[(cluster, index - 1)] = value - part.estimate;
                }
            }
            jackknife::covariance(&changes)
        }
        _ => {
            let multipliers = multipliers(effects, &parts[1..]);
            multipliers.tr_mul(&(&effects.law.covariance * &multipliers))
        }
    };
    Ok((result(effects, options, &parts), covariance))
}

/// [`aggregate`], and what multiplies the joint influence of cells and shares: a column for the overall number, then one for each row.
pub(super) fn aggregate_with_multipliers(
    effects: &AttGtResult,
    options: &AggregateOptions,
) -> Result<(AggregateResult, DMatrix<f64>), EstimatorError> {
    check_options(options)?;
    let parts = combinations(effects, options, &effects.numbers);
    let multipliers = multipliers(effects, &parts);
    Ok((result(effects, options, &parts), multipliers))
}

fn check_options(options: &AggregateOptions) -> Result<(), EstimatorError> {
    check_level(options.level)?;
    if let (Some(low), Some(high)) = (options.min_e, options.max_e)
        && low > high
    {
        return Err(EstimatorError::BadOption {
            option: "min_e",
            expected: "at most max_e",
        });
    }
    Ok(())
}

/// The overall combination and its parts, by what they are of.
type AggregatePart = (Option<i32>, Combination);

/// What multiplies the joint influence, by combination.
fn multipliers(effects: &AttGtResult, parts: &[AggregatePart]) -> DMatrix<f64> {
    let n = effects.law.covariance.nrows();
    DMatrix::from_fn(n, parts.len(), |row, part| parts[part].1.multipliers[row])
}

/// The estimates of the same combinations of other numbers; NaN where there is none.
fn same_parts(
    effects: &AttGtResult,
    options: &AggregateOptions,
    parts: &[AggregatePart],
    numbers: &Numbers,
) -> Vec<f64> {
    // Other numbers may lack a part or have more of them: parts are matched by what they are of, not by place.
    let found = combinations(effects, options, numbers).into_iter();
    let found: BTreeMap<_, _> = found.map(|(at, part)| (at, part.estimate)).collect();
    let same = |at: &Option<i32>| found.get(at).copied().unwrap_or(f64::NAN);
    parts.iter().map(|(at, _)| same(at)).collect()
}

/// The estimates of combinations, with a band over all but the first.
fn result(
    effects: &AttGtResult,
    options: &AggregateOptions,
    parts: &[AggregatePart],
) -> AggregateResult {
    let rows: Vec<LawRow> = parts
        .iter()
        .map(|(_, part)| {
            let (counts, status) = standing(effects, part);
            LawRow {
                estimate: part.estimate,
                multipliers: part.multipliers.clone(),
                counts,
                status,
            }
        })
        .collect();
    let without = |numbers: &Numbers| same_parts(effects, options, parts, numbers);
    let confidence = Confidence {
        level: options.level,
        seed: options.seed,
    };
    // The overall number comes first and has no band: it is not one of many that are looked through.
    let banded = 1..rows.len();
    let (estimates, band) = effects.law.estimates(&rows, banded, confidence, without);
    let rows = parts.iter().zip(estimates);
    let mut rows = rows.map(|((at, _), estimate)| AggregateRow { at: *at, estimate });
    let overall = rows.next().unwrap_or_else(|| AggregateRow {
        at: None,
        estimate: Estimate::missing(Counts::default(), Status::NoPostPeriod),
    });
    AggregateResult {
        overall,
        rows: rows.collect(),
        band,
    }
}

/// The overall combination, which is at `None`, and its parts, of other numbers for the same comparisons.
pub(crate) fn combinations(
    effects: &AttGtResult,
    options: &AggregateOptions,
    numbers: &Numbers,
) -> Vec<AggregatePart> {
    let aggregator = Aggregator {
        effects,
        options,
        numbers,
    };
    let (overall, parts) = match options.kind {
        Aggregate::Simple => (aggregator.simple(), Vec::new()),
        Aggregate::Group => aggregator.groups(),
        Aggregate::Dynamic => aggregator.dynamic(),
        Aggregate::Calendar => aggregator.calendar(),
    };
    let parts = parts.into_iter().map(|(at, part)| (Some(at), part));
    std::iter::once((None, overall)).chain(parts).collect()
}

/// A linear combination of cells, and what multiplies the influence of the shares.
pub(crate) struct Combination {
    pub(crate) estimate: f64,
    /// Multipliers of the joint influence: cells, then shares.
    pub(crate) multipliers: DVector<f64>,
    cells: Vec<usize>,
    /// Whether a cell that belongs here has no estimate.
    leaves_out: bool,
}

struct Aggregator<'a> {
    effects: &'a AttGtResult,
    options: &'a AggregateOptions,
    /// Estimates and shares: the result's own, or others for the same comparisons.
    numbers: &'a Numbers,
}

/// The overall combination and the parts with their label.
type Parts = (Combination, Vec<(i32, Combination)>);

impl Aggregator<'_> {
    fn usable(&self) -> impl Iterator<Item = (usize, &GroupTime)> {
        self.effects
            .rows
            .iter()
            .enumerate()
            .filter(|(cell, _)| !self.numbers.estimates[*cell].is_nan())
    }

    fn cohort_index(&self, label: i32) -> usize {
        self.effects.cohort_index(label)
    }

    /// Whether a cell lies after exposure, up to `max_e` steps on the merged list of periods and cohorts.
    fn is_post(&self) -> impl Fn(&GroupTime) -> bool {
        // As R `did`, which numbers periods and cohorts through before it adds `max_e`: a difference of years would be another
        // number where years are missing.
        let cohorts = self.effects.cohorts.iter().zip(&self.numbers.shares);
        // A cohort that went with the cluster left out has a share of zero, and would not be on the list without it.
        let cohorts = cohorts.filter(|(_, share)| **share > 0.0);
        let merged: BTreeSet<i32> = self
            .effects
            .periods
            .iter()
            .copied()
            .chain(cohorts.map(|(cohort, _)| cohort.label))
            .collect();
        let max_e = self.options.max_e;
        move |row| {
            let steps = || merged.range(row.cohort..row.time).count() as i64;
            row.event_time >= 0 && max_e.is_none_or(|max| steps() <= max.into())
        }
    }

    fn post_cells(&self) -> Vec<usize> {
        let is_post = self.is_post();
        self.usable()
            .filter(|(_, row)| is_post(row))
            .map(|(index, _)| index)
            .collect()
    }

    fn nothing(&self) -> Combination {
        let multipliers = DVector::zeros(self.effects.law.covariance.nrows());
        Combination {
            estimate: f64::NAN,
            multipliers,
            cells: Vec::new(),
            leaves_out: false,
        }
    }

    /// Whether a cell without an estimate is among those that `belongs` picks.
    fn leaves_out(&self, belongs: impl Fn(&GroupTime) -> bool) -> bool {
        let rows = self.effects.rows.iter().zip(&self.numbers.estimates);
        rows.filter(|(_, estimate)| estimate.is_nan())
            .any(|(row, _)| belongs(row))
    }

    /// Σ p_g ATT / Σ p_g.
    fn by_share(&self, cells: &[usize]) -> Combination {
        let mut combination = self.nothing();
        let cohort_of = |&cell: &usize| self.cohort_index(self.effects.rows[cell].cohort);
        let share_of = |cell: &usize| self.numbers.shares[cohort_of(cell)];
        let effect_of = |cell: &usize| self.numbers.estimates[*cell];
        let total: f64 = cells.iter().map(share_of).sum();
        // Cohorts whose units all have a weight of zero have shares of zero.
        if cells.is_empty() || total <= 0.0 {
            return combination;
        }
        let estimate = cells
            .iter()
            .map(|cell| share_of(cell) * effect_of(cell))
            .sum::<f64>()
            / total;
        let n_rows = self.effects.rows.len();
        for cell in cells {
            combination.multipliers[*cell] += share_of(cell) / total;
            // The shares are estimated from the same units: where effects differ between cohorts, leaving this out makes the
            // error wrong.
            combination.multipliers[n_rows + cohort_of(cell)] +=
                (effect_of(cell) - estimate) / total;
        }
        combination.estimate = estimate;
        combination.cells = cells.to_vec();
        combination
    }

    fn simple(&self) -> Combination {
        let mut overall = self.by_share(&self.post_cells());
        overall.leaves_out = self.leaves_out(self.is_post());
        overall
    }

    /// The plain mean of some combinations.
    fn plain_mean<'c>(&self, parts: impl Iterator<Item = &'c Combination>) -> Combination {
        let mut mean = self.nothing();
        let parts: Vec<&Combination> = parts.filter(|part| !part.estimate.is_nan()).collect();
        if parts.is_empty() {
            return mean;
        }
        let n = parts.len() as f64;
        mean.leaves_out = parts.iter().any(|part| part.leaves_out);
        mean.estimate = parts.iter().map(|part| part.estimate).sum::<f64>() / n;
        for part in parts {
            mean.multipliers += &part.multipliers / n;
            mean.cells.extend_from_slice(&part.cells);
        }
        mean
    }

    fn single(&self, cell: usize) -> Combination {
        let mut single = self.nothing();
        single.estimate = self.numbers.estimates[cell];
        single.multipliers[cell] = 1.0;
        single.cells = vec![cell];
        single
    }

    fn groups(&self) -> Parts {
        let (post, is_post) = (self.post_cells(), self.is_post());
        let parts: Vec<(i32, Combination)> = self
            .effects
            .cohorts
            .iter()
            .map(|cohort| {
                let own = post
                    .iter()
                    .filter(|&&cell| self.effects.rows[cell].cohort == cohort.label);
                let singles: Vec<Combination> = own.map(|&cell| self.single(cell)).collect();
                let mut part = self.plain_mean(singles.iter());
                part.leaves_out = self.leaves_out(|row| row.cohort == cohort.label && is_post(row));
                (cohort.label, part)
            })
            .collect();
        let with_cells = || parts.iter().zip(&self.numbers.shares).enumerate();
        let usable = || with_cells().filter(|(_, ((_, part), _))| !part.estimate.is_nan());
        let total: f64 = usable().map(|(_, (_, share))| *share).sum();
        let mut overall = self.nothing();
        overall.leaves_out = parts.iter().any(|(_, part)| part.leaves_out);
        if total > 0.0 {
            let sum = usable().map(|(_, ((_, part), share))| share * part.estimate);
            overall.estimate = sum.sum::<f64>() / total;
            for (index, ((_, part), share)) in usable() {
                overall.multipliers += &part.multipliers * (share / total);
                // As in `by_share`: the shares are estimated too.
                overall.multipliers[self.effects.rows.len() + index] +=
                    (part.estimate - overall.estimate) / total;
                overall.cells.extend_from_slice(&part.cells);
            }
        }
        (overall, parts)
    }

    fn dynamic(&self) -> Parts {
        let first = self.effects.periods[0];
        let last = self.effects.periods[self.effects.periods.len() - 1];
        let shown = |row: &GroupTime| {
            let e = row.event_time;
            // The window of R `did`. Before exposure its bound is that of the latest cohort that may be kept, so that the
            // earlier ones drop out of the longest leads.
            let balanced = self.options.balance_e.is_none_or(|balance| {
                last - row.cohort >= balance && e <= balance && e >= balance - last + first
            });
            balanced
                && self.options.min_e.is_none_or(|min| e >= min)
                && self.options.max_e.is_none_or(|max| e <= max)
        };
        let cells: Vec<usize> = self
            .usable()
            .filter(|(_, row)| shown(row))
            .map(|(cell, _)| cell)
            .collect();
        let mut parts = self.parts_by(&cells, |row| row.event_time);
        for (event_time, part) in &mut parts {
            part.leaves_out = self.leaves_out(|row| row.event_time == *event_time && shown(row));
        }
        // The plain mean, as in R `did`: late event times, which few cohorts reach, count as much as early ones.
        let after = parts
            .iter()
            .filter(|(event_time, _)| *event_time >= 0)
            .map(|(_, part)| part);
        let mut overall = self.plain_mean(after);
        overall.leaves_out = self.leaves_out(|row| row.event_time >= 0 && shown(row));
        (overall, parts)
    }

    fn calendar(&self) -> Parts {
        let post = self.usable().filter(|(_, row)| row.event_time >= 0);
        let cells: Vec<usize> = post.map(|(cell, _)| cell).collect();
        let mut parts = self.parts_by(&cells, |row| row.time);
        for (time, part) in &mut parts {
            part.leaves_out = self.leaves_out(|row| row.time == *time && row.event_time >= 0);
        }
        let mut overall = self.plain_mean(parts.iter().map(|(_, part)| part));
        overall.leaves_out = self.leaves_out(|row| row.event_time >= 0);
        (overall, parts)
    }

    fn parts_by(
        &self,
        cells: &[usize],
        label: impl Fn(&GroupTime) -> i32,
    ) -> Vec<(i32, Combination)> {
        let labels: BTreeSet<i32> = cells
            .iter()
            .map(|&cell| label(&self.effects.rows[cell]))
            .collect();
        labels
            .into_iter()
            .map(|at| {
                let own = cells
                    .iter()
                    .copied()
                    .filter(|&cell| label(&self.effects.rows[cell]) == at);
                (at, self.by_share(&own.collect::<Vec<_>>()))
            })
            .collect()
    }
}

/// Who is behind a combination, and what to think of it; of errors by cluster as if they were analytic.
fn standing(effects: &AttGtResult, part: &Combination) -> (Counts, Status) {
    let (counts, few) = counts(effects, part);
    // Without clusters the two numbers are equal.
    let sample_has_clusters = counts.n_clusters < counts.n_units;
    let all_base = part
        .cells
        .iter()
        .all(|&cell| effects.rows[cell].estimate.status == Status::BasePeriod);
    // The first that holds: why there is no number before why to doubt it, and that before why its error is approximate.
    let status = if part.estimate.is_nan() {
        Status::NoPostPeriod
    } else if all_base {
        Status::BasePeriod
    } else if counts.n_treated < TOO_FEW_UNITS as u64 {
        Status::TooFew
    } else if part.leaves_out {
        Status::NotIdentified
    } else if sample_has_clusters && few {
        Status::FewClusters
    } else {
        Status::Ok
    };
    (counts, status)
}

/// Units behind a combination, and whether they sit in few clusters.
fn counts(effects: &AttGtResult, part: &Combination) -> (Counts, bool) {
    let rows = || part.cells.iter().map(|&cell| &effects.rows[cell]);
    let cohorts: BTreeSet<usize> = rows().map(|row| effects.cohort_index(row.cohort)).collect();
    let mut controls: BTreeSet<usize> = BTreeSet::new();
    if effects.options.control == Control::NotYetTreated {
        for row in rows() {
            // The rule by which the comparison chose its controls, which the rows do not list.
            let cutoff = i64::from(row.cutoff) + i64::from(effects.options.anticipation);
            let later = effects.cohorts.iter().enumerate();
            let used = later.filter(|(_, c)| i64::from(c.label) > cutoff && c.label != row.cohort);
            controls.extend(used.map(|(index, _)| index));
        }
    }
    let side = |set: &BTreeSet<usize>| {
        let sides = set.iter().map(|&c| effects.cohorts[c].side);
        sides.fold(Side::EMPTY, Side::plus)
    };
    let (treated, control) = (side(&cohorts), side(&controls).plus(effects.never));
    let few = Interval::Normal.has_few(treated, control);
    let counts = Counts {
        n_treated: treated.n_units,
        // Where nothing was compared the never treated do not count either.
        n_control: if part.cells.is_empty() {
            0
        } else {
            control.n_units
        },
        n_units: effects.sample.n_units,
        n_clusters: effects.sample.n_clusters,
    };
    (counts, few)
}
