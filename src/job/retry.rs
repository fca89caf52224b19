//! The last run again, from where it failed.

use super::error::JobError;
use super::options::JobOptions;
use super::run::Job;
use super::untold::recover;
use super::workspace::Workspace;
use crate::event::Observer;
use crate::pipeline;

/// What there is to retry.
pub enum Retry {
    /// Nothing: there was no run yet.
    NoRun,
    /// Nothing: the last run did not fail.
    DidNotFail {
        /// Its number.
        run_id: i64,
    },
    /// What the last run did not build, and what depends on it.
    Job {
        /// The number of the last run.
        run_id: i64,
        /// What is to be done.
        job: Box<Job>,
    },
}

/// Finds what the last run left to do. `observer` is notified when that run was killed.
///
/// # Errors
/// When the lake cannot be read.
pub async fn retry(
    workspace: Workspace,
    options: JobOptions,
    observer: &Observer,
) -> Result<Retry, JobError> {
    // While another run holds the lake, its notes are its own.
    if let Ok(_lock) = workspace.lake.lock() {
        recover(&workspace, &options, observer).await?;
    }
    let last = match pipeline::last_run(&workspace.lake).await? {
        None => return Ok(Retry::NoRun),
        Some(last) if last.is_ok() => {
            return Ok(Retry::DidNotFail {
                run_id: last.run_id,
            });
        }
        Some(last) => last,
    };
    let dag = &workspace.project.dag;
    let mut selected = pipeline::with_dependents(dag, &last.unfinished());
    selected.retain(|name| {
        let was_selected = last.steps.iter().any(|(step, _)| step == name);
        was_selected && dag.query(name).is_some()
    });
    let job = Job {
        selected,
        selection: None,
        takes_in: last.ended_before_steps(),
        selection_text: last.selection,
        full_refresh: last.full_refresh,
        retry_of: Some(last.run_id),
        options,
        workspace,
    };
    Ok(Retry::Job {
        run_id: last.run_id,
        job: Box::new(job),
    })
}
