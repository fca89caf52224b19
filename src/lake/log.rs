//! When the versions of a table were published: read from the commits themselves, since the times of files say nothing
//! after a copy or restore.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::LakeError;

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
