//! Statements about the data and the language rather than of SQL: `HELP`, `SHOW RELATIONS`, `SUMMARIZE`,
//! `DESCRIBE`, `EXPLAIN`. Here they are told apart; who plans statements answers them.

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
    /// `EXPLAIN query` or `EXPLAIN ANALYZE query`. With VERBOSE or FORMAT it is the engine's.
    Explain {
        /// The query.
        query: String,
        /// Whether it is run, to see what each step took.
        is_run: bool,
    },
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
                Some(Self::Summarize(as_query(statement, &tokens, 1)))
            }
            "DESCRIBE" | "DESC" if tokens.len() > 1 => {
                Some(Self::Describe(as_query(statement, &tokens, 1)))
            }
            "EXPLAIN" => {
                let is_run = word(1).as_deref() == Some("ANALYZE");
                let n_words = 1 + usize::from(is_run);
                let asked = tokens.get(n_words)?;
                let asked = statement[asked.start..asked.end].to_uppercase();
                let is_query =
                    matches!(asked.as_str(), "SELECT" | "WITH" | "FROM" | "VALUES" | "(");
                is_query.then(|| Self::Explain {
                    query: as_query(statement, &tokens, n_words),
                    is_run,
                })
            }
            _ => None,
        }
    }
}

/// What follows the first words, as a query. It keeps its lines and columns, so that errors point to the
/// right place.
fn as_query(statement: &str, tokens: &[Token], n_words: usize) -> String {
    let (first, last, asked) = (tokens[0], tokens[n_words - 1], tokens[n_words]);
    let asked = statement[asked.start..asked.end].to_uppercase();
    let is_query = matches!(asked.as_str(), "SELECT" | "WITH" | "FROM" | "VALUES" | "(");
    let lead = if is_query { "" } else { "FROM" };
    let blanks = statement[first.start..last.end].chars().skip(lead.len());
    let blanks: String = blanks
        .map(|c| if matches!(c, '\n' | '\r') { c } else { ' ' })
        .collect();
    let (before, after) = (&statement[..first.start], &statement[last.end..]);
    format!("{before}{lead}{blanks}{after}")
}

#[cfg(test)]
mod tests;
