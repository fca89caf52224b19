//! Days and months in every form that holders write them: Western or by Japanese era, with or without separators.

use chrono::{Datelike as _, NaiveDate};

use super::text::{is_hyphen, without_blanks};

/// A day and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatedDay {
    /// The day.
    pub day: NaiveDate,
    /// Whether the day lies in the era it was written with.
    pub flag: DateFlag,
}

/// A month and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatedMonth {
    /// The month.
    pub month: YearMonth,
    /// Whether the month lies in the era it was written with.
    pub flag: DateFlag,
}

/// Whether a date is to be read with care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFlag {
    /// The date exists as written.
    AsWritten,
    /// The date lies outside its era, as 31 May 平成31 (Heisei ended in April) or 3 February 令和1. The year is that of the era by
    /// arithmetic.
    EraCrossed,
}

/// Why a date cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateProblem {
    /// Nothing is written.
    #[error("no date is given")]
    Missing,
    /// What is written has no form of a date.
    #[error("not a date in a known form")]
    Form,
    /// The form is right, but there is no such year, month or day.
    #[error("a day or month that does not exist")]
    NoSuchDay,
}

/// A month as the number YYYYMM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct YearMonth(u32);

impl YearMonth {
    /// The month, or `None` where there is none such between the years 1868 and 2999.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let is_month = (1868..=2999).contains(&year) && (1..=12).contains(&month);
        is_month.then(|| Self(year.unsigned_abs() * 100 + month))
    }

    /// The month that holds `day`.
    #[must_use]
    pub fn of(day: NaiveDate) -> Option<Self> {
        Self::new(day.year(), day.month())
    }

    /// The number YYYYMM.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

/// The fiscal year (April to March) of a day.
#[must_use]
pub fn fiscal_year(day: NaiveDate) -> i32 {
    day.year() - i32::from(day.month() < 4)
}

