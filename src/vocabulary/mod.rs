//! What a project calls things: program fields (`fields.toml`), indicators (`indicators.toml`) and columns (`columns.toml`). An entry in
//! one of the files is all that a new field, indicator or column needs. Whether the columns that they name exist is checked where queries are planned.

mod column;
mod error;
mod field;
mod indicator;
mod lang;
mod load;
mod meaning;
#[cfg(test)]
mod tests;

pub use column::ColumnEntry;
pub use error::{COLUMNS_FILE, FIELDS_FILE, INDICATORS_FILE, VocabularyError};
pub use field::ProgramField;
pub(crate) use field::is_name;
pub use indicator::{Better, Indicator, QUESTIONNAIRE_TERMS, Unit};
pub use lang::Lang;
pub use load::Vocabulary;
pub use meaning::Meaning;
