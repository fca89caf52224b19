//! Columns of the insurer's tables, in the order and types of the contracts. Insurer 1 writes in the
//! narrow style, insurer 2 in the wide one.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;

use super::calendar::yyyymmdd;
use super::checkup::{COLUMNS, N_COLUMNS, Storage};
use super::columns::{
    Column, Style, cell, constant, dates, decimals, few, finished, flags, keyed, picked,
    running_numbers, whole,
};
use super::dirt::impossible_date;
use super::identity::symbol;
use super::municipalities::MUNICIPALITIES;
use super::random::{Token, TokenKind, token};
use super::rows::{BatchRows, CheckupRow, ClaimRow, DiagnosisRow, DrugRow, GuidanceRow, MemberRow};
use super::world::{INSURERS, World};

/// Answer codes as strings, for insurers that write them so.
const ANSWER_CODES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The insurer's number and the batch's keys.
pub(crate) struct InsurerContext {
    insurer: usize,
    style: Style,
    person_keys: Arc<StringArray>,
    answer_codes: Arc<StringArray>,
}

impl InsurerContext {
    /// The contexts of all insurers in one batch.
    pub(crate) fn all(rows: &BatchRows) -> [Self; INSURERS.len()] {
        let person_keys = rows.person_keys.iter().map(AsRef::as_ref);
        let person_keys = Arc::new(StringArray::from_iter_values::<&str, _>(person_keys));
        let answer_codes = Arc::new(StringArray::from(ANSWER_CODES.to_vec()));
        std::array::from_fn(|insurer| Self {
            insurer,
            style: style_of(insurer),
            person_keys: Arc::clone(&person_keys),
            answer_codes: Arc::clone(&answer_codes),
        })
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

/// A person's position as a dictionary key.
pub(crate) fn key_of(position: u32) -> Option<i32> {
    Some(i32::try_from(position).expect("a batch holds fewer than 2^31 persons"))
}

/// The workplace key of a worksite on a day.
pub(crate) fn workplace_key(world: &World, worksite: u32, day: i32) -> Token {
    let is_new = has_new_key(world, worksite, day);
    if let Some(native) = &world.native {
        let insurer = INSURERS[usize::from(world.employer_of(worksite).insurer)];
        let fields = [insurer, &symbol(worksite, is_new)];
        return Token::of(&native.tokeniser.token("workplace", &fields));
    }
    let version = u64::from(is_new);
    token(
        world.seed,
        TokenKind::Workplace,
        u64::from(worksite),
        version,
    )
}

pub(crate) fn has_new_key(world: &World, worksite: u32, day: i32) -> bool {
    let changes = world.worksites[worksite as usize].key_changes;
    changes.is_some_and(|from| day >= from)
}

/// Columns of `members`.
pub(crate) fn members(
    ctx: &InsurerContext,
    world: &World,
    first_person: u64,
    rows: &[MemberRow],
) -> Vec<Column> {
    let style = ctx.style;
    let household = |subscriber: u32| {
        let subscriber = first_person + u64::from(subscriber);
        token(world.seed, TokenKind::Household, subscriber, 0)
    };
    let workplace = |row: &MemberRow| {
        let is_new = has_new_key(world, row.worksite, row.from);
        Some((row.worksite, is_new))
    };
    let workplace_token = |(worksite, is_new): (u32, bool)| {
        let day = if is_new { i32::MAX } else { i32::MIN };
        workplace_key(world, worksite, day)
    };
    let small = |value: i8| Some(i32::from(value));
    vec![
        ctx.insurer_id(rows.len()),
        ctx.person_key(rows.iter().map(|row| row.person)),
        keyed(
            "household_key",
            rows.iter().map(|row| Some(row.subscriber)),
            household,
            false,
        ),
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
        keyed(
            "municipality_code",
            rows.iter().map(|row| row.municipality),
            |place| MUNICIPALITIES[usize::from(place)].code,
            true,
        ),
        keyed(
            "workplace_key",
            rows.iter().map(workplace),
            workplace_token,
            true,
        ),
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
    for (at, ((name, storage), values)) in COLUMNS.iter().zip(by_column(rows)).enumerate() {
        let values = values.iter().map(|value| cell(*value));
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

/// The cells column by column, turned a few rows at a time while they are at hand.
fn by_column(rows: &[CheckupRow]) -> [Vec<i16>; N_COLUMNS] {
    let mut columns = std::array::from_fn(|_| Vec::with_capacity(rows.len()));
    for rows in rows.chunks(64) {
        for (at, column) in columns.iter_mut().enumerate() {
            column.extend(rows.iter().map(|row| row.cells[at]));
        }
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
        few("icd10", rows.iter().map(|row| row.icd10)),
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
        few("drug_class", rows.iter().map(|row| row.drug_class)),
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
