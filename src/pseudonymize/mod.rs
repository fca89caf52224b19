//! `korabo pseudonymize`: the files that an insurer has, with real identifiers, → extracts without them. It runs at the holder, before
//! anything leaves. Native files are read by `korabo-formats`, tables in any layout by `mapping`; here are the inputs of a delivery, its
//! tokens and its files.
//!
//! ```text
//! *.UKE, checkup archives → Identity → tokens ┐
//! any table → mapping → tokens → Validator    ┴► tables of contracts (Parquet) + receipt + rejects
//! ```

mod content;
mod delivery;
mod error;
mod groups;
mod output;
mod request;
mod table_files;

pub use content::IdentifyingContent;
pub use delivery::{Input, PseudonymizedDelivery, pseudonymize};
pub use error::PseudonymizeError;
pub use groups::{GroupRules, GroupSizes};
pub use output::Receipt;
pub use request::PseudonymizeRequest;
