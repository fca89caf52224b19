//! `korabo lock`: fixes an evaluation plan before its results are looked at.

use std::io::Write as _;
use std::path::Path;

use chrono::Utc;
use clap::Args;

use super::args::GlobalArgs;
use super::estimate::plan_of;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::FailureKind;
use crate::evaluation::Lock;
use crate::output_file::{OutputError, OutputFile};
use crate::pipeline;

/// Arguments of `lock`.
#[derive(Debug, Args)]
pub(super) struct LockArgs {
    /// Evaluation plans, evaluations/NAME.toml
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

pub(super) async fn run(
    args: &LockArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let project = &workspace.project;
    for name in &args.names {
        plan_of(project, name)?;
    }
    project.check_queries(&workspace::session(global)?).await?;
    let lake_versions = workspace.lake.versions_now().await?;
    for name in &args.names {
        let plan = plan_of(project, name)?;
        let settings = pipeline::settings(plan, &project.vocabulary);
        let path = Lock::path(name);
        if let Some((_, Some(lock))) = project.evaluations.plan(name) {
            let deviations = lock.deviations(&settings);
            if deviations.is_empty() {
                printer.note(&format!(
                    "`{name}` is fixed as it is, since {}",
                    lock.locked_at
                ));
                continue;
            }
            let list: Vec<String> = deviations.iter().map(ToString::to_string).collect();
            let message = format!(
                "`{name}` was fixed {} and has changed: {}",
                lock.locked_at,
                list.join("; ")
            );
            return Err(Failure::new(FailureKind::Project, message).hint(format!(
                "results list what has changed; to fix the plan anew, delete `{}` first",
                path.display()
            )));
        }
        let lock = Lock {
            locked_at: Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
            lake_versions: lake_versions.clone(),
            settings,
        };
        let unwritten = |error: OutputError| {
            Failure::new(FailureKind::Resources, "the plan is not fixed").because(&error)
        };
        write(&project.config.folder.join(&path), &lock.text(name)).map_err(unwritten)?;
        printer.note(&format!(
            "fixed `{name}`: {} ({})",
            path.display(),
            lock.sha256()
        ));
    }
    Ok(0)
}

/// Writes a file that appears whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), OutputError> {
    let mut file = OutputFile::create(path)?;
    let written = file.write_all(text.as_bytes());
    written.map_err(|source| OutputError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    file.finish()
}
