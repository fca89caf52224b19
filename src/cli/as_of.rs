//! `--as-of`: the lake as it was published at some time.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::backup;
use crate::config::ProjectConfig;
use crate::diagnostic::{FailureKind, counted, local_time, thousands};
use crate::job::Workspace;
use crate::lake::Lake;
use crate::pipeline;

/// The argument that names a time.
#[derive(Debug, Args)]
pub(super) struct AsOfArgs {
    /// Read every table as it was then: 2026-11-01 (the end of that day), "2026-11-01 12:30" (local),
    /// 2026-11-01T12:30:00+09:00, or run:12 (when that run had ended)
    #[arg(long, value_name = "TIME", value_parser = AsOf::parse)]
    as_of: Option<AsOf>,
}

/// A time that a user named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AsOf {
    Time(DateTime<Utc>),
    Run(i64),
}

impl AsOf {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(number) = text.strip_prefix("run:") {
            let number = number.parse().map_err(|_| "write run:NUMBER".to_owned());
            return number.map(Self::Run);
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Time(time.to_utc()));
        }
        let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
        let local = forms
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let end_of_day = || {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            let next = day.checked_add_days(Days::new(1))?;
            Some(next.and_hms_opt(0, 0, 0)? - TimeDelta::milliseconds(1))
        };
        let shown = local.or_else(end_of_day);
        let time = shown.and_then(|shown| shown.and_local_timezone(Local).latest());
        time.map(|time| Self::Time(time.to_utc())).ok_or_else(|| {
            "write a date, a date and time, an RFC 3339 time, or run:NUMBER".to_owned()
        })
    }
}

impl AsOfArgs {
    pub(super) fn is_given(&self) -> bool {
        self.as_of.is_some()
    }

    /// `lake` at the time asked for, or in the present.
    pub(super) async fn lake(&self, lake: &Lake, printer: &Printer) -> Result<Lake, Failure> {
        let time = match self.as_of {
            None => return Ok(lake.clone()),
            Some(AsOf::Time(time)) => time,
            Some(AsOf::Run(run_id)) => {
                let end = pipeline::end_of_run(lake, run_id).await?;
                end.ok_or_else(|| {
                    let message = format!("there is no run {run_id}");
                    Failure::new(FailureKind::Project, message)
                        .hint("`korabo history` lists the runs")
                })?
            }
        };
        printer.detail(&format!("as of {}", local_time(time)));
        Ok(lake.as_of(time))
    }
}

/// A project in the folder `into`, with the lake as it was: what `run --as-of` works on, so that nothing of it mixes with
/// the present.
pub(super) async fn project_in(
    into: &Path,
    args: &AsOfArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<Workspace, Failure> {
    let config = workspace::config(global)?;
    let then = args
        .lake(&Lake::open(&config.lake)?.checking_contents(), printer)
        .await?;
    let into = workspace::absolute(into)?;
    if fs_err::read_dir(&into).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("`{}` is not empty", into.display());
        return Err(Failure::new(FailureKind::Usage, message)
            .hint("name an empty folder, or one that does not exist"));
    }
    let _files = then.lock_files_for_copying()?;
    // What no longer exists is reported before anything is written.
    for name in then.table_names()? {
        then.table(&name).await?;
    }
    let below: Option<PathBuf> = config
        .lake
        .strip_prefix(&config.folder)
        .ok()
        .map(Path::to_path_buf);
    let target = Lake::open(&into.join(below.as_deref().unwrap_or(Path::new("lake"))))?;
    let _lock = target.lock()?;
    let copied = then.copy_to(&target).await?;
    let note = format!(
        "as of {}: {}, {} kB, in {}; the project's own lake stays as it is",
        then.time().map_or_else(String::new, local_time),
        counted(copied.tables, "table", "tables"),
        thousands(copied.bytes.div_ceil(1_000)),
        into.display(),
    );
    printer.note(&note);
    if below.is_some() {
        backup::copy_project(&config.folder, &config.lake, &into)?;
    }
    let report = config
        .report
        .strip_prefix(&config.folder)
        .map_or_else(|_| into.join("report.html"), |below| into.join(below));
    Ok(Workspace::of_config(ProjectConfig {
        lake: target.root().to_path_buf(),
        report,
        ..config
    })?)
}
