//! A guidance document → what was done and reached, and the stages of one person's guidance as one.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::document::Document;
use super::items::ItemTable;
use super::row::{Found, ItemCounts};
use crate::identity::Identity;
use crate::normalise;
use crate::reject::{Place, Rejects, Rule};

/// Sections of guidance documents.
const FIRST_INTERVIEW: [u32; 2] = [90_020, 90_030];
const SUPPORT: u32 = 90_040;
const FINAL_EVALUATION: u32 = 90_060;

/// Category of the report on a final evaluation.
const FINAL_REPORT: u32 = 22;

/// Guidance of one person, as one document tells it or several together. Values are in the order of [`ItemTable::columns`].
#[derive(Clone, Debug, PartialEq)]
pub struct Guidance {
    /// Insurer, 8 digits.
    pub insurer_id: String,
    /// Fiscal year of the checkup that it followed: that of the ticket, else of the first interview.
    pub fiscal_year: i32,
    /// Whether the ticket told the year.
    pub is_year_of_ticket: bool,
    /// Category of the (last) report: 21 beginning, 22 final evaluation, 23 broken off, 24 other, 25 first interview unfinished.
    pub category: u32,
    /// Level of support; `None` where the file does not tell it.
    pub level_code: Option<i8>,
    /// Day of the first interview.
    pub first_interview_date: Option<NaiveDate>,
    /// Day of the final evaluation.
    pub evaluation_date: Option<NaiveDate>,
    /// Whether a final evaluation was reported.
    pub is_completed: bool,
    /// Number of supports between.
    pub n_supports: u32,
    /// Values by column.
    pub values: Vec<Option<f64>>,
    /// What became of the results.
    pub counts: ItemCounts,
}

/// Reads a guidance document by the table of items.
///
/// # Errors
/// The rule that it breaks as a whole: no guidance, no day, no insurer.
pub fn guidance_of(
    document: &Document,
    identity: &Identity,
    table: &ItemTable,
    (place, rejects): (&Place, &mut Rejects),
) -> Result<Guidance, Rule> {
    if !matches!(document.category, 20..=29) {
        return Err(Rule::NotThisDocument);
    }
    let insurer_id = identity.insurer_number().ok_or(Rule::NoInsurer)?.to_owned();
    let mut found = Found::new(table);
    for observation in &document.observations {
        // Documents list far more items than the table takes; those are no mistake of the sender.
        if table.item(&observation.item).is_none() {
            continue;
        }
        if let Err(rule) = found.add(observation, table, 4) {
            found.counts.n_refused += 1;
            let place = Place {
                byte: Some(observation.byte),
                record: Some(observation.item.clone()),
                ..place.clone()
            };
            rejects.add(place, rule);
        }
    }
    let values = found.chosen(table);
    let day_in = |sections: &[u32]| {
        let acts = document
            .acts
            .iter()
            .filter(|act| sections.contains(&act.section));
        acts.filter_map(|act| act.day).min()
    };
    let is_completed = document.category == FINAL_REPORT;
    let first_interview_date =
        day_in(&FIRST_INTERVIEW).or(document.service_day.filter(|_| document.category == 21));
    let evaluation_date =
        day_in(&[FINAL_EVALUATION]).or(document.service_day.filter(|_| is_completed));
    let day = first_interview_date
        .or(document.service_day)
        .ok_or(Rule::DateForm)?;
    let year_of_ticket = ticket_year(document.ticket_year, normalise::fiscal_year(day));
    let supports = document.acts.iter().filter(|act| act.section == SUPPORT);
    let level = table.index("level_code").and_then(|index| values[index]);
    Ok(Guidance {
        insurer_id,
        fiscal_year: year_of_ticket.unwrap_or_else(|| normalise::fiscal_year(day)),
        is_year_of_ticket: year_of_ticket.is_some(),
        category: document.category,
        level_code: level.map(|level| level as i8),
        first_interview_date,
        evaluation_date,
        is_completed,
        n_supports: u32::try_from(supports.count()).unwrap_or(u32::MAX),
        values,
        counts: found.counts,
    })
}

/// Guidance begins within two years of the checkup; another year on the ticket is none.
fn ticket_year(two_digits: Option<u32>, year_of_day: i32) -> Option<i32> {
    let year = 2_000 + i32::try_from(two_digits?).ok()?;
    (year_of_day - 2..=year_of_day)
        .contains(&year)
        .then_some(year)
}

/// One for each key, insurer and fiscal year: later stages add to earlier ones and win where both tell something.
#[must_use]
pub fn merge_guidance<K: Ord + Clone>(stages: Vec<(K, Guidance)>) -> Vec<(K, Guidance)> {
    let mut merged: BTreeMap<(K, String, i32), Guidance> = BTreeMap::new();
    for (person, stage) in stages {
        let key = (person, stage.insurer_id.clone(), stage.fiscal_year);
        match merged.get_mut(&key) {
            Some(known) => add_stage(known, stage),
            None => {
                merged.insert(key, stage);
            }
        }
    }
    merged
        .into_iter()
        .map(|((person, ..), guidance)| (person, guidance))
        .collect()
}

fn add_stage(known: &mut Guidance, stage: Guidance) {
    let day = |guidance: &Guidance| guidance.evaluation_date.or(guidance.first_interview_date);
    let (earlier, later) = if day(&stage) >= day(known) {
        (known.clone(), stage)
    } else {
        (stage, known.clone())
    };
    *known = Guidance {
        insurer_id: later.insurer_id,
        fiscal_year: later.fiscal_year,
        is_year_of_ticket: earlier.is_year_of_ticket && later.is_year_of_ticket,
        // A later report does not take a final evaluation back.
        category: if later.is_completed || !earlier.is_completed {
            later.category
        } else {
            earlier.category
        },
        level_code: later.level_code.or(earlier.level_code),
        first_interview_date: match (earlier.first_interview_date, later.first_interview_date) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        },
        evaluation_date: later.evaluation_date.or(earlier.evaluation_date),
        is_completed: earlier.is_completed || later.is_completed,
        n_supports: earlier.n_supports.max(later.n_supports),
        values: later
            .values
            .iter()
            .zip(&earlier.values)
            .map(|(one, other)| one.or(*other))
            .collect(),
        counts: later.counts,
    };
}
