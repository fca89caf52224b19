//! What of the asked persons is in the lake: in present versions, counted by table, and in files of earlier ones. Changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::{cast, max};
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};

use super::asked::AskedKeys;
use super::error::ForgetError;
use super::scope::Scope;
use crate::contract::{DELIVERY_ID, TableContract};
use crate::ingest::rejects_table;
use crate::lake::{Lake, LakeError, LakeTable};
use crate::pipeline::{Identity, Project};
use crate::withdrawals::{
    self, KeyHash, KeyKind, PersonColumns, RecordColumns, Withdrawal, WithdrawnKeys,
    WithdrawnTable, hashes_of, hashes_of_records, hashes_of_row,
};

/// What a search found.
#[derive(Debug)]
pub struct Search {
    /// Withdrawals that are recorded, oldest first.
    pub(super) recorded: Vec<Withdrawal>,
    /// The withdrawal that is asked for: a new one, or one of the same keys that was begun and not finished.
    pub withdrawal: Withdrawal,
    /// Keys to be recorded with it.
    pub(super) new_keys: Vec<(KeyHash, KeyKind)>,
    /// All keys that are withdrawn then.
    pub(super) keys: WithdrawnKeys,
    /// Whether files are to be rewritten or removed.
    pub has_work: bool,
    /// Tables of other programs, which are not looked into.
    pub others: Vec<String>,
}

/// Looks for the asked persons, and for those of earlier withdrawals.
///
/// `now` is in microseconds since 1970 UTC.
///
/// # Errors
/// When the lake cannot be read, or no contract has a column that names persons.
pub async fn search(
    project: &Project,
    lake: &Lake,
    asked: &AskedKeys,
    now: i64,
) -> Result<Search, ForgetError> {
    let scope = Scope::of(project, lake).await?;
    if scope.raw.is_empty() {
        return Err(ForgetError::NoPersons);
    }
    let recorded = withdrawals::load_withdrawals(lake).await?;
    let known = withdrawals::load_keys(lake).await?;
    let mut finder = Finder::new(lake, &scope, known.clone()).await?;
    finder.keys.persons.extend(&asked.keys);
    let (same_person, n_conflicts) = finder.same_persons()?;
    finder.keys.persons.extend(&same_person);
    finder.note_records()?;
    finder.look_through().await?;
    let unfinished = recorded.iter().find(|own| own.finished_at.is_none());
    let has_work = finder.is_any || unfinished.is_some();
    if has_work {
        finder.count_versions().await?;
    }
    let mut new_keys = Vec::new();
    let kinds = [
        (KeyKind::Asked, asked.keys.iter().copied().collect()),
        (KeyKind::SamePerson, same_person.clone()),
        (KeyKind::Record, finder.keys.records.clone()),
        (KeyKind::Shared, finder.keys.shared.clone()),
    ];
    let mut all = known;
    for (kind, keys) in kinds {
        let mut keys: Vec<KeyHash> = keys.into_iter().collect();
        keys.sort_unstable();
        new_keys.extend(
            keys.into_iter()
                .filter(|key| all.add(*key, kind))
                .map(|key| (key, kind)),
        );
    }
    let n_found = asked
        .keys
        .iter()
        .filter(|key| finder.seen.contains(*key))
        .count();
    let same = recorded
        .iter()
        .find(|own| own.finished_at.is_none() && own.asked_sha256 == asked.sha256);
    let withdrawal = same.cloned().unwrap_or_else(|| Withdrawal {
        id: recorded.iter().map(|own| own.id).max().unwrap_or(0) + 1,
        asked_at: now,
        finished_at: None,
        asked_sha256: asked.sha256.clone(),
        n_asked: count(asked.keys.len()),
        n_found: count(n_found),
        n_same_person: count(same_person.len()),
        n_conflicts: count(n_conflicts),
        tables: finder.found.into_values().filter(is_something).collect(),
    });
    Ok(Search {
        recorded,
        withdrawal,
        new_keys,
        keys: all,
        has_work,
        others: scope.others,
    })
}

