//! `korabo ingest`: only the first step of `run`.

use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::observed::{LakeAfter, Observed};
use super::printer::Printer;
use super::workspace::{self, Workspace};
use super::{Signal, until_signal};
use crate::diagnostic::{FailureKind, counted};
use crate::event::RunEvent;
use crate::ingest::{self, IngestSummary, NamedDelivery};
use crate::pipeline;

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

/// Takes in. An error is why it did not begin; when it began it gives back its exit code, however it ended.
pub(super) async fn run(
    args: &IngestArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let workspace = Workspace::with_extracts(global, args.extracts.as_deref())?;
    let named = args
        .deliveries
        .iter()
        .map(|text| named(text))
        .collect::<Result<Vec<_>, _>>()?;
    let _lock = workspace.lake.lock()?;
    let observed = Observed::begin(&workspace, "ingest", None, printer).await?;
    let result = until_signal(take_in(&workspace, &named, &observed, printer), signal).await;
    observed.clear();
    if let Err(failure) = &result {
        printer.failure(failure);
    }
    observed.end(result.as_ref().map(|_| 0), LakeAfter::default());
    let summary = match result {
        Ok(summary) => summary,
        Err(failure) => return Ok(failure.kind.exit_code()),
    };
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

/// Takes in what is new, unless the lake has lost something; the caller holds the lake's lock.
pub(super) async fn take_in(
    workspace: &Workspace,
    named: &[NamedDelivery],
    observed: &Observed,
    printer: &Printer,
) -> Result<IngestSummary, Failure> {
    let project = &workspace.project;
    pipeline::require_whole(project, &workspace.lake).await?;
    let observer = observed.observer();
    let summary = ingest::ingest(
        &project.config,
        &project.contracts,
        &workspace.lake,
        named,
        &move |event| observer.tell(&RunEvent::Delivery(event)),
    )
    .await?;
    if summary.n_known > 0 {
        let files = counted(summary.n_known as u64, "file", "files");
        printer.detail(&format!("{files} known already"));
    }
    Ok(summary)
}