struct Era {
    /// Digit in coded dates (年号区分).
    code: u32,
    /// Names, longest first.
    names: [&'static str; 3],
    /// The year before the era's first.
    base: i32,
    /// First day, as (year, month, day). On 30 July 1912 and 25 December 1926 two eras met.
    first: (i32, u32, u32),
    /// Last day; far ahead for the present one.
    last: (i32, u32, u32),
}

const ERAS: [Era; 5] = [
    Era {
        code: 1,
        names: ["明治", "明", "M"],
        base: 1867,
        first: (1868, 1, 25),
        last: (1912, 7, 30),
    },
    Era {
        code: 2,
        names: ["大正", "大", "T"],
        base: 1911,
        first: (1912, 7, 30),
        last: (1926, 12, 25),
    },
    Era {
        code: 3,
        names: ["昭和", "昭", "S"],
        base: 1925,
        first: (1926, 12, 25),
        last: (1989, 1, 7),
    },
    Era {
        code: 4,
        names: ["平成", "平", "H"],
        base: 1988,
        first: (1989, 1, 8),
        last: (2019, 4, 30),
    },
    Era {
        code: 5,
        names: ["令和", "令", "R"],
        base: 2018,
        first: (2019, 5, 1),
        last: (2999, 12, 31),
    },
];

/// Numbers of a date as written.
struct DateNumbers {
    era: Option<&'static Era>,
    year: i32,
    month: u32,
    /// 0 where only a month is written.
    day: u32,
}

/// Reads a day.
///
/// Forms: `1969-10-28`, `1969/10/28`, `1969.10.28`, `1969年10月28日`, `19691028`, a time of day after it (dropped); `昭和44年10月28日`,
/// `昭44.10.28`, `S44.10.28`, `S441028`, `令和元年5月1日`, years in kanji; `3441028` with the era's digit first. Full-width characters and blanks do
/// not matter. Western years have four digits.
///
/// # Errors
/// [`DateProblem`].
pub fn parse_day(raw: &str) -> Result<DatedDay, DateProblem> {
    let written = parse(raw)?;
    let year = written.western_year();
    let day = NaiveDate::from_ymd_opt(year, written.month, written.day)
        .filter(|_| YearMonth::new(year, written.month).is_some());
    let day = match (day, written.day) {
        (_, 0) => return Err(DateProblem::Form),
        (day, _) => day.ok_or(DateProblem::NoSuchDay)?,
    };
    let crossed = written.era.is_some_and(|era| {
        let written = (day.year(), day.month(), day.day());
        written < era.first || era.last < written
    });
    Ok(DatedDay {
        day,
        flag: flag(crossed),
    })
}

/// Reads a month, in the forms of [`parse_day`] without the day, and also `202006` and `43101` (the era's digit first). A day after it is
/// dropped, but has to exist.
///
/// # Errors
/// [`DateProblem`].
pub fn parse_month(raw: &str) -> Result<DatedMonth, DateProblem> {
    let written = parse(raw)?;
    if written.day != 0 {
        let DatedDay { day, flag } = parse_day(raw)?;
        let month = YearMonth::of(day).ok_or(DateProblem::NoSuchDay)?;
        return Ok(DatedMonth { month, flag });
    }
    let year = written.western_year();
    let month = YearMonth::new(year, written.month).ok_or(DateProblem::NoSuchDay)?;
    let crossed = written.era.is_some_and(|era| {
        let written = (year, written.month);
        written < (era.first.0, era.first.1) || (era.last.0, era.last.1) < written
    });
    Ok(DatedMonth {
        month,
        flag: flag(crossed),
    })
}

fn flag(crossed: bool) -> DateFlag {
    if crossed {
        DateFlag::EraCrossed
    } else {
        DateFlag::AsWritten
    }
}

impl DateNumbers {
    fn western_year(&self) -> i32 {
        self.era.map_or(self.year, |era| era.base + self.year)
    }
}

fn parse(raw: &str) -> Result<DateNumbers, DateProblem> {
    // No form of a date is longer; what is longer is not worth its normalisation.
    const LONGEST: usize = 160;
    if raw.len() > LONGEST {
        return Err(DateProblem::Form);
    }
    let raw = raw.trim();
    // Digits alone need no normalisation.
    if !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return from_run(raw);
    }
    let plain = without_blanks(without_time(raw));
    let plain = plain.trim_end_matches("生まれ").trim_end_matches('生');
    if plain.is_empty() {
        return Err(DateProblem::Missing);
    }
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return from_run(plain);
    }
    let upper = plain.to_uppercase();
    let named = ERAS.iter().find_map(|era| {
        let rest = era.names.iter().find_map(|name| upper.strip_prefix(name))?;
        Some((era, rest.to_owned()))
    });
    match named {
        Some((era, rest)) => from_era(era, &rest),
        None => from_parts(None, &upper),
    }
}

/// A run of digits: the number of digits tells the form.
fn from_run(run: &str) -> Result<DateNumbers, DateProblem> {
    let number = |from: usize, to: usize| run[from..to].parse().map_err(|_| DateProblem::Form);
    let coded = |day: u32| -> Result<DateNumbers, DateProblem> {
        let code: u32 = number(0, 1)?;
        let era = ERAS.iter().find(|era| era.code == code);
        let year = number(1, 3)?;
        Ok(DateNumbers {
            era: Some(era.ok_or(DateProblem::NoSuchDay)?),
            year: i32::try_from(year).map_err(|_| DateProblem::Form)?,
            month: number(3, 5)?,
            day,
        })
        .and_then(with_year)
    };
    let western = |day: u32| -> Result<DateNumbers, DateProblem> {
        let year = number(0, 4)?;
        Ok(DateNumbers {
            era: None,
            year: i32::try_from(year).map_err(|_| DateProblem::Form)?,
            month: number(4, 6)?,
            day,
        })
    };
    // A coded or Western day of "00" is no day, not a month.
    let day = |from: usize| match number(from, from + 2)? {
        0 => Err(DateProblem::NoSuchDay),
        day => Ok(day),
    };
    match run.len() {
        5 => coded(0),
        6 => western(0),
        7 => coded(day(5)?),
        // Twelve and fourteen digits have a time of day behind the day.
        8 | 12 | 14 => western(day(6)?),
        _ => Err(DateProblem::Form),
    }
}

