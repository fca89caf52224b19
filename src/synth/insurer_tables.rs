//! Columns of the insurer's tables, in the order and types of the contracts. Insurer 1 writes in the
//! narrow style, insurer 2 in the wide one.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::DataType;

use super::calendar::yyyymmdd;
use super::checkup::{COLUMNS, Storage};
use super::columns::{
    Column, Style, cell, constant, dates, decimals, finished, flags, picked, running_numbers,
    strings, whole,
};
use super::community::MUNICIPALITIES;
use super::dirt::impossible_date;
use super::random::{TokenKind, token};
use super::rows::{CheckupRow, ChunkRows, ClaimRow, DiagnosisRow, DrugRow, GuidanceRow, MemberRow};
use super::world::{INSURERS, World};

/// Answer codes as strings, for insurers that write them so.
const ANSWER_CODES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The insurer's number and the chunk's keys.
pub(crate) struct InsurerContext {
    insurer: usize,
    style: Style,
    person_keys: ArrayRef,
    answer_codes: ArrayRef,
}

impl InsurerContext {
    /// The context of one insurer in one chunk.
    pub(crate) fn new(insurer: usize, rows: &ChunkRows) -> Self {
        Self {
            insurer,
            style: style_of(insurer),
            person_keys: key_list(rows),
            answer_codes: Arc::new(StringArray::from(ANSWER_CODES.to_vec())),
        }
    }

    fn insurer_id(&self, n_rows: usize) -> Column {
        constant("insurer_id", self.style, INSURERS[self.insurer], n_rows)
    }

    fn person_key(&self, persons: impl Iterator<Item = u32>) -> Column {
        picked(
            "person_key",
            self.style,
            &self.person_keys,
            persons.map(key_of),
            false,
        )
    }
}

/// How an insurer writes.
pub(crate) fn style_of(insurer: usize) -> Style {
    if insurer == 0 {
        Style::Narrow
    } else {
        Style::Wide
    }
}

/// The chunk's person keys as a list to pick from; never empty.
pub(crate) fn key_list(rows: &ChunkRows) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(&rows.person_keys))
}

/// A person's position as a dictionary key.
pub(crate) fn key_of(position: u32) -> Option<i32> {
    Some(i32::try_from(position).expect("a chunk holds fewer than 2^31 persons"))
}

/// The workplace key of a worksite on a day.
pub(crate) fn workplace_key(world: &World, worksite: u32, day: i32) -> String {
    let changes = world.worksites[worksite as usize].key_changes;
    let version = u64::from(changes.is_some_and(|from| day >= from));
    token(
        world.seed,
        TokenKind::Workplace,
        u64::from(worksite),
        version,
    )
}

/// Columns of `members`.
pub(crate) fn members(
    ctx: &InsurerContext,
    world: &World,
    first_person: u64,
    rows: &[MemberRow],
) -> Vec<Column> {
    let style = ctx.style;
    let household = |row: &MemberRow| {
        let subscriber = first_person + u64::from(row.subscriber);
        Some(token(world.seed, TokenKind::Household, subscriber, 0))
    };
    let municipality = |row: &MemberRow| {
        row.municipality
            .map(|m| MUNICIPALITIES[usize::from(m)].code)
    };
    let workplace = |row: &MemberRow| Some(workplace_key(world, row.worksite, row.from));
    let small = |value: i8| Some(i32::from(value));
    vec![
        ctx.insurer_id(rows.len()),
        ctx.person_key(rows.iter().map(|row| row.person)),
        strings("household_key", rows.iter().map(household), false),
        whole(
            "relationship",
            style,
            &DataType::Int8,
            rows.iter().map(|row| small(row.relationship)),
            false,
        ),
        whole(
            "sex",
            style,
            &DataType::Int8,
            rows.iter().map(|row| small(row.sex)),
            false,
        ),
        whole(
            "birth_year_month",
            style,
            &DataType::Int32,
            rows.iter().map(|row| Some(row.birth_year_month)),
            false,
        ),
        strings("municipality_code", rows.iter().map(municipality), true),
        strings("workplace_key", rows.iter().map(workplace), true),
        dates(
            "enrolled_from",
            style,
            rows.iter().map(|row| Some(row.from)),
            false,
        ),
        dates("enrolled_to", style, rows.iter().map(|row| row.to), true),
    ]
}

