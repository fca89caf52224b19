//! What columns mean: the entries of `columns.toml`, and those of the columns that korabo writes itself.

use std::path::Path;
use std::sync::LazyLock;

use super::error::{COLUMNS_FILE, VocabularyError};
use super::field::is_name;
use super::load::read_file;
use super::meaning::Meaning;
use crate::diagnostic::SourceLocation;
use crate::toml_reader::{TomlDocument, TomlItem, TomlTable};

/// What is said of a column's name, in one table or in all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnEntry {
    /// The table, or the template that makes it; `None`: any that a query makes.
    pub table: Option<String>,
    /// The column.
    pub column: String,
    /// Where the entry begins.
    pub at: SourceLocation,
    /// What it means.
    pub meaning: Meaning,
}

impl ColumnEntry {
    /// The entries of the project in `folder`, in the order of the file; none where there is no file.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path) -> Result<Vec<Self>, VocabularyError> {
        match read_file(folder, COLUMNS_FILE)? {
            Some(text) => parse(COLUMNS_FILE, &text),
            None => Ok(Vec::new()),
        }
    }

    /// The entries of the columns that korabo writes itself: those of its own tables, where `rejects` stands for all tables of
    /// rejected rows and `plans` for the views of evaluation plans, and without a table those that ingest adds to raw tables.
    #[must_use]
    pub fn own() -> &'static [Self] {
        static OWN: LazyLock<Vec<ColumnEntry>> =
            LazyLock::new(|| parse(OWN_FILE, include_str!("own_columns.toml")).unwrap_or_default());
        &OWN
    }

    /// What `entries` say of a column of `table`; `None`: of any table.
    #[must_use]
    pub fn find<'e>(entries: &'e [Self], table: Option<&str>, column: &str) -> Option<&'e Meaning> {
        let is_it = |entry: &&Self| entry.table.as_deref() == table && entry.column == column;
        entries.iter().find(is_it).map(|entry| &entry.meaning)
    }
}

/// The file of korabo's own columns in messages.
const OWN_FILE: &str = "own_columns.toml";

pub(super) fn parse(file: &str, text: &str) -> Result<Vec<ColumnEntry>, VocabularyError> {
    let document = TomlDocument::parse(Path::new(file), text)?;
    let mut entries = Vec::new();
    for item in document.root().items() {
        let table = item.table()?;
        // A table in it is about a column of the table that the entry is named like.
        let inner: Vec<(TomlItem<'_>, TomlTable<'_>)> = table
            .items()
            .into_iter()
            .filter_map(|inner| Some((inner.clone(), inner.table().ok()?)))
            .collect();
        if inner.is_empty() || inner.len() < table.items().len() {
            let inner = inner.iter().map(|(inner, _)| inner.last_key());
            let known: Vec<&str> = ["ja", "en"].into_iter().chain(inner).collect();
            table.check_keys(&known)?;
            entries.push(entry(None, &item, &table)?);
        }
        for (item_of_table, of_table) in &inner {
            of_table.check_keys(&["ja", "en"])?;
            entries.push(entry(Some(name_of(&item)?), item_of_table, of_table)?);
        }
    }
    Ok(entries)
}

fn entry(
    table: Option<String>,
    item: &TomlItem<'_>,
    texts: &TomlTable<'_>,
) -> Result<ColumnEntry, VocabularyError> {
    Ok(ColumnEntry {
        table,
        column: name_of(item)?,
        at: item.key_location(),
        meaning: Meaning {
            ja: texts.required("ja")?,
            en: texts.required("en")?,
        },
    })
}

fn name_of(item: &TomlItem<'_>) -> Result<String, VocabularyError> {
    let name = item.last_key().to_owned();
    match is_name(&name) {
        true => Ok(name),
        false => Err(VocabularyError::WrongName {
            at: item.key_location(),
            name,
        }),
    }
}
