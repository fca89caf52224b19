//! Taking a snapshot.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::error::BackupError;
use super::folder::Backup;
use super::project_files::project_files_of;
use super::snapshot::{SavedFile, Snapshot};
use crate::config::ProjectConfig;
use crate::lake::Lake;

/// What a snapshot added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveSummary {
    /// The snapshot's name.
    pub id: String,
    /// Tables in it.
    pub n_tables: u64,
    /// Files in it.
    pub n_files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Files that were not in the backup before.
    pub n_new_files: u64,
    /// Bytes of these.
    pub new_bytes: u64,
}

/// Copies files of the lake into the store, and counts those that are new there.
struct LakeFileCopier<'a> {
    backup: &'a Backup,
    /// Files of the snapshot before, by path below the lake's folder.
    before: BTreeMap<String, SavedFile>,
    n_new_files: u64,
    new_bytes: u64,
}

impl Backup {
    /// Takes a snapshot of the lake and of the project's files. A run may write to the lake meanwhile: the
    /// snapshot is what the lake showed at one moment.
    ///
    /// # Errors
    /// When a file cannot be read or written; the snapshot is then not there.
    pub async fn save(
        &self,
        lake: &Lake,
        config: &ProjectConfig,
        now: DateTime<Utc>,
    ) -> Result<SaveSummary, BackupError> {
        let _lock = self.lock()?;
        let _files = lake.lock_files_for_copying().map_err(BackupError::Lake)?;
        let before = match self.snapshots()?.last() {
            Some(id) => self.snapshot(Some(id))?.1,
            None => Snapshot::default(),
        };
        if !before.tables.is_empty() && before.project != config.name {
            return Err(BackupError::OtherProject {
                folder: self.root.clone(),
                project: before.project,
            });
        }
        let mut copier = LakeFileCopier {
            backup: self,
            before: before.lake_files,
            n_new_files: 0,
            new_bytes: 0,
        };
        let mut project_files = BTreeMap::new();
        for file in project_files_of(&config.folder, &[lake.root(), &self.root])? {
            let saved = self.put(&config.folder.join(&file))?;
            project_files.insert(text(&file), saved);
        }
        let (mut tables, mut lake_files) = (BTreeMap::new(), BTreeMap::new());
        for (name, version) in lake.versions_now().await.map_err(BackupError::Lake)? {
            let files = lake.files_of(&name, version).await;
            for (file, recorded) in files.map_err(BackupError::Lake)? {
                let saved = copier.copy(lake, &file)?;
                if let Some(problem) = recorded.and_then(|recorded| saved.problem(&recorded)) {
                    let file = text(&file);
                    return Err(BackupError::NotAsWritten { file, problem });
                }
                lake_files.insert(text(&file), saved);
            }
            tables.insert(name, version);
        }
        let snapshot = Snapshot {
            project: config.name.clone(),
            korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at: now,
            lake: config.lake.strip_prefix(&config.folder).ok().map(text),
            tables,
            project_files,
            lake_files,
        };
        let (n_new_files, new_bytes) = (copier.n_new_files, copier.new_bytes);
        Ok(SaveSummary {
            id: self.write(&snapshot)?,
            n_tables: snapshot.tables.len() as u64,
            n_files: snapshot.files().count() as u64,
            bytes: snapshot.bytes(),
            n_new_files,
            new_bytes,
        })
    }
}

impl LakeFileCopier<'_> {
    /// Copies one file. A data file of the snapshot before is not read again: names of data files are never used twice.
    fn copy(&mut self, lake: &Lake, file: &Path) -> Result<SavedFile, BackupError> {
        let source = lake.root().join(file);
        let known = self.before.get(&text(file));
        if let Some(known) = known.filter(|_| is_data(file)) {
            let bytes = fs_err::metadata(&source).map_err(BackupError::File)?.len();
            if bytes == known.bytes && self.backup.has(known) {
                return Ok(known.clone());
            }
        }
        let is_known = known.is_some();
        let saved = self.backup.put(&source)?;
        if !is_known {
            self.n_new_files += 1;
            self.new_bytes += saved.bytes;
        }
        Ok(saved)
    }
}

fn is_data(file: &Path) -> bool {
    let is_parquet = file.extension().is_some_and(|ending| ending == "parquet");
    is_parquet && !file.iter().any(|part| part == "_delta_log")
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
