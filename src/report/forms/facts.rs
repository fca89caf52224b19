//! Cells about everything together: programs, cost, councils, verdicts, linkage, guidance, points.

use super::cell::Cell;
use super::data::FormData;
use super::definition::{FACTS, Fact, FactFill};
use super::indicator_rows::total;
use crate::report::reading::EffectReading;
use crate::report::results::{GuidanceGoal, Spending};
use crate::vocabulary::Unit;

const NO_DATA: &str = "データがない";

/// What a column shows of a fact.
pub(super) fn fact_cell(data: &FormData<'_>, fact: Fact, wording: &str, fill: FactFill) -> Cell {
    match fill {
        FactFill::Name => Cell::text(wording),
        FactFill::Value => value(data, fact),
        FactFill::Year => year(data, fact).map_or(Cell::text("全期間"), Cell::year),
        FactFill::Table => {
            let own = FACTS.iter().find(|(_, own, _)| *own == fact);
            own.map_or(Cell::Blank, |(_, _, table)| Cell::text(*table))
        }
    }
}

/// The year of a fact that is of one.
fn year(data: &FormData<'_>, fact: Fact) -> Option<i64> {
    match fact {
        Fact::EmployersOffering => latest_offer(data),
        Fact::Insured => data.results.levels.latest_year(),
        Fact::HabitPoints => data.results.habits.iter().map(|own| own.year).max(),
        _ => None,
    }
}

fn latest_offer(data: &FormData<'_>) -> Option<i64> {
    data.results.offers.iter().map(|offer| offer.year).max()
}

fn value(data: &FormData<'_>, fact: Fact) -> Cell {
    match fact {
        Fact::EmployersOffering
        | Fact::Programs
        | Fact::ProgramsWithoutCost
        | Fact::Cost
        | Fact::Hours => of_programs(data, fact),
        Fact::Municipalities | Fact::Councils => of_places(data, fact),
        Fact::Insured => insured(data),
        Fact::Verdicts | Fact::LockedVerdicts => of_verdicts(data, fact),
        Fact::Linked => linked(data),
        Fact::GuidanceReached | Fact::GuidanceExpected | Fact::GuidanceGain => {
            of_guidance(data, fact)
        }
        Fact::HabitPoints => habit_points(data),
    }
}

fn of_programs(data: &FormData<'_>, fact: Fact) -> Cell {
    let spending = &data.results.spending;
    let sum = |part: fn(&Spending) -> u64| spending.iter().map(part).sum();
    let money = || spending.iter().map(|own| *own.money.value());
    if fact == Fact::EmployersOffering {
        return employers_offering(data);
    }
    if spending.is_empty() {
        return Cell::dash(NO_DATA);
    }
    let partial = || Cell::dash("届いていないか、示せない分野がある");
    match fact {
        Fact::Programs => Cell::counted(sum(|own| own.n_programs), "件"),
        Fact::ProgramsWithoutCost => Cell::counted(sum(|own| own.n_without_cost), "件"),
        Fact::Cost => total(money(), |own| own.cost).map_or_else(partial, Cell::yen),
        _ => total(money(), |own| own.hours).map_or_else(partial, Cell::hours),
    }
}

fn employers_offering(data: &FormData<'_>) -> Cell {
    let Some(year) = latest_offer(data) else {
        return Cell::dash(NO_DATA);
    };
    let offers = data.results.offers.iter().filter(|own| own.year == year);
    let mut employers: Vec<&str> = offers.map(|own| own.employer.as_str()).collect();
    employers.sort_unstable();
    employers.dedup();
    Cell::counted(employers.len() as u64, "社")
}

fn of_places(data: &FormData<'_>, fact: Fact) -> Cell {
    let places = &data.results.places;
    if places.is_empty() {
        return Cell::dash(NO_DATA);
    }
    let n = match fact {
        Fact::Councils => places.iter().filter(|place| place.has_council).count(),
        _ => places.len(),
    };
    Cell::counted(n as u64, "区市町村")
}

fn insured(data: &FormData<'_>) -> Cell {
    let levels = &data.results.levels;
    let all = levels.group("all", "all").zip(levels.latest_year());
    all.map_or(Cell::dash(NO_DATA), |(all, year)| {
        Cell::persons(all.insured(year), data.results.rules)
    })
}

fn of_verdicts(data: &FormData<'_>, fact: Fact) -> Cell {
    let all = || data.fields.iter().flat_map(|field| &field.readings);
    let is_locked = |own: &&EffectReading<'_>| own.judgement.is_some_and(|own| own.is_locked);
    match (fact, all().count()) {
        (_, 0) => Cell::dash(NO_DATA),
        (Fact::LockedVerdicts, _) => Cell::counted(all().filter(is_locked).count() as u64, "件"),
        (_, n) => Cell::counted(n as u64, "件"),
    }
}

/// The insured who could be linked to an employer's data.
fn linked(data: &FormData<'_>) -> Cell {
    let overall = data.results.linkage.iter().find(|row| {
        matches!(row.dimension.as_str(), "all" | "overall")
            && matches!(row.side.as_str(), "" | "insurer")
    });
    match overall.map(|row| row.matched.value().share) {
        None => Cell::dash(NO_DATA),
        Some(None) => Cell::withheld(data.results.rules),
        Some(Some(share)) => Cell::share(share),
    }
}

fn of_guidance(data: &FormData<'_>, fact: Fact) -> Cell {
    let Some(all) = data.results.guidance.iter().find(|own| own.year.is_none()) else {
        return Cell::dash(NO_DATA);
    };
    let part = |goal: GuidanceGoal| match fact {
        Fact::GuidanceReached => Some(Cell::share(goal.reached)),
        Fact::GuidanceExpected => Some(Cell::share(goal.expected)),
        _ => goal.gain.map(|gain| Cell::change(gain.value, &Unit::Share)),
    };
    let goal = *all.reached.value();
    match goal.map(part) {
        None => Cell::withheld(data.results.rules),
        Some(None) => Cell::dash(NO_DATA),
        Some(Some(cell)) => cell,
    }
}

/// Points that are known: at least these.
fn habit_points(data: &FormData<'_>) -> Cell {
    let year = year(data, Fact::HabitPoints);
    let habits = data.results.habits.iter();
    let habits = habits.filter(|own| Some(own.year) == year);
    let known: Vec<i64> = habits.filter_map(|own| *own.points.value()).collect();
    match u64::try_from(known.iter().sum::<i64>()) {
        Ok(points) if !known.is_empty() => Cell::counted(points, "点以上"),
        _ => Cell::dash(NO_DATA),
    }
}
