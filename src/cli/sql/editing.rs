//! The prompt's line editor: when a statement is finished, what colours it has, what Tab offers.

use std::borrow::Cow;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::commands;
use super::completion::{KEYWORDS, Names};
use super::statements::{TokenKind, ends_inside, pieces, tokens};

/// What the line editor asks while somebody types.
pub(super) struct Editing<'a> {
    pub(super) names: Names<'a>,
    /// Whether what is typed is coloured.
    pub(super) color: bool,
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

impl Hinter for Editing<'_> {
    type Hint = String;
}

impl Highlighter for Editing<'_> {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if self.color && !commands::is_command(line) {
            Cow::Owned(colored(line))
        } else {
            Cow::Borrowed(line)
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
