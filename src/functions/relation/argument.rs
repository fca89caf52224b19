//! Arguments as relations define them: names, kinds, meanings.

use std::fmt;

use super::column_role::ColumnRole;

/// A named argument a relation takes.
#[derive(Debug)]
pub struct ArgumentDefinition {
    /// Name before `=>`.
    pub name: &'static str,
    /// What it may be.
    pub kind: ArgumentKind,
    /// Whether a call must give it.
    pub required: bool,
    /// What it means, with the default.
    pub description: &'static str,
}

impl ArgumentDefinition {
    /// The same argument, for another relation.
    pub(super) const fn copy(&self) -> Self {
        Self {
            name: self.name,
            kind: self.kind,
            required: self.required,
            description: self.description,
        }
    }
}

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A column of the input.
    Column(ColumnRole),
    /// A list of columns of the input: `[a, b]`.
    Columns(ColumnRole),
    /// A number for all rows, or a column of the input that has one for each.
    Amount(ColumnRole),
    /// Text in quotes for all rows, or a column of the input that has one for each.
    Words,
    /// Text in quotes.
    Text,
    /// One of some words, in quotes.
    Choice(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl fmt::Display for ArgumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Column(_) => "a column of the input",
            Self::Columns(_) => "a list of columns like `[sex, age_band]`",
            Self::Amount(_) => "a number, or a column of the input",
            Self::Words => "text in quotes, or a column of the input",
            Self::Text | Self::Choice(_) => "text in quotes",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
        })
    }
}

/// A column that every call must name.
pub(super) const fn required(
    name: &'static str,
    role: ColumnRole,
    description: &'static str,
) -> ArgumentDefinition {
    ArgumentDefinition {
        name,
        kind: ArgumentKind::Column(role),
        required: true,
        description,
    }
}

/// An argument that may be left out.
pub(super) const fn optional(
    name: &'static str,
    kind: ArgumentKind,
    description: &'static str,
) -> ArgumentDefinition {
    ArgumentDefinition {
        name,
        kind,
        required: false,
        description,
    }
}
