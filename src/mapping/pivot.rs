//! A table with one item in each row → one row for each person and day, with a column for each item.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::header::{fits, plain};
use super::source_mapping::{LongLayout, Origin, SourceMapping};
use super::tokens::texts;
use crate::contract::TableContract;
use crate::tabular::{ReadError, TextTable};

/// Collects the items of persons; all of a file's rows are kept in memory, of items only those that a mapping or contract knows.
pub(super) struct Pivot {
    /// Columns that are the same in all rows of a person and day.
    by: Vec<usize>,
    item: usize,
    value: usize,
    /// Items by their names in plain form, each with its column.
    items: HashMap<String, usize>,
    rows: HashMap<Vec<Option<String>>, usize>,
    keys: Vec<Vec<Option<String>>>,
    values: Vec<Vec<Option<String>>>,
    schema: SchemaRef,
}

impl Pivot {
    /// For a file with columns `local`; the header that is not there where one of `item` and `value` is not.
    pub(super) fn new(
        (mapping, long): (&SourceMapping, &LongLayout),
        contract: &TableContract,
        local: &SchemaRef,
    ) -> Result<Self, String> {
        let place = |header: &str| {
            let fields = local.fields().iter().enumerate();
            let mut fitting = fields.filter(|(_, field)| fits(header, field.name()));
            fitting
                .next()
                .map(|(place, _)| place)
                .ok_or(header.to_owned())
        };
        let (item, value) = (place(&long.item)?, place(&long.value)?);
        let by = grouping(mapping, contract, local);
        let by: Vec<usize> = by
            .into_iter()
            .filter(|own| ![item, value].contains(own))
            .collect();
        let names = items(mapping, contract);
        let kept = by.iter().map(|place| local.field(*place).name().clone());
        let fields = kept.chain(names.iter().cloned());
        let fields = fields.map(|name| Field::new(name, DataType::Utf8, true));
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            items: names
                .iter()
                .enumerate()
                .map(|(place, name)| (plain(name), place))
                .collect(),
            by,
            item,
            value,
            rows: HashMap::new(),
            keys: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Reads the whole table, and returns its rows.
    pub(super) fn collect(mut self, table: &mut TextTable) -> Result<RecordBatch, ReadError> {
        while let Some(batch) = table.next_batch()? {
            self.add(&batch);
        }
        let n_items = self.items.len();
        let column =
            |texts: Vec<Option<String>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
        let mut columns: Vec<ArrayRef> = Vec::new();
        for place in 0..self.by.len() {
            let keys = self.keys.iter_mut().map(|key| key[place].take());
            columns.push(column(keys.collect()));
        }
        for place in 0..n_items {
            let values = self.values.iter_mut().map(|row| row[place].take());
            columns.push(column(values.collect()));
        }
        let batch = RecordBatch::try_new(self.schema, columns);
        Ok(batch.expect("a column for each field, one value for each row"))
    }

    fn add(&mut self, batch: &RecordBatch) {
        let texts = texts(batch);
        let text = |place: usize, row: usize| {
            let column = texts[place];
            (!column.is_null(row)).then(|| column.value(row))
        };
        for row in 0..batch.num_rows() {
            let key: Vec<Option<String>> = self
                .by
                .iter()
                .map(|place| text(*place, row).map(str::to_owned))
                .collect();
            let number = match self.rows.get(&key) {
                Some(number) => *number,
                None => {
                    let number = self.keys.len();
                    self.rows.insert(key.clone(), number);
                    self.keys.push(key);
                    self.values.push(vec![None; self.items.len()]);
                    number
                }
            };
            let item = text(self.item, row).map(plain).unwrap_or_default();
            if let (Some(item), Some(value)) = (self.items.get(&item), text(self.value, row)) {
                let place = &mut self.values[number][*item];
                // The first of two results counts, as of two columns.
                if place.is_none() {
                    *place = Some(value.to_owned());
                }
            }
        }
    }

    /// The columns of what is collected.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

/// Columns that a mapping reads besides items.
fn grouping(mapping: &SourceMapping, contract: &TableContract, local: &SchemaRef) -> Vec<usize> {
    let sources = mapping.identity.values().chain(mapping.columns.values());
    let own = contract
        .columns
        .iter()
        .flat_map(|column| [plain(&column.name), plain(&column.name_ja)]);
    let own: BTreeSet<String> = own.collect();
    let mut places = BTreeSet::new();
    for (place, field) in local.fields().iter().enumerate() {
        let is_read = sources.clone().any(|source| match &source.origin {
            Origin::Headers(names) => names.iter().any(|name| fits(name, field.name())),
            Origin::Sql(sql) => sql.contains(field.name().as_str()),
            Origin::Items(_) | Origin::Value(_) => false,
        });
        if is_read || own.contains(&plain(field.name())) {
            places.insert(place);
        }
    }
    places.into_iter().collect()
}

/// Items that the mapping or the contract knows, each once.
fn items(mapping: &SourceMapping, contract: &TableContract) -> Vec<String> {
    let named = mapping
        .columns
        .values()
        .filter_map(|source| match &source.origin {
            Origin::Items(names) => Some(names.iter()),
            _ => None,
        });
    let codes = contract
        .columns
        .iter()
        .flat_map(|column| &column.item_codes);
    let mut items: Vec<String> = Vec::new();
    for item in named.flatten().chain(codes) {
        if !items.iter().any(|own| plain(own) == plain(item)) {
            items.push(item.clone());
        }
    }
    items
}
