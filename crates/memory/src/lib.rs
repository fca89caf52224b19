//! A global allocator that counts what the threads of an account hold.
//!
//! A query engine reserves the memory of its large buffers and leaves out the rest: decoded pages, batches on their
//! way, growing strings. Here every allocation of a thread counts for the account that the thread has entered, and every
//! release against it. Memory that one account's thread allocates and a thread of another releases is moved by hand
//! ([`Account::release`]). Threads without an account are not counted.
//!
//! This crate alone has `unsafe` code: it hands every call through to another allocator, unchanged.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

/// Accounts that can be open at once; the first stands for "no account".
const N_SLOTS: usize = 1_024;

/// What a thread counts by itself before it adds it to its account, in bytes.
const LEAST_ADDED: isize = 64 << 10;

/// One account. Aligned so that the threads of two do not share a cache line.
#[repr(align(64))]
struct Slot {
    is_open: AtomicBool,
    held: AtomicIsize,
}

static SLOTS: [Slot; N_SLOTS] = [const {
    Slot {
        is_open: AtomicBool::new(false),
        held: AtomicIsize::new(0),
    }
}; N_SLOTS];

thread_local! {
    /// The thread's slot, and bytes that are not added to it yet. Neither allocates nor needs dropping, so that the
    /// allocator may use it.
    static OWN: Cell<(usize, isize)> = const { Cell::new((0, 0)) };
}

/// Counts `bytes`, negative when they are released, for the account of this thread.
#[inline]
fn count(bytes: isize) {
    // A thread that is ending may have lost its own; what it releases then is a few bytes.
    let _ = OWN.try_with(|own| {
        let (slot, pending) = own.get();
        if slot == 0 {
            return;
        }
        let pending = pending + bytes;
        if pending.abs() < LEAST_ADDED {
            own.set((slot, pending));
        } else {
            SLOTS[slot].held.fetch_add(pending, Ordering::Relaxed);
            own.set((slot, 0));
        }
    });
}

/// Whose memory is counted. Closed when dropped; all threads must have left by then.
#[derive(Debug)]
pub struct Account {
    slot: usize,
}

impl Account {
    /// Opens an account that holds nothing; none when too many are open.
    #[must_use]
    pub fn open() -> Option<Self> {
        let is_taken = |slot: &Slot| slot.is_open.swap(true, Ordering::AcqRel);
        let slot = (1..N_SLOTS).find(|&slot| !is_taken(&SLOTS[slot]))?;
        SLOTS[slot].held.store(0, Ordering::Relaxed);
        Some(Self { slot })
    }

    /// From now on this thread counts for the account.
    pub fn enter(&self) {
        leave();
        OWN.set((self.slot, 0));
    }

    /// Bytes that the account's threads have allocated and not released, to within 64 KiB per thread.
    #[must_use]
    pub fn held(&self) -> usize {
        let held = SLOTS[self.slot].held.load(Ordering::Relaxed);
        usize::try_from(held).unwrap_or(0)
    }

    /// Takes bytes out of the account that a thread of another will release.
    pub fn release(&self, bytes: usize) {
        let bytes = isize::try_from(bytes).unwrap_or(isize::MAX);
        SLOTS[self.slot].held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        SLOTS[self.slot].is_open.store(false, Ordering::Release);
    }
}

/// From now on this thread counts for no account.
pub fn leave() {
    let (slot, pending) = OWN.replace((0, 0));
    if slot != 0 {
        SLOTS[slot].held.fetch_add(pending, Ordering::Relaxed);
    }
}

/// An allocator that counts and leaves the work to `A`.
#[derive(Debug, Default)]
pub struct Counting<A>(pub A);

/// A layout is never larger than `isize::MAX`.
fn size(layout: Layout) -> isize {
    layout.size().cast_signed()
}

// SAFETY: every call goes to `A` with the arguments it came with, and its result comes back unchanged; counting neither
// allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        let memory = unsafe { self.0.alloc(layout) };
        if !memory.is_null() {
            count(size(layout));
        }
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        let memory = unsafe { self.0.alloc_zeroed(layout) };
        if !memory.is_null() {
            count(size(layout));
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { self.0.dealloc(memory, layout) };
        count(-size(layout));
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        let moved = unsafe { self.0.realloc(memory, layout, new_size) };
        if !moved.is_null() {
            count(new_size.cast_signed() - size(layout));
        }
        moved
    }
}

#[cfg(test)]
mod tests;
