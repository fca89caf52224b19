//! A typed reader over TOML files that users write: every error knows its file, line and column, and
//! an unknown key names the nearest known one. What the keys mean is the business of the callers
//! (`config`, `contract::parse`).

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{SourceLocation, did_you_mean};

mod located_text;
#[cfg(test)]
mod tests;

pub use located_text::LocatedText;

/// Why a TOML file could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TomlError {
    /// The file is not TOML.
    #[error("{at}: {message}")]
    Syntax {
        /// Where the parser stopped.
        at: SourceLocation,
        /// What it says.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{at}: unknown key `{key}` in {table}{hint}")]
    UnknownKey {
        /// Where the key is.
        at: SourceLocation,
        /// The key as written.
        key: String,
        /// The table it is in, as a user would name it.
        table: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// A key that must be there is not.
    #[error("{at}: {table} has no key `{key}`")]
    MissingKey {
        /// Where the table begins.
        at: SourceLocation,
        /// The key that is missing.
        key: String,
        /// The table it should be in.
        table: String,
    },
    /// A value of another type than expected, or outside the values that make sense.
    #[error("{at}: `{key}` must be {expected}, found {found}")]
    WrongValue {
        /// Where the value is.
        at: SourceLocation,
        /// The key it belongs to.
        key: String,
        /// What was expected, with its article.
        expected: String,
        /// What was found, with its article.
        found: String,
    },
    /// A word that is not one of the accepted ones.
    #[error("{at}: `{key}` cannot be `{word}`{advice}")]
    UnknownWord {
        /// Where the word is.
        at: SourceLocation,
        /// The key it belongs to.
        key: String,
        /// The word as written.
        word: String,
        /// The nearest accepted word and the list of them.
        advice: String,
    },
}

impl TomlError {
    /// The place of the error.
    #[must_use]
    pub fn at(&self) -> &SourceLocation {
        match self {
            Self::Syntax { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::MissingKey { at, .. }
            | Self::WrongValue { at, .. }
            | Self::UnknownWord { at, .. } => at,
        }
    }
}

/// A parsed file; the tables and items borrowed from it know their place in it.
#[derive(Debug)]
pub struct TomlDocument<'t> {
    file: &'t Path,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

/// A table of a document, with the name used in messages.
#[derive(Debug, Clone)]
pub struct TomlTable<'t> {
    document: &'t TomlDocument<'t>,
    table: &'t DeTable<'t>,
    offset: usize,
    name: String,
}

/// One value of a document, with the key it belongs to.
#[derive(Debug, Clone)]
pub struct TomlItem<'t> {
    document: &'t TomlDocument<'t>,
    value: &'t Spanned<DeValue<'t>>,
    key: String,
    last_key: String,
    key_offset: usize,
}

/// A value together with its place, for checks that come after reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: SourceLocation,
}

/// Types that can be read from one TOML value.
pub trait FromToml: Sized {
    /// Reads the value, or says what was expected and found.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when the value has another type or does not fit.
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError>;
}

impl<'t> TomlDocument<'t> {
    /// Parses `text`, the content of `file`.
    ///
    /// # Errors
    /// [`TomlError::Syntax`] when it is not TOML (a key given twice is also a syntax error).
    pub fn parse(file: &'t Path, text: &'t str) -> Result<Self, TomlError> {
        let root = DeTable::parse(text).map_err(|error| TomlError::Syntax {
            at: SourceLocation::of_offset(file, text, error.span().map_or(0, |span| span.start)),
            message: error.message().trim_end().replace('\n', ", "),
        })?;
        Ok(Self { file, text, root })
    }

