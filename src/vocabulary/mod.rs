//! What a project calls things: program fields (`fields.toml`) and indicators (`indicators.toml`). An entry in one of the files is all
//! that a new field or indicator needs. Whether the columns that they name are there is checked where queries are planned.

mod error;
mod indicator;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::VocabularyError;
pub use indicator::{Better, Indicator, Unit};

use crate::regular_file;
use crate::toml_reader::{Located, TomlDocument, TomlItem, TomlTable};

/// The file of fields, in the project's folder.
pub const FIELDS_FILE: &str = "fields.toml";
/// The file of indicators, in the project's folder.
pub const INDICATORS_FILE: &str = "indicators.toml";

/// Fields and indicators of a project, each in the order of its file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vocabulary {
    /// Program fields in the order of reports.
    pub fields: Vec<ProgramField>,
    /// Indicators.
    pub indicators: Vec<Indicator>,
}

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

impl Vocabulary {
    /// Reads the two files of the project in `folder`; a file that is not there has no entries.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path) -> Result<Self, VocabularyError> {
        Ok(Self {
            fields: read(folder, FIELDS_FILE, read_field)?,
            indicators: read(folder, INDICATORS_FILE, indicator::read)?,
        })
    }

    /// The field with this code.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&ProgramField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The indicator with this name.
    #[must_use]
    pub fn indicator(&self, name: &str) -> Option<&Indicator> {
        self.indicators
            .iter()
            .find(|indicator| indicator.name == name)
    }
}

/// The entries of one file.
fn read<T>(
    folder: &Path,
    name: &str,
    entry: impl Fn(&TomlItem<'_>, &TomlTable<'_>) -> Result<T, VocabularyError>,
) -> Result<Vec<T>, VocabularyError> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text =
        regular_file::read_to_string(&path).map_err(|source| VocabularyError::Unreadable {
            file: name.to_owned(),
            source,
        })?;
    let document = TomlDocument::parse(Path::new(name), &text)?;
    let mut entries = Vec::new();
    for item in document.root().items() {
        if !is_name(item.last_key()) {
            return Err(VocabularyError::WrongName {
                at: item.key_location(),
                name: item.last_key().to_owned(),
            });
        }
        entries.push(entry(&item, &item.table()?)?);
    }
    Ok(entries)
}

/// Whether it can be a name in SQL and part of a table's name.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}

fn read_field(item: &TomlItem<'_>, table: &TomlTable<'_>) -> Result<ProgramField, VocabularyError> {
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
