//! What is counted, and for whom.

use std::alloc::System;
use std::sync::Arc;

use super::*;

#[global_allocator]
static ALLOCATOR: Counting<System> = Counting(System);

const MIB: usize = 1 << 20;

/// What an account holds, in MiB.
fn mib(account: &Account) -> usize {
    (account.held() + MIB / 2) / MIB
}

/// Runs something on a thread of the account.
fn within<T: Send + 'static>(
    account: &Arc<Account>,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let account = Arc::clone(account);
    let thread = std::thread::spawn(move || {
        account.enter();
        let result = work();
        leave();
        result
    });
    thread.join().unwrap()
}

#[test]
fn an_account_holds_what_its_threads_allocate_until_they_release_it() {
    let account = Arc::new(Account::open().unwrap());
    let other = Arc::new(Account::open().unwrap());
    let watched = Arc::clone(&account);
    within(&account, move || {
        let mut bytes = vec![1_u8; 8 * MIB];
        assert_eq!(mib(&watched), 8);
        bytes.reserve_exact(8 * MIB);
        assert_eq!(mib(&watched), 16);
        bytes.truncate(MIB);
        bytes.shrink_to_fit();
        assert_eq!(mib(&watched), 1);
        let zeros = vec![0_u64; MIB];
        assert_eq!(mib(&watched), 9);
        drop((bytes, zeros));
        assert_eq!(mib(&watched), 0);
    });
    assert_eq!(mib(&account), 0);
    assert_eq!(other.held(), 0);
}

#[test]
fn small_allocations_add_up() {
    let account = Arc::new(Account::open().unwrap());
    let boxes = within(&account, || -> Vec<Box<[u8; 1_024]>> {
        (0..4 * 1_024).map(|_| Box::new([7; 1_024])).collect()
    });
    assert_eq!(mib(&account), 4);
    let again = Arc::clone(&account);
    within(&account, move || drop((boxes, again)));
    assert_eq!(mib(&account), 0);
}

#[test]
fn what_another_thread_releases_is_moved_by_hand() {
    let account = Arc::new(Account::open().unwrap());
    let bytes = within(&account, || vec![0_u8; 4 * MIB]);
    drop(bytes);
    assert_eq!(mib(&account), 4);
    account.release(4 * MIB);
    assert_eq!(mib(&account), 0);
    account.release(MIB);
    assert_eq!(account.held(), 0);
}

#[test]
fn an_account_that_is_opened_again_holds_nothing() {
    for _ in 0..2 * N_SLOTS {
        let account = Arc::new(Account::open().unwrap());
        assert_eq!(account.held(), 0);
        std::mem::forget(within(&account, || vec![0_u8; 128 << 10]));
        assert!(account.held() >= 128 << 10);
    }
}
