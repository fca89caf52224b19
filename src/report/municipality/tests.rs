//! The tile grid.

use std::collections::BTreeSet;

use super::tiles::{Region, region, tiles};

#[test]
fn the_grid_has_62_municipalities_and_as_many_places() {
    let tiles = tiles();
    assert_eq!(tiles.len(), 62);
    let codes: BTreeSet<&str> = tiles.iter().map(|tile| tile.code).collect();
    let places: BTreeSet<(u16, u16)> = tiles.iter().map(|tile| (tile.row, tile.column)).collect();
    assert_eq!((codes.len(), places.len()), (62, 62));
    let of = |kind| codes.iter().filter(|code| region(code) == kind).count();
    assert_eq!(of(Region::Wards), 23);
    assert_eq!(of(Region::Mainland), 30);
    assert_eq!(of(Region::Islands), 9);
    assert!(
        tiles
            .iter()
            .all(|tile| (1..=7).contains(&tile.row) && (1..=14).contains(&tile.column))
    );
}
