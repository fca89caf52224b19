//! Stages of councils: how many municipalities are in each, levels of the insured there, and effects where a plan asks for them.

use maud::{Markup, html};

use super::page::MunicipalityPage;
use crate::report::results::{PartVerdict, Place};
use crate::report::text::{Lang, count, level, range, signed, unit_heading};

/// Stages in order, as `released_levels` has them, from no council on.
const STAGES: [&str; 5] = ["none", "1", "2", "3", "4"];

/// The stage of a council in words.
pub(super) fn stage_name(council: Option<&Place>, lang: Lang) -> &'static str {
    match council {
        None => "－",
        Some(place) if !place.has_council => words("none", lang),
        Some(place) => match place.stage {
            Some(1) => words("1", lang),
            Some(2) => words("2", lang),
            Some(3) => words("3", lang),
            Some(4) => words("4", lang),
            _ => lang.pick("設置あり", "council"),
        },
    }
}

fn words(stage: &str, lang: Lang) -> &'static str {
    match stage {
        "none" => lang.pick("設置なし", "no council"),
        "1" => lang.pick("1 情報共有", "1 information"),
        "2" => lang.pick("2 課題分析", "2 analysis"),
        "3" => lang.pick("3 共同事業", "3 joint projects"),
        "4" => lang.pick("4 評価", "4 evaluation"),
        _ => "－",
    }
}

/// Levels by stage, and effects.
pub(super) fn stages(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    let is_of_place = |place: &&super::places::KnownPlace<'_>| place.council.is_some();
    if !page.places.iter().any(|place| is_of_place(&place)) {
        return html! { p { (lang.pick("協議会のデータは届いていない。", "Nothing is known of councils.")) } };
    }
    let here = page
        .here
        .and_then(|code| page.places.iter().find(|place| place.code == code));
    html! {
        table {
            thead { tr {
                th { (lang.pick("段階", "Stage")) }
                th.num { (lang.pick("区市町村", "Municipalities")) }
                th.num { (lang.pick("加入者", "Insured")) }
                @for indicator in &page.indicators { th.num { (page.names.indicator_heading(indicator)) } }
            } }
            tbody { @for stage in STAGES { (row(page, stage, here.and_then(|place| place.council))) } }
        }
        p.sub { (lang.pick(
            "水準は調整していない。段階の違いによる差は、協議会の効果ではない。",
            "Levels are as counted. Differences between stages are no effects of councils.",
        )) }
        (effects(page))
    }
}

fn row(page: &MunicipalityPage<'_>, stage: &str, here: Option<&Place>) -> Markup {
    let lang = page.lang();
    let name = words(stage, lang);
    let n = page
        .places
        .iter()
        .filter(|place| stage_name(place.council, lang) == name)
        .count();
    let results = page.results;
    let group = results.levels.group("council_stage", stage);
    let year = results.levels.latest_year();
    let insured = group
        .zip(year)
        .map(|(group, year)| count(group.insured(year), results.rules));
    let value = |indicator: &str| group.and_then(|group| group.in_year(indicator, year?)?.numbers);
    let is_here = here.is_some_and(|place| stage_name(Some(place), lang) == name);
    html! {
        tr {
            th scope="row" { (name) @if is_here { " " b { (lang.pick("◀ ここ", "◀ here")) } } }
            td.num { (n) }
            td.num.n { (insured.unwrap_or_else(|| "－".to_owned())) }
            @for indicator in &page.indicators {
                td.num { (value(indicator).map_or("－".to_owned(), |value| level(value, page.names.unit(indicator), lang))) }
            }
        }
    }
}

/// Effects by stage and by municipality, of plans that have these as subgroups.
fn effects(page: &MunicipalityPage<'_>) -> Markup {
    let lang = page.lang();
    let parts: Vec<&PartVerdict> = page.results.parts.iter().collect();
    if parts.is_empty() {
        return html! { p.sub { (lang.pick(
            "段階別・区市町村別の効果は、評価計画にないため示さない（計画の subgroups に council_stage、municipality_code を置くと示す）。",
            "No plan asks for effects by stage or by municipality (`subgroups` of a plan: council_stage, municipality_code).",
        )) } };
    }
    html! {
        h3 { (lang.pick("施策の効果（段階別・区市町村別）", "Effects of programs by stage and by municipality")) }
        table {
            thead { tr {
                th { (lang.pick("評価計画・指標", "Plan and indicator")) }
                th { (lang.pick("区分", "Group")) }
                th { (lang.pick("判定", "Verdict")) }
                th.num { (lang.pick("効果（95%の範囲）", "Effect (95% range)")) }
                th.num { (lang.pick("対象者", "Offered")) }
            } }
            tbody { @for part in parts { (part_row(page, part)) } }
        }
    }
}

fn part_row(page: &MunicipalityPage<'_>, part: &PartVerdict) -> Markup {
    let lang = page.lang();
    let unit = page.names.unit(&part.indicator);
    let level = match part.by.as_str() {
        "council_stage" => words(&part.level, lang).to_owned(),
        _ => {
            let place = page.places.iter().find(|place| place.code == part.level);
            place.map_or(part.level.clone(), |place| place.name.to_owned())
        }
    };
    let is_hidden = part.verdict == "not_judged";
    html! {
        tr {
            th scope="row" { (part.evaluation) ": " (page.names.indicator_heading(&part.indicator)) }
            td { (level) }
            td { (verdict(&part.verdict, lang)) }
            td.num {
                @match part.numbers.value().filter(|_| !is_hidden) {
                    Some(numbers) => {
                        (signed(numbers.estimate, unit)) span.unit { (unit_heading(unit, lang)) }
                        span.sub { (range(numbers.interval.low, numbers.interval.high, unit, lang)) }
                    }
                    None => "－",
                }
            }
            td.num.n { (count(*part.n_treated.value(), page.results.rules)) }
        }
    }
}

/// A verdict in words.
fn verdict(verdict: &str, lang: Lang) -> &'static str {
    use crate::report::sentence::Finding;
    let finding = match verdict {
        "better" => Finding::Better,
        "better_size_open" => Finding::SizeOpen,
        "worse" => Finding::Worse,
        "no_relevant_effect" => Finding::NoRelevantEffect,
        "cannot_tell" => Finding::CannotTell,
        _ => Finding::NotJudged,
    };
    finding.label(lang)
}
