//! A query's text with its comments, strings, numbers and keywords marked, and links to the tables it reads.

use maud::{Markup, html};

use super::layout::beside;
use crate::pipeline::Query;

const KEYWORDS: [&str; 54] = [
    "all",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "filter",
    "first",
    "following",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "last",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "nulls",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "right",
    "rows",
    "select",
    "then",
    "true",
    "union",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// What a piece of SQL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comment,
    Text,
    Number,
    Word,
    Other,
}

/// The query's text as it stands in its file.
pub(super) fn sql(query: &Query) -> Markup {
    html! {
        pre { code {
            @for (kind, piece) in pieces(query.text.trim_end()) {
                @match kind {
                    Kind::Comment => span.s-c { (piece) },
                    Kind::Text => span.s-s { (piece) },
                    Kind::Number => span.s-n { (piece) },
                    Kind::Word if query.reads.contains(piece) => a href=(beside(piece)) { (piece) },
                    Kind::Word if KEYWORDS.contains(&piece.to_lowercase().as_str()) => span.s-k { (piece) },
                    _ => (piece),
                }
            }
        } }
    }
}

/// The text in pieces, which together are the whole text.
fn pieces(text: &str) -> Vec<(Kind, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = piece(rest, first);
        pieces.push((kind, &rest[..length]));
        rest = &rest[length..];
    }
    pieces
}

fn piece(rest: &str, first: char) -> (Kind, usize) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let run = |is: &dyn Fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    if rest.starts_with("--") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(inner) = rest.strip_prefix("/*") {
        return (
            Kind::Comment,
            inner.find("*/").map_or(rest.len(), |end| end + 4),
        );
    }
    match first {
        '\'' | '"' => {
            let kind = if first == '\'' {
                Kind::Text
            } else {
                Kind::Other
            };
            (
                kind,
                rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            )
        }
        c if c.is_ascii_digit() => (Kind::Number, run(&|c| c.is_ascii_digit() || c == '.')),
        c if is_part(c) => (Kind::Word, run(&is_part)),
        c => (Kind::Other, c.len_utf8()),
    }
}
