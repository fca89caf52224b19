//! SVG drawings: estimators side by side around zero, and event studies. Pure: numbers in, markup
//! out. What the numbers mean is stated in `sentence` and in the tables beside each chart.

use maud::{Markup, html};

use crate::disclosure::{DisclosureRules, EstimateNumbers};

use super::page::EventPoint;
use super::text::{Lang, scaled, short_count, signed};
use crate::vocabulary::Unit;

/// One line of a comparison chart.
pub(crate) struct ComparisonRow {
    /// Name at the left.
    pub(crate) label: String,
    /// The estimate, if there is one to show.
    pub(crate) numbers: Option<EstimateNumbers>,
    /// How it is drawn.
    pub(crate) style: MarkStyle,
}

/// How an estimate is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkStyle {
    /// A naive estimate: grey and hollow.
    Naive,
    /// Two-way fixed effects: grey and filled.
    Plain,
    /// The causal estimate: dark and filled.
    Causal,
    /// A causal estimate that is not to be believed: hollow with a broken line.
    Doubtful,
}

impl MarkStyle {
    fn class(self) -> &'static str {
        match self {
            Self::Naive => "m-naive",
            Self::Plain => "m-plain",
            Self::Causal => "m-causal",
            Self::Doubtful => "m-doubtful",
        }
    }
}

/// Title and description of a chart for those who do not see it.
pub(crate) struct ChartText<'text> {
    /// Short name.
    pub(crate) title: &'text str,
    /// What it shows.
    pub(crate) description: &'text str,
}

const LABEL_WIDTH: f64 = 156.0;
const VALUE_WIDTH: f64 = 62.0;
const ROW_HEIGHT: f64 = 24.0;
const COMPARISON_WIDTH: f64 = 420.0;

/// Estimates of one effect below each other, with intervals around a common zero line.
pub(crate) fn comparison(rows: &[ComparisonRow], unit: &Unit, text: &ChartText<'_>) -> Markup {
    let left = LABEL_WIDTH + 6.0;
    let right = COMPARISON_WIDTH - VALUE_WIDTH - 6.0;
    let scale = Scale::over(rows.iter().filter_map(|row| row.numbers), unit, left, right);
    let height = px(rows.len()) * ROW_HEIGHT + 18.0;
    let zero = pos(scale.at(0.0));
    html! {
        svg.chart.comparison role="img" viewBox={"0 0 " (pos(COMPARISON_WIDTH)) " " (pos(height))} {
            title { (text.title) }
            desc { (text.description) }
            line.zero x1=(zero) y1="2" x2=(zero) y2=(pos(height - 13.0)) {}
            text.tick x=(zero) y=(pos(height - 2.0)) text-anchor="middle" { "0" }
            @for (idx, row) in rows.iter().enumerate() {
                @let y = (px(idx) + 0.5) * ROW_HEIGHT + 3.0;
                g class=(row.style.class()) {
                    text.name x="0" y=(pos(y + 4.0)) { (row.label) }
                    @if let Some(numbers) = row.numbers {
                        (mark(numbers, &scale, y, row.style))
                        text.value x=(pos(COMPARISON_WIDTH)) y=(pos(y + 4.0)) text-anchor="end" {
                            (signed(numbers.estimate, unit))
                        }
                    } @else {
                        text.value x=(pos(COMPARISON_WIDTH)) y=(pos(y + 4.0)) text-anchor="end" {
                            "—"
                        }
                    }
                }
            }
        }
    }
}

/// The same estimates in one line, for a table cell.
pub(crate) fn strip(rows: &[ComparisonRow], unit: &Unit, text: &ChartText<'_>) -> Markup {
    let scale = Scale::over(rows.iter().filter_map(|row| row.numbers), unit, 6.0, 134.0);
    let zero = pos(scale.at(0.0));
    html! {
        svg.chart.strip role="img" viewBox="0 0 140 26" {
            title { (text.title) }
            desc { (text.description) }
            line.zero x1=(zero) y1="1" x2=(zero) y2="25" {}
            @for row in rows {
                @if let Some(numbers) = row.numbers {
                    g class=(row.style.class()) { (mark(numbers, &scale, 13.0, row.style)) }
                }
            }
        }
    }
}

