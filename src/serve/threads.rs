//! Threads of one statement. Some of the engine's steps do not yield for long; on shared threads such a statement would hold
//! up those of others, also after it was stopped. So each statement has its own, between which the machine divides its time,
//! and what it occupies (its place among its user's statements) is free when they have ended, not before. What they allocate
//! counts for the statement.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use datafusion::common::runtime::SpawnedTask;
use futures::FutureExt as _;
use futures::future::Fuse;
use korabo_memory::Account;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tonic::Status;

use super::memory::Watch;
use crate::session::{JOIN_THREADS, THREAD_STACK};

/// How long threads may take to end: without limit, in a form that can be added to a time.
const LONG: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Threads of a statement that may read files or estimate at once, beside those of its joins.
const READERS: usize = 8;
/// How long one of them waits for the next file.
const READER_KEPT: Duration = Duration::from_millis(200);

/// A runtime that ends with this, and `H`, which is dropped after it.
pub(super) struct Threads<H: Send + 'static> {
    handle: Handle,
    /// Gone when it was let go.
    occupied: Option<H>,
    stop: mpsc::Sender<H>,
    ended: Option<oneshot::Receiver<()>>,
    account: Arc<Account>,
    /// Resolves when they are to end because of what they hold.
    pub(super) too_large: Fuse<oneshot::Receiver<()>>,
}

impl<H: Send + 'static> Threads<H> {
    /// Starts `n` threads for what occupies `occupied`; what they hold is watched.
    pub(super) async fn start(n: usize, occupied: H, watch: &Arc<Watch>) -> Result<Self, Status> {
        let (entry, too_large) = watch.add().ok_or_else(|| {
            Status::resource_exhausted("too many statements run already; try again later")
        })?;
        let (account, counted) = (entry.account(), entry.account());
        let (stop, stopped) = mpsc::channel::<H>();
        let (started, handle) = oneshot::channel();
        let (is_over, ended) = oneshot::channel();
        let keeper = std::thread::Builder::new().stack_size(THREAD_STACK);
        let keeper = keeper.spawn(move || {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(n).thread_stack_size(THREAD_STACK);
            // Threads that read files. The allocator frees what one of them allocated, and another released, when it ends.
            builder.max_blocking_threads(JOIN_THREADS + READERS.max(n));
            builder.thread_keep_alive(READER_KEPT);
            builder.on_thread_start(move || counted.enter());
            builder.on_thread_stop(korabo_memory::leave);
            let runtime = match builder.enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    drop(started.send(Err(error)));
                    return;
                }
            };
            drop(started.send(Ok(runtime.handle().clone())));
            // An error: no one waits, and it is over as well.
            let occupied = stopped.recv();
            runtime.shutdown_timeout(LONG);
            drop((occupied, entry));
            drop(is_over);
        });
        let no_threads = |error: std::io::Error| {
            Status::resource_exhausted(format!("the machine has no threads left: {error}"))
        };
        keeper.map_err(no_threads)?;
        let lost = |_| Status::internal("the statement's threads did not start");
        Ok(Self {
            handle: handle.await.map_err(lost)?.map_err(no_threads)?,
            occupied: Some(occupied),
            stop,
            ended: Some(ended),
            account,
            too_large: too_large.fuse(),
        })
    }

    /// What is occupied.
    pub(super) fn occupied(&mut self) -> Option<&mut H> {
        self.occupied.as_mut()
    }

    /// Takes bytes out of what the threads hold, which others release.
    pub(super) fn hand_over(&self, bytes: usize) {
        self.account.release(bytes);
    }

    /// Runs something on these threads; it ends with the handle.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> SpawnedTask<T> {
        let _entered = self.handle.enter();
        SpawnedTask::spawn(work)
    }

    /// Lets go and waits for the end of the threads, which have nothing to do any more.
    pub(super) async fn end(mut self) {
        let ended = self.ended.take();
        drop(self);
        if let Some(ended) = ended {
            // An error is the end.
            let _ = ended.await;
        }
    }
}

impl<H: Send + 'static> Drop for Threads<H> {
    fn drop(&mut self) {
        if let Some(occupied) = self.occupied.take() {
            drop(self.stop.send(occupied));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use tokio::sync::Semaphore;

    use super::*;

    fn watch() -> Arc<Watch> {
        Watch::start(1 << 30).unwrap()
    }

    #[tokio::test]
    async fn a_place_is_free_when_the_threads_have_ended_and_not_before() {
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let threads = Threads::start(1, place, &watch()).await.unwrap();
        let goes_on = Arc::new(AtomicBool::new(true));
        let is_busy = Arc::clone(&goes_on);
        let (began, begun) = oneshot::channel();
        let task = threads.spawn(async move {
            began.send(()).unwrap();
            // A step that does not yield.
            while is_busy.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        begun.await.unwrap();
        drop((task, threads));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(places.available_permits(), 0);
        goes_on.store(false, Ordering::Relaxed);
        let limit = Duration::from_secs(60);
        drop(tokio::time::timeout(limit, places.acquire()).await.unwrap());
    }

    #[tokio::test]
    async fn threads_without_work_end_at_once() {
        let threads = Threads::start(2, (), &watch()).await.unwrap();
        assert_eq!(threads.spawn(async { 7 }).join().await.unwrap(), 7);
        let started = Instant::now();
        threads.end().await;
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
