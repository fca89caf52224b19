//! Cells about one program field: what its programs cost and reached, and what they did to its main indicator.

use super::cell::Cell;
use super::data::FormData;
use super::definition::{FieldFill, FormYear, IndicatorFill};
use super::indicator_rows::indicator_cell;
use crate::disclosure::EstimateNumbers;
use crate::report::board::limits::reason;
use crate::report::board::measures::numbers;
use crate::report::names::{LabelKind, label};
use crate::report::reading::{EffectReading, FieldReadings};
use crate::report::results::{Money, Spending};
use crate::report::sentence::{Finding, causal_row};
use crate::report::text::Lang;

const NOT_DELIVERED: &str = "届いていない";

/// What a column shows of a field.
pub(super) fn field_cell(
    data: &FormData<'_>,
    field: &FieldReadings<'_>,
    fill: FieldFill,
    year: FormYear,
) -> Cell {
    let Some(main) = field.readings.first() else {
        return Cell::dash("推定がない");
    };
    match fill {
        FieldFill::Name => Cell::text(data.names.field(field.field)),
        FieldFill::Population => {
            let population = main.group.population.as_str();
            Cell::text(label(LabelKind::Population, population, Lang::Ja))
        }
        FieldFill::Main(IndicatorFill::Name) => Cell::text(indicator(data, main)),
        FieldFill::Main(fill) => indicator_cell(data, &main.group.indicator, fill, year),
        FieldFill::Estimate | FieldFill::Low | FieldFill::High | FieldFill::Treated => {
            effect(data, main, fill)
        }
        FieldFill::Verdict | FieldFill::Reason | FieldFill::Plan | FieldFill::Detectable => {
            judgement(data, main, fill)
        }
        FieldFill::Programs
        | FieldFill::ProgramsWithoutCost
        | FieldFill::Exposed
        | FieldFill::Participants
        | FieldFill::Participation => programs(data, field.field, fill),
        FieldFill::Cost
        | FieldFill::Hours
        | FieldFill::CostPerExposed
        | FieldFill::CostPerChange => spent(data, field.field, main.finding, fill),
    }
}

/// The main indicator, and of whom it is unless of employees.
fn indicator(data: &FormData<'_>, main: &EffectReading<'_>) -> String {
    let name = data.names.indicator_subject(&main.group.indicator);
    match main.group.population.as_str() {
        "employees" => name,
        other => format!(
            "{name}（{}）",
            label(LabelKind::Population, other, Lang::Ja)
        ),
    }
}

/// The numbers of an effect that has an interval and may be read as one.
fn told(main: &EffectReading<'_>) -> Option<EstimateNumbers> {
    numbers(main).filter(|_| main.finding != Finding::Unavailable)
}

/// Why there is no number of an effect.
fn hidden(data: &FormData<'_>, main: &EffectReading<'_>) -> Cell {
    let reason = reason(main, data.names);
    Cell::dash(reason.unwrap_or_else(|| main.finding.label(Lang::Ja).to_owned()))
}

fn effect(data: &FormData<'_>, main: &EffectReading<'_>, fill: FieldFill) -> Cell {
    let unit = data.names.unit(&main.group.indicator);
    if fill == FieldFill::Treated {
        let n = causal_row(main.group).and_then(|row| row.estimate.value().n_treated);
        let counted = n.map(|n| Cell::persons(n, data.results.rules));
        return counted.unwrap_or_else(|| Cell::dash("人数がわからない"));
    }
    let part = |numbers: EstimateNumbers| match fill {
        FieldFill::Low => numbers.interval.map(|own| own.low),
        FieldFill::High => numbers.interval.map(|own| own.high),
        _ => Some(numbers.estimate),
    };
    match told(main).map(part) {
        Some(Some(value)) => Cell::change(value, unit),
        Some(None) => Cell::dash("区間がない"),
        None => hidden(data, main),
    }
}

fn judgement(data: &FormData<'_>, main: &EffectReading<'_>, fill: FieldFill) -> Cell {
    match (fill, main.judgement) {
        (FieldFill::Verdict, _) => Cell::text(main.finding.label(Lang::Ja)),
        (FieldFill::Reason, _) => match told(main) {
            Some(_) => Cell::Blank,
            None => match hidden(data, main) {
                Cell::Dash(reason) => Cell::Text(reason),
                cell => cell,
            },
        },
        (_, None) => Cell::dash("評価計画がない"),
        (FieldFill::Plan, Some(own)) => Cell::text(match own.is_locked {
            true => "結果を見る前に計画を確定",
            false => "探索的（計画は未確定）",
        }),
        (_, Some(own)) => match own
            .detectable
            .filter(|_| main.finding == Finding::CannotTell)
        {
            Some(size) => Cell::size(size, data.names.unit(&main.group.indicator)),
            None => Cell::dash("判定できないときだけ示す"),
        },
    }
}

fn spending<'a>(data: &FormData<'a>, field: &str) -> Option<&'a Spending> {
    let mut spending = data.results.spending.iter();
    spending.find(|own| own.field == field)
}

fn programs(data: &FormData<'_>, field: &str, fill: FieldFill) -> Cell {
    let Some(own) = spending(data, field) else {
        return Cell::dash(NOT_DELIVERED);
    };
    let reached = own.reached.value();
    let rules = data.results.rules;
    match fill {
        FieldFill::Programs => Cell::counted(own.n_programs, "件"),
        FieldFill::ProgramsWithoutCost => Cell::counted(own.n_without_cost, "件"),
        FieldFill::Exposed => Cell::persons(reached.whole, rules),
        FieldFill::Participants => Cell::persons(reached.part, rules),
        _ => reached
            .share
            .map_or_else(|| Cell::withheld(rules), Cell::share),
    }
}

fn spent(data: &FormData<'_>, field: &str, finding: Finding, fill: FieldFill) -> Cell {
    let Some(own) = spending(data, field) else {
        return Cell::dash(NOT_DELIVERED);
    };
    let Some(money) = *own.money.value() else {
        return Cell::withheld(data.results.rules);
    };
    if fill == FieldFill::CostPerChange {
        return per_change(money, finding);
    }
    let cell = match fill {
        FieldFill::Cost => money.cost.map(Cell::yen),
        FieldFill::Hours => money.hours.map(Cell::hours),
        _ => money.per_exposed.map(Cell::yen),
    };
    cell.unwrap_or_else(|| Cell::dash(NOT_DELIVERED))
}

/// What a change costs; only where there is one for the better.
fn per_change(money: Money, finding: Finding) -> Cell {
    let is_better = matches!(finding, Finding::Better | Finding::SizeOpen);
    match (is_better, money.per_change) {
        (true, Some(per)) => Cell::yen(per),
        (true, None) => Cell::dash(NOT_DELIVERED),
        (false, _) => Cell::dash("改善が認められたときだけ示す"),
    }
}
