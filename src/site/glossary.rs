//! korabo's words in both languages: GLOSSARY.md as a page.

use maud::{Markup, html};

use super::layout::{PageFolder, section, whole_page};
use super::source::Site;

const GLOSSARY: &str = include_str!("../../GLOSSARY.md");

/// A word with its meaning.
pub(super) struct Word<'t> {
    /// Where it stands on the page.
    pub(super) anchor: String,
    pub(super) english: &'t str,
    pub(super) japanese: &'t str,
    pub(super) meaning: &'t str,
}

/// All words, in their order.
pub(super) fn words() -> Vec<Word<'static>> {
    let parts = parts().flat_map(|(part, (_, text))| {
        let rows = rows(text).into_iter().skip(1).enumerate();
        rows.filter_map(move |(idx, row)| match row[..] {
            [english, japanese, meaning] => Some(Word {
                anchor: anchor(part, idx),
                english,
                japanese,
                meaning,
            }),
            _ => None,
        })
    });
    parts.collect()
}

fn anchor(part: usize, row: usize) -> String {
    format!("g{part}w{row}")
}

/// The parts of the glossary: number, title and text.
fn parts() -> impl Iterator<Item = (usize, (&'static str, &'static str))> {
    let parts = GLOSSARY.split("\n## ").skip(1);
    parts
        .map(|part| part.split_once('\n').unwrap_or((part, "")))
        .enumerate()
}

pub(super) fn page(site: &Site<'_>) -> Markup {
    let lang = site.lang;
    let lead = html! { p.lead { (lang.pick("一つの語に一つの意味。", "One meaning per word.")) } };
    let body = html! {
        @for (part, (title, text)) in parts() {
            (section(&format!("g{part}"), title, &table(part, text)))
        }
    };
    whole_page(
        site,
        PageFolder::Top,
        lang.pick("用語", "Glossary"),
        &lead,
        &body,
    )
}

/// The cells of a table in Markdown, its head first.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter_map(|line| {
        let line = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let is_rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-'));
        (!is_rule).then_some(cells)
    });
    rows.collect()
}

fn table(part: usize, text: &str) -> Markup {
    let mut rows = rows(text).into_iter();
    let head = rows.next().unwrap_or_default();
    html! {
        table.stack {
            thead { tr { @for cell in &head { th { (inline(cell)) } } } }
            tbody { @for (idx, row) in rows.enumerate() { tr id=(anchor(part, idx)) { @for cell in &row { td { (inline(cell)) } } } } }
        }
    }
}

/// Text with code between backticks.
pub(super) fn inline(text: &str) -> Markup {
    html! {
        @for (idx, part) in text.split('`').enumerate() {
            @if idx % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
