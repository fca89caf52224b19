//! What made a table version: recorded in the commit itself, so that data and provenance stay together.

use std::collections::BTreeMap;

use deltalake_core::{DeltaTable, DeltaTableError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const COMMIT_KEY: &str = "korabo";

/// What made one version of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of korabo that wrote it.
    pub korabo_version: String,
    /// SHA-256 of the query text, with the settings that change its result; empty for raw tables.
    #[serde(default)]
    pub query_hash: String,
    /// The query's text; missing in raw tables, and in versions of earlier korabo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_text: Option<String>,
    /// Values of the parameters the query used, as text.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Version of every input table.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// For raw tables: the receipt of the delivery that this version added, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Value>,
    /// For a version made by upkeep of files: the version that has the same rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_rows_as: Option<u64>,
    /// Whether the version has no rows because persons were withdrawn from what it is made of: it is to be built again, and is not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emptied: bool,
}

impl Provenance {
    /// Provenance of rows that no query made: deliveries and korabo's own records.
    #[must_use]
    pub fn of_raw(receipt: Option<Value>) -> Self {
        Self {
            korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
            receipt,
            ..Self::default()
        }
    }

    pub(super) fn to_commit_metadata(&self) -> Vec<(String, Value)> {
        let value = serde_json::to_value(self).expect("plain maps and strings serialize");
        vec![(COMMIT_KEY.to_owned(), value)]
    }
}

/// The provenance that the commit of `version` carries; `None` when another program wrote it.
pub(super) async fn read(
    table: &DeltaTable,
    version: u64,
) -> Result<Option<Provenance>, DeltaTableError> {
    let Some(bytes) = table.log_store().read_commit_entry(version).await? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    for line in text.lines().filter(|line| line.contains("\"commitInfo\"")) {
        let action: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(value) = action.pointer(&format!("/commitInfo/{COMMIT_KEY}")) {
            return Ok(serde_json::from_value(value.clone()).ok());
        }
    }
    Ok(None)
}
