//! Names of runs and their parts that are unique among all projects.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

/// A UUID in its text form, made from what it names, so that nothing random enters a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunUuid(String);

impl RunUuid {
    /// The UUID of the run of `project` that began at `started_at` in process `pid`.
    #[must_use]
    pub fn of_run(project: &str, started_at: DateTime<Utc>, pid: u32) -> Self {
        let nanoseconds = started_at.timestamp_nanos_opt().unwrap_or_default();
        Self::of_text(&format!("run\n{project}\n{nanoseconds}\n{pid}"))
    }

    /// The UUID of part `name` of this run.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        Self::of_text(&format!("{}\n{name}", self.0))
    }

    /// As text: 36 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// RFC 9562, version 8: the maker's own 122 bits.
    fn of_text(text: &str) -> Self {
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
        Self(Builder::from_custom_bytes(bytes).into_uuid().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_well_formed_and_differ() {
        let at = DateTime::from_timestamp(1_700_000_000, 5).unwrap();
        let run = RunUuid::of_run("sample", at, 17);
        assert_eq!(run, RunUuid::of_run("sample", at, 17));
        assert_ne!(run, RunUuid::of_run("sample", at, 18));
        assert_ne!(run.part("a"), run.part("b"));
        let text = run.as_str();
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(text.as_bytes()[14], b'8');
        assert!("89ab".contains(char::from(text.as_bytes()[19])));
        assert_eq!(text, "75215ec4-7a39-8ee1-9dd5-c16bcb82163c");
    }
}
