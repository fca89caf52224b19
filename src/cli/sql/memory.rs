//! What a statement's threads hold. The engine reserves its large buffers and refuses more than `--memory-limit`; the rest (results
//! that are put together from their parts, decoded pages) is counted where it is allocated, and a statement that holds a fifth
//! more than the limit is stopped.

use std::sync::OnceLock;
use std::time::Duration;

use korabo_memory::Account;

use crate::cli::failure::Failure;
use crate::clock::holds;
use crate::diagnostic::FailureKind;

/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

/// What a statement may always hold: plans and the like, which are not for the limit to decide.
const ANY_STATEMENT: u64 = 64 << 20;

/// The account of the process.
fn account() -> Option<&'static Account> {
    static ACCOUNT: OnceLock<Option<Account>> = OnceLock::new();
    ACCOUNT.get_or_init(Account::open).as_ref()
}

/// From now on this thread counts.
pub(crate) fn count_thread() {
    if let Some(account) = account() {
        account.enter();
    }
}

/// Ends when the process's threads hold a fifth more than `limit` beside what they held before; never when there is no limit.
pub(super) async fn held_beyond(limit: Option<u64>) {
    let (Some(limit), Some(account)) = (limit, account()) else {
        return std::future::pending().await;
    };
    let most = limit.saturating_add(limit / 5).max(ANY_STATEMENT);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let most = most.saturating_add(account.held());
    holds(INTERVAL, move || account.held() > most).await;
}

pub(super) fn too_large() -> Failure {
    let message = "the statement held more memory than --memory-limit allows and was stopped";
    Failure::new(FailureKind::Resources, message)
        .hint("ask for fewer rows or columns, or raise --memory-limit")
}
