//! Keys as hashes.
//!
//! A key is compared by the SHA-256 of its normalised form behind a fixed text. Tokens are themselves HMACs of 256 bits: their hashes can
//! be compared with tokens that are known already, and not be searched for others.

use sha2::{Digest as _, Sha256};

use crate::link::normalize_key;

/// What is hashed before each key, so that the hashes are none of another use.
const PURPOSE: &str = "korabo withdrawn key 1\n";

/// The same for records.
const RECORD: &str = "korabo withdrawn record 1\n";

/// The SHA-256 of a normalised key, or of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of `key`, however it is written.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let hasher = Sha256::new().chain_update(PURPOSE);
        Self(
            hasher
                .chain_update(normalize_key(key).as_bytes())
                .finalize()
                .into(),
        )
    }

    /// The hash of a record of `table`, by the names and values of columns that other tables refer to it by.
    #[must_use]
    pub fn of_record(table: &str, values: &[(&str, &str)]) -> Self {
        let mut hasher = Sha256::new().chain_update(RECORD);
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        add(table);
        for (column, value) in values {
            add(column);
            add(value);
        }
        Self(hasher.finalize().into())
    }

    /// The hash that is written as `digits`, 64 hexadecimal ones; `None` for another text.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Its 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `korabo withdrawn key 1`, a line break and 64 times `a`, by coreutils' `sha256sum`.
    const OF_A: &str = "943f602ab82bba1113fb8dea37061f90cd2aca22f768066fa35106765e0b245f";

    #[test]
    fn a_key_has_one_hash_however_it_is_written() {
        let key = "a".repeat(64);
        assert_eq!(KeyHash::of(&key).to_hex(), OF_A);
        let wide = "Ａ".repeat(64);
        for written in [
            key.to_uppercase(),
            wide,
            format!(" {}-{} ", &key[..32], &key[32..]),
        ] {
            assert_eq!(KeyHash::of(&written).to_hex(), OF_A, "{written}");
        }
        assert_eq!(KeyHash::parse(OF_A), Some(KeyHash::of(&key)));
        assert_eq!(KeyHash::parse("ab"), None);
        assert_ne!(KeyHash::of(&"b".repeat(64)), KeyHash::of(&key));
    }

    #[test]
    fn a_record_is_its_table_and_values() {
        let of = |table: &str, value: &str| KeyHash::of_record(table, &[("a", value), ("b", "2")]);
        assert_eq!(of("claims", "1"), of("claims", "1"));
        assert_ne!(of("claims", "1"), of("claims", "12"));
        assert_ne!(of("claims", "1"), of("claim", "1"));
        assert_ne!(of("claims", "1"), KeyHash::of("1"));
    }
}
