//! On which legal basis the data of each source come to who runs a project: `basis` and `receivers` of sources against `rules/law.toml`.

mod bases;
mod error;

#[cfg(test)]
mod tests;

pub use bases::{LegalBases, require_bases};
pub use error::{LAW_FILE, LawError};
