//! A holder's file, read as its mapping says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::error::MappingError;
use super::header_rules::HeaderRules;
use super::mapper::Mapper;
use super::pivot::Pivot;
use super::source_mapping::SourceMapping;
use super::tokens::TokenMaker;
use crate::contract::TableContract;
use crate::tabular::TextTable;

/// Rows of a long table that are mapped at a time.
const BATCH_ROWS: usize = 16_384;

/// A stream of batches with the columns of a contract, all text, from one file of a holder.
pub struct MappedTable<'a> {
    rows: Rows,
    mapper: Mapper<'a>,
    rows_read: u64,
    headers: Vec<String>,
    left_out: Vec<String>,
}

enum Rows {
    AsTheyAre(Box<TextTable>),
    /// The rows of a long table, and how many of them were read.
    Collected(RecordBatch, usize),
}

impl<'a> MappedTable<'a> {
    /// Opens `path`. Without `tokens` no field that identifies a person is read.
    ///
    /// # Errors
    /// When the file cannot be read, has not the headers that the mapping names, or an expression is wrong.
    pub fn open(
        path: &Path,
        (mapping, contract, rules): (&SourceMapping, &TableContract, &HeaderRules),
        tokens: Option<TokenMaker<'a>>,
    ) -> Result<Self, MappingError> {
        let mut table = TextTable::open(path, &mapping.layout)?;
        let local = Arc::clone(table.schema());
        let headers = local.fields().iter().map(|field| field.name().clone());
        let headers: Vec<String> = headers.collect();
        let Some(long) = &mapping.long else {
            let mapper = Mapper::new((mapping, contract, rules), (path, &local), tokens)?;
            let fields = local.fields().iter().enumerate();
            let unused = fields.filter(|(place, _)| !mapper.uses(*place));
            return Ok(Self {
                left_out: unused.map(|(_, field)| field.name().clone()).collect(),
                rows: Rows::AsTheyAre(Box::new(table)),
                mapper,
                rows_read: 0,
                headers,
            });
        };
        let pivot = Pivot::new((mapping, long), contract, &local);
        let pivot = pivot.map_err(|header| MappingError::NoHeader {
            file: path.to_path_buf(),
            header,
            mapping: mapping.shown.display().to_string(),
            column: "[long]".to_owned(),
            hint: String::new(),
        })?;
        let collected = Arc::clone(pivot.schema());
        let mapper = Mapper::new((mapping, contract, rules), (path, &collected), tokens)?;
        let rows = pivot.collect(&mut table)?;
        Ok(Self {
            rows: Rows::Collected(rows, 0),
            mapper,
            rows_read: 0,
            headers,
            left_out: Vec::new(),
        })
    }

    /// The contract's columns that the mapping makes.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.mapper.schema()
    }

    /// The file's own headers.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Columns of the file of which nothing is made.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// How often each word stood where a value should be (未実施, 測定不能), in the rows read so far.
    #[must_use]
    pub fn missing(&self) -> &BTreeMap<String, u64> {
        self.mapper.missing()
    }

    /// The next rows, or `None` at the end.
    ///
    /// # Errors
    /// When the file is damaged, or an expression fails.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, MappingError> {
        let batch = match &mut self.rows {
            Rows::AsTheyAre(table) => table.next_batch()?,
            Rows::Collected(rows, n_read) => {
                let n = BATCH_ROWS.min(rows.num_rows() - *n_read);
                let part = rows.slice(*n_read, n);
                *n_read += n;
                (n > 0).then_some(part)
            }
        };
        let Some(batch) = batch else { return Ok(None) };
        let mapped = self.mapper.apply(&batch, self.rows_read)?;
        self.rows_read += mapped.num_rows() as u64;
        Ok(Some(mapped))
    }
}
