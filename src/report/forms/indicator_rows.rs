//! Cells about one indicator: levels by year, figures beside them, target and rating, points, and what was spent on it.

use super::cell::Cell;
use super::data::FormData;
use super::definition::{FormYear, IndicatorFill};
use crate::report::results::{Money, TrendPoint};
use crate::report::text::{Lang, unit_heading};
use crate::vocabulary::Unit;

const NO_TARGET: &str = "評価計画に目標がない";
const NO_YEAR: &str = "この年度の値がない";
const OTHER_SERIES: &str = "質問が変わり、最新の年度と比べられない";

/// What a column shows of an indicator.
pub(super) fn indicator_cell(
    data: &FormData<'_>,
    indicator: &str,
    fill: IndicatorFill,
    year: FormYear,
) -> Cell {
    let unit = data.names.unit(indicator);
    match fill {
        IndicatorFill::Name => Cell::text(name(data, indicator)),
        IndicatorFill::Unit => Cell::text(match unit {
            Unit::Share => "%".to_owned(),
            unit => unit_heading(unit, Lang::Ja).into_owned(),
        }),
        IndicatorFill::Standardised
        | IndicatorFill::StandardisedPersons
        | IndicatorFill::National
        | IndicatorFill::Tokyo => of_trend(data, indicator, fill, year),
        IndicatorFill::Released | IndicatorFill::ReleasedPersons => {
            released(data, indicator, fill, year)
        }
        IndicatorFill::BaselineYear
        | IndicatorFill::TargetYear
        | IndicatorFill::Target
        | IndicatorFill::LatestYear
        | IndicatorFill::Rating => of_target(data, indicator, fill),
        IndicatorFill::Points => points(data, indicator, year),
        IndicatorFill::Cost => cost(data, indicator),
    }
}

/// Its wording; a share is said to be one.
fn name(data: &FormData<'_>, indicator: &str) -> String {
    data.names.indicator_subject(indicator)
}

fn of_trend(data: &FormData<'_>, indicator: &str, fill: IndicatorFill, year: FormYear) -> Cell {
    let point = match point(data, indicator, year) {
        Ok(point) => point,
        Err(reason) => return Cell::dash(reason),
    };
    let rules = data.results.rules;
    let unit = data.names.unit(indicator);
    let level = point.level.value();
    let published = |figure: Option<f64>| match figure {
        Some(figure) => Cell::level(figure, unit),
        None => Cell::dash("公表値がない"),
    };
    match fill {
        IndicatorFill::National => published(point.national),
        IndicatorFill::Tokyo => published(point.tokyo),
        IndicatorFill::StandardisedPersons => Cell::persons(level.n, rules),
        _ => match level.numbers {
            Some(numbers) => Cell::level(numbers.value, unit),
            None => Cell::withheld(rules),
        },
    }
}

/// The year's point, if it may be compared with the latest one.
fn point<'a>(
    data: &FormData<'a>,
    indicator: &str,
    year: FormYear,
) -> Result<&'a TrendPoint, &'static str> {
    let trend = data.results.trend(indicator).ok_or("この指標の値がない")?;
    let no_year = match year {
        FormYear::Baseline => NO_TARGET,
        FormYear::Before(_) | FormYear::Of(_) => NO_YEAR,
    };
    let year = data.year(year, indicator).ok_or(no_year)?;
    let point = trend.points.iter().find(|point| point.year == year);
    let point = point.ok_or(NO_YEAR)?;
    let latest = trend.points.last().map(|latest| latest.series);
    match latest == Some(point.series) {
        true => Ok(point),
        false => Err(OTHER_SERIES),
    }
}

fn released(data: &FormData<'_>, indicator: &str, fill: IndicatorFill, year: FormYear) -> Cell {
    let rules = data.results.rules;
    let year = data.year(year, indicator);
    let all = data.results.levels.group("all", "all");
    let level = all
        .zip(year)
        .and_then(|(all, year)| all.in_year(indicator, year));
    let Some(level) = level else {
        return Cell::dash(NO_YEAR);
    };
    match (fill, level.numbers) {
        (IndicatorFill::ReleasedPersons, _) => Cell::persons(level.n, rules),
        (_, Some(value)) => Cell::level(value, data.names.unit(indicator)),
        (_, None) => Cell::withheld(rules),
    }
}

fn of_target(data: &FormData<'_>, indicator: &str, fill: IndicatorFill) -> Cell {
    let Some(rating) = data.rating(indicator) else {
        return Cell::dash(NO_TARGET);
    };
    match fill {
        IndicatorFill::BaselineYear => Cell::year(rating.baseline_year),
        IndicatorFill::TargetYear => Cell::year(rating.target_year),
        IndicatorFill::Target => Cell::level(rating.target, data.names.unit(indicator)),
        IndicatorFill::LatestYear => rating.latest_year.map_or(Cell::dash(NO_YEAR), Cell::year),
        _ => Cell::text(rating.rating.as_str()),
    }
}

fn points(data: &FormData<'_>, indicator: &str, year: FormYear) -> Cell {
    let year = data.year(year, indicator);
    let mut habits = data.results.habits.iter();
    let habit = habits.find(|own| own.indicator == indicator && Some(own.year) == year);
    let points = habit.and_then(|habit| *habit.points.value());
    match points.and_then(|points| u64::try_from(points).ok()) {
        Some(points) => Cell::counted(points, "点"),
        None => Cell::dash("点がわからないか、人数が少ないため示さない"),
    }
}

/// What programs cost whose field is judged by this indicator first.
fn cost(data: &FormData<'_>, indicator: &str) -> Cell {
    let own = data.results.spending.iter();
    let own: Vec<_> = own.filter(|own| own.indicator == indicator).collect();
    if own.is_empty() {
        return Cell::dash("この指標を主な指標とする施策がない");
    }
    total(own.into_iter().map(|own| *own.money.value()), |money| {
        money.cost
    })
    .map_or_else(|| Cell::dash("届いていない費用がある"), Cell::yen)
}

/// The sum over fields; none where one is hidden or was not delivered.
pub(super) fn total(
    money: impl Iterator<Item = Option<Money>>,
    part: impl Fn(Money) -> Option<f64>,
) -> Option<f64> {
    let parts: Option<Vec<f64>> = money.map(|money| part(money?)).collect();
    parts
        .filter(|parts| !parts.is_empty())
        .map(|parts| parts.iter().sum())
}
