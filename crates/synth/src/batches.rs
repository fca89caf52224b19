//! All batches on several threads: workers simulate and encode a few batches ahead of what has been appended, in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};

use super::files::{BatchEncoder, EncodedBatch, OpenFiles};
use super::household::CHUNK;
use super::options::{SynthError, SynthOptions, TableSet};
use super::periods::Periods;
use super::person_years::simulate_batch;
use super::truth::Truth;
use super::world::World;

/// Chunks per row group when only checkups are written: larger row groups cost less and read faster,
/// and without claims they stay small.
const CHECKUP_CHUNKS: u64 = 4;

/// Batches that may be simulated or waiting at once, whatever the number of threads: this bounds
/// memory.
const MAX_WORKERS: usize = 8;

/// The work on all batches.
pub(super) struct Job<'a> {
    pub(super) options: &'a SynthOptions,
    pub(super) world: &'a World,
    pub(super) periods: &'a Periods,
    pub(super) tables: TableSet,
    pub(super) encoder: &'a BatchEncoder,
}

/// Lets workers run only a few batches ahead of what has been written.
#[derive(Default)]
struct Window {
    written: Mutex<u64>,
    moved: Condvar,
    is_over: AtomicBool,
}

impl Window {
    /// Waits until `batch` is fewer than `ahead` batches ahead; false when the run is over.
    fn wait_for(&self, batch: u64, ahead: u64) -> bool {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        while batch >= *written + ahead && !self.is_over.load(Ordering::Acquire) {
            written = self
                .moved
                .wait(written)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !self.is_over.load(Ordering::Acquire)
    }

    fn advance(&self, written_batches: u64) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = written_batches;
        self.moved.notify_all();
    }

    fn end(&self) {
        // Set under the lock: no worker can look before it is set and begin to wait after the wake-up.
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_over.store(true, Ordering::Release);
        drop(written);
        self.moved.notify_all();
    }
}

/// Ends the run when its thread panics: the others would wait for a batch that never comes.
struct EndOnPanic<'a>(&'a Window);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

impl Job<'_> {
    /// Persons per batch.
    fn batch_size(&self) -> u64 {
        match self.tables {
            TableSet::All => CHUNK,
            TableSet::Checkups => CHECKUP_CHUNKS * CHUNK,
        }
    }

    fn n_batches(&self) -> u64 {
        self.options.persons.div_ceil(self.batch_size())
    }

    fn batch(&self, batch: u64) -> Result<EncodedBatch, SynthError> {
        let first = batch * self.batch_size();
        let n = self.batch_size().min(self.options.persons - first);
        let persons = first..first + n;
        let rows = simulate_batch(self.world, self.periods, self.tables, persons);
        self.encoder.encode(self.world, rows)
    }

    /// Simulates, encodes and appends every batch. Returns the truth of all of them.
    pub(super) fn run(
        &self,
        open: &mut OpenFiles<'_>,
        progress: &dyn Fn(u64),
    ) -> Result<Truth, SynthError> {
        let workers = self.options.threads.clamp(1, MAX_WORKERS);
        let (next, window) = (AtomicU64::new(0), Window::default());
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let sender = sender.clone();
                let (next, window) = (&next, &window);
                scope.spawn(move || {
                    let _guard = EndOnPanic(window);
                    loop {
                        let batch = next.fetch_add(1, Ordering::Relaxed);
                        if batch >= self.n_batches() || !window.wait_for(batch, workers as u64 + 1)
                        {
                            return;
                        }
                        if sender.send((batch, self.batch(batch))).is_err() {
                            return;
                        }
                    }
                });
            }
            // The receiver ends when every sender is gone.
            drop(sender);
            let result = self.collect(&receiver, &window, open, progress);
            window.end();
            result
        })
    }

    /// Appends batches in order as they arrive.
    fn collect(
        &self,
        receiver: &mpsc::Receiver<(u64, Result<EncodedBatch, SynthError>)>,
        window: &Window,
        open: &mut OpenFiles<'_>,
        progress: &dyn Fn(u64),
    ) -> Result<Truth, SynthError> {
        let mut truth = Truth::new(self.world.setting.effects.len());
        let mut waiting = BTreeMap::new();
        let mut written = 0;
        for (batch, encoded) in receiver {
            waiting.insert(batch, encoded?);
            while let Some(encoded) = waiting.remove(&written) {
                truth.merge(&encoded.truth);
                open.append(encoded)?;
                written += 1;
                window.advance(written);
                progress((written * self.batch_size()).min(self.options.persons));
            }
        }
        Ok(truth)
    }
}
