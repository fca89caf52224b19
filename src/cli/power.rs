//! `korabo power`: what an evaluation could see, before anybody looks at its results.

use clap::Args;

use super::args::GlobalArgs;
use super::estimate::{plan_of, texts};
use super::failure::Failure;
use super::printer::Printer;
use super::sql::{self, Format, Output};
use super::start_order::{self, DesignArgs, StartOrder};
use super::workspace;
use crate::pipeline;
use crate::session::Session;

/// Arguments of `power`.
#[derive(Debug, Args)]
pub(super) struct PowerArgs {
    /// The evaluation plan, evaluations/NAME.toml
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    design: DesignArgs,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) async fn run(
    args: &PowerArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let plan = plan_of(&workspace.project, &args.name)?;
    let folder = &workspace.project.config.folder;
    if args.design.is_asked() {
        start_order::check(plan, folder)?;
    }
    let engine = workspace::session(global)?;
    workspace.project.check_queries(&engine).await?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let (project, lake) = (&workspace.project, &workspace.lake);
    let session = pipeline::evaluation_panel(project, lake, &engine, &args.name).await?;
    if args.design.is_asked() {
        let order = StartOrder {
            args: &args.design,
            plan,
            folder,
            session: &session,
        };
        order.propose(args.format, printer).await?;
        return Ok(0);
    }
    let table = register_powers(&session, &args.name).await?;
    let rows = format!("select * from {table} order by indicator, design desc, n_clusters");
    let frame = session.plan(&rows, &[]).await?;
    sql::print(frame, &Output::of(args.format), printer).await?;
    for verdict in verdicts(&session, &table, "rolled_out").await? {
        printer.note(&verdict);
    }
    Ok(0)
}

/// Works out what the designs of a plan could see, once; returns the table that has it.
pub(super) async fn register_powers(session: &Session, name: &str) -> Result<String, Failure> {
    let table = format!("evaluation_power_{name}");
    let planned = session.plan(&format!("select * from {table}"), &[]).await?;
    session.register_rows(&table, planned).await?;
    Ok(table)
}

/// For each primary indicator, whether `design` is worth an evaluation.
pub(super) async fn verdicts(
    session: &Session,
    table: &str,
    design: &str,
) -> Result<Vec<String>, Failure> {
    let rows = texts(session, &question(table, design)).await?;
    Ok(rows.iter().map(|row| verdict(row)).collect())
}

/// For each indicator: what `design` sees, and the smallest design of two groups that sees the smallest change that matters.
fn question(table: &str, design: &str) -> String {
    format!(
        "with needed as (select indicator, min(n_clusters) as n from {table} where design = 'halves' and power >= 0.8 group by indicator) \
         select own.indicator, round(own.power, 2), round(own.detectable, 4), own.smallest_change, needed.n, own.status, \
         own.power >= 0.8 from {table} as own left join needed on own.indicator = needed.indicator \
         where own.design = '{design}' order by own.indicator"
    )
}

fn verdict(row: &[String]) -> String {
    let [
        indicator,
        power,
        detectable,
        change,
        needed,
        status,
        is_enough,
    ] = row
    else {
        return String::new();
    };
    if change.is_empty() {
        return format!(
            "{indicator}: no smallest change that matters is set, so that nothing can be said of power"
        );
    }
    if power.is_empty() {
        return format!("{indicator}: this roll-out compares nothing ({status})");
    }
    if is_enough == "true" {
        return format!(
            "{indicator}: evaluate. A change of {change} is found with a probability of {power}, one of {detectable} with 0.8"
        );
    }
    let needed = match needed.as_str() {
        "" => "more than 1,500 worksites".to_owned(),
        n => format!("{n} worksites, half of which start,"),
    };
    format!(
        "{indicator}: do not evaluate for a change of {change}, which is found with a probability of {power}; {needed} would be needed. \
         A change of {detectable} is found with 0.8"
    )
}
