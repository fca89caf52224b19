//! `rules/headers.toml`: what holders call the columns of contracts, and the words they write in them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::{HEADERS_FILE, MappingError};
use super::expression::Expression;
use super::header::{Decorations, forms, plain};
use super::identity::{IdentityField, TokenKind};
use crate::contract::TableContract;
use crate::diagnostic::did_you_mean;
use crate::project_file::read_or;
use crate::toml_reader::{FromToml as _, Located, TomlDocument, TomlItem, TomlTable};

/// The rules of a project without a file of its own.
const BUILT_IN: &str = include_str!("../../rules/headers.toml");

/// What holders call columns, and their words.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderRules {
    /// Words that are no value, in plain form.
    pub(super) missing: Vec<String>,
    /// Units that may stand after a number, in plain form.
    pub(super) units: Vec<String>,
    /// `true` and `false` by the words for them, in plain form.
    pub(super) booleans: BTreeMap<String, String>,
    /// What may stand around a name.
    pub(super) decorations: Decorations,
    /// Words of headers that are something else than the name in them, in plain form.
    pub(super) except: Vec<String>,
    /// Names of identifying fields, in plain form.
    pub(super) identity: BTreeMap<IdentityField, Vec<String>>,
    /// Which token stands in a column.
    pub(super) tokens: BTreeMap<String, TokenKind>,
    /// Names of the column that says which item a row of a long table holds, in plain form.
    pub(super) long_item: Vec<String>,
    /// Names of the column with the item's value, in plain form.
    pub(super) long_value: Vec<String>,
    /// By column of contracts.
    pub(super) columns: BTreeMap<String, ColumnRules>,
    /// SQL of columns that follow from others, by table and column.
    pub(super) derived: BTreeMap<String, BTreeMap<String, Located<String>>>,
}

/// What holders call one column, and its words.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ColumnRules {
    /// Names in plain form, the preferred one first.
    pub(super) headers: Vec<String>,
    /// Names of columns with the day after, in plain form.
    pub(super) day_before: Vec<String>,
    /// Codes by the words for them in plain form.
    pub(super) words: BTreeMap<String, String>,
    /// Whether a further digit may follow that only checks the others.
    pub(super) has_check_digit: bool,
}

impl HeaderRules {
    /// The rules of the project in `folder`, or those that come with korabo where it has none.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path) -> Result<Self, MappingError> {
        let shown = Path::new(HEADERS_FILE);
        Self::parse(shown, &read_or(folder, shown, BUILT_IN)?)
    }

    /// Reads `text`, the content of `file`.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn parse(file: &Path, text: &str) -> Result<Self, MappingError> {
        let document = TomlDocument::parse(file, text)?;
        let root = document.root();
        root.check_keys(&[
            "missing", "units", "before", "after", "except", "booleans", "identity", "tokens",
            "long", "columns", "derived",
        ])?;
        let long = root.table("long")?;
        if let Some(long) = &long {
            long.check_keys(&["item", "value"])?;
        }
        let of_long = |key: &str| match &long {
            Some(long) => names(long, key),
            None => Ok(Vec::new()),
        };
        let mut rules = Self {
            long_item: of_long("item")?,
            long_value: of_long("value")?,
            missing: names(&root, "missing")?,
            units: names(&root, "units")?,
            decorations: Decorations {
                before: names(&root, "before")?,
                after: names(&root, "after")?,
            },
            except: names(&root, "except")?,
            booleans: words(&root, "booleans")?,
            identity: BTreeMap::new(),
            tokens: BTreeMap::new(),
            columns: BTreeMap::new(),
            derived: BTreeMap::new(),
        };
        for item in items(&root, "identity")? {
            let field = IdentityField::of(&item)?;
            let headers = texts(&item)?.iter().map(|own| plain(own)).collect();
            rules.identity.insert(field, headers);
        }
        for item in items(&root, "tokens")? {
            let kind = item.one_of(&TokenKind::WORDS)?;
            rules.tokens.insert(item.last_key().to_owned(), kind);
        }
        for item in items(&root, "columns")? {
            let column = column_rules(&item.table()?)?;
            rules.columns.insert(item.last_key().to_owned(), column);
        }
        for table in items(&root, "derived")? {
            let mut columns = BTreeMap::new();
            for item in table.table()?.items() {
                columns.insert(item.last_key().to_owned(), Located::from_toml(&item)?);
            }
            rules.derived.insert(table.last_key().to_owned(), columns);
        }
        Ok(rules)
    }

    /// Refuses SQL of columns that follow from others where it is none over the columns of its contract. Tables and columns that the project
    /// does not have are passed over, but for a column whose name is nearly that of another.
    pub(super) fn check_derived(&self, contracts: &[TableContract]) -> Result<(), MappingError> {
        for contract in contracts {
            for (name, sql) in self.derived_of(contract) {
                let mut columns = contract.columns.iter().map(|column| column.name.as_str());
                if !columns.any(|column| column == name) {
                    let columns = contract.columns.iter();
                    let hint = did_you_mean(name, columns.map(|column| column.name.as_str()));
                    if hint.is_empty() {
                        continue;
                    }
                    return Err(MappingError::Wrong {
                        at: sql.at.clone(),
                        message: format!(
                            "contract `{}` has no column `{name}`{hint}",
                            contract.name
                        ),
                    });
                }
                Expression::needs(name, sql, &texts_of(contract))?;
            }
        }
        Ok(())
    }

    /// SQL of the contract's columns that follow from others.
    pub(super) fn derived_of(
        &self,
        contract: &TableContract,
    ) -> impl Iterator<Item = (&str, &Located<String>)> {
        let columns = self.derived.get(&contract.name).into_iter().flatten();
        columns.map(|(name, sql)| (name.as_str(), sql))
    }

    /// What is said of a column.
    pub(super) fn column(&self, name: &str) -> &ColumnRules {
        static NOTHING: ColumnRules = ColumnRules {
            headers: Vec::new(),
            day_before: Vec::new(),
            words: BTreeMap::new(),
            has_check_digit: false,
        };
        self.columns.get(name).unwrap_or(&NOTHING)
    }
}

