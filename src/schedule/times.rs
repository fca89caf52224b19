//! When a schedule is due: a cron expression read on the wall clock of a time zone. The calendar is croner's; what
//! happens when a clock is put forward or back is decided here, so that it holds for every expression.

use chrono::{
    DateTime, MappedLocalTime, NaiveDateTime, SubsecRound as _, TimeDelta, TimeZone as _, Utc,
};
use chrono_tz::{TZ_VARIANTS, Tz};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::diagnostic::did_you_mean;

/// Why a cron expression or a time zone cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimesError {
    /// Too few or too many fields.
    #[error("five fields (minute, hour, day, month, weekday), or six with seconds before them")]
    Fields,
    /// A field is wrong.
    #[error("a cron expression ({reason})")]
    Cron {
        /// What is wrong with it.
        reason: String,
    },
    /// A day that no calendar has.
    #[error("a cron expression of a day that exists")]
    Never,
    /// No such time zone.
    #[error("an IANA time zone like `Asia/Tokyo`{hint}")]
    Zone {
        /// The nearest name.
        hint: String,
    },
}

/// The times of a schedule.
///
/// When the clock is put forward, a time that the day leaves out falls on the moment after the hole, once however many
/// were in it. When it is put back, a time that comes twice counts the first time only. An expression whose hours hold
/// a `*` means an interval instead: it is due whenever the clock shows its time, so neither zero times nor twice an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    text: String,
    cron: Cron,
    zone: Tz,
    is_interval: bool,
}

/// Which of two moments with one wall-clock time is meant.
#[derive(Clone, Copy)]
enum Half {
    First,
    Second,
}

impl Times {
    /// Reads a cron expression and the name of the time zone it is meant in.
    ///
    /// # Errors
    /// When one of them is none, or the expression names no day that comes.
    pub fn parse(cron: &str, zone: Tz) -> Result<Self, TimesError> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let hours = match fields.len() {
            5 => fields[1],
            6 => fields[2],
            _ => return Err(TimesError::Fields),
        };
        let parser = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .build();
        let parsed = parser.parse(cron).map_err(|error| TimesError::Cron {
            reason: error.to_string().trim_end_matches('.').to_owned(),
        })?;
        let times = Self {
            text: fields.join(" "),
            cron: parsed,
            zone,
            is_interval: hours.contains('*'),
        };
        // A leap year and a leap year after a year without: every day there is comes within eight years.
        let some_day = DateTime::UNIX_EPOCH;
        times.next_after(some_day).ok_or(TimesError::Never)?;
        Ok(times)
    }

    /// The time zone of a name.
    ///
    /// # Errors
    /// [`TimesError::Zone`] when there is none.
    pub fn zone_of(name: &str) -> Result<Tz, TimesError> {
        name.parse().map_err(|_| TimesError::Zone {
            hint: did_you_mean(name, TZ_VARIANTS.iter().map(|zone| zone.name())),
        })
    }

    /// The expression with single blanks, and the zone.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {}", self.text, self.zone.name())
    }

    /// The time zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// `time` on the clocks of the zone.
    #[must_use]
    pub fn local(&self, time: DateTime<Utc>) -> DateTime<Tz> {
        time.with_timezone(&self.zone)
    }

    /// The first time after `after`; `None` where the calendar ends.
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = after.trunc_subsecs(0);
        let shown = self.local(after).naive_local();
        let first = self.search(shown, after, Half::First);
        if !self.is_interval {
            return first;
        }
        // In the first half of a repeated hour, its second half is still to come as a whole.
        let repeated = match self.zone.from_local_datetime(&shown) {
            MappedLocalTime::Ambiguous(first, second) => second - first,
            _ => TimeDelta::zero(),
        };
        let second = self.search(shown - repeated, after, Half::Second);
        match (first, second) {
            (Some(first), Some(second)) => Some(first.min(second)),
            (first, second) => first.or(second),
        }
    }

    /// The first moment after `after` at which the clock, showing more than `shown`, shows a time of the expression.
    fn search(
        &self,
        shown: NaiveDateTime,
        after: DateTime<Utc>,
        half: Half,
    ) -> Option<DateTime<Utc>> {
        let mut shown = shown;
        loop {
            let found = self.cron.find_next_occurrence(&shown.and_utc(), false);
            shown = found.ok()?.naive_utc();
            if let Some(time) = self.moment(shown, half)
                && time > after
            {
                return Some(time);
            }
        }
    }

    /// The moment at which the clock shows `shown`; of a time in a hole, the moment after the hole or none.
    fn moment(&self, shown: NaiveDateTime, half: Half) -> Option<DateTime<Utc>> {
        match (self.zone.from_local_datetime(&shown), half) {
            (MappedLocalTime::Single(time), _)
            | (MappedLocalTime::Ambiguous(time, _), Half::First)
            | (MappedLocalTime::Ambiguous(_, time), Half::Second) => Some(time.to_utc()),
            (MappedLocalTime::None, _) if self.is_interval => None,
            (MappedLocalTime::None, _) => self.after_hole(shown),
        }
    }

    /// The first moment after the hole that `shown` lies in. Holes begin and end at full minutes and are at most a
    /// day long.
    fn after_hole(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        let minute = shown - TimeDelta::seconds(shown.and_utc().timestamp().rem_euclid(60));
        (1..=1_500).find_map(|n| {
            let later = minute + TimeDelta::minutes(n);
            let found = self.zone.from_local_datetime(&later).earliest()?;
            Some(found.to_utc())
        })
    }
}