    /// The top-level table, named `the file` in messages.
    #[must_use]
    pub fn root(&'t self) -> TomlTable<'t> {
        TomlTable {
            document: self,
            table: self.root.get_ref(),
            offset: self.root.span().start,
            name: "the file".to_owned(),
        }
    }

    fn location(&self, offset: usize) -> SourceLocation {
        SourceLocation::of_offset(self.file, self.text, offset)
    }
}

impl<'t> TomlTable<'t> {
    /// Refuses keys other than `known`. Call it first: a misspelt key is then reported as such, not as
    /// a missing one.
    ///
    /// # Errors
    /// [`TomlError::UnknownKey`] for the first unknown key in the order of the file.
    pub fn check_keys(&self, known: &[&str]) -> Result<(), TomlError> {
        match self
            .items()
            .into_iter()
            .find(|item| !known.contains(&item.last_key()))
        {
            None => Ok(()),
            Some(item) => Err(TomlError::UnknownKey {
                at: item.key_location(),
                key: item.last_key().to_owned(),
                table: self.name.clone(),
                hint: did_you_mean(item.last_key(), known.iter().copied()),
            }),
        }
    }

    /// Where the table begins.
    #[must_use]
    pub fn location(&self) -> SourceLocation {
        self.document.location(self.offset)
    }

    /// The item under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<TomlItem<'t>> {
        self.table
            .get_key_value(key)
            .map(|(key, value)| self.item(key, value))
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// [`TomlError::MissingKey`], or what reading the value says.
    pub fn required<T: FromToml>(&self, key: &str) -> Result<T, TomlError> {
        T::from_toml(&self.require(key)?)
    }

    /// The value under `key`, if the key is there.
    ///
    /// # Errors
    /// What reading the value says.
    pub fn optional<T: FromToml>(&self, key: &str) -> Result<Option<T>, TomlError> {
        self.get(key).map(|item| T::from_toml(&item)).transpose()
    }

    /// The item under `key`, which must be there.
    ///
    /// # Errors
    /// [`TomlError::MissingKey`] at the beginning of the table.
    pub fn require(&self, key: &str) -> Result<TomlItem<'t>, TomlError> {
        self.get(key).ok_or_else(|| TomlError::MissingKey {
            at: self.location(),
            key: key.to_owned(),
            table: self.name.clone(),
        })
    }

    /// The table under `key`, if the key is there.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when it is not a table.
    pub fn table(&self, key: &str) -> Result<Option<TomlTable<'t>>, TomlError> {
        self.get(key).map(|item| item.table()).transpose()
    }

    /// All items in the order in which they are written.
    #[must_use]
    pub fn items(&self) -> Vec<TomlItem<'t>> {
        let mut items: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| self.item(key, value))
            .collect();
        items.sort_by_key(|item| item.key_offset);
        items
    }

    fn item(
        &self,
        key: &Spanned<std::borrow::Cow<'t, str>>,
        value: &'t Spanned<DeValue<'t>>,
    ) -> TomlItem<'t> {
        let path = self
            .name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let last_key = key.get_ref().to_string();
        TomlItem {
            document: self.document,
            value,
            key: path.map_or_else(|| last_key.clone(), |path| format!("{path}.{last_key}")),
            last_key,
            key_offset: key.span().start,
        }
    }
}

impl<'t> TomlItem<'t> {
    /// The whole dotted key, as used in messages.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key without the tables around it.
    #[must_use]
    pub fn last_key(&self) -> &str {
        &self.last_key
    }

    /// Where the value is.
    #[must_use]
    pub fn location(&self) -> SourceLocation {
        self.document.location(self.value.span().start)
    }

    /// Where the key is.
    #[must_use]
    pub fn key_location(&self) -> SourceLocation {
        self.document.location(self.key_offset)
    }

