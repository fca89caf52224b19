//! korabo's words in both languages: GLOSSARY.md as a page.

use maud::{Markup, html};

use super::layout::{PageFolder, section, whole_page};
use super::source::Site;

const GLOSSARY: &str = include_str!("../../GLOSSARY.md");

pub(super) fn page(site: &Site<'_>) -> Markup {
    let lang = site.lang;
    let lead = html! { p.lead { (lang.pick("一つの語に一つの意味。", "One meaning per word.")) } };
    let body = html! {
        @for (idx, part) in GLOSSARY.split("\n## ").skip(1).enumerate() {
            @let (title, text) = part.split_once('\n').unwrap_or((part, ""));
            (section(&format!("g{idx}"), title, &table(text)))
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

/// The rows of a table in Markdown.
fn table(text: &str) -> Markup {
    let rows = text.lines().filter_map(|line| {
        let line = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let is_rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-'));
        (!is_rule).then_some(cells)
    });
    let mut rows = rows.collect::<Vec<_>>().into_iter();
    let head = rows.next().unwrap_or_default();
    html! {
        table.stack {
            thead { tr { @for cell in &head { th { (inline(cell)) } } } }
            tbody { @for row in rows { tr { @for cell in &row { td { (inline(cell)) } } } } }
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
