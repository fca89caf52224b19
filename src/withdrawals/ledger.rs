//! The tables `withdrawn_keys`, a row per key, and `withdrawals`, a row per withdrawal and table.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};

use super::hash::KeyHash;
use super::keys::{KeyKind, WithdrawnKeys};
use crate::lake::{Lake, LakeError, Provenance, PublishMode};

/// Table of the hashes of withdrawn keys.
pub const WITHDRAWN_KEYS: &str = "withdrawn_keys";
/// Table of withdrawals.
pub const WITHDRAWALS: &str = "withdrawals";

/// One withdrawal: what was asked, and what was found where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its number, from 1.
    pub id: i64,
    /// When it was asked for, microseconds since 1970 UTC.
    pub asked_at: i64,
    /// When the last file was gone; missing while it is not.
    pub finished_at: Option<i64>,
    /// SHA-256 of the normalised keys that were asked for, sorted, each with a line break.
    pub asked_sha256: String,
    /// Keys that were asked for.
    pub n_asked: i64,
    /// Of these, keys that some file of the lake had.
    pub n_found: i64,
    /// Other keys of the same persons.
    pub n_same_person: i64,
    /// Keys beside withdrawn ones that stay, since they stand beside keys of other persons, too.
    pub n_conflicts: i64,
    /// What was found, by table.
    pub tables: Vec<WithdrawnTable>,
}

/// What a withdrawal removed from one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawnTable {
    /// The table.
    pub name: String,
    /// Rows of these persons in its present version; of tables that were emptied, all rows.
    pub n_rows: i64,
    /// Versions that could be read before and cannot now.
    pub n_versions: i64,
    /// The highest number that the table had given, if it gives numbers.
    pub highest_number: Option<i64>,
    /// Deliveries that brought the rows.
    pub deliveries: Vec<i32>,
}

/// Columns of `withdrawn_keys`.
#[must_use]
pub fn withdrawn_keys_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("withdrawal_id", DataType::Int64, true),
        Field::new("key_sha256", DataType::Utf8, true),
        Field::new("kind", DataType::Utf8, true),
    ]))
}

/// Columns of `withdrawals`.
#[must_use]
pub fn withdrawals_schema() -> SchemaRef {
    let number = |name| Field::new(name, DataType::Int64, true);
    let text = |name| Field::new(name, DataType::Utf8, true);
    let time = |name| {
        let data_type = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Field::new(name, data_type, true)
    };
    Arc::new(Schema::new(vec![
        number("withdrawal_id"),
        time("asked_at"),
        time("finished_at"),
        text("asked_sha256"),
        number("n_asked"),
        number("n_found"),
        number("n_same_person"),
        number("n_conflicts"),
        text("table_name"),
        number("n_rows"),
        number("n_versions"),
        number("highest_number"),
        text("deliveries"),
    ]))
}

/// All keys that were withdrawn.
///
/// # Errors
/// When the lake cannot be read.
pub async fn load_keys(lake: &Lake) -> Result<WithdrawnKeys, LakeError> {
    let mut keys = WithdrawnKeys::default();
    let Some(table) = lake.table(WITHDRAWN_KEYS).await? else {
        return Ok(keys);
    };
    for batch in table.read(Some(&["key_sha256", "kind"].map(str::to_owned)))? {
        let batch = batch?;
        let [hashes, kinds] = [0, 1].map(|at| batch.column(at).as_string::<i32>());
        for (hash, word) in hashes.iter().zip(kinds) {
            let kind = KeyKind::WORDS.iter().find(|(own, _)| Some(*own) == word);
            if let (Some(hash), Some((_, kind))) = (hash.and_then(KeyHash::parse), kind) {
                keys.add(hash, *kind);
            }
        }
    }
    Ok(keys)
}

