//! `korabo report`: the HTML report of the tables as they are.

use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::as_of::AsOfArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::FailureKind;
use crate::job;
use crate::pipeline;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// File to write [default: the project's]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

pub(super) async fn run(
    args: &ReportArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let mut workspace = workspace::load(global)?;
    if args.as_of.is_given() && args.output.is_none() {
        let message = "--as-of needs -o: the project's report is of the present";
        return Err(Failure::new(FailureKind::Usage, message));
    }
    workspace.lake = args.as_of.lake(&workspace.lake, printer).await?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let session = workspace::session(global)?;
    let path = match &args.output {
        Some(path) => workspace::absolute(path)?,
        None => workspace.project.config.report.clone(),
    };
    job::write_report(&workspace, &session, global.lang.into(), &path).await?;
    printer.note(&format!("report: {}", path.display()));
    Ok(0)
}
