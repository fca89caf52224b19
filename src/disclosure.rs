//! Small-cell control: the only maker of [`Releasable`], the type that reports and release files
//! accept for counts of people and for estimates. What has been released before is remembered
//! elsewhere (the lake's `releases` table); drawing and file formats are elsewhere too.
//!
//! The rules follow the publication rules of the NDB Open Data: a count from 1 to `min_count − 1`
//! is hidden, zero may be shown, and when one cell of a marginal is hidden the smallest remaining
//! cell is hidden with it, so that no total gives the first one away.

mod grouped;

pub use grouped::{CellCounts, GroupedCounts, HiddenCells, protect_groups};

/// What may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisclosureRules {
    /// Smallest count of units that may be shown: 10 in the national guidelines.
    pub min_count: u64,
    /// Largest part of a sum that may be one unit's, from 0 to 1: with more, the sum says what the unit has.
    pub max_share: f64,
    /// A number with so few different values in a group is a count in disguise: its sums and spreads say how many units have
    /// each value.
    pub few_values: u64,
}

impl DisclosureRules {
    /// What the national guideline asks for at least, and our limits of dominance and of few values.
    pub const GUIDELINE: Self = Self {
        min_count: 10,
        max_share: 0.5,
        few_values: 5,
    };
}

/// A value that has passed the disclosure rules. Only this module can make one.
#[derive(Debug, Clone, PartialEq)]
pub struct Releasable<T>(T);

impl<T> Releasable<T> {
    /// The released value.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.0
    }
}

/// A count after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The count itself: zero, or at least `min_count`.
    Shown(u64),
    /// Between 1 and `min_count − 1`; shown as `<10`.
    Suppressed,
    /// Hidden only so that another cell cannot be worked out; nothing is said about its size.
    Withheld,
}

impl Count {
    /// The number, when it may be shown.
    #[must_use]
    pub fn shown(self) -> Option<u64> {
        match self {
            Self::Shown(n) => Some(n),
            Self::Suppressed | Self::Withheld => None,
        }
    }
}

/// `part` of `whole`, as counted; `part` must not exceed `whole`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOfWhole {
    /// Units with the property.
    pub part: u64,
    /// All units.
    pub whole: u64,
}

/// A share after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Units with the property.
    pub part: Count,
    /// All units.
    pub whole: Count,
    /// `part / whole` from 0 to 1; `None` where either is hidden or there is nobody.
    pub share: Option<f64>,
}

/// The counts of one step of a flow of persons after small-cell control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowCounts {
    /// Units left after this step.
    pub remaining: Count,
    /// Units lost between the step before and this one; `None` at the first step.
    pub excluded: Option<Count>,
}

/// One estimate as an estimator returned it: the shared result columns of the effect tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EstimateRow {
    /// Point estimate, in the outcome's unit.
    pub estimate: Option<f64>,
    /// Standard error.
    pub std_error: Option<f64>,
    /// Test statistic against zero.
    pub statistic: Option<f64>,
    /// Two-sided p value against zero.
    pub p_value: Option<f64>,
    /// Lower end of the pointwise interval.
    pub conf_low: Option<f64>,
    /// Upper end of the pointwise interval.
    pub conf_high: Option<f64>,
    /// Lower end of the simultaneous band.
    pub band_low: Option<f64>,
    /// Upper end of the simultaneous band.
    pub band_high: Option<f64>,
    /// Exposed units behind the estimate.
    pub n_treated: Option<u64>,
    /// Comparison units behind the estimate; `None` or 0 for estimators without a comparison.
    pub n_control: Option<u64>,
    /// All units behind the estimate.
    pub n_units: Option<u64>,
    /// Clusters behind the standard error.
    pub n_clusters: Option<u64>,
    /// `ok`, or why there is no estimate, or why to read it with care.
    pub status: String,
}

/// The numbers of an estimate, all in the outcome's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EstimateNumbers {
    /// Point estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: Option<f64>,
    /// Two-sided p value against zero.
    pub p_value: Option<f64>,
    /// Pointwise interval, low and high.
    pub interval: Option<Interval>,
    /// Simultaneous band, low and high.
    pub band: Option<Interval>,
}

