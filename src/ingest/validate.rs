//! [`RawBatch`] × contract → [`ValidBatch`] and [`RejectedRows`]; the only maker of `ValidBatch`. Every row
//! is either accepted or rejected for the first rule it breaks, in the contract's order of columns;
//! a key that was there before comes last. Writing to the lake is not done here.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, new_null_array,
};
use datafusion::arrow::compute::{cast, filter};
use datafusion::arrow::datatypes::SchemaRef;

use super::column_rules::ColumnRules;
use super::file_schema::{SchemaRefusal, match_columns};
use super::keys::{KeySet, hash_keys};
use super::reader::RawBatch;
use super::rejects::{Faults, NOTHING_KEPT, RejectTally, RejectedRows, RowWriter, Rule};
use super::row_rules::PreparedRule;
use super::validate_error::ValidateError;
use crate::contract::{ColumnType, TableContract};
use crate::withdrawals::{KeyHash, PersonColumns, RecordColumns, WithdrawnKeys, hashes_of_records};

/// Rows that keep every rule of their contract, in canonical types and contract order.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidBatch {
    columns: Vec<ArrayRef>,
    row_numbers: Int64Array,
    lake_schema: SchemaRef,
}

impl ValidBatch {
    /// How many rows.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.row_numbers.len()
    }

    /// The rows' numbers in their extract, from 1.
    #[must_use]
    pub fn row_numbers(&self) -> &Int64Array {
        &self.row_numbers
    }

    /// The rows in the contract's columns.
    #[must_use]
    pub fn to_batch(&self) -> RecordBatch {
        let n = self.columns.len();
        let places: Vec<usize> = (0..n).collect();
        let schema = self.lake_schema.project(&places);
        let schema = schema.expect("the lake's columns begin with the contract's");
        RecordBatch::try_new(Arc::new(schema), self.columns.clone())
            .expect("validation made the columns in the schema's types and without missing values")
    }

    /// The rows as the lake holds them: with the delivery's number and their own.
    #[must_use]
    pub fn to_lake_batch(&self, delivery_id: i32) -> RecordBatch {
        let mut columns = self.columns.clone();
        columns.push(Arc::new(Int32Array::from_value(
            delivery_id,
            self.num_rows(),
        )));
        columns.push(Arc::new(self.row_numbers.clone()));
        RecordBatch::try_new(Arc::clone(&self.lake_schema), columns)
            .expect("validation made the columns in the schema's types and without missing values")
    }
}

/// What became of the rows of one batch: each one is in exactly one of the two.
#[derive(Debug, Clone, PartialEq)]
pub struct SortedRows {
    /// Rows that keep every rule.
    pub accepted: ValidBatch,
    /// Rows that do not.
    pub rejects: RejectedRows,
}

/// Rows of a delivery so far. `rows_in = accepted + rejected`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowTotals {
    /// Rows received.
    pub rows_in: u64,
    /// Rows accepted.
    pub accepted: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Of these, rows of persons who were withdrawn.
    pub withdrawn: u64,
}

impl RowTotals {
    /// Rows that were rejected for what they hold.
    #[must_use]
    pub fn faulty(&self) -> u64 {
        self.rejected - self.withdrawn
    }
}

/// The keys of a table's rows, kept from one delivery to the next.
#[derive(Debug)]
pub struct KnownKeys {
    columns: Vec<(Arc<str>, ColumnType)>,
    keys: KeySet,
}

impl KnownKeys {
    /// Which rows of `batch` (with the key columns, by name) have a known key.
    ///
    /// # Errors
    /// A key column that is absent or of another type.
    pub fn contained(&self, batch: &RecordBatch) -> Result<BooleanArray, ValidateError> {
        let columns = key_columns(&self.columns, batch)?;
        let hashes = hash_keys(&columns, batch.num_rows());
        Ok(hashes
            .into_iter()
            .map(|key| Some(self.keys.contains(key)))
            .collect())
    }
}

fn key_columns(
    key: &[(Arc<str>, ColumnType)],
    batch: &RecordBatch,
) -> Result<Vec<(ColumnType, ArrayRef)>, ValidateError> {
    key.iter()
        .map(|(name, data_type)| {
            let array = batch
                .column_by_name(name)
                .ok_or_else(|| ValidateError::NoKeyColumn {
                    column: name.to_string(),
                })?;
            let array = cast(array, &data_type.arrow_type())
                .map_err(|_| ValidateError::kernel("comparing"))?;
            Ok((*data_type, array))
        })
        .collect()
}

