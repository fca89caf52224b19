//! Parquet files written row group by row group. Threads encode row groups in memory; one thread
//! appends them in chunk order, so that the bytes never depend on the number of threads.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};

use super::columns::{Column, Data};
use super::options::SynthError;
use super::pages::{PackedChunk, packed};

/// What files are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To be kept and passed on: every page is compressed as far as it goes.
    Small,
    /// To be made quickly: pages are packed directly where that is possible.
    Fast,
}

/// Turns columns into an encoded row group of one file; shared by all threads.
pub(crate) struct Encoder {
    path: PathBuf,
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
    descriptors: Vec<ColumnDescPtr>,
    aim: Aim,
}

/// One file being written.
pub(crate) struct TableFile {
    path: PathBuf,
    writer: SerializedFileWriter<BufWriter<fs_err::File>>,
    /// Rows appended so far.
    pub(crate) n_rows: u64,
}

/// An encoded row group.
pub(crate) struct EncodedGroup {
    chunks: Vec<EncodedColumn>,
    n_rows: usize,
}

/// One encoded column of a row group.
enum EncodedColumn {
    Packed(Box<PackedChunk>),
    Arrow(Box<ArrowColumnChunk>),
}

/// Creates a file for columns like the given ones.
pub(crate) fn create(
    path: &Path,
    columns: &[Column],
    aim: Aim,
) -> Result<(TableFile, Encoder), SynthError> {
    let write = |source| SynthError::Write {
        path: path.to_path_buf(),
        source,
    };
    let encode = |source| SynthError::Encode {
        path: path.to_path_buf(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder).map_err(write)?;
    }
    let file = BufWriter::new(fs_err::File::create(path).map_err(write)?);
    let fields: Vec<_> = columns.iter().map(|column| column.field.clone()).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let properties = properties(columns, aim).map_err(encode)?;
    let (writer, factory) = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
        .and_then(ArrowWriter::into_serialized_writer)
        .map_err(encode)?;
    let descriptors = writer.schema_descr().columns().to_vec();
    let path = path.to_path_buf();
    Ok((
        TableFile {
            path: path.clone(),
            writer,
            n_rows: 0,
        },
        Encoder {
            path,
            schema,
            factory,
            descriptors,
            aim,
        },
    ))
}

fn properties(columns: &[Column], aim: Aim) -> Result<WriterProperties, ParquetError> {
    let zstd_level = match aim {
        Aim::Small => 19,
        Aim::Fast => 1,
    };
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(zstd_level)?))
        .set_created_by("korabo synth".to_owned())
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_dictionary_page_size_limit(8 << 20);
    for column in columns
        .iter()
        .filter(|column| matches!(column.data, Data::Running(_)))
    {
        let path = ColumnPath::from(column.field.name().as_str());
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BYTE_ARRAY);
    }
    Ok(builder.build())
}

impl Encoder {
    /// Encodes a row group; nothing when there are no rows.
    pub(crate) fn encode(&self, columns: &[Column]) -> Result<Option<EncodedGroup>, SynthError> {
        let n_rows = columns.first().map_or(0, Column::len);
        if n_rows == 0 {
            return Ok(None);
        }
        let chunks = self
            .encode_columns(columns)
            .map_err(|source| SynthError::Encode {
                path: self.path.clone(),
                source,
            })?;
        Ok(Some(EncodedGroup { chunks, n_rows }))
    }

    fn encode_columns(&self, columns: &[Column]) -> Result<Vec<EncodedColumn>, ParquetError> {
        let mut chunks = Vec::with_capacity(columns.len());
        if self.aim == Aim::Fast {
            for (descriptor, column) in self.descriptors.iter().zip(columns) {
                chunks.push(packed(descriptor, column)?);
            }
        } else {
            chunks.extend(columns.iter().map(|_| None));
        }
        // Writers are costly to make: only for the columns that need one.
        let writers = if chunks.iter().all(Option::is_some) {
            Vec::new()
        } else {
            self.factory.create_column_writers(0)?
        };
        let mut writers = writers.into_iter();
        let mut encoded = Vec::with_capacity(columns.len());
        for ((chunk, column), field) in chunks.into_iter().zip(columns).zip(self.schema.fields()) {
            let writer = writers.next();
            encoded.push(match (chunk, writer) {
                (Some(chunk), _) => EncodedColumn::Packed(Box::new(chunk)),
                (None, writer) => {
                    let mut writer = writer.expect("every column has a writer if one needs it");
                    for leaf in compute_leaves(field, &column.array())? {
                        writer.write(&leaf)?;
                    }
                    EncodedColumn::Arrow(Box::new(writer.close()?))
                }
            });
        }
        Ok(encoded)
    }
}

impl TableFile {
    /// Appends an encoded row group.
    pub(crate) fn append(&mut self, group: EncodedGroup) -> Result<(), SynthError> {
        let path = &self.path;
        let encode = |source| SynthError::Encode {
            path: path.clone(),
            source,
        };
        let mut row_group = self.writer.next_row_group().map_err(encode)?;
        for chunk in group.chunks {
            match chunk {
                EncodedColumn::Arrow(chunk) => chunk.append_to_row_group(&mut row_group),
                EncodedColumn::Packed(chunk) => {
                    let (reader, close) = chunk.into_parts();
                    row_group.append_column(&reader, close)
                }
            }
            .map_err(encode)?;
        }
        row_group.close().map_err(encode)?;
        self.n_rows += group.n_rows as u64;
        Ok(())
    }

    /// Writes the footer and returns the file's size in bytes.
    pub(crate) fn finish(self) -> Result<u64, SynthError> {
        let path = self.path;
        let encode = |source| SynthError::Encode {
            path: path.clone(),
            source,
        };
        let write = |source| SynthError::Write {
            path: path.clone(),
            source,
        };
        let buffered = self.writer.into_inner().map_err(encode)?;
        let file = buffered
            .into_inner()
            .map_err(|error| write(error.into_error()))?;
        Ok(file.metadata().map_err(write)?.len())
    }
}
