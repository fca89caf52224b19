//! SVG drawings of effects with their ranges, one to a row of a table, all on one scale. Pure: numbers in, markup out.

use maud::{Markup, html};

use super::text::scaled;
use crate::disclosure::{EstimateNumbers, Interval};
use crate::vocabulary::Unit;

const WIDTH: f64 = 170.0;
const HEIGHT: f64 = 20.0;

/// A scale that the rows of a forest share; it holds zero.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ForestScale {
    low: f64,
    high: f64,
}

impl ForestScale {
    /// A scale over effects of one unit; `None` where there is nothing to draw.
    pub(crate) fn over(
        numbers: impl Iterator<Item = EstimateNumbers>,
        unit: &Unit,
    ) -> Option<Self> {
        let (mut low, mut high, mut n) = (0.0_f64, 0.0_f64, 0);
        for numbers in numbers {
            let ends = numbers
                .interval
                .map_or([numbers.estimate; 2], |own| [own.low, own.high]);
            for end in ends.map(|end| scaled(end, unit)) {
                (low, high) = (low.min(end), high.max(end));
            }
            n += 1;
        }
        let pad = (high - low).max(0.1) * 0.06;
        (n > 0).then_some(Self {
            low: low - pad,
            high: high + pad,
        })
    }

    fn x(&self, value: f64) -> f64 {
        4.0 + (value - self.low) / (self.high - self.low) * (WIDTH - 8.0)
    }

    /// Round numbers within the scale, zero among them.
    fn ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 4.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
        let step = steps.into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(power * 10.0);
        let within = |tick: &f64| (self.low..=self.high).contains(tick);
        let ticks = (-6..=6).map(|n| f64::from(n) * step);
        ticks.filter(within).collect()
    }
}

/// How a row is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForestMark {
    /// An effect was found: filled.
    Found,
    /// None was, or it cannot be told: hollow.
    Open,
}

/// One row.
pub(crate) fn row(
    numbers: EstimateNumbers,
    (scale, unit): (&ForestScale, &Unit),
    mark: ForestMark,
    (title, description): (&str, &str),
) -> Markup {
    let x = |value: f64| pos(scale.x(scaled(value, unit)));
    let class = match mark {
        ForestMark::Found => "found",
        ForestMark::Open => "open",
    };
    html! {
        svg.chart.forest role="img" viewBox={"0 0 " (WIDTH) " " (HEIGHT)} {
            title { (title) }
            desc { (description) }
            line.zero x1=(x(0.0)) x2=(x(0.0)) y1="0" y2=(HEIGHT) {}
            @if let Some(Interval { low, high }) = numbers.interval {
                line.range x1=(x(low)) x2=(x(high)) y1="10" y2="10" {}
                line.range x1=(x(low)) x2=(x(low)) y1="6" y2="14" {}
                line.range x1=(x(high)) x2=(x(high)) y1="6" y2="14" {}
            }
            circle class=(class) cx=(x(numbers.estimate)) cy="10" r="4.2" {}
        }
    }
}

/// The numbers under the rows.
pub(crate) fn axis(scale: &ForestScale) -> Markup {
    html! {
        svg.chart.forest aria-hidden="true" viewBox={"0 0 " (WIDTH) " 14"} {
            line.zero x1="0" x2=(WIDTH) y1="0.5" y2="0.5" {}
            @for tick in scale.ticks() {
                @let x = pos(scale.x(tick));
                line.zero x1=(x) x2=(x) y1="0" y2="3" {}
                text.tick x=(x) y="12.5" text-anchor="middle" { (label(tick)) }
            }
        }
    }
}

fn label(tick: f64) -> String {
    let size = tick.abs();
    let text = if size >= 1.0 || size == 0.0 {
        format!("{size:.0}")
    } else {
        format!("{size:.1}")
    };
    match tick {
        tick if tick < 0.0 => format!("−{text}"),
        tick if tick > 0.0 => format!("+{text}"),
        _ => text,
    }
}

fn pos(value: f64) -> String {
    format!("{value:.1}")
}
