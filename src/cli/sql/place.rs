//! From what an error says of its place to the bytes of the statement it is about, and from there to line
//! and column in the text or file where the statement stands.

use std::ops::Range;

use crate::cli::failure::{Failure, SourceLine};
use crate::session::ErrorPlace;
use crate::session::statements::{Token, TokenKind, tokens};

/// A text that holds a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The file it was read from.
    pub(super) file: Option<&'a str>,
    /// The whole text.
    pub(super) text: &'a str,
    /// Byte of the text where the statement begins.
    pub(super) start: usize,
    /// The number of the text's first line.
    pub(super) first_line: usize,
}

impl<'a> Origin<'a> {
    /// A statement that stands alone.
    pub(super) fn alone(statement: &'a str) -> Self {
        Self {
            file: None,
            text: statement,
            start: 0,
            first_line: 1,
        }
    }

    /// The failure of the statement, with its place in the text.
    pub(super) fn point(&self, mut failure: Failure) -> Failure {
        let Some(mark) = failure.mark.take() else {
            if let Some(file) = self.file {
                let line = self.line_at(self.start);
                failure.message = format!("{file}:{line}: {}", failure.message);
            }
            return failure;
        };
        let marked = self.start + mark.start..self.start + mark.end;
        let before = &self.text[..marked.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = &self.text[line_start..];
        let text = rest.split(['\n', '\r']).next().unwrap_or_default();
        let within = |at: usize| at.saturating_sub(line_start).min(text.len());
        let place = SourceLine {
            file: self.file.map(str::to_owned),
            line: self.line_at(marked.start),
            column: before[line_start..].chars().count() + 1,
            text: text.to_owned(),
            marked: within(marked.start)..within(marked.end),
        };
        let message = without_place(&failure.message);
        failure.message = match &place.file {
            Some(file) => format!("{file}:{}:{}: {message}", place.line, place.column),
            None => format!("line {}, column {}: {message}", place.line, place.column),
        };
        failure.place = Some(place);
        failure
    }

    fn line_at(&self, byte: usize) -> usize {
        self.text[..byte].matches('\n').count() + self.first_line
    }
}

/// `` `att_gt` at line 1, column 39: … `` without the place, which is said in front.
fn without_place(message: &str) -> String {
    let Some((name, rest)) = message.split_once("` at line ") else {
        return message.to_owned();
    };
    match rest.split_once(": ") {
        Some((place, rest)) if place.contains(", column ") && !name[1..].contains('`') => {
            format!("{name}`: {rest}")
        }
        _ => message.to_owned(),
    }
}

/// The bytes of `statement` that an error is about.
pub(super) fn find(statement: &str, place: &ErrorPlace) -> Option<Range<usize>> {
    let tokens: Vec<Token> = tokens(statement)
        .into_iter()
        .filter(Token::is_code)
        .collect();
    let found = StatementTokens { statement, tokens };
    match place {
        ErrorPlace::Span { start, end } => {
            let from = offset_of(statement, *start)?;
            let to = end.and_then(|end| offset_of(statement, end));
            match to {
                Some(to) if to > from => Some(from..to),
                _ => Some(from..found.token_end(from)),
            }
        }
        ErrorPlace::End => {
            let end = found.tokens.last()?.end;
            Some(end..end)
        }
        ErrorPlace::Table(name) => found.table(name),
        ErrorPlace::Column(name) => found.name(name, |found, idx| !found.is(idx + 1, "(")),
        ErrorPlace::Parameter(name) => found.parameter(name),
        ErrorPlace::Function(name) => found.name(name, |found, idx| found.is(idx + 1, "(")),
    }
}

/// The byte at a line and column, both from 1; `None` behind the end.
fn offset_of(text: &str, (line, column): (u64, u64)) -> Option<usize> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let start = match line.checked_sub(1) {
        Some(break_idx) => text.match_indices('\n').nth(break_idx)?.0 + 1,
        None => 0,
    };
    let mut places = text[start..].char_indices().map(|(at, _)| start + at);
    Some(places.nth(column).unwrap_or(text.len()))
}

/// A statement and its tokens.
struct StatementTokens<'a> {
    statement: &'a str,
    /// Those that are neither blanks nor comments.
    tokens: Vec<Token>,
}

impl StatementTokens<'_> {
    fn text(&self, idx: usize) -> &str {
        self.tokens
            .get(idx)
            .map_or("", |token| &self.statement[token.start..token.end])
    }

    fn is(&self, idx: usize, symbol: &str) -> bool {
        self.text(idx) == symbol
    }

    /// Whether the name at `idx` is `name`: without quotes its case does not matter.
    fn is_name(&self, idx: usize, name: &str) -> bool {
        let Some(token) = self.tokens.get(idx) else {
            return false;
        };
        let text = self.text(idx);
        match token.kind {
            TokenKind::Word => text.to_lowercase() == name.to_lowercase(),
            TokenKind::QuotedName | TokenKind::Text => text.trim_matches(['"', '`', '\'']) == name,
            _ => false,
        }
    }

    /// Where the token that holds `byte` ends.
    fn token_end(&self, byte: usize) -> usize {
        let token = self.tokens.iter().find(|token| token.end > byte);
        token.map_or(self.statement.len(), |token| token.end)
    }

    fn name(&self, name: &str, is_meant: impl Fn(&Self, usize) -> bool) -> Option<Range<usize>> {
        // Only a table can be a file, whose name stands in the quotes of texts.
        let is_text = |idx: usize| self.tokens[idx].kind == TokenKind::Text;
        let idx = (0..self.tokens.len())
            .find(|&idx| !is_text(idx) && self.is_name(idx, name) && is_meant(self, idx))?;
        Some(self.tokens[idx].start..self.tokens[idx].end)
    }

    fn parameter(&self, name: &str) -> Option<Range<usize>> {
        let is_it = |token: &&Token| {
            token.kind == TokenKind::Parameter && &self.statement[token.start..token.end] == name
        };
        self.tokens
            .iter()
            .find(is_it)
            .map(|token| token.start..token.end)
    }

    /// A table, which stands behind `FROM`, `JOIN`, a comma or a parenthesis; its name may have parts.
    fn table(&self, name: &str) -> Option<Range<usize>> {
        let is_whole = |idx: &usize| self.is_name(*idx, name) && !self.is(idx + 1, ".");
        let is_led = |idx: &usize| {
            let before = idx
                .checked_sub(1)
                .map(|before| self.text(before).to_uppercase());
            before.is_none_or(|before| {
                let words = [
                    "FROM",
                    "JOIN",
                    "SUMMARIZE",
                    "SUMMARISE",
                    "DESCRIBE",
                    "DESC",
                    "COPY",
                ];
                words.contains(&before.as_str()) || matches!(before.as_str(), "," | "(")
            })
        };
        let all = 0..self.tokens.len();
        let led = all.clone().find(|idx| is_whole(idx) && is_led(idx));
        if let Some(idx) = led.or_else(|| all.clone().find(is_whole)) {
            return Some(self.tokens[idx].start..self.tokens[idx].end);
        }
        let parts: Vec<&str> = name.split('.').collect();
        let is_at = |idx: &usize| {
            let mut parts = parts.iter().enumerate();
            parts.all(|(at, part)| {
                let idx = idx + 2 * at;
                self.is_name(idx, part) && (at == 0 || self.is(idx - 1, "."))
            })
        };
        let idx = all.clone().find(is_at)?;
        let last = idx + 2 * (parts.len() - 1);
        Some(self.tokens[idx].start..self.tokens[last].end)
    }
}

#[cfg(test)]
mod tests;
