//! Rows as a holder has them → rows as a contract has them, all still text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::MappingError;
use super::expression::Expression;
use super::header::{fits, plain};
use super::header_rules::{HeaderRules, texts_of};
use super::identity::TokenKind;
use super::source_mapping::{ColumnSource, Origin, SourceMapping};
use super::tokens::{FieldPlace, IdentityReader, TokenMaker, texts};
use super::value::{Read, ValueReader};
use crate::contract::{ColumnType, TableContract};
use crate::diagnostic::{SourceLocation, did_you_mean};

/// The column that the identity's insurer number fills.
const INSURER: &str = "insurer_id";
/// The column within whose values numbers of employees count.
const EMPLOYER: &str = "employer_key";

/// Turns batches of a file into batches of a contract.
pub(super) struct Mapper<'a> {
    file: PathBuf,
    outputs: Vec<Output>,
    expressions: Vec<Expression>,
    identity: Option<(IdentityReader, TokenMaker<'a>)>,
    schema: SchemaRef,
    missing: BTreeMap<String, u64>,
    used: Vec<usize>,
}

/// A column that is made without SQL.
struct Output {
    column: String,
    making: Making,
}

enum Making {
    /// From columns of the file; the first with a value counts.
    Texts(Vec<usize>, Box<ValueReader>),
    Value(String),
    Token(TokenKind),
    /// The insurer's number from the identity.
    Insurer,
}

impl<'a> Mapper<'a> {
    /// Plans how a file with columns `local` becomes rows of `contract`.
    pub(super) fn new(
        (mapping, contract, rules): (&SourceMapping, &TableContract, &HeaderRules),
        (file, local): (&Path, &SchemaRef),
        tokens: Option<TokenMaker<'a>>,
    ) -> Result<Self, MappingError> {
        let planning = Planning {
            mapping,
            contract,
            rules,
            file,
            local,
        };
        let identity = match tokens {
            Some(maker) => Some((planning.identity()?, maker)),
            None => None,
        };
        let outputs = planning.outputs(identity.is_some())?;
        let made = outputs.iter().map(|output| output.column.clone());
        let (expressions, schema) = planning.expressions(made.collect())?;
        let mut used: Vec<usize> = outputs.iter().flat_map(Output::places).collect();
        if let Some((reader, _)) = &identity {
            used.extend(reader.columns());
        }
        Ok(Self {
            file: file.to_path_buf(),
            outputs,
            expressions,
            identity,
            schema,
            missing: BTreeMap::new(),
            used,
        })
    }

    /// The columns of the contract that are made, all text.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How often words stood where a value should be.
    pub(super) fn missing(&self) -> &BTreeMap<String, u64> {
        &self.missing
    }

    /// Whether a column of the file is used, except by SQL.
    pub(super) fn uses(&self, place: usize) -> bool {
        self.used.contains(&place)
    }

    /// The rows of `batch`, which follow `after_row` others.
    pub(super) fn apply(
        &mut self,
        batch: &RecordBatch,
        after_row: u64,
    ) -> Result<RecordBatch, MappingError> {
        let mut made: BTreeMap<String, ArrayRef> = BTreeMap::new();
        let raw = texts(batch);
        for output in &mut self.outputs {
            if let Some(array) = output.make(&raw, batch.num_rows(), &mut self.missing) {
                made.insert(output.column.clone(), array);
            }
        }
        self.make_tokens(batch, &mut made);
        for expression in &self.expressions {
            let whole = with_made(batch, &made);
            let array = expression.evaluate(&whole, &self.file, after_row)?;
            made.insert(expression.column.clone(), array);
        }
        let columns = self.schema.fields().iter().map(|field| {
            let array = made.get(field.name());
            Arc::clone(array.expect("every column of the schema is made"))
        });
        let columns: Vec<ArrayRef> = columns.collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(batch.expect("all columns are text and as long as the batch"))
    }

    fn make_tokens(&self, batch: &RecordBatch, made: &mut BTreeMap<String, ArrayRef>) {
        let Some((reader, maker)) = &self.identity else {
            return;
        };
        let wanted: Vec<&Output> = self.outputs.iter().filter(|own| own.is_token()).collect();
        if wanted.is_empty() {
            return;
        }
        let raw = texts(batch);
        let employers = made.get(EMPLOYER).cloned();
        let employers = employers.as_ref().map(|array| array.as_string::<i32>());
        let mut builders: Vec<StringBuilder> =
            wanted.iter().map(|_| StringBuilder::new()).collect();
        for row in 0..batch.num_rows() {
            let tokens = reader.tokens(&raw, row, *maker);
            let employer = employers.map(|employers| employers.value(row));
            for (output, builder) in wanted.iter().zip(&mut builders) {
                builder.append_option(match output.making {
                    Making::Token(kind) => tokens.of(kind, employer, *maker),
                    _ => tokens.insurer.clone(),
                });
            }
        }
        for (output, mut builder) in wanted.into_iter().zip(builders) {
            made.insert(output.column.clone(), Arc::new(builder.finish()));
        }
    }
}

