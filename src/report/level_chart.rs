//! SVG drawings of levels by year: own with its range, national, Tokyo, target. Pure: numbers in, markup out; the table behind a chart
//! is the page's.

use maud::{Markup, html};

use super::text::{Lang, level, magnitude, scaled};
use crate::disclosure::Interval;
use crate::vocabulary::Unit;

/// One year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChartYear {
    pub(crate) year: i64,
    /// Years of one series are joined by a line.
    pub(crate) series: i64,
    pub(crate) own: Option<f64>,
    pub(crate) range: Option<Interval>,
    pub(crate) national: Option<f64>,
    pub(crate) tokyo: Option<f64>,
}

/// What an indicator is to reach, and by when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChartTarget {
    pub(crate) year: i64,
    pub(crate) value: f64,
}

/// Levels by year.
pub(crate) struct LevelChart<'chart> {
    pub(crate) title: &'chart str,
    pub(crate) description: &'chart str,
    pub(crate) unit: &'chart Unit,
    pub(crate) years: &'chart [ChartYear],
    pub(crate) target: Option<ChartTarget>,
}

const WIDTH: f64 = 244.0;
const HEIGHT: f64 = 132.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 236.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 112.0;

struct Axis {
    low: f64,
    high: f64,
    first: f64,
    last: f64,
}

impl Axis {
    fn x(&self, year: i64) -> f64 {
        let width = (self.last - self.first).max(1.0);
        LEFT + 8.0 + (number(year) - self.first) / width * (RIGHT - LEFT - 16.0)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP)
    }

    fn ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 3.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
        let step = steps.into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(power * 10.0);
        let mut tick = (self.low / step).ceil() * step;
        let mut ticks = Vec::new();
        while tick <= self.high {
            ticks.push(tick);
            tick += step;
        }
        ticks
    }
}

fn number(year: i64) -> f64 {
    i32::try_from(year).map_or(0.0, f64::from)
}

/// The chart; nothing where no year has a level.
pub(crate) fn level_chart(chart: &LevelChart<'_>, lang: Lang) -> Markup {
    let Some(axis) = axis(chart) else {
        return html! {};
    };
    html! {
        svg.chart.levels role="img" viewBox={"0 0 " (WIDTH) " " (HEIGHT)} {
            title { (chart.title) }
            desc { (chart.description) }
            (frame(chart, &axis))
            (line(chart, &axis, "national", |year| year.national))
            (line(chart, &axis, "tokyo", |year| year.tokyo))
            (dashes(chart, &axis, "national", |year| year.national))
            (dashes(chart, &axis, "tokyo", |year| year.tokyo))
            @for year in chart.years {
                @if let Some(range) = year.range {
                    @let x = pos(axis.x(year.year));
                    line.range x1=(x) x2=(x) y1=(pos(axis.y(scaled(range.low, chart.unit))))
                        y2=(pos(axis.y(scaled(range.high, chart.unit)))) {}
                }
            }
            (line(chart, &axis, "own", |year| year.own))
            @for year in chart.years {
                @if let Some(own) = year.own {
                    circle.own cx=(pos(axis.x(year.year))) cy=(pos(axis.y(scaled(own, chart.unit)))) r="2.6" {}
                }
            }
            (last_value(chart, &axis, lang))
            @if let Some(target) = chart.target { (target_mark(target, chart.unit, &axis)) }
        }
    }
}

fn axis(chart: &LevelChart<'_>) -> Option<Axis> {
    let values = |year: &ChartYear| {
        let range = year.range.map(|range| [range.low, range.high]);
        let known = [year.own, year.national, year.tokyo];
        let ends = range.into_iter().flatten().map(Some);
        known.into_iter().chain(ends).flatten().collect::<Vec<_>>()
    };
    chart.years.iter().find(|year| year.own.is_some())?;
    let target = chart.target.map(|target| target.value);
    let all = chart.years.iter().flat_map(values).chain(target);
    let all: Vec<f64> = all.map(|value| scaled(value, chart.unit)).collect();
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let pad = if high > low { (high - low) * 0.12 } else { 1.0 };
    let years = chart.years.iter().map(|year| year.year);
    let years = years.chain(chart.target.map(|target| target.year));
    let years: Vec<i64> = years.collect();
    Some(Axis {
        low: low - pad,
        high: high + pad,
        first: number(years.iter().copied().min()?),
        last: number(years.iter().copied().max()?),
    })
}

