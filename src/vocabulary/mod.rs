//! What a project calls things: program fields (`fields.toml`) and indicators (`indicators.toml`). An entry in one of the files is all
//! that a new field or indicator needs. Whether the columns that they name exist is checked where queries are planned.

mod error;
mod field;
mod indicator;
mod load;
#[cfg(test)]
mod tests;

pub use error::{FIELDS_FILE, INDICATORS_FILE, VocabularyError};
pub use field::ProgramField;
pub use indicator::{Better, Indicator, Unit};
pub use load::Vocabulary;