impl Output {
    fn is_token(&self) -> bool {
        matches!(self.making, Making::Token(_) | Making::Insurer)
    }

    fn places(&self) -> Vec<usize> {
        match &self.making {
            Making::Texts(places, _) => places.clone(),
            _ => Vec::new(),
        }
    }

    /// The column's values; `None` for tokens.
    fn make(
        &mut self,
        raw: &[&StringArray],
        rows: usize,
        missing: &mut BTreeMap<String, u64>,
    ) -> Option<ArrayRef> {
        match &mut self.making {
            Making::Token(_) | Making::Insurer => None,
            Making::Value(value) => {
                let values = std::iter::repeat_n(value.as_str(), rows);
                Some(Arc::new(StringArray::from_iter_values(values)))
            }
            Making::Texts(places, reader) => {
                let mut builder = StringBuilder::with_capacity(rows, rows * 8);
                for row in 0..rows {
                    first_value(places, raw, row, (reader, missing), &mut builder);
                }
                Some(Arc::new(builder.finish()))
            }
        }
    }
}

/// Appends the first value that one of the columns has in `row`.
fn first_value(
    places: &[usize],
    raw: &[&StringArray],
    row: usize,
    (reader, missing): (&mut ValueReader, &mut BTreeMap<String, u64>),
    builder: &mut StringBuilder,
) {
    for place in places {
        let texts = raw[*place];
        if texts.is_null(row) {
            continue;
        }
        match reader.read(texts.value(row)) {
            Read::Empty => (),
            Read::Missing(word) => *missing.entry(word).or_default() += 1,
            Read::Value(value) => return builder.append_value(value),
        }
    }
    builder.append_null();
}

/// The file's columns, those of one name replaced by the contract's, and the contract's others.
fn with_made(batch: &RecordBatch, made: &BTreeMap<String, ArrayRef>) -> RecordBatch {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !made.contains_key(field.name()) {
            columns.push((field.name().clone(), Arc::clone(array)));
        }
    }
    let made = made.iter();
    columns.extend(made.map(|(name, array)| (name.clone(), Arc::clone(array))));
    let fields = columns
        .iter()
        .map(|(name, _)| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(schema, arrays).expect("all columns are text and as long as the batch")
}

/// What a plan is made from.
struct Planning<'p> {
    mapping: &'p SourceMapping,
    contract: &'p TableContract,
    rules: &'p HeaderRules,
    file: &'p Path,
    local: &'p SchemaRef,
}

