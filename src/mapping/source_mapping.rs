//! `mappings/NAME.toml`: how the files of a holder become rows of a contract's table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::error::{MAPPINGS_FOLDER, MappingError};
use super::identity::IdentityField;
use crate::content_hash::sha256;
use crate::contract::TableContract;
use crate::diagnostic::{SourceLocation, did_you_mean};
use crate::project_file::read_named_files;
use crate::tabular::TableLayout;
use crate::toml_reader::{TomlDocument, TomlError, TomlItem, TomlTable};

/// How files of one layout become rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceMapping {
    /// Its name: the file's stem.
    pub name: String,
    /// The file as named in messages.
    pub shown: PathBuf,
    /// The contract's table.
    pub table: String,
    /// Patterns of the names of its files; the extracts' folder is searched for them.
    pub files: Vec<String>,
    /// Where in a file the table is.
    pub layout: TableLayout,
    /// Words that are no value, besides those of `rules/headers.toml`.
    pub missing: Vec<String>,
    /// Fields that identify a person: for tokens only.
    pub identity: BTreeMap<IdentityField, ColumnSource>,
    /// Columns of the contract.
    pub columns: BTreeMap<String, ColumnSource>,
    /// Where each row holds one item of a person's.
    pub long: Option<LongLayout>,
    /// SHA-256 of the file's text.
    pub sha256: String,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSource {
    /// Headers, a value, or SQL.
    pub origin: Origin,
    /// Codes by the words for them.
    pub codes: BTreeMap<String, String>,
    /// What numbers are multiplied with.
    pub scale: Option<f64>,
    /// Days that are added to a day.
    pub days: i64,
    /// Where it is written.
    pub at: SourceLocation,
}

/// Headers, a value, or SQL.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// Headers of the file, or patterns of them; of several the first with a value counts.
    Headers(Vec<String>),
    /// Items of a long table; of several the first with a value counts.
    Items(Vec<String>),
    /// The same value in every row.
    Value(String),
    /// An expression over headers of the file and columns of the contract, all of them texts.
    Sql(String),
}

/// A table with one item in each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongLayout {
    /// The header of the item's code or name.
    pub item: String,
    /// The header of its value.
    pub value: String,
}

const KEYS: &[&str] = &[
    "table",
    "files",
    "sheet",
    "header_row",
    "first_row",
    "missing",
    "identity",
    "columns",
    "long",
];
const SOURCE_KEYS: &[&str] = &["from", "item", "value", "sql", "codes", "scale", "days"];

impl SourceMapping {
    /// The mappings of the project in `folder`, in the order of their names.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load_all(folder: &Path, contracts: &[TableContract]) -> Result<Vec<Self>, MappingError> {
        let files = read_named_files(folder, MAPPINGS_FOLDER, "mapping")?;
        let parse = |file: &crate::project_file::NamedFile| {
            Self::parse(&file.name, &file.shown, &file.text, contracts)
        };
        files.iter().map(parse).collect()
    }

    /// Reads mapping `name` from `text`, the content of `file`.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn parse(
        name: &str,
        file: &Path,
        text: &str,
        contracts: &[TableContract],
    ) -> Result<Self, MappingError> {
        let document = TomlDocument::parse(file, text)?;
        let root = document.root();
        root.check_keys(KEYS)?;
        let table = root.require("table")?;
        let contract = contract_of(&table, contracts)?;
        let long = root.table("long")?.map(|long| long_layout(&long));
        let mapping = Self {
            name: name.to_owned(),
            shown: file.to_path_buf(),
            table: contract.name.clone(),
            files: patterns(&root)?,
            layout: layout(&root)?,
            missing: root.optional("missing")?.unwrap_or_default(),
            identity: identity(&root)?,
            columns: columns(&root, contract)?,
            long: long.transpose()?,
            sha256: sha256(text),
        };
        if mapping.long.is_none()
            && let Some(source) = mapping.columns.values().find(|own| own.has_items())
        {
            return Err(MappingError::Wrong {
                at: source.at.clone(),
                message: "`item` is for tables with one item in each row: add [long] with `item` and `value`, or use `from`"
                    .to_owned(),
            });
        }
        Ok(mapping)
    }

    /// Whether a file is one of this mapping's: its path below `folder`, or its name alone, fits one of the patterns.
    #[must_use]
    pub fn fits(&self, path: &Path, folder: &Path) -> bool {
        let below = path.strip_prefix(folder).unwrap_or(path);
        let name = Path::new(path.file_name().unwrap_or_default());
        self.files.iter().any(|pattern| {
            let pattern = Pattern::new(pattern);
            pattern.is_ok_and(|pattern| pattern.matches_path(below) || pattern.matches_path(name))
        })
    }
}

impl ColumnSource {
    /// A column under one of `headers`.
    pub(super) fn of_headers(headers: Vec<String>, at: SourceLocation) -> Self {
        Self {
            origin: Origin::Headers(headers),
            codes: BTreeMap::new(),
            scale: None,
            days: 0,
            at,
        }
    }

    fn has_items(&self) -> bool {
        matches!(self.origin, Origin::Items(_))
    }
}

