//! Levels by year beside Japan, Tokyo and targets, with ratings, as small charts; the numbers behind each fold away.

use maud::{Markup, html};

use crate::report::level_chart::{ChartTarget, ChartYear, LevelChart, level_chart};
use crate::report::names::Names;
use crate::report::paper::behind;
use crate::report::results::{Rating, Results, Trend, TrendPoint};
use crate::report::standing::{Standing, against_published, since_first};
use crate::report::text::{Lang, count, fiscal_year, level, range, unit_heading};
use crate::vocabulary::Unit;

/// Charts that two pages have room for, with and without a table of effects.
const BESIDE_EFFECTS: usize = 9;
const ALONE: usize = 15;

/// The charts.
pub(super) fn levels(results: &Results, names: Names<'_>) -> Markup {
    let lang = names.lang;
    let room = if results.has_programs() {
        BESIDE_EFFECTS
    } else {
        ALONE
    };
    let shown: Vec<&Trend> = results
        .main_indicators()
        .into_iter()
        .filter_map(|name| results.trend(name))
        .take(room)
        .collect();
    let n = results.main_indicators().len();
    html! {
        p.lead { (lang.pick(
            "40～74歳の加入者（性・年齢を調整した値）。縦線は95%の範囲。質問が変わった年で線を切る。▲▼は全国との差・最初の年からの差が\
             偶然の範囲を超えるもの（▲良い、▼悪い、＝差があるとは言えない）。",
            "Insured persons of 40 to 74, standardised by sex and age; bars are 95% ranges, and lines break where the question changed. \
             ▲ better and ▼ worse are beyond chance, ＝ is not.",
        )) }
        (legend(results, lang))
        div.panels { @for trend in shown { (panel(results, trend, n, names)) } }
    }
}

fn legend(results: &Results, lang: Lang) -> Markup {
    html! {
        p.legend {
            span { i.k-own {} (lang.pick("加入者", "Our insured")) }
            span { i.k-national {} (lang.pick("全国", "Japan")) }
            span { i.k-tokyo {} (lang.pick("東京都", "Tokyo")) }
            @if !results.ratings.is_empty() {
                span { i.k-target {} (lang.pick("目標（年と値）", "Target")) }
            }
        }
    }
}

/// A chart with its caption.
pub(crate) fn panel(
    results: &Results,
    trend: &Trend,
    n_together: usize,
    names: Names<'_>,
) -> Markup {
    let lang = names.lang;
    let unit = names.unit(&trend.indicator);
    let title = names.indicator_heading(&trend.indicator);
    let rating = results
        .ratings
        .iter()
        .find(|own| own.indicator == trend.indicator);
    let years: Vec<ChartYear> = trend.points.iter().map(chart_year).collect();
    let description = description(trend, names);
    let chart = LevelChart {
        title: &title,
        description: &description,
        unit,
        years: &years,
        target: rating.map(|rating| ChartTarget {
            year: rating.target_year,
            value: rating.target,
        }),
    };
    html! {
        figure.panel {
            figcaption {
                b { (title) }
                @if *unit != Unit::Share { span.unit { (unit_heading(unit, lang)) } }
                @if let Some(rating) = rating.filter(|own| own.is_of_levels()) { (rated(rating, lang)) }
                span.sub { (standings(trend, n_together, names)) }
            }
            (level_chart(&chart, lang))
            @if let Some(rating) = rating {
                p.sub { (target_line(rating, unit, lang)) }
            }
            (behind(&table(results, trend, names), lang))
        }
    }
}

fn rated(rating: &Rating, lang: Lang) -> Markup {
    html! {
        span.rating title=(lang.pick("目標に対する評定", "Rating against the target")) {
            (lang.pick("評定", "rated")) " " b { (rating.rating) }
        }
    }
}

