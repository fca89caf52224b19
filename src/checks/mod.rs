//! Checks that follow from contracts: what ingest has decided about rows, counted, and what only whole tables show: missing values, foreign
//! keys, empty years and months, sizes of deliveries, age, drift of distributions.
//!
//! ```text
//! contracts ──► catalogue ──► evaluate (one pass per table: profile) ──► judge ──► check_results
//! ```
//!
//! Numerators and denominators are kept, so that thresholds can be judged again without reading. No cell of data is kept or shown.

mod catalogue;
mod columns;
mod drift;
mod error;
mod evaluate;
mod ledger;
mod numbers;
mod profile;
mod results;
#[cfg(test)]
mod tests;

pub use crate::event::{CheckCounts, CheckStatus as Status};
pub use catalogue::{Check, CheckKind, catalogue};
pub use error::ChecksError;
pub use evaluate::{Evaluation, Occasion, current, evaluate};
pub use results::{CHECK_RESULTS, CheckResult, MeasureUnit, check_results_schema};
