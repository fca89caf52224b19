//! All municipalities: in short, on maps, in a table, and where levels or changes are better than chance explains.

use maud::{Markup, html};

use super::map::{MapText, TileMark, map};
use super::page::MunicipalityPage;
use super::places::{KnownPlace, place_change, place_level, whole_level};
use super::stages::stage_name;
use crate::disclosure::Count;
use crate::report::standing::Standing;
use crate::report::text::{Lang, count, fiscal_year, level, list, signed, unit_name};

/// Maps of indicators that a page has room for.
const MAPS: usize = 1;

/// Two or three sentences.
pub(super) fn in_short(page: &MunicipalityPage<'_>) -> Markup {
    html! {
        div.say {
            @if let Some(line) = councils_line(page) { p { (line) } }
            @for indicator in page.indicators.iter().take(2) { p { (standing_line(page, indicator)) } }
        }
    }
}

fn councils_line(page: &MunicipalityPage<'_>) -> Option<String> {
    let delivered: Vec<_> = page
        .places
        .iter()
        .filter_map(|place| place.council)
        .collect();
    let n = delivered.len();
    let with = delivered.iter().filter(|place| place.has_council).count();
    let beyond = delivered
        .iter()
        .filter(|place| place.stage.is_some_and(|stage| stage >= 3))
        .count();
    (n > 0).then(|| match page.lang() {
        Lang::Ja => format!(
            "地域・職域連携推進協議会は{n}区市町村のうち{with}に置かれ、共同事業以上の段階にあるのは{beyond}である。"
        ),
        Lang::En => format!("{with} of {n} municipalities have a council; {beyond} have reached joint projects or evaluation."),
    })
}

/// How many municipalities are better or worse than all insured.
fn standing_line(page: &MunicipalityPage<'_>, indicator: &str) -> String {
    let lang = page.lang();
    let known: Vec<Standing> = page
        .places
        .iter()
        .filter_map(|place| level_of(page, place, indicator))
        .map(|level| level.standing)
        .collect();
    let of = |kind: Standing| known.iter().filter(|own| **own == kind).count();
    let (better, worse) = (of(Standing::Better), of(Standing::Worse));
    let name = page.names.indicator_heading(indicator);
    let n = known.len();
    match (better + worse, lang) {
        (0, Lang::Ja) => {
            format!("{name}：値のある{n}区市町村のどれも、加入者全体と差があるとは言えない。")
        }
        (0, Lang::En) => {
            format!("{name}: none of {n} municipalities clearly differs from all insured.")
        }
        (_, Lang::Ja) => format!(
            "{name}：値のある{n}区市町村のうち、加入者全体より良いのは{better}、悪いのは{worse}で、ほかは差があるとは言えない。"
        ),
        (_, Lang::En) => format!(
            "{name}: of {n} municipalities {better} are better than all insured, {worse} worse; the others do not clearly differ."
        ),
    }
}

fn level_of(
    page: &MunicipalityPage<'_>,
    place: &KnownPlace<'_>,
    indicator: &str,
) -> Option<super::places::PlaceLevel> {
    let better = page.names.better(indicator);
    place_level(
        page.results,
        (place.code, indicator),
        better,
        page.places.len(),
    )
}

/// Maps of councils and of the first indicators.
pub(super) fn maps(page: &MunicipalityPage<'_>) -> Markup {
    html! {
        @if page.places.iter().any(|place| place.council.is_some()) { (council_map(page)) }
        @for indicator in page.indicators.iter().take(MAPS) { (indicator_map(page, indicator)) }
    }
}

fn council_map(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    let mark = |code: &str| {
        let place = page.places.iter().find(|place| place.code == code)?;
        let council = place.council?;
        let stage = council.stage.filter(|_| council.has_council);
        Some(TileMark {
            class: match stage {
                Some(4) => "s4",
                Some(3) => "s3",
                Some(2) => "s2",
                Some(_) => "s1",
                None => "alike",
            },
            value: match stage {
                Some(stage) => stage.to_string(),
                None if council.has_council => "?".to_owned(),
                None => lang.pick("なし", "none").to_owned(),
            },
            is_here: page.here == Some(code),
        })
    };
    let title = lang.pick("協議会の設置と段階", "Councils and their stages");
    let description = councils_line(page).unwrap_or_default();
    let text = MapText {
        title,
        description: &description,
    };
    html! {
        figure.map {
            figcaption {
                b { (title) }
                span.sub { (lang.pick(
                    "1 情報共有　2 課題分析　3 共同事業　4 評価（濃いほど進んでいる）。破線は届いていない。",
                    "1 sharing information, 2 analysis, 3 joint projects, 4 evaluation; darker is further. Dashed: not delivered.",
                )) }
            }
            (map(mark, &text, lang))
        }
    }
}

