//! Bringing a snapshot back, into an empty folder.

use std::path::{Component, Path, PathBuf};

use super::store::copy;
use super::{Backup, BackupError, SavedFile};
use crate::config::PROJECT_FILE;

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
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
    /// Brings snapshot `id` (or the latest) back into `target`, which is empty or does not exist. Every file is
    /// checked; the project file comes last, so that what was cut short is no project.
    ///
    /// # Errors
    /// When a file is damaged, `target` is not empty, or the disk refuses.
    pub fn restore(&self, id: Option<&str>, target: &Path) -> Result<Restored, BackupError> {
        let (id, snapshot) = self.snapshot(id)?;
        let is_used = fs_err::read_dir(target).is_ok_and(|mut entries| entries.next().is_some());
        if is_used {
            return Err(BackupError::NotEmpty {
                folder: target.to_path_buf(),
            });
        }
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
        make_project_folders(target)?;
        let is_last = |path: &str| path == PROJECT_FILE;
        let mut project: Vec<_> = snapshot.project_files.iter().collect();
        project.sort_by_key(|(path, _)| is_last(path));
        for (path, file) in project {
            restore(target, path, file)?;
        }
        Ok(Restored {
            n_tables: snapshot.tables.len() as u64,
            n_files: snapshot.files().count() as u64,
            is_lake_elsewhere: snapshot.lake.is_none(),
            lake,
            id,
        })
    }
}

/// A project has these folders, also when nothing is in them.
pub(super) fn make_project_folders(target: &Path) -> Result<(), BackupError> {
    for folder in ["schemas", "queries"] {
        fs_err::create_dir_all(target.join(folder)).map_err(BackupError::File)?;
    }
    Ok(())
}

/// `path`, when it leads nowhere but down.
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
