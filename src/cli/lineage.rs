//! `korabo lineage`: what a table or a column is made of, and what is made of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace::{self, Workspace};
use crate::diagnostic::{FailureKind, did_you_mean};
use crate::pipeline::{Dag, Lineage, Project, TableColumn};

/// Arguments of `lineage`.
#[derive(Debug, Args)]
pub(super) struct LineageArgs {
    /// A table, or TABLE.COLUMN
    #[arg(value_name = "TABLE[.COLUMN]")]
    name: String,
}

pub(super) async fn run(
    args: &LineageArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let project = Project::load(workspace::config(global)?)?;
    let (table, column) = match args.name.split_once('.') {
        Some((table, column)) => (table, Some(column)),
        None => (args.name.as_str(), None),
    };
    let raw = project
        .contracts
        .iter()
        .map(|contract| contract.name.as_str());
    let made = project
        .dag
        .queries()
        .iter()
        .map(|query| query.name.as_str());
    if !raw.clone().chain(made.clone()).any(|known| known == table) {
        return Err(unknown("table", table, raw.chain(made)));
    }
    let text = match column {
        None => of_table(&project.dag, table),
        Some(column) => {
            let lineage = Lineage::of(&project, &Workspace::session(global)?).await?;
            if made.clone().all(|known| known != table) {
                let message =
                    format!("`{table}` is a raw table: its columns come from the extracts");
                return Err(Failure::new(FailureKind::Usage, message));
            }
            let columns = lineage.columns(table);
            if !columns.contains(&column) {
                let what = format!("column of `{table}`");
                return Err(unknown(&what, column, columns.into_iter()));
            }
            let column = TableColumn {
                table: table.to_owned(),
                column: column.to_owned(),
            };
            of_column(&lineage, &column)
        }
    };
    printer.data(text.as_bytes())?;
    Ok(0)
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let nearest = did_you_mean(name, known);
    Failure::new(
        FailureKind::Project,
        format!("no {what} is called `{name}`{nearest}"),
    )
}

/// The tables it reads and those that read it, as trees; a table is unfolded where it is met first.
fn of_table(dag: &Dag, table: &str) -> String {
    let reads = |name: &str| -> Vec<String> {
        let query = dag.query(name);
        query.map_or_else(Vec::new, |query| query.reads.iter().cloned().collect())
    };
    let readers = |name: &str| -> Vec<String> {
        let readers = dag
            .queries()
            .iter()
            .filter(|query| query.reads.contains(name));
        readers.map(|query| query.name.clone()).collect()
    };
    let mut text = format!("{table}\n\nreads\n");
    unfold(&mut text, table, 1, &reads, &mut BTreeSet::new());
    text.push_str("\nread by\n");
    unfold(&mut text, table, 1, &readers, &mut BTreeSet::new());
    text
}

fn unfold(
    text: &mut String,
    table: &str,
    depth: usize,
    next: &dyn Fn(&str) -> Vec<String>,
    seen: &mut BTreeSet<String>,
) {
    for name in next(table) {
        let is_new = seen.insert(name.clone());
        let more = if is_new || next(&name).is_empty() {
            ""
        } else {
            " …"
        };
        let _ = writeln!(text, "{:indent$}{name}{more}", "", indent = 2 * depth);
        if is_new {
            unfold(text, &name, depth + 1, next, seen);
        }
    }
}

/// One line per column, step by step towards the raw tables.
fn of_column(lineage: &Lineage, column: &TableColumn) -> String {
    let mut text = format!("{}.{}\n", column.table, column.column);
    for (step, sources) in lineage.steps(column).iter().enumerate() {
        for source in sources {
            let indent = 2 * (step + 1);
            let _ = writeln!(text, "{:indent$}{}.{}", "", source.table, source.column);
        }
    }
    text
}
