//! Files as holders have them → rows as contracts have them. A mapping (`mappings/NAME.toml`) says which header is which column;
//! `rules/headers.toml` what holders usually call columns and write in them, from which a mapping is proposed.
//!
//! ```text
//! file ─► TextTable ─► (Pivot) ─► Mapper ─► batches of a contract, all text ─► Validator (ingest, pseudonymize)
//!          any layout   long       headers, words, dates, SQL, tokens
//! ```

mod assignment;
mod error;
mod expression;
mod found_table;
mod header;
mod header_rules;
mod identity;
mod mapped_table;
mod mapper;
mod mappings;
mod person_key;
mod pivot;
mod propose;
mod score;
mod source_mapping;
mod tokens;
mod value;
mod written;

#[cfg(test)]
mod tests;

pub use error::{HEADERS_FILE, MAPPINGS_FOLDER, MappingError};
pub use header_rules::HeaderRules;
pub use identity::{IdentityField, TokenKind};
pub use mapped_table::MappedTable;
pub use mappings::Mappings;
pub use person_key::PersonKey;
pub use propose::{Certainty, Proposal, ProposedColumn, Target, propose};
pub use source_mapping::{ColumnSource, LongLayout, Origin, SourceMapping};
pub use tokens::TokenMaker;