fn indicator_map(page: &MunicipalityPage<'_>, indicator: &str) -> Markup {
    let lang = page.lang();
    let unit = page.names.unit(indicator);
    let mark = |code: &str| {
        let place = page.places.iter().find(|place| place.code == code)?;
        let own = level_of(page, place, indicator)?;
        Some(TileMark {
            class: own.standing.class(),
            value: level(own.value, unit, lang),
            is_here: page.here == Some(code),
        })
    };
    let name = page.names.indicator_heading(indicator);
    let description = standing_line(page, indicator);
    let text = MapText {
        title: &name,
        description: &description,
    };
    let all = whole_level(page.results, indicator).map(|all| level(all, unit, lang));
    let all = all.unwrap_or_default();
    html! {
        figure.map {
            figcaption {
                b { (name) }
                span.sub {
                    (match lang {
                        Lang::Ja => format!("加入者全体 {all}。濃い青は全体より良く、斜線は悪い（偶然の範囲を超えるもの）。白は差があるとは言えない。破線は人数が少ないか、値がない。"),
                        Lang::En => format!("All insured {all}. Dark: better than all; hatched: worse, both beyond chance; white: no clear difference; dashed: too few people, or not known."),
                    })
                }
            }
            (map(mark, &text, lang))
        }
    }
}

/// All in a table.
pub(super) fn table(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    html! {
        table.places {
            thead { tr {
                th { (lang.pick("区市町村", "Municipality")) }
                th { (lang.pick("段階", "Stage")) }
                th.num { (lang.pick("共同事業", "Joint projects")) }
                th.num { (lang.pick("加入者", "Insured")) }
                @for indicator in &page.indicators { th.num { (page.names.indicator_heading(indicator)) } }
            } }
            tbody {
                (whole_row(page))
                @for place in &page.places { (row(page, place)) }
            }
        }
    }
}

fn whole_row(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    html! {
        tr.whole {
            th scope="row" { b { (lang.pick("加入者全体", "All insured")) } }
            td {} td {} td {}
            @for indicator in &page.indicators {
                @let value = whole_level(page.results, indicator);
                td.num { b { (value.map_or("－".to_owned(), |value| level(value, page.names.unit(indicator), lang))) } }
            }
        }
    }
}

fn row(page: &MunicipalityPage<'_>, place: &KnownPlace<'_>) -> Markup {
    let lang = page.lang();
    let projects = place.council.and_then(|council| council.joint_projects);
    html! {
        tr {
            th scope="row" { (place.name) }
            td { (stage_name(place.council, lang)) }
            td.num { (projects.map_or("－".to_owned(), |n| n.to_string())) }
            td.num.n { (count(place.n, page.results.rules)) }
            @for indicator in &page.indicators { (cell(page, place, indicator)) }
        }
    }
}

/// A level with its sign.
fn cell(page: &MunicipalityPage<'_>, place: &KnownPlace<'_>, indicator: &str) -> Markup {
    let unit = page.names.unit(indicator);
    let own = level_of(page, place, indicator);
    html! {
        td.num {
            @match own {
                Some(own) => {
                    (level(own.value, unit, page.lang())) " "
                    span class=(own.standing.class()) title=(own.standing.words(page.lang())) { (own.standing.sign()) }
                }
                None => "－",
            }
        }
    }
}

/// Municipalities that stand or have changed better than chance explains, with what their councils do.
pub(super) fn practices(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    let others = page
        .places
        .iter()
        .filter(|place| Some(place.code) != page.here);
    let others = others.filter(|place| matches!(place.n, Count::Shown(_)));
    let found: Vec<(&KnownPlace<'_>, Vec<String>)> = others
        .map(|place| (place, merits(page, place)))
        .filter(|(_, merits)| !merits.is_empty())
        .collect();
    if found.is_empty() {
        return html! { p { (lang.pick(
            "加入者全体より、水準が良い、または改善が大きいと偶然を超えて言える区市町村はない。順位は示さない：並べると、人数の少ないところの\
             偶然の違いを並べることになる。",
            "No municipality is better, or has improved more, than chance explains. There is no ranking: it would rank the chance differences \
             of small places.",
        )) } };
    }
    html! {
        p.lead { (lang.pick(
            "水準または改善が、偶然では説明しにくいほど加入者全体より良いところ。何がそうさせたかは、この数字からは分からない。取り組みを\
             尋ねる先の候補である。",
            "Places whose level or change is better than chance explains. What made it so, these numbers do not say: they are places to ask.",
        )) }
        ul {
            @for (place, merits) in found {
                li { b { (place.name) } (lang.pick("（", " (")) (stage_name(place.council, lang)) (lang.pick("）", ") ")) (list(&merits, lang)) }
            }
        }
    }
}

fn merits(page: &MunicipalityPage<'_>, place: &KnownPlace<'_>) -> Vec<String> {
    let lang = page.lang();
    let mut merits = Vec::new();
    for indicator in &page.indicators {
        let unit = page.names.unit(indicator);
        let name = page.names.indicator_heading(indicator);
        let own = level_of(page, place, indicator);
        if let Some(own) = own.filter(|own| own.standing == Standing::Better) {
            merits.push(format!("{name} {}", level(own.value, unit, lang)));
        }
        let better = page.names.better(indicator);
        let n = page.places.len();
        let change = place_change(page.results, (place.code, indicator), better, n);
        if let Some((change, Standing::Better)) = change {
            let since = fiscal_year(change.from_year, lang);
            let by = signed(change.difference, unit);
            let unit = unit_name(unit, lang);
            merits.push(match lang {
                Lang::Ja => format!("{name}が{since}から{by}{unit}"),
                Lang::En => format!("{name} {by}{unit} since {since}"),
            });
        }
    }
    merits
}
