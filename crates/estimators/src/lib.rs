//! Statistics with honest errors, one module per kind of estimator. Each says what is estimated, under which assumptions, by which
//! formula, and what happens to missing values, ties and few clusters.
//!
#![doc = include_str!("../README.md")]

mod linear_algebra;

mod status;

mod error;

mod diagnostic;

mod estimate;

pub mod inference;

pub mod panel;

pub mod group_time;

pub mod sun_abraham;

pub mod imputation;

pub mod regression;

pub mod bacon;

pub mod naive;

pub mod balance;

pub mod identities;

pub mod sensitivity;

pub mod difference;

pub mod discontinuity;

pub mod pooling;

pub mod levels;

pub mod start_order;

#[cfg(test)]
mod tests;

pub use diagnostic::Diagnostic;
pub use error::EstimatorError;
pub use estimate::{Counts, Estimate};
pub use status::{Status, TOO_FEW_UNITS};