impl Planning<'_> {
    fn identity(&self) -> Result<IdentityReader, MappingError> {
        let mut places = BTreeMap::new();
        for (field, source) in &self.mapping.identity {
            let place = match &source.origin {
                Origin::Value(value) => FieldPlace::Value(value.clone()),
                _ => FieldPlace::Columns(self.places(field.name(), source)?),
            };
            places.insert(*field, place);
        }
        Ok(IdentityReader::new(places, self.rules))
    }

    /// Columns that need no SQL, in the contract's order.
    fn outputs(&self, has_tokens: bool) -> Result<Vec<Output>, MappingError> {
        let mut outputs = Vec::new();
        for column in &self.contract.columns {
            let explicit = self.mapping.columns.get(&column.name).cloned();
            let source = explicit
                .or_else(|| self.by_own_name(&column.name, &column.name_ja))
                .or_else(|| self.items_of(&column.item_codes));
            let making = match source {
                Some(source) => match &source.origin {
                    Origin::Sql(_) => continue,
                    Origin::Value(value) => Making::Value(value.clone()),
                    Origin::Headers(_) | Origin::Items(_) => {
                        let rules = (self.rules, self.mapping.missing.as_slice());
                        let reader = ValueReader::new(column, self.contract, rules, &source);
                        Making::Texts(self.places(&column.name, &source)?, Box::new(reader))
                    }
                },
                None if has_tokens && column.name == INSURER => Making::Insurer,
                None => match self.rules.tokens.get(&column.name) {
                    Some(kind) if has_tokens && column.data_type == ColumnType::Token => {
                        Making::Token(*kind)
                    }
                    _ => continue,
                },
            };
            outputs.push(Output {
                column: column.name.clone(),
                making,
            });
        }
        Ok(outputs)
    }

    /// A column of the file that is called as the contract's.
    fn by_own_name(&self, name: &str, name_ja: &str) -> Option<ColumnSource> {
        let own = [plain(name), plain(name_ja)];
        let mut fields = self.local.fields().iter();
        let found = fields.find(|field| own.contains(&plain(field.name())))?;
        let at = self.nowhere();
        Some(ColumnSource::of_headers(vec![found.name().clone()], at))
    }

    /// Of a long table the items by the contract's own codes, where the file has one of them.
    fn items_of(&self, codes: &[String]) -> Option<ColumnSource> {
        self.mapping.long.as_ref()?;
        let here = |code: &&String| self.local.column_with_name(code).is_some();
        let codes: Vec<String> = codes.iter().filter(here).cloned().collect();
        (!codes.is_empty()).then(|| ColumnSource {
            origin: Origin::Items(codes),
            ..ColumnSource::of_headers(Vec::new(), self.nowhere())
        })
    }

    fn nowhere(&self) -> SourceLocation {
        SourceLocation {
            file: self.mapping.shown.clone(),
            line: 1,
            column: 1,
        }
    }

    /// The file's columns that `source` names; one at least, unless they are items.
    fn places(&self, column: &str, source: &ColumnSource) -> Result<Vec<usize>, MappingError> {
        let (names, are_items) = match &source.origin {
            Origin::Headers(names) => (names, false),
            Origin::Items(names) => (names, true),
            Origin::Value(_) | Origin::Sql(_) => return Ok(Vec::new()),
        };
        let mut places = Vec::new();
        for name in names {
            let fields = self.local.fields().iter().enumerate();
            let fitting = fields.filter(|(_, field)| fits(name, field.name()));
            places.extend(fitting.map(|(place, _)| place));
        }
        if !places.is_empty() || are_items {
            return Ok(places);
        }
        let header = names.join("`, `");
        let known = self
            .local
            .fields()
            .iter()
            .map(|field| field.name().as_str());
        Err(MappingError::NoHeader {
            file: self.file.to_path_buf(),
            hint: did_you_mean(names.first().map_or("", String::as_str), known),
            header,
            mapping: self.mapping.shown.display().to_string(),
            column: column.to_owned(),
        })
    }

    /// Columns by SQL: the mapping's, and those that follow from others; with the columns of all.
    fn expressions(
        &self,
        mut made: Vec<String>,
    ) -> Result<(Vec<Expression>, SchemaRef), MappingError> {
        let mut expressions = Vec::new();
        for column in &self.contract.columns {
            let source = self.mapping.columns.get(&column.name);
            if let Some(source) = source
                && let Origin::Sql(sql) = &source.origin
            {
                let schema = self.schema_with(&made);
                expressions.push(Expression::new(
                    &column.name,
                    sql,
                    source.at.clone(),
                    &schema,
                )?);
                made.push(column.name.clone());
            }
        }
        let derived: BTreeMap<&str, _> = self.rules.derived_of(self.contract).collect();
        for column in &self.contract.columns {
            let sql = derived.get(column.name.as_str());
            let Some(sql) = sql.filter(|_| !made.contains(&column.name)) else {
                continue;
            };
            // What is wrong in a project's own file was told when it was loaded; of others the contract may lack a column.
            let Ok(needed) = Expression::needs(&column.name, sql, &texts_of(self.contract)) else {
                continue;
            };
            // Where what it follows from is not there either, the contract says what is missing.
            if needed.iter().all(|name| made.contains(name)) {
                let (schema, at) = (self.schema_with(&made), sql.at.clone());
                expressions.push(Expression::new(&column.name, &sql.value, at, &schema)?);
                made.push(column.name.clone());
            }
        }
        let fields = self.contract.columns.iter();
        let fields = fields.filter(|column| made.contains(&column.name));
        let fields = fields.map(|column| Field::new(&column.name, DataType::Utf8, true));
        Ok((
            expressions,
            Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        ))
    }

    /// The file's columns and those that are made, as expressions see them.
    fn schema_with(&self, made: &[String]) -> SchemaRef {
        let local = self
            .local
            .fields()
            .iter()
            .map(|field| field.name().as_str());
        let local = local.filter(|name| !made.iter().any(|own| own == name));
        let mut made: Vec<&str> = made.iter().map(String::as_str).collect();
        made.sort_unstable();
        let names = local.chain(made);
        let fields = names.map(|name| Field::new(name, DataType::Utf8, true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}
