//! Keys as hashes, and which rows have one of them.
//!
//! A key is compared by the SHA-256 of its normalised form behind a fixed text. Tokens are themselves HMACs of 256 bits: their hashes can
//! be compared with tokens that are known already, and not be searched for others.

use std::collections::HashSet;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use sha2::{Digest as _, Sha256};

use crate::link::normalize_key;

/// What is hashed before each key, so that the hashes are none of another use.
const PURPOSE: &str = "korabo withdrawn key 1\n";

/// The SHA-256 of a normalised key.
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

/// Why a key is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// It was asked for.
    Asked,
    /// It stood beside one that was asked for, in another column that names persons, and beside no key of other persons.
    SamePerson,
    /// It names what the person may share with others (a household), and goes with the last row that has it.
    Shared,
}

impl KeyKind {
    /// The kinds by the words of `withdrawn_keys.kind`.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("asked", Self::Asked),
        ("same_person", Self::SamePerson),
        ("shared", Self::Shared),
    ];

    /// The word in `withdrawn_keys.kind`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::SamePerson => "same_person",
            Self::Shared => "shared",
        }
    }
}

/// Keys that were withdrawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawnKeys {
    /// Those that name persons.
    pub persons: HashSet<KeyHash>,
    /// Those of what persons share.
    pub shared: HashSet<KeyHash>,
}

impl WithdrawnKeys {
    /// Whether no person was withdrawn.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// Adds a key; whether it was not there.
    pub fn add(&mut self, key: KeyHash, kind: KeyKind) -> bool {
        match kind {
            KeyKind::Asked | KeyKind::SamePerson => self.persons.insert(key),
            KeyKind::Shared => self.shared.insert(key),
        }
    }

    /// Which rows of a column name a withdrawn person.
    #[must_use]
    pub fn in_column(&self, column: &ArrayRef) -> Vec<bool> {
        let is_withdrawn =
            |key: Option<KeyHash>| key.is_some_and(|key| self.persons.contains(&key));
        hashes_of(column).into_iter().map(is_withdrawn).collect()
    }

    /// Which rows of a batch name a withdrawn person in one of `columns`, those of them that the batch has.
    #[must_use]
    pub fn in_batch(&self, batch: &RecordBatch, columns: &[String]) -> BooleanArray {
        let mut found = vec![false; batch.num_rows()];
        for column in columns {
            let Some(column) = batch.column_by_name(column) else {
                continue;
            };
            for (found, is_withdrawn) in found.iter_mut().zip(self.in_column(column)) {
                *found |= is_withdrawn;
            }
        }
        BooleanArray::from(found)
    }

    /// Whether a row that was rejected, a JSON object of texts, has a cell that names a withdrawn person.
    #[must_use]
    pub fn in_row(&self, row: &str) -> bool {
        hashes_of_row(row)
            .iter()
            .any(|key| self.persons.contains(key))
    }
}

/// The hash of each value of a column of texts, missing for missing ones and in other columns.
#[must_use]
pub fn hashes_of(column: &ArrayRef) -> Vec<Option<KeyHash>> {
    match cast(column, &DataType::Utf8) {
        Ok(texts) if is_text(column.data_type()) => {
            let texts = texts.as_string::<i32>().iter();
            texts.map(|text| text.map(KeyHash::of)).collect()
        }
        _ => vec![None; column.len()],
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        data_type => matches!(
            data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        ),
    }
}

/// The hashes of the texts of a rejected row.
#[must_use]
pub fn hashes_of_row(row: &str) -> Vec<KeyHash> {
    let row: serde_json::Value = serde_json::from_str(row).unwrap_or_default();
    let cells = row.as_object().into_iter().flat_map(|row| row.values());
    let texts = cells.filter_map(serde_json::Value::as_str);
    texts.map(KeyHash::of).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::StringArray;

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
    fn rows_are_found_by_any_column_and_rejected_ones_by_any_cell() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let mut keys = WithdrawnKeys::default();
        assert!(keys.add(KeyHash::of(&a), KeyKind::Asked));
        assert!(!keys.add(KeyHash::of(&a), KeyKind::SamePerson));
        keys.add(KeyHash::of(&b), KeyKind::Shared);
        let first: ArrayRef = Arc::new(StringArray::from(vec![Some(a.as_str()), None, Some(&b)]));
        let second: ArrayRef = Arc::new(StringArray::from(vec![None, Some(a.as_str()), Some(&b)]));
        let batch = RecordBatch::try_from_iter([("first", first), ("second", second)]).unwrap();
        let found = |columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            let found = keys.in_batch(&batch, &columns);
            found.values().iter().collect::<Vec<bool>>()
        };
        assert_eq!(found(&["first", "other"]), [true, false, false]);
        assert_eq!(found(&["first", "second"]), [true, true, false]);
        assert!(keys.in_row(&format!("{{\"x\":\"1\",\"key\":\"{}\"}}", a.to_uppercase())));
        assert!(!keys.in_row(&format!("{{\"x\":null,\"key\":\"{b}\"}}")));
        assert!(!keys.in_row("{}"));
    }
}
