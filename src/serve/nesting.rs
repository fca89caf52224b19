//! How complicated a statement may be. Whatever can lie within something of its kind is planned by functions
//! that call themselves; one statement must not exhaust a thread's stack or the memory, which would end the
//! server for all. Estimated from the text, before it is parsed.

use tonic::Status;

use crate::session::statements::{TokenKind, tokens};

/// Bytes a statement may have.
const LONGEST: usize = 1 << 20;
/// Operators and opening brackets a statement may have; a table counts as ten.
pub(super) const MOST: usize = 800;
const TABLE: usize = 10;

/// Words that put one expression or query within another.
const NESTING: [&str; 18] = [
    "AND",
    "OR",
    "XOR",
    "NOT",
    "IS",
    "LIKE",
    "ILIKE",
    "SIMILAR",
    "BETWEEN",
    "CASE",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "COLLATE",
    "DIV",
    "AT",
    "ESCAPE",
    "EXPLAIN",
];
/// Words after which commas part tables.
const TABLES: [&str; 2] = ["FROM", "JOIN"];
/// Words after which they do no more.
const OTHERS: [&str; 9] = [
    "SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW", "QUALIFY", "UNION",
];

/// Refuses statements that are too long or too complicated.
pub(super) fn check(text: &str) -> Result<(), Status> {
    let n_bytes = text.len();
    if n_bytes > LONGEST {
        let message = format!("a statement has at most {LONGEST} bytes; this one {n_bytes}");
        return Err(Status::invalid_argument(message));
    }
    let found = count(text);
    if found > MOST {
        let message = format!(
            "a statement has at most {MOST} operators and brackets, each table counting as {TABLE}; this one \
             {found}: use `IN (…)` or a join instead of many conditions"
        );
        return Err(Status::invalid_argument(message));
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
            (TokenKind::Word, _) if is_one_of(&TABLES) => {
                n += TABLE;
                set_last(&mut parts_tables, true);
            }
            (TokenKind::Word, _) => {
                n += usize::from(is_one_of(&NESTING));
                if is_one_of(&OTHERS) {
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