fn is_something(table: &WithdrawnTable) -> bool {
    table.n_rows > 0 || table.n_versions > 0
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A raw table, with the files of its present version and all others.
struct RawTable {
    persons: PersonColumns,
    shared: Vec<String>,
    live: LakeTable,
    earlier: LakeTable,
}

impl RawTable {
    async fn open(
        lake: &Lake,
        contract: &TableContract,
        persons: &PersonColumns,
    ) -> Result<Option<Self>, LakeError> {
        let Some(live) = lake.table(&contract.name).await? else {
            return Ok(None);
        };
        let shared = contract
            .shared_key_columns()
            .map(|column| column.name.clone());
        let is_there = |name: &String| live.schema.column_with_name(name).is_some();
        // A contract may have more columns than the table, which ingest adds.
        let is_whole = |record: &RecordColumns| record.columns.iter().all(is_there);
        let mut persons = persons.clone();
        persons.keys.retain(is_there);
        persons.records.retain(is_whole);
        persons.referred.retain(is_whole);
        Ok(Some(Self {
            persons,
            shared: shared.filter(is_there).collect(),
            earlier: lake.earlier_files(&live)?,
            live,
        }))
    }
}

async fn open_all(lake: &Lake, scope: &Scope<'_>) -> Result<Vec<RawTable>, LakeError> {
    let mut raw = Vec::new();
    for (contract, (_, persons)) in scope.contracts.iter().zip(&scope.raw) {
        raw.extend(RawTable::open(lake, contract, persons).await?);
    }
    Ok(raw)
}

/// The batches of a table that are read; of files that were never published some may be cut short, and end the reading of that file.
fn batches<'t>(
    table: &'t LakeTable,
    columns: &'t [String],
    is_published: bool,
) -> impl Iterator<Item = Result<RecordBatch, LakeError>> + 't {
    table.files.iter().flat_map(move |file| {
        let one = table.with_files(|other| other.path == file.path);
        let read: Box<dyn Iterator<Item = _>> = match one.read(Some(columns)) {
            Ok(reader) => Box::new(reader.take_while(move |batch| is_published || batch.is_ok())),
            Err(error) => Box::new(std::iter::once(Err(error))),
        };
        read
    })
}

/// Looks through the tables of a scope.
struct Finder<'l> {
    lake: &'l Lake,
    scope: &'l Scope<'l>,
    raw: Vec<RawTable>,
    keys: WithdrawnKeys,
    /// Withdrawn keys that some file has.
    seen: HashSet<KeyHash>,
    found: BTreeMap<String, WithdrawnTable>,
    /// Whether any file has a withdrawn key.
    is_any: bool,
}

impl<'l> Finder<'l> {
    async fn new(
        lake: &'l Lake,
        scope: &'l Scope<'l>,
        keys: WithdrawnKeys,
    ) -> Result<Self, LakeError> {
        Ok(Self {
            lake,
            scope,
            raw: open_all(lake, scope).await?,
            keys,
            seen: HashSet::new(),
            found: BTreeMap::new(),
            is_any: false,
        })
    }

    /// Other keys of the same persons: they stand in a row beside a withdrawn one, in another column that names persons. One that stands
    /// elsewhere beside a key of another person is not taken; how many are not is the second value.
    fn same_persons(&self) -> Result<(HashSet<KeyHash>, usize), LakeError> {
        let mut beside = HashSet::new();
        let tables = || self.raw.iter().filter(|table| table.persons.keys.len() > 1);
        for table in tables() {
            for (files, is_published) in [(&table.live, true), (&table.earlier, false)] {
                for batch in batches(files, &table.persons.keys, is_published) {
                    each_row(&batch?, |keys| {
                        if keys.iter().any(|key| self.keys.persons.contains(key)) {
                            beside.extend(keys);
                        }
                    });
                }
            }
        }
        beside.retain(|key| !self.keys.persons.contains(key));
        let mut conflicts: HashSet<KeyHash> = HashSet::new();
        for table in tables() {
            for batch in batches(&table.live, &table.persons.keys, true) {
                each_row(&batch?, |keys| {
                    let is_other =
                        |key: &KeyHash| !self.keys.persons.contains(key) && !beside.contains(key);
                    if keys.iter().any(is_other) {
                        conflicts.extend(keys.iter().filter(|key| beside.contains(*key)));
                    }
                });
            }
        }
        beside.retain(|key| !conflicts.contains(key));
        Ok((beside, conflicts.len()))
    }

