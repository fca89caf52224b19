//! Statements about the data and the language rather than of SQL: `HELP`, `SHOW RELATIONS`, `SUMMARIZE`,
//! `DESCRIBE`. Here they are told apart; who plans statements answers them.

use super::statements::{Token, TokenKind, tokens};

/// A statement that is not SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inquiry {
    /// `SHOW RELATIONS`.
    Relations,
    /// `HELP`, `HELP name`.
    Help(Option<String>),
    /// `SUMMARIZE table` or `SUMMARIZE query`, as a query.
    Summarize(String),
    /// `DESCRIBE table` or `DESCRIBE query`, as a query.
    Describe(String),
}

impl Inquiry {
    /// What `statement` asks; `None` when it is SQL.
    pub(crate) fn parse(statement: &str) -> Option<Self> {
        let tokens: Vec<Token> = tokens(statement)
            .into_iter()
            .filter(Token::is_code)
            .collect();
        let word = |idx: usize| {
            let token = tokens.get(idx)?;
            (token.kind == TokenKind::Word)
                .then(|| statement[token.start..token.end].to_uppercase())
        };
        match word(0)?.as_str() {
            "SHOW" if tokens.len() == 2 && word(1)? == "RELATIONS" => Some(Self::Relations),
            "HELP" => {
                let topic = tokens.get(1).map(|token| {
                    let topic = statement[token.start..].trim();
                    topic
                        .trim_matches(['\'', '"'])
                        .trim_end_matches("()")
                        .to_owned()
                });
                Some(Self::Help(topic))
            }
            "SUMMARIZE" | "SUMMARISE" if tokens.len() > 1 => {
                Some(Self::Summarize(as_query(statement, &tokens)))
            }
            "DESCRIBE" | "DESC" if tokens.len() > 1 => {
                Some(Self::Describe(as_query(statement, &tokens)))
            }
            _ => None,
        }
    }
}

/// What follows the first word, as a query. A query keeps its lines and columns, so that errors point to
/// the right place.
fn as_query(statement: &str, tokens: &[Token]) -> String {
    let (first, second) = (tokens[0], tokens[1]);
    let asked = statement[second.start..second.end].to_uppercase();
    let is_query = matches!(asked.as_str(), "SELECT" | "WITH" | "FROM" | "VALUES" | "(");
    let lead = if is_query { "" } else { "SELECT * FROM" };
    let width = first.end - first.start;
    let (before, after) = (&statement[..first.start], &statement[first.end..]);
    format!("{before}{lead:<width$}{after}")
}

#[cfg(test)]
mod tests;
