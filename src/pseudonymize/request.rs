//! What `korabo pseudonymize` is asked for.

use std::path::PathBuf;
use std::sync::Mutex;

use korabo_formats::{KnownPersons, Tokeniser};

use super::groups::GroupRules;
use crate::contract::TableContract;
use crate::mapping::{Mappings, PersonKey, TokenMaker};

/// What is read, and how.
pub struct PseudonymizeRequest {
    /// Files and folders of the insurer's.
    pub inputs: Vec<PathBuf>,
    /// Files of claims that were returned (返戻).
    pub returned: Vec<PathBuf>,
    /// Masters of diseases (傷病名マスター).
    pub diseases: Vec<PathBuf>,
    /// Masters of drugs (医薬品マスター).
    pub drugs: Vec<PathBuf>,
    /// A new folder.
    pub output: PathBuf,
    /// By what persons are told apart.
    pub key: PersonKey,
    /// The project's contracts.
    pub contracts: Vec<TableContract>,
    /// The project's mappings.
    pub mappings: Mappings,
    /// Columns by which persons could be recognised.
    pub group_rules: GroupRules,
    /// Makes the tokens.
    pub tokeniser: Tokeniser,
}

impl PseudonymizeRequest {
    /// Makes the tokens, with what is known of persons.
    pub(super) fn token_maker<'r>(&'r self, known: &'r Mutex<KnownPersons>) -> TokenMaker<'r> {
        TokenMaker {
            tokeniser: &self.tokeniser,
            key: self.key,
            known,
        }
    }

    /// The columns of a contract; none of a table that the project has not.
    pub(super) fn columns(&self, table: &str) -> Vec<&str> {
        let contract = self.contracts.iter().find(|own| own.name == table);
        let columns = contract.into_iter().flat_map(|own| &own.columns);
        columns.map(|column| column.name.as_str()).collect()
    }
}
