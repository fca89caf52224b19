//! How complicated a statement's text may be. Whatever can lie within something of its kind is parsed, planned and
//! dropped by functions that call themselves; a statement must not exhaust a thread's stack, which would end the
//! process. Estimated from the text, before it is parsed: no deep tree is ever made.

use super::statements::{TokenKind, tokens};

/// Stack of each thread that plans or runs statements, of which only what is used takes memory. Statements of
/// [`MOST`] operators are planned by functions that call themselves as often.
pub const THREAD_STACK: usize = 512 << 20;

/// Operators and opening brackets a statement may have; a table or SELECT counts as ten.
pub(crate) const MOST: usize = 3_000;
const TABLE: usize = 10;

/// Words that put one expression or query within another.
const NESTING: [&str; 15] = [
    "AND", "OR", "XOR", "NOT", "IS", "LIKE", "ILIKE", "SIMILAR", "BETWEEN", "CASE", "COLLATE",
    "DIV", "AT", "ESCAPE", "EXPLAIN",
];
/// Words after which there is one more table or query.
const QUERIES: [&str; 6] = ["SELECT", "JOIN", "UNION", "EXCEPT", "INTERSECT", "MINUS"];
/// Words after which commas part tables.
const TABLES: [&str; 2] = ["FROM", "JOIN"];
/// Words after which they do no more.
const OTHERS: [&str; 9] = [
    "SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW", "QUALIFY", "UNION",
];

/// Why a statement is not even parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a statement has at most {most} operators and brackets, each table and each SELECT counting as {TABLE}; this one \
     {found}: use `IN (…)` or a join with a table of values instead of many conditions, or make tables of its parts"
)]
pub struct TooComplicated {
    /// How many there are.
    found: usize,
    /// How many there may be.
    most: usize,
}

/// Refuses statements that are too complicated.
pub(crate) fn check(text: &str, most: usize) -> Result<(), TooComplicated> {
    let found = count(text);
    if found > most {
        return Err(TooComplicated { found, most });
    }
    Ok(())
}

fn count(text: &str) -> usize {
    let mut n = 0;
    // Whether commas part tables, for each bracket that is open.
    let mut parts_tables = vec![false];
    for token in tokens(text) {
        let word = &text[token.start..token.end];
        let is_one_of = |words: &[&str]| words.iter().any(|own| own.eq_ignore_ascii_case(word));
        match (token.kind, word) {
            (TokenKind::Word, _) => {
                n += usize::from(is_one_of(&NESTING));
                n += TABLE * usize::from(is_one_of(&QUERIES));
                if is_one_of(&TABLES) {
                    set_last(&mut parts_tables, true);
                } else if is_one_of(&OTHERS) {
                    set_last(&mut parts_tables, false);
                }
            }
            (TokenKind::Symbol, "(" | "[" | "{") => {
                n += 1;
                parts_tables.push(false);
            }
            (TokenKind::Symbol, ")" | "]" | "}") => drop(parts_tables.pop()),
            (TokenKind::Symbol, ",") => {
                n += TABLE * usize::from(parts_tables.last() == Some(&true));
            }
            (TokenKind::Symbol, "." | ";") => {}
            (TokenKind::Symbol, _) => n += 1,
            _ => {}
        }
    }
    n
}

fn set_last(flags: &mut [bool], value: bool) {
    if let Some(last) = flags.last_mut() {
        *last = value;
    }
}

#[cfg(test)]
mod tests;
