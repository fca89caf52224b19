//! The lake at one moment, while a run may publish: versions of all tables, and the files that make a version.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::error::LakeError;
use super::folder::Lake;
use super::log::{latest_version, log_files, version_of};
use super::table::LakeFile;

/// How often a quick list of versions is taken again while a run publishes.
const MOST_TRIES: usize = 5;
/// How often versions are read again before the lake counts as restless.
const READINGS: usize = 600;
const PAUSE: Duration = Duration::from_millis(100);

impl Lake {
    /// The latest version of every table at one moment: listed until two lists in a row are the same, or a few times when
    /// tables are published faster than that.
    ///
    /// # Errors
    /// When a folder of the lake cannot be listed.
    pub(super) fn latest_versions(&self) -> Result<BTreeMap<String, u64>, LakeError> {
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

    /// The latest version of every table, from the names of files in the logs; no table is opened.
    fn listed_versions(&self) -> Result<BTreeMap<String, u64>, LakeError> {
        let mut versions = BTreeMap::new();
        for name in self.folder_names()? {
            let latest = latest_version(&self.table_folder(&name));
            if let Some(latest) = latest.map_err(LakeError::Folder)? {
                versions.insert(name, latest);
            }
        }
        Ok(versions)
    }

    /// The version of every table at one moment: read until nothing was published between two readings.
    ///
    /// # Errors
    /// [`LakeError::Restless`] when a minute was not enough.
    pub async fn versions_now(&self) -> Result<BTreeMap<String, u64>, LakeError> {
        let mut before = self.listed_versions()?;
        for _ in 0..READINGS {
            let now = self.listed_versions()?;
            if now == before {
                return Ok(now);
            }
            before = now;
            tokio::time::sleep(PAUSE).await;
        }
        Err(LakeError::Restless)
    }

    /// Files of version `version` of table `name`, data first and the log in its order, below the lake's folder; with
    /// what the log records of data files.
    ///
    /// # Errors
    /// When the version cannot be read.
    pub async fn files_of(
        &self,
        name: &str,
        version: u64,
    ) -> Result<Vec<(PathBuf, Option<LakeFile>)>, LakeError> {
        let table = self.table_at(name, version).await?;
        let below = |file: PathBuf| {
            let below = file.strip_prefix(self.root()).map(PathBuf::from);
            below.unwrap_or(file)
        };
        let data = table.files.iter();
        let data = data.map(|file| (below(table.file_path(file)), Some(file.clone())));
        let log = log_files(&table.folder)?;
        let log = log
            .into_iter()
            .filter(|file| version_of(file).is_some_and(|found| found <= version));
        Ok(data.chain(log.map(|file| (below(file), None))).collect())
    }
}
