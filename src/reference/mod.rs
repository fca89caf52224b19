//! Published tables → rows of the contract `reference_values`. What the tables look like is data of the project, `reference.toml`: which files
//! of which shape, what their columns are, and which of their numbers are which indicator. Writes an extract, which ingest then accounts for
//! like any other; fetches nothing.

mod error;
mod import;
mod mapping;
mod number;
mod published;
#[cfg(test)]
mod tests;

pub use error::{REFERENCE_FILE, ReferenceError};
pub use import::{Import, ReferenceValue, import};
pub use mapping::Mapping;
