//! Upkeep of one table: many small files become few, files that no version within the retention needs are removed, and the
//! log is shortened. The rows stay what they are, and so does everything made from them.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use deltalake_core::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::kernel::Action;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::protocol::DeltaOperation;

use super::durable::sync;
use super::error::{LakeError, table_error};
use super::folder::Lake;
use super::leftovers::parquet_files;
use super::log::{
    LOG, commits, latest_checkpoint, log_files, named_files, remove_unfinished, version_of,
};
use super::table::{LakeFile, LakeTable};
use super::write::{StagedFiles, TARGET_FILE_BYTES};

/// A file below this size is worth joining with others.
const SMALL_FILE_BYTES: u64 = 32 << 20;
/// Commits after the last checkpoint at which the log is given another.
const COMMITS_PER_CHECKPOINT: u64 = 20;

/// What upkeep of a table did, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Data files of the present version before.
    pub files_before: u64,
    /// And after.
    pub files_after: u64,
    /// Bytes of all data files of the table before, those of earlier versions included.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
    /// Bytes of the files removed.
    pub bytes_freed: u64,
}

impl Upkeep {
    /// Nothing done: a table without provenance was written by another program.
    fn of_another_program(self, table: &LakeTable) -> Self {
        let n_files = table.files.len() as u64;
        Self {
            files_before: n_files,
            files_after: n_files,
            bytes_after: self.bytes_before,
            ..self
        }
    }
}

/// Small files of one partition, which are joined.
type SmallFiles = Vec<LakeFile>;

impl Lake {
    /// Joins small files of table `name`, removes files that no version since `keep_since` needs, and shortens the
    /// log. A table that another program writes is left as it is. Call it only while holding the lake's lock and that of
    /// its files.
    ///
    /// # Errors
    /// When the table cannot be read or written; its rows are then as they were.
    pub async fn maintain(
        &self,
        name: &str,
        keep_since: DateTime<Utc>,
    ) -> Result<Upkeep, LakeError> {
        let mut upkeep = Upkeep {
            bytes_before: bytes_of(&data_files(&self.table_folder(name))?)?,
            ..Upkeep::default()
        };
        if let Some(table) = self.table(name).await? {
            if table.provenance.is_none() {
                return Ok(upkeep.of_another_program(&table));
            }
            upkeep.files_before = table.files.len() as u64;
            self.compact(&table).await?;
        }
        remove_unfinished(&self.table_folder(name)).map_err(LakeError::Folder)?;
        for file in self.unneeded(name, keep_since).await? {
            upkeep.bytes_freed += size_of(&file)?;
            fs_err::remove_file(&file).map_err(LakeError::Folder)?;
        }
        if let Some(table) = self.table(name).await? {
            upkeep.files_after = table.files.len() as u64;
            self.shorten_log(&table, keep_since).await?;
        }
        upkeep.bytes_after = bytes_of(&data_files(&self.table_folder(name))?)?;
        Ok(upkeep)
    }

