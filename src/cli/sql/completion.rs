//! What Tab offers, from the text around the cursor alone: tables, the columns of the tables a statement
//! names, functions, a relation's arguments and their values, keywords, files. Columns are looked up once
//! per table, when they are first needed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::commands::{self, CommandArgument};
use super::keywords::KEYWORDS;
use super::scope::{Call, Scope};
use crate::functions::{self, ArgumentDefinition, ArgumentKind, RELATIONS};
use crate::session::statements::{Token, TokenKind, tokens};

/// The columns of a table, a quoted file, or a call or query as it is written; `None` when there is none.
pub(super) type Lookup<'a> = dyn Fn(&str) -> Option<Vec<String>> + 'a;

/// The names Tab knows.
pub(super) struct Names<'a> {
    tables: Vec<String>,
    functions: Vec<String>,
    lookup: Box<Lookup<'a>>,
    columns: RefCell<BTreeMap<String, Rc<[String]>>>,
}

/// The beginning of a name that is to be completed.
struct Prefix<'a> {
    /// Where the candidate goes.
    start: usize,
    text: &'a str,
    /// Within `"…`.
    is_quoted: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(
        tables: Vec<String>,
        functions: Vec<String>,
        lookup: Box<Lookup<'a>>,
    ) -> Self {
        Self {
            tables,
            functions,
            lookup,
            columns: RefCell::default(),
        }
    }

    /// Where the word at the cursor begins, and what it may become.
    pub(super) fn candidates(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        if let Some(found) = self.command_candidates(line, cursor) {
            return found;
        }
        let all = tokens(line);
        let is_end = |token: &&Token| &line[token.start..token.end] == ";";
        let before = all.iter().filter(is_end).rfind(|token| token.end <= cursor);
        let after = all
            .iter()
            .filter(is_end)
            .find(|token| token.start >= cursor);
        let (from, to) = (
            before.map_or(0, |token| token.end),
            after.map_or(line.len(), |token| token.start),
        );
        let current = all
            .iter()
            .find(|token| token.start < cursor && cursor <= token.end);
        let is_inside = current.is_some_and(|token| cursor < token.end || !token.is_closed);
        let mut typed = Prefix {
            start: cursor,
            text: "",
            is_quoted: false,
        };
        match current.map(|token| (token.kind, token.start)) {
            Some((TokenKind::Comment, _)) if is_inside => return (cursor, Vec::new()),
            Some((TokenKind::Number | TokenKind::Parameter, _)) => return (cursor, Vec::new()),
            Some((TokenKind::Text | TokenKind::QuotedName, start)) if is_inside => {
                typed = Prefix {
                    start,
                    text: line[start + 1..cursor].trim_start_matches('\''),
                    is_quoted: true,
                };
            }
            Some((TokenKind::Word, start)) => {
                typed.start = start;
                typed.text = &line[start..cursor];
            }
            _ => {}
        }
        let in_statement =
            |token: &&Token| token.is_code() && from <= token.start && token.end <= to;
        let statement: Vec<Token> = all.iter().filter(in_statement).copied().collect();
        let n_before = statement.partition_point(|token| token.end <= typed.start);
        let scope = Scope::new(line, &statement, n_before);
        let is_text = current.is_some_and(|token| token.kind == TokenKind::Text) && typed.is_quoted;
        if is_text {
            return text_candidates(&scope, &typed);
        }
        let found = self.names_at(&scope, &typed);
        (typed.start, found)
    }

    fn names_at(&self, scope: &Scope<'_>, typed: &Prefix<'_>) -> Vec<String> {
        if let Some(owner) = scope.qualifier() {
            let table = scope.resolved(&scope.table_of(&owner).unwrap_or(owner));
            let columns = self.columns_of(&table);
            return matching(typed, columns.iter().map(|name| quoted(name)));
        }
        if let Some(call) = scope.call() {
            return self.in_call(scope, &call, typed);
        }
        match scope.last_word().as_deref() {
            Some("FROM" | "JOIN" | "SUMMARIZE" | "DESCRIBE" | "DESC") if scope.is_table_place() => {
                self.tables_and_relations(scope, typed)
            }
            Some("HELP") => {
                let relations = RELATIONS.iter().map(|relation| relation.name.to_owned());
                matching(typed, relations.chain(self.functions.iter().cloned()))
            }
            _ if scope.is_table_place() => self.tables_and_relations(scope, typed),
            _ => self.anything(scope, typed),
        }
    }

    fn tables_and_relations(&self, scope: &Scope<'_>, typed: &Prefix<'_>) -> Vec<String> {
        let tables = self.tables.iter().map(|name| quoted(name));
        let named = scope.common_tables().into_iter();
        // A call in quotes is none.
        let relations = RELATIONS.iter().filter(|_| !typed.is_quoted);
        let relations = relations.map(|relation| format!("{}(", relation.name));
        matching(typed, named.chain(tables).chain(relations))
    }

    fn anything(&self, scope: &Scope<'_>, typed: &Prefix<'_>) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (table, alias) in scope.tables() {
            let columns = self.columns_of(&scope.resolved(&table));
            names.extend(columns.iter().map(|name| quoted(name)));
            names.extend(alias);
        }
        if typed.text.is_empty() {
            return matching(typed, names.into_iter());
        }
        names.extend(self.tables.iter().map(|name| quoted(name)));
        if typed.is_quoted {
            return matching(typed, names.into_iter());
        }
        names.extend(self.functions.iter().map(|name| format!("{name}(")));
        names.extend(
            RELATIONS
                .iter()
                .map(|relation| format!("{}(", relation.name)),
        );
        names.extend(cased_keywords(typed.text));
        matching(typed, names.into_iter())
    }

    /// The first argument is the input; the others have names, and values that depend on their kind.
    fn in_call(&self, scope: &Scope<'_>, call: &Call, typed: &Prefix<'_>) -> Vec<String> {
        if call.n_commas == 0 {
            let query = ["SELECT", "(SELECT"].map(str::to_owned).into_iter();
            let tables = self.tables_and_relations(scope, typed).into_iter();
            return tables.chain(matching(typed, query)).collect();
        }
        let Some(relation) = functions::find_relation(&call.relation) else {
            return Vec::new();
        };
        let Some(name) = &call.argument else {
            let is_free = |argument: &&ArgumentDefinition| {
                !call
                    .given
                    .iter()
                    .any(|given| given.eq_ignore_ascii_case(argument.name))
            };
            let free = relation.arguments.iter().filter(is_free);
            return matching(typed, free.map(|argument| format!("{} => ", argument.name)));
        };
        let argument = relation
            .arguments
            .iter()
            .find(|argument| argument.name.eq_ignore_ascii_case(name));
        match argument.map(|argument| argument.kind) {
            Some(ArgumentKind::Columns(_)) if !call.is_in_list => {
                matching(typed, ["[".to_owned()].into_iter())
            }
            Some(
                ArgumentKind::Column(_)
                | ArgumentKind::Columns(_)
                | ArgumentKind::Amount(_)
                | ArgumentKind::Words,
            ) => {
                let mut names: Vec<String> = Vec::new();
                for table in &call.input_tables {
                    let table = scope.resolved(table);
                    names.extend(self.columns_of(&table).iter().map(|name| quoted(name)));
                }
                names.extend(call.input_aliases.iter().cloned());
                matching(typed, names.into_iter())
            }
            Some(ArgumentKind::Choice(choices)) => {
                matching(typed, choices.iter().map(|choice| format!("'{choice}'")))
            }
            Some(ArgumentKind::Boolean) => {
                matching(typed, ["true", "false"].map(str::to_owned).into_iter())
            }
            _ => Vec::new(),
        }
    }

    /// A table's columns, looked up at most once.
    fn columns_of(&self, table: &str) -> Rc<[String]> {
        if let Some(columns) = self.columns.borrow().get(table) {
            return Rc::clone(columns);
        }
        let columns: Rc<[String]> = (self.lookup)(table).unwrap_or_default().into();
        let known = Rc::clone(&columns);
        self.columns.borrow_mut().insert(table.to_owned(), known);
        columns
    }

    /// Candidates in a line that is a command; `None` when it is SQL.
    fn command_candidates(&self, line: &str, cursor: usize) -> Option<(usize, Vec<String>)> {
        let blank = line.len() - line.trim_start().len();
        let before = line.get(blank..cursor)?;
        if !before.starts_with(['\\', '.']) {
            return None;
        }
        let Some((name, rest)) = before.split_once(char::is_whitespace) else {
            let names = commands::names().filter(|name| name.starts_with(before));
            return Some((blank, names.map(str::to_owned).collect()));
        };
        let argument = rest.trim_start();
        let start = cursor - argument.len();
        let typed = Prefix {
            start,
            text: argument,
            is_quoted: false,
        };
        let found = match commands::argument_of(name) {
            Some(CommandArgument::Table) => matching(&typed, self.tables.iter().cloned()),
            Some(CommandArgument::File) => files(argument),
            Some(CommandArgument::Word(words)) => matching(&typed, words().into_iter()),
            Some(CommandArgument::Function) => matching(&typed, self.functions.iter().cloned()),
            None => Vec::new(),
        };
        Some((start, found))
    }
}

