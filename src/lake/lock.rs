//! One writer at a time: an operating-system file lock, released by the kernel however the process
//! ends, so a killed run never blocks the next one.

use std::fs::{File, TryLockError};

use super::{Lake, LakeError};

/// Held while a run writes to the lake.
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
        self.lock_file(".lock", LakeError::Locked)
    }

    /// Takes the lock of the one process that serves the project's schedules, without waiting.
    ///
    /// # Errors
    /// [`LakeError::Served`] when another process holds it.
    pub fn lock_schedule(&self) -> Result<LakeLock, LakeError> {
        self.lock_file(".schedule.lock", LakeError::Served)
    }

    /// Takes the lock of those who copy files of versions, or remove some, without waiting.
    ///
    /// # Errors
    /// [`LakeError::Copying`] when another process holds it.
    pub fn lock_files(&self) -> Result<LakeLock, LakeError> {
        self.lock_file(".files.lock", LakeError::Copying)
    }

    fn lock_file(&self, name: &str, taken: LakeError) -> Result<LakeLock, LakeError> {
        let path = self.root().join(name);
        let file = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(LakeError::Folder)?
            .into_parts()
            .0;
        match file.try_lock() {
            Ok(()) => Ok(LakeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(taken),
            Err(TryLockError::Error(source)) => Err(LakeError::Folder(source)),
        }
    }
}
