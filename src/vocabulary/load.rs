//! Reads the two files of a project, entry by entry.

use std::path::Path;

use super::error::{FIELDS_FILE, INDICATORS_FILE, VocabularyError};
use super::field::{self, ProgramField, is_name};
use super::indicator::{self, Indicator};
use crate::regular_file;
use crate::toml_reader::{TomlDocument, TomlItem, TomlTable};

/// Fields and indicators of a project, each in the order of its file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vocabulary {
    /// Program fields in the order of reports.
    pub fields: Vec<ProgramField>,
    /// Indicators.
    pub indicators: Vec<Indicator>,
}

impl Vocabulary {
    /// Reads the two files of the project in `folder`; a file that is not there has no entries.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path) -> Result<Self, VocabularyError> {
        Ok(Self {
            fields: read(folder, FIELDS_FILE, field::read)?,
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
    let Some(text) = read_file(folder, name)? else {
        return Ok(Vec::new());
    };
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

/// The text of file `name` of a project; `None` where there is no such file.
pub(super) fn read_file(folder: &Path, name: &str) -> Result<Option<String>, VocabularyError> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(None);
    }
    let text = regular_file::read_to_string(&path);
    text.map(Some)
        .map_err(|source| VocabularyError::Unreadable {
            file: name.to_owned(),
            source,
        })
}
