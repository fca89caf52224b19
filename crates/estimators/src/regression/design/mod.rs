//! From a formula and data to numbers: rows used, outcome, columns, partitions; in an order that does not depend on the
//! order of the input rows.

pub(super) mod block;

pub(super) mod rows;

mod terms;

pub(super) mod build;

pub use rows::RowCounts;
