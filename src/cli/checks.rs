//! `korabo checks`: the checks that follow from the contracts, and what they found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::observed::Observed;
use super::printer::Printer;
use super::workspace::{self, Workspace};
use crate::checks::{
    self, Check, CheckCounts, CheckKind, CheckResult, ChecksError, Evaluation, Occasion, Status,
    Unit,
};
use crate::diagnostic::{FailureKind, counted, did_you_mean, thousands};
use crate::event::{CheckTally, RunEvent};
use crate::pipeline::{self, PipelineError, Project};
use crate::session::Session;

/// Arguments of `checks`.
#[derive(Debug, Args)]
pub(super) struct ChecksArgs {
    /// Raw tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Show the checks with their thresholds; read no data
    #[arg(long)]
    list: bool,
    /// Show every result, not only those that do not pass
    #[arg(long, conflicts_with = "list")]
    all: bool,
}

pub(super) async fn run(
    args: &ChecksArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    if args.list {
        let project = Project::load(workspace::config(global)?)?;
        known(&args.tables, &project)?;
        printer.data(listed(&asked(&project.checks, &args.tables)).as_bytes())?;
        return Ok(0);
    }
    let workspace = Workspace::load(global)?;
    known(&args.tables, &workspace.project)?;
    let _lock = workspace.lake.lock()?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let session = Workspace::session(global)?;
    let evaluation = evaluate(&workspace, &session, None, printer).await?;
    let results = evaluation.results.iter();
    let shown: Vec<&CheckResult> = results
        .filter(|result| is_asked(&result.check, &args.tables))
        .collect();
    printer.data(shown_text(&shown, args.all).as_bytes())?;
    match shown.iter().any(|result| result.stops()) {
        true => Ok(FailureKind::Quality.exit_code()),
        false => Ok(0),
    }
}

/// Before the queries of a run: counts what changed, says so, and stops when a check of severity `error` does not pass. The caller holds
/// the lake's lock.
pub(super) async fn gate(
    workspace: &Workspace,
    session: &Session,
    observed: &Observed,
    printer: &Printer,
) -> Result<(), Failure> {
    let last = pipeline::last_run(&workspace.lake).await?;
    let run_id = pipeline::LastRun::next_id(last.as_ref());
    let Evaluation { evaluated, results } =
        evaluate(workspace, session, Some(run_id), printer).await?;
    let new: Vec<&CheckResult> = results
        .iter()
        .filter(|result| evaluated.contains(&result.check.table))
        .collect();
    if !new.is_empty() {
        observed.tell(&RunEvent::Checks(CheckTally {
            failed: failed(&new),
            counts: CheckCounts::of(new),
        }));
    }
    let stopping: Vec<String> = results
        .iter()
        .filter(|result| result.stops())
        .map(described)
        .collect();
    let Some(first) = stopping.first() else {
        return Ok(());
    };
    let n = counted(stopping.len() as u64, "check", "checks");
    let mut failure = Failure::new(
        FailureKind::Quality,
        format!("{n} of severity `error` failed; no table was built"),
    );
    failure.causes = match stopping.len() {
        1 => vec![first.clone()],
        _ => stopping,
    };
    Err(failure.hint(
        "`korabo checks` shows them; mend the extracts, or change `[[checks]]` in korabo.toml",
    ))
}

/// What failed, in words. A delivery is named where it fails and its table as a whole does not.
fn failed(results: &[&CheckResult]) -> Vec<String> {
    let failed = || {
        let failed = results.iter();
        failed.filter(|result| result.status() == Status::Fail)
    };
    let whole = failed().filter(|result| result.delivery_id.is_none());
    let whole: BTreeSet<&str> = whole.map(|result| result.check.name.as_str()).collect();
    let is_told = |result: &&&CheckResult| {
        result.delivery_id.is_none() || !whole.contains(result.check.name.as_str())
    };
    let told = failed().filter(is_told);
    told.map(|result| described(result)).collect()
}

