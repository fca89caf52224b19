//! The tile map as SVG: one tile per municipality, its value in it, how it stands by fill and hatching.

use maud::{Markup, html};

use super::tiles::{Tile, tiles};
use crate::report::text::Lang;

/// What a tile shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TileMark {
    /// A class of the style sheet: `better`, `worse`, `alike`, `missing`, or `s1` to `s4`.
    pub(super) class: &'static str,
    /// The number in the tile.
    pub(super) value: String,
    /// Whether it is the one the page is about.
    pub(super) is_here: bool,
}

const WIDTH: u16 = 48;
const HEIGHT: u16 = 36;

/// Title and description of a map for those who do not see it.
pub(super) struct MapText<'text> {
    pub(super) title: &'text str,
    pub(super) description: &'text str,
}

/// The map; nothing where no municipality of it is known.
pub(super) fn map(
    mark: impl Fn(&str) -> Option<TileMark>,
    text: &MapText<'_>,
    lang: Lang,
) -> Markup {
    let marks: Vec<(Tile, Option<TileMark>)> = tiles()
        .into_iter()
        .map(|tile| (tile, mark(tile.code)))
        .collect();
    if marks.iter().all(|(_, mark)| mark.is_none()) {
        return html! {};
    }
    html! {
        div.scroll {
            svg.chart.wide role="img" viewBox={"0 0 " (14 * WIDTH + 2) " " (7 * HEIGHT + 12)} {
                title { (text.title) }
                desc { (text.description) }
                defs {
                    pattern #hatch width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                        rect width="5" height="5" fill="#fff" {}
                        line x1="0" x2="0" y1="0" y2="5" stroke="#d9a27c" stroke-width="2.4" {}
                    }
                }
                @for (tile, mark) in &marks { (drawn(*tile, mark.as_ref(), lang)) }
            }
        }
    }
}

fn drawn(tile: Tile, mark: Option<&TileMark>, lang: Lang) -> Markup {
    // Islands lie apart from the mainland.
    let gap = if tile.row == 7 { 9 } else { 1 };
    let (x, y) = ((tile.column - 1) * WIDTH + 1, (tile.row - 1) * HEIGHT + gap);
    let class = mark.map_or("missing", |mark| mark.class);
    let is_here = mark.is_some_and(|mark| mark.is_here);
    let value = mark.map_or("－", |mark| mark.value.as_str());
    html! {
        g class={"tile " (class) @if is_here { " here" }} {
            title { (tile.name(lang)) " " (value) }
            rect x=(x + 1) y=(y) width=(WIDTH - 2) height=(HEIGHT - 2) {}
            text.name x=(x + WIDTH / 2) y=(y + 14) text-anchor="middle" { (tile.short(lang)) }
            text.number x=(x + WIDTH / 2) y=(y + 28) text-anchor="middle" { (value) }
        }
    }
}
