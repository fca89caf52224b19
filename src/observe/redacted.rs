//! SQL without what could identify a person: for events that leave the machine, and for histories on disk.

use crate::session::statements::{TokenKind, tokens};

/// A statement with `?` for every literal and without its comments.
#[must_use]
pub fn redacted(statement: &str) -> String {
    let mut out = String::with_capacity(statement.len());
    for token in tokens(statement) {
        match token.kind {
            TokenKind::Text | TokenKind::Number => out.push('?'),
            TokenKind::Comment => out.push(' '),
            _ => out.push_str(&statement[token.start..token.end]),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_left_out() {
        #[track_caller]
        fn check(statement: &str, expected: &str) {
            assert_eq!(redacted(statement), expected);
        }
        check(
            "select * from t where id = 'A''1' and n > -1.5e-3;",
            "select * from t where id = ? and n > -?;",
        );
        check(
            "select a1, \"b 2\", $p, $$x$$ -- person 7",
            "select a1, \"b 2\", $p, ?",
        );
        check("select E'a\\'b' /* 9 */, 0x1F, 健診", "select ?  , ?, 健診");
        check(
            "select date '2024-01-01'\n  from t",
            "select date ?\n  from t",
        );
        check("select 'not closed 42", "select ?");
    }
}
