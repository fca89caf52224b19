//! Electronic claims (レセプト電算, UKE): medical, DPC, dental and pharmacy.
//!
//! ```text
//! bytes ─► Lines ─► ClaimReader ─► Claim + Identity ─► RowMaker (masters, tokens) ─► rows of claims, claim_diagnoses, claim_drugs
//! ```
//!
//! A claim is one RE record and what follows it. Only codes, dates and numbers are read: names of diagnoses, comments (CO) and
//! symptom notes (SJ) are never decoded. Positions of fields, with their sources, are in `docs/formats/uke.md`.

mod claim;
mod lines;
mod masters;
mod open_claim;
mod reader;
mod rows;
mod versions;
mod writer;

#[cfg(test)]
mod tests;

pub use claim::{Beneficiary, Claim, ClaimFlags, ClaimKind, Diagnosis, Drug, Icd10, Payer};
pub use lines::Encoding;
pub use masters::{DiseaseMaster, DrugMaster, MasterError, MasterSummary, Masters};
pub use reader::{ClaimReader, ReadClaim, ReadOptions, ReadSummary};
pub use rows::{ClaimRow, ClaimRows, DiagnosisRow, DrugRow, RowMaker, UnknownCodes};
pub use versions::resolve_versions;
pub use writer::{UkeWriter, WriteError};
