//! `rules/law.toml`, and sources against it.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{LAW_FILE, LawError};
use crate::config::{ProjectConfig, SourceConfig};
use crate::contract::{Holder, TableContract};
use crate::diagnostic::did_you_mean;
use crate::project_file::read_or;
use crate::toml_reader::TomlDocument;

/// The bases of a project without a file of its own.
const BUILT_IN: &str = include_str!("../../rules/law.toml");
const HOLDERS: [(&str, Holder); 3] = [
    ("insurer", Holder::Insurer),
    ("employer", Holder::Employer),
    ("municipality", Holder::Municipality),
];

/// Legal bases by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalBases(BTreeMap<String, Basis>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Basis {
    name_ja: String,
    holders: Vec<Holder>,
}

impl LegalBases {
    /// The bases of the project in `folder`, or those that come with korabo where it has none.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path) -> Result<Self, LawError> {
        let shown = Path::new(LAW_FILE);
        Self::parse(shown, &read_or(folder, shown, BUILT_IN)?)
    }

    /// Reads `text`, the content of `file`.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn parse(file: &Path, text: &str) -> Result<Self, LawError> {
        let document = TomlDocument::parse(file, text)?;
        let mut bases = BTreeMap::new();
        for item in document.root().items() {
            let table = item.table()?;
            table.check_keys(&["name_ja", "clause", "needs", "holders", "verified"])?;
            // For the reader of the file; they must be there.
            for key in ["clause", "needs"] {
                table.required::<String>(key)?;
            }
            table.required::<bool>("verified")?;
            let holders = table.require("holders")?.elements()?;
            let holders = holders.iter().map(|holder| holder.one_of(&HOLDERS));
            let basis = Basis {
                name_ja: table.required("name_ja")?,
                holders: holders.collect::<Result<_, _>>()?,
            };
            bases.insert(item.last_key().to_owned(), basis);
        }
        Ok(Self(bases))
    }

    /// Whether the data of one source may come to `receiver`.
    fn require(
        &self,
        contract: &TableContract,
        source: &SourceConfig,
        receiver: &str,
    ) -> Result<(), LawError> {
        let table = contract.name.clone();
        let names = || self.0.keys().map(String::as_str);
        let Some(named) = &source.basis else {
            return Err(LawError::NoBasis {
                at: source.at.clone(),
                table,
                known: names().collect::<Vec<_>>().join(", "),
            });
        };
        let (at, basis) = (named.at.clone(), named.value.clone());
        let Some(own) = self.0.get(&basis) else {
            let hint = did_you_mean(&basis, names());
            return Err(LawError::UnknownBasis { at, basis, hint });
        };
        if !own.holders.contains(&contract.holder) {
            let holder = HOLDERS
                .iter()
                .find(|(_, holder)| *holder == contract.holder);
            return Err(LawError::OtherHolder {
                at,
                basis,
                name_ja: own.name_ja.clone(),
                holder: holder.map_or("public", |(word, _)| word),
                table,
            });
        }
        if !source.receivers.iter().any(|own| own == receiver) {
            return Err(LawError::OtherReceiver {
                at: source.at.clone(),
                receiver: receiver.to_owned(),
                table,
            });
        }
        Ok(())
    }
}

/// Refuses a project in which the data of a source may not be read. A project that names neither its receiver nor a basis is not judged;
/// published figures need none.
///
/// # Errors
/// For the first source, in the order of tables.
pub fn require_bases(config: &ProjectConfig, contracts: &[TableContract]) -> Result<(), LawError> {
    let bases = LegalBases::load(&config.folder)?;
    for (table, source) in &config.sources {
        let contract = contracts.iter().find(|contract| contract.name == *table);
        let Some(contract) = contract.filter(|own| own.holder != Holder::Public) else {
            continue;
        };
        match &config.receiver {
            Some(receiver) => bases.require(contract, source, receiver)?,
            None if source.basis.is_some() || !source.receivers.is_empty() => {
                return Err(LawError::NoReceiver {
                    at: source.at.clone(),
                    table: table.clone(),
                });
            }
            None => (),
        }
    }
    Ok(())
}
