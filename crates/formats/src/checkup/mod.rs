//! Specific health checkups (特定健診) and guidance (特定保健指導): archives of one CDA document per person.
//!
//! ```text
//! zip or folder ─► ArchiveReader ─► Document ─► ItemTable (codes → columns) ─► Checkup or Guidance + Identity
//! ```
//!
//! Elements are told by their local names, since namespaces changed between terms. Texts, among them findings and names of doctors, are
//! never read. Rules and sources are in `docs/formats/checkup.md`.

mod archive;
mod document;
mod guidance;
mod items;
mod judge;
mod row;
mod writer;
mod xml;

#[cfg(test)]
mod tests;

pub use archive::{ArchiveIndex, ArchiveReader, ArchiveSummary, Found, OpenError, Tables};
pub use document::{
    Act, Document, Interpretation, Observation, ReadDocument, Value, read_document,
};
pub use guidance::{Guidance, guidance_of, merge_guidance};
pub use items::{Column, Item, ItemError, ItemTable, ItemType};
pub use judge::{Judgements, Subject, Thresholds, judge, ngsp_of_jds};
pub use row::{Checkup, ItemCounts, checkup_of};
pub use writer::{ArchiveWriter, PackError, write_checkup, write_guidance};
