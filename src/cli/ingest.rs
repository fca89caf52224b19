//! `korabo ingest`: only the first step of `run`.

use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::progress::Progress;
use super::workspace::{self, Workspace};
use crate::diagnostic::{FailureKind, counted};
use crate::ingest::{self, IngestSummary, NamedDelivery};

/// Arguments of `ingest`.
#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// Single deliveries instead of the project's sources: TABLE=PATH
    #[arg(value_name = "TABLE=PATH")]
    deliveries: Vec<String>,
    /// Folder with the extracts, instead of the project's
    #[arg(long, value_name = "DIR")]
    extracts: Option<PathBuf>,
}

pub(super) async fn run(
    args: &IngestArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let mut config = workspace::config(global)?;
    if let Some(extracts) = &args.extracts {
        config.extracts = workspace::absolute(extracts)?;
    }
    let workspace = Workspace::of_config(config)?;
    let named = args
        .deliveries
        .iter()
        .map(|text| named(text))
        .collect::<Result<Vec<_>, _>>()?;
    let _lock = workspace.lake.lock()?;
    let progress = Progress::new(printer);
    let result = take_in(&workspace, &named, &progress, printer).await;
    progress.clear();
    let summary = result?;
    printer.summary(&format!(
        "deliveries={} rows_in={} accepted={} rejected_rows={}",
        summary.n_deliveries,
        summary.n_accepted + summary.n_rejected,
        summary.n_accepted,
        summary.n_rejected
    ));
    Ok(0)
}

fn named(text: &str) -> Result<NamedDelivery, Failure> {
    match text.split_once('=') {
        Some((table, path)) if !table.is_empty() && !path.is_empty() => Ok(NamedDelivery {
            table: table.to_owned(),
            path: workspace::absolute(std::path::Path::new(path))?,
        }),
        _ => Err(Failure::new(
            FailureKind::Usage,
            format!("`{text}` is not TABLE=PATH"),
        )),
    }
}

/// Takes in what is new; the caller holds the lake's lock.
pub(super) async fn take_in(
    workspace: &Workspace,
    named: &[NamedDelivery],
    progress: &std::sync::Arc<Progress>,
    printer: &Printer,
) -> Result<IngestSummary, Failure> {
    let project = &workspace.project;
    let observer = std::sync::Arc::clone(progress);
    let summary = ingest::ingest(
        &project.config,
        &project.contracts,
        &workspace.lake,
        named,
        &move |event| observer.delivery(&event),
    )
    .await?;
    if summary.n_known > 0 {
        let files = counted(summary.n_known as u64, "file", "files");
        printer.detail(&format!("{files} known already"));
    }
    Ok(summary)
}
