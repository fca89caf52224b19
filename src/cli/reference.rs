//! `korabo reference`: published figures to compare with.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::config::ProjectConfig;
use crate::diagnostic::{FailureKind, counted, thousands};
use crate::output_file::{OutputError, OutputFile};
use crate::reference::{Import, Mapping, REFERENCE_FILE, ReferenceError, import};
use crate::vocabulary::Vocabulary;

/// The table that figures are delivered to.
const TABLE: &str = "reference_values";

/// Arguments of `reference`.
#[derive(Debug, Args)]
pub(super) struct ReferenceArgs {
    #[command(subcommand)]
    command: ReferenceCommand,
}

#[derive(Debug, Subcommand)]
enum ReferenceCommand {
    /// Make an extract of published tables, as those of NDB Open Data, the way reference.toml says
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// Files, or folders with files, whose names fit an entry of reference.toml
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The extract to write; default: the first file of the project's source `reference_values` that is a .csv
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(
    args: &ReferenceArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let ReferenceCommand::Import(args) = &args.command;
    let config = workspace::config(global)?;
    let vocabulary = Vocabulary::load(&config.folder).map_err(|error| of(&error))?;
    let mapping = Mapping::load(&config.folder, &vocabulary)?;
    let paths = args.paths.iter().map(|path| workspace::absolute(path));
    let paths = paths.collect::<Result<Vec<_>, _>>()?;
    let out = match &args.out {
        Some(out) => workspace::absolute(out)?,
        None => extract_of(&config)?,
    };
    if out.exists() {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("`{}` is there already", out.display()),
        )
        .hint("give another file with -o, or move this one away"));
    }
    let import = import(&paths, &mapping)?;
    write(&out, &import)?;
    for (file, n_values) in &import.files {
        let n = counted(*n_values, "figure", "figures");
        printer.note(&format!("{}: {n}", file.display()));
    }
    if import.n_withheld > 0 {
        let n = counted(import.n_withheld, "figure is", "figures are");
        printer.note(&format!("{n} left out: withheld where they were published"));
    }
    let n_values = import.values.len() as u64;
    printer.note(&format!("{}: {} rows", out.display(), thousands(n_values)));
    printer.summary(&format!(
        "files={} rows={n_values} withheld={}",
        import.files.len(),
        import.n_withheld
    ));
    Ok(0)
}

/// The extract of the project that the values go into.
fn extract_of(config: &ProjectConfig) -> Result<PathBuf, Failure> {
    let source = config.sources.get(TABLE);
    let patterns = source.map_or(&[][..], |source| source.files.as_slice());
    let is_file = |pattern: &&String| {
        let is_csv = Path::new(pattern.as_str())
            .extension()
            .is_some_and(|extension| extension == "csv");
        is_csv && !pattern.contains(['*', '?', '['])
    };
    let mut files = patterns.iter().filter(is_file);
    let found = files.next().map(|file| config.extracts.join(file));
    found.ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            format!("the source `{TABLE}` of the project has no .csv file without wildcards"),
        )
        .hint("say with -o where to write, and name that file in [sources.reference_values]")
    })
}

fn write(out: &Path, import: &Import) -> Result<(), Failure> {
    let not_written = |error: OutputError| {
        Failure::new(FailureKind::Usage, "cannot write the extract").because(&error)
    };
    if let Some(folder) = out.parent() {
        fs_err::create_dir_all(folder).map_err(|error| {
            Failure::new(FailureKind::Resources, "cannot write the extract").because(&error)
        })?;
    }
    let mut file = OutputFile::create(out).map_err(not_written)?;
    file.write_all(import.to_csv().as_bytes())
        .map_err(|error| {
            Failure::new(FailureKind::Resources, "cannot write the extract").because(&error)
        })?;
    file.finish().map_err(not_written)
}

fn of(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(FailureKind::Project, "cannot read the project's indicators").because(error)
}

impl From<ReferenceError> for Failure {
    fn from(error: ReferenceError) -> Self {
        let is_project = matches!(
            error,
            ReferenceError::NoMapping | ReferenceError::Toml(_) | ReferenceError::Mapping { .. }
        );
        let kind = match is_project {
            true => FailureKind::Project,
            false => FailureKind::Extract,
        };
        let failure = Self::new(kind, "cannot import published tables").because(&error);
        match error {
            ReferenceError::NoMapping => failure.hint(format!(
                "`korabo init` writes one into a new project: copy {REFERENCE_FILE} from there"
            )),
            ReferenceError::NoEntry { .. } => failure.hint(format!(
                "add its name to `files` of an entry of {REFERENCE_FILE}, or an entry for its shape"
            )),
            _ => failure,
        }
    }
}