    /// Notes the records of withdrawn persons that other tables refer to.
    fn note_records(&mut self) -> Result<(), LakeError> {
        for table in self
            .raw
            .iter()
            .filter(|table| !table.persons.referred.is_empty())
        {
            let referred = table
                .persons
                .referred
                .iter()
                .flat_map(|record| &record.columns);
            let mut columns: Vec<String> =
                table.persons.keys.iter().chain(referred).cloned().collect();
            columns.sort_unstable();
            columns.dedup();
            for (files, is_published) in [(&table.live, true), (&table.earlier, false)] {
                for batch in batches(files, &columns, is_published) {
                    let batch = batch?;
                    let goes = self.keys.in_batch(&batch, &table.persons);
                    if goes.true_count() == 0 {
                        continue;
                    }
                    for record in &table.persons.referred {
                        let arrays = record.arrays_of(&batch).unwrap_or_default();
                        let keys = hashes_of_records(record, &arrays).into_iter().zip(&goes);
                        let keys = keys.filter(|(_, goes)| *goes == Some(true));
                        self.keys.records.extend(keys.filter_map(|(key, _)| key));
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts what is found in every table, and looks whether earlier files have it.
    async fn look_through(&mut self) -> Result<(), ForgetError> {
        for table in std::mem::take(&mut self.raw) {
            self.look_through_raw(&table)?;
            self.look_through_rejects(&rejects_table(&table.live.name), &table.persons)
                .await?;
            self.raw.push(table);
        }
        let kept = kept_shared(&self.raw, &self.keys)?;
        for (name, identity) in &self.scope.identities {
            if let Some(table) = self.lake.table(name).await? {
                self.look_through_numbers(&table, identity, &kept)?;
            }
        }
        Ok(())
    }

    fn look_through_raw(&mut self, table: &RawTable) -> Result<(), LakeError> {
        let mut columns = [table.persons.names(), table.shared.clone()].concat();
        columns.push(DELIVERY_ID.to_owned());
        let mut deliveries = BTreeSet::new();
        let mut n_rows = 0;
        for (files, is_live) in [(&table.live, true), (&table.earlier, false)] {
            for batch in batches(files, &columns, is_live) {
                let batch = batch?;
                let is_withdrawn = self.keys.in_batch(&batch, &table.persons);
                let found = is_withdrawn.true_count();
                if found == 0 {
                    continue;
                }
                self.is_any = true;
                let rows = is_withdrawn.iter().map(|flag| flag == Some(true));
                let rows: Vec<bool> = rows.collect();
                self.note(&batch, &rows, table);
                if is_live {
                    n_rows += count(found);
                    let ids = batch.column_by_name(DELIVERY_ID);
                    let ids = ids.and_then(|ids| ids.as_primitive_opt::<Int32Type>());
                    let ids = ids.into_iter().flat_map(|ids| ids.iter().zip(&rows));
                    deliveries.extend(ids.filter(|(_, goes)| **goes).filter_map(|(id, _)| id));
                }
            }
        }
        let own = self.of_table(&table.live.name);
        own.n_rows = n_rows;
        own.deliveries = deliveries.into_iter().collect();
        Ok(())
    }

    /// Notes the keys of the rows that go.
    fn note(&mut self, batch: &RecordBatch, goes: &[bool], table: &RawTable) {
        for (columns, are_persons) in [(&table.persons.keys, true), (&table.shared, false)] {
            for column in columns.iter().filter_map(|name| batch.column_by_name(name)) {
                let keys = hashes_of(column).into_iter().zip(goes);
                let keys = keys.filter(|(_, goes)| **goes).filter_map(|(key, _)| key);
                match are_persons {
                    true => self.seen.extend(keys),
                    false => self.keys.shared.extend(keys),
                }
            }
        }
    }

    async fn look_through_rejects(
        &mut self,
        name: &str,
        columns: &PersonColumns,
    ) -> Result<(), LakeError> {
        let Some(live) = self.lake.table(name).await? else {
            return Ok(());
        };
        let read = ["row", DELIVERY_ID].map(str::to_owned);
        let earlier = self.lake.earlier_files(&live)?;
        let mut deliveries = BTreeSet::new();
        let mut n_rows = 0;
        for (files, is_live) in [(&live, true), (&earlier, false)] {
            for batch in batches(files, &read, is_live) {
                let batch = batch?;
                let rows = batch.column(0).as_string_opt::<i32>();
                let ids = batch.column(1).as_primitive_opt::<Int32Type>();
                for (at, row) in rows.into_iter().flatten().enumerate() {
                    let row = row.unwrap_or_default();
                    if !self.keys.in_row(row, columns) {
                        continue;
                    }
                    self.is_any = true;
                    self.seen.extend(hashes_of_row(row));
                    if is_live {
                        n_rows += 1;
                        deliveries
                            .extend(ids.filter(|ids| ids.is_valid(at)).map(|ids| ids.value(at)));
                    }
                }
            }
        }
        let own = self.of_table(name);
        own.n_rows = n_rows;
        own.deliveries = deliveries.into_iter().collect();
        Ok(())
    }

    /// Looks through a table that gives numbers.
    fn look_through_numbers(
        &mut self,
        live: &LakeTable,
        identity: &Identity,
        kept: &HashSet<KeyHash>,
    ) -> Result<(), LakeError> {
        let mut highest = None;
        let mut n_rows = 0;
        for batch in batches(live, std::slice::from_ref(&identity.id), true) {
            let ids = cast(batch?.column(0), &DataType::Int64).ok();
            let ids = ids.and_then(|ids| max(ids.as_primitive::<Int64Type>()));
            highest = highest.max(ids);
        }
        let earlier = self.lake.earlier_files(live)?;
        for (files, is_live) in [(live, true), (&earlier, false)] {
            for batch in batches(files, &identity.keys, is_live) {
                let found = outgoing_numbers(&batch?, &identity.keys, (&self.keys, kept));
                let n_found = found.iter().filter(|goes| **goes).count();
                self.is_any |= n_found > 0;
                if is_live {
                    n_rows += count(n_found);
                }
            }
        }
        let own = self.of_table(&live.name);
        own.n_rows = n_rows;
        own.highest_number = highest.filter(|_| n_rows > 0);
        Ok(())
    }

    fn of_table(&mut self, name: &str) -> &mut WithdrawnTable {
        let own = self.found.entry(name.to_owned()).or_default();
        name.clone_into(&mut own.name);
        own
    }

    /// Counts the versions that go, and the rows of tables that are emptied.
    async fn count_versions(&mut self) -> Result<(), LakeError> {
        for name in &self.scope.derived {
            let Some(table) = self.lake.table(name).await? else {
                continue;
            };
            let n_rows = table.n_rows().unwrap_or(0);
            self.of_table(name).n_rows = i64::try_from(n_rows).unwrap_or(i64::MAX);
        }
        let names: Vec<String> = self.found.keys().cloned().collect();
        for name in names {
            let n_versions = self.lake.n_versions(&name)?;
            let own = self.of_table(&name);
            // Of a table that is rewritten, the present version goes, too.
            let n_stay = u64::from(own.n_rows == 0);
            own.n_versions = i64::try_from(n_versions.saturating_sub(n_stay)).unwrap_or(i64::MAX);
        }
        Ok(())
    }
}

/// Hands the keys of each row of a batch of columns of keys over.
fn each_row(batch: &RecordBatch, mut take: impl FnMut(&[KeyHash])) {
    let columns: Vec<Vec<Option<KeyHash>>> = batch.columns().iter().map(hashes_of).collect();
    for row in 0..batch.num_rows() {
        let keys: Vec<KeyHash> = columns.iter().filter_map(|column| column[row]).collect();
        take(&keys);
    }
}

/// Keys of what persons share that rows of others still have.
fn kept_shared(raw: &[RawTable], keys: &WithdrawnKeys) -> Result<HashSet<KeyHash>, LakeError> {
    let mut kept = HashSet::new();
    for table in raw.iter().filter(|table| !table.shared.is_empty()) {
        let columns = [table.persons.names(), table.shared.clone()].concat();
        for batch in batches(&table.live, &columns, true) {
            let batch = batch?;
            let goes = keys.in_batch(&batch, &table.persons);
            for column in table
                .shared
                .iter()
                .filter_map(|name| batch.column_by_name(name))
            {
                let stays = hashes_of(column).into_iter().zip(&goes);
                let stays = stays.filter(|(_, goes)| *goes != Some(true));
                kept.extend(
                    stays
                        .filter_map(|(key, _)| key)
                        .filter(|key| keys.shared.contains(key)),
                );
            }
        }
    }
    Ok(kept)
}

/// The keys of what persons share that rows of the present raw tables have.
///
/// # Errors
/// When a table cannot be read.
pub(super) async fn shared_that_stay(
    lake: &Lake,
    scope: &Scope<'_>,
    keys: &WithdrawnKeys,
) -> Result<HashSet<KeyHash>, LakeError> {
    kept_shared(&open_all(lake, scope).await?, keys)
}

/// Which rows of a table of numbers go: those of withdrawn persons, and of what only they had.
pub(super) fn outgoing_numbers(
    batch: &RecordBatch,
    columns: &[String],
    (keys, kept): (&WithdrawnKeys, &HashSet<KeyHash>),
) -> Vec<bool> {
    let mut goes = vec![false; batch.num_rows()];
    for column in columns.iter().filter_map(|name| batch.column_by_name(name)) {
        for (goes, key) in goes.iter_mut().zip(hashes_of(column)) {
            *goes |= key.is_some_and(|key| {
                keys.persons.contains(&key) || (keys.shared.contains(&key) && !kept.contains(&key))
            });
        }
    }
    goes
}
