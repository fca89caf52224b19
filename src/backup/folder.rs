//! A folder of snapshots: which there are, how one is read and written, and the lock that keeps it to one writer.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::snapshot::Snapshot;

/// A folder of snapshots.
#[derive(Debug, Clone)]
pub struct Backup {
    pub(super) root: PathBuf,
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
            if let Some(name) = path.file_stem().filter(|_| is_list(&path)) {
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

    pub(super) fn snapshots_folder(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// Keeps other writers out until the file is dropped.
    pub(super) fn lock(&self) -> Result<File, BackupError> {
        fs_err::create_dir_all(&self.root).map_err(BackupError::File)?;
        let file = fs_err::File::create(self.root.join(".lock")).map_err(BackupError::File)?;
        let file = file.into_parts().0;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(BackupError::Busy {
                folder: self.root.clone(),
            }),
            Err(TryLockError::Error(error)) => Err(BackupError::File(error)),
        }
    }

    /// Writes a snapshot's list, as a whole or not at all; returns its name.
    pub(super) fn write(&self, snapshot: &Snapshot) -> Result<String, BackupError> {
        let folder = self.snapshots_folder();
        fs_err::create_dir_all(&folder).map_err(BackupError::File)?;
        let first = snapshot.taken_at.format("%Y%m%dT%H%M%SZ").to_string();
        let names = (2..).map(|n| format!("{first}-{n}"));
        let free = std::iter::once(first.clone())
            .chain(names)
            .find(|name| !folder.join(format!("{name}.json")).exists());
        let id = free.unwrap_or(first);
        let text = serde_json::to_string_pretty(snapshot).expect("strings and numbers serialize");
        let new = folder.join("new");
        let write = || -> std::io::Result<()> {
            let mut out = fs_err::File::create(&new)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs_err::rename(&new, folder.join(format!("{id}.json")))?;
            fs_err::File::open(&folder)?.sync_all()
        };
        write().map_err(BackupError::File)?;
        Ok(id)
    }
}

fn is_list(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}
