//! `korabo init`: a new project with the standard contracts and queries as plain files.

use std::path::{Path, PathBuf};

use clap::Args;
use include_dir::{Dir, include_dir};

use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::config::PROJECT_FILE;
use crate::diagnostic::FailureKind;
use crate::evaluation::PLANS_FOLDER;
use crate::reference::REFERENCE_FILE;
use crate::vocabulary::{COLUMNS_FILE, FIELDS_FILE, INDICATORS_FILE};

static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");
static QUERIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/queries");
static EVALUATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/evaluations");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static PROJECT: &str = include_str!("../../korabo.toml");
static FIELDS: &str = include_str!("../../fields.toml");
static INDICATORS: &str = include_str!("../../indicators.toml");
static COLUMNS: &str = include_str!("../../columns.toml");
static REFERENCE: &str = include_str!("../../reference.toml");

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Folder of the new project
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: &InitArgs, printer: &Printer) -> Result<u8, Failure> {
    let folder = workspace::absolute(&args.folder)?;
    let write = |error: std::io::Error| {
        Failure::new(FailureKind::Resources, "cannot write the project").because(&error)
    };
    for name in [
        PROJECT_FILE,
        FIELDS_FILE,
        INDICATORS_FILE,
        COLUMNS_FILE,
        REFERENCE_FILE,
        "schemas",
        "queries",
        PLANS_FOLDER,
        "rules",
    ] {
        if folder.join(name).exists() {
            let message = format!("`{}` holds a `{name}` already", args.folder.display());
            return Err(Failure::new(FailureKind::Usage, message)
                .hint("name a new folder; nothing was changed"));
        }
    }
    fs_err::create_dir_all(&folder).map_err(write)?;
    write_files(&SCHEMAS, &folder.join("schemas")).map_err(write)?;
    write_files(&QUERIES, &folder.join("queries")).map_err(write)?;
    write_files(&EVALUATIONS, &folder.join(PLANS_FOLDER)).map_err(write)?;
    write_files(&RULES, &folder.join("rules")).map_err(write)?;
    for (name, text) in [
        (FIELDS_FILE, FIELDS),
        (INDICATORS_FILE, INDICATORS),
        (COLUMNS_FILE, COLUMNS),
        (REFERENCE_FILE, REFERENCE),
    ] {
        fs_err::write(folder.join(name), text).map_err(write)?;
    }
    let named = folder.file_name().map_or_else(
        || "korabo project".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let named = format!("name = {}", toml::Value::from(named));
    let config = PROJECT.replace("path = \"sample_data\"", "path = \"extracts\"");
    let config = config.replace("name = \"korabo sample\"", &named);
    fs_err::create_dir_all(folder.join("extracts")).map_err(write)?;
    fs_err::write(
        folder.join(".gitignore"),
        "/lake\n/results\n/reports\n/released\n/extracts\n/tokens.toml\n",
    )
    .map_err(write)?;
    fs_err::write(folder.join(PROJECT_FILE), config).map_err(write)?;
    let name = args.folder.display();
    printer.note(&format!(
        "wrote {PROJECT_FILE}, {FIELDS_FILE}, {INDICATORS_FILE}, {COLUMNS_FILE}, {REFERENCE_FILE}, schemas/, queries/, \
         {PLANS_FOLDER}/ and rules/ to `{name}`; put \
         extracts into `{name}/extracts`, then `korabo run --project {name}`"
    ));
    Ok(0)
}

fn write_files(from: &Dir<'_>, to: &Path) -> std::io::Result<()> {
    fs_err::create_dir_all(to)?;
    for file in from.files() {
        // A plan of the sample that was fixed is not fixed in another project.
        let is_lock = file.path().extension().is_some_and(|own| own == "lock");
        if let Some(name) = file.path().file_name().filter(|_| !is_lock) {
            fs_err::write(to.join(name), file.contents())?;
        }
    }
    Ok(())
}
