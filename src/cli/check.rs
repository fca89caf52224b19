//! `korabo check`: project file, contracts and queries, without reading a data row.

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::schedule;
use super::workspace;
use crate::diagnostic::counted;
use crate::pipeline::Project;

pub(super) async fn run(global: &GlobalArgs, printer: &Printer) -> Result<u8, Failure> {
    let project = Project::load(workspace::config(global)?)?;
    schedule::check(&project)?;
    project.check_queries(&workspace::session(global)?).await?;
    printer.note(&format!(
        "{} and {} are valid",
        counted(project.contracts.len() as u64, "contract", "contracts"),
        counted(project.dag.queries().len() as u64, "query", "queries"),
    ));
    Ok(0)
}