/// Adds keys of withdrawal `id`. The caller holds the lake's lock.
///
/// # Errors
/// When the lake cannot be written.
pub async fn add_keys(lake: &Lake, id: i64, keys: &[(KeyHash, KeyKind)]) -> Result<(), LakeError> {
    if keys.is_empty() {
        return Ok(());
    }
    let hashes = keys.iter().map(|(key, _)| key.to_hex());
    let kinds = keys.iter().map(|(_, kind)| kind.word());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![id; keys.len()])),
        Arc::new(StringArray::from_iter_values(hashes)),
        Arc::new(StringArray::from_iter_values(kinds)),
    ];
    lake.append_columns(WITHDRAWN_KEYS, withdrawn_keys_schema(), columns)
        .await
}

/// The highest number that table `name` had given when persons were withdrawn from it; 0 when none were. It is never given again.
///
/// # Errors
/// When the lake cannot be read.
pub async fn highest_number(lake: &Lake, name: &str) -> Result<i64, LakeError> {
    let withdrawals = load_withdrawals(lake).await?;
    let tables = withdrawals.iter().flat_map(|own| &own.tables);
    let numbers = tables.filter(|table| table.name == name);
    Ok(numbers
        .filter_map(|table| table.highest_number)
        .max()
        .unwrap_or(0))
}

/// All withdrawals, oldest first.
///
/// # Errors
/// When the lake cannot be read.
pub async fn load_withdrawals(lake: &Lake) -> Result<Vec<Withdrawal>, LakeError> {
    let mut found: BTreeMap<i64, Withdrawal> = BTreeMap::new();
    let Some(table) = lake.table(WITHDRAWALS).await? else {
        return Ok(Vec::new());
    };
    for batch in table.read(None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let withdrawal = of_row(&batch, row);
            let known = found.entry(withdrawal.id).or_insert_with(|| Withdrawal {
                tables: Vec::new(),
                ..withdrawal.clone()
            });
            known.tables.extend(withdrawal.tables);
        }
    }
    Ok(found.into_values().collect())
}

