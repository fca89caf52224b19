//! `FROM t` and `FROM t SELECT a`: queries that begin with their table. Without a SELECT they mean every
//! column; the engine's parser reads them, its planner takes them for no column at all.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use datafusion::common::DataFusionError;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{
    self, Select, SelectFlavor, SelectItem, VisitMut, VisitorMut, WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::dialect::BoundedDialect;
use super::error::SessionError;
use super::nesting;

/// One statement, read but not planned.
///
/// # Errors
/// When it does not parse, is too complicated, or is none or more than one.
pub(super) fn parse_statement(sql: &str) -> Result<Statement, SessionError> {
    let mut statement = match with_select(sql) {
        Some(tokens) => {
            check_nesting(sql)?;
            parse_tokens(tokens, &BoundedDialect::of(sql)).map_err(DataFusionError::from)?
        }
        None => {
            let mut statements = parse_statements(sql)?;
            match (statements.pop_front(), statements.is_empty()) {
                (Some(statement), true) => statement,
                (Some(_), false) => {
                    let message = "one statement at a time".to_owned();
                    return Err(DataFusionError::Plan(message).into());
                }
                (None, _) => {
                    let message = "there is no statement".to_owned();
                    return Err(DataFusionError::Plan(message).into());
                }
            }
        }
    };
    let mut asked = &mut statement;
    while let Statement::Explain(explain) = asked {
        asked = &mut explain.statement;
    }
    if let Statement::Statement(asked) = asked {
        select_everything(asked);
    }
    Ok(statement)
}

/// The statements of a text, read but not planned, each as it is written.
///
/// # Errors
/// When one does not parse, or the text is too complicated to be read.
pub(crate) fn parse_statements(sql: &str) -> Result<VecDeque<Statement>, SessionError> {
    check_nesting(sql)?;
    Ok(DFParser::parse_sql_with_dialect(
        sql,
        &BoundedDialect::of(sql),
    )?)
}

/// Whether a text is one expression, and nothing else.
///
/// # Errors
/// When it is not, or is too complicated to be read.
pub(crate) fn check_expression(sql: &str) -> Result<(), SessionError> {
    check_nesting(sql)?;
    let dialect = BoundedDialect::of(sql);
    let parsed = || {
        let mut parser = Parser::new(&dialect).try_with_sql(sql)?;
        parser.parse_expr()?;
        match parser.peek_token() {
            end if end.token == Token::EOF => Ok(()),
            found => parser.expected("end of the expression", found),
        }
    };
    Ok(parsed().map_err(DataFusionError::from)?)
}

fn check_nesting(sql: &str) -> Result<(), DataFusionError> {
    nesting::check(sql, nesting::MOST).map_err(|error| DataFusionError::Plan(error.to_string()))
}

fn parse_tokens(
    tokens: Vec<TokenWithSpan>,
    dialect: &dyn Dialect,
) -> Result<Statement, ParserError> {
    let mut parser = Parser::new(dialect).with_tokens_with_locations(tokens);
    let statement = parser.parse_statement()?;
    while parser.consume_token(&Token::SemiColon) {}
    match parser.peek_token() {
        end if end.token == Token::EOF => Ok(Statement::Statement(Box::new(statement))),
        found => parser.expected("end of statement", found),
    }
}

/// The tokens of a statement that begins with `FROM`, with `SELECT *` in front when it has no SELECT of its
/// own. They get the place of the `FROM`, so that what is wrong behind them keeps its own.
fn with_select(sql: &str) -> Option<Vec<TokenWithSpan>> {
    let lead = sql.trim_start().get(..4).unwrap_or_default();
    if !lead.eq_ignore_ascii_case("from") && !lead.starts_with(['-', '/']) {
        return None;
    }
    let mut tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .ok()?;
    let is_code = |token: &TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
    let is = |token: &TokenWithSpan, wanted: Keyword| matches!(&token.token, Token::Word(word) if word.keyword == wanted);
    let first = tokens.iter().position(is_code)?;
    if !is(&tokens[first], Keyword::FROM) {
        return None;
    }
    let mut depth = 0usize;
    let mut has_select = false;
    for token in &tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0 && is(token, Keyword::SELECT) => has_select = true,
            _ => {}
        }
    }
    if has_select {
        return None;
    }
    let span = tokens[first].span;
    let lead = [Token::make_keyword("SELECT"), Token::Mul];
    let lead = lead.map(|token| TokenWithSpan { token, span });
    tokens.splice(first..first, lead);
    Some(tokens)
}

/// Gives every `FROM t` without a SELECT inside a statement the columns of its table.
pub(super) fn select_everything(statement: &mut ast::Statement) {
    struct Everything;

    impl VisitorMut for Everything {
        type Break = ();

        fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
            if select.flavor == SelectFlavor::FromFirstNoSelect {
                select.flavor = SelectFlavor::Standard;
                let all = SelectItem::Wildcard(WildcardAdditionalOptions::default());
                select.projection.push(all);
            }
            ControlFlow::Continue(())
        }
    }

    let _ = VisitMut::visit(statement, &mut Everything);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> String {
        parse_statement(sql).map_or_else(|error| error.message(), |read| read.to_string())
    }

    #[test]
    fn from_alone_selects_everything() {
        assert_eq!(read("from t"), "SELECT * FROM t");
        assert_eq!(
            read("-- all\nFROM t AS u WHERE a > 1 ORDER BY b LIMIT 3;"),
            "SELECT * FROM t AS u WHERE a > 1 ORDER BY b LIMIT 3"
        );
        assert_eq!(
            read("from t, u join v using (a)"),
            "SELECT * FROM t, u JOIN v USING(a)"
        );
        assert_eq!(read("from (from t)"), "SELECT * FROM (SELECT * FROM t)");
        assert_eq!(
            read("select a from t where b in (from u)"),
            "SELECT a FROM t WHERE b IN (SELECT * FROM u)"
        );
    }

    #[test]
    fn from_before_select_stays() {
        assert_eq!(read("from t select a"), "FROM t SELECT a");
        assert_eq!(read("select 1"), "SELECT 1");
        assert_eq!(read("explain from t"), "EXPLAIN SELECT * FROM t");
    }

    #[test]
    fn errors_keep_their_place() {
        assert!(read("from t where").contains("found: EOF"));
        assert!(
            read("from t\n  whre a a").contains("Line: 2"),
            "{}",
            read("from t\n  whre a a")
        );
        assert_eq!(read("select 1; select 2"), "one statement at a time");
    }
}
