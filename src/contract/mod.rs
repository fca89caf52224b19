//! What a table must look like ([`TableContract`]): columns, types, ranges, code lists, keys, privacy. Contracts are read
//! from `schemas/*.toml` by `parse`, checked in themselves by `check`, and turned into Arrow schemas by
//! `arrow`; `identifying` knows the names of columns that must never arrive. Checking rows against a
//! contract is `ingest::validate`'s work.

mod arrow;
mod check;
mod column;
mod error;
mod identifying;
mod parse;
mod table;
#[cfg(test)]
mod tests;

pub use column::{CodeList, ColumnContract, ColumnType, DELIVERY_ID, Privacy, ROW_NUMBER, TERM};
pub use error::ContractError;
pub use identifying::{IDENTIFYING_PARTS, IDENTIFYING_WORDS, identifying_word};
pub use parse::load_dir;
pub use table::{ForeignKey, Holder, RowRule, TableContract};
