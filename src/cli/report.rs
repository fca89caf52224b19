//! `korabo report`: the HTML report of the tables as they are.

use std::path::PathBuf;

use clap::Args;

use super::args::GlobalArgs;
use super::as_of::{self, AsOfArgs};
use super::failure::Failure;
use super::printer::Printer;
use super::workspace::{self, Workspace};
use crate::diagnostic::FailureKind;
use crate::output_file::OutputFile;
use crate::pipeline::{self, RunRecord};
use crate::report::{self, Lang};
use crate::session::Session;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// File to write [default: the project's]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

pub(super) async fn run(
    args: &ReportArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let mut workspace = Workspace::load(global)?;
    if args.as_of.is_given() && args.output.is_none() {
        let message = "--as-of needs -o: the project's report is of the present";
        return Err(Failure::new(FailureKind::Usage, message));
    }
    workspace.lake = args.as_of.lake(&workspace.lake, printer).await?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let session = Workspace::session(global)?;
    let path = match &args.output {
        Some(path) => workspace::absolute(path)?,
        None => workspace.project.config.report.clone(),
    };
    let lang = Lang::from(global.lang);
    let last = pipeline::last_run(&workspace.lake).await?;
    let run_id = last.map(|last| last.run_id);
    let page = page(&workspace, &session, run_id, lang).await?;
    write(&path, &report::render(&page, lang))?;
    printer.note(&format!("report: {}", path.display()));
    Ok(0)
}

/// Writes the project's report, as made by `run`, when the tables it shows have changed since it was written.
pub(super) async fn write_if_stale(
    workspace: &Workspace,
    session: &Session,
    run: &RunRecord,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<(), Failure> {
    let path = &workspace.project.config.report;
    let lang = Lang::from(global.lang);
    let fingerprint = report::fingerprint(&workspace.lake, &workspace.project.vocabulary, lang)
        .await
        .map_err(load_failure)?;
    let written = fs_err::read_to_string(path).unwrap_or_default();
    if written.contains(&fingerprint) {
        return Ok(());
    }
    let last = pipeline::last_run(&workspace.lake).await?;
    let own = run.id_after(last.as_ref());
    let run_id = own.or(last.map(|last| last.run_id));
    let page = page(workspace, session, run_id, lang).await?;
    let html = report::render(&page, lang);
    write(path, &report::with_fingerprint(&html, &fingerprint))?;
    printer.note(&format!("report: {}", path.display()));
    Ok(())
}

async fn page(
    workspace: &Workspace,
    session: &Session,
    run_id: Option<i64>,
    lang: Lang,
) -> Result<report::Page, Failure> {
    let config = &workspace.project.config;
    let vocabulary = &workspace.project.vocabulary;
    let mut page = report::load_page(&workspace.lake, session, vocabulary, config.disclosure)
        .await
        .map_err(load_failure)?;
    page.provenance.run_id = run_id.map_or_else(String::new, |run_id| run_id.to_string());
    page.subject = Some(match (workspace.lake.time(), lang) {
        (None, _) => config.name.clone(),
        (Some(time), Lang::Ja) => format!("{}（{} 時点）", config.name, as_of::shown(time)),
        (Some(time), Lang::En) => format!("{} (as of {})", config.name, as_of::shown(time)),
    });
    page.provenance.generated_at = match lang {
        Lang::Ja => chrono::Local::now()
            .format("%Y年%-m月%-d日 %H:%M")
            .to_string(),
        Lang::En => chrono::Local::now().format("%-d %B %Y, %H:%M").to_string(),
    };
    Ok(page)
}

fn load_failure(error: report::LoadError) -> Failure {
    match error {
        report::LoadError::Lake(error) => error.into(),
        report::LoadError::Session(error) => error.into(),
        report::LoadError::Column { .. } => {
            Failure::new(FailureKind::Project, "cannot make the report").because(&error)
        }
    }
}

fn write(path: &std::path::Path, html: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Failure::new(FailureKind::Resources, "cannot write the report").because(error)
    };
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let mut file = OutputFile::create(path).map_err(|error| failed(&error))?;
    file.write_all(html.as_bytes())
        .map_err(|error| failed(&error))?;
    file.finish().map_err(|error| failed(&error))
}
