//! What `korabo schedule` says, one line each.

use std::fmt;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;

use crate::diagnostic::counted;

/// Something worth a line in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The schedule.
    pub schedule: String,
    /// The time it is about, on the schedule's clocks.
    pub due: DateTime<Tz>,
    /// What happened.
    pub what: NoticeKind,
}

/// What happened with one time of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// A run starts.
    Starts {
        /// Runs of this time so far that failed.
        n_failed: u32,
    },
    /// It ended well.
    Ends,
    /// It failed and is tried again.
    FailsForNow {
        /// Exit code, or how it ended.
        how: String,
        /// Seconds until then.
        seconds: i64,
    },
    /// It failed and is not tried again.
    Fails {
        /// Exit code, or how it ended.
        how: String,
        /// Why it is not tried again.
        why: &'static str,
    },
    /// It takes longer than the schedule allows, and is stopped.
    Overtime {
        /// What the schedule allows.
        seconds: u32,
    },
    /// Another run holds the lake.
    Waits {
        /// Seconds until the next attempt.
        seconds: i64,
    },
    /// The time came while the run before was still running.
    Skipped,
    /// A later time came before this one was done.
    Replaced,
    /// `korabo schedule` was not running at this time, and it is left out.
    Missed,
    /// `korabo schedule` was not running at earlier times.
    MissedBefore {
        /// The first of them.
        first: DateTime<Tz>,
    },
    /// It was missed, or not brought to an end, and is run now.
    CaughtUp,
    /// It was not brought to an end, and `catch_up` is `none`.
    Dropped,
    /// The clock was far ahead when this time was dealt with.
    ClockWentBack,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |time: &DateTime<Tz>| time.to_rfc3339_opts(SecondsFormat::Secs, false);
        write!(f, "schedule {}, {}: ", self.schedule, show(&self.due))?;
        match &self.what {
            NoticeKind::Starts { n_failed: 0 } => f.write_str("starts"),
            NoticeKind::Starts { n_failed } => {
                write!(f, "starts again (failed so far: {n_failed})")
            }
            NoticeKind::Ends => f.write_str("done"),
            NoticeKind::FailsForNow { how, seconds } => {
                write!(f, "failed ({how}); tried again in {seconds} seconds")
            }
            NoticeKind::Fails { how, why } => write!(f, "failed ({how}); {why}"),
            NoticeKind::Overtime { seconds } => {
                let limit = counted(u64::from(*seconds), "second", "seconds");
                write!(f, "takes longer than {limit}; is stopped")
            }
            NoticeKind::Waits { seconds } => {
                write!(
                    f,
                    "another run holds the lake; asks every {seconds} seconds"
                )
            }
            NoticeKind::Skipped => f.write_str("skipped: the run before is still running"),
            NoticeKind::Replaced => f.write_str("given up: a later time is due"),
            NoticeKind::Missed => f.write_str("missed"),
            NoticeKind::MissedBefore { first } => {
                write!(f, "earlier times were missed, from {} on", show(first))
            }
            NoticeKind::CaughtUp => f.write_str("is caught up"),
            NoticeKind::Dropped => f.write_str("was not finished; left out (`catch_up` is `none`)"),
            NoticeKind::ClockWentBack => {
                f.write_str("is far in the future: the clock was set back; continues from now")
            }
        }
    }
}