/// Inside `'…`: the values of a relation's argument, else files.
fn text_candidates(scope: &Scope<'_>, typed: &Prefix<'_>) -> (usize, Vec<String>) {
    let choices = scope.call().and_then(|call| {
        let relation = functions::find_relation(&call.relation)?;
        let name = call.argument?;
        let argument = relation
            .arguments
            .iter()
            .find(|argument| argument.name == name)?;
        match argument.kind {
            ArgumentKind::Choice(choices) => Some(choices),
            _ => None,
        }
    });
    match choices {
        Some(choices) => {
            let found = choices
                .iter()
                .filter(|choice| choice.starts_with(typed.text));
            (
                typed.start,
                found.map(|choice| format!("'{choice}'")).collect(),
            )
        }
        None => {
            let found = files(&typed.text.replace("''", "'")).into_iter();
            let found = found.map(|name| name.replace('\'', "''")).collect();
            (typed.start + 1, found)
        }
    }
}

/// Those names that begin with what is typed, whatever the case; each once, in their order.
fn matching(typed: &Prefix<'_>, names: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = typed.text.to_lowercase();
    let mut seen = std::collections::HashSet::new();
    names
        .filter(|name| {
            name.trim_start_matches('"')
                .to_lowercase()
                .starts_with(&wanted)
        })
        .filter(|name| seen.insert(name.clone()))
        .map(|name| match typed.is_quoted {
            true if !name.starts_with('"') => format!("\"{name}\""),
            _ => name,
        })
        .collect()
}

/// Keywords that begin with what is typed, in its case.
fn cased_keywords(typed: &str) -> Vec<String> {
    let is_lower = typed.chars().any(char::is_lowercase);
    let keywords = KEYWORDS.iter();
    keywords
        .map(|keyword| match is_lower {
            true => keyword.to_lowercase(),
            false => (*keyword).to_owned(),
        })
        .collect()
}

/// The name as SQL takes it: in quotes where it would be read otherwise.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.chars().any(char::is_uppercase)
        && !KEYWORDS.contains(&name.to_uppercase().as_str());
    match is_plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Files and folders that a path may become; folders end in `/`.
fn files(typed: &str) -> Vec<String> {
    let (folder, start) = match typed.rfind('/') {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let opened = if folder.is_empty() { "." } else { folder };
    let Ok(entries) = fs_err::read_dir(Path::new(opened)) else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !start.starts_with('.');
            let is_folder = entry.path().is_dir();
            let end = if is_folder { "/" } else { "" };
            (name.starts_with(start) && !is_hidden).then(|| format!("{folder}{name}{end}"))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
