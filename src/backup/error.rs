//! Why a backup cannot be made or used, and which exit code it leads to.

use std::path::PathBuf;

use crate::diagnostic::FailureKind;
use crate::lake::{self, LakeError};

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
    /// Files of a snapshot are not what was saved.
    #[error("snapshot `{id}`: {} of {n_files} files are damaged or missing, first `{first}`", .n_damaged)]
    Damaged {
        /// The snapshot.
        id: String,
        /// Files that are not what was saved.
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
    #[error("snapshot `{id}` names the file `{path}`, which lies outside the project")]
    Outside {
        /// The snapshot.
        id: String,
        /// The path.
        path: String,
    },
    /// The folder holds the snapshots of another project; one folder is for one project.
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
    /// The target of a restore holds other files already.
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
