//! `korabo diff`: which tables and numbers differ between two runs, and why.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use datafusion::arrow::array::{ArrayRef, Float64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use similar::TextDiff;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::sql::{self, Format, Output};
use super::workspace;
use crate::diagnostic::{FailureKind, counted, did_you_mean, thousands};
use crate::pipeline::{self, Cause, MovedValue, PastRun, RootCause, RowsDiff, RunDiff, TableDiff};
use lead::{Estimates, SeenChange};

mod lead;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The earlier run: its number, `last`, or `last~N`, the Nth before the last
    #[arg(value_name = "RUN")]
    before: String,
    /// The later run
    #[arg(value_name = "RUN", default_value = "last")]
    after: String,
    /// Only this table
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// One row per changed estimate, cause and moved number, instead of text
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Estimates shown, and moved numbers per table
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
}

pub(super) async fn run(
    args: &DiffArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let project = &workspace.project;
    if let Some(table) = &args.table
        && project.dag.query(table).is_none()
    {
        let names = project
            .dag
            .queries()
            .iter()
            .map(|query| query.name.as_str());
        let message = format!("no query makes `{table}`{}", did_you_mean(table, names));
        return Err(Failure::new(FailureKind::Project, message));
    }
    let runs = pipeline::past_runs(&workspace.lake).await?;
    let before = named(&runs, &args.before)?;
    let after = named(&runs, &args.after)?;
    for lost in pipeline::losses(project, &workspace.lake).await? {
        printer.warning(&format!("what differs may be what is missing: {lost}"));
    }
    let session = workspace::session(global)?;
    let lake = (project.as_ref(), &workspace.lake, &session);
    let between = (before.run_id, after.run_id);
    let diff = pipeline::diff(lake, between, args.table.as_deref()).await?;
    let estimates = Estimates::of(&diff, &project.vocabulary);
    match args.format {
        Some(format) => {
            let batch = batch(&diff, &estimates, args.limit);
            let frame = session.frame(batch)?;
            sql::print(frame, &Output::of(format), printer).await?;
        }
        None => {
            let text = text((before, after), &diff, &estimates, args.limit);
            printer.text(&text)?;
        }
    }
    Ok(0)
}

/// The run that `word` means.
fn named<'r>(runs: &'r [PastRun], word: &str) -> Result<&'r PastRun, Failure> {
    let from_end = match word.strip_prefix("last") {
        Some("") => Some(0),
        Some(rest) => rest.strip_prefix('~').and_then(|n| n.parse::<usize>().ok()),
        None => None,
    };
    let found = match (from_end, word.parse::<i64>()) {
        (Some(n), _) => runs.iter().rev().nth(n),
        (None, Ok(run_id)) => runs.iter().find(|run| run.run_id == run_id),
        (None, Err(_)) => {
            let message = format!("`{word}` is not a run: write its number, `last` or `last~N`");
            return Err(Failure::new(FailureKind::Usage, message));
        }
    };
    found.ok_or_else(|| {
        let known = match (runs.first(), runs.last()) {
            (Some(first), Some(last)) => {
                format!("the history has runs {} to {}", first.run_id, last.run_id)
            }
            _ => "no run is in the history yet".to_owned(),
        };
        let message = format!("there is no run `{word}`: {known}");
        Failure::new(FailureKind::Usage, message).hint("`korabo history` shows them")
    })
}

fn text(
    (before, after): (&PastRun, &PastRun),
    diff: &RunDiff,
    estimates: &Estimates<'_>,
    limit: usize,
) -> String {
    let mut text = String::new();
    for run in [before, after] {
        let started = run.started_at.get(..16).unwrap_or(&run.started_at);
        let _ = writeln!(
            text,
            "run {:<5} {} {}",
            run.run_id,
            started.replace('T', " "),
            run.status
        );
    }
    match diff.tables.is_empty() {
        true => text.push_str("\nno table differs\n"),
        false => lead::text(&mut text, diff, estimates, limit),
    }
    for table in &diff.tables {
        table_text(&mut text, table, limit);
    }
    text
}

