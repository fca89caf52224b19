//! Stopping a job from outside.

use crate::diagnostic::FailureKind;

/// Why a job is asked to stop.
#[derive(Debug, thiserror::Error)]
pub enum StopReason {
    /// SIGINT.
    #[error("stopped by Ctrl-C")]
    Interrupt,
    /// SIGTERM.
    #[error("stopped by SIGTERM")]
    Terminate,
    /// Nobody could stop it later.
    #[error("cannot listen for signals")]
    Unheard(#[source] std::io::Error),
}

impl StopReason {
    /// Which exit code it leads to.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Interrupt => FailureKind::Interrupted,
            Self::Terminate => FailureKind::Terminated,
            Self::Unheard(_) => FailureKind::Internal,
        }
    }
}

/// Runs `work` until it ends or `stop` does; then `work` is dropped.
///
/// # Errors
/// Those of `work`, and the reason of the stop.
pub async fn until<T, E: From<StopReason>>(
    stop: impl Future<Output = StopReason>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        result = Box::pin(work) => result,
        reason = stop => Err(reason.into()),
    }
}
