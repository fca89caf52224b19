//! A copy of the lake, at the versions it is read at, in another folder.

use std::path::Path;

use super::error::LakeError;
use super::folder::Lake;
use super::log::{log_files, version_of};

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyTotals {
    /// Tables.
    pub tables: u64,
    /// Bytes of their data files.
    pub bytes: u64,
}

impl Lake {
    /// Makes the tables of this lake, at the versions it is read at, the content of `target`, an empty lake. Files
    /// are hard-linked where the file system allows it, as they never change.
    ///
    /// # Errors
    /// When a table cannot be read at its version, or the disk refuses.
    pub async fn copy_to(&self, target: &Self) -> Result<CopyTotals, LakeError> {
        let mut totals = CopyTotals::default();
        for name in self.table_names()? {
            let Some(table) = self.table(&name).await? else {
                continue;
            };
            table.check_sizes()?;
            let folder = target.table_folder(&name);
            for file in &table.files {
                let path = table.file_path(file);
                let below = path.strip_prefix(&table.folder).unwrap_or(&path);
                share(&path, &folder.join(below)).map_err(LakeError::Folder)?;
                totals.bytes += file.size;
            }
            for file in log_files(&table.folder)? {
                if version_of(&file).is_some_and(|version| version <= table.version) {
                    let below = file.strip_prefix(&table.folder).unwrap_or(&file);
                    share(&file, &folder.join(below)).map_err(LakeError::Folder)?;
                }
            }
            totals.tables += 1;
        }
        Ok(totals)
    }
}

/// Makes a hard link, or a copy where the file system has none.
fn share(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs_err::create_dir_all(folder)?;
    }
    match fs_err::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => fs_err::copy(from, to).map(|_| ()),
    }
}
