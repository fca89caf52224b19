//! What SQL can call, as rows: `SHOW RELATIONS`, `HELP`, the list of functions.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::Documentation;
use datafusion::prelude::DataFrame;

use super::context::Session;
use super::error::SessionError;
use crate::functions::{self, ArgumentKind, RelationDefinition};

/// Metadata of a column whose texts are sentences: where space is short they are wrapped, not cut.
pub const PROSE: &str = "korabo.prose";

/// The columns of `HELP` on something.
pub const HELP_COLUMNS: [&str; 4] = ["part", "name", "required", "text"];

/// A function SQL can call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSummary {
    /// Its name.
    pub name: String,
    /// `scalar`, `aggregate` or `window`.
    pub kind: &'static str,
    /// What it does; empty where nothing is known.
    pub description: String,
}

impl Session {
    /// Every relation with its usage and description.
    ///
    /// # Errors
    /// When the engine refuses the rows.
    pub fn relations(&self) -> Result<DataFrame, SessionError> {
        let rows = functions::RELATIONS.iter().map(|relation| {
            [relation.name, relation.usage, relation.description].map(str::to_owned)
        });
        self.text_rows(["name", "usage", "description"], rows)
    }

    /// Functions whose name contains `pattern`, by name. `%` and `*` in it stand for anything.
    ///
    /// # Errors
    /// When the engine refuses the rows.
    pub fn functions_like(&self, pattern: &str) -> Result<DataFrame, SessionError> {
        let found = self.functions().into_iter();
        let rows = found
            .filter(|function| matches_pattern(&function.name, pattern))
            .map(|function| {
                [
                    function.name,
                    function.kind.to_owned(),
                    function.description,
                ]
            });
        self.text_rows(["name", "kind", "description"], rows)
    }

    /// Every function that is not a relation, by name.
    #[must_use]
    pub fn functions(&self) -> Vec<FunctionSummary> {
        let state = self.ctx.state();
        let summary =
            |name: &String, kind, documentation: Option<&Documentation>| FunctionSummary {
                name: name.clone(),
                kind,
                description: documentation
                    .map(|text| first_line(&text.description))
                    .unwrap_or_default(),
            };
        let scalars = state.scalar_functions().iter();
        let aggregates = state.aggregate_functions().iter();
        let windows = state.window_functions().iter();
        let mut functions: Vec<FunctionSummary> = scalars
            .map(|(name, function)| summary(name, "scalar", function.documentation()))
            .chain(
                aggregates
                    .map(|(name, function)| summary(name, "aggregate", function.documentation())),
            )
            .chain(
                windows.map(|(name, function)| summary(name, "window", function.documentation())),
            )
            .collect();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        functions
    }

    /// Meaning, usage, arguments and an example of relation or function `name`; `None` where there is
    /// neither.
    ///
    /// # Errors
    /// When the engine refuses the rows.
    pub fn help_on(&self, name: &str) -> Result<Option<DataFrame>, SessionError> {
        let rows = match functions::find_relation(name) {
            Some(relation) => relation_help(relation),
            None => match self.documentation(&name.to_lowercase()) {
                Some(documentation) => function_help(&documentation),
                None => return Ok(None),
            },
        };
        self.text_rows(HELP_COLUMNS, rows).map(Some)
    }

    /// Topics of `HELP`, each with what to write and what it is for.
    ///
    /// # Errors
    /// When the engine refuses the rows.
    pub fn help_topics(&self) -> Result<DataFrame, SessionError> {
        let statements = STATEMENTS.iter().map(|row| row.map(str::to_owned));
        let relations = functions::RELATIONS.iter().map(|relation| {
            [
                "relation".to_owned(),
                format!("HELP {}", relation.name),
                relation.description.to_owned(),
            ]
        });
        self.text_rows(["topic", "write", "text"], statements.chain(relations))
    }

    fn documentation(&self, name: &str) -> Option<Documentation> {
        let state = self.ctx.state();
        let scalar = state.scalar_functions().get(name).cloned();
        let aggregate = state.aggregate_functions().get(name).cloned();
        let window = state.window_functions().get(name).cloned();
        scalar
            .and_then(|function| function.documentation().cloned())
            .or_else(|| aggregate.and_then(|function| function.documentation().cloned()))
            .or_else(|| window.and_then(|function| function.documentation().cloned()))
    }

