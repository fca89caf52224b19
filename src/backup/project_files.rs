//! The files that make a project, besides its lake: which they are, and how they are copied.

use std::path::{Path, PathBuf};

use super::error::BackupError;

/// Endings of the files that make a project.
const PROJECT_ENDINGS: [&str; 5] = ["toml", "sql", "md", "lock", "log"];

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

/// Files of the project below `folder`, relative to it; hidden ones and those below `others` are left out.
pub(super) fn project_files_of(
    folder: &Path,
    others: &[&Path],
) -> Result<Vec<PathBuf>, BackupError> {
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
            } else if is_project_file(&path) {
                let below = path.strip_prefix(folder).unwrap_or(&path);
                files.push(below.to_path_buf());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_project_file(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|found| PROJECT_ENDINGS.iter().any(|ending| found == *ending))
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs_err::canonicalize(one), fs_err::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Makes the folders that every project has, even when they are empty.
pub(super) fn make_project_folders(target: &Path) -> Result<(), BackupError> {
    for folder in ["schemas", "queries"] {
        fs_err::create_dir_all(target.join(folder)).map_err(BackupError::File)?;
    }
    Ok(())
}