fn mark(numbers: EstimateNumbers, scale: &Scale<'_>, y: f64, style: MarkStyle) -> Markup {
    let x = scale.at(numbers.estimate);
    html! {
        @if let Some(interval) = numbers.interval {
            line.interval x1=(pos(scale.at(interval.low))) y1=(pos(y))
                x2=(pos(scale.at(interval.high))) y2=(pos(y)) {}
        }
        @if matches!(style, MarkStyle::Naive | MarkStyle::Plain) {
            rect.mark x=(pos(x - 3.5)) y=(pos(y - 3.5)) width="7" height="7" {}
        } @else {
            circle.mark cx=(pos(x)) cy=(pos(y)) r="4.5" {}
        }
    }
}

const EVENT_WIDTH: f64 = 420.0;
const EVENT_HEIGHT: f64 = 262.0;
const PLOT_LEFT: f64 = 50.0;
const PLOT_RIGHT: f64 = 412.0;
const PLOT_TOP: f64 = 12.0;
const PLOT_BOTTOM: f64 = 200.0;

/// Effects by time since first exposure: points, pointwise intervals, simultaneous bands, and the
/// number of exposed persons under each point.
pub(crate) fn event_study(
    points: &[EventPoint],
    unit: &Unit,
    text: &ChartText<'_>,
    rules: DisclosureRules,
    lang: Lang,
) -> Markup {
    let numbers = points
        .iter()
        .filter_map(|point| point.estimate.value().numbers);
    let scale = Scale::over(numbers, unit, PLOT_BOTTOM, PLOT_TOP);
    let first = points
        .iter()
        .map(|point| point.event_time)
        .min()
        .unwrap_or(0);
    let last = points
        .iter()
        .map(|point| point.event_time)
        .max()
        .unwrap_or(0);
    let step = (PLOT_RIGHT - PLOT_LEFT) / (offset(first, last) + 1.0);
    let x_at = |event_time: i64| PLOT_LEFT + (offset(first, event_time) + 0.5) * step;
    let start = pos(x_at(0) - step / 2.0);
    html! {
        svg.chart.event role="img" viewBox={"0 0 " (pos(EVENT_WIDTH)) " " (pos(EVENT_HEIGHT))} {
            title { (text.title) }
            desc { (text.description) }
            (value_axis(&scale, unit))
            @if first < 0 && last >= 0 {
                line.start x1=(start) y1=(pos(PLOT_TOP)) x2=(start) y2=(pos(PLOT_BOTTOM)) {}
            }
            @for point in points {
                (event_point(point, &scale, x_at(point.event_time)))
            }
            @for (idx, point) in points.iter().enumerate() {
                @let x = pos(x_at(point.event_time));
                text.tick x=(x) y=(pos(PLOT_BOTTOM + 18.0)) text-anchor="middle" {
                    (event_time_label(point.event_time))
                }
                @if let Some(n) = point.estimate.value().n_treated {
                    @if step >= 28.0 || idx % 2 == 0 {
                        text.n.count x=(x) y=(pos(PLOT_BOTTOM + 54.0)) text-anchor="middle" {
                            (short_count(n, rules, lang))
                        }
                    }
                }
            }
            text.axis x=(pos(PLOT_LEFT)) y=(pos(PLOT_BOTTOM + 37.0)) {
                (lang.pick("開始からの年／下段：対象者数（人）", "Years since start; below: exposed persons"))
            }
        }
    }
}

