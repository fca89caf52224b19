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

/// Some of the arguments of another relation, by name.
pub(super) const fn picked<const N: usize>(
    from: &[ArgumentDefinition],
    names: [&str; N],
) -> [ArgumentDefinition; N] {
    let mut all = [const { optional("", ArgumentKind::Text, "") }; N];
    let mut idx = 0;
    while idx < N {
        let mut place = 0;
        // A name that is not there ends here: while the program is compiled.
        while !same(from[place].name, names[idx]) {
            place += 1;
        }
        all[idx] = from[place].copy();
        idx += 1;
    }
    all
}

/// The same arguments for a relation that needs them in one of its forms only, and asks for them there.
pub(super) const fn asked_for<const N: usize>(
    mut arguments: [ArgumentDefinition; N],
) -> [ArgumentDefinition; N] {
    let mut idx = 0;
    while idx < N {
        arguments[idx].required = false;
        idx += 1;
    }
    arguments
}

/// One list of arguments after another; together they number `N`.
pub(super) const fn joined<const N: usize>(
    first: &[ArgumentDefinition],
    second: &[ArgumentDefinition],
) -> [ArgumentDefinition; N] {
    let mut all = [const { optional("", ArgumentKind::Text, "") }; N];
    let mut idx = 0;
    while idx < N {
        all[idx] = if idx < first.len() {
            first[idx].copy()
        } else {
            second[idx - first.len()].copy()
        };
        idx += 1;
    }
    all
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut idx = 0;
    while idx < one.len() {
        if one[idx] != other[idx] {
            return false;
        }
        idx += 1;
    }
    true
}
