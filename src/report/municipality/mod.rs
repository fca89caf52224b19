//! The pages on municipalities and their community-workplace councils: a map, stages of councils, all in a table, good
//! practices; and one municipality beside similar ones. Stages and places differ in many things: their levels are no effects.

mod comparison;
mod listing;
mod map;
mod page;
mod places;
mod stages;
#[cfg(test)]
mod tests;
mod tiles;

use maud::{Markup, html};

use super::names::Names;
use super::paper::{self, Sheet, hidden_note, section};
use super::results::Results;
use super::text::{Lang, count, fiscal_year};
use page::{MunicipalityPage, municipality_page};

/// The page on all municipalities.
pub(super) fn render(results: &Results, names: Names<'_>) -> String {
    let page = municipality_page(results, None, names);
    let lang = names.lang;
    let sheet = Sheet {
        audience: lang.pick(
            "区市町村・地域職域連携推進協議会向け",
            "For municipalities and their councils",
        ),
        title: lang.pick(
            "区市町村の健康水準と地域・職域連携",
            "Health levels of municipalities, and their councils",
        ),
        subject: results.subject.as_deref().unwrap_or("korabo"),
        facts: facts(&page),
        lang,
    };
    let body = html! {
        (section("summary", lang.pick("まとめ", "In short"), &listing::in_short(&page)))
        (section("maps", lang.pick("地図", "Maps"), &listing::maps(&page)))
        (section("stages", lang.pick("協議会の設置と段階", "Councils and their stages"), &stages::stages(&page)))
        (section("practices", lang.pick("良い取り組みの候補", "Where to look for good practice"), &listing::practices(&page)))
        (section("municipalities", lang.pick("区市町村の一覧", "All municipalities"), &listing::table(&page)))
        (section("notes", lang.pick("注", "Notes"), &notes(&page)))
    };
    paper::document(&sheet, results, &body)
}

/// The page on one.
pub(super) fn render_one(results: &Results, code: &str, names: Names<'_>) -> String {
    let page = municipality_page(results, Some(code), names);
    let lang = names.lang;
    let name = page.places.iter().find(|place| place.code == code);
    let name = name.map_or(code, |place| place.name);
    let sheet = Sheet {
        audience: lang.pick(
            "区市町村・地域職域連携推進協議会向け",
            "For municipalities and their councils",
        ),
        title: lang.pick("健康水準と地域・職域連携", "Health levels and the council"),
        subject: name,
        facts: facts(&page),
        lang,
    };
    let body = html! {
        (section("comparison", lang.pick("似た区市町村との比較", "Beside similar municipalities"), &comparison::comparison(&page, code)))
        (section("maps", lang.pick("地図", "Maps"), &listing::maps(&page)))
        (section("stages", lang.pick("協議会の設置と段階", "Councils and their stages"), &stages::stages(&page)))
        (section("practices", lang.pick("良い取り組みの候補", "Where to look for good practice"), &listing::practices(&page)))
        (section("notes", lang.pick("注", "Notes"), &notes(&page)))
    };
    paper::document(&sheet, results, &body)
}

fn facts(page: &MunicipalityPage<'_>) -> Vec<(&'static str, String)> {
    let lang = page.lang();
    let mut facts = Vec::new();
    if let Some(years) = paper::years(page.results, lang) {
        facts.push((lang.pick("期間", "Years"), years));
    }
    let Some(year) = page.results.levels.latest_year() else {
        return facts;
    };
    let insured = |by: &str, level: &str| {
        let group = page.results.levels.group(by, level)?;
        Some(count(group.insured(year), page.results.rules))
    };
    let n = match page.here {
        Some(code) => insured("municipality", code),
        None => {
            let n = page.places.len().to_string();
            facts.push((
                lang.pick(
                    "加入者のいる区市町村",
                    "Municipalities with insured persons",
                ),
                n,
            ));
            insured("all", "all")
        }
    };
    if let Some(n) = n {
        let year = fiscal_year(year, lang);
        let n = match lang {
            Lang::Ja => format!("{n}人（{year}）"),
            Lang::En => format!("{n} ({year})"),
        };
        facts.push((lang.pick("加入者", "Insured persons"), n));
    }
    facts
}

fn notes(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    let lines = [
        lang.pick(
            "参加した保険者の加入者についてのもので、住民全体のものではない。値は性・年齢を調整した最新年度の水準。",
            "Figures are of the insured of the insurers taking part, not of all residents; levels are of the latest year, standardised by \
             sex and age.",
        )
        .to_owned(),
        lang.pick(
            "▲良い・▼悪いは、加入者全体との差が、すべての区市町村を同時に見ても偶然では説明しにくいもの（Bonferroni、95%）。＝は差があるとは\
             言えないもの。人数の少ないところほど＝になりやすい。",
            "▲ better and ▼ worse: the difference from all insured is hard to explain by chance even with all municipalities looked at together \
             (Bonferroni, 95%); ＝: no clear difference, as is likely where few are insured.",
        )
        .to_owned(),
        lang.pick(
            "段階や区市町村の間の水準の違いは、協議会の効果ではない。効果は評価計画にあるものだけを示す。",
            "Differences of level between stages or places are no effects of councils. Effects are shown where an evaluation plan asks for them.",
        )
        .to_owned(),
        hidden_note(page.results, lang),
    ];
    html! { ul.notes { @for line in lines { li { (line) } } } }
}
