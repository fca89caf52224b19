//! One snapshot: the list of what the lake and the project's files were at one moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::content_hash::ContentHash;
use crate::lake::LakeFile;

/// What the lake and the project's files were at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Name of the project.
    pub project: String,
    /// Version of korabo that took it.
    pub korabo_version: String,
    /// When.
    pub taken_at: DateTime<Utc>,
    /// The lake's folder below the project's; `None` where it lies elsewhere.
    pub lake: Option<String>,
    /// Version of every table.
    pub tables: BTreeMap<String, u64>,
    /// Files of the project, by path below its folder.
    pub project_files: BTreeMap<String, SavedFile>,
    /// Files of the lake, by path below its folder.
    pub lake_files: BTreeMap<String, SavedFile>,
}

/// One file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, which is also its name in the store.
    pub sha256: String,
}

impl From<ContentHash> for SavedFile {
    fn from(ContentHash { bytes, sha256 }: ContentHash) -> Self {
        Self { bytes, sha256 }
    }
}

impl SavedFile {
    /// How it differs from what the lake records of the file, if it does.
    pub(super) fn problem(&self, recorded: &LakeFile) -> Option<String> {
        if self.bytes != recorded.size {
            return Some(format!("it has {} of {} bytes", self.bytes, recorded.size));
        }
        let is_other = recorded
            .sha256
            .as_ref()
            .is_some_and(|sha256| *sha256 != self.sha256);
        is_other.then(|| "its content differs".to_owned())
    }
}

impl Snapshot {
    /// All files.
    pub fn files(&self) -> impl Iterator<Item = (&String, &SavedFile)> {
        self.project_files.iter().chain(&self.lake_files)
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files().map(|(_, file)| file.bytes).sum()
    }
}
