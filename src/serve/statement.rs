//! One statement of one user while it runs: its place among the user's statements, and its line in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use super::event::{Log, ServerEvent};
use crate::config::ServeLimits;
use crate::session::MemoryShare;

/// How long the threads of a statement that is over may take to end before another is refused.
const LEAVING: Duration = Duration::from_millis(500);

/// A user who may send statements, and what is left of their limits.
#[derive(Debug)]
pub(super) struct User {
    pub(super) name: String,
    /// One permit for each statement that may run at once.
    pub(super) statements: Arc<Semaphore>,
    /// Permits for calls about tables; a call beyond them waits.
    pub(super) inspections: Arc<Semaphore>,
    pub(super) memory: MemoryShare,
    pub(super) limits: ServeLimits,
}

/// A statement that runs. When it is dropped before its end, the client went away.
pub(super) struct RunningStatement {
    user: Arc<User>,
    number: u64,
    started: Instant,
    /// Rows sent so far.
    pub(super) n_rows: Arc<AtomicU64>,
    outcome: String,
    /// Whether it is to be in the log.
    is_logged: bool,
    log: Log,
    _place: OwnedSemaphorePermit,
}

impl RunningStatement {
    /// Takes one of the user's places; it waits for one that is about to become free.
    pub(super) async fn begin(user: &Arc<User>, number: u64, log: &Log) -> Result<Self, Status> {
        let place = Arc::clone(&user.statements).acquire_owned();
        let Ok(Ok(place)) = tokio::time::timeout(LEAVING, place).await else {
            return Err(Status::resource_exhausted(format!(
                "{} statements of `{}` run already: read or close one first, or raise `max_statements` in [serve]",
                user.limits.statements, user.name
            )));
        };
        Ok(Self {
            user: Arc::clone(user),
            number,
            started: Instant::now(),
            n_rows: Arc::default(),
            outcome: "client_went_away".to_owned(),
            is_logged: true,
            log: Arc::clone(log),
            _place: place,
        })
    }

    /// Records that it ended with this.
    pub(super) fn ends(&mut self, status: &Status) {
        self.outcome = code_word(status);
    }

    /// Records that all rows are sent.
    pub(super) fn mark_complete(&mut self) {
        "ok".clone_into(&mut self.outcome);
    }

    /// Records that it was planned only: its line in the log waits for its rows.
    pub(super) fn mark_planned(&mut self) {
        self.is_logged = false;
    }
}

/// `InvalidArgument` → `invalid_argument`.
fn code_word(status: &Status) -> String {
    let mut word = String::new();
    for c in format!("{:?}", status.code()).chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

impl Drop for RunningStatement {
    fn drop(&mut self) {
        if self.is_logged {
            (self.log)(&ServerEvent::Statement {
                number: self.number,
                user: self.user.name.clone(),
                elapsed: self.started.elapsed(),
                n_rows: self.n_rows.load(Ordering::Relaxed),
                outcome: std::mem::take(&mut self.outcome),
            });
        }
    }
}
