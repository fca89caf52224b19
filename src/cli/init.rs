//! `korabo init`: a new project with the standard contracts and queries as plain files.

use std::path::{Path, PathBuf};

use clap::Args;
use include_dir::{Dir, include_dir};

use super::failure::Failure;
use super::printer::Printer;
use super::sniff;
use super::workspace;
use crate::config::PROJECT_FILE;
use crate::contract;
use crate::diagnostic::FailureKind;
use crate::evaluation::PLANS_FOLDER;
use crate::mapping::HeaderRules;
use crate::reference::REFERENCE_FILE;
use crate::release::RELEASES_FOLDER;
use crate::vocabulary::{COLUMNS_FILE, FIELDS_FILE, INDICATORS_FILE};

static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");
static QUERIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/queries");
static EVALUATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/evaluations");
static RELEASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/releases");
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
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Folder with tables of a holder (.csv, .tsv, .txt, .xlsx): mappings are proposed for them
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
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
        RELEASES_FOLDER,
        "rules",
    ] {
        if folder.join(name).exists() {
            let message = format!("`{}` holds a `{name}` already", args.folder.display());
            return Err(Failure::new(FailureKind::Usage, message)
                .hint("name a new folder; nothing was changed"));
        }
    }
    if let Some(from) = args.from.as_deref().filter(|from| !from.is_dir()) {
        let message = format!("`{}` is no folder", from.display());
        return Err(Failure::new(FailureKind::Usage, message).hint("nothing was written"));
    }
    fs_err::create_dir_all(&folder).map_err(write)?;
    write_files(&SCHEMAS, &folder.join("schemas")).map_err(write)?;
    write_files(&QUERIES, &folder.join("queries")).map_err(write)?;
    write_files(&EVALUATIONS, &folder.join(PLANS_FOLDER)).map_err(write)?;
    write_files(&RELEASES, &folder.join(RELEASES_FOLDER)).map_err(write)?;
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
        "/lake\n/results\n/reports\n/released\n/review\n/extracts\n/tokens.toml\n",
    )
    .map_err(write)?;
    fs_err::write(folder.join(PROJECT_FILE), &config).map_err(write)?;
    if let Some(from) = &args.from {
        let tables = map_files(&workspace::absolute(from)?, &folder, printer)?;
        let config = with_optional_sources(&config, &tables);
        fs_err::write(folder.join(PROJECT_FILE), config).map_err(write)?;
    }
    let name = args.folder.display();
    printer.note(&format!(
        "wrote {PROJECT_FILE}, {FIELDS_FILE}, {INDICATORS_FILE}, {COLUMNS_FILE}, {REFERENCE_FILE}, schemas/, queries/, \
         {PLANS_FOLDER}/, {RELEASES_FOLDER}/ and rules/ to `{name}`; put \
         extracts into `{name}/extracts`, then `korabo run --project {name}`"
    ));
    Ok(0)
}

/// The project file in which the sources of all other tables than `tables` may be absent.
fn with_optional_sources(config: &str, tables: &[String]) -> String {
    let mut text = String::with_capacity(config.len() + 512);
    for line in config.lines() {
        text.push_str(line);
        text.push('\n');
        let table = line
            .strip_prefix("[sources.")
            .and_then(|rest| rest.strip_suffix(']'));
        if table.is_some_and(|table| !tables.iter().any(|own| own == table)) {
            text.push_str("optional = true\n");
        }
    }
    text
}

/// Proposes mappings for the tables below `from`, and returns the contracts' tables that they are for.
fn map_files(from: &Path, folder: &Path, printer: &Printer) -> Result<Vec<String>, Failure> {
    let unreadable = |error: std::io::Error| {
        let message = format!("cannot list the files of `{}`", from.display());
        Failure::new(FailureKind::Extract, message).because(&error)
    };
    let contracts = contract::load_dir(&folder.join("schemas"))?;
    let rules = HeaderRules::load(folder)?;
    let files = sniff::tables_below(from).map_err(unreadable)?;
    let proposals = sniff::sniff_all(&files, &contracts, &rules, printer);
    let written = sniff::write(&proposals, folder).map_err(|error| {
        Failure::new(FailureKind::Resources, "cannot write the mappings").because(&error)
    })?;
    if proposals.is_empty() {
        printer.warning(&format!(
            "no table of `{}` is known: no mapping is written",
            from.display()
        ));
    } else {
        printer.note(&format!("wrote {}; look at every line", written.join(", ")));
    }
    let tables = proposals.into_iter().map(|proposal| proposal.mapping.table);
    Ok(tables.collect())
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
