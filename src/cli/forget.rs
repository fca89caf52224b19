//! `korabo forget`: withdraws persons from every version of the lake's tables.

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::{FailureKind, counted, thousands};
use crate::forget::{self, AskedKeys, ForgetError, ForgetReceipt};
use crate::pipeline::{self, Project};

/// Arguments of `forget`.
#[derive(Debug, Args)]
pub(super) struct ForgetArgs {
    /// File with the tokens to withdraw: one a line, with or without a header
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    /// Withdraw; without it, say what would be and change nothing
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(
    args: &ForgetArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let asked = AskedKeys::read(&workspace::absolute(&args.tokens)?)?;
    let workspace = workspace::load(global)?;
    let (project, lake) = (&workspace.project, &workspace.lake);
    let _lock = lake.lock()?;
    let _files = lake.lock_files()?;
    pipeline::require_whole(project, lake).await?;
    let now = || Utc::now().timestamp_micros();
    let found = forget::search(project, lake, &asked, now()).await?;
    let (others, has_work) = (found.others.clone(), found.has_work);
    let withdrawal = match args.yes {
        true => forget::carry_out(project, lake, found, now).await?,
        false => found.withdrawal,
    };
    let receipt = forget::receipt(lake, &withdrawal, &others).await?;
    let json = serde_json::to_string_pretty(&receipt).map_err(|error| {
        Failure::new(FailureKind::Internal, "cannot write the receipt").because(&error)
    })?;
    printer.data(format!("{json}\n").as_bytes())?;
    tell(&receipt, project, printer);
    match (args.yes, has_work) {
        (false, _) => printer.note("nothing was changed; `--yes` withdraws them"),
        (true, true) => printer.note("withdrawn; `korabo run` builds the emptied tables again"),
        (true, false) => {
            printer.note("the lake had nothing of them; what comes later will not come in");
        }
    }
    Ok(0)
}

/// What was found, in a few lines.
fn tell(receipt: &ForgetReceipt, project: &Project, printer: &Printer) {
    let number = |n: i64| thousands(n.unsigned_abs());
    printer.note(&format!(
        "{} of {} found in the lake, {} of the same persons",
        number(receipt.n_found),
        counted(receipt.n_asked.unsigned_abs(), "token", "tokens"),
        counted(
            receipt.n_same_person.unsigned_abs(),
            "other key",
            "other keys"
        ),
    ));
    let tables = receipt.tables.iter();
    let (made, delivered): (Vec<_>, Vec<_>) =
        tables.partition(|table| project.dag.query(&table.table).is_some());
    for table in delivered {
        printer.note(&format!(
            "`{}` loses {} and {}",
            table.table,
            counted(table.n_rows.unsigned_abs(), "row", "rows"),
            counted(table.n_versions.unsigned_abs(), "version", "versions"),
        ));
    }
    if !made.is_empty() {
        let tables = counted(made.len() as u64, "table is", "tables are");
        printer.note(&format!("{tables} made of these, and emptied"));
    }
    for extract in &receipt.extracts {
        printer.note(&format!(
            "came in with `{}` ({})",
            extract.file, extract.table
        ));
    }
    if receipt.n_conflicts > 0 {
        printer.warning(&format!(
            "{} beside these tokens and beside tokens that were not asked for: rows with them alone stay",
            counted(receipt.n_conflicts.unsigned_abs(), "key stands", "keys stand"),
        ));
    }
    if !receipt.tables_not_searched.is_empty() {
        printer.warning(&format!(
            "not searched, since another program wrote them: {}",
            receipt.tables_not_searched.join(", ")
        ));
    }
    printer.note("backups, copies of the lake and the extracts themselves are not changed");
}

impl From<ForgetError> for Failure {
    fn from(error: ForgetError) -> Self {
        match error {
            ForgetError::Lake(error) => Self::from(error),
            ForgetError::Ingest(error) => Self::from(error),
            error => {
                let failure = Self::new(error.kind(), error.to_string());
                match std::error::Error::source(&error) {
                    Some(source) => failure.because(source),
                    None => failure,
                }
            }
        }
    }
}
