//! A project is checked before a run, whatever it selects, takes anything in or builds anything, as `check` does it: a mistake in
//! the last query is found at once, not after the others were built. Nothing is planned again for a project that has not
//! changed since.

use super::error::JobError;
use super::options::JobOptions;
use super::workspace::Workspace;
use crate::session::Session;

/// What was checked last, beside the tables. Losing it costs a check.
const CHECKED: &str = ".checked";

/// Checks the project, unless it was checked as it is.
pub(super) async fn check_once(
    workspace: &Workspace,
    options: &JobOptions,
) -> Result<(), JobError> {
    let project = &workspace.project;
    let path = workspace.lake.root().join(CHECKED);
    let fingerprint = project.fingerprint();
    if fs_err::read_to_string(&path).is_ok_and(|checked| checked == fingerprint) {
        return Ok(());
    }
    let session = Session::new(&options.session)?;
    project.check_queries(&session).await?;
    // A failure only costs the same check next time.
    drop(fs_err::write(&path, fingerprint));
    Ok(())
}
