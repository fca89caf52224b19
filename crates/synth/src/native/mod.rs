//! A world whose insurers hold files as insurers really do, with identifiers: a list of members, claims (UKE), archives of checkups and
//! guidance, lists of checkups as vendors send them. Everybody in them is invented.
//!
//! Keys of the other tables (links of employees, workplaces) are tokens of the same invented identities under a secret, so that what is
//! made of the native files under that secret fits them. What native files cannot carry is in `docs/formats/synthetic.md`.

mod cards;
mod checkups;
mod claims;
mod files;
mod lists;
mod masters;
#[cfg(test)]
mod tests;

pub(crate) use files::NativeFiles;