    /// The value as a table.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when it is something else.
    pub fn table(&self) -> Result<TomlTable<'t>, TomlError> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(TomlTable {
                document: self.document,
                table,
                offset: self.key_offset,
                name: format!("[{}]", self.key),
            }),
            _ => Err(self.wrong("a table")),
        }
    }

    /// The elements of an array, under the key of the array.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when it is no array.
    pub fn elements(&self) -> Result<Vec<TomlItem<'t>>, TomlError> {
        match self.value.get_ref() {
            DeValue::Array(array) => Ok(array
                .iter()
                .map(|value| Self {
                    document: self.document,
                    value,
                    key: self.key.clone(),
                    last_key: self.last_key.clone(),
                    key_offset: value.span().start,
                })
                .collect()),
            _ => Err(self.wrong("an array")),
        }
    }

    /// The text of a string value.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when it is no string.
    pub fn text(&self) -> Result<&'t str, TomlError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text.as_ref()),
            _ => Err(self.wrong("a string")),
        }
    }

    /// A whole number, whatever its size up to 64 bits.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when it is no integer or does not fit.
    pub fn integer(&self) -> Result<i64, TomlError> {
        match self.value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| self.wrong("a whole number of at most 64 bits")),
            _ => Err(self.wrong("a whole number")),
        }
    }

    /// A number; whole numbers count as numbers.
    ///
    /// # Errors
    /// [`TomlError::WrongValue`] when it is no number or not finite.
    pub fn number(&self) -> Result<f64, TomlError> {
        let number = match self.value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            #[expect(
                clippy::cast_precision_loss,
                reason = "limits in files are far below 2^53"
            )]
            DeValue::Integer(_) => Some(self.integer()? as f64),
            _ => None,
        };
        number
            .filter(|n: &f64| n.is_finite())
            .ok_or_else(|| self.wrong("a finite number"))
    }

    /// The meaning of the word written here, from `words`.
    ///
    /// # Errors
    /// [`TomlError::UnknownWord`] with the nearest word and the list.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, TomlError> {
        let word = self.text()?;
        if let Some((_, meaning)) = words.iter().find(|(known, _)| *known == word) {
            return Ok(*meaning);
        }
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        let hint = did_you_mean(word, known.iter().copied());
        Err(TomlError::UnknownWord {
            at: self.location(),
            key: self.key.clone(),
            word: word.to_owned(),
            advice: format!("{hint} (one of: {})", known.join(", ")),
        })
    }

    /// The error that this value is not `expected` (with its article: `a string`).
    #[must_use]
    pub fn wrong(&self, expected: &str) -> TomlError {
        let found = match self.value.get_ref() {
            DeValue::String(text) => format!("the string `{text}`"),
            DeValue::Integer(number) => format!("{number}"),
            DeValue::Float(number) => format!("{number}"),
            DeValue::Boolean(value) => format!("{value}"),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "an array".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        let (at, key) = (self.location(), self.key.clone());
        TomlError::WrongValue {
            at,
            key,
            expected: expected.to_owned(),
            found,
        }
    }
}

impl TomlItem<'_> {
    /// As [`Self::wrong`], for a value that must not appear in an error.
    #[must_use]
    pub fn wrong_secret(&self, expected: &str) -> TomlError {
        TomlError::WrongValue {
            at: self.location(),
            key: self.key.clone(),
            expected: expected.to_owned(),
            found: "something else".to_owned(),
        }
    }
}

impl FromToml for String {
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        item.text().map(str::to_owned)
    }
}

impl FromToml for bool {
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        match item.value.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(item.wrong("true or false")),
        }
    }
}

impl FromToml for f64 {
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        item.number()
    }
}

/// Whole numbers: the limits of the Rust type are the limits of the value.
macro_rules! integer_from_toml {
    ($($integer:ty),*) => {$(
        impl FromToml for $integer {
            fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
                Self::try_from(item.integer()?).map_err(|_| {
                    item.wrong(&format!("a whole number from {} to {}", Self::MIN, Self::MAX))
                })
            }
        }
    )*};
}
integer_from_toml!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl<T: FromToml> FromToml for Vec<T> {
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        item.elements()?.iter().map(T::from_toml).collect()
    }
}

impl<T: FromToml> FromToml for Located<T> {
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        Ok(Self {
            value: T::from_toml(item)?,
            at: item.location(),
        })
    }
}

impl FromToml for LocatedText {
    fn from_toml(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        let written = item.document.text.get(item.value.span());
        Ok(Self::new(
            item.text()?,
            item.location(),
            written.unwrap_or_default(),
        ))
    }
}