    /// What [`Lake::maintain`] would do; changes nothing.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn rehearse_maintain(
        &self,
        name: &str,
        keep_since: DateTime<Utc>,
    ) -> Result<Upkeep, LakeError> {
        let mut upkeep = Upkeep {
            bytes_before: bytes_of(&data_files(&self.table_folder(name))?)?,
            ..Upkeep::default()
        };
        if let Some(table) = self.table(name).await? {
            if table.provenance.is_none() {
                return Ok(upkeep.of_another_program(&table));
            }
            upkeep.files_before = table.files.len() as u64;
            let joined: u64 = small_files(&table)
                .iter()
                .map(|files| files.len() as u64 - n_joined(files))
                .sum();
            upkeep.files_after = upkeep.files_before - joined;
        }
        upkeep.bytes_freed = bytes_of(&self.unneeded(name, keep_since).await?)?;
        upkeep.bytes_after = upkeep.bytes_before - upkeep.bytes_freed;
        Ok(upkeep)
    }

    /// Joins the small files of each partition.
    async fn compact(&self, table: &LakeTable) -> Result<(), LakeError> {
        let groups = small_files(table);
        if groups.is_empty() {
            return Ok(());
        }
        self.remove_leftovers(&table.name).await?;
        let mut staged = self.stage_nothing(&table.schema, &table.partition_by);
        let mut joined = HashSet::new();
        for files in groups {
            let paths: HashSet<String> = files.into_iter().map(|file| file.path).collect();
            let part = table.with_files(|file| paths.contains(&file.path));
            staged.extend(self.rewrite(&part).await?);
            joined.extend(paths);
        }
        self.publish_compacted(table, staged, &joined).await
    }

    /// Writes the rows of `part` into new files.
    async fn rewrite(&self, part: &LakeTable) -> Result<StagedFiles, LakeError> {
        let schema = std::sync::Arc::clone(&part.schema);
        let mut writer = self.writer(&part.name, schema, &part.partition_by)?;
        for batch in part.read(None)? {
            writer.write(&batch?).await?;
        }
        let staged = writer.close().await?;
        // Before anything is published.
        if part.n_rows().is_some_and(|n_rows| n_rows != staged.n_rows) {
            self.discard(&part.name, &staged)?;
            return Err(LakeError::RowsLost {
                table: part.name.clone(),
            });
        }
        Ok(staged)
    }

    /// Replaces the files `joined` by those staged, in one commit that says of itself that the rows stayed the same.
    async fn publish_compacted(
        &self,
        table: &LakeTable,
        staged: StagedFiles,
        joined: &HashSet<String>,
    ) -> Result<(), LakeError> {
        let in_table = |source| table_error(&table.name, source);
        let mut provenance = table.provenance.clone().unwrap_or_default();
        provenance.same_rows_as = Some(table.rows_version());
        let mut actions: Vec<Action> = Vec::new();
        for mut add in staged.adds {
            // The rows are those of before: readers that follow changes have nothing to do.
            add.data_change = false;
            actions.push(Action::Add(add));
        }
        let present = self.builder(&table.name)?.load().await.map_err(in_table)?;
        let state = present.snapshot().map_err(in_table)?;
        for view in state.log_data().iter() {
            if joined.contains(view.path().as_ref()) {
                actions.push(Action::Remove(view.remove_action(false)));
            }
        }
        let operation = DeltaOperation::Optimize {
            predicate: None,
            target_size: i64::try_from(TARGET_FILE_BYTES).unwrap_or(i64::MAX),
        };
        let properties = CommitProperties::default()
            .with_metadata(provenance.to_commit_metadata())
            .with_cleanup_expired_logs(Some(false));
        CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), present.log_store(), operation)
            .await
            .map_err(in_table)?;
        Ok(())
    }

    /// Data files that no version since `keep_since` needs: superseded before, or never published.
    async fn unneeded(
        &self,
        name: &str,
        keep_since: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, LakeError> {
        let folder = self.table_folder(name);
        let mut needed = HashSet::new();
        if let Some(table) = self.table(name).await? {
            needed.extend(table.files.iter().map(|file| table.file_path(file)));
        }
        let named = named_files(&folder)?;
        let is_unneeded = |file: &PathBuf| match named.get(file) {
            _ if needed.contains(file) => false,
            None => true,
            Some(None) => false,
            Some(Some(removed_at)) => *removed_at < keep_since,
        };
        let mut files = data_files(&folder)?;
        files.retain(is_unneeded);
        Ok(files)
    }

    /// Gives the log a checkpoint when it has grown, and drops commits that no time since `keep_since` needs.
    async fn shorten_log(
        &self,
        table: &LakeTable,
        keep_since: DateTime<Utc>,
    ) -> Result<(), LakeError> {
        let in_table = |source| table_error(&table.name, source);
        let latest = latest_checkpoint(&log_files(&table.folder)?, None);
        let present = self.builder(&table.name)?.load().await.map_err(in_table)?;
        if table.version - latest.unwrap_or(0) >= COMMITS_PER_CHECKPOINT {
            create_checkpoint(&present, None).await.map_err(in_table)?;
            // The checkpoint is on the disk before the commits that it stands for are removed.
            let log = table.folder.join(LOG);
            let new = log_files(&table.folder)?.into_iter();
            let mut new = new.filter(|file| {
                let name = file.to_string_lossy();
                version_of(file) == Some(table.version) || name.ends_with("_last_checkpoint")
            });
            new.try_for_each(|file| sync(&file))
                .and_then(|()| sync(&log))
                .map_err(LakeError::Folder)?;
        }
        // The version that was current at that time must stay readable.
        let commits = commits(&table.folder)?;
        let then = commits
            .iter()
            .rev()
            .find(|commit| commit.published_at < keep_since);
        if let Some(then) = then {
            let store = present.log_store();
            let millis = keep_since.timestamp_millis();
            cleanup_expired_logs_for(then.version, store.as_ref(), millis, None)
                .await
                .map_err(in_table)?;
        }
        Ok(())
    }
}

/// Small files of a table by partition, where there are at least two.
fn small_files(table: &LakeTable) -> Vec<SmallFiles> {
    let mut partitions: BTreeMap<Vec<Option<String>>, SmallFiles> = BTreeMap::new();
    for file in table
        .files
        .iter()
        .filter(|file| file.size < SMALL_FILE_BYTES)
    {
        let values = table.partition_by.iter();
        let partition = values.map(|column| file.partition_values.get(column).cloned().flatten());
        partitions
            .entry(partition.collect())
            .or_default()
            .push(file.clone());
    }
    partitions
        .into_values()
        .filter(|files| files.len() > 1)
        .collect()
}

/// How many files the given ones become when they are joined.
fn n_joined(files: &[LakeFile]) -> u64 {
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    bytes.div_ceil(TARGET_FILE_BYTES).max(1)
}

fn data_files(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut files = Vec::new();
    parquet_files(folder, &mut files)?;
    Ok(files)
}

fn size_of(file: &Path) -> Result<u64, LakeError> {
    Ok(fs_err::metadata(file).map_err(LakeError::Folder)?.len())
}

fn bytes_of(files: &[PathBuf]) -> Result<u64, LakeError> {
    files.iter().map(|file| size_of(file)).sum()
}