/// Checks the rows of one delivery, batch after batch in the order of the file.
#[derive(Debug)]
pub struct Validator {
    columns: Vec<PreparedColumn>,
    rules: Vec<PreparedRule>,
    key: Vec<usize>,
    key_name: Arc<str>,
    keys: KeySet,
    file_schema: SchemaRef,
    lake_schema: SchemaRef,
    totals: RowTotals,
    tally: RejectTally,
    withdrawn: Arc<WithdrawnKeys>,
    /// By which columns rows are of withdrawn persons.
    persons: PersonColumns,
    /// Records of withdrawn persons that other tables refer to.
    records: HashSet<KeyHash>,
}

#[derive(Debug)]
struct PreparedColumn {
    name: Arc<str>,
    data_type: ColumnType,
    is_nullable: bool,
    /// Where the column is in the file; `None` for an optional one that was not delivered.
    place: Option<usize>,
    rules: ColumnRules,
}

impl Validator {
    /// Prepares the contract's rules for a file with columns `file_schema`.
    ///
    /// # Errors
    /// When the file cannot be a delivery of this table: identifying, missing, unknown or repeated
    /// columns, or types that cannot be read as the contract's.
    pub fn new(contract: &TableContract, file_schema: &SchemaRef) -> Result<Self, SchemaRefusal> {
        let places = match_columns(contract, file_schema)?;
        let prepare = |(column, place): (&crate::contract::ColumnContract, _)| PreparedColumn {
            name: Arc::from(column.name.as_str()),
            data_type: column.data_type,
            is_nullable: column.nullable,
            place,
            rules: ColumnRules::new(column),
        };
        let place_of = |name: &String| contract.columns.iter().position(|c| c.name == *name);
        Ok(Self {
            columns: contract.columns.iter().zip(places).map(prepare).collect(),
            rules: PreparedRule::all(contract),
            key: contract.key.iter().filter_map(place_of).collect(),
            key_name: Arc::from(contract.key.join(", ")),
            keys: KeySet::default(),
            file_schema: Arc::clone(file_schema),
            lake_schema: contract.lake_schema(),
            totals: RowTotals::default(),
            tally: RejectTally::default(),
            withdrawn: Arc::default(),
            persons: PersonColumns::default(),
            records: HashSet::new(),
        })
    }

    /// Tells which keys the table already has. `batch` holds at least the key columns, by name, in any
    /// encoding of the canonical types.
    ///
    /// # Errors
    /// A key column that is absent or of another type.
    pub fn add_existing_keys(&mut self, batch: &RecordBatch) -> Result<(), ValidateError> {
        let columns = key_columns(&self.key_types(), batch)?;
        self.keys.reserve(batch.num_rows());
        for key in hash_keys(&columns, batch.num_rows()) {
            self.keys.insert(key);
        }
        Ok(())
    }

    fn key_types(&self) -> Vec<(Arc<str>, ColumnType)> {
        let columns = self.key.iter().map(|place| &self.columns[*place]);
        columns
            .map(|column| (Arc::clone(&column.name), column.data_type))
            .collect()
    }

    /// The same validator, knowing the keys that earlier deliveries of the table brought.
    #[must_use]
    pub fn with_keys(self, known: KnownKeys) -> Self {
        Self {
            keys: known.keys,
            ..self
        }
    }

    /// The same validator, which rejects the rows of withdrawn persons.
    #[must_use]
    pub fn with_withdrawn(self, withdrawn: &Arc<WithdrawnKeys>, persons: PersonColumns) -> Self {
        Self {
            withdrawn: Arc::clone(withdrawn),
            persons,
            ..self
        }
    }

    /// Records of withdrawn persons that came in, by which rows of other tables are known as theirs.
    #[must_use]
    pub fn withdrawn_records(&self) -> &HashSet<KeyHash> {
        &self.records
    }

    /// The keys known by now.
    #[must_use]
    pub fn into_keys(self) -> KnownKeys {
        KnownKeys {
            columns: self.key_types(),
            keys: self.keys,
        }
    }

    /// Rows received, accepted and rejected so far.
    #[must_use]
    pub fn totals(&self) -> RowTotals {
        self.totals
    }

    /// What was rejected so far, by column and rule.
    #[must_use]
    pub fn tally(&self) -> &RejectTally {
        &self.tally
    }

