//! A query as it is parsed: once, whatever is then done with it.

use std::mem;

use datafusion::sql::parser::{CopyToSource, CopyToStatement, Statement};
use datafusion::sql::sqlparser::ast;

use super::error::SessionError;
use super::from_first::{parse_statement, select_everything};
use crate::functions;

/// A parsed query or statement that is nothing of korabo's own. Places in it are those of the text it was parsed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedQuery {
    syntax: Statement,
}

/// Where a `COPY` writes and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyTarget {
    /// The file.
    pub file: String,
    /// What follows `STORED AS`.
    pub stored_as: Option<String>,
    /// Whether it has `PARTITIONED BY`.
    pub is_partitioned: bool,
    /// Whether it has `OPTIONS`.
    pub has_options: bool,
}

impl ParsedQuery {
    /// Parses one statement.
    ///
    /// # Errors
    /// When it does not parse, is too complicated, or is none or more than one.
    pub fn parse(text: &str) -> Result<Self, SessionError> {
        let syntax = parse_statement(text)?;
        Ok(Self { syntax })
    }

    /// Takes a `COPY` apart: what is written becomes the query. `None`, and nothing changes, when it is another statement.
    pub fn take_copy(&mut self) -> Option<CopyTarget> {
        let Statement::CopyTo(copy) = &mut self.syntax else {
            return None;
        };
        let query = copied(copy)?;
        let target = CopyTarget {
            file: mem::take(&mut copy.target),
            stored_as: copy.stored_as.take(),
            is_partitioned: !copy.partitioned_by.is_empty(),
            has_options: !copy.options.is_empty(),
        };
        self.syntax = Statement::Statement(Box::new(query));
        Some(target)
    }

    pub(super) fn into_syntax(self) -> Statement {
        self.syntax
    }
}

/// The query whose rows a `COPY` writes.
fn copied(copy: &CopyToStatement) -> Option<ast::Statement> {
    let query = match &copy.source {
        CopyToSource::Query(query) => query.clone(),
        CopyToSource::Relation(name) => functions::whole_table(name.clone())?,
    };
    let mut statement = ast::Statement::Query(query);
    select_everything(&mut statement);
    Some(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(statement: &str, query: &str, file: &str) {
        let mut parsed = ParsedQuery::parse(statement).unwrap();
        let target = parsed.take_copy().expect("it is a COPY");
        assert_eq!(parsed.syntax.to_string(), query);
        assert_eq!(target.file, file);
        assert_eq!(parsed.take_copy(), None);
    }

    #[test]
    fn copy_is_taken_apart() {
        check(
            "copy (select a from t) to 'x.csv'",
            "SELECT a FROM t",
            "x.csv",
        );
        check("COPY (from t) TO 'x.csv'", "SELECT * FROM t", "x.csv");
        check(
            "COPY a.\"B c\" TO 'x' STORED AS csv",
            "SELECT * FROM a.\"B c\"",
            "x",
        );
        check(
            "copy (with a as (from t) from a) to 'y'",
            "WITH a AS (SELECT * FROM t) SELECT * FROM a",
            "y",
        );
    }

    #[test]
    fn other_statements_are_left_as_they_are() {
        for statement in [
            "SELECT 1",
            "EXPLAIN COPY t TO 'x.csv'",
            "CREATE TABLE t (a INT)",
        ] {
            let mut parsed = ParsedQuery::parse(statement).unwrap();
            let before = parsed.clone();
            assert_eq!(parsed.take_copy(), None, "{statement}");
            assert_eq!(parsed, before);
        }
    }
}
