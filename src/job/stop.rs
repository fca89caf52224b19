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
    /// Signals cannot be listened for, so that nothing could stop it later.
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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::job::JobError;

    #[tokio::test]
    async fn what_ends_first_decides() {
        let done: Result<u8, JobError> = until(pending(), ready(Ok(7))).await;
        assert_eq!(done.unwrap(), 7);
        let stopped: Result<u8, JobError> = until(ready(StopReason::Terminate), pending()).await;
        let error = stopped.unwrap_err();
        assert!(matches!(error, JobError::Stopped(StopReason::Terminate)));
        assert_eq!(error.to_string(), "stopped by SIGTERM");
    }
}