/// The columns of a contract as SQL of `[derived]` sees them.
pub(super) fn texts_of(contract: &TableContract) -> SchemaRef {
    let columns = contract.columns.iter();
    let fields = columns.map(|column| Field::new(&column.name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A header in the forms in which it is looked up.
#[derive(Debug, Clone)]
pub(super) struct HeaderForms {
    /// The whole first.
    pub(super) all: Vec<String>,
    /// The same behind the name of the group that stands above.
    in_group: Vec<String>,
    /// Whether only the whole counts.
    pub(super) is_exception: bool,
}

/// Where a header stands among names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Which of the header's forms it is; 0 for the whole.
    pub(super) form: usize,
    /// Place in the order of preference.
    pub(super) place: usize,
}

impl HeaderRules {
    /// The forms of a header.
    pub(super) fn forms(&self, header: &str) -> HeaderForms {
        let all = forms(header, &self.decorations);
        let is_exception = self
            .except
            .iter()
            .any(|word| all[0].contains(word.as_str()));
        HeaderForms {
            all,
            in_group: Vec::new(),
            is_exception,
        }
    }
}

impl HeaderForms {
    /// Adds the forms behind the name of a group.
    pub(super) fn add_group(&mut self, group: &str, rules: &HeaderRules) {
        let group = plain(group);
        if !group.is_empty() && !self.is_exception {
            let own = self.all.iter().map(|form| format!("{group}{form}"));
            self.in_group = own.flat_map(|name| rules.forms(&name).all).collect();
        }
    }

    /// Where one of its own forms stands among names in plain form, whatever group it is in; `None` where none does.
    pub(super) fn own_rank(&self, names: &[String]) -> Option<Rank> {
        self.rank(names).filter(|rank| rank.form < self.all.len())
    }

    /// Where one of the forms stands among names in plain form; `None` where none does.
    pub(super) fn rank(&self, names: &[String]) -> Option<Rank> {
        let place = |form: &String| names.iter().position(|own| own == form);
        let counting = if self.is_exception { 1 } else { self.all.len() };
        let mut forms = self.all[..counting]
            .iter()
            .chain(&self.in_group)
            .enumerate();
        forms.find_map(|(form, text)| {
            Some(Rank {
                form,
                place: place(text)?,
            })
        })
    }
}

fn column_rules(table: &TomlTable<'_>) -> Result<ColumnRules, MappingError> {
    table.check_keys(&["headers", "day_before", "words", "check_digit"])?;
    Ok(ColumnRules {
        headers: names(table, "headers")?,
        day_before: names(table, "day_before")?,
        words: words(table, "words")?,
        has_check_digit: table.optional("check_digit")?.unwrap_or(false),
    })
}

/// Codes by the words for them, in plain form.
fn words(table: &TomlTable<'_>, key: &str) -> Result<BTreeMap<String, String>, MappingError> {
    let mut words = BTreeMap::new();
    for code in items(table, key)? {
        for word in texts(&code)? {
            words.insert(plain(&word), code.last_key().to_owned());
        }
    }
    Ok(words)
}

/// Names or words in plain form.
fn names(table: &TomlTable<'_>, key: &str) -> Result<Vec<String>, MappingError> {
    let Some(item) = table.get(key) else {
        return Ok(Vec::new());
    };
    Ok(texts(&item)?.iter().map(|own| plain(own)).collect())
}

fn items<'t>(table: &TomlTable<'t>, key: &str) -> Result<Vec<TomlItem<'t>>, MappingError> {
    let inner = table.table(key)?;
    Ok(inner.map(|inner| inner.items()).unwrap_or_default())
}

fn texts(item: &TomlItem<'_>) -> Result<Vec<String>, MappingError> {
    let mut texts = Vec::new();
    for element in item.elements()? {
        texts.push(element.text()?.to_owned());
    }
    Ok(texts)
}
