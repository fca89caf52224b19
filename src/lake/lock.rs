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
        let path = self.root().join(".lock");
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
            Err(TryLockError::WouldBlock) => Err(LakeError::Locked),
            Err(TryLockError::Error(source)) => Err(LakeError::Folder(source)),
        }
    }
}
