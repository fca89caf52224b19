//! `korabo check`: project file, contracts, queries, releases and what columns mean, without reading a data row.

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::schedule;
use super::workspace;
use crate::diagnostic::counted;
use crate::law::require_bases;
use crate::mapping::Mappings;
use crate::pipeline::{Lineage, Meanings};
use crate::release;
use crate::vocabulary::COLUMNS_FILE;

pub(super) async fn run(global: &GlobalArgs, printer: &Printer) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let project = &workspace.project;
    schedule::check(project)?;
    require_bases(&project.config, &project.contracts)?;
    let mappings = Mappings::load(&project.config.folder, &project.contracts)?;
    let session = workspace::session(global)?;
    let lineage = Lineage::of(project, &session).await?;
    if !workspace.releases.definitions.is_empty() {
        let planned = project.planned_session(&session).await?;
        release::check(project, &planned, &workspace.releases).await?;
    }
    let meanings = Meanings::of(project, &lineage);
    for unused in meanings.unused(project) {
        printer.warning(&unused);
    }
    // A project without the file does without meanings.
    if !project.columns.is_empty() {
        report_missing(&meanings.missing(project), printer);
    }
    printer.note(&format!(
        "{} and {} are valid",
        counted(project.contracts.len() as u64, "contract", "contracts"),
        counted(project.dag.queries().len() as u64, "query", "queries"),
    ));
    if !mappings.all.is_empty() {
        let n = mappings.all.len() as u64;
        printer.note(&format!(
            "{} valid",
            counted(n, "mapping is", "mappings are")
        ));
    }
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
