//! `korabo plan`: what `run` would do and why.

use std::fmt::Write as _;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace::Workspace;
use crate::diagnostic::counted;
use crate::ingest;
use crate::pipeline;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Tables: NAME, +NAME, NAME+ [default: all]
    #[arg(value_name = "SELECT")]
    select: Vec<String>,
}

pub(super) async fn run(
    args: &PlanArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = Workspace::load(global)?;
    let selected = workspace.project.dag.select(&args.select)?;
    let mut text = String::new();
    let pending = ingest::pending(&workspace.project.config, &workspace.lake).await?;
    for delivery in &pending {
        let file = delivery.display_name(&workspace.project.config.extracts);
        let _ = writeln!(text, "ingest  {:<34} {file}", delivery.table);
    }
    let mut n_stale = 0_u64;
    for step in pipeline::plan(&workspace.project, &workspace.lake, &selected).await? {
        if let Some(reason) = &step.reason {
            n_stale += 1;
            let _ = writeln!(text, "build   {:<34} {reason}", step.name);
        }
    }
    printer.data(text.as_bytes())?;
    let deliveries = counted(pending.len() as u64, "new delivery", "new deliveries");
    let tables = counted(n_stale, "table", "tables");
    printer.note(&match pending.is_empty() {
        true => format!("{tables} to build"),
        false => format!("{deliveries}; {tables} to build, and what depends on the new rows"),
    });
    Ok(0)
}
