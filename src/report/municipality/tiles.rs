//! Where Tokyo's municipalities lie on the tile map, from `tokyo.tsv`, and which of them are alike by place.

use crate::report::text::Lang;

const TOKYO: &str = include_str!("tokyo.tsv");

/// One municipality on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) code: &'static str,
    name: &'static str,
    name_en: &'static str,
    short: &'static str,
    short_en: &'static str,
    /// From 1, from the north.
    pub(super) row: u16,
    /// From 1, from the west.
    pub(super) column: u16,
}

impl Tile {
    /// Its name.
    pub(super) fn name(self, lang: Lang) -> &'static str {
        lang.pick(self.name, self.name_en)
    }

    /// Its name on the map.
    pub(super) fn short(self, lang: Lang) -> &'static str {
        lang.pick(self.short, self.short_en)
    }
}

/// All of them.
pub(super) fn tiles() -> Vec<Tile> {
    let lines = TOKYO.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(tile).collect()
}

fn tile(line: &'static str) -> Option<Tile> {
    let mut parts = line.split('\t');
    let mut text = || parts.next();
    let (code, name, name_en) = (text()?, text()?, text()?);
    let (short, short_en) = (text()?, text()?);
    let (row, column) = (text()?.parse().ok()?, text()?.parse().ok()?);
    Some(Tile {
        code,
        name,
        name_en,
        short,
        short_en,
        row,
        column,
    })
}

/// A part of a prefecture within which municipalities are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    /// Special wards.
    Wards,
    /// Cities, towns and villages of the mainland.
    Mainland,
    /// Islands of Tokyo.
    Islands,
}

/// The region of a code; in other prefectures wards of cities count as wards.
pub(super) fn region(code: &str) -> Region {
    match code.get(2..).and_then(|own| own.parse::<u32>().ok()) {
        Some(360..) if code.starts_with("13") => Region::Islands,
        Some(..200) => Region::Wards,
        _ => Region::Mainland,
    }
}
