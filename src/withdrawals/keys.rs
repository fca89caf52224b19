//! Which rows of a table are of withdrawn persons.

use std::collections::HashSet;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

use super::columns::{PersonColumns, RecordColumns};
use super::hash::KeyHash;

/// Why a key is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// It was asked for.
    Asked,
    /// It stood beside one that was asked for, in another column that names persons, and beside no key of other persons.
    SamePerson,
    /// It is a record of the person (a claim) that other tables refer to (diagnoses).
    Record,
    /// It names what the person may share with others (a household), and goes with the last row that has it.
    Shared,
}

impl KeyKind {
    /// The kinds by the words of `withdrawn_keys.kind`.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("asked", Self::Asked),
        ("same_person", Self::SamePerson),
        ("record", Self::Record),
        ("shared", Self::Shared),
    ];

    /// The word in `withdrawn_keys.kind`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::SamePerson => "same_person",
            Self::Record => "record",
            Self::Shared => "shared",
        }
    }
}

/// Keys that were withdrawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawnKeys {
    /// Those that name persons.
    pub persons: HashSet<KeyHash>,
    /// Their records that other tables refer to.
    pub records: HashSet<KeyHash>,
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
            KeyKind::Record => self.records.insert(key),
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

    /// Which rows of a batch are of a withdrawn person, by the columns that it has.
    #[must_use]
    pub fn in_batch(&self, batch: &RecordBatch, columns: &PersonColumns) -> BooleanArray {
        let mut found = vec![false; batch.num_rows()];
        let mut add = |flags: Vec<bool>| {
            for (found, is_withdrawn) in found.iter_mut().zip(flags) {
                *found |= is_withdrawn;
            }
        };
        for column in columns
            .keys
            .iter()
            .filter_map(|name| batch.column_by_name(name))
        {
            add(self.in_column(column));
        }
        for record in &columns.records {
            if let Some(arrays) = record.arrays_of(batch) {
                add(self.in_records(record, &arrays));
            }
        }
        BooleanArray::from(found)
    }

    /// Which rows refer to a record of a withdrawn person by these columns.
    #[must_use]
    pub fn in_records(&self, record: &RecordColumns, arrays: &[ArrayRef]) -> Vec<bool> {
        let is_withdrawn =
            |key: Option<KeyHash>| key.is_some_and(|key| self.records.contains(&key));
        let keys = hashes_of_records(record, arrays);
        keys.into_iter().map(is_withdrawn).collect()
    }

    /// Whether a row that was rejected, a JSON object of texts, is of a withdrawn person.
    #[must_use]
    pub fn in_row(&self, row: &str, columns: &PersonColumns) -> bool {
        let row: serde_json::Value = serde_json::from_str(row).unwrap_or_default();
        let is_person = hashes_of_cells(&row).any(|key| self.persons.contains(&key));
        let is_record = |record: &RecordColumns| {
            let values = record.columns.iter().map(|name| row.get(name)?.as_str());
            let values: Option<Vec<&str>> = values.collect();
            let key = values.map(|values| record.hash_of(&values));
            key.is_some_and(|key| self.records.contains(&key))
        };
        is_person || columns.records.iter().any(is_record)
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

/// The hash of the record that each row refers to, missing where a value is.
#[must_use]
pub fn hashes_of_records(record: &RecordColumns, arrays: &[ArrayRef]) -> Vec<Option<KeyHash>> {
    let texts = arrays.iter().map(|array| cast(array, &DataType::Utf8));
    let Ok(texts) = texts.collect::<Result<Vec<_>, _>>() else {
        return vec![None; arrays.first().map_or(0, |array| array.len())];
    };
    let texts: Vec<&StringArray> = texts.iter().map(|array| array.as_string::<i32>()).collect();
    let n_rows = texts.first().map_or(0, |column| column.len());
    let of_row = |row: usize| {
        let values = texts
            .iter()
            .map(|column| column.is_valid(row).then(|| column.value(row)));
        let values: Option<Vec<&str>> = values.collect();
        values.map(|values| record.hash_of(&values))
    };
    (0..n_rows).map(of_row).collect()
}

/// The hashes of the texts of a rejected row.
#[must_use]
pub fn hashes_of_row(row: &str) -> Vec<KeyHash> {
    let row: serde_json::Value = serde_json::from_str(row).unwrap_or_default();
    hashes_of_cells(&row).collect()
}

fn hashes_of_cells(row: &serde_json::Value) -> impl Iterator<Item = KeyHash> {
    let cells = row.as_object().into_iter().flat_map(|row| row.values());
    let texts = cells.filter_map(serde_json::Value::as_str);
    texts.map(KeyHash::of)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::Int32Array;

    use super::*;

    #[test]
    fn rows_are_found_by_any_column_and_by_records_and_rejected_ones_by_any_cell() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let mut keys = WithdrawnKeys::default();
        assert!(keys.add(KeyHash::of(&a), KeyKind::Asked));
        assert!(!keys.add(KeyHash::of(&a), KeyKind::SamePerson));
        keys.add(KeyHash::of(&b), KeyKind::Shared);
        let first: ArrayRef = Arc::new(StringArray::from(vec![Some(a.as_str()), None, Some(&b)]));
        let second: ArrayRef = Arc::new(StringArray::from(vec![None, Some(a.as_str()), Some(&b)]));
        let batch = RecordBatch::try_from_iter([("first", first), ("second", second)]).unwrap();
        let found = |columns: &[&str]| {
            let columns = PersonColumns {
                keys: columns.iter().map(ToString::to_string).collect(),
                ..PersonColumns::default()
            };
            let found = keys.in_batch(&batch, &columns);
            found.values().iter().collect::<Vec<bool>>()
        };
        assert_eq!(found(&["first", "other"]), [true, false, false]);
        assert_eq!(found(&["first", "second"]), [true, true, false]);
        let record = RecordColumns {
            table: "claims".to_owned(),
            table_columns: vec!["id".to_owned(), "month".to_owned()],
            columns: vec!["claim".to_owned(), "billed".to_owned()],
        };
        let columns = PersonColumns {
            records: vec![record.clone()],
            ..PersonColumns::default()
        };
        let in_row = |row: &str| keys.in_row(row, &columns);
        assert!(in_row(&format!(
            "{{\"x\":\"1\",\"key\":\"{}\"}}",
            a.to_uppercase()
        )));
        assert!(!in_row(&format!("{{\"x\":null,\"key\":\"{b}\"}}")));
        assert!(!in_row("{}"));
        // By a record: the values of all columns of the reference.
        let mut keys = keys.clone();
        keys.add(record.hash_of(&["7", "202404"]), KeyKind::Record);
        let claims: ArrayRef = Arc::new(StringArray::from(vec![Some("7"), Some("7"), None]));
        let months: ArrayRef = Arc::new(Int32Array::from(vec![202_404, 202_405, 202_404]));
        let batch = RecordBatch::try_from_iter([("claim", claims), ("billed", months)]).unwrap();
        let found: Vec<bool> = keys.in_batch(&batch, &columns).values().iter().collect();
        assert_eq!(found, [true, false, false]);
        assert!(keys.in_row("{\"claim\":\"7\",\"billed\":\"202404\"}", &columns));
        assert!(!keys.in_row("{\"claim\":\"7\",\"billed\":\"202405\"}", &columns));
    }
}
