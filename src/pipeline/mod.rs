//! From query files to published tables: order, staleness, execution, checks before publishing, and the
//! history of runs. What a query means is its SQL; what it costs is the engine's business.

mod answer_memory;
mod audit;
mod catalogue;
mod column_use;
mod context;
mod dag;
mod data_test;
mod diff;
mod error;
mod estimate;
mod header;
mod header_columns;
mod history;
mod identity;
mod lineage;
mod losses;
mod made_text;
mod meanings;
mod origins;
mod parts;
mod plans;
mod project;
mod query;
mod query_check;
mod query_files;
mod release_rules;
mod run;
mod select;
mod sources;
mod stale;
mod start_order;
mod statement;
mod step;
mod summary;
mod table_help;
mod templates;

pub use crate::event::{Severity, StepOutcome, StepStatus, TestResult};
pub use catalogue::Catalogue;
pub use column_use::{ColumnUse, Sources, TableColumn};
pub use dag::{Dag, GivenTables};
pub use data_test::{AgeUnit, DataTest, Rule};
pub use diff::{
    Cause, EstimateChange, EstimateState, MovedValue, PastRun, RootCause, RowsDiff, RunDiff,
    TableDiff, diff, past_runs,
};
pub use error::PipelineError;
pub use estimate::{estimate, evaluation_panel};
pub use header::{DeclaredJoin, Header, Identity, Materialize, Sensitivity};
pub use history::{
    LastRun, RUN_STEPS, RUNS, RunRecord, TEST_RESULTS, end_of_run, last_run, match_rate, record_run,
};
pub use lineage::{Lineage, MadeColumn, MadeTable};
pub use losses::{losses, require_whole};
pub use meanings::Meanings;
pub use plans::settings;
pub use project::{Project, is_record};
pub use query::{Query, Stage};
pub use run::build;
pub use select::{LakeState, Selection, with_dependents};
pub use stale::{PlannedStep, Work, plan};
pub use start_order::StartOrderQueries;
pub use statement::statement;
pub use summary::RunSummary;
pub use table_help::table_help;