/// Columns of `checkups`.
pub(crate) fn checkups(ctx: &InsurerContext, rows: &[CheckupRow]) -> Vec<Column> {
    let style = ctx.style;
    let years = rows.iter().map(|row| Some(i32::from(row.fiscal_year)));
    let mut columns = vec![
        ctx.insurer_id(rows.len()),
        ctx.person_key(rows.iter().map(|row| row.person)),
        whole("fiscal_year", style, &DataType::Int16, years, false),
        checkup_dates(style, rows),
    ];
    for (at, (name, storage)) in COLUMNS.iter().enumerate() {
        let values = rows.iter().map(|row| cell(row.cells[at]));
        let nullable = at > 1;
        columns.push(match storage {
            Storage::Answer if style == Style::Wide => {
                picked(name, style, &ctx.answer_codes, values, nullable)
            }
            Storage::Code | Storage::Answer => {
                whole(name, style, &DataType::Int8, values, nullable)
            }
            Storage::Short => whole(name, style, &DataType::Int16, values, nullable),
            Storage::Long => whole(name, style, &DataType::Int32, values, nullable),
            Storage::Tenths => decimals(name, 10.0, values, nullable),
            Storage::Hundredths => decimals(name, 100.0, values, nullable),
        });
    }
    columns
}

fn checkup_dates(style: Style, rows: &[CheckupRow]) -> Column {
    let name = "checkup_date";
    if style == Style::Narrow {
        return dates(name, style, rows.iter().map(|row| Some(row.date)), false);
    }
    let written = |row: &CheckupRow| {
        let date = yyyymmdd(row.date);
        Some(if row.has_impossible_date {
            impossible_date(date)
        } else {
            date
        })
    };
    whole(
        name,
        Style::Narrow,
        &DataType::Int32,
        rows.iter().map(written),
        false,
    )
}

/// Columns of `claims`.
pub(crate) fn claims(ctx: &InsurerContext, rows: &[ClaimRow]) -> Vec<Column> {
    let style = ctx.style;
    let number = |name: &str, narrow: DataType, value: fn(&ClaimRow) -> i32| {
        whole(
            name,
            style,
            &narrow,
            rows.iter().map(|row| Some(value(row))),
            false,
        )
    };
    vec![
        ctx.insurer_id(rows.len()),
        running_numbers("claim_id", rows.iter().map(|row| row.claim)),
        ctx.person_key(rows.iter().map(|row| row.person)),
        number("care_month", DataType::Int32, |row| row.care_month),
        number("billed_month", DataType::Int32, |row| row.billed_month),
        number("claim_kind", DataType::Int8, |row| i32::from(row.kind)),
        flags("is_inpatient", rows.iter().map(|row| row.is_inpatient)),
        number("care_days", DataType::Int16, |row| i32::from(row.care_days)),
        number("points", DataType::Int32, |row| row.points),
        number("yen", DataType::Int32, |row| row.yen),
        flags("is_returned", rows.iter().map(|row| row.is_returned)),
    ]
}

/// Columns of `claim_diagnoses`.
pub(crate) fn diagnoses(ctx: &InsurerContext, rows: &[DiagnosisRow]) -> Vec<Column> {
    let billed = rows.iter().map(|row| Some(row.billed_month));
    vec![
        ctx.insurer_id(rows.len()),
        running_numbers("claim_id", rows.iter().map(|row| row.claim)),
        whole("billed_month", ctx.style, &DataType::Int32, billed, false),
        strings("icd10", rows.iter().map(|row| Some(row.icd10)), false),
        flags("is_suspected", rows.iter().map(|row| row.is_suspected)),
        flags("is_main", rows.iter().map(|row| row.is_main)),
    ]
}

/// Columns of `claim_drugs`.
pub(crate) fn drugs(ctx: &InsurerContext, rows: &[DrugRow]) -> Vec<Column> {
    let billed = rows.iter().map(|row| Some(row.billed_month));
    let days = rows.iter().map(|row| Some(i32::from(row.days_supplied)));
    vec![
        ctx.insurer_id(rows.len()),
        running_numbers("claim_id", rows.iter().map(|row| row.claim)),
        whole("billed_month", ctx.style, &DataType::Int32, billed, false),
        strings(
            "drug_class",
            rows.iter().map(|row| Some(row.drug_class)),
            false,
        ),
        whole("days_supplied", ctx.style, &DataType::Int16, days, false),
    ]
}

/// Columns of `guidance`.
pub(crate) fn guidance(ctx: &InsurerContext, rows: &[GuidanceRow]) -> Vec<Column> {
    let style = ctx.style;
    let years = rows.iter().map(|row| Some(i32::from(row.fiscal_year)));
    let levels = rows.iter().map(|row| Some(i32::from(row.level)));
    vec![
        ctx.insurer_id(rows.len()),
        ctx.person_key(rows.iter().map(|row| row.person)),
        whole("fiscal_year", style, &DataType::Int16, years, false),
        whole("level_code", style, &DataType::Int8, levels, false),
        dates(
            "first_interview_date",
            style,
            rows.iter().map(|row| row.first_interview),
            true,
        ),
        flags("is_completed", rows.iter().map(|row| row.is_completed)),
    ]
}

/// Names a list of finished arrays; the flag tells whether nulls are allowed.
pub(crate) fn named(names: &[(&str, bool)], arrays: Vec<ArrayRef>) -> Vec<Column> {
    names
        .iter()
        .zip(arrays)
        .map(|((name, nullable), array)| finished(name, *nullable, array))
        .collect()
}
