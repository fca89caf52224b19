//! `korabo docs`: the project's documentation as a static site.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::checks;
use crate::diagnostic::{FailureKind, counted};
use crate::lake::Lake;
use crate::pipeline::{Lineage, Meanings, Project};
use crate::report::Lang;
use crate::site::{Site, SiteFile};

/// Arguments of `docs`.
#[derive(Debug, Args)]
pub(super) struct DocsArgs {
    /// Folder to write to; created if it does not exist [default: reports/docs in the project]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) async fn run(
    args: &DocsArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let project = Project::load(workspace::config(global)?)?;
    let lineage = Lineage::of(&project, &workspace::session(global)?).await?;
    // Without a lake there is nothing to say about checks; none is made for it.
    let results = match project.config.lake.is_dir() {
        true => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let now = i64::try_from(now.as_micros()).unwrap_or_default();
            checks::current(&Lake::open(&project.config.lake)?, &project.checks, now).await?
        }
        false => Vec::new(),
    };
    let site = Site {
        project: &project,
        lineage: &lineage,
        meanings: &Meanings::of(&project, &lineage),
        own_tables: &project.own_tables(),
        results: &results,
        lang: Lang::from(global.lang),
    };
    let folder = match &args.output {
        Some(folder) => workspace::absolute(folder)?,
        None => project.config.folder.join("reports/docs"),
    };
    let files = site.files();
    write(&folder, &files).map_err(|error| {
        let message = format!("cannot write the site to `{}`", folder.display());
        Failure::new(FailureKind::Resources, message).because(&error)
    })?;
    let n_pages = files.iter().filter(|file| file.is_page()).count();
    let pages = counted(n_pages as u64, "page", "pages");
    printer.note(&format!(
        "docs: {}, {pages}",
        folder.join("index.html").display()
    ));
    Ok(0)
}

fn write(folder: &Path, files: &[SiteFile]) -> std::io::Result<()> {
    for file in files {
        let path = folder.join(&file.path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        fs_err::write(path, &file.content)?;
    }
    Ok(())
}
