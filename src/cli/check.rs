//! `korabo check`: project file, contracts, queries and what columns mean, without reading a data row.

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::schedule;
use super::workspace;
use crate::diagnostic::counted;
use crate::pipeline::{Lineage, Meanings, Project};
use crate::vocabulary::COLUMNS_FILE;

pub(super) async fn run(global: &GlobalArgs, printer: &Printer) -> Result<u8, Failure> {
    let project = Project::load(workspace::config(global)?)?;
    schedule::check(&project)?;
    let lineage = Lineage::of(&project, &workspace::session(global)?).await?;
    let meanings = Meanings::of(&project, &lineage);
    for unused in meanings.unused(&project) {
        printer.warning(&unused);
    }
    // A project without the file does without meanings.
    if !project.columns.is_empty() {
        report_missing(&meanings.missing(&project), printer);
    }
    printer.note(&format!(
        "{} and {} are valid",
        counted(project.contracts.len() as u64, "contract", "contracts"),
        counted(project.dag.queries().len() as u64, "query", "queries"),
    ));
    Ok(0)
}

/// Warns of columns of which nothing says what they mean.
fn report_missing(missing: &[String], printer: &Printer) {
    const SHOWN: usize = 5;
    if missing.is_empty() {
        return;
    }
    let shown = missing[..missing.len().min(SHOWN)].join(", ");
    let more = if missing.len() > SHOWN { ", …" } else { "" };
    let columns = counted(missing.len() as u64, "column has", "columns have");
    printer.warning(&format!(
        "{COLUMNS_FILE}: {columns} no meaning: {shown}{more}; add an entry for each name"
    ));
}
