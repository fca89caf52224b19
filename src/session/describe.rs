//! Engine errors in words. Errors about SQL may quote it; errors that arise while rows are read may quote
//! a person's value, so their quoted parts and numbers are blanked.

use std::error::Error as _;

use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;

use super::error::{ErrorClass, SessionError, innermost};
use super::place::missing_table;
use crate::diagnostic::did_you_mean;

/// What is said of statements that write.
pub const WRITE_REFUSED: &str = "statements that write are refused: SQL only reads here";

impl SessionError {
    /// The error in words, with its place in the statement: one line per cause, no values from data.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.place() {
            Some((line, column)) => format!("line {line}, column {column}: {}", self.message()),
            None => self.message(),
        }
    }

    /// The error in words, without its place.
    #[must_use]
    pub fn message(&self) -> String {
        if let Some(argument) = self.argument_error() {
            return argument.to_string();
        }
        if let Some(relation) = self.relation_error() {
            let mut text = relation.to_string();
            let mut source = relation.source();
            while let Some(cause) = source {
                text.push('\n');
                text.push_str(&cause.to_string());
                source = cause.source();
            }
            return text;
        }
        if let Some(lake) = self.lake_error() {
            return lake.to_string();
        }
        if let Some(file) = self.file_error() {
            return file.to_string();
        }
        let error = innermost(self.engine_error());
        let text = match error {
            DataFusionError::SchemaError(schema, _) => schema_error(schema),
            DataFusionError::SQL(error, _) if **error == ParserError::RecursionLimitExceeded => {
                TOO_DEEP.to_owned()
            }
            other => stripped(&other.to_string()),
        };
        match self.class() {
            ErrorClass::Sql | ErrorClass::Resources => shortened(&text),
            _ => shortened(&blanked(&text)),
        }
    }

    /// The table that the statement names and that is not known.
    #[must_use]
    pub fn missing_table(&self) -> Option<String> {
        if self.is_of_view() {
            return None;
        }
        missing_table(&self.message()).map(str::to_owned)
    }

    /// Line and column in the statement, from 1, when the engine knows them.
    #[must_use]
    pub fn place(&self) -> Option<(u64, u64)> {
        let span = self.engine_error().diagnostic()?.span?;
        Some((span.start.line, span.start.column))
    }
}

/// What went wrong, outermost first: one line per cause. Texts of the engine that could quote a value are
/// blanked.
#[must_use]
pub fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let engine = error.downcast_ref::<SessionError>();
        let text = engine.map_or_else(|| error.to_string(), SessionError::describe);
        for line in text.lines().map(str::trim_end) {
            if !line.is_empty() && lines.last().is_none_or(|last| last != line) {
                lines.push(line.to_owned());
            }
        }
        cause = match engine {
            Some(_) => None,
            None => error.source(),
        };
    }
    lines
}

/// What is said where the parser gives up.
const TOO_DEEP: &str = "expressions are nested too deeply: about 50 levels are allowed, fewer around a mistake; take the inner ones out into a CTE";

fn schema_error(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => field_not_found(field, valid_fields),
        SchemaError::AmbiguousReference { field } => {
            let name = &field.name;
            format!("several tables have a column `{name}`; write which: `table.{name}`")
        }
        other => stripped(&other.to_string()),
    }
}

/// A column that is not there, or whose table is not. The nearest name is looked for in the table that the
/// statement names, then in the others.
fn field_not_found(field: &Column, valid: &[Column]) -> String {
    let name = &field.name;
    let Some(owner) = &field.relation else {
        let near = did_you_mean(name, valid.iter().map(|known| known.name.as_str()));
        return format!("no column `{name}`{near}");
    };
    let owner = owner.table();
    let owner_of = |known: &Column| Some(known.relation.as_ref()?.table().to_owned());
    let in_owner = |known: &&Column| owner_of(known).as_deref() == Some(owner);
    if valid.iter().any(|known| in_owner(&known)) {
        let known = valid.iter().filter(in_owner);
        let near = did_you_mean(name, known.map(|known| known.name.as_str()));
        return format!("no column `{name}` in `{owner}`{near}");
    }
    let owners: Vec<String> = valid.iter().filter_map(owner_of).collect();
    if owners.is_empty() {
        let near = did_you_mean(name, valid.iter().map(|known| known.name.as_str()));
        return format!("no column `{name}`{near}");
    }
    let near = did_you_mean(owner, owners.iter().map(String::as_str));
    format!("no table or alias `{owner}` here, for `{owner}.{name}`{near}")
}

/// Without the engine's own prefixes and catalog names.
fn stripped(text: &str) -> String {
    let prefixes = [
        "Error during planning: ",
        "SQL error: ",
        "Schema error: ",
        "Execution error: ",
        "Internal error: ",
        "Arrow error: ",
        "External error: ",
        "Resources exhausted: ",
        "This feature is not implemented: ",
    ];
    let mut text = text;
    while let Some(rest) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    if text.starts_with("DDL not supported") || text.starts_with("DML not supported") {
        return WRITE_REFUSED.to_owned();
    }
    let text = text
        .replace("datafusion.public.", "")
        .replace("korabo.public.", "");
    let inner = ["ParserError(\"", "TokenizerError(\""]
        .iter()
        .find_map(|lead| text.strip_prefix(lead)?.strip_suffix("\")"));
    let text = inner.map_or(text.clone(), |inner| inner.replace("\\\"", "\""));
    first_signature(&text)
}

