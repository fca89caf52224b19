//! The files that Japanese holders of health data really send, decoded to rows of contracts, and written again.
//!
//! ```text
//! UKE      ─► uke::ClaimReader     ─► Claim + Identity ─┐
//! zip, XML ─► checkup::ArchiveReader ─► Checkup + Identity ─┼─► Tokeniser ─► rows of contracts ─► tables (Arrow)
//! ```
//!
//! Fields that identify a person leave a reader in an [`Identity`], which prints nothing and is wiped when dropped; a
//! [`Tokeniser`] makes pseudonyms of it. Free text is never imported. Input is bounded everywhere: what is too long, too deep or too
//! large is a [`Reject`], as is whatever is malformed. Which tables there are, and what happens to the rows, is decided elsewhere.

pub mod checkup;
pub mod normalise;
pub mod tables;
pub mod uke;

mod identity;
mod known_persons;
mod reject;
mod tokeniser;

pub use identity::{Identity, IdentityFields, Sex};
pub use known_persons::KnownPersons;
pub use reject::{Place, Reject, Rejects, Rule};
pub use tokeniser::{MIN_SECRET_BYTES, PersonTokens, SecretError, Token, Tokeniser};
