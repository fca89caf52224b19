//! `releases/*.toml`: which tables may leave, and how they are made.

use std::path::Path;

use super::error::ReleaseFileError;
use super::preset::Preset;
use crate::config::ReleaseConfig;
use crate::project_file::{NamedFile, read_named_files};
use crate::toml_reader::{TomlDocument, TomlTable};

/// The folder of definitions, in the project's folder.
pub const RELEASES_FOLDER: &str = "releases";

/// The key of a table of levels.
pub(super) const KEY: [&str; 4] = ["indicator", "by", "level_of", PERIOD];
/// The name of periods there, whatever the rows call them.
pub(super) const PERIOD: &str = "fiscal_year";

/// One table that may leave.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseDefinition {
    /// Its name: the file's stem.
    pub name: String,
    /// Title, in Japanese.
    pub title_ja: String,
    /// Title, in English.
    pub title_en: String,
    /// How it is made.
    pub kind: ReleaseKind,
    /// The text of the file, which certificates keep.
    pub text: String,
}

/// How a table is made.
#[derive(Debug, Clone, PartialEq)]
pub enum ReleaseKind {
    /// Persons, and their shares and means, counted from rows of persons by several groupings.
    Levels(LevelsDefinition),
    /// A statement that `korabo sql --release` answers: estimates and verdicts.
    Statement {
        /// The statement.
        sql: String,
        /// Columns that say which row of an earlier release a row is.
        key: Vec<String>,
    },
}

/// Counts of persons by groupings.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelsDefinition {
    /// A query: a row per person and period.
    pub rows: String,
    /// The column that tells persons apart: whole numbers.
    pub person: String,
    /// The column of periods.
    pub period: String,
    /// Sets of columns that persons are grouped by; the empty one is everybody.
    pub groupings: Vec<Vec<String>>,
}

/// The definitions of a project and the rules that they follow.
#[derive(Debug, Clone, Default)]
pub struct Releases {
    /// In the order of their names.
    pub definitions: Vec<ReleaseDefinition>,
    /// The rules; `None` in a project without definitions.
    pub preset: Option<Preset>,
}

impl Releases {
    /// Reads the definitions of the project in `folder` and the preset that `config` names.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path, config: &ReleaseConfig) -> Result<Self, ReleaseFileError> {
        if !folder.join(RELEASES_FOLDER).is_dir() {
            return Ok(Self::default());
        }
        let files = read_named_files(folder, RELEASES_FOLDER, "release")?.into_iter();
        let parse = |file: NamedFile| ReleaseDefinition::parse(&file.name, &file.shown, &file.text);
        let definitions = files.map(parse).collect::<Result<_, _>>()?;
        let preset = Preset::load(folder, config)?;
        Ok(Self {
            definitions,
            preset: Some(preset),
        })
    }

    /// The definition called `name`.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&ReleaseDefinition> {
        self.definitions
            .iter()
            .find(|definition| definition.name == name)
    }
}

impl ReleaseDefinition {
    /// Columns that tell the rows of the released table apart.
    pub(super) fn key(&self) -> Vec<String> {
        match &self.kind {
            ReleaseKind::Levels(_) => KEY.iter().map(ToString::to_string).collect(),
            ReleaseKind::Statement { key, .. } => key.clone(),
        }
    }

    /// Reads a definition from the text of its file.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn parse(name: &str, shown: &Path, text: &str) -> Result<Self, ReleaseFileError> {
        let document = TomlDocument::parse(shown, text)?;
        let root = document.root();
        // Keys of both kinds: those of the other one are refused below, with the reason.
        let keys = [&["title_ja", "title_en"][..], &OF_LEVELS, &OF_STATEMENTS];
        root.check_keys(&keys.concat())?;
        let is_statement = root.get("statement").is_some();
        let kind = match is_statement {
            true => statement(&root)?,
            false => ReleaseKind::Levels(levels(&root)?),
        };
        Ok(Self {
            name: name.to_owned(),
            title_ja: root.required("title_ja")?,
            title_en: root.required("title_en")?,
            kind,
            text: text.to_owned(),
        })
    }
}

/// Keys of each kind.
const OF_LEVELS: [&str; 4] = ["rows", "person", "period", "groupings"];
const OF_STATEMENTS: [&str; 2] = ["statement", "key"];

/// Refuses keys of the other kind.
fn leaves_out(root: &TomlTable<'_>, keys: &[&str], expected: &str) -> Result<(), ReleaseFileError> {
    match keys.iter().find_map(|key| root.get(key)) {
        Some(item) => Err(item.wrong(expected).into()),
        None => Ok(()),
    }
}

fn statement(root: &TomlTable<'_>) -> Result<ReleaseKind, ReleaseFileError> {
    leaves_out(root, &OF_LEVELS, "left out beside `statement`")?;
    Ok(ReleaseKind::Statement {
        sql: root.required("statement")?,
        key: root.required("key")?,
    })
}

fn levels(root: &TomlTable<'_>) -> Result<LevelsDefinition, ReleaseFileError> {
    leaves_out(root, &OF_STATEMENTS, "left out: only a `statement` has it")?;
    let item = root.require("groupings")?;
    let mut groupings: Vec<Vec<String>> = Vec::new();
    for element in item.elements()? {
        let columns: Vec<String> = element
            .elements()?
            .iter()
            .map(|column| column.text().map(str::to_owned))
            .collect::<Result<_, _>>()?;
        if groupings.contains(&columns) {
            return Err(element.wrong("groupings that differ").into());
        }
        groupings.push(columns);
    }
    if groupings.is_empty() {
        return Err(item
            .wrong("at least one list of columns; [] is everybody")
            .into());
    }
    Ok(LevelsDefinition {
        rows: root.required("rows")?,
        person: root.required("person")?,
        period: root.required("period")?,
        groupings,
    })
}

impl LevelsDefinition {
    /// Columns that the rows must have.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let own = [self.person.as_str(), self.period.as_str()];
        own.into_iter().chain(self.dimensions())
    }

    /// All columns that persons are grouped by, each once.
    #[must_use]
    pub fn dimensions(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for column in self.groupings.iter().flatten() {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        columns
    }
}
