//! `reference.toml`: what published tables look like and which of their numbers are which indicator.

use std::path::Path;

use glob::Pattern;

use super::error::{REFERENCE_FILE, ReferenceError};
use crate::diagnostic::{SourceLocation, did_you_mean};
use crate::regular_file;
use crate::toml_reader::{TomlDocument, TomlItem, TomlTable};
use crate::vocabulary::Vocabulary;

/// What a project says of published tables.
#[derive(Debug)]
pub struct Mapping {
    pub(super) kinds: Vec<TableKind>,
}

/// Tables of one shape.
#[derive(Debug)]
pub(super) struct TableKind {
    pub(super) files: Vec<Pattern>,
    pub(super) source: String,
    pub(super) layout: Layout,
    pub(super) measure: Measure,
    pub(super) year: Year,
    pub(super) region: Option<String>,
    /// The column that names the item; without it the file's name does.
    pub(super) item: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) regions: Vec<Region>,
    pub(super) indicators: Vec<Figure>,
}

/// Where sex, age and number stand.
#[derive(Debug)]
pub(super) enum Layout {
    /// A column for each sex and age, with a heading like `男40～44歳`.
    Wide,
    /// A column of sexes, one of ages, one of numbers.
    Long {
        sex: String,
        age: String,
        value: String,
    },
}

/// What the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Persons by answer: shares are worked out.
    Counts,
    /// Means.
    Means,
}

/// The fiscal year of a figure.
#[derive(Debug)]
pub(super) enum Year {
    All(i16),
    Column(String),
}

/// A region of the contract.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) code: String,
    /// Its name in the table; `None`: all rows together.
    pub(super) name: Option<String>,
}

/// Which numbers of a table are an indicator.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) indicator: String,
    pub(super) items: Vec<Pattern>,
    pub(super) answers: Vec<String>,
    pub(super) unit: String,
    pub(super) first_fiscal_year: Option<i16>,
    pub(super) last_fiscal_year: Option<i16>,
}

impl Mapping {
    /// Reads the file of the project in `folder`, whose indicators are those of `vocabulary`.
    ///
    /// # Errors
    /// When there is none, or with file, line and column of what is wrong.
    pub fn load(folder: &Path, vocabulary: &Vocabulary) -> Result<Self, ReferenceError> {
        let path = folder.join(REFERENCE_FILE);
        if !path.exists() {
            return Err(ReferenceError::NoMapping);
        }
        let text = regular_file::read_to_string(&path)
            .map_err(|source| ReferenceError::Unreadable { path, source })?;
        Self::parse(&text, vocabulary)
    }

    pub(super) fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, ReferenceError> {
        let document = TomlDocument::parse(Path::new(REFERENCE_FILE), text)?;
        let items = document.root().items();
        let kinds = items.iter().map(|item| kind(&item.table()?, vocabulary));
        Ok(Self {
            kinds: kinds.collect::<Result<_, ReferenceError>>()?,
        })
    }

    /// The kind of the file called `name`.
    pub(super) fn kind_of(&self, name: &str) -> Option<&TableKind> {
        let fits = |kind: &&TableKind| kind.files.iter().any(|pattern| pattern.matches(name));
        self.kinds.iter().find(fits)
    }
}

fn kind(table: &TomlTable<'_>, vocabulary: &Vocabulary) -> Result<TableKind, ReferenceError> {
    table.check_keys(&[
        "files",
        "source",
        "layout",
        "measure",
        "fiscal_year",
        "region",
        "item",
        "answer",
        "sex",
        "age",
        "value",
        "regions",
        "indicators",
    ])?;
    let is_wide = table
        .require("layout")?
        .one_of(&[("wide", true), ("long", false)])?;
    let measure = table
        .require("measure")?
        .one_of(&[("counts", Measure::Counts), ("means", Measure::Means)])?;
    let layout = match is_wide {
        true => Layout::Wide,
        false => Layout::Long {
            sex: table.required("sex")?,
            age: table.required("age")?,
            value: table.required("value")?,
        },
    };
    let answer: Option<String> = table.optional("answer")?;
    if measure == Measure::Counts && answer.is_none() {
        return Err(wrong(
            table.location(),
            "counts need `answer`, the column that names the answer",
        ));
    }
    Ok(TableKind {
        files: patterns(&table.require("files")?)?,
        source: table.required("source")?,
        layout,
        measure,
        year: year(&table.require("fiscal_year")?)?,
        region: table.optional("region")?,
        item: table.optional("item")?,
        answer,
        regions: regions(table)?,
        indicators: figures(table, measure, vocabulary)?,
    })
}

