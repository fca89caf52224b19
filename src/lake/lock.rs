//! One writer at a time: an operating-system file lock, released by the kernel however the process
//! ends, so a killed run never blocks the next one.

use std::fs::{File, TryLockError};

use super::error::LakeError;
use super::folder::Lake;

/// File of the lock that processes take while they copy or remove files.
const FILES: &str = ".files.lock";

/// One of the lake's locks, released when it is dropped.
#[derive(Debug)]
pub struct LakeLock {
    _file: File,
}

impl Lake {
    /// Takes the lake's lock without waiting.
    ///
    /// # Errors
    /// [`LakeError::Locked`] when another process holds it.
    pub fn lock(&self) -> Result<LakeLock, LakeError> {
        let lock = self.lock_file(".lock", LakeError::Locked)?;
        // A process that copies files may not be allowed to create anything here.
        self.open_lock(FILES)?;
        Ok(lock)
    }

    /// Takes the lock of the one process that serves the project's schedules, without waiting.
    ///
    /// # Errors
    /// [`LakeError::Served`] when another process holds it.
    pub fn lock_schedule(&self) -> Result<LakeLock, LakeError> {
        self.lock_file(".schedule.lock", LakeError::Served)
    }

    /// Takes the lock of what remembers releases, without waiting.
    ///
    /// # Errors
    /// [`LakeError::Locked`] when another process holds it.
    pub fn lock_releases(&self) -> Result<LakeLock, LakeError> {
        self.lock_file(".releases.lock", LakeError::Locked)
    }

    /// Takes the lock for removing files of versions, without waiting.
    ///
    /// # Errors
    /// [`LakeError::Copying`] when another process holds it, or copies files.
    pub fn lock_files(&self) -> Result<LakeLock, LakeError> {
        self.lock_file(FILES, LakeError::Copying)
    }

    /// Takes the lock for copying files of versions, without waiting. Several processes may hold it at once, and nothing is
    /// written for it: `None` in a lake that this version of korabo never wrote to, which has no such file.
    ///
    /// # Errors
    /// [`LakeError::Copying`] when another process removes files.
    pub fn lock_files_for_copying(&self) -> Result<Option<LakeLock>, LakeError> {
        let file = match fs_err::File::open(self.root().join(FILES)) {
            Ok(file) => file.into_parts().0,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LakeError::Folder(error)),
        };
        locked(file.try_lock_shared(), LakeError::Copying)?;
        Ok(Some(LakeLock { _file: file }))
    }

    fn lock_file(&self, name: &str, taken: LakeError) -> Result<LakeLock, LakeError> {
        let file = self.open_lock(name)?;
        locked(file.try_lock(), taken)?;
        Ok(LakeLock { _file: file })
    }

    fn open_lock(&self, name: &str) -> Result<File, LakeError> {
        let file = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root().join(name));
        Ok(file.map_err(LakeError::Folder)?.into_parts().0)
    }
}

fn locked(tried: Result<(), TryLockError>, taken: LakeError) -> Result<(), LakeError> {
    tried.map_err(|error| match error {
        TryLockError::WouldBlock => taken,
        TryLockError::Error(source) => LakeError::Folder(source),
    })
}
