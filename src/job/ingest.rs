//! Ingest of new extracts: as a job of its own, and as the first step of a run.

use super::ending::EndedJob;
use super::error::JobError;
use super::observers::Observers;
use super::options::JobOptions;
use super::stop::{StopReason, until};
use super::workspace::Workspace;
use crate::event::{Observer, RunEvent};
use crate::ingest::{self, DeliverySelection, IngestSummary};
use crate::pipeline;

/// Ingests the deliveries that are wanted, and nothing else. It is not written into the history.
///
/// # Errors
/// Why it did not begin, as when another job holds the lake. How it ended once it began is in the value.
pub async fn ingest(
    workspace: &Workspace,
    options: &JobOptions,
    wanted: DeliverySelection<'_>,
    observer: Observer,
    stop: impl Future<Output = StopReason>,
) -> Result<EndedJob<IngestSummary>, JobError> {
    let lock = workspace.lake.lock()?;
    let command = ("ingest", None);
    let observers = Observers::begin(workspace, options, observer, command, || None).await?;
    let result = until(stop, ingest_new(workspace, wanted, &observers)).await;
    observers.tell(&RunEvent::WorkEnded);
    Ok(EndedJob::of_ingest(result, observers, lock))
}

/// Ingests what is wanted, unless the lake has lost something; the caller holds the lake's lock.
pub(super) async fn ingest_new(
    workspace: &Workspace,
    wanted: DeliverySelection<'_>,
    observers: &Observers,
) -> Result<IngestSummary, JobError> {
    let project = &workspace.project;
    pipeline::require_whole(project, &workspace.lake).await?;
    let observer = observers.observer();
    let summary = ingest::ingest(
        &project.config,
        &project.contracts,
        &workspace.lake,
        wanted,
        &move |event| observer.tell(&RunEvent::Delivery(event)),
    )
    .await?;
    if summary.n_known > 0 {
        observers.tell(&RunEvent::KnownFiles {
            n_files: summary.n_known,
            n_outdated: summary.n_outdated,
        });
    }
    Ok(summary)
}
