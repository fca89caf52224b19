//! The leading comment of a query file: the grain as text, then `-- key: value` lines.

use std::path::Path;

use super::data_test::{DataTest, Rule, comma_list};
use super::error::PipelineError;
use crate::diagnostic::{SourceLocation, did_you_mean, nearest};
use crate::event::Severity;

/// What a query's leading comment declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// What one row stands for: the first sentence of the comment.
    pub grain: String,
    /// Columns that identify a row; checked before the table is published.
    pub key: Vec<String>,
    /// Columns that are never NULL; checked before the table is published.
    pub not_null: Vec<String>,
    /// Columns the table is partitioned by.
    pub partition_by: Vec<String>,
    /// Table or view.
    pub materialize: Materialize,
    /// Declared joins; each is checked before the query runs.
    pub joins: Vec<DeclaredJoin>,
    /// Whether rows are about persons.
    pub sensitivity: Sensitivity,
    /// Tests of the rows; run before the table is published.
    pub tests: Vec<DataTest>,
    /// Words that selectors pick the query by, as in `tag:nightly`.
    pub tags: Vec<String>,
    /// Set in a template: the entries of a project file that each get a query of their own.
    pub for_each: Option<ForEach>,
    /// The view that combines this table's rows with those of other tables.
    pub part_of: Option<String>,
    /// Set when the query lists natural keys that get stable dense integers.
    pub identity: Option<Identity>,
}

/// What a template makes queries for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForEach {
    /// Each program field of `fields.toml`.
    Field,
    /// Each plan of `evaluations/`.
    Evaluation,
}

/// How a query's result is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Materialize {
    /// Written to the lake.
    Table,
    /// Planned into the queries that read it.
    View,
}

/// Whether rows are about persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitivity {
    /// Rows are about persons: secure area only.
    Person,
    /// Rows are counts, means or estimates.
    Aggregate,
}

/// `-- join: many_to_one TABLE on (columns)`: TABLE has at most one row per value of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredJoin {
    /// The table on the "one" side.
    pub table: String,
    /// Its join columns.
    pub columns: Vec<String>,
}

/// `-- identity: key_a, key_b -> id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Natural key columns.
    pub keys: Vec<String>,
    /// The integer column korabo adds.
    pub id: String,
}

const KEYS: [&str; 11] = [
    "for_each",
    "key",
    "not_null",
    "partition_by",
    "materialize",
    "join",
    "sensitivity",
    "identity",
    "part_of",
    "tags",
    "test",
];

/// Reads the header of a query file.
pub(super) fn read_header(file: &Path, text: &str) -> Result<Header, PipelineError> {
    let mut header = Header {
        grain: String::new(),
        key: Vec::new(),
        not_null: Vec::new(),
        partition_by: Vec::new(),
        materialize: Materialize::Table,
        joins: Vec::new(),
        sensitivity: Sensitivity::Person,
        tests: Vec::new(),
        tags: Vec::new(),
        for_each: None,
        part_of: None,
        identity: None,
    };
    let comments = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| line.starts_with("--") || line.trim().is_empty());
    for (idx, line) in comments {
        let at = SourceLocation {
            file: file.to_path_buf(),
            line: idx + 1,
            column: 1,
        };
        let comment = line.trim_start_matches('-').trim();
        match header_key(comment) {
            Some((key, value)) => header.set(key, value, at)?,
            None if header.grain.is_empty() => comment.clone_into(&mut header.grain),
            None => {}
        }
    }
    if header.materialize == Materialize::View
        && let Some(test) = header.tests.first()
    {
        return Err(PipelineError::Header {
            at: SourceLocation {
                file: file.to_path_buf(),
                line: test.line,
                column: 1,
            },
            key: "test".to_owned(),
            expected: "in a query that makes a table: a view's rows are never written",
        });
    }
    if header.grain.is_empty() {
        let at = SourceLocation {
            file: file.to_path_buf(),
            line: 1,
            column: 1,
        };
        return Err(PipelineError::NoGrain { at });
    }
    Ok(header)
}

