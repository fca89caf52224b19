//! Publishing a version: one atomic commit that names data files already on the disk. A crash before it leaves files that
//! no version names, and the table as it was.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::{TryIntoArrow as _, TryIntoKernel as _};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{
    Action, Metadata, MetadataExt as _, Protocol, StructType, new_metadata,
};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use serde_json::json;

use super::durable::sync;
use super::error::{LakeError, table_error};
use super::folder::Lake;
use super::log::remove_unfinished;
use super::provenance::Provenance;
use super::table::{LakeFile, LakeTable};
use super::write::StagedFiles;

/// What happens to the table's present rows when files are published.
pub enum PublishMode<'a> {
    /// They stay.
    Append,
    /// They are removed; the new files are the whole table.
    Overwrite,
    /// The files for which the function holds are removed, the others stay.
    ReplaceFiles(&'a (dyn Fn(&LakeFile) -> bool + Sync)),
}

impl Lake {
    /// Waits until staged files are on the disk, so that no commit names files that a power cut would lose.
    async fn settle(&self, name: &str, staged: &StagedFiles) -> Result<(), LakeError> {
        let folder = self.table_folder(name);
        let files = staged.adds.iter();
        let files: Vec<PathBuf> = files.map(|add| folder.join(&add.path)).collect();
        // A file's name is on the disk with its folder, and the folder's with the one above.
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

    /// Writes and publishes one batch of a table that korabo keeps for itself, after removing what a crash left there. The caller
    /// holds a lock that keeps other writers of the table away.
    ///
    /// # Errors
    /// When it cannot be written; the table is then as it was.
    pub async fn write_batch(
        &self,
        name: &str,
        batch: &RecordBatch,
        mode: PublishMode<'_>,
        provenance: &Provenance,
    ) -> Result<(), LakeError> {
        self.remove_leftovers(name).await?;
        let mut writer = self.writer(name, batch.schema(), &[])?;
        writer.write(batch).await?;
        let staged = writer.close().await?;
        self.publish(name, staged, mode, provenance).await?;
        Ok(())
    }

    /// Appends rows, given as columns of `schema`, to a table that korabo keeps for itself; otherwise as [`Lake::write_batch`].
    ///
    /// # Errors
    /// When columns and schema do not fit, or as [`Lake::write_batch`].
    pub async fn append_columns(
        &self,
        name: &str,
        schema: SchemaRef,
        columns: Vec<ArrayRef>,
    ) -> Result<(), LakeError> {
        let batch = RecordBatch::try_new(schema, columns)
            .map_err(|source| table_error(name, DeltaTableError::Arrow { source }))?;
        let provenance = Provenance::of_raw(None);
        self.write_batch(name, &batch, PublishMode::Append, &provenance)
            .await
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
            remove_unfinished(&self.table_folder(name)).map_err(LakeError::Folder)?;
            let log = self.builder(name)?.build().map_err(in_table)?.log_store();
            let created = self.create(name, log, staged, provenance);
            let created = created.await;
            return created.map_err(in_table);
        }
        let table = self.builder(name)?.load().await.map_err(in_table)?;
        let state = table.snapshot().map_err(in_table)?;
        let others = other_actions(state, &staged, &mode).map_err(in_table)?;
        let adds = staged.adds.into_iter().map(Action::Add);
        let actions: Vec<Action> = adds.chain(others).collect();
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let properties = CommitProperties::default()
            .with_metadata(provenance.to_commit_metadata())
            // `maintain` decides how long the log is kept.
            .with_cleanup_expired_logs(Some(false));
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), table.log_store(), operation)
            .await
            .map_err(in_table)?;
        let published = self.of_state(name, &commit.snapshot, Some(provenance.clone()));
        Ok(self.remember_published(&published))
    }

    /// Gives `table` the columns of `schema` that it lacks, missing in all its rows.
    ///
    /// # Errors
    /// When the commit fails; the table is then as it was.
    pub async fn widen(&self, table: &LakeTable, schema: &Schema) -> Result<(), LakeError> {
        if widened(&table.schema, schema).is_none() {
            return Ok(());
        }
        let nothing = self.stage_nothing(schema, &table.partition_by);
        let provenance = Provenance::of_raw(None);
        self.publish(&table.name, nothing, PublishMode::Append, &provenance)
            .await?;
        Ok(())
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
            folder: self.table_folder(name),
            schema: Arc::new(schema),
            partition_by: staged.partition_by.clone(),
            files: staged.adds.iter().map(LakeFile::of_add).collect(),
            provenance: Some(provenance.clone()),
            verified: self.verified(),
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
        // Only prepared and written: what the builder would do next is read the table and tidy its log.
        drop(commit.into_prepared_commit_future().await?.await?);
        Ok(self.remember_published(&table))
    }
}

/// What the commit of a new version says besides the files that it adds: which it removes, and how columns change.
fn other_actions(
    state: &DeltaTableState,
    staged: &StagedFiles,
    mode: &PublishMode<'_>,
) -> Result<Vec<Action>, DeltaTableError> {
    let present = state.log_data();
    let schema = state.snapshot().arrow_schema();
    let partition_by = state.metadata().partition_columns();
    let mut actions = Vec::new();
    match mode {
        PublishMode::Append => {
            if let Some(wider) = widened(&schema, &staged.schema) {
                actions.extend(changes(state, &wider, partition_by.to_vec())?);
            }
        }
        PublishMode::Overwrite => {
            let removed = present.iter().map(|view| view.remove_action(true));
            actions.extend(removed.map(Action::Remove));
            if schema != staged.schema || *partition_by != staged.partition_by {
                let partition_by = staged.partition_by.clone();
                actions.extend(changes(state, &staged.schema, partition_by)?);
            }
        }
        PublishMode::ReplaceFiles(is_replaced) => {
            let replaced = present
                .iter()
                .filter(|view| is_replaced(&LakeFile::of_view(view)));
            actions.extend(replaced.map(|view| Action::Remove(view.remove_action(true))));
            if let Some(wider) = widened(&schema, &staged.schema) {
                actions.extend(changes(state, &wider, partition_by.to_vec())?);
            }
        }
    }
    Ok(actions)
}

/// `old` with the columns at its end that only `new` has, as when a contract asks for more or a later version of korabo records more.
/// `None` without any, or when `new` lacks a column of `old` or has it with another type.
fn widened(old: &Schema, new: &Schema) -> Option<Schema> {
    let is_kept = |field: &FieldRef| {
        let same = new.field_with_name(field.name());
        same.is_ok_and(|same| same.data_type() == field.data_type())
    };
    let added = new.fields().iter();
    let added = added.filter(|field| old.field_with_name(field.name()).is_err());
    let added: Vec<FieldRef> = added
        .map(|field| Arc::new(field.as_ref().clone().with_nullable(true)))
        .collect();
    if added.is_empty() || !old.fields().iter().all(is_kept) {
        return None;
    }
    let fields: Vec<FieldRef> = old.fields().iter().cloned().chain(added).collect();
    Some(Schema::new(fields))
}

/// What a reader and writer of a table must understand: times without a zone are a feature of their own, all else is known to
/// every reader. Source: Delta Transaction Log Protocol, "Timestamp without timezone" and "Requirements for Writers".
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

/// The metadata of a table with these columns and no settings.
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
    // What a table asks of its readers is never taken back.
    if protocol.min_reader_version() > state.protocol().min_reader_version() {
        changes.push(Action::Protocol(protocol));
    }
    Ok(changes)
}

#[cfg(test)]
mod tests;
