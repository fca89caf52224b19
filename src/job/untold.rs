//! Runs whose own process cannot tell how they ended: one that was killed, one that could not begin.

use std::path::Path;

use super::error::JobError;
use super::options::JobOptions;
use super::workspace::Workspace;
use crate::config::{NotifyConfig, ProjectConfig};
use crate::event::{Observer, RunEvent};
use crate::observe::{self, InterruptedRun, Notifier, UntoldRun};
use crate::pipeline;

/// The command that makes a run.
pub(super) fn command_of(retry_of: Option<i64>) -> &'static str {
    match retry_of {
        None => "run",
        Some(_) => "retry",
    }
}

/// Sends the notifications that the project file in `folder` asks for.
pub(super) fn notifier(config: &NotifyConfig, folder: &Path, options: &JobOptions) -> Notifier {
    let url = config.url.clone();
    let url = url.or_else(|| options.named(config.url_env.as_ref()));
    Notifier::new(config.clone(), folder.to_path_buf(), url)
}

/// Removes what a run that was killed left unfinished, writes it into the history, and tells of it; the caller holds the
/// lake's lock.
pub(super) async fn recover(
    workspace: &Workspace,
    options: &JobOptions,
    observer: &Observer,
) -> Result<(), JobError> {
    let lake = &workspace.lake;
    lake.remove_unfinished()?;
    let Some(InterruptedRun { mut run, steps }) = observe::interrupted(lake) else {
        return Ok(());
    };
    let last = pipeline::last_run(lake).await?;
    run.run_id = pipeline::LastRun::next_id(last.as_ref());
    pipeline::record_run(lake, &run, &steps).await?;
    observe::forget_interrupted(lake).map_err(JobError::Notes)?;
    observer.tell(&RunEvent::Recovered { run_id: run.run_id });
    let config = &workspace.project.config;
    if let Some(notify) = &config.observability.notify {
        let command = command_of(run.retry_of);
        let notifier = notifier(notify, &config.folder, options);
        for problem in notifier.tell_of(UntoldRun::Killed(&run), &config.name, command) {
            observer.tell(&RunEvent::Warning(problem));
        }
    }
    Ok(())
}

/// Notifies whom the project file in `folder` names of a `command` that could not begin: `causes` say why, a line each. Returns
/// what could not be done. A project file without notifications, or that cannot be read, sends nothing.
#[must_use]
pub fn notify_not_begun(
    folder: &Path,
    options: &JobOptions,
    command: &str,
    exit_code: u8,
    causes: &[String],
) -> Vec<String> {
    let Some((config, project)) = ProjectConfig::notified(folder) else {
        return Vec::new();
    };
    let run = UntoldRun::NotBegun { exit_code, causes };
    notifier(&config, folder, options).tell_of(run, &project, command)
}
