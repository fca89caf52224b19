//! SQL over lake tables: sessions with limits, planning, answers to inquiries, what may leave of a result, errors in
//! words. Nothing outside of this folder makes a `SessionContext`.

mod checks;
mod context;
mod decoded_files;
mod describe;
mod dialect;
mod error;
mod evaluation_calls;
mod expansion;
mod explain;
mod file_error;
mod filter_rule;
mod from_first;
pub(crate) mod inquiry;
mod local_files;
mod measure;
mod named_files;
mod names;
pub(crate) mod nesting;
mod options;
mod passing;
mod place;
mod planning;
mod provider;
mod query;
mod reading;
mod reference;
mod release;
mod scan;
mod sorting;
pub(crate) mod statements;
mod summary;
mod unplannable;
mod user;
mod views;
mod wide_rows;
mod yielding;

pub use checks::Newest;
pub use context::{Session, empty_table, lake_table, view, whole_view};
pub use describe::{WRITE_REFUSED, causes};
pub(crate) use dialect::BoundedDialect;
pub use error::{ErrorClass, SessionError};
pub(crate) use evaluation_calls::asked_for as evaluation_asked_for;
pub(crate) use from_first::{check_expression, parse_statements};
pub use inquiry::{AnswerError, Inquiry, StatementAnswer};
pub use nesting::{THREAD_STACK, TooComplicated};
pub use options::{SessionOptions, available_memory, default_memory_limit};
pub use place::{ErrorPlace, split_place};
pub(crate) use planning::scalar;
pub use query::{CopyTarget, ParsedQuery};
pub use reading::{Reading, reading};
pub use reference::{FunctionSummary, HELP_COLUMNS, PROSE};
pub use release::{
    MemoryError, ReleaseError, ReleaseMemory, ReleaseRules, TableRoles, WithheldCounts,
};
pub use sorting::{SortedColumn, sorting_of};
pub use user::{CATALOG, MemoryShare, SCHEMA};
pub(crate) use yielding::JOIN_THREADS;
