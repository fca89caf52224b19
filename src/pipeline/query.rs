//! One file of `queries/`: its header, its statement, and the tables and parameters it uses, read from
//! the parsed SQL.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Statement, TableFactor, Value, ValueWithSpan, Visit,
    Visitor,
};

use super::data_test::{DataTest, Rule};
use super::error::PipelineError;
use super::header::{Header, prose, read_header};
use super::made_text::{Expressions, MadeText};
use crate::config::{ParameterValue, ProjectConfig};
use crate::content_hash::sha256;
use crate::diagnostic::SourceLocation;
use crate::functions;
use crate::session::{self, SessionError};

/// One query file: makes one table (or view) named after the file.
#[derive(Debug, Clone)]
pub struct Query {
    /// Name of the table it makes: the file's stem.
    pub name: String,
    /// The file, as named in messages.
    pub file: PathBuf,
    /// The whole text.
    pub text: String,
    /// What the header comment declares.
    pub header: Header,
    /// The stage its name puts it in.
    pub stage: Stage,
    /// Tables it reads.
    pub reads: BTreeSet<String>,
    /// Parameters it uses, without the `$`.
    pub parameters: BTreeSet<String>,
    /// Values of some of these parameters, which come from the program field that the query was made for.
    pub values: Vec<(String, ParameterValue)>,
    /// The tables whose rows it holds, where it is a view of parts.
    pub(super) parts: Vec<String>,
    /// Expressions of another file that the text is made of.
    expressions: Expressions,
}

/// The parameter that has the name of the plan a query was made for.
pub(super) const EVALUATION: &str = "evaluation";

/// Stages of the journey in order: a query reads its own or earlier stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `clean_*`: the only readers of raw tables.
    Clean,
    /// `link_*` and `linkage_quality`.
    Link,
    /// `panel_*`.
    Panel,
    /// `indicator_*`.
    Indicator,
    /// `evaluation_*`.
    Evaluation,
    /// `effect_*`.
    Effect,
    /// `summary_*`.
    Summary,
}

impl Stage {
    /// The stage of a query called `name`.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let stages = [
            ("clean_", Self::Clean),
            ("link_", Self::Link),
            ("linkage_", Self::Link),
            ("panel_", Self::Panel),
            ("indicator_", Self::Indicator),
            ("evaluation_", Self::Evaluation),
            ("effect_", Self::Effect),
            ("summary_", Self::Summary),
        ];
        stages
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix))
            .map(|(_, stage)| *stage)
    }
}

impl Query {
    /// The values of the parameters the query uses: its own, else those that `config` gives.
    #[must_use]
    pub fn parameters_in(&self, config: &ProjectConfig) -> Vec<(String, ParameterValue)> {
        let value_of = |name: &String| {
            let own = self.values.iter().find(|(own, _)| own == name);
            own.map(|(_, value)| value)
                .or_else(|| config.parameters.get(name))
        };
        let used = self.parameters.iter();
        used.filter_map(|name| Some((name.clone(), value_of(name)?.clone())))
            .collect()
    }

    /// The error of planning the query.
    pub(super) fn not_planned(&self, source: SessionError) -> PipelineError {
        let file = || self.file.display().to_string();
        let place = self.location_of_error(&source);
        PipelineError::Plan {
            query: self.name.clone(),
            place: place.map_or_else(file, |at| at.to_string()),
            source,
        }
    }

    /// The evaluation whose plan it was made for.
    #[must_use]
    pub fn evaluation(&self) -> Option<&str> {
        let value = self.values.iter().find(|(name, _)| name == EVALUATION);
        match value {
            Some((_, ParameterValue::Text(name))) => Some(name),
            _ => None,
        }
    }

    /// The query that this template makes for one program field.
    pub(super) fn for_field(&self, name: String, values: Vec<(String, ParameterValue)>) -> Self {
        Self {
            name,
            values,
            ..self.clone()
        }
    }

    /// Parses the text of query file `file`.
    ///
    /// # Errors
    /// With file, line and column: not SQL, not exactly one query, a wrong header.
    pub fn parse(file: &Path, text: &str) -> Result<Self, PipelineError> {
        let name = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Self::made(&name.unwrap_or_default(), file, MadeText::plain(text))
    }