/// A range whose ends are both known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// An estimate after small-cell control.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedEstimate {
    /// The numbers; `None` where there were none or too few units stand behind them.
    pub numbers: Option<EstimateNumbers>,
    /// Exposed units; `None` where the estimator does not count them.
    pub n_treated: Option<Count>,
    /// Comparison units; `None` where the estimator does not count them.
    pub n_control: Option<Count>,
    /// All units; `None` where the estimator does not count them.
    pub n_units: Option<Count>,
    /// Clusters; `None` where the estimator does not count them.
    pub n_clusters: Option<Count>,
    /// The estimator's status, or [`STATUS_WITHHELD`].
    pub status: String,
}

/// One covariate, or one level of it, of the exposed beside the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BalanceRow {
    /// What may be shown when the rules allow it.
    pub numbers: BalanceNumbers,
    /// Whether the means are shares of persons, from which counts can be worked out.
    pub is_share: bool,
    /// Exposed units behind the mean.
    pub n_treated: u64,
    /// Other units behind the mean.
    pub n_control: u64,
}

/// The numbers of a covariate's balance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BalanceNumbers {
    /// Mean, or share from 0 to 1, among the exposed.
    pub mean_treated: f64,
    /// The same among the others.
    pub mean_control: f64,
    /// Their difference in standard deviations; `None` where the covariate does not vary.
    pub smd: Option<f64>,
}

/// Status of an estimate that these rules keep back.
pub const STATUS_WITHHELD: &str = "withheld";

/// Releases one count that stands alone (no total of it is shown beside other cells).
#[must_use]
pub fn release_count(n: u64, rules: DisclosureRules) -> Releasable<Count> {
    Releasable(primary(n, rules))
}

/// Releases the cells of one marginal: cells whose total is, or could become, known.
///
/// Cells from 1 to `min_count − 1` are hidden. While exactly one cell is hidden, or all hidden
/// cells together are still fewer than `min_count`, the smallest remaining cell above zero is
/// withheld as well. Where the total would leave less than the whole range 1 … `min_count − 1` for
/// a single suppressed cell, it too is only `Withheld`, so that its label says nothing more.
#[must_use]
pub fn release_counts(counts: &[u64], rules: DisclosureRules) -> Vec<Releasable<Count>> {
    marginal(counts, rules)
        .into_iter()
        .map(Releasable)
        .collect()
}

/// Releases shares whose rows form one marginal (levels of one dimension).
///
/// A share is hidden when its part or the complement of its part is a small cell; when that hides
/// exactly one row, the row with the next smallest part is hidden with it.
#[must_use]
pub fn release_shares(rows: &[PartOfWhole], rules: DisclosureRules) -> Vec<Releasable<Share>> {
    let wholes: Vec<u64> = rows.iter().map(|row| row.whole).collect();
    let wholes = marginal(&wholes, rules);
    let mut is_hidden: Vec<bool> = rows
        .iter()
        .zip(&wholes)
        .map(|(row, whole)| {
            let rest = row.whole.saturating_sub(row.part);
            whole.shown().is_none() || is_small(row.part, rules) || is_small(rest, rules)
        })
        .collect();
    if is_hidden.iter().filter(|hidden| **hidden).count() == 1 {
        let next = (0..rows.len())
            .filter(|&idx| !is_hidden[idx] && rows[idx].part > 0)
            .min_by_key(|&idx| (rows[idx].part, idx));
        if let Some(idx) = next {
            is_hidden[idx] = true;
        }
    }
    let release = |(idx, row): (usize, &PartOfWhole)| {
        let part = match (is_hidden[idx], is_small(row.part, rules)) {
            (false, _) => Count::Shown(row.part),
            (true, true) => Count::Suppressed,
            (true, false) => Count::Withheld,
        };
        let share =
            (!is_hidden[idx] && row.whole > 0).then(|| as_number(row.part) / as_number(row.whole));
        Releasable(Share {
            part,
            whole: wholes[idx],
            share,
        })
    };
    rows.iter().enumerate().map(release).collect()
}

