//! `korabo schema`: JSON schemas of the files of a project, with which editors complete and check them.

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::printer::Printer;

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// The kind of file
    #[arg(value_enum, value_name = "FILE")]
    file: SchemaFile,
}

/// Files that a project is configured by.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaFile {
    /// The project file, korabo.toml
    Korabo,
    /// A contract, schemas/*.toml
    Contract,
    /// Program fields, fields.toml
    Fields,
    /// Indicators, indicators.toml
    Indicators,
    /// What columns mean, columns.toml
    Columns,
    /// An evaluation plan, evaluations/*.toml
    Evaluation,
    /// Gates of evaluations, rules/gates.toml
    Gates,
    /// The rating scale, rules/ratings.toml
    Ratings,
    /// A table that may leave, releases/*.toml
    Release,
    /// Presets of rules of releases, rules/release.toml
    ReleaseRules,
    /// Official forms, rules/forms.toml
    Forms,
    /// How files of a holder become rows, mappings/*.toml
    Mapping,
    /// What holders call columns, rules/headers.toml
    Headers,
}

pub(super) fn run(args: &SchemaArgs, printer: &Printer) -> Result<u8, Failure> {
    let text = match args.file {
        SchemaFile::Korabo => include_str!("../../docs/json_schema/korabo.json"),
        SchemaFile::Contract => include_str!("../../docs/json_schema/contract.json"),
        SchemaFile::Fields => include_str!("../../docs/json_schema/fields.json"),
        SchemaFile::Indicators => include_str!("../../docs/json_schema/indicators.json"),
        SchemaFile::Columns => include_str!("../../docs/json_schema/columns.json"),
        SchemaFile::Evaluation => include_str!("../../docs/json_schema/evaluation.json"),
        SchemaFile::Gates => include_str!("../../docs/json_schema/gates.json"),
        SchemaFile::Ratings => include_str!("../../docs/json_schema/ratings.json"),
        SchemaFile::Release => include_str!("../../docs/json_schema/release.json"),
        SchemaFile::Forms => include_str!("../../docs/json_schema/forms.json"),
        SchemaFile::Mapping => include_str!("../../docs/json_schema/mapping.json"),
        SchemaFile::Headers => include_str!("../../docs/json_schema/headers.json"),
        SchemaFile::ReleaseRules => {
            include_str!("../../docs/json_schema/release_rules.json")
        }
    };
    printer.data(text.as_bytes())?;
    Ok(0)
}
