//! One pass over a table: how many rows, filled values and values of each class there are, by delivery, questionnaire term and fiscal year
//! or month. Everything the checks say about the table's own rows is counted from this.
//!
//! Values are kept as classes: codes, booleans and whole numbers below 8,192 exactly, other numbers by their first 13 binary digits (0.02 %).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::HashMap;
use datafusion::common::runtime::SpawnedTask;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::TryStreamExt as _;

use super::columns::{is_watched, period_column};
use super::error::ChecksError;
use crate::contract::{ColumnContract, ColumnType, DELIVERY_ID, RowRule, TERM, TableContract};
use crate::session::{Session, SessionError};

/// How often each class occurs. Columns whose distribution is not watched count their missing values only.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Histogram {
    pub(super) classes: HashMap<i64, u64>,
    pub(super) n_missing: u64,
}

impl Histogram {
    pub(super) fn n_filled(&self) -> u64 {
        self.classes.values().sum()
    }

    pub(super) fn n_rows(&self) -> u64 {
        self.n_filled() + self.n_missing
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.n_missing += other.n_missing;
        for (class, n) in &other.classes {
            *self.classes.entry(*class).or_insert(0) += n;
        }
    }
}

/// Rows that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stratum {
    pub(super) delivery_id: i64,
    pub(super) term: Option<i64>,
    /// Fiscal year, or month as YYYYMM.
    pub(super) period: Option<i64>,
}

/// What was counted in one stratum.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) n_rows: u64,
    /// In the order of [`Plan::columns`].
    pub(super) columns: Vec<Histogram>,
    /// Rows in which all columns of a group have a value, in the order of [`Plan::groups`].
    pub(super) complete: Vec<u64>,
}

/// What is counted of a table.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Columns that may be missing or whose distribution is watched.
    pub(super) columns: Vec<CountedColumn>,
    /// Columns of row rules, then of references.
    pub(super) groups: Vec<Vec<String>>,
    term: Option<String>,
    period: Option<String>,
    /// What is read.
    read: Vec<String>,
}

/// A column that is counted.
#[derive(Debug, Clone)]
pub(super) struct CountedColumn {
    pub(super) name: String,
    pub(super) classes: Classes,
}

/// How values of a column become classes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Classes {
    /// Not at all: only missing values are counted.
    None,
    /// Integer codes and booleans.
    Codes,
    /// Text codes, by their place in the list.
    Words(BTreeMap<String, i64>),
    /// Numbers, rounded towards zero.
    Numbers,
}

impl Classes {
    fn of(contract: &TableContract, column: &ColumnContract) -> Self {
        if !is_watched(contract, column) {
            return Self::None;
        }
        match column.data_type {
            ColumnType::String => {
                let words = column.codes.always.keys().cloned();
                Self::Words(words.zip(0_i64..).collect())
            }
            ColumnType::Boolean => Self::Codes,
            _ if column.codes.is_unrestricted() => Self::Numbers,
            _ => Self::Codes,
        }
    }
}

impl Plan {
    /// What is counted of a table whose lake version has the columns `present`.
    pub(super) fn of(contract: &TableContract, present: &BTreeSet<String>) -> Self {
        let has = |name: &str| present.contains(name);
        let columns: Vec<CountedColumn> = contract
            .columns
            .iter()
            .map(|column| CountedColumn {
                name: column.name.clone(),
                classes: Classes::of(contract, column),
            })
            .filter(|counted| {
                let nullable = contract
                    .column(&counted.name)
                    .is_some_and(|column| column.nullable);
                nullable || counted.classes != Classes::None
            })
            .collect();
        let rules = contract.row_rules.iter().map(|rule| match rule {
            RowRule::NotAfter { first, second } => vec![first.clone(), second.clone()],
            RowRule::FiscalYearOf { fiscal_year, date } => vec![fiscal_year.clone(), date.clone()],
        });
        let references = contract
            .references
            .iter()
            .map(|reference| reference.columns.clone());
        let term = contract.column(TERM).map(|column| column.name.clone());
        let term = term.filter(|name| has(name));
        let period = period_column(contract)
            .filter(|name| has(name))
            .map(str::to_owned);
        let mut read = BTreeSet::from([DELIVERY_ID.to_owned()]);
        read.extend(
            columns
                .iter()
                .map(|column| column.name.clone())
                .filter(|name| has(name)),
        );
        read.extend(term.iter().chain(&period).cloned());
        Self {
            columns,
            groups: rules.chain(references).collect(),
            term,
            period,
            read: read.into_iter().collect(),
        }
    }
}

/// The counts of a table.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) strata: BTreeMap<Stratum, Counts>,
}

/// Counts table `name`, which `session` knows.
pub(super) async fn profile(
    session: &Session,
    name: &str,
    plan: Plan,
) -> Result<Profile, ChecksError> {
    let plan = Arc::new(plan);
    let mut tasks = Vec::new();
    for stream in session.scan(name, &plan.read).await? {
        tasks.push(SpawnedTask::spawn(count(stream, Arc::clone(&plan))));
    }
    let mut profile = Profile::default();
    for task in tasks {
        let joined = task.join().await.map_err(|error| {
            SessionError::from(datafusion::common::DataFusionError::External(Box::new(
                error,
            )))
        })?;
        let counter = joined?;
        for (stratum, idx) in counter.places {
            let counts = &counter.counts[idx];
            profile.strata.entry(stratum).or_default().add(counts);
        }
    }
    Ok(profile)
}

