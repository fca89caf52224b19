//! A thread that watches the time or a condition for others: the worker threads may be busy with one step for a long time.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::oneshot;

/// Ends after `limit`; never when there is none.
pub async fn time_is_up(limit: Option<Duration>) {
    match limit {
        Some(limit) => holds(limit, || true).await,
        None => std::future::pending().await,
    }
}

/// Ends when `condition` holds; it is looked at every `interval`, for the first time after one.
pub async fn holds(interval: Duration, condition: impl Fn() -> bool + Send + 'static) {
    // The thread ends when this future is dropped, because the sender goes with it.
    let (_alive, is_dropped): (Sender<()>, _) = channel();
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        while is_dropped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            if condition() {
                let _unless_dropped = sender.send(());
                return;
            }
        }
    });
    if receiver.await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn clock_rings_after_its_time_and_not_before() {
        let started = Instant::now();
        time_is_up(Some(Duration::from_millis(60))).await;
        assert!(started.elapsed() >= Duration::from_millis(60));
        let never = tokio::time::timeout(Duration::from_millis(60), time_is_up(None));
        assert!(never.await.is_err());
    }

    #[tokio::test]
    async fn condition_is_looked_at_again_and_again() {
        let n_looks = AtomicUsize::new(0);
        holds(Duration::from_millis(5), move || {
            n_looks.fetch_add(1, Ordering::Relaxed) == 2
        })
        .await;
    }
}