fn frame(chart: &LevelChart<'_>, axis: &Axis) -> Markup {
    let ticks = axis.ticks();
    let step = ticks.get(1).map_or(1.0, |second| second - ticks[0]);
    let known = chart.years.iter().rev();
    let last = known
        .filter(|year| year.own.is_some())
        .map(|year| year.year)
        .next();
    // The year of the last level, where the target's lies well behind it.
    let last = last.filter(|year| axis.last - number(*year) > 3.0);
    let ends = (axis.first, axis.last);
    html! {
        @if let Some(year) = last {
            text.tick x=(pos(axis.x(year))) y=(BOTTOM + 13.0) text-anchor="middle" { (year) }
        }
        @for tick in ticks {
            @let y = axis.y(tick);
            line.grid x1=(LEFT) x2=(RIGHT) y1=(pos(y)) y2=(pos(y)) {}
            text.tick x=(LEFT - 4.0) y=(pos(y + 3.5)) text-anchor="end" { (tick_label(tick, step, chart.unit)) }
        }
        line.base x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
        @for year in [ends.0, ends.1] {
            @let anchor = if year > ends.0 { "end" } else { "start" };
            @let x = if year > ends.0 { RIGHT } else { LEFT };
            text.tick x=(x) y=(BOTTOM + 13.0) text-anchor=(anchor) { (format!("{year:.0}")) }
        }
    }
}

fn tick_label(tick: f64, step: f64, unit: &Unit) -> String {
    let decimals = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else {
        2
    };
    match unit {
        Unit::Yen if tick.abs() >= 1000.0 => magnitude(tick, unit),
        Unit::Share => format!("{tick:.decimals$}%"),
        _ => format!("{tick:.decimals$}"),
    }
}

/// A line, broken where years may not be compared or one is missing.
fn line(
    chart: &LevelChart<'_>,
    axis: &Axis,
    class: &str,
    value: impl Fn(&ChartYear) -> Option<f64>,
) -> Markup {
    let mut path = String::new();
    let mut before: Option<&ChartYear> = None;
    for year in chart.years {
        let Some(value) = value(year) else {
            before = None;
            continue;
        };
        let is_joined = before.is_some_and(|before| before.series == year.series);
        let (x, y) = (axis.x(year.year), axis.y(scaled(value, chart.unit)));
        let command = if is_joined { 'L' } else { 'M' };
        path.push_str(&format!("{command}{x:.1} {y:.1}"));
        before = Some(year);
    }
    html! { @if !path.is_empty() { path class=(class) d=(path) {} } }
}

/// A short dash at each year of a published figure: there may be only one.
fn dashes(
    chart: &LevelChart<'_>,
    axis: &Axis,
    class: &str,
    value: impl Fn(&ChartYear) -> Option<f64>,
) -> Markup {
    let known = chart
        .years
        .iter()
        .filter_map(|year| Some((year.year, value(year)?)));
    let known: Vec<(i64, f64)> = known.collect();
    html! {
        @if known.len() <= 2 {
            @for (year, value) in known {
                @let (x, y) = (axis.x(year), pos(axis.y(scaled(value, chart.unit))));
                line class=(class) x1=(pos(x - 11.0)) x2=(pos(x + 11.0)) y1=(y) y2=(y) {}
            }
        }
    }
}

/// The latest level in numbers, above its point.
fn last_value(chart: &LevelChart<'_>, axis: &Axis, lang: Lang) -> Markup {
    let last = chart.years.iter().rev();
    let last = last.filter_map(|year| Some((year, year.own?))).next();
    let Some((year, own)) = last else {
        return html! {};
    };
    let top = year.range.map_or(own, |range| range.high.max(own));
    let y = (axis.y(scaled(top, chart.unit)) - 4.0).max(9.0);
    html! {
        text.value x=(pos(axis.x(year.year).min(RIGHT - 2.0))) y=(pos(y)) text-anchor="end" {
            (level(own, chart.unit, lang))
        }
    }
}

fn target_mark(target: ChartTarget, unit: &Unit, axis: &Axis) -> Markup {
    let (x, y) = (axis.x(target.year), axis.y(scaled(target.value, unit)));
    let points = format!(
        "{:.1},{y:.1} {x:.1},{:.1} {:.1},{y:.1} {x:.1},{:.1}",
        x - 5.0,
        y - 5.0,
        x + 5.0,
        y + 5.0
    );
    html! {
        line.target x1=(LEFT) x2=(pos(x)) y1=(pos(y)) y2=(pos(y)) {}
        polygon.target points=(points) {}
    }
}

fn pos(value: f64) -> String {
    format!("{value:.1}")
}
