//! The prompt's line editor: when a statement is finished, what colours it has, what Tab offers.

use std::borrow::Cow;
use std::collections::HashMap;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::commands;
use super::completion::Names;
use super::keywords::KEYWORDS;
use crate::session::statements::{TokenKind, ends_inside, pieces, tokens};

/// The mark of lines that go on with a statement.
pub(super) const CONTINUATION: &str = "   ...> ";

/// What the line editor asks while the user types.
pub(super) struct Editing<'a> {
    pub(super) names: Names<'a>,
    /// Whether what is typed is coloured.
    pub(super) color: bool,
}

/// What happens at a key of the prompt without a terminal, to be measured.
pub struct Keystrokes {
    editing: Editing<'static>,
}

impl Keystrokes {
    /// A prompt that knows these tables with their columns, and these functions.
    #[must_use]
    pub fn new(tables: Vec<(String, Vec<String>)>, functions: Vec<String>) -> Self {
        let names = tables.iter().map(|(name, _)| name.clone()).collect();
        let columns: HashMap<String, Vec<String>> = tables.into_iter().collect();
        let lookup = move |table: &str| columns.get(table).cloned();
        Self {
            editing: Editing {
                names: Names::new(names, functions, Box::new(lookup)),
                color: true,
            },
        }
    }

    /// A letter: the line is drawn anew. Returns its bytes with colours and hint.
    #[must_use]
    pub fn letter(&self, line: &str) -> usize {
        let hint = goes_on(line).map_or(0, |hint| hint.len());
        self.editing.highlight(line, line.len()).len() + hint
    }

    /// Tab at byte `cursor`. Returns how much is offered.
    #[must_use]
    pub fn tab(&self, line: &str, cursor: usize) -> usize {
        self.editing.names.candidates(line, cursor).1.len()
    }

    /// Enter. Returns whether the statement is finished.
    #[must_use]
    pub fn enter(&self, line: &str) -> bool {
        is_finished(line)
    }
}

/// Whether Enter runs what was typed, rather than beginning a new line.
pub(super) fn is_finished(typed: &str) -> bool {
    if commands::is_command(typed) {
        return true;
    }
    let cut = pieces(typed);
    cut.rest.is_none() && !ends_inside(typed)
}

/// The text with colours for keywords, texts, numbers, parameters and comments.
fn colored(line: &str) -> String {
    let mut out = String::with_capacity(2 * line.len());
    for token in tokens(line) {
        let text = &line[token.start..token.end];
        let style = match token.kind {
            TokenKind::Word if KEYWORDS.contains(&text.to_uppercase().as_str()) => "1;34",
            TokenKind::Text => "32",
            TokenKind::Number => "36",
            TokenKind::Parameter => "35",
            TokenKind::Comment => "2",
            _ => {
                out.push_str(text);
                continue;
            }
        };
        // Each line on its own: the editor may redraw them apart.
        for (position, part) in text.split('\n').enumerate() {
            if position > 0 {
                out.push('\n');
            }
            if !part.is_empty() {
                out.push_str(&format!("\u{1b}[{style}m{part}\u{1b}[0m"));
            }
        }
    }
    out
}

impl Completer for Editing<'_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _ctx: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.names.candidates(line, pos))
    }
}

/// Says below the text what Enter waits for. Never taken over into the text.
pub(super) struct UnfinishedHint(String);

impl Hint for UnfinishedHint {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

/// What is said of a statement of several lines that is not finished. It stands on a line of its own below the text: the editor, which
/// lets every line be changed until the statement runs, has no room for marks in front of lines.
fn goes_on(typed: &str) -> Option<String> {
    if !typed.contains('\n') || is_finished(typed) {
        return None;
    }
    let wait = left_open(typed).unwrap_or_else(|| "; ends the statement".to_owned());
    Some(format!("\n{CONTINUATION}{wait}"))
}

/// The mark that was opened in an earlier line and is not closed, in words.
fn left_open(typed: &str) -> Option<String> {
    let open = tokens(typed).into_iter().find(|token| !token.is_closed)?;
    let text = &typed[open.start..];
    text.contains('\n').then(|| {
        let mark = match open.kind {
            TokenKind::QuotedName => "\"",
            TokenKind::Comment => "/*",
            _ if text.starts_with('$') => "$$",
            _ => "'",
        };
        let line = 1 + typed[..open.start].matches('\n').count();
        format!("{mark} of line {line} is still open")
    })
}

impl Hinter for Editing<'_> {
    type Hint = UnfinishedHint;

    fn hint(&self, line: &str, _pos: usize, _ctx: &Context<'_>) -> Option<UnfinishedHint> {
        goes_on(line).map(UnfinishedHint)
    }
}

impl Highlighter for Editing<'_> {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if self.color && !commands::is_command(line) {
            Cow::Owned(colored(line))
        } else {
            Cow::Borrowed(line)
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        match self.color {
            true => Cow::Owned(format!("\u{1b}[2m{hint}\u{1b}[0m")),
            false => Cow::Borrowed(hint),
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, kind: CmdKind) -> bool {
        self.color && kind != CmdKind::MoveCursor
    }
}

impl Validator for Editing<'_> {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_finished(ctx.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Helper for Editing<'_> {}

#[cfg(test)]
mod tests;
