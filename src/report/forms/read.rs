//! Reads `rules/forms.toml`: unknown keys, results, facts and indicators are errors that name the nearest.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::definition::{
    Block, Column, Content, FACT_FILLS, FACTS, Fact, Filling, Form, FormYear, Forms,
    INDICATOR_FILLS, field_fills,
};
use super::error::FormsError;
use crate::regular_file;
use crate::toml_reader::{TomlDocument, TomlError, TomlItem, TomlTable};
use crate::vocabulary::Vocabulary;

/// The file of forms, in the project's folder.
pub const FORMS_FILE: &str = "rules/forms.toml";

/// Characters of a sheet's name at most.
const MAX_SHEET_NAME: usize = 31;
/// Widest column of a sheet, in characters.
const MAX_WIDTH: f64 = 100.0;
/// Width of a column that gives none.
const USUAL_WIDTH: f64 = 14.0;
/// What a heading has in place of the column's year.
pub(super) const YEAR_MARK: &str = "{year}";

impl Forms {
    /// The forms of the project in `folder`; none where there is no file.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path, vocabulary: &Vocabulary) -> Result<Option<Self>, FormsError> {
        let path = folder.join(FORMS_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = regular_file::read_to_string(&path);
        let text = text.map_err(|source| FormsError::Unreadable {
            file: FORMS_FILE,
            source,
        })?;
        Ok(Some(Self::parse(&text, vocabulary)?))
    }

    pub(super) fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, TomlError> {
        let document = TomlDocument::parse(Path::new(FORMS_FILE), text)?;
        let mut forms: Vec<Form> = Vec::new();
        for item in document.root().items() {
            let table = item.table()?;
            let form = form(&table, vocabulary)?;
            let is_same = |other: &Form| other.sheet.to_lowercase() == form.sheet.to_lowercase();
            if forms.iter().any(is_same) {
                let sheet = table.require("sheet")?;
                return Err(sheet.wrong("a name that no other sheet has"));
            }
            forms.push(form);
        }
        Ok(Self {
            forms,
            fingerprint: hex::encode(&Sha256::digest(text)[..8]),
        })
    }
}

fn form(table: &TomlTable<'_>, vocabulary: &Vocabulary) -> Result<Form, TomlError> {
    table.check_keys(&["sheet", "title", "source", "unverified", "notes", "blocks"])?;
    let blocks = table.require("blocks")?.elements()?;
    let blocks = blocks.iter().map(|item| block(&item.table()?, vocabulary));
    Ok(Form {
        sheet: sheet_name(&table.require("sheet")?)?,
        title: table.required("title")?,
        source: table.required("source")?,
        is_unverified: table.optional("unverified")?.unwrap_or(false),
        notes: table.optional("notes")?.unwrap_or_default(),
        blocks: blocks.collect::<Result<_, _>>()?,
    })
}

/// A name that Excel accepts for a sheet.
fn sheet_name(item: &TomlItem<'_>) -> Result<String, TomlError> {
    let name = item.text()?;
    let n_characters = name.encode_utf16().count();
    let is_accepted = (1..=MAX_SHEET_NAME).contains(&n_characters)
        && !name.contains(['[', ']', ':', '*', '?', '/', '\\'])
        && !name.starts_with('\'')
        && !name.ends_with('\'')
        && !name.chars().any(char::is_control);
    match is_accepted {
        true => Ok(name.to_owned()),
        false => Err(item.wrong(
            "the name of a sheet: 1 to 31 characters, none of [ ] : * ? / \\ and no ' at its ends",
        )),
    }
}

#[derive(Clone, Copy)]
enum RowsOf {
    Fields,
    Indicators,
    Facts,
}

const ROWS: [(&str, RowsOf); 3] = [
    ("fields", RowsOf::Fields),
    ("indicators", RowsOf::Indicators),
    ("facts", RowsOf::Facts),
];

