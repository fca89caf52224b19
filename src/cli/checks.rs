//! `korabo checks`: the checks that follow from the contracts, and what they found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use console::Alignment;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::checks::{Check, CheckResult, MeasureUnit};
use crate::diagnostic::{FailureKind, did_you_mean, thousands};
use crate::event::{CheckCounts, CheckStatus};
use crate::job::{self, describe_result};
use crate::pipeline::{self, Project};

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
        let text = listed(&asked(&project.checks, &args.tables), printer);
        printer.data(text.as_bytes())?;
        return Ok(0);
    }
    let workspace = workspace::load(global)?;
    known(&args.tables, &workspace.project)?;
    let _lock = workspace.lake.lock()?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let session = workspace::session(global)?;
    let evaluation = job::evaluate_checks(&workspace, &session, None).await?;
    if !evaluation.evaluated.is_empty() {
        let counts = CheckCounts::of(&evaluation.results);
        printer.note(&counts_line(&counts));
    }
    let results = evaluation.results.iter();
    let shown: Vec<&CheckResult> = results
        .filter(|result| is_asked(&result.check, &args.tables))
        .collect();
    let heading = printer.heading(&[
        ("table", 24, Alignment::Left),
        ("checks", 7, Alignment::Right),
        ("pass", 7, Alignment::Right),
        ("warn", 7, Alignment::Right),
        ("fail", 7, Alignment::Right),
        ("not applicable", 15, Alignment::Right),
    ]);
    let text = shown_text(&shown, args.all, printer);
    printer.data(format!("{heading}{text}").as_bytes())?;
    match shown.iter().any(|result| result.stops()) {
        true => Ok(FailureKind::Quality.exit_code()),
        false => Ok(0),
    }
}

/// Checks by how they ended, in a line.
pub(super) fn counts_line(counts: &CheckCounts) -> String {
    format!(
        "{:<24} {} pass, {} warn, {} fail, {} not applicable",
        "checks",
        thousands(counts.n_pass),
        thousands(counts.n_warn),
        thousands(counts.n_fail),
        thousands(counts.n_not_applicable)
    )
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

fn listed(checks: &[&Check], printer: &Printer) -> String {
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
            MeasureUnit::of(check.kind).as_str(),
            printer.say(&check.description)
        );
    }
    text
}

/// Counts by table, then results that do not pass, or all of them.
fn shown_text(results: &[&CheckResult], all: bool, printer: &Printer) -> String {
    let mut text = String::new();
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
    let is_shown = |result: &&&CheckResult| all || result.status() >= CheckStatus::Warn;
    let mut shown: Vec<&&CheckResult> = results.iter().filter(is_shown).collect();
    shown.sort_by_key(|result| std::cmp::Reverse(result.status()));
    if !shown.is_empty() {
        text.push('\n');
    }
    for result in shown {
        let severity = match result.status() {
            CheckStatus::Fail => result.check.severity.as_str(),
            _ => "",
        };
        let status = printer.say(result.status().as_str());
        let status = console::pad_str(&status, 14, Alignment::Left, None);
        let _ = writeln!(
            text,
            "{status} {severity:<5} {}",
            printer.say(&describe_result(result))
        );
    }
    text
}