fn contract_of<'c>(
    table: &TomlItem<'_>,
    contracts: &'c [TableContract],
) -> Result<&'c TableContract, MappingError> {
    let name = table.text()?;
    let found = contracts.iter().find(|contract| contract.name == name);
    found.ok_or_else(|| {
        let known = contracts.iter().map(|contract| contract.name.as_str());
        MappingError::Wrong {
            at: table.location(),
            message: format!("no contract `{name}`{}", did_you_mean(name, known)),
        }
    })
}

fn patterns(root: &TomlTable<'_>) -> Result<Vec<String>, MappingError> {
    let mut patterns = Vec::new();
    for item in root.require("files")?.elements()? {
        let pattern = item.text()?;
        if Pattern::new(pattern).is_err() {
            return Err(item.wrong("a pattern of file names").into());
        }
        patterns.push(pattern.to_owned());
    }
    Ok(patterns)
}

fn layout(root: &TomlTable<'_>) -> Result<TableLayout, MappingError> {
    let line = |key: &str| -> Result<Option<usize>, TomlError> {
        let Some(item) = root.get(key) else {
            return Ok(None);
        };
        match usize::try_from(item.integer()?) {
            Ok(line @ 1..=1_000) => Ok(Some(line)),
            _ => Err(item.wrong("a line from 1 to 1000")),
        }
    };
    let header_row = line("header_row")?.unwrap_or(1);
    let first_row = line("first_row")?.unwrap_or(header_row + 1);
    if first_row <= header_row {
        let item = root.require("first_row")?;
        return Err(item.wrong("a line after that of the header").into());
    }
    Ok(TableLayout {
        header_row,
        first_row,
        sheet: root.optional("sheet")?,
    })
}

fn long_layout(long: &TomlTable<'_>) -> Result<LongLayout, MappingError> {
    long.check_keys(&["item", "value"])?;
    Ok(LongLayout {
        item: long.required("item")?,
        value: long.required("value")?,
    })
}

fn identity(root: &TomlTable<'_>) -> Result<BTreeMap<IdentityField, ColumnSource>, MappingError> {
    let mut fields = BTreeMap::new();
    let Some(table) = root.table("identity")? else {
        return Ok(fields);
    };
    for item in table.items() {
        let source = source(&item)?;
        if !matches!(source.origin, Origin::Headers(_) | Origin::Value(_)) {
            return Err(MappingError::Wrong {
                at: source.at,
                message: "a field of [identity] comes `from` a header or is one `value`".to_owned(),
            });
        }
        fields.insert(IdentityField::of(&item)?, source);
    }
    Ok(fields)
}

fn columns(
    root: &TomlTable<'_>,
    contract: &TableContract,
) -> Result<BTreeMap<String, ColumnSource>, MappingError> {
    let mut columns = BTreeMap::new();
    let Some(table) = root.table("columns")? else {
        return Ok(columns);
    };
    for item in table.items() {
        let name = item.last_key();
        if contract.column(name).is_none() {
            let known = contract.columns.iter().map(|column| column.name.as_str());
            let hint = did_you_mean(name, known);
            return Err(MappingError::Wrong {
                at: item.key_location(),
                message: format!("contract `{}` has no column `{name}`{hint}", contract.name),
            });
        }
        columns.insert(name.to_owned(), source(&item)?);
    }
    Ok(columns)
}

/// A header as text, several as an array, or a table.
fn source(item: &TomlItem<'_>) -> Result<ColumnSource, MappingError> {
    let at = item.location();
    if let Some(headers) = names(item)? {
        return Ok(ColumnSource::of_headers(headers, at));
    }
    let table = item.table()?;
    table.check_keys(SOURCE_KEYS)?;
    let named = |key: &str| -> Result<Option<Vec<String>>, MappingError> {
        let Some(item) = table.get(key) else {
            return Ok(None);
        };
        names(&item)?
            .map(Some)
            .ok_or_else(|| item.wrong("a text or an array of texts").into())
    };
    let origins = [
        named("from")?.map(Origin::Headers),
        named("item")?.map(Origin::Items),
        table.optional("value")?.map(Origin::Value),
        table.optional("sql")?.map(Origin::Sql),
    ];
    let mut origins: Vec<Origin> = origins.into_iter().flatten().collect();
    let (Some(origin), true) = (origins.pop(), origins.is_empty()) else {
        return Err(MappingError::Wrong {
            at,
            message: format!(
                "`{}` needs one of `from`, `item`, `value` and `sql`",
                item.key()
            ),
        });
    };
    let mut codes = BTreeMap::new();
    if let Some(words) = table.table("codes")? {
        for word in words.items() {
            codes.insert(
                super::header::plain(word.last_key()),
                word.text()?.to_owned(),
            );
        }
    }
    Ok(ColumnSource {
        origin,
        codes,
        scale: table.get("scale").map(|item| item.number()).transpose()?,
        days: table.get("days").map_or(Ok(0), |item| item.integer())?,
        at,
    })
}

/// The text or texts of an item; `None` for a table.
fn names(item: &TomlItem<'_>) -> Result<Option<Vec<String>>, MappingError> {
    if let Ok(one) = item.text() {
        return Ok(Some(vec![one.to_owned()]));
    }
    let Ok(elements) = item.elements() else {
        return Ok(None);
    };
    let texts = elements.iter().map(|own| own.text().map(str::to_owned));
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    match texts.is_empty() {
        true => Err(item.wrong("one name at least").into()),
        false => Ok(Some(texts)),
    }
}
