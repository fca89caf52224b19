//! Reports as files: of the tables as they are, or of a run when they changed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::JobError;
use super::forms;
use super::workspace::Workspace;
use crate::config::ProjectConfig;
use crate::diagnostic::local_time;
use crate::output_file::OutputFile;
use crate::pipeline::{self, RunRecord};
use crate::report::{self, Document, Lang, Page, Refusal, ReportKind, Results, Subject};
use crate::session::Session;

/// Which reports to write, and where to.
#[derive(Debug, Clone)]
pub struct ReportRequest {
    /// For whom.
    pub kind: ReportKind,
    /// About whom.
    pub subject: Subject,
    /// File, or folder where there is a page for each; `None` is the project's place.
    pub output: Option<PathBuf>,
}

/// Writes reports of the tables as they are, or were at the time of the lake. Returns the page to begin with.
///
/// # Errors
/// When the tables cannot be read, a file cannot be written, or a report is refused.
pub async fn write_report(
    workspace: &Workspace,
    session: &Session,
    lang: Lang,
    request: &ReportRequest,
) -> Result<PathBuf, JobError> {
    let last = pipeline::last_run(&workspace.lake).await?;
    let run_id = last.map(|last| last.run_id);
    let config = &workspace.project.config;
    let place = || request.output.clone();
    if request.kind == ReportKind::Analyst {
        let path = place().unwrap_or_else(|| config.report.clone());
        let page = page(workspace, session, run_id, lang).await?;
        write(&path, report::render(&page, lang))?;
        return Ok(path);
    }
    let results = results(workspace, session, run_id, lang).await?;
    let asked = (request.kind, &request.subject);
    let pages = report::documents(&results, asked, lang)?;
    let is_folder = is_folder(asked);
    let path = match place() {
        Some(path) => path,
        None => place_of(config, request.kind, is_folder, &pages),
    };
    if request.kind == ReportKind::Board {
        let forms = match &request.output {
            Some(page) => forms::named_like(page),
            None => Some(forms::beside(&path)),
        };
        write_forms(workspace, &results, forms)?;
    }
    match (is_folder, pages.as_slice()) {
        (false, [page]) => write(&path, &page.html)?,
        _ => write_all(&path, &pages, None)?,
    }
    let index = path.join(INDEX);
    Ok(if is_folder && index.is_file() {
        index
    } else {
        path
    })
}

/// The page to begin with in a folder of pages.
const INDEX: &str = "index.html";

/// Whether there is a page for each.
fn is_folder((kind, subject): (ReportKind, &Subject)) -> bool {
    match kind {
        ReportKind::Analyst | ReportKind::Board => false,
        ReportKind::Employer => !matches!(subject, Subject::One(_)),
        ReportKind::Municipality => *subject == Subject::Each,
    }
}

/// Where the project keeps reports of a kind: beside the analyst's page, those of one each in a folder.
fn place_of(
    config: &ProjectConfig,
    kind: ReportKind,
    is_folder: bool,
    pages: &[Document],
) -> PathBuf {
    let beside = |name: &str| config.report.with_file_name(name);
    let folder = match kind {
        ReportKind::Employer => beside("employers"),
        _ => beside("municipalities"),
    };
    let is_of_all = |page: &Document| page.name == format!("{}.html", kind.name());
    match pages {
        _ if is_folder => folder,
        [page] if is_of_all(page) => beside(&page.name),
        [page] => folder.join(&page.name),
        _ => folder,
    }
}

/// Writes the project's reports, as made by `run`, of each kind whose tables have changed since they were written. Returns the pages
/// to begin with.
pub(super) async fn write_if_stale(
    workspace: &Workspace,
    session: &Session,
    run: &RunRecord,
    lang: Lang,
) -> Result<Vec<PathBuf>, JobError> {
    let last = pipeline::last_run(&workspace.lake).await?;
    let own = run.id_after(last.as_ref());
    let run_id = own.or(last.map(|last| last.run_id));
    let mut written = Vec::new();
    let path = &workspace.project.config.report;
    if let Some(fingerprint) = stale(workspace, ReportKind::Analyst, path, lang).await? {
        let page = page(workspace, session, run_id, lang).await?;
        let html = report::render(&page, lang);
        write(path, report::with_fingerprint(&html, &fingerprint))?;
        written.push(path.clone());
    }
    let mut shared: Option<Results> = None;
    // The board's tables are also those of the other kinds: where it is up to date, a kind without a page has nothing to show.
    let board = path.with_file_name(format!("{}.html", ReportKind::Board.name()));
    let board = stale(workspace, ReportKind::Board, &board, lang).await?;
    for kind in [
        ReportKind::Board,
        ReportKind::Employer,
        ReportKind::Municipality,
    ] {
        let is_folder = kind == ReportKind::Employer;
        let first = match is_folder {
            true => path.with_file_name("employers").join(INDEX),
            false => path.with_file_name(format!("{}.html", kind.name())),
        };
        if board.is_none() && !first.exists() {
            continue;
        }
        let Some(fingerprint) = stale(workspace, kind, &first, lang).await? else {
            continue;
        };
        let results = match &mut shared {
            Some(results) => results,
            None => shared.insert(results(workspace, session, run_id, lang).await?),
        };
        let pages = match report::documents(results, (kind, &Subject::All), lang) {
            Ok(_) if results.is_empty() => continue,
            Ok(pages) => pages,
            Err(Refusal::NoEmployer | Refusal::NoMunicipality) => continue,
            Err(error) => return Err(error.into()),
        };
        if kind == ReportKind::Board {
            written.extend(write_forms(
                workspace,
                results,
                Some(forms::beside(&first)),
            )?);
        }
        match first.parent() {
            Some(folder) => write_all(folder, &pages, Some((&fingerprint, is_folder)))?,
            None => continue,
        }
        written.push(first);
    }
    Ok(written)
}

