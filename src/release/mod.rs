//! The way out: definitions of tables (`releases/*.toml`) and presets of rules (`rules/release.toml`) → tables that may leave, each
//! with a certificate. Counts of persons are protected as sets of persons, together with all that has left before
//! ([`release_ledger`](crate::release_ledger)), by the crate `korabo-suppression`; estimates by the rules of `--release`. What leaves
//! is remembered first, then it becomes the table `released_NAME` of the lake and a file.
//!
//! ```text
//! definition → rows of persons → classes → protected pattern → rounded counts → shares → ledger → lake → file + certificate
//! ```

mod bundle;
mod certificate;
mod definition;
mod error;
mod files;
mod levels;
mod made;
mod make;
mod office;
mod preset;
mod protection;
mod rows;
mod small_table;
mod statement;
#[cfg(test)]
mod tests;
mod verify;
mod withheld;

pub use certificate::{Certificate, CertifiedRules};
pub use definition::{LevelsDefinition, RELEASES_FOLDER, ReleaseDefinition, ReleaseKind, Releases};
pub use error::{ReleaseFileError, TableReleaseError};
pub use office::{ReleaseOutcome, ReleaseResult, check, release};
pub use preset::{PRESETS_FILE, Preset, Rounding};
pub use verify::{VerifyError, verify};
