//! Names that become part of SQL.

/// Whether it can be the name of a column, or part of a table's.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}