    /// Parses the text of the query called `name`, which `file` holds or its expressions make.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub(super) fn made(name: &str, file: &Path, made: MadeText) -> Result<Self, PipelineError> {
        let MadeText { text, expressions } = made;
        let start = SourceLocation {
            file: file.to_path_buf(),
            line: 1,
            column: 1,
        };
        let stage = Stage::of(name).ok_or_else(|| PipelineError::NoStage {
            at: start,
            query: name.to_owned(),
        })?;
        let header = read_header(file, &text)?;
        let statement = parse_one(file, &text).map_err(|error| match error {
            PipelineError::Syntax { at, message } => PipelineError::Syntax {
                at: expressions.written_at(at),
                message,
            },
            error => error,
        })?;
        let mut parameters = BTreeSet::new();
        let mut reads = tables_read(statement, &mut parameters);
        for test in &header.tests {
            reads.extend(test_reads(file, test, &mut parameters)?);
        }
        if !header.tests.is_empty() {
            reads.remove(name);
        }
        Ok(Self {
            name: name.to_owned(),
            file: file.to_path_buf(),
            text,
            header,
            stage,
            reads,
            parameters,
            values: Vec::new(),
            parts: Vec::new(),
            expressions,
        })
    }

    /// SHA-256 of the text: a changed comment changes it too, because the header is a comment.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(&self.text)
    }

    /// The leading comment without its settings, line by line; the first line says what one row stands for.
    #[must_use]
    pub fn prose(&self) -> Vec<&str> {
        prose(&self.text)
    }

    /// The beginning of line `line`.
    #[must_use]
    pub fn location_of_line(&self, line: usize) -> SourceLocation {
        SourceLocation {
            file: self.file.clone(),
            line,
            column: 1,
        }
    }

    /// Where header key `key` stands.
    #[must_use]
    pub fn location_of_key(&self, key: &str) -> SourceLocation {
        let is_key = |line: &str| {
            let comment = line.trim_start_matches('-').trim();
            comment
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
        };
        let line = self.text.lines().position(is_key);
        self.location_of_line(line.map_or(1, |line| line + 1))
    }

    /// Where `word` first stands in the text, for messages about it.
    #[must_use]
    pub fn location_of(&self, word: &str) -> SourceLocation {
        let places = || {
            let places = self.text.match_indices(word).map(|(at, _)| at);
            places.filter(|at| is_word(&self.text, *at, word.len()))
        };
        let in_code = places().find(|at| !is_in_comment(&self.text, *at));
        let in_test = || {
            let lines = self.header.tests.iter().map(|test| test.line);
            let lines: BTreeSet<usize> = lines.collect();
            places().find(|at| lines.contains(&(self.text[..*at].matches('\n').count() + 1)))
        };
        let offset = in_code.or_else(in_test).unwrap_or(0);
        let at = SourceLocation::of_offset(&self.file, &self.text, offset);
        self.expressions.written_at(at)
    }

    /// Where the engine found the text wrong, when it says where.
    fn location_of_error(&self, error: &SessionError) -> Option<SourceLocation> {
        let (line, column) = error.place()?;
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Some(self.expressions.written_at(SourceLocation {
            file: self.file.clone(),
            line: number(line),
            column: number(column),
        }))
    }
}

/// Tables that a test reads beside the tested one; its parameters go into `parameters`.
fn test_reads(
    file: &Path,
    test: &DataTest,
    parameters: &mut BTreeSet<String>,
) -> Result<BTreeSet<String>, PipelineError> {
    match &test.rule {
        Rule::Relationships { table, .. } => Ok(BTreeSet::from([table.clone()])),
        Rule::NoRows { sql } => {
            let at = SourceLocation {
                file: file.to_path_buf(),
                line: test.line,
                column: 1,
            };
            let statement = parse_one(file, sql).map_err(|error| match error {
                PipelineError::Syntax { message, .. } => PipelineError::Syntax {
                    at: at.clone(),
                    message,
                },
                _ => PipelineError::Header {
                    at: at.clone(),
                    key: "test".to_owned(),
                    expected: "`no_rows` and exactly one SELECT statement",
                },
            })?;
            Ok(tables_read(statement, parameters))
        }
        _ => Ok(BTreeSet::new()),
    }
}

/// The tables that a query reads, inputs of relations included; its parameters go into `parameters`.
fn tables_read(statement: Statement, parameters: &mut BTreeSet<String>) -> BTreeSet<String> {
    let mut uses = StatementUses::default();
    let _ = statement.visit(&mut uses);
    parameters.append(&mut uses.parameters);
    let statement = DfStatement::Statement(Box::new(statement));
    let Ok((tables, _)) = resolve_table_references(&statement, true) else {
        return BTreeSet::new();
    };
    let mut reads: BTreeSet<String> = tables
        .iter()
        .map(|table| match table.schema() {
            Some(schema) if schema != "public" => format!("{schema}.{}", table.table()),
            _ => table.table().to_owned(),
        })
        .filter(|table| functions::find_relation(table).is_none())
        .collect();
    reads.extend(uses.relation_inputs.difference(&uses.ctes).cloned());
    reads
}

fn is_in_comment(text: &str, at: usize) -> bool {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[line_start..at].contains("--")
}

/// Whether the `len` bytes from `at` on are a whole word.
pub(super) fn is_word(text: &str, at: usize, len: usize) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !text[..at].ends_with(is_part) && !text[at + len..].starts_with(is_part)
}

fn parse_one(file: &Path, text: &str) -> Result<Statement, PipelineError> {
    let at = |line, column| SourceLocation {
        file: file.to_path_buf(),
        line,
        column,
    };
    let statements = session::parse_statements(text).map_err(|error| {
        let message = error.message();
        let (line, column) = place_in(&message);
        PipelineError::Syntax {
            at: at(line, column),
            message,
        }
    })?;
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(DfStatement::Statement(statement)), None)
            if matches!(*statement, Statement::Query(_)) =>
        {
            Ok(*statement)
        }
        _ => Err(PipelineError::NotOneQuery { at: at(1, 1) }),
    }
}

/// The line and column that the parser's message names, or the file's beginning.
fn place_in(message: &str) -> (usize, usize) {
    let number_after = |word: &str| -> Option<usize> {
        let rest = &message[message.find(word)? + word.len()..];
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .ok()
    };
    (
        number_after("Line: ").unwrap_or(1),
        number_after("Column: ").unwrap_or(1),
    )
}

/// What a statement uses that the engine's own resolver does not report.
#[derive(Default)]
struct StatementUses {
    relation_inputs: BTreeSet<String>,
    ctes: BTreeSet<String>,
    parameters: BTreeSet<String>,
}

impl Visitor for StatementUses {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let Some((_, arguments)) = functions::relation_call(factor)
            && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(input))) = arguments.first()
            && let Expr::Identifier(name) = input
        {
            self.relation_inputs.insert(name.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(
        &mut self,
        query: &datafusion::sql::sqlparser::ast::Query,
    ) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.ctes.insert(cte.alias.name.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        if let Value::Placeholder(name) = &value.value {
            self.parameters
                .insert(name.trim_start_matches('$').to_owned());
        }
        ControlFlow::Continue(())
    }
}
