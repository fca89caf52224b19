//! One entry of `fields.toml`.

use super::error::VocabularyError;
use crate::toml_reader::{TomlItem, TomlTable};

/// A field of programs, such as nutrition.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramField {
    /// Its code in extracts and result tables.
    pub name: String,
    /// What reports call it in Japanese.
    pub name_ja: String,
    /// What reports call it in English.
    pub name_en: String,
}

pub(super) fn read(
    item: &TomlItem<'_>,
    table: &TomlTable<'_>,
) -> Result<ProgramField, VocabularyError> {
    table.check_keys(&["name_ja", "name_en"])?;
    Ok(ProgramField {
        name: item.last_key().to_owned(),
        name_ja: table.required("name_ja")?,
        name_en: table.required("name_en")?,
    })
}

/// Whether it can be a name in SQL and part of a table's name.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}
