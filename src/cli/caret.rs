//! The line of a statement that a failure is about, with `^^^^` below the place. Both fit the terminal: a
//! long line is cut on both sides of the place.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

/// Cells a tab takes.
const TAB: &str = "    ";
/// Cells of the line to see before the place, when it must be cut.
const BEFORE: usize = 24;

/// The line and the line below it, each at most `max_width` cells wide.
pub(super) fn excerpt(line: &str, marked: Range<usize>, max_width: usize) -> [String; 2] {
    let before = shown(&line[..marked.start]);
    let inside = shown(&line[marked.clone()]);
    let after = shown(&line[marked.end..]);
    let max_width = max_width.max(8);
    let mut before: &str = &before;
    let mut lead = "";
    let rest_width = |before: &str| width(before) + width(&inside).max(1) + width(&after);
    if rest_width(before) > max_width {
        let wanted = max_width.saturating_sub(width(&inside).max(1) + 2);
        let kept = last_cells(
            before,
            wanted.clamp(max_width / 4, BEFORE.max(max_width / 2)),
        );
        if kept.len() < before.len() {
            before = kept;
            lead = "…";
        }
    }
    let left = width(lead) + width(before);
    let text = format!("{lead}{before}{inside}{after}");
    let text = first_cells(&text, max_width);
    let n_carets = width(&inside).clamp(1, max_width.saturating_sub(left).max(1));
    [
        text,
        format!("{}{}", " ".repeat(left), "^".repeat(n_carets)),
    ]
}

/// Tabs as blanks, other control characters as what says that they are there.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str(TAB),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The end of a text, at most so wide.
fn last_cells(text: &str, max_width: usize) -> &str {
    let mut left = max_width;
    for (at, c) in text.char_indices().rev() {
        let width = c.width().unwrap_or(0);
        if width > left {
            return &text[at + c.len_utf8()..];
        }
        left -= width;
    }
    text
}

/// The beginning of a text, at most so wide; `…` when something is missing.
fn first_cells(text: &str, max_width: usize) -> String {
    if width(text) <= max_width {
        return text.to_owned();
    }
    let mut left = max_width - 1;
    let mut out = String::new();
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests;
