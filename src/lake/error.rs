//! What can go wrong in the lake, and which exit code it leads to.

use std::path::Path;

use chrono::{DateTime, Utc};
use deltalake_core::DeltaTableError;

use crate::diagnostic::FailureKind;

/// What can go wrong in the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The lake folder or one of its files could not be used.
    #[error("cannot use the lake folder")]
    Folder(#[source] std::io::Error),
    /// A Delta table could not be read or written.
    #[error("lake table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: DeltaTableError,
    },
    /// A result has a type that lake tables cannot hold.
    #[error("column `{column}` of `{table}` has type {data_type}, which a lake table cannot hold")]
    UnstorableColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its Arrow type.
        data_type: String,
    },
    /// The requested version does not exist.
    #[error("lake table `{table}` has no version {version}")]
    NoSuchVersion {
        /// The table.
        table: String,
        /// The requested version.
        version: u64,
    },
    /// The version that a table had at some time was removed.
    #[error(
        "what lake table `{table}` was at {time} was removed by `korabo maintain` or `korabo forget`"
    )]
    Removed {
        /// The table.
        table: String,
        /// The time.
        time: DateTime<Utc>,
    },
    /// A file differs from what was written.
    #[error("`{file}` of lake table `{table}` is damaged: {problem}")]
    Damaged {
        /// The table.
        table: String,
        /// The file, below the table's folder.
        file: String,
        /// How it differs.
        problem: String,
    },
    /// A table has fewer versions or rows than the lake's records say.
    #[error("lake table `{table}` has lost rows: {}", .losses.join("; "))]
    Lost {
        /// The table.
        table: String,
        /// What is missing, as text without values.
        losses: Vec<String>,
    },
    /// A table was emptied because persons were withdrawn.
    #[error("lake table `{table}` was emptied by `korabo forget` and not built again since")]
    Emptied {
        /// The table.
        table: String,
    },
    /// Joining small files changed the number of rows.
    #[error("joining the small files of lake table `{table}` lost rows; it stays as it was")]
    RowsLost {
        /// The table.
        table: String,
    },
    /// Tables were published faster than their versions could be listed.
    #[error("the lake keeps changing while it is read")]
    Restless,
    /// Another process holds the lake.
    #[error("another run holds the lake")]
    Locked,
    /// Another process copies files of the lake, or removes superseded ones.
    #[error("a backup, a run on the past or upkeep of this lake is in progress")]
    Copying,
    /// Another process serves the schedules.
    #[error("another `korabo schedule` serves this project")]
    Served,
}

/// Which exit code a lake error leads to.
#[must_use]
pub fn failure_kind(error: &LakeError) -> FailureKind {
    match error {
        LakeError::Locked | LakeError::Copying | LakeError::Served => FailureKind::Locked,
        LakeError::UnstorableColumn { .. }
        | LakeError::NoSuchVersion { .. }
        | LakeError::Removed { .. } => FailureKind::Project,
        LakeError::Damaged { .. } | LakeError::Lost { .. } | LakeError::Emptied { .. } => {
            FailureKind::Quality
        }
        LakeError::RowsLost { .. } => FailureKind::Internal,
        LakeError::Restless => FailureKind::Resources,
        LakeError::Folder(_) | LakeError::Table { .. } => {
            if is_disk_full(error) {
                FailureKind::Resources
            } else {
                FailureKind::Step
            }
        }
    }
}

/// Whether a full disk is somewhere in the chain of causes.
fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::StorageFull
        {
            return true;
        }
        if error.to_string().contains("No space left on device") {
            return true;
        }
        cause = error.source();
    }
    false
}

pub(super) fn table_error(table: &str, source: DeltaTableError) -> LakeError {
    LakeError::Table {
        table: table.to_owned(),
        source,
    }
}

/// The version of `table` at `time` was removed.
pub(super) fn removed(table: &str, time: DateTime<Utc>) -> LakeError {
    LakeError::Removed {
        table: table.to_owned(),
        time,
    }
}

/// `file`, which lies in `folder` of `table`, is not what was written.
pub(super) fn damaged(table: &str, folder: &Path, file: &Path, problem: String) -> LakeError {
    let below = file.strip_prefix(folder).unwrap_or(file);
    LakeError::Damaged {
        table: table.to_owned(),
        file: below.to_string_lossy().into_owned(),
        problem,
    }
}
