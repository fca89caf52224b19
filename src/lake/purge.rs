//! Making the earlier versions of a table unreadable, and their files gone: what `maintain` does after `keep_days`, at once. And
//! the version without rows that stands in the place of a derived table until it is built again.

use std::path::PathBuf;

use deltalake_core::checkpoints::create_checkpoint;

use super::durable::sync;
use super::error::{LakeError, table_error};
use super::folder::Lake;
use super::leftovers::parquet_files;
use super::log::{
    LOG, commit_version, is_unfinished, latest_checkpoint, log_files, remove_unfinished, version_of,
};
use super::provenance::Provenance;
use super::publish::PublishMode;
use super::table::{LakeFile, LakeTable};

impl Lake {
    /// How many versions of table `name`, the present one included, its log still has commits of.
    ///
    /// # Errors
    /// When its log cannot be listed.
    pub fn n_versions(&self, name: &str) -> Result<u64, LakeError> {
        if !self.exists(name) {
            return Ok(0);
        }
        let files = log_files(&self.table_folder(name))?;
        let commits = files.iter().filter(|file| commit_version(file).is_some());
        Ok(commits.count() as u64)
    }

    /// The finished data files in the folder of `table` that its present version does not have, as a table. They are of earlier
    /// versions, or were never published; those of the latter that a killed process cut short cannot be read.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn earlier_files(&self, table: &LakeTable) -> Result<LakeTable, LakeError> {
        let mut paths = Vec::new();
        parquet_files(&table.folder, &mut paths)?;
        let mut files = Vec::new();
        for path in paths {
            let is_present = table.files.iter().any(|own| table.file_path(own) == path);
            if is_present || is_unfinished(&path) {
                continue;
            }
            let below = path.strip_prefix(&table.folder).unwrap_or(&path);
            files.push(LakeFile {
                path: below.to_string_lossy().into_owned(),
                size: fs_err::metadata(&path).map_err(LakeError::Folder)?.len(),
                n_rows: None,
                partition_values: std::collections::HashMap::new(),
                sha256: None,
            });
        }
        Ok(LakeTable {
            files,
            provenance: None,
            verified: None,
            ..table.clone()
        })
    }

    /// Publishes a version of `table` without rows, which cannot be read and is to be built again. Versions go on from there. Call it
    /// only while holding the lake's lock.
    ///
    /// # Errors
    /// When the commit fails; the table is then as it was.
    pub async fn empty(&self, table: &LakeTable) -> Result<(), LakeError> {
        let provenance = Provenance {
            same_rows_as: None,
            emptied: true,
            ..table.provenance.clone().unwrap_or_default()
        };
        let nothing = self.stage_nothing(&table.schema, &table.partition_by);
        self.publish(&table.name, nothing, PublishMode::Overwrite, &provenance)
            .await?;
        Ok(())
    }

    /// Removes all of table `name` but its present version: the log's earlier commits and checkpoints, with what they say of files, then
    /// data files that the present version does not have. Killed at any moment, it goes on where it was when it is called again. Call
    /// it only while holding the lake's lock and that of its files.
    ///
    /// # Errors
    /// When the table cannot be read, or a file cannot be removed.
    pub async fn purge(&self, name: &str) -> Result<(), LakeError> {
        let folder = self.table_folder(name);
        remove_unfinished(&folder).map_err(LakeError::Folder)?;
        let mut needed: Vec<PathBuf> = Vec::new();
        if let Some(table) = self.table(name).await? {
            self.purge_log(&table).await?;
            needed.extend(table.files.iter().map(|file| table.file_path(file)));
        }
        let mut files = Vec::new();
        parquet_files(&folder, &mut files)?;
        for file in files.iter().filter(|file| !needed.contains(file)) {
            fs_err::remove_file(file).map_err(LakeError::Folder)?;
        }
        Ok(())
    }

    /// Removes what the log has of versions before the present one, once a checkpoint stands for them.
    async fn purge_log(&self, table: &LakeTable) -> Result<(), LakeError> {
        let files = log_files(&table.folder)?;
        let is_earlier = |file: &&PathBuf| version_of(file).is_some_and(|of| of < table.version);
        if !files.iter().any(|file| is_earlier(&file)) {
            return Ok(());
        }
        let log = table.folder.join(LOG);
        if latest_checkpoint(&files, None) != Some(table.version) {
            let in_table = |source| table_error(&table.name, source);
            let present = self.builder(&table.name)?.load().await.map_err(in_table)?;
            create_checkpoint(&present, None).await.map_err(in_table)?;
        }
        // The checkpoint is on the disk before what it stands for is removed; one of a killed process may not be.
        let new = log_files(&table.folder)?.into_iter();
        let mut new = new.filter(|file| version_of(file).is_none_or(|of| of == table.version));
        new.try_for_each(|file| sync(&file))
            .and_then(|()| sync(&log))
            .map_err(LakeError::Folder)?;
        for file in files.iter().filter(is_earlier) {
            fs_err::remove_file(file).map_err(LakeError::Folder)?;
        }
        sync(&log).map_err(LakeError::Folder)
    }
}
