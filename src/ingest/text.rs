//! Text and calendar: how written numbers, days, months and tokens are understood. Blanks around a
//! value never matter, and full-width digits count as digits (NFKC is tried when the plain reading
//! fails).

use chrono::{Datelike as _, NaiveDate};
use unicode_normalization::UnicodeNormalization;

use super::rejects::Rule;
use crate::link::normalize_key;

/// The last day that is a date: 9999-12-31, which some holders write for "still enrolled".
pub(super) const LAST_DAY: i32 = 2_932_896;
/// The first day that is a date: 0001-01-01.
pub(super) const FIRST_DAY: i32 = -719_162;

/// Removes blanks (also ideographic ones) around `text`.
pub(super) fn trim(text: &str) -> &str {
    text.trim()
}

/// A text without any content is a missing value.
pub(super) fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}

/// Whether `text` is 64 hexadecimal digits, as it is or after [`normalize_key`].
pub(super) fn is_token(text: &str) -> bool {
    let is_hex = |text: &str| text.len() == 64 && all_hex(text.as_bytes());
    is_hex(text) || (text.len() != 64 && is_hex(&normalize_key(text)))
}

/// Branch-free over the whole text, so that it vectorises.
fn all_hex(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| {
        let digit = byte.wrapping_sub(b'0') < 10;
        let letter = (byte | 0x20).wrapping_sub(b'a') < 6;
        all & (digit | letter)
    })
}

/// A whole number: `12`, `+12`, `12.0`.
pub(super) fn parse_integer(text: &str) -> Result<i64, Rule> {
    read_twice(text, |text| {
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        match text.split_once('.') {
            Some((whole, rest)) if !rest.is_empty() && rest.bytes().all(|b| b == b'0') => {
                whole.parse().map_err(|_| Rule::Type)
            }
            _ if is_digits(text.trim_start_matches(['+', '-'])) => Err(Rule::Range),
            _ => Err(Rule::Type),
        }
    })
}

/// A finite decimal number.
pub(super) fn parse_number(text: &str) -> Result<f64, Rule> {
    read_twice(text, |text| {
        text.parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .ok_or(Rule::Type)
    })
}

/// `true`/`false` in any case, or `1`/`0`.
pub(super) fn parse_boolean(text: &str) -> Result<bool, Rule> {
    read_twice(text, |text| match text {
        "1" => Ok(true),
        "0" => Ok(false),
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Rule::Type),
    })
}

/// `YYYY-MM-DD`, `YYYY/MM/DD` or `YYYYMMDD` → days since 1970-01-01.
pub(super) fn parse_date(text: &str) -> Result<i32, Rule> {
    read_twice(text, |text| {
        let (year, month, day) = match *text.as_bytes() {
            [y1, y2, y3, y4, sep @ (b'-' | b'/'), m1, m2, other, d1, d2] if sep == other => {
                ([y1, y2, y3, y4], [m1, m2], [d1, d2])
            }
            [y1, y2, y3, y4, m1, m2, d1, d2] => ([y1, y2, y3, y4], [m1, m2], [d1, d2]),
            _ => return Err(Rule::Type),
        };
        let (year, month, day) = (digits(&year)?, digits(&month)?, digits(&day)?);
        days_from_civil(year, month, day).ok_or(Rule::Date)
    })
}

/// `YYYYMM`, `YYYY-MM` or `YYYY/MM` → the number YYYYMM.
pub(super) fn parse_month(text: &str) -> Result<i32, Rule> {
    read_twice(text, |text| {
        let (year, month) = match *text.as_bytes() {
            [y1, y2, y3, y4, b'-' | b'/', m1, m2] | [y1, y2, y3, y4, m1, m2] => {
                (digits(&[y1, y2, y3, y4])?, digits(&[m1, m2])?)
            }
            _ => return Err(Rule::Type),
        };
        let number = year * 100 + month;
        if is_month(number) {
            Ok(number)
        } else {
            Err(Rule::Date)
        }
    })
}

/// The whole number YYYYMMDD → days since 1970-01-01.
pub(super) fn date_from_number(number: i64) -> Result<i32, Rule> {
    if !(10_101..=99_991_231).contains(&number) {
        return Err(Rule::Date);
    }
    let number = i32::try_from(number).map_err(|_| Rule::Date)?;
    days_from_civil(number / 10_000, number / 100 % 100, number % 100).ok_or(Rule::Date)
}

/// Whether YYYYMM is a month of a year from 1 to 9999.
pub(super) fn is_month(number: i32) -> bool {
    (101..=999_912).contains(&number) && (1..=12).contains(&(number % 100))
}

/// The fiscal year (April to March) of a day given as days since 1970-01-01.
pub(super) fn fiscal_year(days: i32) -> i32 {
    // With years that begin in March, the year is one comparison away. Algorithm: Howard Hinnant, "chrono-compatible low-level date
    // algorithms".
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Day 31 of a year that begins on 1 March is 1 April.
    let year = era * 400 + year_of_era - i64::from(day_of_year < 31);
    i32::try_from(year).expect("a day in 32 bits is in a year of at most 23 bits")
}

/// Days since 1970-01-01 of a day of the Gregorian calendar; `None` when there is no such day in the years 1 to 9999.
fn days_from_civil(year: i32, month: i32, day: i32) -> Option<i32> {
    /// Days from the first of the year 1 to 1970-01-01, counted as chrono does.
    const EPOCH: i32 = 719_163;
    let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| (1..=9999).contains(&year))?;
    Some(date.num_days_from_ce() - EPOCH)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn digits(bytes: &[u8]) -> Result<i32, Rule> {
    bytes.iter().try_fold(0, |number, byte| {
        if byte.is_ascii_digit() {
            Ok(number * 10 + i32::from(byte - b'0'))
        } else {
            Err(Rule::Type)
        }
    })
}

/// Reads the trimmed text, and if that fails its NFKC form.
fn read_twice<T>(text: &str, read: impl Fn(&str) -> Result<T, Rule>) -> Result<T, Rule> {
    let plain = trim(text);
    match read(plain) {
        Err(_) if !plain.is_ascii() => read(trim(&plain.nfkc().collect::<String>())),
        result => result,
    }
}