fn year(item: &TomlItem<'_>) -> Result<Year, ReferenceError> {
    if let Ok(column) = item.text() {
        return Ok(Year::Column(column.to_owned()));
    }
    let year = i16::try_from(item.integer()?);
    year.map(Year::All)
        .map_err(|_| item.wrong("a fiscal year, or a column's name").into())
}

fn regions(table: &TomlTable<'_>) -> Result<Vec<Region>, ReferenceError> {
    let has_column: Option<String> = table.optional("region")?;
    let of = |item: &TomlItem<'_>| -> Result<Region, ReferenceError> {
        let name = item.text()?;
        if name != "*" && has_column.is_none() {
            return Err(wrong(
                item.location(),
                "without a column `region` a region is all rows: write \"*\"",
            ));
        }
        Ok(Region {
            code: item.last_key().to_owned(),
            name: (name != "*").then(|| name.to_owned()),
        })
    };
    let regions = table.require("regions")?.table()?;
    regions.items().iter().map(of).collect()
}

fn figures(
    table: &TomlTable<'_>,
    measure: Measure,
    vocabulary: &Vocabulary,
) -> Result<Vec<Figure>, ReferenceError> {
    let indicators = table.require("indicators")?.table()?;
    let of = |item: &TomlItem<'_>| -> Result<Figure, ReferenceError> {
        let name = item.last_key();
        if vocabulary.indicator(name).is_none() {
            let names = vocabulary.indicators.iter().map(|own| own.name.as_str());
            let hint = did_you_mean(name, names);
            let message = format!("indicators.toml has no indicator `{name}`{hint}");
            return Err(wrong(item.key_location(), message));
        }
        let figure = item.table()?;
        figure.check_keys(&[
            "item",
            "answers",
            "unit",
            "first_fiscal_year",
            "last_fiscal_year",
        ])?;
        let answers = match figure.get("answers") {
            Some(answers) => texts(&answers)?,
            None if measure == Measure::Counts => {
                return Err(wrong(
                    figure.location(),
                    "counts need `answers`, those that make the share",
                ));
            }
            None => Vec::new(),
        };
        let unit = match measure {
            Measure::Counts => figure
                .optional("unit")?
                .unwrap_or_else(|| "share".to_owned()),
            Measure::Means => figure.required("unit")?,
        };
        let bound = |key: &str| -> Result<Option<i16>, ReferenceError> {
            let Some(item) = figure.get(key) else {
                return Ok(None);
            };
            let year = i16::try_from(item.integer()?).map_err(|_| item.wrong("a fiscal year"))?;
            Ok(Some(year))
        };
        Ok(Figure {
            indicator: name.to_owned(),
            items: patterns(&figure.require("item")?)?,
            answers,
            unit,
            first_fiscal_year: bound("first_fiscal_year")?,
            last_fiscal_year: bound("last_fiscal_year")?,
        })
    };
    indicators.items().iter().map(of).collect()
}

/// One text or a list of them.
fn texts(item: &TomlItem<'_>) -> Result<Vec<String>, ReferenceError> {
    if let Ok(text) = item.text() {
        return Ok(vec![text.to_owned()]);
    }
    let elements = item.elements()?;
    let texts = elements
        .iter()
        .map(|element| element.text().map(str::to_owned));
    Ok(texts.collect::<Result<_, _>>()?)
}

/// One pattern or a list of them; `*` stands for any text.
fn patterns(item: &TomlItem<'_>) -> Result<Vec<Pattern>, ReferenceError> {
    let pattern = |text: String| {
        let pattern = Pattern::new(&text);
        pattern.map_err(|error| wrong(item.location(), format!("`{text}` is no pattern: {error}")))
    };
    texts(item)?.into_iter().map(pattern).collect()
}

fn wrong(at: SourceLocation, message: impl Into<String>) -> ReferenceError {
    ReferenceError::Mapping {
        at,
        message: message.into(),
    }
}
