//! Whether a table's log has changed since it was last looked at, without reading it.

use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;

use super::log::LOG;

/// The newest entry of a table's log. A commit always adds an entry with a higher number; a table that was
/// put in place of another has entries of another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogStamp {
    name: OsString,
    n_bytes: u64,
    modified: SystemTime,
}

impl LogStamp {
    /// The state of the log of the table in `folder`; `None` when there is no such table or its log cannot be listed.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let entries = fs_err::read_dir(folder.join(LOG)).ok()?.flatten();
        let newest = entries
            .filter(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|suffix| suffix == "json")
            })
            .max_by_key(fs_err::DirEntry::file_name)?;
        let metadata = newest.metadata().ok()?;
        Some(Self {
            name: newest.file_name(),
            n_bytes: metadata.len(),
            modified: metadata.modified().ok()?,
        })
    }

    /// Whether the newest commit is that of `version`.
    pub(super) fn is_of(&self, version: u64) -> bool {
        self.name.to_str() == Some(format!("{version:020}.json").as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_changes_the_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path();
        assert_eq!(LogStamp::read(table), None);
        let log = table.join(LOG);
        fs_err::create_dir_all(&log).unwrap();
        assert_eq!(LogStamp::read(table), None);
        fs_err::write(log.join("00000000000000000000.json"), "{}").unwrap();
        let first = LogStamp::read(table).unwrap();
        assert_eq!(LogStamp::read(table), Some(first.clone()));
        fs_err::write(log.join("_last_checkpoint"), "{}").unwrap();
        assert_eq!(LogStamp::read(table), Some(first.clone()));
        fs_err::write(log.join("00000000000000000001.json"), "{}").unwrap();
        let second = LogStamp::read(table).unwrap();
        assert_ne!(first, second);
        fs_err::write(log.join("00000000000000000001.json"), "{ }").unwrap();
        assert_ne!(LogStamp::read(table), Some(second));
    }
}
