//! Taking a snapshot.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::restore::make_project_folders;
use super::{Backup, BackupError, SavedFile, Snapshot, has_ending};
use crate::config::ProjectConfig;
use crate::lake::Lake;

/// Endings of the files that make a project.
const PROJECT_ENDINGS: [&str; 3] = ["toml", "sql", "md"];

/// What a snapshot added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
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

/// A snapshot in the making.
struct Taking<'a> {
    backup: &'a Backup,
    before: BTreeMap<String, SavedFile>,
    n_new_files: u64,
    new_bytes: u64,
}

impl Backup {
    /// Takes a snapshot of the lake and of the project's files. The lake may be written to meanwhile: the snapshot is
    /// what it showed at one moment.
    ///
    /// # Errors
    /// When a file cannot be read or written; the snapshot is then not there.
    pub async fn save(
        &self,
        lake: &Lake,
        config: &ProjectConfig,
        now: DateTime<Utc>,
    ) -> Result<Saved, BackupError> {
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
        let mut taking = Taking {
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
            for (file, said) in files.map_err(BackupError::Lake)? {
                let saved = taking.take_lake_file(lake, &file)?;
                if let Some(problem) = said.and_then(|said| saved.problem(&said)) {
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
        let (n_new_files, new_bytes) = (taking.n_new_files, taking.new_bytes);
        Ok(Saved {
            id: self.write(&snapshot)?,
            n_tables: snapshot.tables.len() as u64,
            n_files: snapshot.files().count() as u64,
            bytes: snapshot.bytes(),
            n_new_files,
            new_bytes,
        })
    }

    /// Writes a snapshot's list, as a whole or not at all; gives back its name.
    fn write(&self, snapshot: &Snapshot) -> Result<String, BackupError> {
        let folder = self.snapshots_folder();
        fs_err::create_dir_all(&folder).map_err(BackupError::File)?;
        let first = snapshot.taken_at.format("%Y%m%dT%H%M%SZ").to_string();
        let names = (2..).map(|n| format!("{first}-{n}"));
        let free = std::iter::once(first.clone())
            .chain(names)
            .find(|name| !folder.join(format!("{name}.json")).exists());
        let id = free.unwrap_or(first);
        let text = serde_json::to_string_pretty(snapshot).expect("strings and numbers serialize");
        let new = folder.join("new");
        let write = || -> std::io::Result<()> {
            let mut out = fs_err::File::create(&new)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs_err::rename(&new, folder.join(format!("{id}.json")))?;
            fs_err::File::open(&folder)?.sync_all()
        };
        write().map_err(BackupError::File)?;
        Ok(id)
    }
}

impl Taking<'_> {
    /// A data file that the snapshot before has is not read again: its name is never used twice.
    fn take_lake_file(&mut self, lake: &Lake, file: &Path) -> Result<SavedFile, BackupError> {
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

/// Copies the files that make the project in `folder` to `target`, without its lake.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy_project(folder: &Path, lake: &Path, target: &Path) -> Result<(), BackupError> {
    make_project_folders(target)?;
    for file in project_files_of(folder, &[lake, target])? {
        let to = target.join(&file);
        if let Some(parent) = to.parent() {
            fs_err::create_dir_all(parent).map_err(BackupError::File)?;
        }
        fs_err::copy(folder.join(&file), to).map_err(BackupError::File)?;
    }
    Ok(())
}

fn is_data(file: &Path) -> bool {
    has_ending(file, "parquet") && !file.iter().any(|part| part == "_delta_log")
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Files of the project below `folder`, relative to it; hidden ones and those below `others` are left out.
fn project_files_of(folder: &Path, others: &[&Path]) -> Result<Vec<PathBuf>, BackupError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(&next).map_err(BackupError::File)? {
            let entry = entry.map_err(BackupError::File)?;
            let path = entry.path();
            let kind = entry.file_type().map_err(BackupError::File)?;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let is_other = || others.iter().any(|other| is_same(&path, other));
            if is_hidden || (kind.is_dir() && is_other()) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if PROJECT_ENDINGS
                .iter()
                .any(|ending| has_ending(&path, ending))
            {
                let below = path.strip_prefix(folder).unwrap_or(&path);
                files.push(below.to_path_buf());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs_err::canonicalize(one), fs_err::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
