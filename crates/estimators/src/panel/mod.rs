//! Unit × period data whose invariants were checked once; every panel estimator starts from a [`Panel`].
//!
//! Units are kept in the order (cohort, unit id) with the never treated last, so that a cohort is a range, and values
//! lie period by period, so that a comparison of two periods reads two contiguous runs. Which units and periods take part
//! in group-time effects is decided in `group_time/sample.rs`.

pub(crate) mod codes;

pub(crate) mod covariate;

pub(crate) mod columns;

pub(crate) mod covariate_table;

pub(crate) mod table;

mod assemble;

mod keys;

mod parts;

pub use codes::{MISSING_CODE, NEVER};
pub use columns::{PanelColumns, same_rows_missing};
pub use covariate::{Covariate, CovariateValues};
pub use keys::unit_keys;
pub use table::{Layout, OutcomeTable, Panel, PanelOptions};
