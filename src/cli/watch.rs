//! A thread that watches signals for others: the worker threads may be busy with one step for a long time.

use std::ops::ControlFlow;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::failure::Failure;
use crate::job::{self, StopReason};

/// Tells once when the process is asked to stop.
pub(super) type Signal = oneshot::Receiver<StopReason>;

/// Waits for a signal to stop from now on.
pub(super) fn signalled() -> Signal {
    let (sender, receiver) = oneshot::channel();
    let mut sender = Some(sender);
    on_signals(move |reason| {
        if let Some(sender) = sender.take() {
            // The work may have ended first.
            drop(sender.send(reason));
        }
        ControlFlow::Break(())
    });
    receiver
}

/// Calls `act` at SIGINT and SIGTERM, and when they cannot be listened for, until it breaks off.
pub(super) fn on_signals(mut act: impl FnMut(StopReason) -> ControlFlow<()> + Send + 'static) {
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let listened = runtime
            .enable_all()
            .build()
            .and_then(|runtime| runtime.block_on(listen(&mut act)));
        if let Err(error) = listened {
            let _ends_anyway = act(StopReason::Unheard(error));
        }
    });
}

async fn listen(act: &mut impl FnMut(StopReason) -> ControlFlow<()>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        let reason = tokio::select! {
            _ = interrupt.recv() => StopReason::Interrupt,
            _ = terminate.recv() => StopReason::Terminate,
        };
        if act(reason).is_break() {
            return Ok(());
        }
    }
}

/// Ends when the process is asked to stop. What panics from then on does so in silence: the summary is to be the last line, and a
/// half-written file that is dropped in another thread may still complain.
pub(super) async fn stop(signal: &mut Signal) -> StopReason {
    match signal.await {
        Ok(reason) => {
            std::panic::set_hook(Box::new(|_| ()));
            reason
        }
        Err(_) => std::future::pending().await,
    }
}

/// Runs `work` until it ends or the process is asked to stop.
pub(super) async fn until_signal<T>(
    work: impl Future<Output = Result<T, Failure>>,
    signal: &mut Signal,
) -> Result<T, Failure> {
    job::until(stop(signal), work).await
}
