//! What the command line adds to a job: the options it gives it, and what it prints of its end.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::progress::Progress;
use super::watch::{self, Signal};
use super::workspace;
use crate::diagnostic::FailureKind;
use crate::event::Observer;
use crate::job::{self, EndedJob, Job, JobEnding, JobOptions, Totals};

/// Environment variable with the time a scheduler planned the run for (RFC 3339).
pub(super) const NOMINAL_START: &str = "KORABO_NOMINAL_START";

/// The options of a job that the arguments and the environment mean.
pub(super) fn options(global: &GlobalArgs) -> JobOptions {
    JobOptions {
        session: global.session_options(),
        lang: global.lang.into(),
        nominal_start: nominal_start(),
        // A scheduler that traces says which of its spans the run belongs to.
        trace_parent: variable("TRACEPARENT"),
        variable,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The time a scheduler planned this run for. What is no time is as if nothing was said.
fn nominal_start() -> Option<DateTime<Utc>> {
    let text = variable(NOMINAL_START)?;
    Some(DateTime::parse_from_rfc3339(&text).ok()?.to_utc())
}

/// An observer that prints what happens.
pub(super) fn observer(printer: &Printer) -> Observer {
    let mut observer = Observer::default();
    observer.add(Box::new(Progress::new(printer)));
    observer
}

/// Does the job, prints how it ended and returns the exit code: `nothing_new_code` when there was nothing to do.
pub(super) async fn carry_out(
    job: &Job,
    nothing_new_code: u8,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let ended = job::run(job, observer(printer), watch::stop(signal)).await?;
    let EndedJob {
        result,
        unrecorded,
        totals,
        ending,
    } = ended;
    let failure = result.err().map(|error| {
        let failure = Failure::from(error);
        match unrecorded.map(Failure::from) {
            None => failure,
            Some(unrecorded) => {
                let what = format!("the run is not in the history: {}", unrecorded.message);
                failure.hint(what)
            }
        }
    });
    if let Some(failure) = &failure {
        printer.failure(failure);
    }
    if ending.is_stopped() {
        printer.note("stopped; what was published stays, `korabo retry` or `korabo run` continues");
    }
    let exit_code = match &failure {
        Some(failure) => failure.kind.exit_code(),
        None if totals.is_nothing_new() => nothing_new_code,
        None => 0,
    };
    tell(&ending, exit_code, printer).await;
    printer.summary(&summary(&totals, ending.elapsed()));
    Ok(exit_code)
}

/// Tells the observers of a job how it ended. What one of them could not do is a warning.
pub(super) async fn tell(ending: &JobEnding, exit_code: u8, printer: &Printer) {
    for problem in ending.tell(exit_code).await {
        printer.warning(&problem);
    }
}

/// The last line of a run.
fn summary(totals: &Totals, elapsed: Duration) -> String {
    format!(
        "ok={} skipped={} rejected_rows={} failed={} seconds={:.1}",
        totals.n_ok,
        totals.n_skipped,
        totals.n_rejected_rows,
        totals.n_failed,
        elapsed.as_secs_f64()
    )
}

/// The exit code of a command that began, or of one that a failure kept from beginning: that is printed, and whom the project file
/// names is notified.
pub(super) fn begun(
    ran: Result<u8, Failure>,
    command: &str,
    global: &GlobalArgs,
    printer: &Printer,
) -> u8 {
    let failure = match ran {
        Ok(exit_code) => return exit_code,
        Err(failure) => failure,
    };
    printer.failure(&failure);
    let exit_code = failure.kind.exit_code();
    let options = options(global);
    if failure.kind == FailureKind::Locked && options.nominal_start.is_some() {
        // `korabo schedule` waits for the other run.
        return exit_code;
    }
    if let Ok(folder) = workspace::folder(global) {
        let causes = failure.lines();
        for problem in job::notify_not_begun(&folder, &options, command, exit_code, &causes) {
            printer.warning(&problem);
        }
    }
    exit_code
}
