//! The one writer that serves all formats of a query's result. How each format looks is in `table`, `vertical`, `text` and `xlsx`; where
//! the bytes go (a file, standard output) is the caller's and `output_file`'s concern.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::SortingColumn;
use datafusion::parquet::file::properties::WriterProperties;

use super::format::{Format, WriteError, WriteOptions};
use super::table::TableWriter;
use super::text::TextWriter;
use super::vertical::VerticalWriter;
use super::xlsx::XlsxWriter;
use crate::session::SortedColumn;

/// Bytes a Parquet row group may hold in memory before it is written.
const ROW_GROUP_BYTES: usize = 128 << 20;

/// Writes the batches of one result to `out` in one format.
pub(crate) struct ResultWriter<W: Write + Send> {
    n_rows: u64,
    sink: Sink<W>,
}

enum Sink<W: Write + Send> {
    Table(TableWriter<BufWriter<W>>),
    Vertical(VerticalWriter<BufWriter<W>>),
    Text(TextWriter<BufWriter<W>>),
    Parquet(Box<ArrowWriter<BufWriter<W>>>),
    Arrow {
        writer: Box<FileWriter<BufWriter<W>>>,
        schema: SchemaRef,
    },
    Xlsx(Box<XlsxWriter<BufWriter<W>>>),
}

impl<W: Write + Send> ResultWriter<W> {
    /// Starts a result of the given schema whose rows come sorted by the columns in `sorting`.
    ///
    /// # Errors
    /// When the format cannot hold the schema, or `out` cannot be written.
    pub(crate) fn new(
        out: W,
        schema: SchemaRef,
        options: WriteOptions,
        sorting: &[SortedColumn],
    ) -> Result<Self, WriteError> {
        if options.format.needs_unique_names() {
            check_unique_names(&schema)?;
        }
        let out = BufWriter::with_capacity(64 << 10, out);
        let sink = match options.format {
            Format::Table | Format::Box => Sink::Table(TableWriter::new(out, &schema, options)),
            Format::Vertical => Sink::Vertical(VerticalWriter::new(out, &schema, options)),
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_sorting_columns(parquet_sorting(&schema, sorting)?)
                    .build();
                let properties = Some(properties);
                Sink::Parquet(Box::new(ArrowWriter::try_new(out, schema, properties)?))
            }
            Format::Arrow => {
                let schema = without_dictionaries(&schema);
                let writer = Box::new(FileWriter::try_new(out, &schema)?);
                Sink::Arrow { writer, schema }
            }
            Format::Xlsx => Sink::Xlsx(Box::new(XlsxWriter::new(out, &schema)?)),
            Format::Csv
            | Format::Tsv
            | Format::Json
            | Format::Ndjson
            | Format::Markdown
            | Format::Html => Sink::Text(TextWriter::new(out, &schema, options)?),
        };
        Ok(Self { n_rows: 0, sink })
    }

    /// Writes one batch.
    ///
    /// # Errors
    /// When `out` cannot be written or the format cannot hold a value.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        match &mut self.sink {
            Sink::Table(writer) => writer.write(batch)?,
            Sink::Vertical(writer) => writer.write(batch)?,
            Sink::Text(writer) => writer.write(batch)?,
            Sink::Parquet(writer) => {
                writer.write(batch)?;
                if writer.in_progress_size() > ROW_GROUP_BYTES {
                    writer.flush()?;
                }
            }
            Sink::Arrow { writer, schema } => writer.write(&cast_batch(batch, schema)?)?,
            Sink::Xlsx(writer) => writer.write(batch)?,
        }
        self.n_rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Writes what is still held back (widths, footers, the workbook) and returns the number of rows.
    ///
    /// # Errors
    /// As [`ResultWriter::write`].
    pub(crate) fn finish(self) -> Result<u64, WriteError> {
        match self.sink {
            Sink::Table(writer) => writer.finish()?.flush()?,
            Sink::Vertical(writer) => writer.finish()?.flush()?,
            Sink::Text(writer) => writer.finish()?.flush()?,
            Sink::Parquet(writer) => writer.into_inner()?.flush()?,
            Sink::Arrow { writer, .. } => {
                let mut writer = writer;
                writer.finish()?;
                writer.into_inner()?.flush()?;
            }
            Sink::Xlsx(writer) => writer.finish()?.flush()?,
        }
        Ok(self.n_rows)
    }
}

/// The sorting in the terms of a Parquet file, which counts the leaves of nested columns; `None` when there
/// is none.
fn parquet_sorting(
    schema: &Schema,
    sorting: &[SortedColumn],
) -> Result<Option<Vec<SortingColumn>>, ParquetError> {
    if sorting.is_empty() {
        return Ok(None);
    }
    let leaves = ArrowSchemaConverter::new().convert(schema)?;
    let columns = sorting.iter().map_while(|sorted| {
        let field = schema.fields().get(sorted.index)?;
        let mut all = 0..leaves.num_columns();
        let leaf = all.find(|&leaf| leaves.get_column_root_idx(leaf) == sorted.index)?;
        (!field.data_type().is_nested()).then_some(SortingColumn {
            column_idx: i32::try_from(leaf).ok()?,
            descending: sorted.is_descending,
            nulls_first: sorted.has_nulls_first,
        })
    });
    let columns: Vec<SortingColumn> = columns.collect();
    Ok((!columns.is_empty()).then_some(columns))
}

fn check_unique_names(schema: &Schema) -> Result<(), WriteError> {
    let mut seen = HashSet::new();
    match schema
        .fields()
        .iter()
        .find(|field| !seen.insert(field.name()))
    {
        Some(field) => Err(WriteError::DuplicateColumn {
            name: field.name().clone(),
        }),
        None => Ok(()),
    }
}

/// The schema with every dictionary replaced by its values: an Arrow file allows one dictionary per
/// column, while batches of a query bring one each.
fn without_dictionaries(schema: &SchemaRef) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(plain_field).collect();
    if fields == *schema.fields() {
        return Arc::clone(schema);
    }
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let plain: Field = field
        .as_ref()
        .clone()
        .with_data_type(plain_type(field.data_type()));
    Arc::new(plain)
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        other => other.clone(),
    }
}

fn cast_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                cast(column, field.data_type())
            }
        });
    let options =
        datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = columns.collect::<Result<_, _>>()?;
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

#[cfg(test)]
mod tests;
