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
mod deliver;
mod error;
mod find;
mod receipt;
mod delimited;
mod file_schema;
mod keys;
mod reader;
mod rejects;
mod row_rules;
pub mod source;
mod text;
mod validate;

#[cfg(test)]
mod tests;

pub use deliver::{
    DeliveryEvent, IngestSummary, ingest, pending, rejects_schema, rejects_table,
};
pub use error::{IngestError, Refusal, RefusalReason};
pub use find::{Delivery, NamedDelivery};
pub use receipt::{DELIVERIES, DeliveryMode, Receipt, deliveries_schema};
pub use file_schema::{SchemaProblem, SchemaRefusal};
pub use reader::{ExtractReader, RawBatch, ReadError};
pub use rejects::{RejectCount, RejectTally, RejectedRows, Rule};
pub use source::{SourceError, SourceFile, find_sources, hash_file};
pub use validate::{RowTotals, ValidBatch, ValidateError, Validated, Validator};
