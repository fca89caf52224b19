//! The page for the board of an insurer: conclusions, what programs did and cost, levels by year, coverage, and what cannot be said;
//! two pages of A4. Structure, process, output and outcome of 保健事業 are in `viewpoints`.

mod conclusions;
mod guidance;
mod levels;
pub(super) mod limits;
pub(super) mod measures;
mod viewpoints;

use maud::{Markup, html};

use super::names::Names;
use super::paper::{self, Sheet, section};
use super::reading::{FieldReadings, readings};
use super::results::Results;
use super::text::{Lang, count, fiscal_year};

/// The page.
pub(super) fn render(results: &Results, names: Names<'_>) -> String {
    let lang = names.lang;
    let fields = fields(results, names);
    let body = match results.is_empty() {
        true => {
            html! { p.lead { (lang.pick("表示できる結果はまだない。", "There is nothing to show yet.")) } }
        }
        false => body(results, &fields, names),
    };
    let sheet = Sheet {
        audience: lang.pick("保険者・理事会向け", "For the board of the insurer"),
        title: lang.pick(
            "保健事業・健康経営の効果と水準",
            "Effects of health programs, and where we stand",
        ),
        subject: results.subject.as_deref().unwrap_or("korabo"),
        facts: facts(results, lang),
        lang,
    };
    paper::document(&sheet, results, &body)
}

/// Effects by field; none where no program was delivered, because every one would be missing.
fn fields<'page>(results: &'page Results, names: Names<'_>) -> Vec<FieldReadings<'page>> {
    match results.has_programs() {
        true => readings(
            &results.effects,
            &results.event_studies,
            &results.judgements,
            names,
        ),
        false => Vec::new(),
    }
}

fn body(results: &Results, fields: &[FieldReadings<'_>], names: Names<'_>) -> Markup {
    let lang = names.lang;
    let limits = section(
        "limits",
        lang.pick("言えないことと、その理由", "What cannot be said, and why"),
        &limits::limits(results, fields, names),
    );
    html! {
        (section("conclusions", lang.pick("結論", "Conclusions"), &conclusions::conclusions(results, fields, names)))
        @if !fields.is_empty() {
            (section(
                "measures",
                lang.pick("分野ごとの判定・大きさ・費用", "Verdict, size and cost by field"),
                &measures::measures(results, fields, names),
            ))
        }
        @if !fields.is_empty() { (limits) }
        div.second[!fields.is_empty()] {
            (section(
                "levels",
                lang.pick("水準と推移", "Levels and trends"),
                &levels::levels(results, names),
            ))
            @if fields.is_empty() && !results.guidance.is_empty() {
                (section(
                    "guidance",
                    lang.pick("特定保健指導と生活習慣の点", "Health guidance, and points for habits"),
                    &guidance::guidance(results, names),
                ))
            }
            (section(
                "viewpoints",
                lang.pick("保健事業評価の四つの観点", "Four viewpoints on the programs"),
                &viewpoints::viewpoints(results, fields, names),
            ))
        }
        @if fields.is_empty() { (limits) }
        (limits::notes(results, fields, names))
    }
}

fn facts(results: &Results, lang: Lang) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(years) = paper::years(results, lang) {
        facts.push((lang.pick("期間", "Years"), years));
    }
    if let Some(insurers) = results.levels.of("insurer") {
        facts.push((lang.pick("保険者", "Insurers"), insurers.len().to_string()));
    }
    let all = results.levels.group("all", "all");
    if let Some((all, year)) = all.zip(results.levels.latest_year()) {
        let n = count(all.insured(year), results.rules);
        let year = fiscal_year(year, lang);
        let value = match lang {
            Lang::Ja => format!("{n}人（{year}）"),
            Lang::En => format!("{n} ({year})"),
        };
        facts.push((
            lang.pick("評価した加入者", "Insured persons evaluated"),
            value,
        ));
    }
    facts
}