fn table_text(text: &mut String, table: &TableDiff, limit: usize) {
    let version = |version: Option<u64>| version.map_or("none".to_owned(), |v| v.to_string());
    let (before, after) = (version(table.before), version(table.after));
    let _ = writeln!(text, "\n{}  version {before} → {after}", table.name);
    for cause in &table.causes {
        let _ = writeln!(text, "  why   {}", cause_text(cause));
        if let Some(changes) = query_changes(cause) {
            for line in changes.lines() {
                let _ = writeln!(text, "        {line}");
            }
        }
    }
    for root in &table.roots {
        let _ = writeln!(text, "  from  {}", root_text(root));
    }
    match &table.rows {
        Err(problem) => {
            let _ = writeln!(text, "  rows  {problem}");
        }
        Ok(rows) => rows_text(text, rows, limit),
    }
}

fn rows_text(text: &mut String, rows: &RowsDiff, limit: usize) {
    let counts = match lead::counts(rows) {
        counts if counts.is_empty() => "the same".to_owned(),
        counts => counts,
    };
    let _ = writeln!(text, "  rows  {counts}");
    if !rows.columns.is_empty() {
        let _ = writeln!(
            text,
            "        columns of one version only: {}",
            rows.columns.join(", ")
        );
    }
    moved_text(text, &rows.moved, limit);
}

fn moved_text(text: &mut String, moved: &[MovedValue], limit: usize) {
    for it in moved.iter().take(limit) {
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let _ = write!(
            text,
            "  {}  {}: {} → {}",
            it.key,
            it.column,
            word(&it.before),
            word(&it.after)
        );
        if let Some(difference) = it.difference {
            let _ = write!(text, "  ({difference:+.6}");
            if let Some(std_errors) = it.std_errors {
                let _ = write!(text, ", {std_errors:+.2} standard errors");
            }
            text.push(')');
        }
        text.push('\n');
    }
    if moved.len() > limit {
        let n_more = thousands((moved.len() - limit) as u64);
        let _ = writeln!(text, "  … and {n_more} more; --limit shows them");
    }
}

fn cause_text(cause: &Cause) -> String {
    let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    match cause {
        Cause::First => "one of the runs had no such table".to_owned(),
        Cause::Query {
            before: Some(_),
            after: Some(_),
        } => "its query changed".to_owned(),
        Cause::Query { .. } => "its query changed; the text before is not recorded".to_owned(),
        Cause::Parameter {
            name,
            before,
            after,
        } => format!("parameter `{name}`: {} → {}", word(before), word(after)),
        Cause::Korabo { before, after } => format!("korabo {before} → {after}"),
        Cause::Input {
            table, deliveries, ..
        } if !deliveries.is_empty() => {
            let n_files = counted(deliveries.len() as u64, "delivery", "deliveries");
            format!("`{table}` has {n_files} more: {}", deliveries.join(", "))
        }
        Cause::Input { table, .. } => format!("`{table}` changed"),
        Cause::Again => "none of its inputs changed; it was rebuilt".to_owned(),
        Cause::Unknown => "what made one of the versions is no longer in the lake".to_owned(),
    }
}

fn root_text(root: &RootCause) -> String {
    let way = root.path.join(" → ");
    match &root.cause {
        Cause::Input { .. } => format!("{way}: {}", cause_text(&root.cause)),
        cause => format!("{way}: {} in `{}`", cause_text(cause), root.path[0]),
    }
}

/// The lines of a query that changed.
fn query_changes(cause: &Cause) -> Option<String> {
    let Cause::Query {
        before: Some(before),
        after: Some(after),
    } = cause
    else {
        return None;
    };
    let changes = TextDiff::from_lines(before, after);
    Some(changes.unified_diff().context_radius(2).to_string())
}

/// One row per change of an estimate, per cause, per count of rows and per moved value.
struct FlatRow<'a> {
    table: &'a str,
    what: &'static str,
    detail: String,
    column: Option<&'a str>,
    before: Option<String>,
    after: Option<String>,
    difference: Option<f64>,
    std_errors: Option<f64>,
}

impl<'a> FlatRow<'a> {
    fn new(table: &'a str, what: &'static str, detail: String) -> Self {
        Self {
            table,
            what,
            detail,
            column: None,
            before: None,
            after: None,
            difference: None,
            std_errors: None,
        }
    }
}