/// The fingerprint of a kind's reports, unless the page at `path` has it.
async fn stale(
    workspace: &Workspace,
    kind: ReportKind,
    path: &Path,
    lang: Lang,
) -> Result<Option<String>, JobError> {
    let vocabulary = &workspace.project.vocabulary;
    let mut fingerprint = report::fingerprint(&workspace.lake, kind, vocabulary, lang).await?;
    let mut is_whole = true;
    if let (ReportKind::Board, Some(forms)) = (kind, &workspace.forms) {
        fingerprint = format!("{fingerprint}-{}", forms.fingerprint());
        is_whole = forms::beside(path).is_file();
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    Ok((!is_whole || !written.contains(&fingerprint)).then_some(fingerprint))
}

async fn page(
    workspace: &Workspace,
    session: &Session,
    run_id: Option<i64>,
    lang: Lang,
) -> Result<Page, JobError> {
    let project = &workspace.project;
    let rules = project.config.disclosure;
    let tables = (&workspace.lake, &workspace.catalogue());
    let mut page = report::load_page(tables, session, &project.vocabulary, rules).await?;
    page.provenance.run_id = run_id.map_or_else(String::new, |run_id| run_id.to_string());
    page.subject = Some(subject(workspace, lang));
    page.provenance.generated_at = now(lang);
    Ok(page)
}

async fn results(
    workspace: &Workspace,
    session: &Session,
    run_id: Option<i64>,
    lang: Lang,
) -> Result<Results, JobError> {
    let project = &workspace.project;
    let rules = project.config.disclosure;
    let tables = (&workspace.lake, &workspace.catalogue());
    let mut results = report::load_results(tables, session, &project.vocabulary, rules).await?;
    results.provenance.run_id = run_id.map_or_else(String::new, |run_id| run_id.to_string());
    results.provenance.generated_at = now(lang);
    results.subject = Some(subject(workspace, lang));
    Ok(results)
}

/// The project's name, with the time of a lake of the past.
fn subject(workspace: &Workspace, lang: Lang) -> String {
    let name = &workspace.project.config.name;
    match (workspace.lake.time(), lang) {
        (None, _) => name.clone(),
        (Some(time), Lang::Ja) => format!("{name}（{} 時点）", local_time(time)),
        (Some(time), Lang::En) => format!("{name} (as of {})", local_time(time)),
    }
}

fn now(lang: Lang) -> String {
    let now = chrono::Local::now();
    let format = lang.pick("%Y年%-m月%-d日 %H:%M", "%-d %B %Y, %H:%M");
    now.format(format).to_string()
}

/// Writes pages into a folder. Those of a folder of their own get a fingerprint each, and what an earlier report left there is removed: an
/// employer may have become too small.
fn write_all(
    folder: &Path,
    pages: &[Document],
    stamp: Option<(&str, bool)>,
) -> Result<(), JobError> {
    let fingerprint = stamp.map_or(report::FINGERPRINT, |(fingerprint, _)| fingerprint);
    for page in pages {
        let html = report::with_fingerprint(&page.html, fingerprint);
        write(&folder.join(&page.name), &html)?;
    }
    if stamp.is_none_or(|(_, is_folder)| is_folder) {
        remove_others(folder, pages).map_err(JobError::ReportFolder)?;
    }
    Ok(())
}

/// Removes pages in `folder` that are reports and not among `pages`.
fn remove_others(folder: &Path, pages: &[Document]) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_new = |page: &Document| {
            path.file_name()
                .is_some_and(|name| name == page.name.as_str())
        };
        let is_page = path
            .extension()
            .is_some_and(|extension| extension == "html");
        if !is_page || pages.iter().any(is_new) {
            continue;
        }
        if fs::read_to_string(&path).is_ok_and(|text| text.contains(report::FINGERPRINT)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes the project's forms into `path`, which is returned, if it has any. They come before the page that tells whether they are there.
fn write_forms(
    workspace: &Workspace,
    results: &Results,
    path: Option<PathBuf>,
) -> Result<Option<PathBuf>, JobError> {
    let (Some(forms), Some(path)) = (&workspace.forms, path) else {
        return Ok(None);
    };
    write(&path, report::forms::workbook(forms, results)?)?;
    Ok(Some(path))
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), JobError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(JobError::ReportFolder)?;
    }
    let mut file = OutputFile::create(path).map_err(JobError::ReportFile)?;
    file.write_all(content.as_ref())
        .map_err(JobError::ReportBytes)?;
    file.finish().map_err(JobError::ReportFile)
}
