//! The lake as it was published at some time: the same folder, read at earlier versions.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::log::{commits, log_files, version_of};
use super::{Lake, LakeError, LakeTable};

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Tables.
    pub tables: u64,
    /// Bytes of their data files.
    pub bytes: u64,
}

impl Lake {
    /// The same lake, of which every table is read as it was at `time`. It is for reading only.
    #[must_use]
    pub fn as_of(&self, time: DateTime<Utc>) -> Self {
        Self {
            as_of: Some(time),
            ..self.clone()
        }
    }

    /// The time the lake is read at; `None` for the present.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.as_of
    }

    /// Whether table `name` is in the lake now, whatever it is read at.
    #[must_use]
    pub fn has_table_now(&self, name: &str) -> bool {
        self.exists(name)
    }

    /// The version of table `name` at the time the lake is read at; `None` when there was no such table yet.
    pub(super) fn version_at(
        &self,
        name: &str,
        time: DateTime<Utc>,
    ) -> Result<Option<u64>, LakeError> {
        let commits = commits(&self.root.join(name))?;
        let version = commits
            .iter()
            .rev()
            .find(|commit| commit.published_at <= time);
        match (version, commits.first()) {
            (Some(commit), _) => Ok(Some(commit.version)),
            (None, Some(oldest)) if oldest.version > 0 => Err(removed(name, time)),
            (None, _) => Ok(None),
        }
    }

    /// Version `version` of table `name`, with all its files still there.
    pub(super) async fn table_in_the_past(
        &self,
        name: &str,
        version: u64,
        time: DateTime<Utc>,
    ) -> Result<LakeTable, LakeError> {
        let has_whole_log = {
            let files = log_files(&self.root.join(name))?;
            let is_start = |file: &Path| {
                let is_checkpoint = file.to_string_lossy().contains(".checkpoint");
                version_of(file)
                    .is_some_and(|found| found == 0 || (is_checkpoint && found <= version))
            };
            files.iter().any(|file| is_start(file))
        };
        if !has_whole_log {
            return Err(removed(name, time));
        }
        let table = self.table_at(name, version).await?;
        match table
            .files
            .iter()
            .all(|file| table.file_path(file).is_file())
        {
            true => Ok(table),
            false => Err(removed(name, time)),
        }
    }

    /// Makes the tables of this lake, at the versions it is read at, the content of `target`, an empty lake. Files
    /// are shared where the disk allows it, as they never change.
    ///
    /// # Errors
    /// When a table cannot be read at its version, or the disk refuses.
    pub async fn copy_to(&self, target: &Self) -> Result<Copied, LakeError> {
        let mut copied = Copied::default();
        for name in self.table_names()? {
            let Some(table) = self.table(&name).await? else {
                continue;
            };
            table.check_sizes()?;
            let folder = target.root.join(&name);
            for file in &table.files {
                let path = table.file_path(file);
                let below = path.strip_prefix(&table.folder).unwrap_or(&path);
                share(&path, &folder.join(below)).map_err(LakeError::Folder)?;
                copied.bytes += file.size;
            }
            for file in log_files(&table.folder)? {
                if version_of(&file).is_some_and(|version| version <= table.version) {
                    let below = file.strip_prefix(&table.folder).unwrap_or(&file);
                    share(&file, &folder.join(below)).map_err(LakeError::Folder)?;
                }
            }
            copied.tables += 1;
        }
        Ok(copied)
    }
}

fn removed(name: &str, time: DateTime<Utc>) -> LakeError {
    LakeError::Removed {
        table: name.to_owned(),
        time,
    }
}

/// A second name for a file, or a copy where the file system has no such thing.
fn share(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs_err::create_dir_all(folder)?;
    }
    match fs_err::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => fs_err::copy(from, to).map(|_| ()),
    }
}
