//! One section `[schedule.NAME]`: when it is due, what it starts, and how failures and missed times are handled.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::times::Times;

/// One section `[schedule.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When it is due.
    pub times: Times,
    /// What it starts.
    pub command: ScheduledCommand,
    /// Tables to build, as `run` takes them; none: all.
    pub select: Vec<String>,
    /// Tables not to build.
    pub exclude: Vec<String>,
    /// What becomes of missed times.
    pub catch_up: CatchUp,
    /// A start is delayed by up to this many seconds.
    pub jitter_seconds: u32,
    /// How often a failed run is tried again.
    pub retries: u32,
    /// Seconds before the first of these; doubles each time, up to [`LONGEST_WAIT_SECONDS`].
    pub retry_seconds: u32,
    /// A run that takes longer is stopped, and counts as failed.
    pub max_seconds: Option<u32>,
}

/// What a schedule starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledCommand {
    /// `korabo run`.
    Run,
    /// `korabo maintain`.
    Maintain,
}

/// What becomes of times that passed while `korabo schedule` did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// They are left out.
    None,
    /// The latest of them is run at once.
    Latest,
}

/// No failed run waits longer than this before it is tried again.
pub const LONGEST_WAIT_SECONDS: u32 = 3_600;

impl Schedule {
    /// When the run of time `due` starts: some seconds later, always the same for this time.
    #[must_use]
    pub fn starts_at(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        let hash = Sha256::digest(format!("{} {}", self.name, due.timestamp()));
        let number = hash
            .iter()
            .take(8)
            .fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
        let seconds = number % (u64::from(self.jitter_seconds) + 1);
        due + TimeDelta::seconds(i64::try_from(seconds).unwrap_or(0))
    }

    /// The arguments behind the program's name, without global ones.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = match self.command {
            ScheduledCommand::Run => vec!["run".to_owned()],
            ScheduledCommand::Maintain => vec!["maintain".to_owned()],
        };
        for name in &self.exclude {
            arguments.extend(["--exclude".to_owned(), name.clone()]);
        }
        arguments.extend(self.select.iter().cloned());
        arguments
    }

    /// How long a run that failed `n_failed` times waits.
    pub(super) fn retry_after(&self, n_failed: u32) -> TimeDelta {
        let doubled = 1_u32
            .checked_shl(n_failed.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let seconds = self.retry_seconds.saturating_mul(doubled);
        TimeDelta::seconds(i64::from(seconds.min(LONGEST_WAIT_SECONDS)))
    }
}
