//! Which files make the lake at one moment, for a copy taken while a run publishes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::log::{log_files, version_of};
use super::{Lake, LakeError, LakeFile};

/// How often versions are read again before the lake counts as restless.
const READINGS: usize = 600;
const PAUSE: Duration = Duration::from_millis(100);

impl Lake {
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
    /// what is recorded of data files.
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
            let below = file.strip_prefix(&self.root).map(PathBuf::from);
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
