//! What decides over a release: the project's rules, and what its tables hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::disclosure::DisclosureRules;

/// What may leave, and which tables hold what.
#[derive(Debug, Clone)]
pub struct ReleaseRules {
    /// The project's rules.
    pub disclosure: DisclosureRules,
    /// Tables of which a row is one person, one record or one worksite.
    pub person_tables: BTreeSet<String>,
    /// Tables whose rows are declared to be aggregates.
    pub aggregate_tables: BTreeSet<String>,
    /// Columns that tell one person from another, the best first.
    pub person_columns: &'static [&'static str],
    /// What identifies rows, and whose records they are.
    pub roles: TableRoles,
    /// Columns that tell one household from another.
    pub household_columns: &'static [&'static str],
}

/// What the project's files say of tables, beyond whether their rows are about persons.
#[derive(Debug, Clone, Default)]
pub struct TableRoles {
    /// Columns that identify a row, by table.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Columns that name a person's record in another table, by table: rows with no column for the person.
    pub records: BTreeMap<String, Vec<String>>,
}