fn event_point(point: &EventPoint, scale: &Scale<'_>, x: f64) -> Markup {
    let Some(numbers) = point.estimate.value().numbers else {
        return html! {
            text.tick x=(pos(x)) y=(pos(scale.at(0.0) - 5.0)) text-anchor="middle" { "—" }
        };
    };
    let class = if point.event_time < 0 { "pre" } else { "post" };
    html! {
        g class=(class) {
            @if let Some(band) = numbers.band {
                @let top = scale.at(band.high);
                rect.band x=(pos(x - 6.0)) y=(pos(top)) width="12"
                    height=(pos(scale.at(band.low) - top)) {}
            }
            @if let Some(interval) = numbers.interval {
                line.interval x1=(pos(x)) y1=(pos(scale.at(interval.low)))
                    x2=(pos(x)) y2=(pos(scale.at(interval.high))) {}
            }
            circle.mark cx=(pos(x)) cy=(pos(scale.at(numbers.estimate))) r="4" {}
        }
    }
}

fn value_axis(scale: &Scale<'_>, unit: &Unit) -> Markup {
    html! {
        @for tick in scale.ticks() {
            @let y = scale.at_scaled(tick);
            @let class = if tick == 0.0 { "zero" } else { "grid" };
            line class=(class) x1=(pos(PLOT_LEFT)) y1=(pos(y)) x2=(pos(PLOT_RIGHT)) y2=(pos(y)) {}
            text.tick x=(pos(PLOT_LEFT - 6.0)) y=(pos(y + 4.0)) text-anchor="end" {
                (tick_label(tick, scale.tick_step(), unit))
            }
        }
    }
}

/// An event time with its sign.
pub(crate) fn event_time_label(event_time: i64) -> String {
    match event_time {
        ..0 => format!("−{}", event_time.unsigned_abs()),
        0 => "0".to_owned(),
        1.. => format!("+{event_time}"),
    }
}

fn tick_label(tick: f64, step: f64, unit: &Unit) -> String {
    if *unit == Unit::Yen {
        let unscaled = if tick == 0.0 { 0.0 } else { tick };
        return signed(unscaled, unit).replace('±', "");
    }
    let decimals = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else if step >= 0.01 {
        2
    } else {
        3
    };
    let text = format!("{:.decimals$}", tick.abs());
    if tick < 0.0 {
        format!("−{text}")
    } else {
        text
    }
}

/// A linear scale that always contains zero, in the units that are printed.
struct Scale<'unit> {
    unit: &'unit Unit,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl<'unit> Scale<'unit> {
    fn over(
        numbers: impl Iterator<Item = EstimateNumbers>,
        unit: &'unit Unit,
        from: f64,
        to: f64,
    ) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for numbers in numbers {
            let ranges = [numbers.interval, numbers.band].into_iter().flatten();
            let ends = ranges.flat_map(|range| [range.low, range.high]);
            for value in ends.chain([numbers.estimate]) {
                low = low.min(scaled(value, unit));
                high = high.max(scaled(value, unit));
            }
        }
        let width = high - low;
        let pad = if width > 0.0 { width * 0.06 } else { 1.0 };
        Self {
            unit,
            low: low - pad,
            high: high + pad,
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        self.at_scaled(scaled(value, self.unit))
    }

    fn at_scaled(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// 1, 2 or 5 times a power of ten, for about five ticks.
    fn tick_step(&self) -> f64 {
        let rough = (self.high - self.low) / 7.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let times = [1.0, 2.0, 5.0, 10.0];
        let step = times
            .into_iter()
            .map(|times| times * power)
            .find(|step| *step >= rough);
        step.unwrap_or(power * 10.0)
    }

    fn ticks(&self) -> Vec<f64> {
        let step = self.tick_step();
        let mut ticks = vec![0.0];
        let mut tick = step;
        while tick <= self.high {
            ticks.push(tick);
            tick += step;
        }
        tick = -step;
        while tick >= self.low {
            ticks.insert(0, tick);
            tick -= step;
        }
        ticks
    }
}

/// A coordinate with one decimal.
fn pos(value: f64) -> String {
    format!("{value:.1}")
}

fn px(n: usize) -> f64 {
    u32::try_from(n).map_or(0.0, f64::from)
}

fn offset(first: i64, event_time: i64) -> f64 {
    i32::try_from(event_time.saturating_sub(first)).map_or(0.0, f64::from)
}
