//! What statements hold, and which one is stopped when they hold too much together. The engine's pool refuses what is reserved beyond
//! the limit; here everything counts that the statements' threads have allocated.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use korabo_memory::Account;
use tokio::sync::oneshot;

/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(20);
/// Looks between two statements that are stopped: the first one's memory is free when its step is over.
const PAUSE: u32 = 2;
/// A statement that holds less than this part of the limit is not what is too much.
const LEAST_SHARE: usize = 32;

/// The statements that have threads.
#[derive(Debug)]
pub(super) struct Watch {
    /// Bytes that all may hold together.
    limit: usize,
    statements: Mutex<Vec<WatchedStatement>>,
}

/// A statement from its threads' start to their end.
#[derive(Debug)]
struct WatchedStatement {
    account: Arc<Account>,
    /// Gone when the statement was stopped.
    stop: Option<oneshot::Sender<()>>,
}

/// A statement's entry. Removed when dropped, which is when its threads have ended.
#[derive(Debug)]
pub(super) struct Entry {
    watch: Arc<Watch>,
    account: Arc<Account>,
}

impl Watch {
    /// Statements that may hold `limit` bytes together, watched as long as this lives.
    pub(super) fn start(limit: usize) -> std::io::Result<Arc<Self>> {
        let watch = Arc::new(Self {
            limit,
            statements: Mutex::default(),
        });
        let watched = Arc::downgrade(&watch);
        let thread = std::thread::Builder::new().name("memory".to_owned());
        thread.spawn(move || keep_watch(&watched))?;
        Ok(watch)
    }

    /// A statement that starts, and what resolves when it is to end because of what it holds; none when too many
    /// statements have threads.
    pub(super) fn add(self: &Arc<Self>) -> Option<(Entry, oneshot::Receiver<()>)> {
        let account = Arc::new(Account::open()?);
        let (stop, stopped) = oneshot::channel();
        self.statements().push(WatchedStatement {
            account: Arc::clone(&account),
            stop: Some(stop),
        });
        let watch = Arc::clone(self);
        Some((Entry { watch, account }, stopped))
    }

    /// Stops the statement that holds most when all hold too much. Returns whether it did.
    fn look(&self) -> bool {
        let mut statements = self.statements();
        let held: usize = statements.iter().map(|one| one.account.held()).sum();
        if held <= self.limit {
            return false;
        }
        let going_on = statements.iter_mut().filter(|one| one.stop.is_some());
        let largest = going_on.max_by_key(|one| one.account.held());
        let is_large = |one: &&mut WatchedStatement| one.account.held() > self.limit / LEAST_SHARE;
        let Some(stop) = largest.filter(is_large).and_then(|one| one.stop.take()) else {
            return false;
        };
        // An error: it is just over.
        let _ = stop.send(());
        true
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, Vec<WatchedStatement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep_watch(watched: &Weak<Watch>) {
    while let Some(watch) = watched.upgrade() {
        let pause = if watch.look() { PAUSE } else { 1 };
        drop(watch);
        std::thread::sleep(INTERVAL * pause);
    }
}

impl Entry {
    /// Whose memory the statement's threads count for.
    pub(super) fn account(&self) -> Arc<Account> {
        Arc::clone(&self.account)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut statements = self.watch.statements();
        statements.retain(|one| !Arc::ptr_eq(&one.account, &self.account));
    }
}
