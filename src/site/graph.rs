//! A table with what it reads and what reads it, drawn: three columns of boxes, every box a link.

use maud::{Markup, html};

use super::layout::beside;
use super::source::Site;

const BOX_WIDTH: usize = 216;
const BOX_HEIGHT: usize = 24;
const STEP: usize = 32;
const GAP: usize = 64;
/// Letters of 12 px that fit into a box; longer names are cut, and the whole name is the box's title.
const LETTERS: usize = 29;

/// The picture, or a sentence when nothing reads the table and it reads nothing.
pub(super) fn neighbours(site: &Site<'_>, table: &str) -> Markup {
    let lang = site.lang;
    let before: Vec<&str> = site.reads(table).into_iter().collect();
    let after: Vec<&str> = site.readers(table).into_iter().collect();
    if before.is_empty() && after.is_empty() {
        return html! { p.muted { (lang.pick("この表を読む SQL はありません。", "No query reads this table.")) } };
    }
    let n = before.len().max(after.len()).max(1);
    let (width, height) = (3 * BOX_WIDTH + 2 * GAP + 2, n * STEP);
    let middle = height / 2;
    let (left, right) = (1 + BOX_WIDTH, 1 + 2 * BOX_WIDTH + 2 * GAP);
    let centre = 1 + BOX_WIDTH + GAP;
    let y_of = |idx: usize, of: usize| (n - of) * STEP / 2 + idx * STEP + STEP / 2;
    let label = lang.pick("前後の表", "Tables before and after");
    html! {
        div.scroll {
            svg.graph viewBox={"0 0 " (width) " " (height)} role="img" aria-label=(label) {
                @for (idx, _) in before.iter().enumerate() {
                    path d=(curve(left, y_of(idx, before.len()), centre, middle)) {}
                }
                @for (idx, _) in after.iter().enumerate() {
                    path d=(curve(centre + BOX_WIDTH, middle, right, y_of(idx, after.len()))) {}
                }
                @for (idx, name) in before.iter().enumerate() {
                    a href=(beside(name)) { (one_box(1, y_of(idx, before.len()), name)) }
                }
                g.this { (one_box(centre, middle, table)) }
                @for (idx, name) in after.iter().enumerate() {
                    a href=(beside(name)) { (one_box(right, y_of(idx, after.len()), name)) }
                }
            }
        }
    }
}

fn curve(from_x: usize, from_y: usize, to_x: usize, to_y: usize) -> String {
    let half = (from_x + to_x) / 2;
    format!("M{from_x} {from_y}C{half} {from_y} {half} {to_y} {to_x} {to_y}")
}

fn one_box(x: usize, y: usize, name: &str) -> Markup {
    let shown: String = match name.chars().count() > LETTERS {
        true => name.chars().take(LETTERS - 1).chain(['…']).collect(),
        false => name.to_owned(),
    };
    html! {
        title { (name) }
        rect x=(x) y=(y - BOX_HEIGHT / 2) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="3" {}
        text x=(x + 9) y=(y + 4) { (shown) }
    }
}
