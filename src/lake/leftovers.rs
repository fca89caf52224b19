//! Files that a killed run wrote and never published. No version names them, so readers never see them;
//! the next writer of the table removes them. Unfinished files are removed when the next run begins.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::LakeError;
use super::folder::Lake;
use super::log::{LOG, is_unfinished, log_files, named_files, remove_unfinished};

impl Lake {
    /// Removes the files of all tables that still have their unfinished names. Call it only while holding the lake's lock.
    ///
    /// # Errors
    /// When a folder cannot be read or a file cannot be removed.
    pub fn remove_unfinished(&self) -> Result<usize, LakeError> {
        let mut files = Vec::new();
        for entry in fs_err::read_dir(self.root()).map_err(LakeError::Folder)? {
            let folder = entry.map_err(LakeError::Folder)?.path();
            parquet_files(&folder, &mut files)?;
            if folder.join(LOG).is_dir() {
                files.extend(log_files(&folder)?);
            }
        }
        files.retain(|file| is_unfinished(file));
        for file in &files {
            fs_err::remove_file(file).map_err(LakeError::Folder)?;
        }
        Ok(files.len())
    }

    /// Removes data files of table `name` that no version in its log names, and files that were never finished. Call it only while
    /// holding the lake's lock.
    ///
    /// # Errors
    /// When the folder or the log cannot be read, or a file cannot be removed.
    pub async fn remove_leftovers(&self, name: &str) -> Result<usize, LakeError> {
        let folder = self.table_folder(name);
        let n_unfinished = remove_unfinished(&folder).map_err(LakeError::Folder)?;
        let mut files = Vec::new();
        parquet_files(&folder, &mut files)?;
        if files.is_empty() {
            return Ok(n_unfinished);
        }
        // Every file of a version still in the log: older versions stay readable.
        let mut named: HashSet<PathBuf> = named_files(&folder)?.into_keys().collect();
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
            if !path.ends_with(LOG) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_files_are_removed_wherever_they_are_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let unfinished = [
            "claims/part-1.parquet#1",
            "claims/fiscal_year=2020/kind=a%23b/part-2.zstd.parquet#12",
            "claims/_delta_log/00000000000000000003.json#4711",
            "claims/_delta_log/_last_checkpoint#1",
            "half/_delta_log/00000000000000000000.json#9",
        ];
        let others = [
            "claims/part-1.parquet",
            "claims/fiscal_year=2020/kind=a#1/part-2.parquet",
            "claims/_delta_log/00000000000000000003.json",
            "claims/notes#one",
            "half/_delta_log/00000000000000000000.json",
            ".lock",
            "note#1",
        ];
        for file in unfinished.iter().chain(&others) {
            let file = folder.path().join(file);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        assert_eq!(lake.remove_unfinished().unwrap(), unfinished.len());
        let is_there = |file: &&str| folder.path().join(file).exists();
        assert_eq!(unfinished.iter().find(|file| is_there(file)), None);
        assert!(others.iter().all(is_there));
        assert_eq!(lake.remove_unfinished().unwrap(), 0);
    }
}
