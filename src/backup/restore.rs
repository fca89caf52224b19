//! Restoring a snapshot into an empty folder.

use std::path::{Component, Path, PathBuf};

use super::error::BackupError;
use super::folder::Backup;
use super::project_files::make_project_folders;
use super::snapshot::{SavedFile, Snapshot};
use super::store::copy;
use crate::config::PROJECT_FILE;
use crate::lake::Lake;

/// Name of the note that a restore is not finished; it holds the snapshot's name.
const UNFINISHED: &str = ".korabo-restore";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreSummary {
    /// The snapshot.
    pub id: String,
    /// Tables.
    pub n_tables: u64,
    /// Files.
    pub n_files: u64,
    /// Where the lake lies now.
    pub lake: PathBuf,
    /// Whether the project file names another place for the lake.
    pub is_lake_elsewhere: bool,
}

impl Backup {
    /// Restores snapshot `id` (or the latest) into `target`, which is empty, does not exist, or is where a restore of the
    /// same snapshot was cut short. Every file is checked against the list and against what the lake records of it; the
    /// project file comes last, so that a restore that was cut short is not taken for a project.
    ///
    /// # Errors
    /// When a file is damaged, `target` is not empty, or the disk refuses.
    pub async fn restore(
        &self,
        id: Option<&str>,
        target: &Path,
    ) -> Result<RestoreSummary, BackupError> {
        let (id, snapshot) = self.snapshot(id)?;
        let unfinished = begin(&id, target)?;
        let lake = target.join(inside(&id, snapshot.lake.as_deref().unwrap_or("lake"))?);
        let restore = |folder: &Path, path: &str, file: &SavedFile| -> Result<(), BackupError> {
            let to = folder.join(inside(&id, path)?);
            if let Some(parent) = to.parent() {
                fs_err::create_dir_all(parent).map_err(BackupError::File)?;
            }
            let stored = self.stored(&file.sha256);
            if !stored.is_file() || copy(&stored, &to)? != *file {
                return Err(BackupError::Damaged {
                    id: id.clone(),
                    n_damaged: 1,
                    n_files: snapshot.files().count(),
                    first: path.to_owned(),
                });
            }
            Ok(())
        };
        for (path, file) in &snapshot.lake_files {
            restore(&lake, path, file)?;
        }
        check_lake(&id, &snapshot, &lake).await?;
        make_project_folders(target)?;
        let is_last = |path: &str| path == PROJECT_FILE;
        let mut project: Vec<_> = snapshot.project_files.iter().collect();
        project.sort_by_key(|(path, _)| is_last(path));
        for (path, file) in project {
            restore(target, path, file)?;
        }
        fs_err::remove_file(unfinished).map_err(BackupError::File)?;
        Ok(RestoreSummary {
            n_tables: snapshot.tables.len() as u64,
            n_files: snapshot.files().count() as u64,
            is_lake_elsewhere: snapshot.lake.is_none(),
            lake,
            id,
        })
    }
}

/// Notes that `target` is being filled from snapshot `id`; returns the note, which is removed at the end. A folder with files
/// but without such a note is not written to.
fn begin(id: &str, target: &Path) -> Result<PathBuf, BackupError> {
    let note = target.join(UNFINISHED);
    let n_entries = fs_err::read_dir(target).map_or(0, Iterator::count);
    // A note that was cut short stands alone: nothing was restored yet.
    let is_ours = fs_err::read_to_string(&note)
        .is_ok_and(|noted| noted == id || n_entries == 1 && id.starts_with(&noted));
    if n_entries > 0 && !is_ours {
        return Err(BackupError::NotEmpty {
            folder: target.to_path_buf(),
        });
    }
    fs_err::create_dir_all(target).map_err(BackupError::File)?;
    fs_err::write(&note, id).map_err(BackupError::File)?;
    Ok(note)
}

/// Compares the restored files with what the tables' own commits say.
async fn check_lake(id: &str, snapshot: &Snapshot, lake: &Path) -> Result<(), BackupError> {
    if snapshot.tables.is_empty() {
        return Ok(());
    }
    let lake = Lake::open(lake).map_err(BackupError::Lake)?;
    for (name, version) in &snapshot.tables {
        let files = lake.files_of(name, *version).await;
        for (file, recorded) in files.map_err(BackupError::Lake)? {
            let file = file.to_string_lossy().into_owned();
            let Some(recorded) = recorded else { continue };
            let problem = match snapshot.lake_files.get(&file) {
                Some(saved) => saved.problem(&recorded),
                None => Some("it is missing".to_owned()),
            };
            if let Some(problem) = problem {
                let id = id.to_owned();
                return Err(BackupError::SavedDamaged { id, file, problem });
            }
        }
    }
    Ok(())
}

/// `path`, if it does not lead out of the folder that it is relative to.
fn inside<'a>(id: &str, path: &'a str) -> Result<&'a Path, BackupError> {
    let path = Path::new(path);
    let is_down = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    match path.components().all(is_down) {
        true => Ok(path),
        false => Err(BackupError::Outside {
            id: id.to_owned(),
            path: path.to_string_lossy().into_owned(),
        }),
    }
}
