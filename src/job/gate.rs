//! The checks of the contracts before the queries of a run: what changed is counted, and a check of severity `error` that does not
//! pass stops the run.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::JobError;
use super::observers::Observers;
use super::workspace::Workspace;
use crate::checks::{self, CheckKind, CheckResult, ChecksError, Evaluation, MeasureUnit, Occasion};
use crate::diagnostic::{counted, thousands};
use crate::event::{CheckCounts, CheckStatus, CheckTally, RunEvent};
use crate::pipeline;
use crate::session::Session;

/// Evaluates the checks before the queries of a run; the caller holds the lake's lock.
pub(super) async fn gate(
    workspace: &Workspace,
    session: &Session,
    observers: &Observers,
) -> Result<(), JobError> {
    let last = pipeline::last_run(&workspace.lake).await?;
    let run_id = pipeline::LastRun::next_id(last.as_ref());
    let Evaluation { evaluated, results } =
        evaluate_checks(workspace, session, Some(run_id)).await?;
    if !evaluated.is_empty() {
        let counts = CheckCounts::of(&results);
        observers.tell(&RunEvent::ChecksEvaluated(counts));
    }
    let new: Vec<&CheckResult> = results
        .iter()
        .filter(|result| evaluated.contains(&result.check.table))
        .collect();
    if !new.is_empty() {
        observers.tell(&RunEvent::Checks(CheckTally {
            failed: failed(&new),
            counts: CheckCounts::of(new),
        }));
    }
    let stopping = results.iter().filter(|result| result.stops());
    let failed: Vec<String> = stopping.map(describe_result).collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(JobError::ChecksFailed { failed }),
    }
}

/// Counts what changed, for the run with the number `run_id` or for none, and judges all checks. The caller holds the lake's lock.
///
/// # Errors
/// When the lake cannot be read or written, or the engine fails.
pub async fn evaluate_checks(
    workspace: &Workspace,
    session: &Session,
    run_id: Option<i64>,
) -> Result<Evaluation, ChecksError> {
    let project = &workspace.project;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let occasion = Occasion {
        run_id,
        now: i64::try_from(now.as_micros()).unwrap_or_default(),
    };
    let lake = &workspace.lake;
    let session = &workspace.catalogue().session(session)?;
    checks::evaluate(session, lake, &project.contracts, &project.checks, occasion).await
}

/// What failed, as text. A delivery is named where it fails and its table as a whole does not.
fn failed(results: &[&CheckResult]) -> Vec<String> {
    let failed = || {
        let failed = results.iter();
        failed.filter(|result| result.status() == CheckStatus::Fail)
    };
    let whole = failed().filter(|result| result.delivery_id.is_none());
    let whole: BTreeSet<&str> = whole.map(|result| result.check.name.as_str()).collect();
    let is_reported = |result: &&&CheckResult| {
        result.delivery_id.is_none() || !whole.contains(result.check.name.as_str())
    };
    let reported = failed().filter(is_reported);
    reported.map(|result| describe_result(result)).collect()
}

/// A result as text: its check, numbers, threshold. No value of the data.
#[must_use]
pub fn describe_result(result: &CheckResult) -> String {
    let check = &result.check;
    let delivery = result
        .delivery_id
        .map_or(String::new(), |id| format!(" (delivery {id})"));
    let Some(measure) = result.measure else {
        let note = result.note.as_deref().unwrap_or("nothing to check");
        return format!("{}{delivery}: {note}", check.name);
    };
    let number = |value: f64| match MeasureUnit::of(check.kind) {
        MeasureUnit::Share | MeasureUnit::Change => format!("{:.2} %", value * 100.0),
        MeasureUnit::Days => counted(value.max(0.0) as u64, "day", "days"),
        MeasureUnit::Psi => format!("PSI {value:.3}"),
    };
    let of = match (
        MeasureUnit::of(check.kind),
        result.n_failed,
        result.n_checked,
    ) {
        (MeasureUnit::Share, Some(failed), Some(checked)) => {
            format!(" ({} of {})", thousands(failed), thousands(checked))
        }
        _ => String::new(),
    };
    let limit = check
        .threshold
        .map_or(String::new(), |threshold| match check.kind {
            CheckKind::Drift => format!(", notable from {} on", number(threshold)),
            _ => format!(", at most {}", number(threshold)),
        });
    format!("{}{delivery}: {}{of}{limit}", check.name, number(measure))
}