impl Counts {
    fn empty(plan: &Plan) -> Self {
        Self {
            n_rows: 0,
            columns: vec![Histogram::default(); plan.columns.len()],
            complete: vec![0; plan.groups.len()],
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.columns.resize_with(
            other.columns.len().max(self.columns.len()),
            Histogram::default,
        );
        for (own, other) in self.columns.iter_mut().zip(&other.columns) {
            own.add(other);
        }
        self.complete
            .resize(other.complete.len().max(self.complete.len()), 0);
        for (own, other) in self.complete.iter_mut().zip(&other.complete) {
            *own += other;
        }
    }
}

/// The counts of one stream.
struct Counter {
    plan: Arc<Plan>,
    places: HashMap<Stratum, usize>,
    counts: Vec<Counts>,
}

async fn count(
    mut stream: SendableRecordBatchStream,
    plan: Arc<Plan>,
) -> Result<Counter, SessionError> {
    let mut counter = Counter {
        plan,
        places: HashMap::new(),
        counts: Vec::new(),
    };
    while let Some(batch) = stream.try_next().await? {
        counter.add(&batch).map_err(|error| {
            SessionError::from(datafusion::common::DataFusionError::from(error))
        })?;
    }
    Ok(counter)
}

type ArrowResult<T> = Result<T, datafusion::arrow::error::ArrowError>;

impl Counter {
    fn add(&mut self, batch: &RecordBatch) -> ArrowResult<()> {
        let places = self.places_of(batch)?;
        let plan = Arc::clone(&self.plan);
        for (k, column) in plan.columns.iter().enumerate() {
            match batch.column_by_name(&column.name) {
                None => places
                    .iter()
                    .for_each(|place| self.counts[*place].columns[k].n_missing += 1),
                Some(array) => self.add_column(k, &column.classes, array, &places)?,
            }
        }
        for (k, group) in plan.groups.iter().enumerate() {
            let masks = group.iter().filter_map(|name| batch.column_by_name(name));
            // A column that cannot be missing is not read, and has no mask.
            let masks: Vec<_> = masks.filter_map(|array| array.logical_nulls()).collect();
            for (row, place) in places.iter().enumerate() {
                let is_complete = masks.iter().all(|mask| mask.is_valid(row));
                self.counts[*place].complete[k] += u64::from(is_complete);
            }
        }
        Ok(())
    }

    /// For every row the place of its stratum.
    fn places_of(&mut self, batch: &RecordBatch) -> ArrowResult<Vec<usize>> {
        let integers = |name: Option<&String>| -> ArrowResult<Option<Int64Array>> {
            let column = name.and_then(|name| batch.column_by_name(name));
            let column = column
                .map(|column| cast(column, &DataType::Int64))
                .transpose()?;
            Ok(column.map(|column| column.as_primitive::<Int64Type>().clone()))
        };
        let ids = integers(Some(&DELIVERY_ID.to_owned()))?;
        let terms = integers(self.plan.term.as_ref())?;
        let periods = integers(self.plan.period.as_ref())?;
        let at = |array: &Option<Int64Array>, row: usize| {
            let array = array.as_ref()?;
            array.is_valid(row).then(|| array.value(row))
        };
        let mut places = Vec::with_capacity(batch.num_rows());
        // Rows of one stratum follow each other: most need no look-up.
        let mut last: Option<(Stratum, usize)> = None;
        for row in 0..batch.num_rows() {
            let stratum = Stratum {
                delivery_id: at(&ids, row).unwrap_or_default(),
                term: at(&terms, row),
                period: at(&periods, row),
            };
            let place = match last {
                Some((same, place)) if same == stratum => place,
                _ => self.place(stratum),
            };
            last = Some((stratum, place));
            self.counts[place].n_rows += 1;
            places.push(place);
        }
        Ok(places)
    }

    fn place(&mut self, stratum: Stratum) -> usize {
        let next = self.counts.len();
        let place = *self.places.entry(stratum).or_insert(next);
        if place == next {
            self.counts.push(Counts::empty(&self.plan));
        }
        place
    }

    fn add_column(
        &mut self,
        k: usize,
        classes: &Classes,
        array: &ArrayRef,
        places: &[usize],
    ) -> ArrowResult<()> {
        let mut add = |row: usize, class: Option<i64>| {
            let histogram = &mut self.counts[places[row]].columns[k];
            match class {
                Some(class) => *histogram.classes.entry(class).or_insert(0) += 1,
                None => histogram.n_missing += 1,
            }
        };
        match classes {
            // One class for all values.
            Classes::None => {
                (0..array.len()).for_each(|row| add(row, array.is_valid(row).then_some(0)))
            }
            Classes::Codes => {
                let codes = cast(array, &DataType::Int64)?;
                let codes = codes.as_primitive::<Int64Type>();
                codes
                    .iter()
                    .enumerate()
                    .for_each(|(row, code)| add(row, code));
            }
            Classes::Numbers => {
                let numbers = cast(array, &DataType::Float64)?;
                let numbers = numbers.as_primitive::<Float64Type>();
                numbers
                    .iter()
                    .enumerate()
                    .for_each(|(row, number)| add(row, number.map(class_of)));
            }
            Classes::Words(words) => {
                let texts = cast(array, &DataType::Utf8)?;
                let texts = texts.as_string::<i32>();
                // Words that the contract does not know are one class.
                let class = |word: &str| words.get(word).copied().unwrap_or(-1);
                texts
                    .iter()
                    .enumerate()
                    .for_each(|(row, word)| add(row, word.map(class)));
            }
        }
        Ok(())
    }
}

/// The class of a number: its first 13 binary digits. Larger numbers have larger classes.
pub(super) fn class_of(number: f64) -> i64 {
    // −0 is 0.
    let bits = (number + 0.0).to_bits().cast_signed() >> 40;
    match bits < 0 {
        true => bits ^ (i64::MAX >> 40),
        false => bits,
    }
}
