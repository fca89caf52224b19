//! Planted defects. Every damaged row carries exactly one, and every one is counted, so that a
//! pipeline can be held to finding them all. Together they stay near one percent of a table.

use super::calibration::Question;
use super::checkup::{Cells, FIRST_ANSWER, NULL, answer_column, column};
use super::random::Draws;

/// What is wrong with a checkup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckupDefect {
    /// A value outside what can be measured.
    OutOfRange,
    /// A code no term knows.
    WrongCode,
    /// A code only another term knows.
    TermMismatch,
    /// A date that is not in the calendar, such as 20230231.
    ImpossibleDate,
    /// Results and questionnaire in two rows, the latter dated 1 April.
    TwoRows,
}

impl CheckupDefect {
    /// Name in `truth.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OutOfRange => "out_of_range",
            Self::WrongCode => "wrong_code",
            Self::TermMismatch => "term_mismatch",
            Self::ImpossibleDate => "impossible_date",
            Self::TwoRows => "two_rows_one_year",
        }
    }
}

/// Draws the defect of a checkup, if any. Only integer dates can be impossible, and the two-row
/// delivery is the habit of one insurer.
pub(crate) fn draw_checkup_defect(
    draws: &mut Draws,
    term: i16,
    writes_integer_dates: bool,
) -> Option<CheckupDefect> {
    match draws.below(10_000) {
        0..30 => Some(CheckupDefect::OutOfRange),
        30..60 => Some(CheckupDefect::WrongCode),
        60..90 if term < 4 => Some(CheckupDefect::TermMismatch),
        90..120 if writes_integer_dates => Some(CheckupDefect::ImpossibleDate),
        120..240 if !writes_integer_dates => Some(CheckupDefect::TwoRows),
        _ => None,
    }
}

/// Damages the cells of a row as the defect says; the other kinds damage no cell.
pub(crate) fn damage_cells(draws: &mut Draws, cells: &mut Cells, defect: CheckupDefect) {
    match defect {
        CheckupDefect::OutOfRange => {
            let (at, value) = [
                (column::SBP, 999),
                (column::HBA1C, 560),
                (column::WEIGHT, 0),
                (column::DBP, 9000),
            ][draws.below(4) as usize];
            cells[at] = value;
        }
        CheckupDefect::WrongCode => {
            let question = [
                Question::Walking1h,
                Question::WalkFast,
                Question::SkipBreakfast,
            ];
            cells[answer_column(question[draws.below(3) as usize])] = 9;
        }
        CheckupDefect::TermMismatch => {
            let (question, code) = [
                (Question::Smoking, 3),
                (Question::DrinkingFrequency, 7),
                (Question::DrinkingAmount, 5),
            ][draws.below(3) as usize];
            cells[answer_column(question)] = code;
        }
        CheckupDefect::ImpossibleDate | CheckupDefect::TwoRows => {}
    }
}

/// The questionnaire-only half of a row; the row keeps the results.
pub(crate) fn split_questionnaire(cells: &mut Cells) -> Cells {
    let mut questionnaire = *cells;
    for cell in &mut questionnaire[2..FIRST_ANSWER] {
        *cell = NULL;
    }
    for cell in &mut cells[FIRST_ANSWER..] {
        *cell = NULL;
    }
    cells[column::RECORD_KIND] = 2;
    questionnaire[column::RECORD_KIND] = 3;
    questionnaire
}

/// How a claim is delivered once too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicate {
    /// The same row again.
    Exact,
    /// The same key with another amount.
    SameKey,
}

/// Draws whether a claim is delivered twice.
pub(crate) fn draw_duplicate(draws: &mut Draws) -> Option<Duplicate> {
    match draws.below(10_000) {
        0..15 => Some(Duplicate::Exact),
        15..25 => Some(Duplicate::SameKey),
        _ => None,
    }
}

/// 31 February of the year of a date: an integer date that does not exist.
pub(crate) fn impossible_date(yyyymmdd: i32) -> i32 {
    yyyymmdd / 10_000 * 10_000 + 231
}

/// The same key in full-width characters, as some personnel systems write it.
pub(crate) fn full_width(key: &str) -> String {
    key.chars()
        .map(|c| {
            // Every full-width form lies this far above its ASCII character.
            let shifted = u32::from(c) + 0xFEE0;
            char::from_u32(shifted)
                .filter(|_| c.is_ascii_graphic())
                .unwrap_or(c)
        })
        .collect()
}

/// Invented names for the extract that must be refused.
pub(crate) const INVENTED_NAMES: [&str; 8] = [
    "試験 一郎",
    "架空 花子",
    "見本 次郎",
    "例示 京子",
    "仮名 三郎",
    "模擬 葉子",
    "標本 四郎",
    "想定 梅子",
];
