//! Levels of the employer beside worksites of the same size, the industry, all insured, Tokyo and Japan.

use maud::{Markup, html};

use super::own::Own;
use crate::disclosure::Level;
use crate::report::standing::{Standing, part_of_whole};
use crate::report::text::{Lang, fiscal_year, level, list};
use crate::vocabulary::Unit;

/// Indicators that one page has room for.
const ROOM: usize = 10;

/// One indicator of the employer beside the others.
pub(super) struct OwnLevel<'page> {
    pub(super) indicator: &'page str,
    pub(super) standing: Standing,
    own: Option<f64>,
    size: Option<f64>,
    industry: Option<f64>,
    all: Option<f64>,
    tokyo: Option<f64>,
    national: Option<f64>,
}

/// The main indicators in the employer's latest year.
pub(super) fn own_levels<'page>(own: &Own<'page>) -> Vec<OwnLevel<'page>> {
    let mains = own.results.main_indicators();
    let shown: Vec<&str> = mains.into_iter().take(ROOM).collect();
    let n = shown.len();
    let found = shown
        .into_iter()
        .map(|indicator| own_level(own, indicator, n));
    found
        .filter(|row| row.own.is_some() || row.all.is_some())
        .collect()
}

fn own_level<'page>(own: &Own<'page>, indicator: &'page str, n: usize) -> OwnLevel<'page> {
    let (results, employer) = (own.results, own.employer);
    let in_year = |by: &str, level: &str| -> Option<&'page Level<f64>> {
        let group = results.levels.group(by, level)?;
        group.in_year(indicator, employer.year)
    };
    let of_employer = in_year("employer", &employer.id);
    let of_size = in_year("size_band", &employer.size_band);
    let is_share = *own.names.unit(indicator) == Unit::Share;
    let standing = match of_employer.zip(of_size) {
        Some((own_level, size)) if is_share => {
            part_of_whole(own_level, size, own.names.better(indicator), n)
        }
        _ => Standing::Unknown,
    };
    let published = results.trend(indicator).and_then(|trend| {
        let mut points = trend.points.iter().rev();
        points.find(|point| point.year <= employer.year && point.national.or(point.tokyo).is_some())
    });
    let value = |level: Option<&Level<f64>>| level.and_then(|level| level.numbers);
    OwnLevel {
        indicator,
        standing,
        own: value(of_employer),
        size: value(of_size),
        industry: value(in_year("industry", &employer.industry)),
        all: value(in_year("all", "all")),
        tokyo: published.and_then(|point| point.tokyo),
        national: published.and_then(|point| point.national),
    }
}

/// The table.
pub(super) fn table(own: &Own<'_>) -> Markup {
    let lang = own.lang();
    let rows = own_levels(own);
    let year = fiscal_year(own.employer.year, lang);
    html! {
        p.lead {
            (match lang {
                Lang::Ja => format!("{year}の健診・問診などの結果です。●貴社　□同じ規模　△同じ業種　｜加入者全体。"),
                Lang::En => format!("Checkups and answers of {year}. ● you, □ same size, △ same industry, | all insured."),
            })
        }
        table.stack {
            thead { tr {
                th { (lang.pick("指標", "Indicator")) }
                th.num { (lang.pick("貴社", "You")) }
                th { (lang.pick("同じ規模と比べて", "Against the same size")) }
                th.plot { (lang.pick("図（0～100%）", "Chart (0–100%)")) }
                th.num { (lang.pick("同じ規模", "Same size")) }
                th.num { (lang.pick("同じ業種", "Industry")) }
                th.num { (lang.pick("加入者全体", "All insured")) }
                th.num { (lang.pick("東京都", "Tokyo")) }
                th.num { (lang.pick("全国", "Japan")) }
            } }
            tbody { @for row in &rows { (table_row(own, row)) } }
        }
    }
}

