//! Copies of a project's lake and files that survive the loss of both: snapshots in one folder, each a list of files with
//! their SHA-256, over a store in which every content lies once. A snapshot is what the lake showed at one moment, also
//! while a run publishes; the next one adds only what is new, since data files never change.

mod restore;
mod save;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::diagnostic::FailureKind;
use crate::lake::{self, LakeError, LakeFile};

pub use restore::Restored;
pub use save::{Saved, copy_project};

/// Why a backup cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder could not be read or written.
    #[error("cannot read or write a file of the backup")]
    File(#[source] std::io::Error),
    /// The lake could not be read.
    #[error(transparent)]
    Lake(LakeError),
    /// A snapshot's list is not what `korabo backup` writes.
    #[error("snapshot `{id}` cannot be read")]
    BrokenSnapshot {
        /// The snapshot.
        id: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// There is no such snapshot.
    #[error("`{}` holds no {what}", .folder.display())]
    NoSnapshot {
        /// The folder.
        folder: PathBuf,
        /// Which one is missing.
        what: String,
    },
    /// A file's content is not what was saved.
    #[error("snapshot `{id}`: {} of {n_files} files are damaged or missing, first `{first}`", .n_damaged)]
    Damaged {
        /// The snapshot.
        id: String,
        /// Files that are not as they were.
        n_damaged: usize,
        /// Files of the snapshot.
        n_files: usize,
        /// The first of them.
        first: String,
    },
    /// A file of the lake, or of a snapshot of it, is not what the lake says.
    #[error(
        "`{file}` of the lake is not what was written there: {problem}; no snapshot is made of it"
    )]
    NotAsWritten {
        /// The file, below the lake's folder.
        file: String,
        /// How it differs.
        problem: String,
    },
    /// A snapshot was saved from a lake that was damaged already.
    #[error("`{file}` was damaged when snapshot `{id}` was taken: {problem}")]
    SavedDamaged {
        /// The snapshot.
        id: String,
        /// The file, below the lake's folder.
        file: String,
        /// How it differs.
        problem: String,
    },
    /// A list names a file outside the folder it is for.
    #[error("snapshot `{id}` names the file `{path}`, which leads out of the project")]
    Outside {
        /// The snapshot.
        id: String,
        /// The path.
        path: String,
    },
    /// A folder holds the snapshots of one project.
    #[error("`{}` holds snapshots of the project `{project}`", .folder.display())]
    OtherProject {
        /// The folder.
        folder: PathBuf,
        /// The other project.
        project: String,
    },
    /// Another process writes to the folder.
    #[error("another `korabo backup` writes to `{}`", .folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// Restoring never writes over anything.
    #[error("`{}` is not empty", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
}

impl BackupError {
    /// Which exit code it leads to.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::File(_) => FailureKind::Resources,
            Self::Lake(error) => lake::failure_kind(error),
            Self::NotEmpty { .. } | Self::NoSnapshot { .. } | Self::OtherProject { .. } => {
                FailureKind::Usage
            }
            Self::Busy { .. } => FailureKind::Locked,
            Self::BrokenSnapshot { .. }
            | Self::Damaged { .. }
            | Self::NotAsWritten { .. }
            | Self::SavedDamaged { .. }
            | Self::Outside { .. } => FailureKind::Quality,
        }
    }
}

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

/// A folder of snapshots.
#[derive(Debug, Clone)]
pub struct Backup {
    root: PathBuf,
}

impl Backup {
    /// The backup in `root`, which need not exist yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// Names of the snapshots, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn snapshots(&self) -> Result<Vec<String>, BackupError> {
        let folder = self.snapshots_folder();
        let mut names = Vec::new();
        if !folder.is_dir() {
            return Ok(names);
        }
        for entry in fs_err::read_dir(folder).map_err(BackupError::File)? {
            let path = entry.map_err(BackupError::File)?.path();
            if let Some(name) = path.file_stem().filter(|_| has_ending(&path, "json")) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Snapshot `id`, or the latest.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn snapshot(&self, id: Option<&str>) -> Result<(String, Snapshot), BackupError> {
        let names = self.snapshots()?;
        let found = match id {
            Some(id) => names.iter().find(|name| *name == id),
            None => names.last(),
        };
        let Some(id) = found else {
            return Err(BackupError::NoSnapshot {
                folder: self.root.clone(),
                what: id.map_or_else(|| "snapshot".to_owned(), |id| format!("snapshot `{id}`")),
            });
        };
        let file = self.snapshots_folder().join(format!("{id}.json"));
        let bytes = crate::regular_file::read(&file).map_err(BackupError::File)?;
        let snapshot = serde_json::from_slice(&bytes);
        let snapshot = snapshot.map_err(|source| BackupError::BrokenSnapshot {
            id: id.clone(),
            source,
        })?;
        Ok((id.clone(), snapshot))
    }

    fn snapshots_folder(&self) -> PathBuf {
        self.root.join("snapshots")
    }
}

impl SavedFile {
    /// How it differs from what the lake says of the file, if it does.
    fn problem(&self, said: &LakeFile) -> Option<String> {
        if self.bytes != said.size {
            return Some(format!("it has {} of {} bytes", self.bytes, said.size));
        }
        let is_other = said
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

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}