/// Releases a flow in which each step keeps a part of the step before.
///
/// The losses and the last step are the cells of one marginal whose total is the first step; a small
/// loss is hidden together with the cell beside it. A step between is shown only when all hidden cells lie on one side of it, because then it tells nothing
/// that the shown cells do not tell.
#[must_use]
pub fn release_flow(remaining: &[u64], rules: DisclosureRules) -> Vec<Releasable<FlowCounts>> {
    let Some((&first, &last)) = remaining.first().zip(remaining.last()) else {
        return Vec::new();
    };
    let losses = remaining
        .windows(2)
        .map(|pair| pair[0].saturating_sub(pair[1]));
    let counts: Vec<u64> = losses.chain([last]).collect();
    let cells = hide(&counts, rules, |cells| {
        // A neighbour of the hidden cell, so that as few steps as possible lie between the two.
        let hidden = cells.iter().position(|cell| cell.shown().is_none())?;
        (0..counts.len())
            .filter(|&idx| counts[idx] > 0 && cells[idx].shown().is_some())
            .min_by_key(|&idx| (idx.abs_diff(hidden), idx < hidden))
    });
    let is_open = |cells: &[Count]| cells.iter().all(|cell| cell.shown().is_some());
    let release = |(step, &n): (usize, &u64)| {
        let excluded = step.checked_sub(1).map(|idx| cells[idx]);
        let remaining = match primary(n, rules) {
            Count::Shown(n) if is_open(&cells[..step]) || is_open(&cells[step..]) => {
                Count::Shown(n)
            }
            Count::Shown(_) | Count::Withheld => Count::Withheld,
            Count::Suppressed => Count::Suppressed,
        };
        let is_first_small = is_small(first, rules);
        let remaining = if step == 0 || is_first_small {
            primary(n, rules)
        } else {
            remaining
        };
        Releasable(FlowCounts {
            remaining,
            excluded,
        })
    };
    remaining.iter().enumerate().map(release).collect()
}

/// Releases one estimate. Its numbers are kept back when fewer than `min_count` exposed or
/// comparison units stand behind it, or when nothing is known about how many do. The zero of a base
/// period tells nothing and stays.
#[must_use]
pub fn release_estimate(row: EstimateRow, rules: DisclosureRules) -> Releasable<ReleasedEstimate> {
    let groups = [row.n_treated, row.n_control.filter(|n| *n > 0)];
    let is_too_small = groups
        .iter()
        .chain([&row.n_units])
        .flatten()
        .any(|n| *n < rules.min_count);
    let is_uncounted = row.n_treated.is_none() && row.n_units.is_none();
    let is_zero_by_construction = row.status == "base_period" && row.estimate == Some(0.0);
    let is_withheld =
        row.estimate.is_some() && !is_zero_by_construction && (is_too_small || is_uncounted);
    let (n_treated, n_control) = match (row.n_treated, row.n_control) {
        (Some(treated), Some(control)) => {
            let cells = marginal(&[treated, control], rules);
            (Some(cells[0]), Some(cells[1]))
        }
        (treated, control) => (
            treated.map(|n| primary(n, rules)),
            control.map(|n| primary(n, rules)),
        ),
    };
    Releasable(ReleasedEstimate {
        numbers: if is_withheld { None } else { numbers(&row) },
        n_treated,
        n_control,
        n_units: row.n_units.map(|n| primary(n, rules)),
        n_clusters: row.n_clusters.map(|n| primary(n, rules)),
        status: if is_withheld {
            STATUS_WITHHELD.to_owned()
        } else {
            row.status
        },
    })
}

