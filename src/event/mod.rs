//! What happens in a run, as values: ingest, checks, the pipeline and the run itself make events, sinks and the command line take
//! them. No event carries a cell of data.

mod check;
mod delivery;
mod observer;
mod run;
mod step;
mod uuid;

pub use self::uuid::RunUuid;
pub use check::{CheckCounts, CheckStatus, CheckTally};
pub use delivery::DeliveryEvent;
pub use observer::{Observer, Sink};
pub use run::{RunEnd, RunEvent, RunOutcome, RunStart};
pub use step::{Severity, StepEvent, StepOutcome, StepStatus, TestResult};
