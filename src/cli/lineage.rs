//! `korabo lineage`: what a table or a column is made of, and what is made of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::contract::TableContract;
use crate::diagnostic::{FailureKind, did_you_mean};
use crate::pipeline::{Dag, Lineage, Project, TableColumn};

/// Arguments of `lineage`.
#[derive(Debug, Args)]
pub(super) struct LineageArgs {
    /// A table, TABLE.COLUMN, or evaluation:NAME
    #[arg(value_name = "TABLE[.COLUMN]")]
    name: String,
}

pub(super) async fn run(
    args: &LineageArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let project = Project::load(workspace::config(global)?)?;
    // What an evaluation is made of is what its verdicts are made of.
    let name = match args.name.strip_prefix("evaluation:") {
        Some(plan) => format!("evaluation_verdicts_{plan}"),
        None => args.name.clone(),
    };
    let (table, column) = match name.split_once('.') {
        Some((table, column)) => (table, Some(column)),
        None => (name.as_str(), None),
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
            let lineage = Lineage::of(&project, &workspace::session(global)?).await?;
            let contract = project.contract(table);
            let columns = match contract {
                Some(contract) => raw_columns(contract),
                None => lineage.columns(table),
            };
            if !columns.contains(&column) {
                let what = format!("column of `{table}`");
                return Err(unknown(&what, column, columns.into_iter()));
            }
            let column = TableColumn {
                table: table.to_owned(),
                column: column.to_owned(),
            };
            match contract {
                Some(_) => of_raw_column(&lineage, &column),
                None => of_column(&lineage, &column),
            }
        }
    };
    printer.text(&text)?;
    Ok(0)
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let nearest = did_you_mean(name, known);
    Failure::new(
        FailureKind::Project,
        format!("no {what} is called `{name}`{nearest}"),
    )
}

/// The tables it reads and those that read it, as trees; each table is there once, where it is met first.
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
        if seen.insert(name.clone()) {
            let _ = writeln!(text, "{:indent$}{name}", "", indent = 2 * depth);
            unfold(text, &name, depth + 1, next, seen);
        }
    }
}

fn raw_columns(contract: &TableContract) -> Vec<&str> {
    let columns = contract.columns.iter();
    columns.map(|column| column.name.as_str()).collect()
}

/// One line per column, step by step towards the raw tables.
fn of_column(lineage: &Lineage, column: &TableColumn) -> String {
    let mut text = format!("{}.{}\n", column.table, column.column);
    write_steps(&mut text, &lineage.steps(column));
    text
}

/// One line per column, step by step towards the results.
fn of_raw_column(lineage: &Lineage, column: &TableColumn) -> String {
    let mut text = format!("{}.{}\n\nused by\n", column.table, column.column);
    write_steps(&mut text, &lineage.users(column));
    text
}

fn write_steps(text: &mut String, steps: &[BTreeSet<TableColumn>]) {
    for (step, columns) in steps.iter().enumerate() {
        for column in columns {
            let indent = 2 * (step + 1);
            let _ = writeln!(text, "{:indent$}{}.{}", "", column.table, column.column);
        }
    }
}