/// Years of eras count from 1.
fn with_year(written: DateNumbers) -> Result<DateNumbers, DateProblem> {
    if written.year == 0 {
        return Err(DateProblem::NoSuchDay);
    }
    Ok(written)
}

fn from_era(era: &'static Era, rest: &str) -> Result<DateNumbers, DateProblem> {
    let rest = rest.strip_prefix(['.', '/', '-']).unwrap_or(rest);
    if rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return from_run(&format!("{}{rest}", era.code));
    }
    if rest.len() == 4 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return from_run(&format!("{}{rest}", era.code));
    }
    from_parts(Some(era), rest).and_then(with_year)
}

/// Two or three numbers between separators.
fn from_parts(era: Option<&'static Era>, rest: &str) -> Result<DateNumbers, DateProblem> {
    let rest = rest
        .trim_end_matches(['日', '.', '/'])
        .trim_end_matches('月');
    let is_separator = |c| is_hyphen(c) || matches!(c, '年' | '月' | '.' | '/' | '・' | ',');
    let mut parts = rest.split(is_separator);
    let mut next = |longest: usize| parts.next().map(|part| small_number(part, longest));
    let year = next(4).ok_or(DateProblem::Form)??;
    let month = next(2).ok_or(DateProblem::Form)??;
    let day = next(2).transpose()?;
    if parts.next().is_some() || (era.is_none() && year < 1000) || (era.is_some() && year > 99) {
        return Err(DateProblem::Form);
    }
    match day {
        Some(0) => Err(DateProblem::NoSuchDay),
        day => Ok(DateNumbers {
            era,
            year: i32::try_from(year).map_err(|_| DateProblem::Form)?,
            month,
            day: day.unwrap_or(0),
        }),
    }
}

/// What comes before a time of day or a zone: `1969-10-28T00:00:00`, `1969/10/28 0:00`, `19691028+0900`.
fn without_time(raw: &str) -> &str {
    let date = raw.split_once('+').map_or(raw, |(date, _)| date);
    let Some((before, _)) = date.split_once(':') else {
        return date;
    };
    let time = before.rfind(|c: char| c == 'T' || c.is_whitespace());
    time.map_or(before, |at| &before[..at])
}

/// A number in digits or in kanji; `元` is 1.
fn small_number(part: &str, longest: usize) -> Result<u32, DateProblem> {
    if part == "元" {
        return Ok(1);
    }
    if !part.is_empty() && part.len() <= longest && part.bytes().all(|byte| byte.is_ascii_digit()) {
        return part.parse().map_err(|_| DateProblem::Form);
    }
    kanji_number(part).ok_or(DateProblem::Form)
}

/// Numbers in kanji up to 99, counted (`四十四`) or digit by digit (`四四`, `一九六九`).
fn kanji_number(part: &str) -> Option<u32> {
    const DIGITS: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let digit = |c: char| {
        DIGITS
            .iter()
            .position(|known| *known == c)
            .map(|d| d as u32)
    };
    if part.is_empty() || part.chars().count() > 4 {
        return None;
    }
    if let Some((tens, ones)) = part.split_once('十') {
        let one_digit = |text: &str, empty: u32| match text.chars().next() {
            None => Some(empty),
            Some(c) => digit(c).filter(|_| text.chars().count() == 1),
        };
        return Some(one_digit(tens, 1)? * 10 + one_digit(ones, 0)?);
    }
    part.chars()
        .try_fold(0, |number, c| Some(number * 10 + digit(c)?))
}