/// The first of the reasons why a function does not take its arguments; the engine gives one per way of
/// calling it, and a request to report a bug.
fn first_signature(text: &str) -> String {
    let text = match text.split_once("\nThis issue was likely caused by") {
        Some((reasons, _)) => reasons.trim_end_matches(['.', '\n']),
        None => text,
    };
    let marks = [
        "failed to match any signature, errors: ",
        "Error during planning: ",
    ];
    match text.split_once(marks[0]) {
        Some((_, reasons)) => {
            let reasons = reasons.trim_start_matches(marks[1]);
            let end = reasons.find(",Error during planning: ");
            reasons[..end.unwrap_or(reasons.len())].to_owned()
        }
        None => text.to_owned(),
    }
}

/// The beginning of a text that is too long to read: internal errors quote whole plans.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 600;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first line, with `…` for values ([`without_values`]). Names of the lake's files stay: a repair needs them.
fn blanked(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let is_end = |c: char| c.is_whitespace() || "'\"`(),;<>[]{}".contains(c);
    let mut words = line
        .split(is_end)
        .map(|word| word.trim_end_matches([':', '.']));
    let Some(name) = words.find(|word| is_lake_file(word)) else {
        return without_values(line);
    };
    let at = name.as_ptr().addr() - line.as_ptr().addr();
    let (before, after) = (&line[..at], &line[at + name.len()..]);
    // Quotation marks around the name are its own; what else is quoted goes on to its end.
    let before = before.strip_suffix(['\'', '"', '`']).unwrap_or(before);
    let after = after.strip_prefix(['\'', '"', '`']).unwrap_or(after);
    format!("{}{name}{}", without_values(before), blanked(after))
}

/// Whether a path ends as the lake names its files: `part-00000-UUID-c000.zstd.parquet`, `00000000000000000012.json`,
/// `….checkpoint.parquet`. No value looks like that.
fn is_lake_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_number = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if let Some((number, ending)) = name.split_once('.')
        && is_number(number, 20)
    {
        return ["json", "checkpoint.parquet"].contains(&ending);
    }
    let parts: Vec<&str> = name.split('-').collect();
    let [lead, number, uuid @ .., end] = parts.as_slice() else {
        return false;
    };
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<usize> = uuid.iter().map(|part| part.len()).collect();
    let endings = ["c000.zstd.parquet", "c000.snappy.parquet", "c000.parquet"];
    *lead == "part"
        && is_number(number, 5)
        && lengths == [8, 4, 4, 4, 12]
        && uuid.iter().all(is_hex)
        && endings.contains(end)
}

/// The line with `…` for quoted parts, numbers and everything that is not ASCII: the engine's own words are English. A
/// value may hold quotation marks itself, so a quoted part goes on to the last mark of its kind.
fn without_values(line: &str) -> String {
    // What follows is the regular expression, which may be made of a value.
    const EXPRESSION: &str = "Regular expression did not compile";
    if line.contains(EXPRESSION) {
        return EXPRESSION.to_owned();
    }
    let Some((open, mark)) = first_quotation_mark(line) else {
        return without_numbers(line);
    };
    let before = without_numbers(&line[..open]);
    let rest = &line[open + 1..];
    let after = rest.rfind(mark).map_or("", |close| &rest[close + 1..]);
    format!("{before}{mark}…{mark}{}", without_values(after))
}

/// A quotation mark that opens something: not the one of `can't`.
fn first_quotation_mark(line: &str) -> Option<(usize, char)> {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    line.char_indices().find(|(at, c)| match c {
        '"' => true,
        '\'' => {
            let is_inside_word = is_letter(line[..*at].chars().next_back())
                && is_letter(line[at + 1..].chars().next());
            !is_inside_word
        }
        _ => false,
    })
}

fn without_numbers(text: &str) -> String {
    let is_kept = |c: char| c.is_ascii() && !c.is_ascii_digit();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_kept(c) {
            out.push(c);
        } else if !out.ends_with('…') {
            out.push('…');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::blanked;

    #[test]
    fn values_are_blanked_wherever_they_stand() {
        let texts = [
            (
                "Cannot cast string 'abc' to value of Int32 type",
                "Cannot cast string '…' to value of Int… type",
            ),
            (
                "Cannot cast string 'O'Brien' to value",
                "Cannot cast string '…' to value",
            ),
            (
                "Cannot cast string 'a' and 'b' to value",
                "Cannot cast string '…' to value",
            ),
            ("Cannot cast string 'open", "Cannot cast string '…'"),
            (
                "Can't cast value 171 to type Int8",
                "Can't cast value … to type Int…",
            ),
            (
                "did not compile: \"x\" at 3: 'y'",
                "did not compile: \"…\" at …: '…'",
            ),
            ("regex parse error:\n    (secret", "regex parse error:"),
            (
                "Compute error: Regular expression did not compile: (?secret)a",
                "Regular expression did not compile",
            ),
            ("no such name 佐藤 here", "no such name … here"),
            ("between 'a\"b' and 3", "between '…' and …"),
            (
                "Object at location /srv/kenpo 7/lake/claims/delivery_id=12/part-00000-2f1e0d3c-aaaa-4bbb-8ccc-0123456789ab-c000.zstd.parquet not found: value 12",
                "Object at location /srv/kenpo 7/lake/claims/delivery_id=12/part-00000-2f1e0d3c-aaaa-4bbb-8ccc-0123456789ab-c000.zstd.parquet not found: value …",
            ),
            (
                "cannot read '/l/t/_delta_log/00000000000000000003.json': 'O'Brien' at 3",
                "cannot read /l/t/_delta_log/00000000000000000003.json: '…' at …",
            ),
            // What only resembles a name is a value.
            (
                "no part-12345-personal.parquet",
                "no part-…-personal.parquet",
            ),
            ("no 00000000000000000003.csv", "no ….csv"),
        ];
        for (text, expected) in texts {
            assert_eq!(blanked(text), expected);
        }
    }
}
