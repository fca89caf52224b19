//! What a statement that is still being typed names around the cursor: tables and their aliases, the call
//! it is in. Read from tokens, since such a statement does not parse.

use super::keywords::KEYWORDS;
use crate::functions;
use crate::session::statements::{Token, TokenKind};

/// A statement and the place in it that is being typed.
pub(super) struct Scope<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// Tokens before the word at the cursor.
    n_before: usize,
}

/// The call of a relation the cursor is in.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) relation: String,
    /// Commas between its arguments before the cursor.
    pub(super) n_commas: usize,
    /// The argument whose value is being typed.
    pub(super) argument: Option<String>,
    /// Arguments that have a value, anywhere in the call.
    pub(super) given: Vec<String>,
    /// Within `[…`.
    pub(super) is_in_list: bool,
    /// Tables of the first argument.
    pub(super) input_tables: Vec<String>,
    /// Names the first argument gives to columns.
    pub(super) input_aliases: Vec<String>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token], n_before: usize) -> Self {
        Self {
            text,
            tokens,
            n_before,
        }
    }

    fn text_of(&self, idx: usize) -> &'a str {
        let token = self.tokens[idx];
        &self.text[token.start..token.end]
    }

    fn is(&self, idx: usize, symbol: &str) -> bool {
        idx < self.tokens.len() && self.text_of(idx) == symbol
    }

    /// The word at `idx` in upper case.
    fn word(&self, idx: usize) -> Option<String> {
        let token = self.tokens.get(idx)?;
        (token.kind == TokenKind::Word).then(|| self.text_of(idx).to_uppercase())
    }

    /// The name at `idx`, unless it is a keyword. A file stays in its quotes.
    fn name(&self, idx: usize) -> Option<String> {
        let text = || self.text_of(idx);
        match self.tokens.get(idx)?.kind {
            TokenKind::Word if KEYWORDS.contains(&text().to_uppercase().as_str()) => None,
            TokenKind::Word => Some(text().to_lowercase()),
            TokenKind::QuotedName => Some(text().trim_matches(['"', '`']).to_owned()),
            TokenKind::Text => Some(text().to_owned()),
            _ => None,
        }
    }

    /// The word before the one being typed, in upper case.
    pub(super) fn last_word(&self) -> Option<String> {
        self.word(self.n_before.checked_sub(1)?)
    }

    /// What stands before the point that the cursor follows.
    pub(super) fn qualifier(&self) -> Option<String> {
        let point = self.n_before.checked_sub(1)?;
        if !self.is(point, ".") {
            return None;
        }
        self.name(point.checked_sub(1)?)
    }

    /// The table that alias `name` stands for.
    pub(super) fn table_of(&self, name: &str) -> Option<String> {
        let mut tables = self.tables().into_iter();
        let found = tables.find(|(_, alias)| alias.as_deref() == Some(name));
        found.map(|(table, _)| table)
    }

    /// Whether a table is expected: after `FROM` or `JOIN`, and after a comma behind a table.
    pub(super) fn is_table_place(&self) -> bool {
        let Some(mut idx) = self.n_before.checked_sub(1) else {
            return false;
        };
        if !self.is(idx, ",") {
            let word = self.word(idx);
            return matches!(
                word.as_deref(),
                Some("FROM" | "JOIN" | "SUMMARIZE" | "DESCRIBE" | "DESC")
            ) && (word.as_deref() != Some("DESC") || idx == 0);
        }
        let mut depth = 0usize;
        while let Some(before) = idx.checked_sub(1) {
            idx = before;
            match self.text_of(idx) {
                ")" => depth += 1,
                "(" if depth == 0 => return false,
                "(" => depth -= 1,
                _ => {}
            }
            if depth > 0 {
                continue;
            }
            match self.word(idx).as_deref() {
                Some("FROM" | "JOIN") => return true,
                Some("AS") | None => {}
                Some(word) if KEYWORDS.contains(&word) => return false,
                Some(_) => {}
            }
        }
        false
    }

    /// Tables the whole statement names, with their aliases.
    pub(super) fn tables(&self) -> Vec<(String, Option<String>)> {
        self.tables_between(0, self.tokens.len())
    }

    fn tables_between(&self, from: usize, to: usize) -> Vec<(String, Option<String>)> {
        let mut tables = Vec::new();
        for idx in from..to {
            match self.word(idx).as_deref() {
                Some("FROM" | "JOIN") => self.list_of_tables(idx + 1, &mut tables),
                Some("SUMMARIZE" | "DESCRIBE") if idx == 0 => {
                    self.list_of_tables(1, &mut tables);
                }
                Some(name) if self.is(idx + 1, "(") && functions::find_relation(name).is_some() => {
                    tables.extend(self.name(idx + 2).map(|table| (table, None)));
                }
                _ => {}
            }
        }
        tables
    }

    /// `a AS b, (SELECT …) c, att_gt(…) AS d, …` from `idx` on. What is not a name is kept as it is written.
    fn list_of_tables(&self, mut idx: usize, tables: &mut Vec<(String, Option<String>)>) {
        loop {
            idx += usize::from(self.word(idx).as_deref() == Some("LATERAL"));
            let Some((table, next)) = self.table_at(idx) else {
                return;
            };
            idx = next + usize::from(self.word(next).as_deref() == Some("AS"));
            let alias = self
                .name(idx)
                .filter(|_| idx != self.n_before || !self.is_at_end(idx));
            idx += usize::from(alias.is_some());
            let (table, next) = self.with_column_names(table, alias.as_deref(), idx);
            tables.push((table, alias));
            if !self.is(next, ",") {
                return;
            }
            idx = next + 1;
        }
    }

    /// The table, call or query in parentheses at `idx`, and what follows it.
    fn table_at(&self, idx: usize) -> Option<(String, usize)> {
        if self.is(idx, "(") {
            let end = self.closing(idx)?;
            let first = self.word(idx + 1);
            let is_query = matches!(
                first.as_deref(),
                Some("SELECT" | "WITH" | "FROM" | "VALUES")
            );
            return is_query.then(|| (self.between(idx, end), end + 1));
        }
        let name = self.name(idx)?;
        if !self.is(idx + 1, "(") {
            return Some((name, idx + 1));
        }
        let end = self.closing(idx + 1)?;
        Some((self.between(idx, end), end + 1))
    }

    /// `(SELECT …) AS a (b, c)`, when column names follow the alias.
    fn with_column_names(&self, table: String, alias: Option<&str>, idx: usize) -> (String, usize) {
        let end = alias.filter(|_| self.is(idx, "(")).and(self.closing(idx));
        match (alias, end) {
            (Some(alias), Some(end)) if table.contains('(') => {
                let names = self.between(idx, end);
                (format!("{table} AS \"{alias}\" {names}"), end + 1)
            }
            _ => (table, idx),
        }
    }

    /// The parenthesis that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for idx in open..self.tokens.len() {
            match self.text_of(idx) {
                "(" => depth += 1,
                ")" => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return Some(idx);
            }
        }
        None
    }

    /// The text from one token to another, both included.
    fn between(&self, first: usize, last: usize) -> String {
        self.text[self.tokens[first].start..self.tokens[last].end].to_owned()
    }

    /// What to ask for the columns of `table`: with the queries that `WITH` names, where it may need them.
    pub(super) fn resolved(&self, table: &str) -> String {
        let is_named = self.common_tables().iter().any(|name| name == table);
        if !is_named && !table.contains('(') {
            return table.to_owned();
        }
        let Some(definitions) = self.definitions(is_named.then_some(table)) else {
            return table.to_owned();
        };
        let name = match is_named {
            true => format!("\"{table}\""),
            false => table.to_owned(),
        };
        format!("({definitions} SELECT * FROM {name})")
    }

    /// `WITH a AS (…), …` up to the definition of `last`, or all that do not hold the cursor.
    fn definitions(&self, last: Option<&str>) -> Option<String> {
        let with = (0..self.tokens.len()).find(|&idx| self.word(idx).as_deref() == Some("WITH"))?;
        let mut idx = with + 1;
        idx += usize::from(self.word(idx).as_deref() == Some("RECURSIVE"));
        let mut end = None;
        while let Some(name) = self.name(idx) {
            let open = (idx + 1..self.tokens.len())
                .find(|&at| self.word(at).as_deref() == Some("AS"))
                .and_then(|at| (at..self.tokens.len()).find(|&at| self.is(at, "(")));
            let close = open.and_then(|open| Some((open, self.closing(open)?)));
            let Some((_, close)) =
                close.filter(|&(open, close)| !(open < self.n_before && self.n_before <= close))
            else {
                break;
            };
            end = Some(close);
            if last == Some(name.as_str()) || !self.is(close + 1, ",") {
                break;
            }
            idx = close + 2;
        }
        end.map(|end| self.between(with, end))
    }

    fn is_at_end(&self, idx: usize) -> bool {
        idx + 1 == self.tokens.len()
    }

    /// Names that `WITH` gives to queries.
    pub(super) fn common_tables(&self) -> Vec<String> {
        let names = (0..self.tokens.len())
            .filter(|&idx| self.word(idx + 1).as_deref() == Some("AS") && self.is(idx + 2, "("));
        names.filter_map(|idx| self.name(idx)).collect()
    }

    /// The innermost call of a relation around the cursor, unless it is in a query in parentheses there.
    pub(super) fn call(&self) -> Option<Call> {
        let mut open: Vec<usize> = Vec::new();
        for idx in 0..self.n_before {
            match self.text_of(idx) {
                "(" | "[" => open.push(idx),
                ")" | "]" => drop(open.pop()),
                _ => {}
            }
        }
        let is_in_list = open.last().is_some_and(|&idx| self.is(idx, "["));
        if is_in_list {
            open.pop();
        }
        let start = open.pop()?;
        let relation = self.name(start.checked_sub(1)?)?;
        functions::find_relation(&relation)?;
        let mut call = Call {
            relation,
            is_in_list,
            ..Call::default()
        };
        self.read_arguments(start, &mut call);
        Some(call)
    }

    fn read_arguments(&self, start: usize, call: &mut Call) {
        let mut depth = 0usize;
        let mut first_end = None;
        for idx in start + 1..self.tokens.len() {
            match self.text_of(idx) {
                "(" | "[" => depth += 1,
                ")" | "]" if depth == 0 => {
                    first_end.get_or_insert(idx);
                    break;
                }
                ")" | "]" => depth -= 1,
                "," if depth == 0 => {
                    first_end.get_or_insert(idx);
                    if idx < self.n_before {
                        call.n_commas += 1;
                        call.argument = None;
                    }
                }
                "=" if depth == 0 && self.is(idx + 1, ">") => {
                    let name = self.name(idx - 1);
                    if idx < self.n_before {
                        call.argument.clone_from(&name);
                    }
                    call.given.extend(name);
                }
                _ => {}
            }
        }
        let end = first_end.unwrap_or(self.tokens.len());
        if end == start + 2 {
            call.input_tables.extend(self.name(start + 1));
        }
        let tables = self.tables_between(start + 1, end).into_iter();
        call.input_tables.extend(tables.map(|(table, _)| table));
        for idx in start + 1..end.saturating_sub(1) {
            if self.word(idx).as_deref() == Some("AS") {
                call.input_aliases.extend(self.name(idx + 1));
            }
        }
    }
}
