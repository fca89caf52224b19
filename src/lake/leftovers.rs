//! Files that a killed run wrote and never published. No version names them, so readers never see them;
//! the next writer of the table removes them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::log::{is_unfinished, remove_unfinished};
use super::write::decode_path;
use super::{Lake, LakeError};

impl Lake {
    /// Removes data files of table `name` that no version in its log names, and files that were never finished. Call it only while
    /// holding the lake's lock.
    ///
    /// # Errors
    /// When the folder or the log cannot be read, or a file cannot be removed.
    pub async fn remove_leftovers(&self, name: &str) -> Result<usize, LakeError> {
        let folder = self.root().join(name);
        let n_unfinished = remove_unfinished(&folder).map_err(LakeError::Folder)?;
        let mut files = Vec::new();
        parquet_files(&folder, &mut files)?;
        if files.is_empty() {
            return Ok(n_unfinished);
        }
        let mut named = named_in_log(&folder)?;
        if let Some(table) = self.table(name).await? {
            named.extend(table.files.iter().map(|file| table.file_path(file)));
        }
        let leftovers: Vec<PathBuf> = files
            .into_iter()
            .filter(|file| !named.contains(file))
            .collect();
        for file in &leftovers {
            fs_err::remove_file(file).map_err(LakeError::Folder)?;
        }
        Ok(leftovers.len() + n_unfinished)
    }
}

/// Data files below `folder`, those that were never finished included.
pub(super) fn parquet_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), LakeError> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs_err::read_dir(folder).map_err(LakeError::Folder)? {
        let path = entry.map_err(LakeError::Folder)?.path();
        if path.is_dir() {
            if !path.ends_with("_delta_log") {
                parquet_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "parquet")
            || (is_unfinished(&path) && path.to_string_lossy().contains(".parquet"))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Every file that a commit still in the log adds or removes: older versions stay readable.
fn named_in_log(folder: &Path) -> Result<HashSet<PathBuf>, LakeError> {
    let log = folder.join("_delta_log");
    let mut named = HashSet::new();
    if !log.is_dir() {
        return Ok(named);
    }
    for entry in fs_err::read_dir(&log).map_err(LakeError::Folder)? {
        let path = entry.map_err(LakeError::Folder)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs_err::read_to_string(&path).map_err(LakeError::Folder)?;
        for line in text.lines() {
            let action: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            for kind in ["add", "remove"] {
                let path = action.get(kind).and_then(|action| action.get("path"));
                if let Some(path) = path.and_then(serde_json::Value::as_str) {
                    named.insert(folder.join(decode_path(path)));
                }
            }
        }
    }
    Ok(named)
}
