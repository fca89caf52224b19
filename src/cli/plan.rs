//! `korabo plan`: what `run` would do and why.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::selection::SelectArgs;
use super::workspace;
use crate::diagnostic::counted;
use crate::job::{self, Workspace};
use crate::pipeline::{self, Selection, Work};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Folder with the extracts, instead of the project's
    #[arg(long, value_name = "DIR")]
    extracts: Option<PathBuf>,
    /// Build the selected tables even if they are up to date
    #[arg(long)]
    full_refresh: bool,
}

pub(super) async fn run(
    args: &PlanArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = workspace::with_extracts(global, args.extracts.as_deref())?;
    let selection = args.select.parse()?;
    show(&workspace, &selection, args.full_refresh, true, printer).await?;
    Ok(0)
}

/// Prints what `run` would do, with new extracts where it `takes_in`; says whether there is anything.
pub(super) async fn show(
    workspace: &Workspace,
    selection: &Selection,
    full_refresh: bool,
    takes_in: bool,
    printer: &Printer,
) -> Result<bool, Failure> {
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let pending = match takes_in {
        true => job::pending(workspace).await?,
        false => Vec::new(),
    };
    let delivered = job::tables_of(&pending);
    let work = Work {
        selected: job::selected_tables(selection, workspace, &delivered).await?,
        full_refresh,
    };
    let mut text = String::new();
    for delivery in &pending {
        let file = delivery.display_name(&workspace.project.config.extracts);
        let _ = writeln!(text, "ingest  {:<34} {file}", delivery.table);
    }
    let mut n_stale = 0_u64;
    let planned = pipeline::plan(&workspace.project, &workspace.lake, &work, &delivered).await?;
    for step in planned {
        if let Some(reason) = &step.reason {
            n_stale += 1;
            let _ = writeln!(text, "build   {:<34} {reason}", step.name);
        }
    }
    printer.text(&text)?;
    let deliveries = counted(pending.len() as u64, "new delivery", "new deliveries");
    let tables = counted(n_stale, "table", "tables");
    printer.note(&match pending.is_empty() {
        true => format!("{tables} to build"),
        false => format!("{deliveries}; {tables} to build"),
    });
    Ok(n_stale > 0 || !pending.is_empty())
}
