//! `korabo status`: the lake's tables, their versions and sizes, and which are stale.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use console::Alignment;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::{FailureKind, thousands};
use crate::lake::LakeError;
use crate::pipeline::{self, Work};

const UP_TO_DATE: &str = "up to date";
const NOT_BUILT: &str = "not built yet";
const DAMAGED: &str = "damaged";

pub(super) async fn run(global: &GlobalArgs, printer: &Printer) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let losses = pipeline::losses(&workspace.project, &workspace.lake).await?;
    let work = Work::everything(&workspace.project.dag);
    let nothing = BTreeSet::new();
    let planned = match losses.iter().any(is_damaged) {
        // What is stale cannot be determined either.
        true => Vec::new(),
        false => pipeline::plan(&workspace.project, &workspace.lake, &work, &nothing).await?,
    };
    let mut text = heading(printer);
    for name in workspace.lake.table_names()? {
        let table = match workspace.lake.table(&name).await {
            Ok(Some(table)) => table,
            Ok(None) => continue,
            Err(LakeError::Damaged { .. }) => {
                let _ = writeln!(
                    text,
                    "{name:<34} {:>7} {:>14} {:>8}  {}",
                    "?",
                    "?",
                    "?",
                    printer.say(DAMAGED)
                );
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let rows = table.n_rows().map_or_else(|| "?".to_owned(), thousands);
        let bytes: u64 = table.files.iter().map(|file| file.size).sum();
        let state = planned
            .iter()
            .find(|step| step.name == name)
            .map_or("", |step| step.reason.as_deref().unwrap_or(UP_TO_DATE));
        let loss = losses.iter().find_map(|loss| match loss {
            LakeError::Lost { table, .. } if *table == name => Some("has lost rows"),
            LakeError::Damaged { table, .. } if *table == name => Some(DAMAGED),
            _ => None,
        });
        let state = loss.unwrap_or(state);
        let mib = bytes.div_ceil(1 << 20);
        let _ = writeln!(
            text,
            "{name:<34} {:>7} {rows:>14} {mib:>8}  {}",
            table.version,
            printer.say(state)
        );
    }
    for step in planned.iter().filter(|step| !step.is_view) {
        if step.reason.as_deref() == Some(NOT_BUILT) {
            let _ = writeln!(
                text,
                "{:<34} {:>7} {:>14} {:>8}  {}",
                step.name,
                "",
                "",
                "",
                printer.say(NOT_BUILT)
            );
        }
    }
    printer.data(text.as_bytes())?;
    match losses.is_empty() {
        true => Ok(0),
        false => Err(said(losses)),
    }
}

fn heading(printer: &Printer) -> String {
    printer.heading(&[
        ("table", 34, Alignment::Left),
        ("version", 7, Alignment::Right),
        ("rows", 14, Alignment::Right),
        ("MiB", 8, Alignment::Right),
        ("", 0, Alignment::Left),
        ("state", 0, Alignment::Left),
    ])
}

fn is_damaged(loss: &LakeError) -> bool {
    matches!(loss, LakeError::Damaged { .. })
}

/// All losses as one failure.
fn said(losses: Vec<LakeError>) -> Failure {
    let mut losses = losses.into_iter().map(Failure::from);
    let first = losses.next();
    let mut first =
        first.unwrap_or_else(|| Failure::new(FailureKind::Quality, "the lake has lost rows"));
    first.causes.extend(losses.map(|loss| loss.message));
    first
}