async fn evaluate(
    workspace: &Workspace,
    session: &Session,
    run_id: Option<i64>,
    printer: &Printer,
) -> Result<Evaluation, Failure> {
    let project = &workspace.project;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let occasion = Occasion {
        run_id,
        now: i64::try_from(now.as_micros()).unwrap_or_default(),
    };
    let lake = &workspace.lake;
    let evaluation =
        checks::evaluate(session, lake, &project.contracts, &project.checks, occasion).await?;
    if !evaluation.evaluated.is_empty() {
        let counts = CheckCounts::of(&evaluation.results);
        printer.note(&format!(
            "{:<24} {} pass, {} warn, {} fail, {} not applicable",
            "checks",
            thousands(counts.n_pass),
            thousands(counts.n_warn),
            thousands(counts.n_fail),
            thousands(counts.n_not_applicable)
        ));
    }
    Ok(evaluation)
}

impl From<ChecksError> for Failure {
    fn from(error: ChecksError) -> Self {
        match error {
            ChecksError::Lake(error) => error.into(),
            ChecksError::Session(error) => error.into(),
            error => PipelineError::from(error).into(),
        }
    }
}

fn known(tables: &[String], project: &Project) -> Result<(), Failure> {
    let names = || {
        project
            .contracts
            .iter()
            .map(|contract| contract.name.as_str())
    };
    match tables
        .iter()
        .find(|table| names().all(|name| name != table.as_str()))
    {
        None => Ok(()),
        Some(table) => Err(Failure::new(
            FailureKind::Project,
            format!(
                "no contract is called `{table}`{}",
                did_you_mean(table, names())
            ),
        )),
    }
}

fn is_asked(check: &Check, tables: &[String]) -> bool {
    tables.is_empty() || tables.contains(&check.table)
}

fn asked<'c>(checks: &'c [Check], tables: &[String]) -> Vec<&'c Check> {
    checks
        .iter()
        .filter(|check| is_asked(check, tables))
        .collect()
}

fn listed(checks: &[&Check]) -> String {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let threshold = check
            .threshold
            .map_or_else(|| "-".to_owned(), |value| value.to_string());
        let _ = writeln!(
            text,
            "{:<width$} {:<5} {threshold:>5} {:<6} {}",
            check.name,
            check.severity.as_str(),
            Unit::of(check.kind).as_str(),
            check.description
        );
    }
    text
}

/// Counts by table, then results that do not pass, or all of them.
fn shown_text(results: &[&CheckResult], all: bool) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<24} {:>7} {:>7} {:>7} {:>7} {:>15}",
        "table", "checks", "pass", "warn", "fail", "not applicable"
    );
    let mut by_table: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for result in results {
        by_table
            .entry(&result.check.table)
            .or_default()
            .push(result);
    }
    for (table, results) in by_table {
        let counts = CheckCounts::of(results);
        let _ = writeln!(
            text,
            "{table:<24} {:>7} {:>7} {:>7} {:>7} {:>15}",
            thousands(counts.n_checks()),
            thousands(counts.n_pass),
            thousands(counts.n_warn),
            thousands(counts.n_fail),
            thousands(counts.n_not_applicable)
        );
    }
    let is_shown = |result: &&&CheckResult| all || result.status() >= Status::Warn;
    let mut shown: Vec<&&CheckResult> = results.iter().filter(is_shown).collect();
    shown.sort_by_key(|result| std::cmp::Reverse(result.status()));
    if !shown.is_empty() {
        text.push('\n');
    }
    for result in shown {
        let severity = match result.status() {
            Status::Fail => result.check.severity.as_str(),
            _ => "",
        };
        let status = result.status().as_str();
        let _ = writeln!(text, "{status:<14} {severity:<5} {}", described(result));
    }
    text
}

/// A result in words: its check, numbers, threshold. No value of the data.
fn described(result: &CheckResult) -> String {
    let check = &result.check;
    let delivery = result
        .delivery_id
        .map_or(String::new(), |id| format!(" (delivery {id})"));
    let Some(measure) = result.measure else {
        let note = result.note.as_deref().unwrap_or("nothing to check");
        return format!("{}{delivery}: {note}", check.name);
    };
    let number = |value: f64| match Unit::of(check.kind) {
        Unit::Share | Unit::Change => format!("{:.2} %", value * 100.0),
        Unit::Days => counted(value.max(0.0) as u64, "day", "days"),
        Unit::Psi => format!("PSI {value:.3}"),
    };
    let of = match (Unit::of(check.kind), result.n_failed, result.n_checked) {
        (Unit::Share, Some(failed), Some(checked)) => {
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
