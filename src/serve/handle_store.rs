//! What is kept between two calls of a client (planned statements, prepared statements): a limited number per owner,
//! for a limited time, and for that owner only.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tonic::Status;

/// A name that cannot be guessed.
pub(super) type StatementHandle = [u8; 16];

/// Values by handle, each with its owner.
#[derive(Debug)]
pub(super) struct HandleStore<T> {
    entries: Mutex<HashMap<StatementHandle, Entry<T>>>,
    most_per_owner: usize,
    /// How long a value is kept after it was last used.
    lifetime: Duration,
}

#[derive(Debug)]
struct Entry<T> {
    owner: String,
    used: Instant,
    value: T,
}

impl<T: Clone> HandleStore<T> {
    pub(super) fn new(most_per_owner: usize, lifetime: Duration) -> Self {
        Self {
            entries: Mutex::default(),
            most_per_owner,
            lifetime,
        }
    }

    /// Keeps a value. Where the owner has no room left, the value that was unused for longest is dropped.
    pub(super) fn keep(
        &self,
        owner: &str,
        value: T,
        now: Instant,
    ) -> Result<StatementHandle, Status> {
        let mut handle = StatementHandle::default();
        getrandom::fill(&mut handle)
            .map_err(|_| Status::internal("the operating system gives no random numbers"))?;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| now.saturating_duration_since(entry.used) < self.lifetime);
        let own = || entries.iter().filter(|(_, entry)| entry.owner == owner);
        if own().count() >= self.most_per_owner {
            let oldest = own().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(handle, _)| *handle) {
                entries.remove(&oldest);
            }
        }
        let entry = Entry {
            owner: owner.to_owned(),
            used: now,
            value,
        };
        entries.insert(handle, entry);
        Ok(handle)
    }

    /// The value kept under `handle`, if `owner` is its owner.
    pub(super) fn find(&self, owner: &str, handle: &[u8], now: Instant) -> Option<T> {
        let handle = StatementHandle::try_from(handle).ok()?;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(&handle)?;
        let is_alive = now.saturating_duration_since(entry.used) < self.lifetime;
        if entry.owner != owner || !is_alive {
            return None;
        }
        entry.used = now;
        Some(entry.value.clone())
    }

    /// Puts another value under a handle of the owner. Returns whether there was one.
    pub(super) fn replace(&self, owner: &str, handle: &[u8], value: T) -> bool {
        let Ok(handle) = StatementHandle::try_from(handle) else {
            return false;
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get_mut(&handle) {
            Some(entry) if entry.owner == owner => {
                entry.value = value;
                true
            }
            _ => false,
        }
    }

    /// Forgets a value of the owner.
    pub(super) fn forget(&self, owner: &str, handle: &[u8]) {
        let Ok(handle) = StatementHandle::try_from(handle) else {
            return;
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries
            .get(&handle)
            .is_some_and(|entry| entry.owner == owner)
        {
            entries.remove(&handle);
        }
    }
}

#[cfg(test)]
mod tests;