    /// Sorts the rows of one batch into accepted and rejected.
    ///
    /// # Errors
    /// Only bugs and a lack of memory; rows that break rules are in the result.
    pub fn validate(&mut self, raw: &RawBatch) -> Result<SortedRows, ValidateError> {
        if raw.batch.schema_ref().fields() != self.file_schema.fields() {
            return Err(ValidateError::OtherSchema);
        }
        let rows = raw.batch.num_rows();
        let first =
            i64::try_from(raw.first_row_number).expect("a file has fewer rows than i64 can count");
        let mut verdicts = Verdicts::default();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (place, column) in self.columns.iter().enumerate() {
            let (array, mut faults) = match column.place {
                Some(place) => column.rules.apply(raw.batch.column(place))?,
                None => (
                    new_null_array(&column.data_type.arrow_type(), rows),
                    Faults::default(),
                ),
            };
            if !column.is_nullable {
                report_missing(&array, &mut faults);
            }
            self.tally.add(first, &column.name, &faults);
            verdicts.add(rows, place, &faults);
            columns.push(array);
        }
        for rule in &self.rules {
            let faults = rule.apply(&columns)?;
            self.tally
                .add(first, &self.columns[rule.column()].name, &faults);
            verdicts.add(rows, rule.column(), &faults);
        }
        self.reject_withdrawn((rows, first), &columns, &mut verdicts);
        // Last: a row that is rejected for anything else does not take its key.
        let duplicates = self.find_duplicates(rows, &columns, &verdicts);
        self.tally.add(first, &self.key_name, &duplicates);
        verdicts.add(rows, self.columns.len(), &duplicates);
        let rejects = self.collect_rejects(&raw.batch, first, &verdicts)?;
        let accepted = self.keep_accepted(columns, rows, first, &verdicts)?;
        self.totals.rows_in += rows as u64;
        self.totals.accepted += accepted.num_rows() as u64;
        self.totals.rejected += rejects.len() as u64;
        Ok(SortedRows { accepted, rejects })
    }

    /// Rejects the rows of withdrawn persons, whatever else they break.
    fn reject_withdrawn(
        &mut self,
        (rows, first): (usize, i64),
        columns: &[ArrayRef],
        verdicts: &mut Verdicts,
    ) {
        if self.withdrawn.is_empty() {
            return;
        }
        let place_of = |name: &String| self.columns.iter().position(|own| *own.name == **name);
        let arrays_of = |record: &RecordColumns| {
            let places: Option<Vec<usize>> = record.columns.iter().map(place_of).collect();
            let places = places.filter(|places| !places.is_empty())?;
            let arrays = places.iter().map(|place| Arc::clone(&columns[*place]));
            Some((places[0], arrays.collect::<Vec<ArrayRef>>()))
        };
        let mut found: Vec<(usize, Vec<bool>)> = Vec::new();
        for place in self.persons.keys.iter().filter_map(place_of) {
            found.push((place, self.withdrawn.in_column(&columns[place])));
        }
        for record in &self.persons.records {
            let arrays = arrays_of(record).into_iter();
            found.extend(
                arrays.map(|(place, arrays)| (place, self.withdrawn.in_records(record, &arrays))),
            );
        }
        let mut is_withdrawn = vec![false; rows];
        for (place, flags) in found {
            let mut faults = Faults::default();
            for (row, _) in flags.iter().enumerate().filter(|(_, goes)| **goes) {
                if !is_withdrawn[row] {
                    is_withdrawn[row] = true;
                    faults.push(row, Rule::Withdrawn);
                }
            }
            self.totals.withdrawn += faults.rows.len() as u64;
            self.tally.add(first, &self.columns[place].name, &faults);
            verdicts.overrule(rows, place, &faults);
        }
        for (_, arrays, record) in
            self.persons.referred.iter().filter_map(|record| {
                arrays_of(record).map(|(place, arrays)| (place, arrays, record))
            })
        {
            let keys = hashes_of_records(record, &arrays)
                .into_iter()
                .zip(&is_withdrawn);
            let keys = keys.filter(|(_, goes)| **goes).filter_map(|(key, _)| key);
            self.records.extend(keys);
        }
    }

    /// Remembers the keys of the rows that broke no rule; one that is known already breaks the last.
    fn find_duplicates(
        &mut self,
        rows: usize,
        columns: &[ArrayRef],
        verdicts: &Verdicts,
    ) -> Faults {
        let mut duplicates = Faults::default();
        if self.key.is_empty() {
            return duplicates;
        }
        let key: Vec<_> = self
            .key
            .iter()
            .map(|place| (self.columns[*place].data_type, Arc::clone(&columns[*place])))
            .collect();
        self.keys.reserve(rows);
        for (row, hash) in hash_keys(&key, rows).into_iter().enumerate() {
            if !verdicts.is_rejected(row) && !self.keys.insert(hash) {
                duplicates.push(row, Rule::DuplicateKey);
            }
        }
        duplicates
    }

