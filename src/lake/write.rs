//! Writing a version: files first (invisible to readers), one atomic commit afterwards. A crash in
//! between leaves files that no version names and the table as it was.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::object_store::prefix::PrefixStore;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use deltalake_core::DeltaTableError;
use deltalake_core::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake_core::kernel::engine::arrow_conversion::{TryIntoArrow as _, TryIntoKernel as _};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{
    Action, Add, Metadata, MetadataExt as _, Protocol, StructType, new_metadata,
};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use serde_json::json;

use super::durable::sync;
use super::integrity::{TAG, Written, sha256_of};
use super::log::remove_unfinished;
use super::{Lake, LakeError, LakeTable, Provenance, table_error};

pub(super) const TARGET_FILE_BYTES: u64 = 256 << 20;

/// Encoded bytes that a file under way keeps in memory before they go to the disk, and that a reader has in memory at once.
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
    written: Written,
}

/// Files written but not yet published.
#[derive(Debug)]
pub struct StagedFiles {
    schema: SchemaRef,
    partition_by: Vec<String>,
    adds: Vec<Add>,
    /// Rows in the files.
    pub n_rows: u64,
}

impl StagedFiles {
    /// Bytes of the files.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        let sizes = self.adds.iter().map(|add| u64::try_from(add.size));
        sizes.map(Result::unwrap_or_default).sum()
    }
}

/// What becomes of the table's present rows when files are published.
pub enum PublishMode<'a> {
    /// They stay.
    Append,
    /// They go; the new files are the whole table.
    Overwrite,
    /// The given files go, the others stay.
    ReplaceFiles(&'a (dyn Fn(&super::LakeFile) -> bool + Sync)),
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
            let sha256 = match self.written.take(&file) {
                Some(sha256) => sha256,
                None => sha256_of(&file).map_err(LakeError::Folder)?,
            };
            add.tags = Some([(TAG.to_owned(), Some(sha256))].into());
        }
        Ok(StagedFiles {
            schema: self.schema,
            partition_by: self.partition_by,
            adds,
            n_rows: self.n_rows,
        })
    }

    /// Gives up and removes what was written.
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
    pub(super) fn into_adds(self) -> Vec<Add> {
        self.adds
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
        let files = self.adds.iter().map(file_of_add).collect();
        LakeTable {
            name: name.to_owned(),
            version: 0,
            folder: lake.root().join(table),
            schema: Arc::clone(&self.schema),
            partition_by: self.partition_by.clone(),
            files,
            provenance: None,
            checked: None,
        }
    }
}

/// Whether `new` is `old` with more columns behind it, as when a later version of korabo records more.
fn has_new_columns(old: &Schema, new: &Schema) -> bool {
    let (old, new) = (old.fields(), new.fields());
    let is_same = |(old, new): (&FieldRef, &FieldRef)| {
        old.name() == new.name() && old.data_type() == new.data_type()
    };
    new.len() > old.len() && old.iter().zip(new).all(is_same)
}

/// What a reader and writer of a table must understand: times without a zone are a feature of their own, the rest is what every
/// reader knows. Source: Delta Transaction Log Protocol, "Timestamp without timezone" and "Requirements for Writers".
fn protocol_of(schema: &Schema) -> Result<Protocol, DeltaTableError> {
    let is_plain_time =
        |field: &FieldRef| matches!(field.data_type(), DataType::Timestamp(_, None));
    let has_plain_time = schema.fields().iter().any(is_plain_time);
    let protocol = match has_plain_time {
        false => json!({ "minReaderVersion": 1, "minWriterVersion": 2 }),
        true => json!({
            "minReaderVersion": 3, "minWriterVersion": 7,
            "readerFeatures": ["timestampNtz"], "writerFeatures": ["timestampNtz"],
        }),
    };
    Ok(serde_json::from_value(protocol)?)
}

fn metadata(schema: &Schema, partition_by: Vec<String>) -> Result<Metadata, DeltaTableError> {
    let no_settings: [(String, String); 0] = [];
    let schema: StructType = schema.try_into_kernel()?;
    Ok(new_metadata(&schema, partition_by, no_settings)?)
}

