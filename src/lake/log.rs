//! The log of one table: which commits and checkpoints its folder holds, when each was published, and which data files they
//! name. Times are read from the commits themselves, since the times of files say nothing after a copy or restore.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::error::{LakeError, removed};

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

/// The version that a file of a log commits; `None` for checkpoints and other files.
pub(super) fn commit_version(file: &Path) -> Option<u64> {
    let is_commit = file.extension().is_some_and(|ending| ending == "json");
    version_of(file).filter(|_| is_commit)
}

/// Where the commit of version `version` of the table in `folder` lies.
pub(super) fn commit_file(folder: &Path, version: u64) -> PathBuf {
    folder.join(LOG).join(format!("{version:020}.json"))
}

/// The version that a checkpoint in a log stands for; `None` for commits and other files.
fn checkpoint_version(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_string_lossy();
    version_of(file).filter(|_| name.contains(".checkpoint"))
}

/// The newest version, up to `version`, that a log has a checkpoint of.
pub(super) fn latest_checkpoint(files: &[PathBuf], version: Option<u64>) -> Option<u64> {
    let checkpoints = files.iter().filter_map(|file| checkpoint_version(file));
    checkpoints
        .filter(|found| version.is_none_or(|version| *found <= version))
        .max()
}

/// Whether the files of a log suffice to read `version`: they begin with the first commit or a checkpoint.
pub(super) fn is_readable_at(files: &[PathBuf], version: u64) -> bool {
    latest_checkpoint(files, Some(version)).is_some()
        || files.iter().any(|file| version_of(file) == Some(0))
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

/// The latest version of the table in `folder`, from the names in its log; `None` when there is no table: see [`has_version`].
pub(super) fn latest_version(folder: &Path) -> std::io::Result<Option<u64>> {
    let Ok(entries) = fs_err::read_dir(folder.join(LOG)) else {
        return Ok(None);
    };
    let (mut latest, mut is_table) = (None, false);
    for entry in entries {
        let entry = entry?;
        let file = entry.path();
        if is_version(&file) {
            latest = latest.max(version_of(&file));
            is_table = is_table || entry.metadata().is_ok_and(|found| found.len() > 0);
        }
    }
    Ok(latest.filter(|_| is_table))
}

fn is_version(file: &Path) -> bool {
    let is_parquet = file.extension().is_some_and(|ending| ending == "parquet");
    commit_version(file).is_some() || (is_parquet && checkpoint_version(file).is_some())
}

/// Removes what a killed process left in the log of the table in `folder`: files under their unfinished names,
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

/// Whether a file has the name it bears until its content is on the disk: its final name, `#` and a number.
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
        if let Some(version) = commit_version(&file) {
            commits.push(Commit {
                version,
                published_at: published_at(&file)?,
            });
        }
    }
    commits.sort_by_key(|commit| commit.version);
    Ok(commits)
}

/// The version that table `name` in `folder` had at `time`; `None` when there was no such table yet.
pub(super) fn version_at(
    folder: &Path,
    name: &str,
    time: DateTime<Utc>,
) -> Result<Option<u64>, LakeError> {
    let commits = commits(folder)?;
    let version = commits
        .iter()
        .rev()
        .find(|commit| commit.published_at <= time);
    match (version, commits.first()) {
        (Some(commit), _) => Ok(Some(commit.version)),
        // The log begins later than the table: there was a version then, which upkeep removed.
        (None, Some(oldest)) if oldest.version > 0 => Err(removed(name, time)),
        (None, _) => Ok(None),
    }
}

/// Every data file that a commit still in the log adds or removes, with the time it was last removed from the table.
pub(super) fn named_files(
    folder: &Path,
) -> Result<HashMap<PathBuf, Option<DateTime<Utc>>>, LakeError> {
    let mut named = HashMap::new();
    if !folder.join(LOG).is_dir() {
        return Ok(named);
    }
    // Names sort as versions do, so that a later commit overrides an earlier one.
    for commit in log_files(folder)? {
        if commit_version(&commit).is_none() {
            continue;
        }
        let text = fs_err::read_to_string(&commit).map_err(LakeError::Folder)?;
        for line in text.lines() {
            let action: Value = serde_json::from_str(line).unwrap_or_default();
            let path = |kind: &str| {
                let path = action.pointer(&format!("/{kind}/path"))?.as_str()?;
                Some(folder.join(decode_path(path)))
            };
            if let Some(path) = path("add") {
                named.insert(path, None);
            }
            if let Some(path) = path("remove") {
                let recorded = action.pointer("/remove/deletionTimestamp");
                let recorded = recorded
                    .and_then(Value::as_i64)
                    .and_then(DateTime::from_timestamp_millis);
                let removed_at = match recorded {
                    Some(time) => time,
                    None => published_at(&commit)?,
                };
                named.insert(path, Some(removed_at));
            }
        }
    }
    Ok(named)
}

/// The path on the disk of a file as a line of the log names it.
pub(super) fn decode_path(path: &str) -> String {
    deltalake_core::Path::from_url_path(path).map_or_else(|_| path.to_owned(), String::from)
}

/// When a commit was published, as it says itself; the file's own time where another program recorded none.
pub(super) fn published_at(file: &Path) -> Result<DateTime<Utc>, LakeError> {
    let text = fs_err::read_to_string(file).map_err(LakeError::Folder)?;
    let mut lines = text.lines().filter(|line| line.contains("\"commitInfo\""));
    let recorded = lines.find_map(|line| {
        let action: Value = serde_json::from_str(line).ok()?;
        let millis = action.pointer("/commitInfo/timestamp")?.as_i64()?;
        DateTime::from_timestamp_millis(millis)
    });
    match recorded {
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
        assert_eq!(latest_version(folder).unwrap(), None);
        fs_err::write(log.join("00000000000000000012.checkpoint.parquet"), "P").unwrap();
        assert!(has_version(folder));
        assert_eq!(latest_version(folder).unwrap(), Some(12));
        fs_err::write(log.join("00000000000000000013.json"), "{}").unwrap();
        fs_err::write(log.join("00000000000000000014.json#1"), "{").unwrap();
        assert_eq!(latest_version(folder).unwrap(), Some(13));
    }
}
