//! Rows of checkups and guidance → documents of their archives.

use chrono::NaiveDate;
use korabo_formats::checkup::{
    Checkup, Guidance, ItemCounts, Judgements, Tables, write_checkup, write_guidance,
};

use super::cards::Card;
use super::lists::scaled;
use crate::calendar::yyyymmdd;
use crate::checkup::COLUMNS;
use crate::dirt::impossible_date;
use crate::rows::{CheckupRow, GuidanceRow};

/// Days between the first interview and the final evaluation.
const DAYS_OF_GUIDANCE: i32 = 180;

/// The document of a checkup; `None` for a day that no calendar of ours reaches.
pub(super) fn checkup(tables: &Tables, card: &Card<'_>, row: &CheckupRow) -> Option<String> {
    let mut values = vec![None; tables.checkups.columns().len()];
    for ((name, storage), value) in COLUMNS.iter().zip(row.cells) {
        // Term and kind of record have no item: they follow from the day and the values.
        if let Some(column) = tables.checkups.index(name) {
            values[column] = scaled(*storage, value);
        }
    }
    let checkup = Checkup {
        insurer_id: card.insurer_number.to_owned(),
        checkup_date: NaiveDate::from_epoch_days(row.date)?,
        fiscal_year: i32::from(row.fiscal_year),
        term: 0,
        record_kind: 0,
        values,
        is_jds_converted: false,
        era_crossed: false,
        judged: Judgements::default(),
        metabolic_agrees: None,
        guidance_agrees: None,
        counts: ItemCounts::default(),
    };
    let document = write_checkup(&checkup, &card.identity(), &tables.checkups);
    if !row.has_impossible_date {
        return Some(document);
    }
    let time = |day: i32| format!("<effectiveTime value=\"{day}\"/>");
    let day = yyyymmdd(row.date);
    Some(document.replace(&time(day), &time(impossible_date(day))))
}

/// The document of guidance; `None` where an offer was not taken up, of which no document is ever made.
pub(super) fn guidance(tables: &Tables, card: &Card<'_>, row: &GuidanceRow) -> Option<String> {
    let first_interview = row.first_interview?;
    let day = |day: i32| NaiveDate::from_epoch_days(day);
    let mut values = vec![None; tables.guidance.columns().len()];
    values[tables.guidance.index("level_code")?] = Some(f64::from(row.level));
    let guidance = Guidance {
        insurer_id: card.insurer_number.to_owned(),
        fiscal_year: i32::from(row.fiscal_year),
        is_year_of_ticket: true,
        category: if row.is_completed { 22 } else { 21 },
        level_code: Some(row.level),
        first_interview_date: day(first_interview),
        evaluation_date: row
            .is_completed
            .then(|| day(first_interview + DAYS_OF_GUIDANCE))
            .flatten(),
        is_completed: row.is_completed,
        n_supports: 0,
        values,
        counts: ItemCounts::default(),
    };
    Some(write_guidance(
        &guidance,
        &card.identity(),
        &tables.guidance,
    ))
}
