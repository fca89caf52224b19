//! Extract file → validated rows. [`source`] finds and hashes files, [`ExtractReader`] streams them,
//! [`Validator`] sorts their rows into [`ValidBatch`]es and [`RejectedRows`] by the table's contract. What is
//! accepted and what is not is written to the lake by whoever calls this.
//!
//! ```text
//! SourceFile ──► ExtractReader ──► RawBatch ──► Validator ──► ValidBatch
//!  (path, hash)   parquet, CSV     as received    contract  └─► RejectedRows
//! ```

mod canonical;
mod column_rules;
mod delimited;
mod deliver;
mod error;
mod expected;
mod file_schema;
mod find;
mod keys;
mod reader;
mod receipt;
mod rejects;
mod row_rules;
pub mod source;
mod text;
mod validate;

#[cfg(test)]
mod tests;

pub use crate::event::DeliveryEvent;
pub use deliver::{IngestSummary, ingest, pending, rejects_schema, rejects_table};
pub use error::{IngestError, Refusal, RefusalReason};
pub use file_schema::{SchemaProblem, SchemaRefusal};
pub use find::{Delivery, NamedDelivery};
pub use reader::{ExtractReader, RawBatch, ReadError};
pub use receipt::{
    DELIVERIES, DeliveryMode, Receipt, Recorded, deliveries_schema, delivery_of,
    recorded_deliveries,
};
pub use rejects::{RejectCount, RejectTally, RejectedRows, Rule};
pub use source::{SourceError, SourceFile, find_sources, hash_file};
pub use validate::{RowTotals, ValidBatch, ValidateError, Validated, Validator};
