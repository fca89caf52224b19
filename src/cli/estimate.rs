//! `korabo estimate`: one evaluation, now and in memory; with other subgroups, as SQL, or with what gates would hide.

use std::io::Write as _;

use chrono::Utc;
use clap::{ArgAction, Args};
use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::sql::{self, Format, Output};
use super::workspace;
use crate::diagnostic::{FailureKind, did_you_mean};
use crate::evaluation::{EvaluationPlan, PLANS_FOLDER};
use crate::job::Workspace;
use crate::pipeline::{self, Project};
use crate::session::{Session, SessionError};
use crate::vocabulary::Lang;

/// Arguments of `estimate`.
#[derive(Debug, Args)]
pub(super) struct EstimateArgs {
    /// The evaluation plan, evaluations/NAME.toml
    #[arg(value_name = "NAME")]
    name: String,
    /// Estimate the levels of a column apart, instead of the plan's subgroups; may be repeated
    #[arg(long, value_name = "COLUMN", action = ArgAction::Append)]
    by: Vec<String>,
    /// Print the SQL that gives the same estimates; run nothing
    #[arg(long)]
    show_sql: bool,
    /// Show what the gates hide, and why it is shown: the reason is logged and stamped on the result
    #[arg(long, value_name = "REASON")]
    unblind: Option<String>,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The file that remembers what was shown in spite of gates, in the project's folder.
const UNBLINDED: &str = "unblinded.log";

pub(super) async fn run(
    args: &EstimateArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let reason = args.unblind.as_deref().map(str::trim);
    if reason.is_some_and(str::is_empty) {
        return Err(Failure::new(
            FailureKind::Usage,
            "`--unblind` needs a reason: who asked to see the estimate, and what for",
        ));
    }
    let Workspace { project, lake, .. } =
        Workspace::with_plans(workspace::config(global)?, |evaluations| {
            if let Some(plan) = evaluations.plan_mut(&args.name) {
                if !args.by.is_empty() {
                    plan.set_subgroups(&args.by);
                }
                if let Some(reason) = reason {
                    plan.unblind(reason);
                }
            }
        })?;
    let plan = plan_of(&project, &args.name)?;
    if args.show_sql {
        let text = pipeline::statement(&project, &args.name).unwrap_or_default();
        printer.data(text.as_bytes())?;
        return Ok(0);
    }
    let engine = workspace::session(global)?;
    project.check_queries(&engine).await?;
    pipeline::require_whole(&project, &lake).await?;
    if let Some(reason) = reason {
        log_unblinding(&project, &args.name, reason)?;
    }
    printer.note(match Lang::from(global.lang) {
        Lang::Ja => &plan.question_ja,
        Lang::En => &plan.question_en,
    });
    let session = pipeline::estimate(&project, &lake, &engine, &args.name).await?;
    let columns = "indicator, \"by\", level, verdict, estimate, conf_low, conf_high, smallest_change, detectable, reason, deviations";
    let verdicts = format!(
        "select {columns} from evaluation_verdicts_{} order by is_primary desc, indicator, \"by\" nulls first, level",
        args.name
    );
    let frame = session.plan(&verdicts, &[]).await?;
    sql::print(frame, &Output::of(args.format), printer).await?;
    for note in gates(&session, &args.name).await? {
        printer.note(&note);
    }
    Ok(0)
}

/// The plan called `name`.
pub(super) fn plan_of<'p>(project: &'p Project, name: &str) -> Result<&'p EvaluationPlan, Failure> {
    if let Some((plan, _)) = project.evaluations.plan(name) {
        return Ok(plan);
    }
    let plans = project.evaluations.plans.iter();
    let hint = did_you_mean(name, plans.map(|(plan, _)| plan.name.as_str()));
    let message = format!("no evaluation plan is called `{name}`{hint}");
    Err(Failure::new(FailureKind::Project, message).hint(format!(
        "plans are files {PLANS_FOLDER}/NAME.toml of the project"
    )))
}

/// A line for each gate that warns or hides something.
async fn gates(session: &Session, name: &str) -> Result<Vec<String>, Failure> {
    let sql = format!(
        "select result, gate, string_agg(indicator, ', ' order by indicator) as indicators, reason from evaluation_diagnostics_{name} \
         where result in ('warn', 'blind') group by result, gate, reason order by result, gate"
    );
    let rows = texts(session, &sql).await?.into_iter();
    let line = |row: Vec<String>| format!("{}: {} ({}): {}", row[0], row[1], row[2], row[3]);
    Ok(rows.map(line).collect())
}

/// The rows of a query as texts; empty where a value is missing.
pub(super) async fn texts(session: &Session, sql: &str) -> Result<Vec<Vec<String>>, Failure> {
    let batches = session.plan(sql, &[]).await?.collect().await;
    let mut rows = Vec::new();
    for batch in batches.map_err(SessionError::from)? {
        let cast = |column: &ArrayRef| cast(column, &DataType::Utf8).map_err(DataFusionError::from);
        let columns: Result<Vec<ArrayRef>, _> = batch.columns().iter().map(cast).collect();
        let columns = columns.map_err(SessionError::from)?;
        for row in 0..batch.num_rows() {
            let text = |column: &ArrayRef| column.as_string::<i32>().value(row).to_owned();
            rows.push(columns.iter().map(text).collect());
        }
    }
    Ok(rows)
}

/// Remembers that what gates hide was shown, before it is.
fn log_unblinding(project: &Project, name: &str, reason: &str) -> Result<(), Failure> {
    let folder = project.config.folder.join(PLANS_FOLDER);
    let line = format!(
        "{}\t{name}\t{}\n",
        Utc::now().format("%Y-%m-%dT%H:%M:%SZ"),
        reason.replace(['\t', '\n', '\r'], " ")
    );
    let written = fs_err::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(UNBLINDED))
        .and_then(|mut file| {
            file.write_all(line.as_bytes())
                .and_then(|()| file.sync_all())
        });
    written.map_err(|error| {
        let message =
            format!("cannot log the reason in `{PLANS_FOLDER}/{UNBLINDED}`; nothing is shown");
        Failure::new(FailureKind::Resources, message).because(&error)
    })
}
