//! Days since 1970-01-01, civil dates and Japanese fiscal years (April to March). Who lives through
//! those days is decided in `household` and `health`.

use chrono::{Datelike as _, NaiveDate};

/// Days since 1970-01-01 of a civil date.
pub(crate) fn day_of(year: i32, month: i32, day: i32) -> i32 {
    NaiveDate::from_ymd_opt(year, month.cast_unsigned(), day.cast_unsigned())
        .expect("the world knows which days a month has")
        .to_epoch_days()
}

fn date_of(day: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(day).expect("the simulated years have four digits")
}

/// Year, month and day of a day number as one integer YYYYMMDD.
pub(crate) fn yyyymmdd(day: i32) -> i32 {
    let date = date_of(day);
    date.year() * 10_000 + (date.month() * 100 + date.day()).cast_signed()
}

/// The fiscal year of a day.
pub(crate) fn fiscal_year(day: i32) -> i16 {
    let date = date_of(day);
    let fiscal = date.year() - i32::from(date.month() < 4);
    i16::try_from(fiscal).expect("the simulated years have four digits")
}

/// 1 April of a fiscal year.
pub(crate) fn first_day(fiscal_year: i16) -> i32 {
    day_of(i32::from(fiscal_year), 4, 1)
}

/// 31 March at the end of a fiscal year.
pub(crate) fn last_day(fiscal_year: i16) -> i32 {
    first_day(fiscal_year + 1) - 1
}

/// The month `months` after April of a fiscal year, as YYYYMM (0 = April).
pub(crate) fn month_after_april(fiscal_year: i16, months: i32) -> i32 {
    let index = i32::from(fiscal_year) * 12 + 3 + months;
    index / 12 * 100 + index % 12 + 1
}

/// First day of the month `months` after April of a fiscal year.
pub(crate) fn month_start(fiscal_year: i16, months: i32) -> i32 {
    let month = month_after_april(fiscal_year, months);
    day_of(month / 100, month % 100, 1)
}

/// The questionnaire term (第2期 … 第4期) of a fiscal year.
pub(crate) fn term_of(fiscal_year: i16) -> i16 {
    match fiscal_year {
        ..2018 => 2,
        2018..2024 => 3,
        _ => 4,
    }
}
