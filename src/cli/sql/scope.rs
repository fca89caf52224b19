//! What a statement that is still being typed names around the cursor: tables and their aliases, the call
//! it is in. Read from tokens, since such a statement does not parse.

use super::completion::KEYWORDS;
use super::statements::{Token, TokenKind};
use crate::functions;

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

    /// `a AS b, c, …` from `idx` on.
    fn list_of_tables(&self, mut idx: usize, tables: &mut Vec<(String, Option<String>)>) {
        while let Some(table) = self.name(idx) {
            if self.is(idx + 1, "(") {
                return;
            }
            idx += 1;
            if self.word(idx).as_deref() == Some("AS") {
                idx += 1;
            }
            let alias = self
                .name(idx)
                .filter(|_| idx != self.n_before || !self.is_at_end(idx));
            idx += usize::from(alias.is_some());
            tables.push((table, alias));
            if !self.is(idx, ",") {
                return;
            }
            idx += 1;
        }
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
