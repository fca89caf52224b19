//! All mappings of a project, with the rules they share.

use std::path::Path;

use super::error::{HEADERS_FILE, MappingError};
use super::header_rules::HeaderRules;
use super::source_mapping::SourceMapping;
use crate::contract::TableContract;

/// All mappings of a project, with the rules they share.
#[derive(Debug, Clone, PartialEq)]
pub struct Mappings {
    /// What holders call columns.
    pub rules: HeaderRules,
    /// The mappings in the order of their names.
    pub all: Vec<SourceMapping>,
}

impl Mappings {
    /// The mappings of the project in `folder`.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path, contracts: &[TableContract]) -> Result<Self, MappingError> {
        let rules = HeaderRules::load(folder)?;
        // Those that come with korabo are made for its own contracts, which the project need not have.
        if folder.join(HEADERS_FILE).is_file() {
            rules.check_derived(contracts)?;
        }
        Ok(Self {
            rules,
            all: SourceMapping::load_all(folder, contracts)?,
        })
    }

    /// The one mapping for `table` whose `files` fit a file; `None` where none does.
    ///
    /// # Errors
    /// Where two do.
    pub fn of_file(
        &self,
        path: &Path,
        folder: &Path,
        table: Option<&str>,
    ) -> Result<Option<&SourceMapping>, MappingError> {
        let is_of_table = |own: &&SourceMapping| table.is_none_or(|table| own.table == table);
        let mut fitting = self
            .all
            .iter()
            .filter(is_of_table)
            .filter(|mapping| mapping.fits(path, folder));
        let Some(first) = fitting.next() else {
            return Ok(None);
        };
        match fitting.next() {
            None => Ok(Some(first)),
            Some(second) => Err(MappingError::TwoMappings {
                file: path.to_path_buf(),
                first: first.shown.display().to_string(),
                second: second.shown.display().to_string(),
            }),
        }
    }
}