/// What a table's log says when its columns become `schema`.
fn changes(
    state: &DeltaTableState,
    schema: &Schema,
    partition_by: Vec<String>,
) -> Result<Vec<Action>, DeltaTableError> {
    let mut changes = vec![Action::Metadata(metadata(schema, partition_by)?)];
    let protocol = protocol_of(schema)?;
    if protocol.min_reader_version() > state.protocol().min_reader_version() {
        changes.push(Action::Protocol(protocol));
    }
    Ok(changes)
}

fn file_of_add(add: &Add) -> super::LakeFile {
    let n_rows = add
        .stats
        .as_deref()
        .and_then(|stats| serde_json::from_str::<serde_json::Value>(stats).ok())
        .and_then(|stats| stats.get("numRecords")?.as_u64());
    super::LakeFile {
        path: add.path.clone(),
        size: u64::try_from(add.size).unwrap_or(0),
        n_rows,
        partition_values: add.partition_values.clone(),
        sha256: add.tags.as_ref().and_then(|tags| tags.get(TAG)?.clone()),
    }
}

fn conform(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, datafusion::arrow::error::ArrowError> {
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
    /// Starts writing files for table `name`. `schema` must be storable
    /// ([`super::storable_schema`]).
    ///
    /// # Errors
    /// When the table's folder cannot be used.
    pub fn writer(
        &self,
        name: &str,
        schema: SchemaRef,
        partition_by: &[String],
    ) -> Result<TableWriter, LakeError> {
        fs_err::create_dir_all(self.root().join(name)).map_err(LakeError::Folder)?;
        let config = WriterConfig::new(
            Arc::clone(&schema),
            partition_by.to_vec(),
            Some(writer_properties(!partition_by.is_empty())),
            NonZeroU64::new(TARGET_FILE_BYTES),
            None,
            Default::default(),
            None,
        );
        let folder = deltalake_core::Path::from_absolute_path(self.root().join(name));
        let folder = folder.map_err(|error| table_error(name, error.into()))?;
        let store = Arc::new(PrefixStore::new(Arc::clone(&self.store), folder));
        Ok(TableWriter {
            table: name.to_owned(),
            schema,
            partition_by: partition_by.to_vec(),
            inner: DeltaWriter::new(store, config),
            n_rows: 0,
            folder: self.root().join(name),
            written: self.store.written.clone(),
        })
    }

    /// Waits until staged files are on the disk, so that a commit never names what a power cut takes away.
    async fn settle(&self, name: &str, staged: &StagedFiles) -> Result<(), LakeError> {
        let folder = self.root().join(name);
        let files = staged.adds.iter();
        let files: Vec<PathBuf> = files.map(|add| folder.join(&add.path)).collect();
        let above = |file: &PathBuf| {
            let above = file.ancestors().skip(1);
            let above = above.take_while(|above| above.starts_with(&folder));
            above.map(Path::to_path_buf).collect::<Vec<_>>()
        };
        let mut folders: BTreeSet<PathBuf> = files.iter().flat_map(above).collect();
        if !self.exists(name) {
            folders.extend([folder, self.root().to_path_buf()]);
        }
        let synced = tokio::task::spawn_blocking(move || {
            files.iter().chain(&folders).try_for_each(|path| sync(path))
        });
        let synced = synced.await.unwrap_or_else(|error| Err(error.into()));
        synced.map_err(LakeError::Folder)
    }

    /// Publishes staged files as the next version of table `name`; returns the version.
    ///
    /// # Errors
    /// When the commit fails; the table is then as it was.
    pub async fn publish(
        &self,
        name: &str,
        staged: StagedFiles,
        mode: PublishMode<'_>,
        provenance: &Provenance,
    ) -> Result<u64, LakeError> {
        let in_table = |source| table_error(name, source);
        self.settle(name, &staged).await?;
        if !self.exists(name) {
            // A creation that was cut short may have left something under the first commit's name.
            remove_unfinished(&self.root().join(name)).map_err(LakeError::Folder)?;
            let log = self.builder(name)?.build().map_err(in_table)?.log_store();
            let created = self.create(name, log, staged, provenance);
            let created = created.await;
            return created.map_err(in_table);
        }
        let mut actions: Vec<Action> = staged.adds.into_iter().map(Action::Add).collect();
        let table = self.builder(name)?.load().await.map_err(in_table)?;
        let state = table.snapshot().map_err(in_table)?;
        let removed = state.log_data();
        match mode {
            PublishMode::Append => {
                if has_new_columns(&state.snapshot().arrow_schema(), &staged.schema) {
                    let columns = state.metadata().partition_columns().to_vec();
                    let changes = changes(state, &staged.schema, columns).map_err(in_table)?;
                    actions.extend(changes);
                }
            }
            PublishMode::Overwrite => {
                actions.extend(
                    removed
                        .iter()
                        .map(|v| Action::Remove(v.remove_action(true))),
                );
                if state.snapshot().arrow_schema() != staged.schema
                    || *state.metadata().partition_columns() != staged.partition_by
                {
                    let changes = changes(state, &staged.schema, staged.partition_by);
                    actions.extend(changes.map_err(in_table)?);
                }
            }
            PublishMode::ReplaceFiles(goes) => {
                for view in removed.iter() {
                    if goes(&super::LakeFile::of_view(&view)) {
                        actions.push(Action::Remove(view.remove_action(true)));
                    }
                }
            }
        }
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let properties = CommitProperties::default()
            .with_metadata(provenance.to_commit_metadata())
            // How long the log is kept is for `maintain` to say.
            .with_cleanup_expired_logs(Some(false));
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), table.log_store(), operation)
            .await
            .map_err(in_table)?;
        Ok(self.published(&self.of_state(name, &commit.snapshot, Some(provenance.clone()))))
    }

    /// Publishes the first version of a table. Nothing is read back: that would take longer than a small query.
    async fn create(
        &self,
        name: &str,
        log: LogStoreRef,
        staged: StagedFiles,
        provenance: &Provenance,
    ) -> Result<u64, DeltaTableError> {
        let schema: StructType = staged.schema.as_ref().try_into_kernel()?;
        let schema: Schema = (&schema).try_into_arrow()?;
        let table = LakeTable {
            name: name.to_owned(),
            version: 0,
            folder: self.root().join(name),
            schema: Arc::new(schema),
            partition_by: staged.partition_by.clone(),
            files: staged.adds.iter().map(file_of_add).collect(),
            provenance: Some(provenance.clone()),
            checked: self.checked.clone(),
        };
        let metadata = metadata(&staged.schema, staged.partition_by)?.with_name(name.to_owned())?;
        let protocol = protocol_of(&staged.schema)?;
        let mut actions = vec![
            Action::Protocol(protocol.clone()),
            Action::Metadata(metadata.clone()),
        ];
        actions.extend(staged.adds.into_iter().map(Action::Add));
        let operation = DeltaOperation::Create {
            mode: SaveMode::ErrorIfExists,
            location: self.url(name),
            protocol,
            metadata,
        };
        let properties = CommitProperties::default().with_metadata(provenance.to_commit_metadata());
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(None, log, operation);
        // What would follow is reading the table and upkeep of its log.
        drop(commit.into_prepared_commit_future().await?.await?);
        Ok(self.published(&table))
    }

    /// Remembers what was published, which need not be read again; gives back its version.
    fn published(&self, table: &LakeTable) -> u64 {
        self.remember(self.log_stamp(&table.name), table);
        table.version
    }

    /// Removes staged files that will not be published.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn discard(&self, name: &str, staged: &StagedFiles) -> Result<(), LakeError> {
        for add in &staged.adds {
            let path = self.root().join(name).join(&add.path);
            fs_err::remove_file(path).map_err(LakeError::Folder)?;
        }
        Ok(())
    }

    /// An empty staged set: publishes a table with no rows.
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

/// The path on the disk of a file as a line of the log names it.
pub(super) fn decode_path(path: &str) -> String {
    deltalake_core::Path::from_url_path(path).map_or_else(|_| path.to_owned(), String::from)
}

#[cfg(test)]
mod tests;
