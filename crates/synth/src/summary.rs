//! What was written of a world.

use std::collections::BTreeMap;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthSummary {
    /// Rows per table, by table name. The refused extract counts as `employees_with_names`.
    pub rows: BTreeMap<&'static str, u64>,
    /// Files written, `truth.json` included.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}
