//! What a statement asks: rows of SQL, or something about the data and the language: `HELP`, `SHOW RELATIONS`,
//! `SUMMARIZE`, `DESCRIBE`, `EXPLAIN`. Here they are told apart, parsed and answered; their queries are planned by the
//! callers, which know the tables.

use datafusion::prelude::DataFrame;

use super::context::Session;
use super::error::SessionError;
use super::query::ParsedQuery;
use super::release::{ReleaseError, ReleaseRules};
use super::statements::{Token, TokenKind, tokens};
use crate::diagnostic::did_you_mean;

/// What a statement asks, with its query parsed, or planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry<Q = ParsedQuery> {
    /// `SHOW RELATIONS`.
    Relations,
    /// `HELP`, `HELP name`.
    Help(Option<String>),
    /// SQL.
    Rows(Q),
    /// `SUMMARIZE table` or `SUMMARIZE query`.
    Summarize(Q),
    /// `DESCRIBE table` or `DESCRIBE query`.
    Describe(Q),
    /// `EXPLAIN query` or `EXPLAIN ANALYZE query`. With VERBOSE or FORMAT it is the engine's.
    Explain {
        /// The query.
        query: Q,
        /// Whether it is run, to see what each step took.
        is_run: bool,
    },
}

/// The answer to a statement.
#[derive(Debug, Clone)]
pub struct StatementAnswer {
    /// Its rows.
    pub frame: DataFrame,
    /// What is to be said beside them: how much is withheld.
    pub note: Option<String>,
}

/// Why a statement has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// `HELP` on something that is not there.
    #[error("no relation, function or table `{topic}`{near}")]
    NoTopic {
        /// What was asked about.
        topic: String,
        /// The nearest name.
        near: String,
    },
    /// The result cannot leave.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] SessionError),
}

impl Inquiry {
    /// What `statement` asks. Places in its query are those of the statement.
    ///
    /// # Errors
    /// When its query does not parse, is too complicated, or is none or more than one.
    pub fn parse(statement: &str) -> Result<Self, SessionError> {
        Ok(match Inquiry::of(statement) {
            Inquiry::Relations => Self::Relations,
            Inquiry::Help(topic) => Self::Help(topic),
            Inquiry::Rows(text) => Self::Rows(ParsedQuery::parse(&text)?),
            Inquiry::Summarize(text) => Self::Summarize(ParsedQuery::parse(&text)?),
            Inquiry::Describe(text) => Self::Describe(ParsedQuery::parse(&text)?),
            Inquiry::Explain { query, is_run } => Self::Explain {
                query: ParsedQuery::parse(&query)?,
                is_run,
            },
        })
    }

    /// The same with its query planned by `plan`.
    ///
    /// # Errors
    /// What `plan` says.
    pub async fn planned<E>(
        self,
        plan: impl AsyncFnOnce(ParsedQuery) -> Result<DataFrame, E>,
    ) -> Result<Inquiry<DataFrame>, E> {
        Ok(match self {
            Self::Relations => Inquiry::Relations,
            Self::Help(topic) => Inquiry::Help(topic),
            Self::Rows(query) => Inquiry::Rows(plan(query).await?),
            Self::Summarize(query) => Inquiry::Summarize(plan(query).await?),
            Self::Describe(query) => Inquiry::Describe(plan(query).await?),
            Self::Explain { query, is_run } => Inquiry::Explain {
                query: plan(query).await?,
                is_run,
            },
        })
    }
}

impl Inquiry<String> {
    /// What `statement` asks, with the text of its query.
    fn of(statement: &str) -> Self {
        Self::other_than_sql(statement).unwrap_or_else(|| Self::Rows(statement.to_owned()))
    }

    fn other_than_sql(statement: &str) -> Option<Self> {
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

impl Session {
    /// Answers `inquiry`; with `rules`, by what may leave. What a summary or a measured plan shows is computed
    /// here, other rows when they are asked for. `meanings` are those of the columns to describe, as far as they are known.
    ///
    /// # Errors
    /// When there is no such topic, the result cannot leave, or the engine fails.
    pub async fn answer(
        &self,
        inquiry: Inquiry<DataFrame>,
        rules: Option<&ReleaseRules>,
        meanings: &[Option<String>],
    ) -> Result<StatementAnswer, AnswerError> {
        let frame = match (inquiry, rules) {
            (Inquiry::Relations, _) => self.relations()?,
            (Inquiry::Help(None), _) => self.help_topics()?,
            (Inquiry::Help(Some(topic)), _) => match self.help_on(&topic)? {
                Some(frame) => frame,
                None => return Err(self.no_topic(topic)),
            },
            (Inquiry::Describe(frame), _) => self.describe_columns(&frame, meanings)?,
            (Inquiry::Rows(frame), None) => frame,
            (Inquiry::Rows(frame), Some(rules)) => {
                let (frame, withheld) = self.release(frame, rules).await?;
                let note = withheld.describe(rules.disclosure.min_count);
                return Ok(StatementAnswer { frame, note });
            }
            (Inquiry::Summarize(frame), None) => self.summarize(frame).await?,
            (Inquiry::Summarize(_), Some(_)) => return Err(ReleaseError::Summary.into()),
            (Inquiry::Explain { query, is_run }, None) => match is_run {
                false => self.explain(query).await?,
                true => self.explain_run(query).await?,
            },
            (Inquiry::Explain { query, is_run }, Some(_)) => match is_run {
                false => self.explain_logical(query)?,
                true => return Err(ReleaseError::Measured.into()),
            },
        };
        Ok(StatementAnswer { frame, note: None })
    }

    fn no_topic(&self, topic: String) -> AnswerError {
        let names = self.function_names();
        let near = did_you_mean(&topic.to_lowercase(), names.iter().map(String::as_str));
        AnswerError::NoTopic { topic, near }
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
