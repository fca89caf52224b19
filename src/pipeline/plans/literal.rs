//! Values of a plan as SQL.

use std::fmt::Debug;

/// The number as an SQL literal.
pub(super) fn or_null(number: Option<impl Debug>) -> String {
    number.map_or("null".to_owned(), |number| format!("{number:?}"))
}

/// The text as an SQL literal.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
