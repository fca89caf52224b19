//! What the sections of a page on municipalities are made of.

use super::places::{KnownPlace, known_places};
use crate::report::names::Names;
use crate::report::results::Results;
use crate::report::text::Lang;

/// What the sections of a page are made of.
pub(super) struct MunicipalityPage<'page> {
    pub(super) results: &'page Results,
    pub(super) places: Vec<KnownPlace<'page>>,
    /// Indicators that the page shows, the first on the map.
    pub(super) indicators: Vec<&'page str>,
    /// The municipality that the page is about.
    pub(super) here: Option<&'page str>,
    pub(super) names: Names<'page>,
}

impl MunicipalityPage<'_> {
    pub(super) fn lang(&self) -> Lang {
        self.names.lang
    }
}

/// Indicators that a page has room for.
const ROOM: usize = 4;

/// Municipalities and the indicators that are known of them.
pub(super) fn municipality_page<'page>(
    results: &'page Results,
    here: Option<&'page str>,
    names: Names<'page>,
) -> MunicipalityPage<'page> {
    let has_places = |name: &&str| {
        let mut trends = results.place_trends.iter();
        trends.any(|own| own.trend.indicator == *name)
    };
    let mains = results.main_indicators().into_iter();
    MunicipalityPage {
        results,
        places: known_places(results, names.lang),
        indicators: mains.filter(has_places).take(ROOM).collect(),
        here,
        names,
    }
}