    fn collect_rejects(
        &self,
        batch: &RecordBatch,
        first: i64,
        verdicts: &Verdicts,
    ) -> Result<RejectedRows, ValidateError> {
        let mut rejects = RejectedRows::default();
        let rejected = verdicts.rejected();
        if rejected.is_empty() {
            return Ok(rejects);
        }
        let writing = |_| ValidateError::kernel("writing rejected");
        let writer = RowWriter::new(batch).map_err(writing)?;
        let indices: Vec<usize> = rejected.iter().map(|(row, _)| *row).collect();
        let texts = writer.rows(&indices).map_err(writing)?;
        for ((row, verdict), text) in rejected.into_iter().zip(texts) {
            let name = self
                .columns
                .get(verdict.column)
                .map_or(&self.key_name, |column| &column.name);
            let offset = i64::try_from(row).expect("a batch has fewer rows than i64 can count");
            let text = match verdict.rule {
                Rule::Withdrawn => NOTHING_KEPT.to_owned(),
                _ => text,
            };
            rejects.push(first + offset, name, verdict.rule, text);
        }
        Ok(rejects)
    }

    fn keep_accepted(
        &self,
        columns: Vec<ArrayRef>,
        rows: usize,
        first: i64,
        verdicts: &Verdicts,
    ) -> Result<ValidBatch, ValidateError> {
        let last = first + i64::try_from(rows).expect("a batch has fewer rows than i64 can count");
        let row_numbers = Int64Array::from_iter_values(first..last);
        let lake_schema = Arc::clone(&self.lake_schema);
        // Nothing is copied where no row is rejected.
        if verdicts.0.is_empty() {
            return Ok(ValidBatch {
                columns,
                row_numbers,
                lake_schema,
            });
        }
        let mask: BooleanArray = verdicts
            .0
            .iter()
            .map(|verdict| Some(verdict.is_none()))
            .collect();
        let keep = |array: &dyn Array| {
            filter(array, &mask).map_err(|_| ValidateError::kernel("keeping accepted"))
        };
        let kept = columns
            .iter()
            .map(|column| keep(column.as_ref()))
            .collect::<Result<_, _>>()?;
        let row_numbers = verdicts.accepted_numbers(first);
        Ok(ValidBatch {
            columns: kept,
            row_numbers,
            lake_schema,
        })
    }
}

/// Why a row is rejected. The column is the place in the contract; one past the last is the key.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    column: usize,
    rule: Rule,
}

/// For every row, why it is rejected; nothing at all while no row is.
#[derive(Debug, Default)]
struct Verdicts(Vec<Option<Verdict>>);

impl Verdicts {
    /// Adds the faults of one column; the fault of the earliest column counts.
    fn add(&mut self, rows: usize, column: usize, faults: &Faults) {
        if faults.rows.is_empty() {
            return;
        }
        self.0.resize(rows, None);
        for (row, rule) in &faults.rows {
            if self.0[*row].is_none_or(|earlier| column < earlier.column) {
                self.0[*row] = Some(Verdict {
                    column,
                    rule: *rule,
                });
            }
        }
    }

    /// Puts these faults in the place of others.
    fn overrule(&mut self, rows: usize, column: usize, faults: &Faults) {
        if faults.rows.is_empty() {
            return;
        }
        self.0.resize(rows, None);
        for (row, rule) in &faults.rows {
            self.0[*row] = Some(Verdict {
                column,
                rule: *rule,
            });
        }
    }

    fn is_rejected(&self, row: usize) -> bool {
        self.0.get(row).is_some_and(Option::is_some)
    }

    fn rejected(&self) -> Vec<(usize, Verdict)> {
        let rows = self.0.iter().enumerate();
        rows.filter_map(|(row, verdict)| verdict.map(|verdict| (row, verdict)))
            .collect()
    }

    fn accepted_numbers(&self, first: i64) -> Int64Array {
        let numbers = (first..).zip(&self.0);
        numbers
            .filter(|(_, verdict)| verdict.is_none())
            .map(|(number, _)| number)
            .collect()
    }
}

/// A value that could not be read is NULL in `array` but not missing: it has its fault already.
fn report_missing(array: &ArrayRef, faults: &mut Faults) {
    if array.null_count() == 0 {
        return;
    }
    let mut has_fault = vec![false; array.len()];
    for (row, _) in &faults.rows {
        has_fault[*row] = true;
    }
    for (row, has_fault) in has_fault.into_iter().enumerate() {
        if array.is_null(row) && !has_fault {
            faults.push(row, Rule::Null);
        }
    }
}
