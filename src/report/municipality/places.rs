//! What is known of each municipality: name, council, insured persons, and how its levels stand to those of all.

use super::tiles::tiles;
use crate::disclosure::Count;
use crate::report::results::{Place, Results, StandardisedLevel, Trend, TrendPoint};
use crate::report::standing::{Change, Standing, against_level, since_first};
use crate::report::text::Lang;
use crate::vocabulary::Better;

/// One municipality.
pub(super) struct KnownPlace<'page> {
    pub(super) code: &'page str,
    pub(super) name: &'page str,
    /// Its council, where municipalities were delivered.
    pub(super) council: Option<&'page Place>,
    /// Insured persons in the latest year.
    pub(super) n: Count,
}

/// Municipalities with insured persons or a council, by code.
pub(super) fn known_places(results: &Results, lang: Lang) -> Vec<KnownPlace<'_>> {
    let levels = results.levels.of("municipality");
    let latest = results.levels.latest_year();
    let council_of = |code: &str| results.places.iter().find(|place| place.code == code);
    let counted = levels.into_iter().flatten().map(|(code, _)| code.as_str());
    let delivered = results.places.iter().map(|place| place.code.as_str());
    let mut codes: Vec<&str> = counted.chain(delivered).collect();
    codes.sort_unstable();
    codes.dedup();
    let tiles = tiles();
    let place = |code: &'_ str| {
        let group = results.levels.group("municipality", code);
        let n = group.zip(latest).map(|(group, year)| group.insured(year));
        (n.unwrap_or(Count::Withheld), council_of(code))
    };
    let known = codes.into_iter().map(|code| {
        let (n, council) = place(code);
        let tile = tiles.iter().find(|tile| tile.code == code);
        let delivered = council.map(|place| place.name.as_str());
        let name = match (tile, lang) {
            (Some(tile), Lang::En) => tile.name(lang),
            (Some(tile), Lang::Ja) => delivered.unwrap_or(tile.name(lang)),
            (None, _) => delivered.unwrap_or(code),
        };
        KnownPlace {
            code,
            name,
            council,
            n,
        }
    });
    known.collect()
}

/// A level of a municipality in its latest year, and how it stands to all.
#[derive(Clone, Copy)]
pub(super) struct PlaceLevel {
    pub(super) value: f64,
    pub(super) standing: Standing,
}

/// The trend of an indicator in a municipality.
pub(super) fn trend<'page>(
    results: &'page Results,
    code: &str,
    indicator: &str,
) -> Option<&'page Trend> {
    let mut trends = results.place_trends.iter();
    let own = trends.find(|own| own.code == code && own.trend.indicator == indicator)?;
    Some(&own.trend)
}

/// The trend of an indicator among all insured of the same ages.
pub(super) fn whole<'page>(results: &'page Results, indicator: &str) -> Option<&'page Trend> {
    results.wholes.iter().find(|own| own.indicator == indicator)
}

fn latest(trend: &Trend) -> Option<(&TrendPoint, StandardisedLevel)> {
    let points = trend.points.iter().rev();
    let mut known = points.filter_map(|point| Some((point, point.level.value().numbers?)));
    known.next()
}

/// The latest level of all insured.
pub(super) fn whole_level(results: &Results, indicator: &str) -> Option<f64> {
    latest(whole(results, indicator)?).map(|(_, numbers)| numbers.value)
}

/// The latest level of a municipality, if it is of the latest year of all.
pub(super) fn place_level(
    results: &Results,
    (code, indicator): (&str, &str),
    better: Better,
    n_together: usize,
) -> Option<PlaceLevel> {
    let (all_point, all) = latest(whole(results, indicator)?)?;
    let (point, own) = latest(trend(results, code, indicator)?)?;
    (point.year == all_point.year).then(|| PlaceLevel {
        value: own.value,
        standing: against_level(own, all, better, n_together),
    })
}

/// How a municipality has changed since the first comparable year, against how all have.
pub(super) fn place_change(
    results: &Results,
    (code, indicator): (&str, &str),
    better: Better,
    n_together: usize,
) -> Option<(Change, Standing)> {
    let all = since_first(&whole(results, indicator)?.points, better, 1)?;
    let own = since_first(&trend(results, code, indicator)?.points, better, 1)?;
    let is_same = (own.from_year, own.to_year) == (all.from_year, all.to_year);
    is_same.then(|| (own, own.against(all, better, n_together)))
}
