//! Money, days, offers, guidance and points of the assessment, through `disclosure`.

use std::collections::BTreeMap;

use super::rows::{Columns, LoadError, ResultTables, Row};
use crate::disclosure::{
    DisclosureRules, Interval, PartOfWhole, Releasable, Share, release_behind, release_count,
    release_shares,
};
use crate::report::results::{
    Gain, GainedDays, GainedYen, GuidanceGoal, GuidanceYear, HabitYear, Money, Offer, ProgramCosts,
    Spending, ValueWithRange,
};

fn ranged(
    row: &Row,
    value: &'static str,
    low: &'static str,
    high: &'static str,
) -> Result<Option<ValueWithRange>, LoadError> {
    let range = row.number(low)?.zip(row.number(high)?);
    Ok(row
        .number(value)?
        .zip(range)
        .map(|(value, (low, high))| ValueWithRange {
            value,
            range: Interval { low, high },
        }))
}

pub(super) async fn spending(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<Spending>, LoadError> {
    let sql = "select * from {table} order by field, indicator";
    let rows = tables.rows("summary_program_value", sql).await?;
    let spending = |row: &Row| {
        let n = row.known_count("n_exposed")?;
        let range = row
            .number("cost_per_change_low")?
            .zip(row.number("cost_per_change_high")?);
        let money = Money {
            cost: row.number("cost_yen")?,
            hours: row.number("staff_hours")?,
            per_exposed: row.number("cost_per_exposed")?,
            per_change: row.number("cost_per_change")?,
            per_change_range: range.map(|(low, high)| Interval { low, high }),
        };
        Ok(Spending {
            field: row.text("field")?,
            indicator: row.text("indicator")?,
            n_programs: row.count("n_programs")?,
            n_without_cost: row.count("n_programs_without_cost")?,
            reached: alone(n, row.known_count("n_participants")?, rules),
            money: release_behind(Some(money), n, rules),
        })
    };
    let mut found: Vec<Spending> = rows
        .iter()
        .map(spending)
        .collect::<Result<_, LoadError>>()?;
    let place = |field: &str| {
        tables
            .vocabulary
            .fields
            .iter()
            .position(|own| own.name == field)
    };
    found.sort_by_key(|own| place(&own.field).unwrap_or(usize::MAX));
    Ok(found)
}

/// Those who took part of those offered. Where programs overlap more may have taken part than were offered anew.
fn alone(
    offered: Option<u64>,
    took_part: Option<u64>,
    rules: DisclosureRules,
) -> Releasable<Share> {
    let whole = offered.unwrap_or(0);
    let part = took_part.unwrap_or(0).min(whole);
    let mut released = release_shares(&[PartOfWhole { part, whole }], rules);
    released.remove(0)
}

pub(super) async fn gains(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<Gain>, LoadError> {
    let sql = "select * from {table} order by employer_id";
    let rows = tables.rows("summary_productivity_value", sql).await?;
    let gain = |row: &Row| {
        let n = row.known_count("n_person_years")?;
        let person_years = row.number("n_person_years")?;
        let days = person_years.map(|person_years| -> Result<GainedDays, LoadError> {
            let (absence, presenteeism) = ("absence_days_gained", "presenteeism_days_gained");
            Ok(GainedDays {
                person_years,
                absence: ranged(
                    row,
                    absence,
                    "absence_days_gained_low",
                    "absence_days_gained_high",
                )?,
                presenteeism: ranged(
                    row,
                    presenteeism,
                    "presenteeism_days_gained_low",
                    "presenteeism_days_gained_high",
                )?,
                both: ranged(row, "days_gained", "days_gained_low", "days_gained_high")?,
            })
        });
        let gained = ranged(row, "yen_gained", "yen_gained_low", "yen_gained_high")?;
        let yen = gained.map(|gained| -> Result<GainedYen, LoadError> {
            Ok(GainedYen {
                gained,
                cost: row.number("cost_yen")?,
                probability: row.number("probability_of_gain")?,
            })
        });
        let n_with_wage = row.known_count("n_with_wage")?;
        let employer = row.text("employer_id")?;
        Ok(Gain {
            employer: (!employer.is_empty()).then_some(employer),
            n_person_years: release_count(n.unwrap_or(0), rules),
            status: row.text("status")?,
            days: release_behind(days.transpose()?, n, rules),
            yen: release_behind(yen.transpose()?, n.min(n_with_wage), rules),
        })
    };
    rows.iter().map(gain).collect()
}

/// Offers; the employers of a field and year are released together.
pub(super) async fn offers(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<Offer>, LoadError> {
    let mut marginals: BTreeMap<(String, i64), Vec<OfferMarginal>> = BTreeMap::new();
    let sql = "select * from {table} order by field, fiscal_year, employer_id";
    for columns in tables.columns("summary_offers", sql).await? {
        gather(&columns, &mut marginals)?;
    }
    let mut found = Vec::new();
    for ((field, year), offered) in marginals {
        let cells: Vec<PartOfWhole> = offered.iter().map(|offer| offer.cell).collect();
        for (offer, reached) in offered.into_iter().zip(release_shares(&cells, rules)) {
            let n = Some(offer.cell.whole);
            found.push(Offer {
                employer: offer.employer,
                field: field.clone(),
                year,
                n_programs: offer.n_programs,
                reached,
                took: release_behind(Some(offer.took), n, rules),
            });
        }
    }
    Ok(found)
}

struct OfferMarginal {
    employer: String,
    n_programs: u64,
    cell: PartOfWhole,
    took: ProgramCosts,
}

fn gather(
    columns: &Columns,
    marginals: &mut BTreeMap<(String, i64), Vec<OfferMarginal>>,
) -> Result<(), LoadError> {
    let (employers, fields) = (columns.texts("employer_id")?, columns.texts("field")?);
    let (years, programs) = (
        columns.integers("fiscal_year")?,
        columns.counts("n_programs")?,
    );
    let (offered, took_part) = (
        columns.counts("n_offered")?,
        columns.counts("n_participated")?,
    );
    let (hours, cost) = (columns.numbers("hours")?, columns.numbers("cost")?);
    for (idx, employer) in employers.into_iter().enumerate() {
        let Some(year) = years[idx] else { continue };
        let whole = offered[idx].unwrap_or(0);
        let key = (fields[idx].clone(), year);
        marginals.entry(key).or_default().push(OfferMarginal {
            employer,
            n_programs: programs[idx].unwrap_or(0),
            cell: PartOfWhole {
                part: took_part[idx].unwrap_or(0).min(whole),
                whole,
            },
            took: ProgramCosts {
                hours: hours[idx],
                cost: cost[idx],
            },
        });
    }
    Ok(())
}

pub(super) async fn guidance(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<GuidanceYear>, LoadError> {
    let sql = "select * from {table} order by fiscal_year";
    let rows = tables.rows("effect_guidance_goal", sql).await?;
    let year = |row: &Row| {
        let n = row.known_count("n_finished")?;
        let shares = row.number("reached")?.zip(row.number("expected")?);
        let gain = ranged(row, "gain", "conf_low", "conf_high")?;
        let goal = shares.map(|(reached, expected)| GuidanceGoal {
            reached,
            expected,
            gain,
        });
        Ok(GuidanceYear {
            year: row.integer("fiscal_year")?,
            n_finished: release_count(n.unwrap_or(0), rules),
            reached: release_behind(goal, row.known_count("n_compared")?, rules),
        })
    };
    rows.iter().map(year).collect()
}

pub(super) async fn habits(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<HabitYear>, LoadError> {
    let sql = "select * from {table} order by habit, fiscal_year";
    let rows = tables.rows("summary_habit_points", sql).await?;
    let habit = |row: &Row| {
        Ok(HabitYear {
            habit: row.text("habit")?,
            indicator: row.text("indicator")?,
            year: row.integer("fiscal_year")?.unwrap_or(0),
            points: release_behind(row.integer("points")?, row.known_count("n_persons")?, rules),
        })
    };
    rows.iter().map(habit).collect()
}