/// A comment line that is a header key, or looks like a misspelt one: a word, a colon, a value. Other
/// words before a colon are prose.
fn header_key(comment: &str) -> Option<(&str, &str)> {
    let (key, value) = comment.split_once(':')?;
    let word = match key.split_once('(') {
        Some((word, rest)) if rest.ends_with(')') => word,
        _ => key,
    };
    nearest(word, KEYS).map(|_| (key, value.trim()))
}

/// Lines of the leading comment that are for the reader.
pub(super) fn prose(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .take_while(|line| line.starts_with("--") || line.trim().is_empty());
    let comments = lines.map(|line| line.trim_start_matches('-').trim());
    comments
        .filter(|line| !line.is_empty() && header_key(line).is_none())
        .collect()
}

impl Header {
    /// Sets what one line of the header declares.
    fn set(&mut self, key: &str, value: &str, at: SourceLocation) -> Result<(), PipelineError> {
        let wrong = |expected: &'static str| PipelineError::Header {
            at: at.clone(),
            key: key.to_owned(),
            expected,
        };
        match key {
            "key" => self.key = comma_list(value),
            "not_null" => self.not_null = comma_list(value),
            "partition_by" => self.partition_by = comma_list(value),
            "tags" => {
                let expected = "words with commas between them, as in `nightly, finance`";
                self.tags = tags(value).ok_or_else(|| wrong(expected))?;
            }
            "materialize" => {
                self.materialize = match value {
                    "table" => Materialize::Table,
                    "view" => Materialize::View,
                    _ => return Err(wrong("`table` or `view`")),
                }
            }
            "sensitivity" => {
                self.sensitivity = match value {
                    "person" => Sensitivity::Person,
                    "aggregate" => Sensitivity::Aggregate,
                    _ => return Err(wrong("`person` or `aggregate`")),
                }
            }
            "for_each" => match value {
                "field" => self.for_each = Some(ForEach::Field),
                "evaluation" => self.for_each = Some(ForEach::Evaluation),
                _ => return Err(wrong("`field` or `evaluation`")),
            },
            "join" => {
                let join = declared_join(value);
                self.joins
                    .push(join.ok_or_else(|| wrong("`many_to_one TABLE on (columns)`"))?);
            }
            "part_of" => {
                if !value.chars().all(is_plain) {
                    return Err(wrong("the name of a view, as in `effect_fields`"));
                }
                self.part_of = Some(value.to_owned());
            }
            "identity" => {
                let identity = identity(value);
                self.identity = Some(identity.ok_or_else(|| wrong("`key, key -> id`"))?);
            }
            key if key == "test" || key.starts_with("test(") => {
                let severity = Severity::of_key(key);
                let severity = severity.ok_or_else(|| wrong("`test` or `test(warn)`"))?;
                self.tests.push(DataTest {
                    text: value.to_owned(),
                    line: at.line,
                    severity,
                    rule: Rule::parse(value).map_err(wrong)?,
                });
            }
            _ => {
                return Err(PipelineError::UnknownHeaderKey {
                    at,
                    key: key.to_owned(),
                    hint: did_you_mean(key, KEYS),
                });
            }
        }
        Ok(())
    }
}

fn tags(value: &str) -> Option<Vec<String>> {
    let tags = comma_list(value);
    let is_in_tag = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let is_tag = |tag: &String| tag.chars().all(is_in_tag);
    (!tags.is_empty() && tags.iter().all(is_tag)).then_some(tags)
}

/// Whether the character can be in the name of a table.
fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn declared_join(value: &str) -> Option<DeclaredJoin> {
    let (kind, rest) = value.split_once(' ')?;
    if !matches!(kind, "many_to_one" | "one_to_one") {
        return None;
    }
    let (table, columns) = rest.split_once(" on ")?;
    let columns = columns.trim().strip_prefix('(')?.strip_suffix(')')?;
    let columns = comma_list(columns);
    (!columns.is_empty()).then(|| DeclaredJoin {
        table: table.trim().to_owned(),
        columns,
    })
}

fn identity(value: &str) -> Option<Identity> {
    let (keys, id) = value.split_once("->")?;
    let keys = comma_list(keys);
    let id = id.trim().to_owned();
    (!keys.is_empty() && !id.is_empty()).then_some(Identity { keys, id })
}
