//! The three lines that a board remembers: what programs changed, where the insured stand, what it costs or what is open.

use maud::{Markup, html};

use crate::report::names::Names;
use crate::report::reading::{EffectReading, FieldReadings};
use crate::report::results::Results;
use crate::report::sentence::Finding;
use crate::report::standing::{Change, Standing, against_published, since_first};
use crate::report::text::{Lang, fiscal_year, joined, list, percent, unit_heading, yen};
use crate::vocabulary::Unit;

/// The lines.
pub(super) fn conclusions(
    results: &Results,
    fields: &[FieldReadings<'_>],
    names: Names<'_>,
) -> Markup {
    let lines = [
        effects_line(fields, names),
        levels_line(results, names),
        money_line(results, fields, names).or_else(|| attendance_line(results, names)),
    ];
    html! {
        ol.conclusions {
            @for line in lines.into_iter().flatten() { li { (line) } }
        }
    }
}

/// The main effect of each field.
fn mains<'page>(
    fields: &'page [FieldReadings<'page>],
) -> impl Iterator<Item = (&'page str, &'page EffectReading<'page>)> {
    fields
        .iter()
        .filter_map(|field| Some((field.field, field.readings.first()?)))
}

fn named(fields: &[FieldReadings<'_>], findings: &[Finding], names: Names<'_>) -> Vec<String> {
    mains(fields)
        .filter(|(_, reading)| findings.contains(&reading.finding))
        .map(|(field, _)| names.field(field))
        .collect()
}

fn effects_line(fields: &[FieldReadings<'_>], names: Names<'_>) -> Option<String> {
    let lang = names.lang;
    if fields.is_empty() {
        return Some(
            lang.pick(
                "施策（健康経営）のデータは受け取っていないため、施策の効果は評価していない。加入者の水準・推移・保健指導を示す。",
                "No programs of employers were delivered, so that no effect of programs is evaluated. Levels, trends and health \
                 guidance of the insured are shown.",
            )
            .to_owned(),
        );
    }
    let said = |findings: &[Finding], ja: &str, en: &str| {
        let found = named(fields, findings, names);
        let words = list(&found, lang);
        (!found.is_empty()).then(|| match lang {
            Lang::Ja => format!("{words}は{ja}"),
            Lang::En => format!("{en}: {words}"),
        })
    };
    let parts = [
        said(
            &[Finding::Better],
            "意味のある改善があった",
            "a change for the better that matters",
        ),
        said(
            &[Finding::SizeOpen],
            "改善したが、意味のある大きさかは未確定",
            "better, size open",
        ),
        said(&[Finding::Worse], "悪化した", "worse"),
        said(&[Finding::Changed], "変化した", "changed"),
        said(
            &[Finding::NoRelevantEffect],
            "意味のある効果がなかった",
            "no relevant effect",
        ),
        said(&[Finding::CannotTell], "判定できない", "cannot tell"),
        said(
            &[
                Finding::NotJudged,
                Finding::PreTrend,
                Finding::Withheld,
                Finding::Unavailable,
            ],
            "判定しない",
            "not judged",
        ),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let n = fields.len();
    Some(match lang {
        Lang::Ja => format!("施策の{n}分野のうち、{}。", parts.join("。")),
        Lang::En => format!("Of {n} fields of programs — {}.", parts.join("; ")),
    })
}

/// How many of the indicators are better or worse than in Japan, and how many have changed.
fn levels_line(results: &Results, names: Names<'_>) -> Option<String> {
    let lang = names.lang;
    let shown = results.main_indicators();
    let n = shown.len();
    let standing = |name: &&str| {
        let trend = results.trend(name)?;
        let mut points = trend.points.iter().rev();
        let point = points
            .find(|point| point.national.is_some() && point.level.value().numbers.is_some())?;
        let level = point.level.value();
        Some(against_published(
            level,
            point.national,
            names.better(name),
            n,
        ))
    };
    let changes = |name: &&str| since_first(&results.trend(name)?.points, names.better(name), n);
    let standings: Vec<(&str, Standing)> = with_names(&shown, standing);
    let changes: Vec<(&str, Change)> = with_names(&shown, changes);
    let of = |kind: Standing| {
        let found = standings.iter().filter(|(_, own)| *own == kind);
        counted(
            found
                .map(|(name, _)| names.indicator_heading(name))
                .collect(),
            lang,
        )
    };
    let changed = |kind: Standing| {
        let found = changes.iter().filter(|(_, own)| own.standing == kind);
        counted(
            found
                .map(|(name, _)| names.indicator_heading(name))
                .collect(),
            lang,
        )
    };
    let from = changes.iter().map(|(_, change)| change.from_year).min()?;
    let from = fiscal_year(from, lang);
    let (better, worse) = (of(Standing::Better), of(Standing::Worse));
    let n = standings.len();
    let national = match (standings.is_empty(), lang) {
        (true, _) => String::new(),
        (false, Lang::Ja) => format!(
            "全国の値がある{n}指標のうち、全国より良いのは{better}、悪いのは{worse}で、ほかは差があるとは言えない。"
        ),
        (false, Lang::En) => format!(
            "Of {n} indicators with a national figure, better than in Japan: {better}; worse: {worse}; the others do not clearly differ. "
        ),
    };
    let (better, worse) = (changed(Standing::Better), changed(Standing::Worse));
    Some(match lang {
        Lang::Ja => format!(
            "水準は、{national}{from}以降に良くなったのは{better}、悪くなったのは{worse}である。"
        ),
        Lang::En => format!("Levels: {national}Since {from}, better: {better}; worse: {worse}."),
    })
}

fn with_names<'name, T>(
    names: &[&'name str],
    of: impl Fn(&&str) -> Option<T>,
) -> Vec<(&'name str, T)> {
    let found = names.iter().filter_map(|name| Some((*name, of(name)?)));
    found.collect()
}

/// How many, by name where they are few.
fn counted(names: Vec<String>, lang: Lang) -> String {
    let n = names.len();
    match (n, lang) {
        (0, Lang::Ja) => "なし".to_owned(),
        (0, Lang::En) => "none".to_owned(),
        (1..=3, Lang::Ja) => format!("{n}（{}）", list(&names, lang)),
        (1..=3, Lang::En) => format!("{n} ({})", list(&names, lang)),
        _ => n.to_string(),
    }
}

/// What the programs cost, and what a change costs where one was found.
fn money_line(results: &Results, fields: &[FieldReadings<'_>], names: Names<'_>) -> Option<String> {
    let lang = names.lang;
    let money = |field: &str| {
        let spending = results.spending.iter().find(|own| own.field == field)?;
        *spending.money.value()
    };
    let per_exposed: Vec<f64> = mains(fields)
        .filter_map(|(field, _)| money(field)?.per_exposed)
        .collect();
    let low = per_exposed.iter().copied().reduce(f64::min)?;
    let high = per_exposed.iter().copied().reduce(f64::max)?;
    let spent = joined(&yen(low, lang), &yen(high, lang), lang);
    let is_found = |reading: &EffectReading<'_>| {
        matches!(reading.finding, Finding::Better | Finding::SizeOpen)
    };
    let found: Vec<String> = mains(fields)
        .filter(|(_, reading)| is_found(reading))
        .filter_map(|(field, reading)| {
            let per = yen(money(field)?.per_change?, lang);
            let (field, unit) = (names.field(field), names.unit(&reading.group.indicator));
            let one = match (unit, lang) {
                (Unit::Share, Lang::Ja) => "1人".to_owned(),
                (Unit::Share, Lang::En) => "person".to_owned(),
                (unit, Lang::Ja) => format!("1{}", unit_heading(unit, lang)),
                (unit, Lang::En) => unit_heading(unit, lang).trim_end_matches('s').to_owned(),
            };
            Some(match lang {
                Lang::Ja => format!("{field}は{one}あたり{per}"),
                Lang::En => format!("{per} per {one} ({field})"),
            })
        })
        .collect();
    let change = match (found.is_empty(), lang) {
        (true, Lang::Ja) => {
            "効果を確かめた分野の費用がないため、改善1人あたりの費用は出せない。".to_owned()
        }
        (true, Lang::En) => {
            " No field has both an effect and a cost, so that no cost per change can be given."
                .to_owned()
        }
        (false, Lang::Ja) => format!("改善にかかった費用は、{}。", list(&found, lang)),
        (false, Lang::En) => format!(" A change for the better cost {}.", list(&found, lang)),
    };
    Some(match lang {
        Lang::Ja => format!("費用は、対象者1人あたり{spent}（分野による）。{change}"),
        Lang::En => {
            format!("Programs cost {spent} per person offered, depending on the field.{change}")
        }
    })
}

/// How many had a checkup, where there is no money to speak of.
fn attendance_line(results: &Results, names: Names<'_>) -> Option<String> {
    let lang = names.lang;
    let (first, last) = (results.levels.first_year()?, results.levels.latest_year()?);
    let all = results.levels.group("all", "all")?;
    let known = |year| all.in_year("has_checkup", year)?.numbers;
    let (from, to) = (known(first)?, known(last)?);
    let (from, to) = (percent(from), percent(to));
    let (first, last) = (fiscal_year(first, lang), fiscal_year(last, lang));
    Some(match lang {
        Lang::Ja => format!("健診を受けた人は{first}の{from}から{last}の{to}。"),
        Lang::En => format!("Checkups: {from} of the insured in {first}, {to} in {last}."),
    })
}
