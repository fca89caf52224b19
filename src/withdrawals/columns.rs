//! By which columns the rows of a raw table are of persons: columns that name them, or, in a table without any, references to the
//! records of a table that has one (diagnoses to their claim).

use datafusion::arrow::array::{ArrayRef, RecordBatch};

use super::hash::KeyHash;
use crate::contract::{ForeignKey, TableContract};

/// By which columns the rows of a table are of persons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonColumns {
    /// Columns that name persons.
    pub keys: Vec<String>,
    /// References to records of persons, in a table without such columns.
    pub records: Vec<RecordColumns>,
    /// How such tables refer to the rows of this one.
    pub referred: Vec<RecordColumns>,
}

/// Columns that refer to a record of another table, or, of that table, that are referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordColumns {
    /// The table of the record.
    pub table: String,
    /// Its columns.
    pub table_columns: Vec<String>,
    /// The columns where the reference is, in the same order.
    pub columns: Vec<String>,
}

impl PersonColumns {
    /// Those of the table of `contract`, one of `contracts`.
    #[must_use]
    pub fn of(contract: &TableContract, contracts: &[TableContract]) -> Self {
        let keys: Vec<String> = names_of(contract);
        let names_persons = |table: &String| {
            let found = contracts.iter().find(|other| other.name == *table);
            found.is_some_and(|other| !names_of(other).is_empty())
        };
        if keys.is_empty() {
            let references = contract.references.iter();
            let records = references.filter(|reference| names_persons(&reference.table));
            return Self {
                records: records.map(RecordColumns::of).collect(),
                ..Self::default()
            };
        }
        let others = contracts.iter().filter(|other| names_of(other).is_empty());
        let references = others.flat_map(|other| &other.references);
        let mut referred: Vec<RecordColumns> = Vec::new();
        for reference in references.filter(|reference| reference.table == contract.name) {
            let mut own = RecordColumns::of(reference);
            own.columns.clone_from(&own.table_columns);
            if !referred.contains(&own) {
                referred.push(own);
            }
        }
        Self {
            keys,
            records: Vec::new(),
            referred,
        }
    }

    /// Whether no row of the table is known to be of a person.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.keys.is_empty() && self.records.is_empty()
    }

    /// The columns that say whether a row is of a withdrawn person.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let of_records = self.records.iter().flat_map(|record| &record.columns);
        let mut names: Vec<String> = self.keys.iter().chain(of_records).cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn names_of(contract: &TableContract) -> Vec<String> {
    contract
        .person_columns()
        .map(|column| column.name.clone())
        .collect()
}

impl RecordColumns {
    fn of(reference: &ForeignKey) -> Self {
        Self {
            table: reference.table.clone(),
            table_columns: reference.table_columns.clone(),
            columns: reference.columns.clone(),
        }
    }

    /// The hash of the record with these values.
    #[must_use]
    pub fn hash_of(&self, values: &[&str]) -> KeyHash {
        let columns = self.table_columns.iter().map(String::as_str);
        let values: Vec<(&str, &str)> = columns.zip(values.iter().copied()).collect();
        KeyHash::of_record(&self.table, &values)
    }

    /// The columns of a batch; `None` when it lacks one.
    #[must_use]
    pub fn arrays_of(&self, batch: &RecordBatch) -> Option<Vec<ArrayRef>> {
        let arrays = self
            .columns
            .iter()
            .map(|name| batch.column_by_name(name).cloned());
        arrays.collect()
    }
}
