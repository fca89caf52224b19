//! One version of a table: its schema, its data files, and what made it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use deltalake_core::kernel::{Add, LogicalFileView};

use super::checksum::{HASH_TAG, VerifiedFiles};
use super::provenance::Provenance;

/// One version of one table: the files that make it and how it was made.
#[derive(Debug, Clone)]
pub struct LakeTable {
    /// Table name.
    pub name: String,
    /// Delta version, from 0.
    pub version: u64,
    /// Folder of the table.
    pub folder: PathBuf,
    /// Arrow schema, partition columns included.
    pub schema: SchemaRef,
    /// Columns the table is partitioned by.
    pub partition_by: Vec<String>,
    /// The live data files.
    pub files: Vec<LakeFile>,
    /// What made this version; `None` when another program wrote it.
    pub provenance: Option<Provenance>,
    /// Files whose hashes were verified already; `None` where contents are not verified.
    pub(crate) verified: Option<VerifiedFiles>,
}

/// One live data file of a table version.
#[derive(Debug, Clone)]
pub struct LakeFile {
    /// Path below the table's folder, as it is on the disk.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Rows, when the log says.
    pub n_rows: Option<u64>,
    /// Partition values as text, by column.
    pub partition_values: HashMap<String, Option<String>>,
    /// SHA-256 of its content; `None` for files written before it was recorded, and by other programs.
    pub sha256: Option<String>,
}

impl LakeFile {
    /// The file that a line of the log describes, as the engine has read it.
    pub(super) fn of_view(view: &LogicalFileView) -> Self {
        #[expect(
            deprecated,
            reason = "the tags of a file have no accessor of their own"
        )]
        let tags = view.add_action().tags;
        Self {
            sha256: tags.and_then(|mut tags| tags.remove(HASH_TAG).flatten()),
            path: view.path().into_owned(),
            size: u64::try_from(view.size()).unwrap_or(0),
            n_rows: view.num_records().map(|n| n as u64),
            partition_values: view.partition_values_map(),
        }
    }

    /// The file that a commit is about to add.
    pub(super) fn of_add(add: &Add) -> Self {
        let n_rows = add
            .stats
            .as_deref()
            .and_then(|stats| serde_json::from_str::<serde_json::Value>(stats).ok())
            .and_then(|stats| stats.get("numRecords")?.as_u64());
        Self {
            path: add.path.clone(),
            size: u64::try_from(add.size).unwrap_or(0),
            n_rows,
            partition_values: add.partition_values.clone(),
            sha256: add
                .tags
                .as_ref()
                .and_then(|tags| tags.get(HASH_TAG)?.clone()),
        }
    }
}

impl LakeTable {
    /// The version in which the rows last changed: upkeep of files makes versions without changing rows.
    #[must_use]
    pub fn rows_version(&self) -> u64 {
        let made = self.provenance.as_ref();
        made.and_then(|made| made.same_rows_as)
            .unwrap_or(self.version)
    }

    /// Number of rows, when every file's count is in the log.
    #[must_use]
    pub fn n_rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.n_rows).sum()
    }

    /// Where a data file of this table lies.
    #[must_use]
    pub fn file_path(&self, file: &LakeFile) -> PathBuf {
        self.folder.join(&file.path)
    }

    /// The same version restricted to the files for which `keep` holds.
    #[must_use]
    pub fn with_files(&self, keep: impl Fn(&LakeFile) -> bool) -> Self {
        let files = self
            .files
            .iter()
            .filter(|file| keep(file))
            .cloned()
            .collect();
        Self {
            files,
            schema: Arc::clone(&self.schema),
            ..self.clone()
        }
    }
}
