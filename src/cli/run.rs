//! `korabo run`: new extracts → lake → every stale table → report.

use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::as_of::{self, AsOfArgs};
use super::failure::Failure;
use super::job::{carry_out, options};
use super::plan;
use super::printer::Printer;
use super::selection::SelectArgs;
use super::watch::{Signal, until_signal};
use super::workspace;
use crate::diagnostic::FailureKind;
use crate::job::{Job, Workspace};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Folder with the extracts, instead of the project's
    #[arg(long, value_name = "DIR")]
    extracts: Option<PathBuf>,
    /// Build the selected tables even if they are up to date
    #[arg(long)]
    full_refresh: bool,
    /// Say what would be done; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Exit with this code when there was nothing to do
    #[arg(long, value_name = "N", default_value_t = 0)]
    nothing_new_code: u8,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// With --as-of: folder for a project of that time, in which the tables are built
    #[arg(
        long,
        value_name = "DIR",
        requires = "as_of",
        conflicts_with = "extracts"
    )]
    into: Option<PathBuf>,
}

impl RunArgs {
    /// Whether nothing is done but saying what would be.
    pub(super) fn is_dry(&self) -> bool {
        self.dry_run
    }
}

/// Runs. An error is why the run did not begin; one that began returns its exit code, however it ended.
pub(super) async fn run(
    args: &RunArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let workspace = workspace(args, global, printer).await?;
    let takes_in = !args.as_of.is_given();
    let selection = args.select.parse()?;
    if args.dry_run {
        let shown = plan::show(&workspace, &selection, args.full_refresh, takes_in, printer);
        return match until_signal(shown, signal).await? {
            true => Ok(0),
            false => Ok(args.nothing_new_code),
        };
    }
    let selection = (selection, args.select.text());
    let options = options(global);
    let job = Job::of_selection(workspace, options, selection, takes_in, args.full_refresh).await?;
    carry_out(&job, args.nothing_new_code, printer, signal).await
}

/// The project to work on: as it is, or as it was at some time, in a folder of its own.
async fn workspace(
    args: &RunArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<Workspace, Failure> {
    if args.as_of.is_given() && args.dry_run {
        let mut workspace = workspace::load(global)?;
        workspace.lake = args.as_of.lake(&workspace.lake, printer).await?;
        return Ok(workspace);
    }
    if let Some(into) = &args.into {
        return as_of::project_in(into, &args.as_of, global, printer).await;
    }
    if args.as_of.is_given() {
        let message = "--as-of needs --into DIR: tables of another time never mix with the present";
        return Err(Failure::new(FailureKind::Usage, message));
    }
    workspace::with_extracts(global, args.extracts.as_deref())
}
