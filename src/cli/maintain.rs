//! `korabo maintain`: joins small files, removes files of superseded versions after their time, shortens logs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{TimeDelta, Utc};
use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::{FailureKind, counted, did_you_mean, thousands};
use crate::ingest;
use crate::job::Workspace;
use crate::lake::Upkeep;
use crate::pipeline::{self, RUN_STEPS, RUNS, TEST_RESULTS};

/// Arguments of `maintain`.
#[derive(Debug, Args)]
pub(super) struct MaintainArgs {
    /// Tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Keep files of superseded versions for so many days [default: the project's `keep_days`, 30]
    #[arg(long, value_name = "N")]
    keep_days: Option<u32>,
    /// Say what would be done; change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    args: &MaintainArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let lake = &workspace.lake;
    let _lock = lake.lock()?;
    let _files = lake.lock_files()?;
    // Files that a lost commit names may still be there for repair.
    pipeline::require_whole(&workspace.project, lake).await?;
    let days = args.keep_days.unwrap_or(workspace.project.config.keep_days);
    let keep_since = Utc::now() - TimeDelta::days(i64::from(days));
    let mut text =
        row(["table", "files", "after", "MB on disk", "after", "freed"].map(str::to_owned));
    let (mut freed, mut n_joined) = (0, 0);
    for name in names(&workspace, &args.tables)? {
        let upkeep = match args.dry_run {
            true => lake.rehearse_maintain(&name, keep_since).await?,
            false => lake.maintain(&name, keep_since).await?,
        };
        freed += upkeep.bytes_freed;
        n_joined += upkeep.files_before.saturating_sub(upkeep.files_after);
        text.push_str(&line(&name, &upkeep));
    }
    printer.data(text.as_bytes())?;
    let what = match args.dry_run {
        true => "would free",
        false => "freed",
    };
    let files = counted(n_joined, "file fewer", "files fewer");
    let kept = counted(u64::from(days), "day", "days");
    printer.note(&format!(
        "{files}; {what} {} MB; earlier versions stay for {kept}",
        megabytes(freed)
    ));
    Ok(0)
}

/// The tables asked for, or all, and folders that a killed run began.
fn names(workspace: &Workspace, asked: &[String]) -> Result<BTreeSet<String>, Failure> {
    let mut known: BTreeSet<String> = workspace.lake.table_names()?.into_iter().collect();
    let project = &workspace.project;
    let contracts = project.contracts.iter().map(|contract| &contract.name);
    let raw = contracts.flat_map(|name| [name.clone(), ingest::rejects_table(name)]);
    let queries = project.dag.queries().iter().map(|query| query.name.clone());
    let own = [ingest::DELIVERIES, RUNS, RUN_STEPS, TEST_RESULTS].map(str::to_owned);
    let folders = raw.chain(queries).chain(own);
    known.extend(folders.filter(|name| workspace.lake.root().join(name).is_dir()));
    if asked.is_empty() {
        return Ok(known);
    }
    for name in asked {
        if !known.contains(name) {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            let message = format!("no table `{name}` in the lake{hint}");
            return Err(Failure::new(FailureKind::Project, message));
        }
    }
    Ok(asked.iter().cloned().collect())
}

fn line(name: &str, upkeep: &Upkeep) -> String {
    row([
        name.to_owned(),
        thousands(upkeep.files_before),
        thousands(upkeep.files_after),
        megabytes(upkeep.bytes_before),
        megabytes(upkeep.bytes_after),
        megabytes(upkeep.bytes_freed),
    ])
}

fn row(cells: [String; 6]) -> String {
    let [table, files, files_after, bytes, bytes_after, freed] = cells;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{table:<34} {files:>7} {files_after:>7} {bytes:>12} {bytes_after:>12} {freed:>12}"
    );
    text
}

/// Bytes as megabytes with two decimals.
fn megabytes(bytes: u64) -> String {
    let hundredths = bytes.div_ceil(10_000);
    format!("{}.{:02}", thousands(hundredths / 100), hundredths % 100)
}
