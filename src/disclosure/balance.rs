//! Balance of covariates: means and shares of the exposed beside those of the others.

use super::counts::{Count, as_number, marginal};
use super::rules::{DisclosureRules, Releasable};

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
        Releasable::passed((!is_hidden).then_some(row.numbers))
    };
    rows.iter().enumerate().map(release).collect()
}

/// Which shares of one side stand for hidden counts. One row alone is a yes/no: those without it are the other cell.
fn shares_hidden(sides: impl Iterator<Item = (f64, u64)>, rules: DisclosureRules) -> Vec<bool> {
    // The share was made from a count, which rounding gives back.
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count is neither negative nor large"
)]
fn rounded_count(n: f64) -> u64 {
    n.round() as u64
}
