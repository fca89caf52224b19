//! Writing data files: they lie in the table's folder and stay invisible to readers until a commit names them.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::object_store::prefix::PrefixStore;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use deltalake_core::DeltaTableError;
use deltalake_core::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake_core::kernel::Add;

use super::checksum::{HASH_TAG, WrittenHashes, sha256_of};
use super::error::{LakeError, table_error};
use super::folder::Lake;
use super::table::{LakeFile, LakeTable};

/// Size at which a data file is finished and another begun.
pub(super) const TARGET_FILE_BYTES: u64 = 256 << 20;

/// Encoded bytes that an unfinished file keeps in memory before they go to the disk, and that a reader has in memory at once.
const ROW_GROUP_BYTES: usize = 16 << 20;
/// The same for a table with a file per partition: a writer has all of them open.
const PARTITION_ROW_GROUP_BYTES: usize = 8 << 20;
/// Bytes of a column's distinct values before its values are written as they are. The encoder's table of them takes three times
/// as much, for every column of every open file.
const DICTIONARY_BYTES: usize = 128 << 10;
/// The same for a table with a file per partition.
const PARTITION_DICTIONARY_BYTES: usize = 32 << 10;

fn writer_properties(is_partitioned: bool) -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("1 is a zstd level");
    let (row_group, dictionary) = match is_partitioned {
        true => (PARTITION_ROW_GROUP_BYTES, PARTITION_DICTIONARY_BYTES),
        false => (ROW_GROUP_BYTES, DICTIONARY_BYTES),
    };
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_bytes(Some(row_group))
        .set_dictionary_page_size_limit(dictionary)
        .build()
}

/// Streams record batches into data files that no version names yet.
pub struct TableWriter {
    table: String,
    schema: SchemaRef,
    partition_by: Vec<String>,
    inner: DeltaWriter,
    n_rows: u64,
    folder: PathBuf,
    written: WrittenHashes,
}

/// Files written but not yet published.
#[derive(Debug)]
pub struct StagedFiles {
    pub(super) schema: SchemaRef,
    pub(super) partition_by: Vec<String>,
    /// What the commit will say of each file.
    pub(super) adds: Vec<Add>,
    /// Rows in the files.
    pub n_rows: u64,
}

impl TableWriter {
    /// Writes one batch, casting to the stored types.
    ///
    /// # Errors
    /// When the batch does not fit the schema or the disk refuses.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = conform(batch, &self.schema)
            .map_err(|source| table_error(&self.table, DeltaTableError::Arrow { source }))?;
        self.n_rows += batch.num_rows() as u64;
        self.inner
            .write(&batch)
            .await
            .map_err(|source| table_error(&self.table, source))
    }

    /// Finishes the files.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn close(self) -> Result<StagedFiles, LakeError> {
        let closed = self.inner.close().await;
        let mut adds = closed.map_err(|source| table_error(&self.table, source))?;
        for add in &mut adds {
            let file = self.folder.join(&add.path);
            // Hashed on its way to the disk; read again only if it got there in another way.
            let sha256 = match self.written.take(&file) {
                Some(sha256) => sha256,
                None => sha256_of(&file).map_err(LakeError::Folder)?,
            };
            add.tags = Some([(HASH_TAG.to_owned(), Some(sha256))].into());
        }
        Ok(StagedFiles {
            schema: self.schema,
            partition_by: self.partition_by,
            adds,
            n_rows: self.n_rows,
        })
    }

    /// Removes what was written instead of finishing it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn abort(self) -> Result<(), LakeError> {
        self.inner
            .abort()
            .await
            .map_err(|source| table_error(&self.table, source))
    }
}

