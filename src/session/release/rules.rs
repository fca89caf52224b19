//! What decides over a release (the project's rules, and what its tables hold), and how much it withholds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::memory::ReleaseMemory;
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
    /// Who remembers what was told; `None` where nothing is remembered.
    pub memory: Option<Arc<dyn ReleaseMemory>>,
}

/// What the project's files say of tables, beyond whether their rows are about persons.
#[derive(Debug, Clone, Default)]
pub struct TableRoles {
    /// Columns that identify a row, by table.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Columns that name a person's record in another table, by table: rows with no column for the person.
    pub records: BTreeMap<String, Vec<String>>,
}

/// How much of one statement's result is withheld.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WithheldCounts {
    /// Groups left out whole.
    pub n_groups: u64,
    /// Groups there were.
    pub n_groups_in_all: u64,
    /// Numbers shown as NULL in groups that are shown.
    pub n_cells: u64,
    /// Estimates shown as NULL.
    pub n_estimates: u64,
    /// How much is withheld is not said: it could tell of one person.
    pub is_unknown: bool,
}

impl WithheldCounts {
    pub(super) fn unknown() -> Self {
        Self {
            is_unknown: true,
            ..Self::default()
        }
    }

    /// What is withheld, in words; `None` when everything is shown.
    #[must_use]
    pub fn describe(&self, min_count: u64) -> Option<String> {
        if self.is_unknown {
            return Some(format!(
                "groups and numbers of fewer than {min_count} persons, and what protects those, are left out or NULL"
            ));
        }
        let mut parts = Vec::new();
        if self.n_groups > 0 {
            let (n, all) = (self.n_groups, self.n_groups_in_all);
            parts.push(format!("{n} of {all} groups are left out"));
        }
        if self.n_cells > 0 {
            parts.push(format!("{} numbers are NULL", self.n_cells));
        }
        if self.n_estimates > 0 {
            parts.push(format!("{} estimates are withheld", self.n_estimates));
        }
        (!parts.is_empty()).then(|| {
            let parts = parts.join(", ");
            format!("{parts}: fewer than {min_count} persons, or needed to protect those")
        })
    }
}
