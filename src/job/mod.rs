//! What changes the lake from its lock to its record: a run (ingest → checks → tables → report) or ingest alone. A job takes a
//! project, a selection and options as values, tells what happens as events to the observer it is given, and returns how it ended.
//! It prints nothing, reads no environment and knows no arguments, so that a scheduler or another program can call it.
//!
//! ```text
//! lock → killed run into the history → RunStarted → ingest → checks → build → report → WorkEnded → history │ Ending → RunEnded
//! ```

mod checked;
mod diagnosis;
mod ending;
mod error;
mod forms;
mod gate;
mod ingest;
mod observers;
mod options;
mod record;
mod release;
mod report;
mod retry;
mod run;
mod selection;
mod stop;
mod totals;
mod untold;
mod workspace;

pub use diagnosis::{Diagnosis, add_causes};
pub use ending::{EndedJob, JobEnding};
pub use error::JobError;
pub use gate::{describe_result, evaluate_checks};
pub use ingest::ingest;
pub use options::JobOptions;
pub use release::person;
pub use report::{ReportRequest, write_report};
pub use retry::{Retry, retry};
pub use run::{Job, run};
pub use selection::{pending, selected_tables, tables_of};
pub use stop::{StopReason, until};
pub use totals::Totals;
pub use untold::notify_not_begun;
pub use workspace::Workspace;