/// What one row of `withdrawals` says.
fn of_row(batch: &RecordBatch, row: usize) -> Withdrawal {
    let number = |at: usize| {
        let column = batch.column(at).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let time = |at: usize| {
        let column = batch.column(at).as_primitive::<TimestampMicrosecondType>();
        column.is_valid(row).then(|| column.value(row))
    };
    let text = |at: usize| {
        let column = batch.column(at).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let deliveries = text(12).unwrap_or_default();
    let table = text(8).map(|name| WithdrawnTable {
        name,
        n_rows: number(9).unwrap_or(0),
        n_versions: number(10).unwrap_or(0),
        highest_number: number(11),
        deliveries: deliveries
            .split(' ')
            .filter_map(|id| id.parse().ok())
            .collect(),
    });
    Withdrawal {
        id: number(0).unwrap_or(0),
        asked_at: time(1).unwrap_or(0),
        finished_at: time(2),
        asked_sha256: text(3).unwrap_or_default(),
        n_asked: number(4).unwrap_or(0),
        n_found: number(5).unwrap_or(0),
        n_same_person: number(6).unwrap_or(0),
        n_conflicts: number(7).unwrap_or(0),
        tables: table.into_iter().collect(),
    }
}

/// Writes all withdrawals. The caller holds the lake's lock.
///
/// # Errors
/// When the lake cannot be written; the table is then as it was.
pub async fn save_withdrawals(lake: &Lake, all: &[Withdrawal]) -> Result<(), LakeError> {
    let nowhere = [WithdrawnTable::default()];
    let mut rows: Vec<(&Withdrawal, &WithdrawnTable)> = Vec::new();
    for own in all {
        let tables: &[WithdrawnTable] = match own.tables.is_empty() {
            true => &nowhere,
            false => &own.tables,
        };
        rows.extend(tables.iter().map(|table| (own, table)));
    }
    let number = |of: &dyn Fn(&Withdrawal, &WithdrawnTable) -> Option<i64>| -> ArrayRef {
        Arc::new(Int64Array::from_iter(
            rows.iter().map(|(own, table)| of(own, table)),
        ))
    };
    let time = |of: &dyn Fn(&Withdrawal) -> Option<i64>| -> ArrayRef {
        let times = TimestampMicrosecondArray::from_iter(rows.iter().map(|(own, _)| of(own)));
        Arc::new(times.with_timezone("UTC"))
    };
    let text = |of: &dyn Fn(&Withdrawal, &WithdrawnTable) -> Option<String>| -> ArrayRef {
        Arc::new(StringArray::from_iter(
            rows.iter().map(|(own, table)| of(own, table)),
        ))
    };
    let ids = |table: &WithdrawnTable| {
        let ids = table.deliveries.iter().map(ToString::to_string);
        ids.collect::<Vec<_>>().join(" ")
    };
    let columns: Vec<ArrayRef> = vec![
        number(&|own, _| Some(own.id)),
        time(&|own| Some(own.asked_at)),
        time(&|own| own.finished_at),
        text(&|own, _| Some(own.asked_sha256.clone())),
        number(&|own, _| Some(own.n_asked)),
        number(&|own, _| Some(own.n_found)),
        number(&|own, _| Some(own.n_same_person)),
        number(&|own, _| Some(own.n_conflicts)),
        text(&|_, table| (!table.name.is_empty()).then(|| table.name.clone())),
        number(&|_, table| Some(table.n_rows)),
        number(&|_, table| Some(table.n_versions)),
        number(&|_, table| table.highest_number),
        text(&|_, table| Some(ids(table))),
    ];
    let batch = RecordBatch::try_new(withdrawals_schema(), columns)
        .expect("columns are built beside their schema");
    let provenance = Provenance::of_raw(None);
    lake.write_batch(WITHDRAWALS, &batch, PublishMode::Overwrite, &provenance)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawal(id: i64, tables: Vec<WithdrawnTable>) -> Withdrawal {
        Withdrawal {
            id,
            asked_at: 1_700_000_000_000_000,
            finished_at: (id == 1).then_some(1_700_000_001_000_000),
            asked_sha256: "ab".repeat(32),
            n_asked: 3,
            n_found: 2,
            n_same_person: 1,
            n_conflicts: 0,
            tables,
        }
    }

    #[tokio::test]
    async fn withdrawals_and_keys_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        assert_eq!(load_withdrawals(&lake).await.unwrap(), []);
        assert!(load_keys(&lake).await.unwrap().is_empty());
        assert_eq!(highest_number(&lake, "link_person_ids").await.unwrap(), 0);
        let ids = |highest| WithdrawnTable {
            name: "link_person_ids".to_owned(),
            n_rows: 1,
            n_versions: 2,
            highest_number: Some(highest),
            deliveries: Vec::new(),
        };
        let raw = WithdrawnTable {
            name: "visits".to_owned(),
            n_rows: 5,
            n_versions: 4,
            highest_number: None,
            deliveries: vec![1, 7],
        };
        let all = [
            withdrawal(1, vec![ids(9), raw]),
            withdrawal(2, vec![ids(8)]),
            withdrawal(3, Vec::new()),
        ];
        save_withdrawals(&lake, &all).await.unwrap();
        assert_eq!(load_withdrawals(&lake).await.unwrap(), all);
        assert_eq!(highest_number(&lake, "link_person_ids").await.unwrap(), 9);
        assert_eq!(highest_number(&lake, "visits").await.unwrap(), 0);

        let (a, b) = (KeyHash::of("a"), KeyHash::of("b"));
        add_keys(&lake, 1, &[(a, KeyKind::Asked)]).await.unwrap();
        let later = [(b, KeyKind::Shared)];
        add_keys(&lake, 2, &later).await.unwrap();
        let keys = load_keys(&lake).await.unwrap();
        assert_eq!(keys.persons, [a].into());
        assert_eq!(keys.shared, [b].into());
    }
}
