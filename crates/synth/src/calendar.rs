//! Days since 1970-01-01, civil dates and Japanese fiscal years (April to March). Who lives through
//! those days is decided in `household` and `health`.

/// Days since 1970-01-01 of a civil date (proleptic Gregorian; Hinnant's `days_from_civil`).
pub(crate) fn day_of(year: i32, month: i32, day: i32) -> i32 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day number as one integer YYYYMMDD.
pub(crate) fn yyyymmdd(day: i32) -> i32 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    year * 10_000 + month * 100 + day_of_month
}

/// The fiscal year of a day.
pub(crate) fn fiscal_year(day: i32) -> i16 {
    let date = yyyymmdd(day);
    let year = date / 10_000;
    let fiscal = if date / 100 % 100 >= 4 {
        year
    } else {
        year - 1
    };
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