    /// Rows of text, NULL where a text is empty. Usages and descriptions are prose.
    ///
    /// # Errors
    /// When the engine refuses the rows.
    pub fn text_rows<const N: usize>(
        &self,
        names: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Result<DataFrame, SessionError> {
        let mut columns: [Vec<Option<String>>; N] = std::array::from_fn(|_| Vec::new());
        for row in rows {
            for (column, text) in columns.iter_mut().zip(row) {
                column.push((!text.is_empty()).then_some(text));
            }
        }
        let fields = names.iter().map(|name| {
            let is_prose = matches!(*name, "usage" | "description" | "text");
            let metadata = is_prose.then(|| (PROSE.to_owned(), "true".to_owned()));
            Field::new(*name, DataType::Utf8, true).with_metadata(metadata.into_iter().collect())
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = columns
            .into_iter()
            .map(|column| Arc::new(StringArray::from(column)) as ArrayRef);
        let batch =
            RecordBatch::try_new(schema, columns.collect()).map_err(DataFusionError::from)?;
        self.rows(batch)
    }
}

/// Statements that are not of standard SQL.
const STATEMENTS: [[&str; 3]; 8] = [
    [
        "statement",
        "HELP name",
        "meaning, arguments and an example of a relation or function; meaning and columns of a table",
    ],
    ["statement", "SHOW TABLES", "the tables"],
    [
        "statement",
        "SHOW RELATIONS",
        "the relations: estimators that take a table or a query",
    ],
    [
        "statement",
        "DESCRIBE table",
        "names, types and meanings of a table's columns; also DESCRIBE SELECT …",
    ],
    [
        "statement",
        "SUMMARIZE table",
        "what each column holds: range, mean, quartiles, share of NULLs; also SUMMARIZE SELECT …",
    ],
    [
        "statement",
        "EXPLAIN SELECT …",
        "how a query would run; EXPLAIN ANALYZE runs it and counts rows and time",
    ],
    [
        "statement",
        "FROM table",
        "every column of a table; also FROM table WHERE …, FROM table SELECT …",
    ],
    [
        "statement",
        "SELECT * FROM 'file.csv'",
        "a file by name: .csv, .parquet, .json",
    ],
];

fn relation_help(relation: &RelationDefinition) -> Vec<[String; 4]> {
    let row = |part: &str, text: &str| row(part, "", "", text);
    let mut rows = vec![
        row("meaning", relation.description),
        row("usage", relation.usage),
    ];
    rows.push(self::row(
        "argument",
        "input",
        "yes",
        "a table, or a query in parentheses",
    ));
    rows.extend(relation.arguments.iter().map(|argument| {
        let required = if argument.required { "yes" } else { "no" };
        let text = format!("{}: {}", values_of(argument.kind), argument.description);
        self::row("argument", argument.name, required, &text)
    }));
    let columns = functions::result_columns(relation.name);
    rows.extend(columns.map(|column| self::row("result", column.name, "", column.en)));
    rows.push(row("example", relation.example));
    rows
}

fn values_of(kind: ArgumentKind) -> String {
    match kind {
        ArgumentKind::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|c| format!("'{c}'")).collect();
            choices.join(" or ")
        }
        other => other.to_string(),
    }
}

fn function_help(documentation: &Documentation) -> Vec<[String; 4]> {
    let mut rows = vec![
        row("meaning", "", "", documentation.description.trim()),
        row("usage", "", "", documentation.syntax_example.trim()),
    ];
    for (name, text) in documentation.arguments.iter().flatten() {
        rows.push(row("argument", name, "", text.trim()));
    }
    if let Some(example) = &documentation.sql_example {
        let lines = example.trim().lines();
        let lines: Vec<&str> = lines.filter(|line| !line.starts_with("```")).collect();
        rows.push(row("example", "", "", &lines.join("\n")));
    }
    rows
}

fn row(part: &str, name: &str, required: &str, text: &str) -> [String; 4] {
    [part, name, required, text].map(str::to_owned)
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().to_owned()
}

/// Whether `name` contains the parts of `pattern` between its `%` and `*`, in their order.
fn matches_pattern(name: &str, pattern: &str) -> bool {
    let mut rest = name;
    for part in pattern.to_lowercase().split(['%', '*']) {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}
