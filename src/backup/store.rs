//! The store of contents: a file's name is the SHA-256 of what is in it, so that equal contents lie there once and damage
//! is noticed.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::folder::Backup;
use super::snapshot::{SavedFile, Snapshot};
use crate::content_hash::hash_content;

impl Backup {
    /// The folder of contents.
    fn store(&self) -> PathBuf {
        self.root.join("files")
    }

    /// Where a content lies.
    pub(super) fn stored(&self, sha256: &str) -> PathBuf {
        let folder = sha256.get(..2).unwrap_or_default();
        self.store().join(folder).join(sha256)
    }

    /// Whether a content of this size is there already.
    pub(super) fn has(&self, file: &SavedFile) -> bool {
        fs_err::metadata(self.stored(&file.sha256)).is_ok_and(|found| found.len() == file.bytes)
    }

    /// Puts the content of a file into the store.
    pub(super) fn put(&self, source: &Path) -> Result<SavedFile, BackupError> {
        fs_err::create_dir_all(self.store()).map_err(BackupError::File)?;
        let new = self.store().join("new");
        let saved = copy(source, &new)?;
        let target = self.stored(&saved.sha256);
        if self.has(&saved) {
            fs_err::remove_file(&new).map_err(BackupError::File)?;
            return Ok(saved);
        }
        if let Some(folder) = target.parent() {
            fs_err::create_dir_all(folder).map_err(BackupError::File)?;
        }
        fs_err::rename(&new, &target).map_err(BackupError::File)?;
        for folder in target.ancestors().skip(1).take(2) {
            let synced = fs_err::File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(BackupError::File)?;
        }
        Ok(saved)
    }

    /// Checks the content of every file of a snapshot.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when one is not what was saved.
    pub fn verify(&self, id: &str, snapshot: &Snapshot) -> Result<(), BackupError> {
        let mut known: HashSet<&str> = HashSet::new();
        let mut damaged = Vec::new();
        for (path, file) in snapshot.files() {
            if known.insert(&file.sha256) && !self.is_whole(file)? {
                damaged.push(path.clone());
            }
        }
        match damaged.first() {
            None => Ok(()),
            Some(first) => Err(BackupError::Damaged {
                id: id.to_owned(),
                n_damaged: damaged.len(),
                n_files: snapshot.files().count(),
                first: first.clone(),
            }),
        }
    }

    fn is_whole(&self, file: &SavedFile) -> Result<bool, BackupError> {
        match crate::regular_file::open(&self.stored(&file.sha256)) {
            Ok(stored) => {
                let found = hash_content(stored, |_| Ok(())).map_err(BackupError::File)?;
                Ok(SavedFile::from(found) == *file)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(BackupError::File(error)),
        }
    }

    /// Removes all but the latest `n_kept` snapshots, and contents that none of these names; returns how many snapshots
    /// were removed.
    ///
    /// # Errors
    /// When a list cannot be read or a file cannot be removed.
    pub fn forget(&self, n_kept: usize) -> Result<usize, BackupError> {
        let _lock = self.lock()?;
        let names = self.snapshots()?;
        let n_removed = names.len().saturating_sub(n_kept.max(1));
        for name in &names[..n_removed] {
            let file = self.snapshots_folder().join(format!("{name}.json"));
            fs_err::remove_file(file).map_err(BackupError::File)?;
        }
        let mut needed = HashSet::new();
        for name in &names[n_removed..] {
            let (_, snapshot) = self.snapshot(Some(name))?;
            needed.extend(snapshot.files().map(|(_, file)| file.sha256.clone()));
        }
        for folder in fs_err::read_dir(self.store()).map_err(BackupError::File)? {
            let folder = folder.map_err(BackupError::File)?.path();
            if !folder.is_dir() {
                continue;
            }
            for file in fs_err::read_dir(folder).map_err(BackupError::File)? {
                let file = file.map_err(BackupError::File)?;
                if !needed.contains(&*file.file_name().to_string_lossy()) {
                    fs_err::remove_file(file.path()).map_err(BackupError::File)?;
                }
            }
        }
        Ok(n_removed)
    }
}

/// Copies a file, waits until it is on the disk, and returns its size and hash.
pub(super) fn copy(source: &Path, target: &Path) -> Result<SavedFile, BackupError> {
    let from = crate::regular_file::open(source).map_err(BackupError::File)?;
    let mut to = fs_err::File::create(target).map_err(BackupError::File)?;
    let saved = hash_content(from, |piece| to.write_all(piece)).map_err(BackupError::File)?;
    to.sync_all().map_err(BackupError::File)?;
    Ok(saved.into())
}
