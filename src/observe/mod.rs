//! What happens in a run, and who is told: one kind of event, and sinks that make of it a log, lineage events, metrics or a
//! notification. No event carries a cell of data. Decides nothing about the run, and no sink can make it fail.

mod journal;
mod notify;
mod open_lineage;
mod post;
mod prometheus;
mod tally;
#[cfg(feature = "otel")]
mod traces;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use crate::ingest::DeliveryEvent;
use crate::pipeline;

pub use journal::{Interrupted, Journal, begun_at, forget_interrupted, interrupted};
pub use notify::{Notifier, UntoldRun};
pub use open_lineage::OpenLineage;
pub use prometheus::MetricsFile;
pub use tally::{CheckTally, DeliveryTally, Tally};
#[cfg(feature = "otel")]
pub use traces::{TraceParent, Traces};

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run has the lake's lock and begins.
    RunStarted(RunStart),
    /// A delivery began, was taken in or refused.
    Delivery(DeliveryEvent),
    /// Checks of the contracts were counted; only when there was something new.
    Checks(CheckTally),
    /// A table's step began, ended, failed or was skipped, with the tests of its header.
    Step(pipeline::Event),
    /// The run ended; always the last event.
    RunEnded(RunEnd),
}

/// What is known when a run begins.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// Names the run among all runs of all projects.
    pub uuid: RunUuid,
    /// Its number in `runs`. A run that finds nothing to do is not recorded, and the next one has the same number.
    pub run_id: i64,
    /// The project's name.
    pub project: String,
    /// `run`, `retry` or `ingest`.
    pub command: &'static str,
    /// What was selected; `None` for everything.
    pub selection: Option<String>,
    /// When it was planned to begin, if a schedule started it.
    pub nominal_start: Option<DateTime<Utc>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// In one word.
    pub outcome: RunOutcome,
    /// Exit code of the process.
    pub exit_code: u8,
    /// Seconds it took.
    pub elapsed: Duration,
    /// What could not be done, and why: one line per cause, no values from data. Empty when nothing failed.
    pub causes: Vec<String>,
    /// Tables that are stale now; `None` when nobody counted.
    pub n_stale: Option<u64>,
    /// Smallest match rate over all persons of a side in `linkage_quality`; `None` when nobody asked or there is none.
    pub match_rate: Option<f64>,
}

/// How a run ended, in the words of `runs.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It did what it was to do.
    Ok,
    /// Something failed.
    Failed,
    /// A signal stopped it.
    Stopped,
}

impl RunOutcome {
    /// The word in `runs.status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

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
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        Self(parts.join("-"))
    }
}

/// Who is told what happens.
pub trait Sink: Send + Sync {
    /// Takes in an event that happened at `at`. Must not block for long: the run waits.
    fn observe(&self, at: DateTime<Utc>, event: &Event);

    /// Waits, not for long, until everything is where it belongs. Called once, after [`Event::RunEnded`]. Says what could not
    /// be done.
    fn finish(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Tells every sink.
#[derive(Default)]
pub struct Observer {
    sinks: Vec<Box<dyn Sink>>,
}

impl Observer {
    /// Tells `sink` too, from now on.
    pub fn add(&mut self, sink: Box<dyn Sink>) {
        self.sinks.push(sink);
    }

    /// Tells what happened just now.
    pub fn tell(&self, event: &Event) {
        let now = Utc::now();
        for sink in &self.sinks {
            sink.observe(now, event);
        }
    }

    /// Ends every sink; what could not be done is for the log.
    #[must_use]
    pub fn finish(&self) -> Vec<String> {
        self.sinks.iter().flat_map(|sink| sink.finish()).collect()
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
    }
}
