//! From query files to published tables: order, staleness, execution, checks before publishing, and the
//! history of runs. What a query means is its SQL; what it costs is the engine's business.

mod dag;
mod error;
mod header;
mod history;
mod identity;
mod lineage;
mod project;
mod query;
mod run;
mod stale;
mod step;

pub use dag::{Dag, GivenTables};
pub use error::PipelineError;
pub use header::{DeclaredJoin, Header, Identity, Materialize, Sensitivity};
pub use history::{RUN_STEPS, RUNS, RunRecord, record_run};
pub use lineage::{Lineage, TableColumn};
pub use project::{Project, register_undelivered};
pub(crate) use query::tables_read;
pub use query::{Query, Stage};
pub use run::{Event, RunSummary, StepOutcome, StepStatus, build};
pub use stale::{PlannedStep, plan};
