//! Extract file → validated rows. [`source`] finds and hashes files, [`ExtractReader`] streams them,
//! [`Validator`] sorts their rows into [`ValidBatch`]es and [`RejectedRows`] by the table's contract. [`ingest`] does so with every
//! new delivery and writes both to the lake, with a receipt.
//!
//! ```text
//! SourceFile ──► ExtractReader ──► RawBatch ──► Validator ──► ValidBatch
//!  (path, hash)   parquet, CSV,    as received    contract  └─► RejectedRows
//!                 by mapping: any
//! ```

mod canonical;
mod column_rules;
mod deliver;
mod error;
mod expected;
mod file_schema;
mod find;
mod key_receipts;
mod keys;
mod reader;
mod reading;
mod receipt;
mod rejects;
mod removal;
mod row_rules;
pub mod source;
mod text;
mod validate;
mod validate_error;
mod withdrawn;

#[cfg(test)]
mod tests;

pub use crate::event::DeliveryEvent;
pub use crate::tabular::ReadError;
pub use deliver::{IngestSummary, ingest, pending};
pub use error::{IngestError, Refusal, RefusalReason};
pub use expected::expected;
pub use file_schema::{SchemaProblem, SchemaRefusal};
pub use find::{Delivery, DeliverySelection, NamedDelivery};
pub use reader::{ExtractReader, RawBatch};
pub use receipt::{
    DELIVERIES, DeliveryMode, Receipt, RecordedDelivery, deliveries_schema, delivery_of,
    recorded_deliveries,
};
pub use rejects::{RejectCount, RejectTally, RejectedRows, Rule, rejects_schema, rejects_table};
pub use source::{SourceError, SourceFile, find_sources, hash_file};
pub use validate::{RowTotals, SortedRows, ValidBatch, Validator};
pub use validate_error::ValidateError;
pub use withdrawn::{FORGOTTEN, withdraw_persons};
