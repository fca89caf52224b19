//! One municipality beside the most similar ones: of the same region, with the nearest number of insured persons.

use maud::{Markup, html};

use super::page::MunicipalityPage;
use super::places::{KnownPlace, place_change, place_level, whole_level};
use super::stages::stage_name;
use super::tiles::region;
use crate::report::standing::Standing;
use crate::report::text::{Lang, count, fiscal_year, level};

/// How many similar ones stand beside it.
const SIMILAR: usize = 4;

/// The table.
pub(super) fn comparison(page: &MunicipalityPage<'_>, code: &str) -> Markup {
    let lang = page.lang();
    let Some(here) = page.places.iter().find(|place| place.code == code) else {
        return html! {};
    };
    let similar = similar(page, here);
    let beside: Vec<&KnownPlace<'_>> = std::iter::once(here).chain(similar).collect();
    html! {
        p.lead { (lang.pick(
            "同じ地域（区部・多摩・島しょ）で加入者数の近い区市町村と並べる。▲▼は加入者全体との差が偶然の範囲を超えるもの。",
            "Beside municipalities of the same region (wards, Tama, islands) with the nearest number of insured persons. ▲▼: the difference \
             from all insured is beyond chance.",
        )) }
        div.scroll {
            table {
                thead { tr {
                    th { (lang.pick("指標", "Indicator")) }
                    @for place in &beside { th.num { @if place.code == code { b { (place.name) } } @else { (place.name) } } }
                    th.num { (lang.pick("加入者全体", "All insured")) }
                } }
                tbody {
                    (council_rows(page, &beside))
                    @for indicator in &page.indicators { (row(page, &beside, indicator)) }
                }
            }
        }
        (changes(page, here))
    }
}

fn similar<'page>(
    page: &'page MunicipalityPage<'page>,
    here: &KnownPlace<'_>,
) -> Vec<&'page KnownPlace<'page>> {
    let Some(own) = here.n.shown() else {
        return Vec::new();
    };
    let of_region = |place: &&KnownPlace<'_>| {
        place.code != here.code && region(place.code) == region(here.code)
    };
    let known = page.places.iter().filter(of_region);
    let mut known: Vec<(u64, &KnownPlace<'_>)> = known
        .filter_map(|place| Some((place.n.shown()?.abs_diff(own), place)))
        .collect();
    known.sort_by_key(|(apart, place)| (*apart, place.code));
    known
        .into_iter()
        .take(SIMILAR)
        .map(|(_, place)| place)
        .collect()
}

fn council_rows(page: &MunicipalityPage<'_>, beside: &[&KnownPlace<'_>]) -> Markup {
    let lang = page.lang();
    let projects = |place: &KnownPlace<'_>| {
        let n = place.council.and_then(|council| council.joint_projects);
        n.map_or("－".to_owned(), |n| n.to_string())
    };
    html! {
        tr {
            th scope="row" { (lang.pick("加入者（人）", "Insured persons")) }
            @for place in beside { td.num.n { (count(place.n, page.results.rules)) } }
            td {}
        }
        tr {
            th scope="row" { (lang.pick("協議会", "Council")) }
            @for place in beside { td.num { (stage_name(place.council, lang)) } }
            td {}
        }
        tr {
            th scope="row" { (lang.pick("共同事業（件）", "Joint projects")) }
            @for place in beside { td.num { (projects(place)) } }
            td {}
        }
    }
}

fn row(page: &MunicipalityPage<'_>, beside: &[&KnownPlace<'_>], indicator: &str) -> Markup {
    let lang = page.lang();
    let unit = page.names.unit(indicator);
    let better = page.names.better(indicator);
    let n = page.places.len();
    let of = |place: &KnownPlace<'_>| place_level(page.results, (place.code, indicator), better, n);
    html! {
        tr {
            th scope="row" { (page.names.indicator_heading(indicator)) }
            @for place in beside {
                td.num {
                    @match of(place) {
                        Some(own) => {
                            (level(own.value, unit, lang)) " " span class=(own.standing.class()) { (own.standing.sign()) }
                        }
                        None => "－",
                    }
                }
            }
            td.num { (whole_level(page.results, indicator).map_or("－".to_owned(), |all| level(all, unit, lang))) }
        }
    }
}

/// How the municipality has changed, against how all have.
fn changes(page: &MunicipalityPage<'_>, here: &KnownPlace<'_>) -> Markup {
    let lang = page.lang();
    let line = |indicator: &&str| {
        let better = page.names.better(indicator);
        let n = page.indicators.len();
        let (change, standing) = place_change(page.results, (here.code, indicator), better, n)?;
        let name = page.names.indicator_heading(indicator);
        let since = fiscal_year(change.from_year, lang);
        Some(match (standing, lang) {
            (Standing::Better, Lang::Ja) => {
                format!("{name}：{since}からの変化は、加入者全体より良い。")
            }
            (Standing::Better, Lang::En) => {
                format!("{name}: the change since {since} is better than that of all insured.")
            }
            (Standing::Worse, Lang::Ja) => {
                format!("{name}：{since}からの変化は、加入者全体より悪い。")
            }
            (Standing::Worse, Lang::En) => {
                format!("{name}: the change since {since} is worse than that of all insured.")
            }
            (_, Lang::Ja) => format!("{name}：{since}からの変化は、加入者全体と違うとは言えない。"),
            (_, Lang::En) => format!(
                "{name}: the change since {since} does not clearly differ from that of all insured."
            ),
        })
    };
    let lines: Vec<String> = page.indicators.iter().filter_map(line).collect();
    html! { @if !lines.is_empty() { ul.remarks { @for line in lines { li { (line) } } } } }
}
