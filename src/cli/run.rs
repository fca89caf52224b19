//! `korabo run`: new extracts → lake → every stale table → report.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::job::{self, Job};
use super::printer::Printer;
use super::selection::{self, SelectArgs};
use super::workspace::{self, Workspace};
use super::{Signal, plan};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Folder with the extracts, instead of the project's
    #[arg(long, value_name = "DIR")]
    extracts: Option<PathBuf>,
    /// Build the selected tables although they are fresh
    #[arg(long)]
    full_refresh: bool,
    /// Say what would be done; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Exit with this code when there was nothing to do
    #[arg(long, value_name = "N", default_value_t = 0)]
    nothing_new_code: u8,
}

pub(super) async fn run(
    args: &RunArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let mut config = workspace::config(global)?;
    if let Some(extracts) = &args.extracts {
        config.extracts = workspace::absolute(extracts)?;
    }
    let workspace = Workspace::of_config(config)?;
    let selection = args.select.parse()?;
    if args.dry_run {
        let shown = plan::show(&workspace, &selection, args.full_refresh, printer);
        return match super::until_signal(shown, signal).await? {
            true => Ok(0),
            false => Ok(args.nothing_new_code),
        };
    }
    // Finding what is pending reads every extract, which ingest does again.
    let delivered = match selection.asks_stale() {
        true => selection::delivered(&selection::pending(&workspace).await?),
        false => BTreeSet::new(),
    };
    let job = Job {
        selected: selection::names(&selection, &workspace, &delivered).await?,
        selection: Some(selection),
        selection_text: args.select.text(),
        takes_in: true,
        full_refresh: args.full_refresh,
        retry_of: None,
        nothing_new_code: args.nothing_new_code,
        workspace,
    };
    job::carry_out(&job, global, printer, signal).await
}
