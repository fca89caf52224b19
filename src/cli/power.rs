//! `korabo power`: what an evaluation could see, before its results are looked at.

use clap::Args;

use super::args::GlobalArgs;
use super::estimate::plan_of;
use super::failure::Failure;
use super::powers::{register_powers, verdicts};
use super::printer::Printer;
use super::sql::{self, Format, Output};
use super::start_order::{self, DesignArgs, StartOrder};
use super::workspace;
use crate::pipeline;

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