/// Releases the rows of one covariate: its levels, which form one marginal on either side, or the one row of a number or
/// a yes/no. Nothing is left of a row with fewer than `min_count` units on a side, nor of a share whose count would be hidden.
#[must_use]
pub fn release_balance(
    rows: &[BalanceRow],
    rules: DisclosureRules,
) -> Vec<Releasable<Option<BalanceNumbers>>> {
    let treated = shares_hidden(
        rows.iter()
            .map(|row| (row.numbers.mean_treated, row.n_treated)),
        rules,
    );
    let control = shares_hidden(
        rows.iter()
            .map(|row| (row.numbers.mean_control, row.n_control)),
        rules,
    );
    let release = |(idx, row): (usize, &BalanceRow)| {
        let is_few = row.n_treated.min(row.n_control) < rules.min_count;
        let is_hidden = is_few || (row.is_share && (treated[idx] || control[idx]));
        Releasable((!is_hidden).then_some(row.numbers))
    };
    rows.iter().enumerate().map(release).collect()
}

/// Which shares of one side stand for hidden counts. One row alone is a yes/no: those without it are the other cell.
fn shares_hidden(sides: impl Iterator<Item = (f64, u64)>, rules: DisclosureRules) -> Vec<bool> {
    let parts = sides.map(|(share, whole)| (rounded_count(share * as_number(whole)), whole));
    let parts: Vec<(u64, u64)> = parts.collect();
    let mut cells: Vec<u64> = parts.iter().map(|(part, _)| *part).collect();
    if let [(part, whole)] = parts[..] {
        cells.push(whole.saturating_sub(part));
    }
    let is_hidden = |cell: &Count| cell.shown().is_none();
    let hidden: Vec<bool> = marginal(&cells, rules).iter().map(is_hidden).collect();
    hidden[..parts.len()].to_vec()
}

fn numbers(row: &EstimateRow) -> Option<EstimateNumbers> {
    let interval = |low: Option<f64>, high: Option<f64>| {
        let (low, high) = finite(low).zip(finite(high))?;
        Some(Interval { low, high })
    };
    Some(EstimateNumbers {
        estimate: finite(row.estimate)?,
        std_error: finite(row.std_error),
        p_value: finite(row.p_value),
        interval: interval(row.conf_low, row.conf_high),
        band: interval(row.band_low, row.band_high),
    })
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

fn is_small(n: u64, rules: DisclosureRules) -> bool {
    n > 0 && n < rules.min_count
}

fn primary(n: u64, rules: DisclosureRules) -> Count {
    if is_small(n, rules) {
        Count::Suppressed
    } else {
        Count::Shown(n)
    }
}

fn marginal(counts: &[u64], rules: DisclosureRules) -> Vec<Count> {
    hide(counts, rules, |cells| {
        (0..counts.len())
            .filter(|&idx| counts[idx] > 0 && cells[idx].shown().is_some())
            .min_by_key(|&idx| (counts[idx], idx))
    })
}

/// Hides small cells, and with them as many others as protect them; `next` picks those.
fn hide(
    counts: &[u64],
    rules: DisclosureRules,
    next: impl Fn(&[Count]) -> Option<usize>,
) -> Vec<Count> {
    let mut cells: Vec<Count> = counts.iter().map(|&n| primary(n, rules)).collect();
    let n_small = cells
        .iter()
        .filter(|cell| **cell == Count::Suppressed)
        .count();
    if n_small == 0 {
        return cells;
    }
    let hidden_sum = |cells: &[Count]| -> u64 {
        counts
            .iter()
            .zip(cells)
            .filter(|(_, cell)| cell.shown().is_none())
            .map(|(n, _)| n)
            .sum()
    };
    let mut n_withheld = 0;
    while n_small + n_withheld == 1 || hidden_sum(&cells) < rules.min_count {
        let Some(idx) = next(&cells) else { break };
        cells[idx] = Count::Withheld;
        n_withheld += 1;
    }
    let floor = rules.min_count.saturating_mul(as_count(n_withheld));
    let room = hidden_sum(&cells).saturating_sub(floor);
    if n_small == 1 && n_withheld > 0 && room + 1 < rules.min_count {
        for cell in &mut cells {
            if *cell == Count::Suppressed {
                *cell = Count::Withheld;
            }
        }
    }
    cells
}

fn as_count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count is neither negative nor large"
)]
fn rounded_count(n: f64) -> u64 {
    n.round() as u64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of people are far below 2^53"
)]
fn as_number(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;