fn table_row(own: &Own<'_>, row: &OwnLevel<'_>) -> Markup {
    let lang = own.lang();
    let unit = own.names.unit(row.indicator);
    let shown =
        |value: Option<f64>| value.map_or("－".to_owned(), |value| level(value, unit, lang));
    let name = own.names.indicator_heading(row.indicator);
    html! {
        tr {
            th scope="row" { (name) }
            td.num.own data-label=(lang.pick("貴社", "You")) { (shown(row.own)) }
            td data-label=(lang.pick("同じ規模と比べて", "Against the same size")) {
                @if row.standing != Standing::Unknown {
                    span class={"standing " (row.standing.class())} { (row.standing.sign()) " " (row.standing.words(lang)) }
                } @else { "－" }
            }
            td.plot { @if *unit == Unit::Share { (dots(row, &name, own.lang())) } }
            td.num data-label=(lang.pick("同じ規模", "Same size")) { (shown(row.size)) }
            td.num data-label=(lang.pick("同じ業種", "Industry")) { (shown(row.industry)) }
            td.num data-label=(lang.pick("加入者全体", "All insured")) { (shown(row.all)) }
            td.num data-label=(lang.pick("東京都", "Tokyo")) { (shown(row.tokyo)) }
            td.num data-label=(lang.pick("全国", "Japan")) { (shown(row.national)) }
        }
    }
}

/// Own and the others on a line from 0 to 100 %.
fn dots(row: &OwnLevel<'_>, name: &str, lang: Lang) -> Markup {
    let x = |share: f64| 6.0 + share.clamp(0.0, 1.0) * 158.0;
    let triangle = |share: f64| {
        let x = x(share);
        format!("M{:.1} 14L{:.1} 14L{x:.1} 5Z", x - 5.0, x + 5.0)
    };
    let said = [
        (lang.pick("貴社", "you"), row.own),
        (lang.pick("同じ規模", "same size"), row.size),
        (lang.pick("同じ業種", "industry"), row.industry),
        (lang.pick("加入者全体", "all insured"), row.all),
    ];
    let said = said.map(|(name, value)| {
        let value = value.map_or("－".to_owned(), |value| level(value, &Unit::Share, lang));
        format!("{name} {value}")
    });
    html! {
        svg.chart.dots role="img" viewBox="0 0 170 20" {
            title { (name) }
            desc { (said.join("; ")) }
            line.grid x1="6" x2="164" y1="10" y2="10" {}
            @for share in [0.0, 0.5, 1.0] { line.grid x1=(x(share)) x2=(x(share)) y1="6" y2="14" {} }
            @if let Some(all) = row.all { line.zero x1=(x(all)) x2=(x(all)) y1="2" y2="18" {} }
            @if let Some(industry) = row.industry { path.other d=(triangle(industry)) {} }
            @if let Some(size) = row.size { rect.other x=(x(size) - 4.0) y="6" width="8" height="8" {} }
            @if let Some(own) = row.own { circle.own cx=(x(own)) cy="10" r="4.6" {} }
        }
    }
}

/// Where the employer is better or worse than worksites of its size, in a sentence.
pub(super) fn in_short(own: &Own<'_>) -> String {
    let lang = own.lang();
    let rows = own_levels(own);
    let of = |standing: Standing| -> Vec<String> {
        let found = rows.iter().filter(|row| row.standing == standing);
        found
            .map(|row| own.names.indicator_subject(row.indicator))
            .collect()
    };
    let (better, worse) = (of(Standing::Better), of(Standing::Worse));
    let (better_words, worse_words) = (list(&better, lang), list(&worse, lang));
    match (better.is_empty(), worse.is_empty(), lang) {
        (true, true, Lang::Ja) => {
            "従業員の健康の状態は、見た指標のどれも、同じ規模の事業所と差があるとは言えません。".to_owned()
        }
        (true, true, Lang::En) => {
            "In none of the indicators do your people clearly differ from worksites of the same size.".to_owned()
        }
        (false, true, Lang::Ja) => format!("同じ規模の事業所と比べて、{better_words}は良い状態です。"),
        (false, true, Lang::En) => format!("Compared with worksites of the same size, you are better in: {better_words}."),
        (true, false, Lang::Ja) => format!("同じ規模の事業所と比べて、{worse_words}は見劣りします。"),
        (true, false, Lang::En) => format!("Compared with worksites of the same size, you are worse in: {worse_words}."),
        (false, false, Lang::Ja) => format!(
            "同じ規模の事業所と比べて、{better_words}は良い状態ですが、{worse_words}は見劣りします。"
        ),
        (false, false, Lang::En) => format!(
            "Compared with worksites of the same size, you are better in: {better_words}; and worse in: {worse_words}."
        ),
    }
}
