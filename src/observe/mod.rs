//! What is made of the events of a run: a log that outlives the process, lineage events, metrics, traces, notifications. Each is a
//! sink. Decides nothing about the run, and no sink can make it fail.

mod journal;
mod notify;
mod open_lineage;
mod post;
mod prometheus;
mod redacted;
mod tally;
mod traces;

pub use journal::{InterruptedRun, Journal, begun_at, forget_interrupted, interrupted};
pub use notify::{Notifier, UntoldRun};
pub use open_lineage::OpenLineage;
pub use prometheus::MetricsFile;
pub use redacted::redacted;
pub use tally::{DeliveryTally, Tally};
pub use traces::{TraceParent, Traces};
