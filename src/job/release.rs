//! Tables that leave at the end of a run: all that the project defines and that have changed.

use super::error::JobError;
use super::observers::Observers;
use super::workspace::Workspace;
use crate::event::RunEvent;
use crate::release::{self, ReleaseOutcome};
use crate::session::Session;

/// Who runs the program: the user of the system, by number, which no setting of the user's changes.
#[must_use]
pub fn person() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

/// Releases what has changed.
pub(super) async fn release_all(
    workspace: &Workspace,
    session: &Session,
    observers: &Observers,
) -> Result<(), JobError> {
    let releases = &workspace.releases;
    let names = releases.definitions.iter();
    let names: Vec<String> = names.map(|definition| definition.name.clone()).collect();
    let (project, lake) = (&workspace.project, &workspace.lake);
    let released =
        release::release(project, lake, session, releases, (&names, false), &person()).await?;
    let has_changed =
        |released: &release::ReleaseResult| released.outcome != ReleaseOutcome::AsBefore;
    for released in released.into_iter().filter(has_changed) {
        observers.tell(&RunEvent::TableReleased {
            has_left: released.outcome == ReleaseOutcome::New,
            name: released.name,
            path: released.file,
            n_rows: released.certificate.n_rows,
            n_withheld: released.certificate.withheld.values().sum(),
        });
    }
    Ok(())
}