fn target_line(rating: &Rating, unit: &Unit, lang: Lang) -> String {
    let (from, to) = (
        fiscal_year(rating.baseline_year, lang),
        fiscal_year(rating.target_year, lang),
    );
    let target = level(rating.target, unit, lang);
    match lang {
        Lang::Ja => format!("目標 {to}に{target}（基準 {from}）"),
        Lang::En => format!("Target {target} by {to} (since {from})"),
    }
}

fn chart_year(point: &TrendPoint) -> ChartYear {
    let numbers = point.level.value().numbers;
    ChartYear {
        year: point.year,
        series: point.series,
        own: numbers.map(|numbers| numbers.value),
        range: numbers.and_then(|numbers| numbers.interval),
        national: point.national,
        tokyo: point.tokyo,
    }
}

/// Against Japan in the latest year that both are known of, and since the first comparable year.
fn standings(trend: &Trend, n_together: usize, names: Names<'_>) -> String {
    let lang = names.lang;
    let better = names.better(&trend.indicator);
    let mut parts = Vec::new();
    let published = trend.points.iter().rev();
    let mut published =
        published.filter(|point| point.national.is_some() && point.level.value().numbers.is_some());
    if let Some(point) = published.next() {
        let standing = against_published(point.level.value(), point.national, better, n_together);
        if standing != Standing::Unknown {
            parts.push(format!(
                "{}{}",
                lang.pick("全国比", "Japan "),
                standing.sign()
            ));
        }
    }
    if let Some(change) = since_first(&trend.points, better, n_together)
        && change.standing != Standing::Unknown
    {
        let year = fiscal_year(change.from_year, lang);
        parts.push(match lang {
            Lang::Ja => format!("{year}から{}", change.standing.sign()),
            Lang::En => format!("since {year} {}", change.standing.sign()),
        });
    }
    parts.join(lang.pick("　", " · "))
}

/// What the chart shows, for those who do not see it.
fn description(trend: &Trend, names: Names<'_>) -> String {
    let lang = names.lang;
    let unit = names.unit(&trend.indicator);
    let point = |point: &TrendPoint| {
        let value = point
            .level
            .value()
            .numbers
            .map(|own| level(own.value, unit, lang));
        let national = point.national.map(|value| {
            let name = lang.pick("全国", "Japan");
            format!(" ({name} {})", level(value, unit, lang))
        });
        let year = fiscal_year(point.year, lang);
        let value = value.unwrap_or_else(|| "－".to_owned());
        format!("{year} {value}{}", national.unwrap_or_default())
    };
    let points: Vec<String> = trend.points.iter().map(point).collect();
    points.join("; ")
}

fn table(results: &Results, trend: &Trend, names: Names<'_>) -> Markup {
    let lang = names.lang;
    let unit = names.unit(&trend.indicator);
    let shown =
        |value: Option<f64>| value.map_or("－".to_owned(), |value| level(value, unit, lang));
    html! {
        table {
            thead { tr {
                th { (lang.pick("年度", "Year")) }
                th.num { (lang.pick("人数", "Persons")) }
                th.num { (lang.pick("値", "Level")) }
                th.num { (lang.pick("95%の範囲", "95% range")) }
                th.num { (lang.pick("全国", "Japan")) }
                th.num { (lang.pick("東京都", "Tokyo")) }
            } }
            tbody {
                @for point in &trend.points {
                    @let own = point.level.value();
                    @let range_of = own.numbers.and_then(|own| own.interval);
                    tr {
                        th scope="row" { (point.year) }
                        td.num.n { (count(own.n, results.rules)) }
                        td.num { (shown(own.numbers.map(|own| own.value))) }
                        td.num { (range_of.map_or("－".to_owned(), |ends| plain_range(ends.low, ends.high, unit, lang))) }
                        td.num { (shown(point.national)) }
                        td.num { (shown(point.tokyo)) }
                    }
                }
            }
        }
    }
}

/// A range of levels, whose plus signs say nothing.
fn plain_range(low: f64, high: f64, unit: &Unit, lang: Lang) -> String {
    range(low, high, unit, lang).replace(['+', '±'], "")
}