fn block(table: &TomlTable<'_>, vocabulary: &Vocabulary) -> Result<Block, TomlError> {
    let rows = table.require("rows").and_then(|item| item.one_of(&ROWS));
    let own = match rows {
        Ok(RowsOf::Indicators) => Some("indicators"),
        Ok(RowsOf::Facts) => Some("facts"),
        Ok(RowsOf::Fields) | Err(_) => None,
    };
    let keys: Vec<&str> = ["heading", "rows", "columns"]
        .into_iter()
        .chain(own)
        .collect();
    table.check_keys(&keys)?;
    let content = match rows? {
        RowsOf::Fields => Content::Fields(columns(table, &field_fills())?),
        RowsOf::Indicators => Content::Indicators(
            indicators(table, vocabulary)?,
            columns(table, &INDICATOR_FILLS)?,
        ),
        RowsOf::Facts => Content::Facts(facts(table)?, columns(table, &FACT_FILLS)?),
    };
    Ok(Block {
        heading: table.required("heading")?,
        content,
    })
}

/// The indicators of a block, which the vocabulary must have.
fn indicators(
    table: &TomlTable<'_>,
    vocabulary: &Vocabulary,
) -> Result<Option<Vec<String>>, TomlError> {
    let Some(item) = table.get("indicators") else {
        return Ok(None);
    };
    let known = vocabulary.indicators.iter();
    let known: Vec<(&str, &str)> = known
        .map(|own| (own.name.as_str(), own.name.as_str()))
        .collect();
    let elements = item.elements()?;
    let names = elements.iter().map(|element| element.one_of(&known));
    let names: Vec<&str> = names.collect::<Result<_, _>>()?;
    Ok(Some(names.into_iter().map(str::to_owned).collect()))
}

fn facts(table: &TomlTable<'_>) -> Result<Vec<(Fact, String)>, TomlError> {
    let wordings = table.require("facts")?.table()?;
    let names = FACTS.map(|(name, _, _)| name);
    wordings.check_keys(&names)?;
    let mut found = Vec::new();
    for item in wordings.items() {
        let fact = FACTS.iter().find(|(name, _, _)| *name == item.last_key());
        if let Some((_, fact, _)) = fact {
            found.push((*fact, item.text()?.to_owned()));
        }
    }
    Ok(found)
}

fn columns<F: Filling>(
    table: &TomlTable<'_>,
    fills: &[(&str, F)],
) -> Result<Vec<Column<F>>, TomlError> {
    let item = table.require("columns")?;
    let elements = item.elements()?;
    if elements.is_empty() {
        return Err(item.wrong("an array of at least one column"));
    }
    let columns = elements.iter().map(|item| column(&item.table()?, fills));
    columns.collect()
}

fn column<F: Filling>(table: &TomlTable<'_>, fills: &[(&str, F)]) -> Result<Column<F>, TomlError> {
    table.check_keys(&["heading", "fill", "year", "width", "unverified"])?;
    let fill = table
        .get("fill")
        .map(|item| item.one_of(fills))
        .transpose()?;
    let year = year(table, fill)?;
    let heading = table.require("heading")?;
    if heading.text()?.contains(YEAR_MARK)
        && !matches!(year, Some(FormYear::Before(_) | FormYear::Of(_)))
    {
        return Err(heading.wrong("a heading without {year}: the column is not of one year"));
    }
    let width = table.optional::<f64>("width")?.unwrap_or(USUAL_WIDTH);
    if !(1.0..=MAX_WIDTH).contains(&width) {
        return Err(table
            .require("width")?
            .wrong("a width of 1 to 100 characters"));
    }
    Ok(Column {
        heading: heading.text()?.to_owned(),
        fill,
        year: year.unwrap_or(FormYear::Before(0)),
        width,
        is_unverified: table.optional("unverified")?.unwrap_or(false),
    })
}

/// The year that a column names.
fn year<F: Filling>(table: &TomlTable<'_>, fill: Option<F>) -> Result<Option<FormYear>, TomlError> {
    let Some(item) = table.get("year") else {
        return Ok(None);
    };
    let expected =
        "0 or below (years before the latest), a fiscal year from 2000 to 2100, or \"baseline\"";
    let year = match (item.text(), item.integer()) {
        (Ok("baseline"), _) => FormYear::Baseline,
        (_, Ok(before @ -100..=0)) => FormYear::Before(-before),
        (_, Ok(year @ 2000..=2100)) => FormYear::Of(year),
        _ => return Err(item.wrong(expected)),
    };
    match fill.is_none_or(Filling::has_years) {
        true => Ok(Some(year)),
        false => Err(item.wrong("left out: what the column is filled from is of no year")),
    }
}