/// An estimate that the report shows otherwise: its number, and, where they changed, its status and whether its interval includes 0.
fn flat_estimate<'a>(seen: &SeenChange<'a>) -> Vec<FlatRow<'a>> {
    let change = seen.change;
    let row = |what| FlatRow::new(seen.table, what, change.key.clone());
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let (before, after) = (&change.before, &change.after);
    let mut rows = vec![FlatRow {
        column: Some("estimate"),
        before: number(before.estimate),
        after: number(after.estimate),
        difference: before.estimate.zip(after.estimate).map(|(b, a)| a - b),
        std_errors: change.std_errors,
        ..row("estimate")
    }];
    if let Some(excludes) = seen.significance() {
        let word = |excludes: bool| if excludes { "excludes 0" } else { "includes 0" };
        rows.push(FlatRow {
            before: Some(word(excludes.0).to_owned()),
            after: Some(word(excludes.1).to_owned()),
            ..row("interval")
        });
    }
    if seen.has_other_status() {
        rows.push(FlatRow {
            column: Some("status"),
            before: before.status.clone(),
            after: after.status.clone(),
            ..row("status")
        });
    }
    rows
}

fn flat(table: &TableDiff, limit: usize) -> Vec<FlatRow<'_>> {
    let version = |version: Option<u64>| version.map(|v| v.to_string());
    let mut rows = vec![FlatRow {
        before: version(table.before),
        after: version(table.after),
        ..FlatRow::new(&table.name, "version", String::new())
    }];
    rows.extend(table.causes.iter().map(|cause| {
        let (before, after) = match cause {
            Cause::Parameter { before, after, .. } => (before.clone(), after.clone()),
            Cause::Korabo { before, after } | Cause::Input { before, after, .. } => {
                (Some(before.clone()), Some(after.clone()))
            }
            _ => (None, None),
        };
        FlatRow {
            before,
            after,
            ..FlatRow::new(&table.name, "cause", cause_text(cause))
        }
    }));
    let roots = table.roots.iter();
    rows.extend(roots.map(|root| FlatRow::new(&table.name, "root", root_text(root))));
    match &table.rows {
        Err(problem) => rows.push(FlatRow::new(&table.name, "gone", problem.clone())),
        Ok(found) => {
            let counts = [
                ("rows_changed", found.n_changed),
                ("rows_added", found.n_added),
                ("rows_removed", found.n_removed),
                ("rows_rounded", found.n_rounded),
            ];
            rows.extend(counts.map(|(what, n)| FlatRow {
                after: Some(n.to_string()),
                ..FlatRow::new(&table.name, what, String::new())
            }));
            rows.extend(found.moved.iter().take(limit).map(|moved| FlatRow {
                column: Some(&moved.column),
                before: moved.before.clone(),
                after: moved.after.clone(),
                difference: moved.difference,
                std_errors: moved.std_errors,
                ..FlatRow::new(&table.name, "value", moved.key.clone())
            }));
        }
    }
    rows
}

fn batch(diff: &RunDiff, estimates: &Estimates<'_>, limit: usize) -> RecordBatch {
    let estimates = estimates.seen.iter().take(limit).flat_map(flat_estimate);
    let tables = diff.tables.iter().flat_map(|table| flat(table, limit));
    let rows: Vec<FlatRow<'_>> = estimates.chain(tables).collect();
    let texts = |get: &dyn Fn(&FlatRow<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(get).collect::<StringArray>())
    };
    let numbers = |get: &dyn Fn(&FlatRow<'_>) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(get).collect::<Float64Array>())
    };
    let columns = vec![
        ("table_name", texts(&|row| Some(row.table.to_owned()))),
        ("what", texts(&|row| Some(row.what.to_owned()))),
        (
            "detail",
            texts(&|row| Some(row.detail.clone()).filter(|text| !text.is_empty())),
        ),
        ("column_name", texts(&|row| row.column.map(str::to_owned))),
        ("before", texts(&|row| row.before.clone())),
        ("after", texts(&|row| row.after.clone())),
        ("difference", numbers(&|row| row.difference)),
        ("std_errors", numbers(&|row| row.std_errors)),
    ];
    let is_number = |name: &str| matches!(name, "difference" | "std_errors");
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, _)| match is_number(name) {
            true => Field::new(*name, DataType::Float64, true),
            false => Field::new(*name, DataType::Utf8, true),
        })
        .collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .expect("columns are built beside their schema")
}
