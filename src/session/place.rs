//! Where in a statement an error lies: a span where the engine keeps one, else the name its text is about.
//! Names that nothing has get the nearest that something has.

use datafusion::common::{DataFusionError, SchemaError};

use super::context::Session;
use super::error::{SessionError, innermost};
use crate::diagnostic::did_you_mean;
use crate::functions;

/// What an error says of its place in the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorPlace {
    /// Line and column of the first character, from 1, and of what follows the last one, where that is
    /// known.
    Span {
        /// Where it begins.
        start: (u64, u64),
        /// Behind its end.
        end: Option<(u64, u64)>,
    },
    /// The end of the statement: something is missing there.
    End,
    /// The table of this name.
    Table(String),
    /// The column of this name.
    Column(String),
    /// The function or relation of this name.
    Function(String),
    /// The parameter of this name, with its `$`.
    Parameter(String),
}

impl SessionError {
    /// The place in the statement, as far as the error says.
    #[must_use]
    pub fn error_place(&self) -> Option<ErrorPlace> {
        if let Some(argument) = self.argument_error() {
            let start = (argument.line, argument.column);
            return (argument.line > 0).then_some(ErrorPlace::Span { start, end: None });
        }
        let error = self.engine_error();
        let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
        let root = innermost(error);
        let span = match root {
            DataFusionError::SchemaError(schema, _) => span.or_else(|| span_of(schema)),
            _ => span,
        };
        if let Some(span) = span.filter(|span| span.start.line > 0) {
            return Some(ErrorPlace::Span {
                start: (span.start.line, span.start.column),
                end: Some((span.end.line, span.end.column)),
            });
        }
        if let DataFusionError::SchemaError(schema, _) = root
            && let SchemaError::FieldNotFound { field, .. } = schema.as_ref()
        {
            return Some(ErrorPlace::Column(field.name.clone()));
        }
        place_in_text(&root.to_string())
    }
}

fn span_of(error: &SchemaError) -> Option<datafusion::common::Span> {
    match error {
        SchemaError::FieldNotFound { field, .. } | SchemaError::AmbiguousReference { field } => {
            field.spans.first()
        }
        _ => None,
    }
}

/// The place that a text of the engine tells.
fn place_in_text(text: &str) -> Option<ErrorPlace> {
    if let Some((_, start)) = split_place(text) {
        return Some(ErrorPlace::Span { start, end: None });
    }
    if text.contains("found: EOF") {
        return Some(ErrorPlace::End);
    }
    let quoted = |lead: &str, mark: char| {
        let rest = &text[text.find(lead)? + lead.len()..];
        rest.split_once(mark).map(|(name, _)| name.to_owned())
    };
    if let Some(name) = missing_table(text) {
        return Some(ErrorPlace::Table(name.to_owned()));
    }
    if let Some(name) = quoted("parameter `", '`').filter(|name| name.starts_with('$')) {
        return Some(ErrorPlace::Parameter(name));
    }
    if let Some(name) = text.split("Unsupported SQL type ").nth(1) {
        return Some(ErrorPlace::Column(name.to_owned()));
    }
    ["no function `", "no relation `"]
        .iter()
        .find_map(|lead| quoted(lead, '`'))
        .or_else(|| quoted("unction '", '\''))
        .map(ErrorPlace::Function)
}

/// The table that a text of the engine says there is not.
#[must_use]
pub(super) fn missing_table(text: &str) -> Option<&str> {
    let rest = &text[text.find("table '")? + "table '".len()..];
    let (name, after) = rest.split_once('\'')?;
    let name = name.strip_prefix("datafusion.public.").unwrap_or(name);
    after.contains("not found").then_some(name)
}

/// A parser's text without the place at its end, and that place: line and column from 1.
#[must_use]
pub fn split_place(text: &str) -> Option<(&str, (u64, u64))> {
    let (message, place) = text.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits = |text: &str| -> Option<u64> {
        let end = text.find(|c: char| !c.is_ascii_digit());
        text[..end.unwrap_or(text.len())].parse().ok()
    };
    Some((message, (digits(line)?, digits(column)?)))
}

impl Session {
    /// The error, with the nearest of our names for a function or relation that there is not: the engine
    /// offers one however far it is, and knows of no relation.
    pub(super) fn with_near_names(&self, error: DataFusionError) -> DataFusionError {
        match error {
            DataFusionError::Diagnostic(diagnostic, inner) => {
                DataFusionError::Diagnostic(diagnostic, Box::new(self.with_near_names(*inner)))
            }
            DataFusionError::Plan(text) => DataFusionError::Plan(self.named(text)),
            other => other,
        }
    }

    fn named(&self, text: String) -> String {
        if let Some(name) = between(&text, "Invalid function '", "'") {
            let known = self.function_names();
            let near = did_you_mean(&name.to_lowercase(), known.iter().map(String::as_str));
            return match functions::find_relation(name) {
                Some(_) => format!("`{name}` is a relation: write it in FROM, with its input"),
                None => format!("no function `{name}`{near}"),
            };
        }
        if let Some(name) = between(&text, "table function '", "' not found") {
            let state = self.ctx.state();
            let relations = functions::RELATIONS.iter().map(|relation| relation.name);
            let others = state.table_functions().keys().map(String::as_str);
            let near = did_you_mean(&name.to_lowercase(), relations.chain(others));
            return format!("no relation `{name}`{near}");
        }
        text
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}
