//! The report as a file: of the tables as they are, or of a run when they changed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::JobError;
use super::workspace::Workspace;
use crate::diagnostic::local_time;
use crate::output_file::OutputFile;
use crate::pipeline::{self, RunRecord};
use crate::report::{self, Lang, Page};
use crate::session::Session;

/// Writes the report of the tables as they are, or were at the time of the lake, into the file `path`.
///
/// # Errors
/// When the tables cannot be read or the file cannot be written.
pub async fn write_report(
    workspace: &Workspace,
    session: &Session,
    lang: Lang,
    path: &Path,
) -> Result<(), JobError> {
    let last = pipeline::last_run(&workspace.lake).await?;
    let run_id = last.map(|last| last.run_id);
    let page = page(workspace, session, run_id, lang).await?;
    write(path, &report::render(&page, lang))
}

/// Writes the project's report, as made by `run`, when the tables it shows have changed since it was written. Returns its path then.
pub(super) async fn write_if_stale(
    workspace: &Workspace,
    session: &Session,
    run: &RunRecord,
    lang: Lang,
) -> Result<Option<PathBuf>, JobError> {
    let path = &workspace.project.config.report;
    let vocabulary = &workspace.project.vocabulary;
    let fingerprint = report::fingerprint(&workspace.lake, vocabulary, lang).await?;
    let written = fs_err::read_to_string(path).unwrap_or_default();
    if written.contains(&fingerprint) {
        return Ok(None);
    }
    let last = pipeline::last_run(&workspace.lake).await?;
    let own = run.id_after(last.as_ref());
    let run_id = own.or(last.map(|last| last.run_id));
    let page = page(workspace, session, run_id, lang).await?;
    let html = report::render(&page, lang);
    write(path, &report::with_fingerprint(&html, &fingerprint))?;
    Ok(Some(path.clone()))
}

async fn page(
    workspace: &Workspace,
    session: &Session,
    run_id: Option<i64>,
    lang: Lang,
) -> Result<Page, JobError> {
    let config = &workspace.project.config;
    let vocabulary = &workspace.project.vocabulary;
    let mut page =
        report::load_page(&workspace.lake, session, vocabulary, config.disclosure).await?;
    page.provenance.run_id = run_id.map_or_else(String::new, |run_id| run_id.to_string());
    page.subject = Some(match (workspace.lake.time(), lang) {
        (None, _) => config.name.clone(),
        (Some(time), Lang::Ja) => format!("{}（{} 時点）", config.name, local_time(time)),
        (Some(time), Lang::En) => format!("{} (as of {})", config.name, local_time(time)),
    });
    page.provenance.generated_at = match lang {
        Lang::Ja => chrono::Local::now()
            .format("%Y年%-m月%-d日 %H:%M")
            .to_string(),
        Lang::En => chrono::Local::now().format("%-d %B %Y, %H:%M").to_string(),
    };
    Ok(page)
}

fn write(path: &Path, html: &str) -> Result<(), JobError> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder).map_err(JobError::ReportFolder)?;
    }
    let mut file = OutputFile::create(path).map_err(JobError::ReportFile)?;
    file.write_all(html.as_bytes())
        .map_err(JobError::ReportBytes)?;
    file.finish().map_err(JobError::ReportFile)
}
