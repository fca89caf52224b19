//! One entry of `fields.toml`.

use super::error::VocabularyError;
use crate::toml_reader::{Located, TomlItem, TomlTable};

/// A field of programs, such as nutrition.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramField {
    /// Its code in extracts and result tables.
    pub name: String,
    /// What reports call it in Japanese.
    pub name_ja: String,
    /// What reports call it in English.
    pub name_en: String,
    /// Indicators that its programs are judged by, the main one first. Empty when no effects are estimated.
    pub outcomes: Vec<Located<String>>,
    /// Indicators of spouses that its programs are judged by.
    pub spouse_outcomes: Vec<Located<String>>,
}

pub(super) fn read(
    item: &TomlItem<'_>,
    table: &TomlTable<'_>,
) -> Result<ProgramField, VocabularyError> {
    table.check_keys(&["name_ja", "name_en", "outcomes", "spouse_outcomes"])?;
    Ok(ProgramField {
        name: item.last_key().to_owned(),
        name_ja: table.required("name_ja")?,
        name_en: table.required("name_en")?,
        outcomes: outcomes(table, "outcomes")?,
        spouse_outcomes: outcomes(table, "spouse_outcomes")?,
    })
}

/// A list of indicators, none of them twice.
fn outcomes(table: &TomlTable<'_>, key: &str) -> Result<Vec<Located<String>>, VocabularyError> {
    let outcomes: Vec<Located<String>> = table.optional(key)?.unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    for outcome in &outcomes {
        let (at, name) = (outcome.at.clone(), outcome.value.clone());
        if !is_name(&name) {
            return Err(VocabularyError::WrongName { at, name });
        }
        if seen.contains(&outcome.value.as_str()) {
            return Err(VocabularyError::Twice { at, name });
        }
        seen.push(&outcome.value);
    }
    Ok(outcomes)
}

/// Whether it can be a name in SQL and part of a table's name.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}
