//! Which relations of an engine run and which wait: for a permit before their first batch, or for memory that another relation
//! frees when it ends.
//!
//! A relation without a relation below it takes a permit before its input is started and returns it with its result. One with a
//! relation below it takes none, as it would hold it while waiting for those below. What is refused memory waits while another
//! relation can still end. Once all of them wait for memory, the youngest drops what it gathered and is started again later,
//! so that the oldest either goes on or is alone; a relation that is refused although it is alone fails.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use tokio::sync::Notify;

use state::{PermitState, Refusal};

pub(super) use state::RelationKind;

/// The permits of one engine: all its sessions share them, as they share its memory.
#[derive(Debug)]
pub(crate) struct Permits {
    state: Mutex<PermitState>,
    changed: Notify,
}

impl Permits {
    /// As many permits as threads.
    pub(crate) fn new(n_threads: usize) -> Self {
        Self {
            state: Mutex::new(PermitState::new(n_threads)),
            changed: Notify::new(),
        }
    }

    /// Waits for a permit, where the kind of relation needs one. Statements take turns.
    pub(super) async fn enter(self: &Arc<Self>, statement: &str, kind: RelationKind) -> Turn {
        let age = self.change(|state| state.enter(statement, kind));
        let turn = Turn {
            permits: Arc::clone(self),
            age,
        };
        turn.admitted().await;
        turn
    }

    fn state(&self) -> MutexGuard<'_, PermitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes all that wait for a change.
    fn change<T>(&self, change: impl FnOnce(&mut PermitState) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_waiters();
        changed
    }
}

/// The answer to a request for memory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Growth {
    Granted,
    /// All memory must be freed and the relation started again.
    Refused,
}

/// A relation that waits or runs; its permit is returned when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    permits: Arc<Permits>,
    age: u64,
}

impl Turn {
    /// Makes the reservation `bytes` large. Waits where that is refused and another relation can still end.
    ///
    /// # Errors
    /// When no other relation could free memory.
    pub(super) async fn grow(
        &self,
        reservation: &MemoryReservation,
        bytes: usize,
    ) -> Result<Growth> {
        loop {
            // Made before asking, so that no change in between is missed.
            let mut changed = std::pin::pin!(self.permits.changed.notified());
            changed.as_mut().enable();
            let Err(error) = reservation.try_resize(bytes) else {
                self.permits.state().granted(self.age);
                return Ok(Growth::Granted);
            };
            let (refused, is_news) = self.permits.state().refused(self.age);
            if is_news {
                self.permits.changed.notify_waiters();
            }
            match refused {
                Refusal::Wait => changed.await,
                Refusal::StartAgain => return Ok(Growth::Refused),
                // The last other one may have ended since it was asked: its memory is free before it leaves.
                Refusal::Fail if reservation.try_resize(bytes).is_ok() => {
                    self.permits.state().granted(self.age);
                    return Ok(Growth::Granted);
                }
                Refusal::Fail => return Err(error),
            }
        }
    }

    /// Whether there is a point in starting again after memory ran out below the relation: another one runs beside it.
    pub(super) fn can_start_again(&self) -> bool {
        self.permits.state().can_start_again(self.age)
    }

    /// Waits for a permit once more; what was reserved must have been freed. Fewer relations run side by side after that.
    pub(super) async fn start_again(&self) {
        self.permits.change(|state| state.start_again(self.age));
        self.admitted().await;
    }

    /// Everything is gathered: the relation ends whatever happens to others.
    pub(super) fn estimating(&self) {
        self.permits.change(|state| state.estimating(self.age));
    }

    async fn admitted(&self) {
        loop {
            let mut changed = std::pin::pin!(self.permits.changed.notified());
            changed.as_mut().enable();
            if self.permits.state().admit(self.age) {
                // There may be a permit for the next one too.
                self.permits.changed.notify_waiters();
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.permits.change(|state| state.leave(self.age));
    }
}

#[cfg(test)]
mod tests;