impl StagedFiles {
    /// Bytes of the files.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        let sizes = self.adds.iter().map(|add| u64::try_from(add.size));
        sizes.map(Result::unwrap_or_default).sum()
    }

    /// Adds the files of `other`, which must have the same schema.
    pub fn extend(&mut self, other: Self) {
        self.adds.extend(other.adds);
        self.n_rows += other.n_rows;
    }

    /// The files staged for table `table` as a table called `name`, to be queried before it is
    /// published.
    #[must_use]
    pub fn as_table(&self, lake: &Lake, name: &str, table: &str) -> LakeTable {
        let files = self.adds.iter().map(LakeFile::of_add).collect();
        LakeTable {
            name: name.to_owned(),
            version: 0,
            folder: lake.table_folder(table),
            schema: Arc::clone(&self.schema),
            partition_by: self.partition_by.clone(),
            files,
            provenance: None,
            verified: None,
        }
    }
}

/// The batch with its columns cast to the types of `schema`.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                cast(column, field.data_type())
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

impl Lake {
    /// Starts writing files for table `name`. `schema` must be storable ([`storable_schema`](super::storable_schema)).
    ///
    /// # Errors
    /// When the table's folder cannot be used.
    pub fn writer(
        &self,
        name: &str,
        schema: SchemaRef,
        partition_by: &[String],
    ) -> Result<TableWriter, LakeError> {
        fs_err::create_dir_all(self.table_folder(name)).map_err(LakeError::Folder)?;
        let config = WriterConfig::new(
            Arc::clone(&schema),
            partition_by.to_vec(),
            Some(writer_properties(!partition_by.is_empty())),
            NonZeroU64::new(TARGET_FILE_BYTES),
            None,
            Default::default(),
            None,
        );
        let folder = deltalake_core::Path::from_absolute_path(self.table_folder(name));
        let folder = folder.map_err(|error| table_error(name, error.into()))?;
        let store = Arc::new(PrefixStore::new(Arc::clone(self.store()), folder));
        Ok(TableWriter {
            table: name.to_owned(),
            schema,
            partition_by: partition_by.to_vec(),
            inner: DeltaWriter::new(store, config),
            n_rows: 0,
            folder: self.table_folder(name),
            written: self.store().written.clone(),
        })
    }

    /// Removes staged files that will not be published.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn discard(&self, name: &str, staged: &StagedFiles) -> Result<(), LakeError> {
        for add in &staged.adds {
            let path = self.table_folder(name).join(&add.path);
            fs_err::remove_file(path).map_err(LakeError::Folder)?;
        }
        Ok(())
    }

    /// A staged set without files: when published, a table without rows.
    #[must_use]
    pub fn stage_nothing(&self, schema: &Schema, partition_by: &[String]) -> StagedFiles {
        StagedFiles {
            schema: Arc::new(schema.clone()),
            partition_by: partition_by.to_vec(),
            adds: Vec::new(),
            n_rows: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;
    use crate::lake::storable_schema;

    #[tokio::test]
    async fn unfinished_files_go_to_the_disk_before_they_hold_many_megabytes() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        for (name, partition_by) in [("whole", vec![]), ("by_place", vec!["place".to_owned()])] {
            let mut seed = 1_u64;
            let mut columns = || {
                let numbers = (0..100_000).map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    seed.cast_signed()
                });
                let number: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
                let place: ArrayRef = Arc::new(StringArray::from(vec!["a"; 100_000]));
                RecordBatch::try_from_iter([("number", number), ("place", place)]).unwrap()
            };
            let schema = storable_schema(name, &columns().schema()).unwrap();
            let mut writer = lake.writer(name, schema, &partition_by).unwrap();
            for _ in 0..40 {
                writer.write(&columns()).await.unwrap();
            }
            let staged = writer.close().await.unwrap();
            let [file] = &staged.adds[..] else {
                panic!("{} files", staged.adds.len())
            };
            let file = fs_err::File::open(folder.path().join(name).join(&file.path)).unwrap();
            let reader = SerializedFileReader::new(file.into_file()).unwrap();
            let sizes = reader.metadata().row_groups().iter();
            let most = sizes.map(|group| group.compressed_size()).max().unwrap();
            let limit = writer_properties(!partition_by.is_empty()).max_row_group_bytes();
            assert!(most > 4 << 20, "{most}");
            // Headers of the last pages come on top of what the writer counts.
            let headers = 1 << 10;
            assert!(
                usize::try_from(most).unwrap() <= limit.unwrap() + headers,
                "{most}"
            );
        }
    }
}
