//! Guidance by year, and points for habits: what an insurer knows of its own work where no employer delivered anything.

use maud::{Markup, html};

use crate::report::names::Names;
use crate::report::results::{GuidanceYear, Results};
use crate::report::text::{count, fiscal_year, percent, range};
use crate::vocabulary::Unit;

/// The tables.
pub(super) fn guidance(results: &Results, names: Names<'_>) -> Markup {
    let lang = names.lang;
    html! {
        table {
            thead { tr {
                th { (lang.pick("年度", "Year")) }
                th.num { (lang.pick("指導を終えた人", "Finished guidance")) }
                th.num { (lang.pick("目標に届いた割合", "Reached the goal")) }
                th.num { (lang.pick("指導がなくても届いた割合（推定）", "Would have without it")) }
                th.num { (lang.pick("差（95%の範囲、ポイント）", "Difference (95% range, points)")) }
            } }
            tbody { @for year in &results.guidance { (row(results, year, names)) } }
        }
        (habits(results, names))
    }
}

fn row(results: &Results, year: &GuidanceYear, names: Names<'_>) -> Markup {
    let lang = names.lang;
    let goal = *year.reached.value();
    let name = match year.year {
        Some(year) => fiscal_year(year, lang),
        None => lang.pick("全年度", "All years").to_owned(),
    };
    let shown = |share: Option<f64>| share.map_or("－".to_owned(), percent);
    let ends = goal.and_then(|goal| goal.gain).map(|gain| gain.range);
    html! {
        tr {
            th scope="row" { (name) }
            td.num.n { (count(*year.n_finished.value(), results.rules)) }
            td.num { (shown(goal.map(|goal| goal.reached))) }
            td.num { (shown(goal.map(|goal| goal.expected))) }
            td.num { (ends.map_or("－".to_owned(), |ends| range(ends.low, ends.high, &Unit::Share, lang))) }
        }
    }
}

/// Points of the insurers' assessment by habit and year.
fn habits(results: &Results, names: Names<'_>) -> Markup {
    let lang = names.lang;
    let mut years: Vec<i64> = results.habits.iter().map(|own| own.year).collect();
    years.sort_unstable();
    years.dedup();
    let years: Vec<i64> = years.into_iter().rev().take(6).rev().collect();
    let mut indicators: Vec<&str> = Vec::new();
    for own in &results.habits {
        if !indicators.contains(&own.indicator.as_str()) {
            indicators.push(&own.indicator);
        }
    }
    let points = |indicator: &str, year: i64| {
        let mut found = results.habits.iter();
        let found = found.find(|own| own.indicator == indicator && own.year == year);
        let points = found.and_then(|own| *own.points.value());
        points.map_or("－".to_owned(), |points| points.to_string())
    };
    html! {
        @if !indicators.is_empty() {
            table {
                caption { (lang.pick("総合評価指標（生活習慣）の点。分からないものは0点として数える", "Points of the insurers’ assessment for habits, at least")) }
                thead { tr {
                    th { (lang.pick("生活習慣", "Habit")) }
                    @for year in &years { th.num { (fiscal_year(*year, lang)) } }
                } }
                tbody {
                    @for indicator in indicators {
                        tr {
                            th scope="row" { (names.indicator_heading(indicator)) }
                            @for year in &years { td.num { (points(indicator, *year)) } }
                        }
                    }
                }
            }
        }
    }
}
