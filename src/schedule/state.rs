//! What `korabo schedule` remembers between two starts: one small JSON file in the lake's folder, replaced as a whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::section::Schedule;

/// Why the saved times cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be used.
    #[error("cannot save the times of the schedules")]
    File(#[source] std::io::Error),
    /// The file is not what `korabo schedule` writes.
    #[error("the saved times of the schedules cannot be read")]
    Broken(#[source] serde_json::Error),
}

/// Remembered times, by schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleTimes {
    pub(super) schedules: BTreeMap<String, ScheduleMemory>,
}

/// What is remembered of one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScheduleMemory {
    /// Its expression and zone: with others, nothing was missed.
    pub(super) times: String,
    /// The latest time something was decided about.
    pub(super) handled: DateTime<Utc>,
    /// A time whose run has not come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) open: Option<DateTime<Utc>>,
}

impl ScheduleTimes {
    /// Reads the file; nothing is remembered where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(file: &Path) -> Result<Self, StateError> {
        match fs_err::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(StateError::Broken),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(StateError::File(error)),
        }
    }

    /// Writes the file: the old one stays until the new one is on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, file: &Path) -> Result<(), StateError> {
        let text = serde_json::to_string_pretty(self).expect("strings and times serialize");
        let new = file.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut out = fs_err::File::create(&new)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs_err::rename(&new, file)
        };
        write().map_err(StateError::File)
    }

    /// The latest time of schedule `name` that something was decided about.
    #[must_use]
    pub fn handled(&self, name: &str) -> Option<DateTime<Utc>> {
        self.schedules.get(name).map(|known| known.handled)
    }

    /// Keeps exactly `schedules`; one that is new or has other times starts now, with nothing missed.
    pub(super) fn align(&mut self, schedules: &[Schedule], now: DateTime<Utc>) {
        self.schedules
            .retain(|name, _| schedules.iter().any(|schedule| schedule.name == *name));
        for schedule in schedules {
            let times = schedule.times.text();
            let known = self.schedules.get(&schedule.name);
            if known.is_none_or(|known| known.times != times) {
                let fresh = ScheduleMemory {
                    times,
                    handled: now,
                    open: None,
                };
                self.schedules.insert(schedule.name.clone(), fresh);
            }
        }
    }
}
