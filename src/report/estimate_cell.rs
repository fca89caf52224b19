//! What the tables of effects and of diagnostics share: the heading of an indicator, and the cell of an estimate.

use maud::{Markup, html};

use super::names::{LabelKind, Names, label};
use super::page::{EffectGroup, EffectRow};
use super::text::{Lang, range, signed, unit_heading};

/// Indicator, population and unit of a chart or row.
pub(super) fn heading(indicator: &str, population: &str, names: Names<'_>) -> String {
    let name = names.indicator_heading(indicator);
    let population = label(LabelKind::Population, population, names.lang);
    let unit = unit_heading(names.unit(indicator), names.lang);
    match (unit.as_ref(), names.lang) {
        ("", Lang::Ja) => format!("{name}（{population}）"),
        ("", Lang::En) => format!("{name} ({population})"),
        (unit, Lang::Ja) => format!("{name}（{population}、{unit}）"),
        (unit, Lang::En) => format!("{name} ({population}, {unit})"),
    }
}

/// The estimate with its interval; the status where there is no number.
pub(super) fn estimate_cell(
    row: Option<&EffectRow>,
    group: &EffectGroup,
    names: Names<'_>,
) -> Markup {
    let unit = names.unit(&group.indicator);
    let Some(row) = row else {
        return html! { "–" };
    };
    let estimate = row.estimate.value();
    match estimate.numbers {
        None => html! { span.muted { (label(LabelKind::Status, &estimate.status, names.lang)) } },
        Some(numbers) => html! {
            span.point { (signed(numbers.estimate, unit)) }
            @if let Some(interval) = numbers.interval {
                span.range { (range(interval.low, interval.high, unit, names.lang)) }
            }
        },
    }
}
