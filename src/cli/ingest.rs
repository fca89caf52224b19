//! `korabo ingest`: only the first step of `run`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::job::{observer, options, tell};
use super::printer::Printer;
use super::sniff;
use super::watch::{self, Signal};
use super::workspace;
use crate::contract;
use crate::diagnostic::{FailureKind, did_you_mean};
use crate::ingest::{DeliverySelection, NamedDelivery};
use crate::job::{self, EndedJob};
use crate::mapping::HeaderRules;

/// Arguments of `ingest`.
#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// Single deliveries instead of the project's sources: TABLE=PATH
    #[arg(value_name = "TABLE=PATH")]
    deliveries: Vec<String>,
    /// Ingest deliveries again: those named, or all with rejected rows whose contract has changed; each replaces what it
    /// brought before
    #[arg(long)]
    again: bool,
    /// Say what the columns of a holder's file are, and propose a mapping for it; nothing is ingested
    #[arg(long, value_name = "FILE", conflicts_with_all = ["deliveries", "again", "extracts"])]
    sniff: Option<PathBuf>,
    /// The table that a sniffed file is for, instead of the one that fits best
    #[arg(long, value_name = "TABLE", requires = "sniff")]
    table: Option<String>,
    /// Write the proposed mapping into the project's folder `mappings`
    #[arg(long, requires = "sniff")]
    write: bool,
    /// Folder with the extracts, instead of the project's
    #[arg(long, value_name = "DIR")]
    extracts: Option<PathBuf>,
}

/// Ingests. An error is why it did not begin; when it began it returns its exit code, however it ended.
pub(super) async fn run(
    args: &IngestArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    if let Some(file) = &args.sniff {
        return sniff_file(file, args, global, printer);
    }
    let workspace = workspace::with_extracts(global, args.extracts.as_deref())?;
    let named = args
        .deliveries
        .iter()
        .map(|text| named(text))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted = DeliverySelection {
        named: &named,
        again: args.again,
    };
    let stop = watch::stop(signal);
    let options = options(global);
    let EndedJob { result, ending, .. } =
        job::ingest(&workspace, &options, wanted, observer(printer), stop).await?;
    let result = result.map_err(Failure::from);
    if let Err(failure) = &result {
        printer.failure(failure);
    }
    let failure = result.as_ref().err();
    let exit_code = failure.map_or(0, |failure| failure.kind.exit_code());
    tell(&ending, exit_code, printer).await;
    let Ok(summary) = result else {
        return Ok(exit_code);
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

/// Proposes a mapping for a file: what is found as notes, the mapping as the result.
fn sniff_file(
    file: &Path,
    args: &IngestArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let config = workspace::config(global)?;
    let contracts = contract::load_dir(&config.folder.join("schemas"))?;
    let rules = HeaderRules::load(&config.folder)?;
    let table = args.table.as_deref();
    if let Some(table) = table
        && !contracts.iter().any(|contract| contract.name == table)
    {
        let known = contracts.iter().map(|contract| contract.name.as_str());
        let message = format!(
            "no contract for table `{table}`{}",
            did_you_mean(table, known)
        );
        return Err(Failure::new(FailureKind::Usage, message));
    }
    let proposal = sniff::sniff(&workspace::absolute(file)?, &contracts, &rules, table)?;
    sniff::tell(&proposal, &contracts, printer);
    if !args.write {
        printer.text(&proposal.to_toml())?;
        return Ok(0);
    }
    let written = sniff::write(&[proposal], &config.folder).map_err(|error| {
        Failure::new(FailureKind::Resources, "cannot write the mapping").because(&error)
    })?;
    printer.note(&format!("wrote {}; look at every line", written.join(", ")));
    Ok(0)
}

fn named(text: &str) -> Result<NamedDelivery, Failure> {
    match text.split_once('=') {
        Some((table, path)) if !table.is_empty() && !path.is_empty() => Ok(NamedDelivery {
            table: table.to_owned(),
            path: workspace::absolute(Path::new(path))?,
        }),
        _ => Err(Failure::new(
            FailureKind::Usage,
            format!("`{text}` is not TABLE=PATH"),
        )),
    }
}
