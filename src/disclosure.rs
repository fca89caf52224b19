//! Small-cell control: the only maker of [`Releasable`], the type that reports and release files
//! accept for counts of people and for estimates. Nothing remembers what was released before; drawing and file formats are
//! elsewhere.
//!
//! The rules follow the publication rules of the NDB Open Data: a count from 1 to `min_count − 1`
//! is hidden, zero may be shown, and when one cell of a marginal is hidden the smallest remaining
//! cell is hidden with it, so that no total gives the first one away.

mod balance;
mod classes;
mod counts;
mod estimate;
mod flow;
mod grouped;
mod levels;
mod rules;
mod shares;
mod significant;

pub use balance::{BalanceNumbers, BalanceRow, release_balance};
pub use classes::{Classes, is_nearly};
pub use counts::{Count, release_count, release_counts};
pub use estimate::{
    EstimateNumbers, EstimateRow, Interval, ReleasedEstimate, STATUS_WITHHELD, release_estimate,
};
pub use flow::{FlowCounts, release_flow};
pub use grouped::{CellCounts, GroupedCounts, HiddenCells, protect_groups};
pub use levels::{Level, LevelRow, release_behind, release_levels};
pub use rules::{DisclosureRules, RELEASED_PREFIX, Releasable};
pub use shares::{PartOfWhole, Share, release_shares};
pub use significant::{significant, within_error};

#[cfg(test)]
mod tests;
