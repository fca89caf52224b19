//! Whether a table's log has changed since somebody looked, without reading it.

use std::ffi::OsString;
use std::time::SystemTime;

use super::Lake;

/// The newest entry of a table's log. A commit always adds an entry with a higher number; a table that was
/// put in place of another has entries of another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStamp {
    name: OsString,
    n_bytes: u64,
    modified: SystemTime,
}

impl LogStamp {
    /// Whether the newest commit is that of `version`.
    pub(super) fn is_of(&self, version: u64) -> bool {
        self.name.to_str() == Some(format!("{version:020}.json").as_str())
    }
}

impl Lake {
    /// The state of the log of table `name`; `None` when there is no such table or its log cannot be listed.
    #[must_use]
    pub fn log_stamp(&self, name: &str) -> Option<LogStamp> {
        let folder = self.root.join(name).join("_delta_log");
        let entries = fs_err::read_dir(folder).ok()?.flatten();
        let newest = entries
            .filter(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|suffix| suffix == "json")
            })
            .max_by_key(fs_err::DirEntry::file_name)?;
        let metadata = newest.metadata().ok()?;
        Some(LogStamp {
            name: newest.file_name(),
            n_bytes: metadata.len(),
            modified: metadata.modified().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_changes_the_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        assert_eq!(lake.log_stamp("t"), None);
        let log = folder.path().join("t/_delta_log");
        fs_err::create_dir_all(&log).unwrap();
        assert_eq!(lake.log_stamp("t"), None);
        fs_err::write(log.join("00000000000000000000.json"), "{}").unwrap();
        let first = lake.log_stamp("t").unwrap();
        assert_eq!(lake.log_stamp("t"), Some(first.clone()));
        fs_err::write(log.join("_last_checkpoint"), "{}").unwrap();
        assert_eq!(lake.log_stamp("t"), Some(first.clone()));
        fs_err::write(log.join("00000000000000000001.json"), "{}").unwrap();
        let second = lake.log_stamp("t").unwrap();
        assert_ne!(first, second);
        fs_err::write(log.join("00000000000000000001.json"), "{ }").unwrap();
        assert_ne!(lake.log_stamp("t"), Some(second));
    }
}
