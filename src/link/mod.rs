//! Pure record linkage. Today: the one rule by which keys of different holders are made comparable.
//! The joins themselves are SQL in `queries/link_*.sql`.

mod keys;

pub use keys::{KEY_RULE_VERSION, normalize_key};

#[cfg(test)]
mod tests;
