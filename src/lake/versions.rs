//! Which versions the tables have now, without opening one: names of files in their logs.

use std::collections::BTreeMap;

use super::{Lake, LakeError};

/// How often the list is taken again while a run publishes.
const MOST_TRIES: usize = 5;

impl Lake {
    /// The latest version of every table at one moment: the list was the same when taken twice in a row,
    /// or tables are being published faster than they can be listed.
    ///
    /// # Errors
    /// When a folder of the lake cannot be listed.
    pub fn latest_versions(&self) -> Result<BTreeMap<String, u64>, LakeError> {
        let mut versions = self.listed_versions()?;
        for _ in 0..MOST_TRIES {
            let again = self.listed_versions()?;
            if again == versions {
                break;
            }
            versions = again;
        }
        Ok(versions)
    }

    pub(super) fn listed_versions(&self) -> Result<BTreeMap<String, u64>, LakeError> {
        let mut versions = BTreeMap::new();
        for name in self.table_names()? {
            let log = self.root().join(&name).join("_delta_log");
            let mut latest = None;
            for entry in fs_err::read_dir(log).map_err(LakeError::Folder)? {
                let file = entry.map_err(LakeError::Folder)?.file_name();
                latest = latest.max(version_of(&file.to_string_lossy()));
            }
            if let Some(latest) = latest {
                versions.insert(name, latest);
            }
        }
        Ok(versions)
    }
}

/// The version that a file of a log commits.
fn version_of(file: &str) -> Option<u64> {
    let number = file.strip_suffix(".json")?;
    number.parse().ok().filter(|_| number.len() == 20)
}
