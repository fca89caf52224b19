//! When the versions of a table were published: read from the commits themselves, since the times of files say nothing
//! after a copy or restore.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Lake, LakeError};

/// Name of a table's log folder.
pub(super) const LOG: &str = "_delta_log";

/// One commit that is still in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commit {
    pub(super) version: u64,
    pub(super) published_at: DateTime<Utc>,
}

/// The version that a file of a log belongs to: `00000000000000000012.json`, `….checkpoint.parquet`.
pub(super) fn version_of(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_str()?;
    let digits = name.get(..20)?;
    let rest = name.get(20..)?;
    (rest.starts_with('.') && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// Whether the log of the table in `folder` has a commit or checkpoint with something in it: a creation that was cut short
/// leaves an empty folder, unfinished files, or data that no commit names.
pub(super) fn has_version(folder: &Path) -> bool {
    let Ok(mut entries) = fs_err::read_dir(folder.join(LOG)) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| {
            is_version(&entry.path()) && entry.metadata().is_ok_and(|found| found.len() > 0)
        })
    })
}

fn is_version(file: &Path) -> bool {
    let is_commit = file.extension().is_some_and(|ending| ending == "json");
    let is_checkpoint = || {
        let is_parquet = file.extension().is_some_and(|ending| ending == "parquet");
        is_parquet && file.to_string_lossy().contains(".checkpoint")
    };
    version_of(file).is_some() && (is_commit || is_checkpoint())
}

/// Removes what a process that was killed left in the log of the table in `folder`: files under their unfinished names,
/// and, where the table has no version, commits without content, which a full disk leaves under other programs.
pub(super) fn remove_unfinished(folder: &Path) -> std::io::Result<usize> {
    let Ok(entries) = fs_err::read_dir(folder.join(LOG)) else {
        return Ok(0);
    };
    let is_new = !has_version(folder);
    let mut n_removed = 0;
    for entry in entries {
        let path = entry?.path();
        if is_unfinished(&path) || (is_new && is_version(&path)) {
            fs_err::remove_file(&path)?;
            n_removed += 1;
        }
    }
    Ok(n_removed)
}

/// Whether a file has the name it bears until its content is on the disk: its later name, `#` and a number.
pub(super) fn is_unfinished(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Files of the log of the table in `folder`, sorted by name.
pub(super) fn log_files(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder.join(LOG)).map_err(LakeError::Folder)? {
        let path = entry.map_err(LakeError::Folder)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Commits that are still in the log, oldest first.
pub(super) fn commits(folder: &Path) -> Result<Vec<Commit>, LakeError> {
    let mut commits = Vec::new();
    for file in log_files(folder)? {
        let is_commit = file
            .extension()
            .is_some_and(|extension| extension == "json");
        if let Some(version) = version_of(&file).filter(|_| is_commit) {
            commits.push(Commit {
                version,
                published_at: published_at(&file)?,
            });
        }
    }
    commits.sort_by_key(|commit| commit.version);
    Ok(commits)
}

impl Lake {
    /// When version `version` of table `name` was published; `None` when its commit is no longer in the log.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn published_at(
        &self,
        name: &str,
        version: u64,
    ) -> Result<Option<DateTime<Utc>>, LakeError> {
        let file = self.root().join(name).join(LOG);
        let file = file.join(format!("{version:020}.json"));
        match file.is_file() {
            true => published_at(&file).map(Some),
            false => Ok(None),
        }
    }
}

/// What the commit says; the file's own time where another program said nothing.
fn published_at(file: &Path) -> Result<DateTime<Utc>, LakeError> {
    let text = fs_err::read_to_string(file).map_err(LakeError::Folder)?;
    let mut lines = text.lines().filter(|line| line.contains("\"commitInfo\""));
    let said = lines.find_map(|line| {
        let action: Value = serde_json::from_str(line).ok()?;
        let millis = action.pointer("/commitInfo/timestamp")?.as_i64()?;
        DateTime::from_timestamp_millis(millis)
    });
    match said {
        Some(time) => Ok(time),
        None => {
            let found = fs_err::metadata(file).and_then(|found| found.modified());
            Ok(found.map_err(LakeError::Folder)?.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_there_from_its_first_commit_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let log = folder.join(LOG);
        assert!(!has_version(folder));
        fs_err::create_dir(&log).unwrap();
        assert!(!has_version(folder));
        let commit = log.join("00000000000000000000.json");
        for leftover in [
            "00000000000000000000.json#4711",
            "00000000000000000000.json",
            "_last_checkpoint#1",
        ] {
            fs_err::write(log.join(leftover), "").unwrap();
            assert!(!has_version(folder), "{leftover}");
        }
        fs_err::write(log.join("00000000000000000000.json#4711"), "{").unwrap();
        assert!(!has_version(folder));
        assert_eq!(remove_unfinished(folder).unwrap(), 3);
        assert_eq!(fs_err::read_dir(&log).unwrap().count(), 0);
        fs_err::write(&commit, "{}").unwrap();
        assert!(has_version(folder));
        assert_eq!(remove_unfinished(folder).unwrap(), 0);
        fs_err::remove_file(&commit).unwrap();
        fs_err::write(log.join("00000000000000000012.checkpoint.parquet"), "P").unwrap();
        assert!(has_version(folder));
    }
}
