//! A lake: one folder of Delta tables, which of them there are, and how a version is found. The present version of a table
//! is read again only when its log has changed.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use datafusion::common::runtime::SpawnedTask;
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::{StreamExt as _, stream};
use url::Url;

use super::checksum::VerifiedFiles;
use super::durable::DurableStore;
use super::error::{LakeError, removed, table_error};
use super::integrity::check_log;
use super::log::{self, commit_file, has_version, is_readable_at, log_files, version_at};
use super::provenance::{self, Provenance};
use super::stamp::LogStamp;
use super::table::{LakeFile, LakeTable};

/// Tables whose logs are read side by side.
const READINGS_AT_ONCE: usize = 8;

/// The folder of Delta tables that a project owns. Clones share what was read.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
    store: Arc<DurableStore>,
    /// Tables as they were when they were last read or published, each with the state of its log at that time.
    opened: Arc<Mutex<HashMap<String, (LogStamp, LakeTable)>>>,
    /// The moment that tables are read at.
    moment: Moment,
    /// Files whose hashes were verified already; `None` where contents are not verified before they are read.
    verified: Option<VerifiedFiles>,
}

/// Which version of a table is read.
#[derive(Debug, Clone)]
enum Moment {
    /// The latest one whenever it is read.
    Present,
    /// The one of this time.
    Time(DateTime<Utc>),
    /// The one that was the latest when the first of the tables was asked for.
    Pinned(Arc<OnceLock<BTreeMap<String, u64>>>),
}

impl Lake {
    /// Opens the lake in `root`, creating the folder if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be created or resolved.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        fs_err::create_dir_all(root).map_err(LakeError::Folder)?;
        Ok(Self {
            // Absolute, as `url` needs it.
            root: fs_err::canonicalize(root).map_err(LakeError::Folder)?,
            store: Arc::default(),
            opened: Arc::default(),
            moment: Moment::Present,
            verified: None,
        })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same lake, of which every table is read as it was at `time`. It is for reading only.
    #[must_use]
    pub fn as_of(&self, time: DateTime<Utc>) -> Self {
        Self {
            moment: Moment::Time(time),
            ..self.clone()
        }
    }

    /// The same lake, of which all tables are read as they were at one moment: that at which the first of them is asked for,
    /// or the time that this lake is read at. It is for reading only.
    #[must_use]
    pub fn pinned(&self) -> Self {
        let moment = match &self.moment {
            Moment::Time(time) => Moment::Time(*time),
            Moment::Present | Moment::Pinned(_) => Moment::Pinned(Arc::default()),
        };
        Self {
            moment,
            ..self.clone()
        }
    }

    /// The same lake at present.
    #[must_use]
    pub fn present(&self) -> Self {
        Self {
            moment: Moment::Present,
            ..self.clone()
        }
    }

    /// The time the lake is read at; `None` for the present.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        match self.moment {
            Moment::Time(time) => Some(time),
            Moment::Present | Moment::Pinned(_) => None,
        }
    }

    /// Whether the tables of this lake have the versions of that one, where both are pinned.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn is_same_moment(&self, other: &Self) -> Result<bool, LakeError> {
        match (&self.moment, &other.moment) {
            (Moment::Pinned(own), Moment::Pinned(others)) => {
                Ok(self.versions(own)? == other.versions(others)?)
            }
            _ => Ok(false),
        }
    }

    /// The versions of the moment, which is now if it has not come yet.
    fn versions<'a>(
        &self,
        pinned: &'a OnceLock<BTreeMap<String, u64>>,
    ) -> Result<&'a BTreeMap<String, u64>, LakeError> {
        if let Some(versions) = pinned.get() {
            return Ok(versions);
        }
        let versions = self.latest_versions()?;
        // Another clone may have set the moment meanwhile, which then counts.
        Ok(pinned.get_or_init(|| versions))
    }

    /// The same lake, whose data files are compared with their hashes before they are read.
    #[must_use]
    pub fn checking_contents(&self) -> Self {
        Self {
            verified: Some(self.verified.clone().unwrap_or_default()),
            ..self.clone()
        }
    }

    /// Names of all tables, sorted; of a lake as of some time, those it had then.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn table_names(&self) -> Result<Vec<String>, LakeError> {
        if let Moment::Pinned(pinned) = &self.moment {
            return Ok(self.versions(pinned)?.keys().cloned().collect());
        }
        let mut names = self.folder_names()?;
        names.retain(|name| self.has_table(name));
        names.sort();
        Ok(names)
    }

    /// Names of the folders of the lake, each of which may hold a table.
    pub(super) fn folder_names(&self) -> Result<Vec<String>, LakeError> {
        let entries = fs_err::read_dir(&self.root).map_err(LakeError::Folder)?;
        let names = entries.map(|entry| {
            let name = entry.map_err(LakeError::Folder)?.file_name();
            Ok(name.to_string_lossy().into_owned())
        });
        names.collect()
    }

    /// The latest version of table `name`, or `None` when there is no such table. Of a lake as of some time or moment, the
    /// version of then.
    ///
    /// # Errors
    /// When its log cannot be read, or the version of the time was removed.
    pub async fn table(&self, name: &str) -> Result<Option<LakeTable>, LakeError> {
        if let Moment::Pinned(pinned) = &self.moment {
            return match self.versions(pinned)?.get(name) {
                Some(version) => self.table_at(name, *version).await.map(Some),
                None => Ok(None),
            };
        }
        if !self.exists(name) {
            return Ok(None);
        }
        if let Moment::Time(time) = self.moment {
            return match version_at(&self.table_folder(name), name, time)? {
                Some(version) => self.table_in_the_past(name, version, time).await.map(Some),
                None => Ok(None),
            };
        }
        // Before the table is read: a commit in between makes the stamp too old, and the table is read again.
        let stamp = self.log_stamp(name);
        if let Some(table) = self.remembered(name, stamp.as_ref()) {
            return Ok(Some(table));
        }
        check_log(&self.table_folder(name), name, None)?;
        let table = self.builder(name)?.load().await;
        let table = self.describe(name, table).await?;
        self.remember(stamp, &table);
        Ok(Some(table))
    }

    /// Reads tables side by side, so that [`Lake::table`] is quick for each. A table that cannot be read is an error only there.
    pub async fn read_ahead(&self, names: impl IntoIterator<Item = &str>) {
        if self.time().is_some() {
            // Earlier versions are not remembered.
            return;
        }
        let readings = names.into_iter().map(|name| {
            let (lake, name) = (self.clone(), name.to_owned());
            SpawnedTask::spawn(async move { drop(lake.table(&name).await) }).join()
        });
        let mut readings = stream::iter(readings).buffer_unordered(READINGS_AT_ONCE);
        while readings.next().await.is_some() {}
    }

    /// What was read of table `name` when its log was as it is now.
    fn remembered(&self, name: &str, stamp: Option<&LogStamp>) -> Option<LakeTable> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, table) = opened.get(name)?;
        // The list of verified files is that of this clone, which may not check contents at all.
        (stamp == Some(then)).then(|| LakeTable {
            verified: self.verified.clone(),
            ..table.clone()
        })
    }

    /// Keeps what was read of a table until its log changes. Only the newest version is kept: another process may have
    /// committed a later one since `table` was read.
    fn remember(&self, stamp: Option<LogStamp>, table: &LakeTable) {
        if let Some(stamp) = stamp.filter(|stamp| stamp.is_of(table.version)) {
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            opened.insert(table.name.clone(), (stamp, table.clone()));
        }
    }

    /// Remembers a version that was just published, so that it need not be read again; returns its number.
    pub(super) fn remember_published(&self, table: &LakeTable) -> u64 {
        self.remember(self.log_stamp(&table.name), table);
        table.version
    }

    /// Version `version` of table `name`.
    ///
    /// # Errors
    /// When there is no such table or version, or its log cannot be read.
    pub async fn table_at(&self, name: &str, version: u64) -> Result<LakeTable, LakeError> {
        let missing = || LakeError::NoSuchVersion {
            table: name.to_owned(),
            version,
        };
        if !self.exists(name) {
            return Err(missing());
        }
        let stamp = self.log_stamp(name);
        let known = self.remembered(name, stamp.as_ref());
        if let Some(table) = known.filter(|table| table.version == version) {
            return Ok(table);
        }
        check_log(&self.table_folder(name), name, Some(version))?;
        let table = match self.builder(name)?.with_version(version).load().await {
            Err(DeltaTableError::InvalidVersion(_)) => return Err(missing()),
            table => self.describe(name, table).await?,
        };
        self.remember(stamp, &table);
        Ok(table)
    }

    /// Version `version` of table `name`, which is that of `time`, with all its files still there.
    async fn table_in_the_past(
        &self,
        name: &str,
        version: u64,
        time: DateTime<Utc>,
    ) -> Result<LakeTable, LakeError> {
        if !is_readable_at(&log_files(&self.table_folder(name))?, version) {
            return Err(removed(name, time));
        }
        let table = self.table_at(name, version).await?;
        let mut files = table.files.iter();
        match files.all(|file| table.file_path(file).is_file()) {
            true => Ok(table),
            false => Err(removed(name, time)),
        }
    }

    /// Whether table `name` has a version. A creation that was cut short leaves none.
    pub(super) fn exists(&self, name: &str) -> bool {
        has_version(&self.table_folder(name))
    }

    /// Whether table `name` is in the lake, at the moment that the lake is read at.
    #[must_use]
    pub fn has_table(&self, name: &str) -> bool {
        match &self.moment {
            Moment::Present => self.exists(name),
            Moment::Time(time) => self.exists(name) && self.was_there(name, *time),
            Moment::Pinned(pinned) => {
                let versions = self.versions(pinned);
                versions.is_ok_and(|versions| versions.contains_key(name))
            }
        }
    }

    /// The time that the lake is read at, if table `name` is there now and was not yet then.
    #[must_use]
    pub fn time_before(&self, name: &str) -> Option<DateTime<Utc>> {
        let time = self.time()?;
        (self.exists(name) && !self.was_there(name, time)).then_some(time)
    }

    /// Whether table `name` had a version at `time`. One that was removed is an error when it is read, not when names are listed.
    fn was_there(&self, name: &str, time: DateTime<Utc>) -> bool {
        !matches!(version_at(&self.table_folder(name), name, time), Ok(None))
    }

    /// Whether version `version` of table `name` was published, and is still in the log.
    #[must_use]
    pub fn has_commit(&self, name: &str, version: u64) -> bool {
        commit_file(&self.table_folder(name), version).is_file()
    }

    /// When version `version` of table `name` was published; `None` when its commit is no longer in the log.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn published_at(
        &self,
        name: &str,
        version: u64,
    ) -> Result<Option<DateTime<Utc>>, LakeError> {
        let file = commit_file(&self.table_folder(name), version);
        match file.is_file() {
            true => log::published_at(&file).map(Some),
            false => Ok(None),
        }
    }

    /// The state of the log of table `name`; `None` when there is no such table or its log cannot be listed.
    fn log_stamp(&self, name: &str) -> Option<LogStamp> {
        LogStamp::read(&self.table_folder(name))
    }

    /// The folder of table `name`, which need not exist.
    pub(super) fn table_folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The disk, as Delta writes to it.
    pub(super) fn store(&self) -> &Arc<DurableStore> {
        &self.store
    }

    /// Files whose hashes were verified already; `None` where contents are not verified.
    pub(super) fn verified(&self) -> Option<VerifiedFiles> {
        self.verified.clone()
    }

    /// Table `name` as Delta opens it, on this lake's disk.
    pub(super) fn builder(&self, name: &str) -> Result<DeltaTableBuilder, LakeError> {
        let url = self.url(name);
        let builder = DeltaTableBuilder::from_url(url.clone());
        let builder = builder.map_err(|source| table_error(name, source))?;
        Ok(builder.with_storage_backend(Arc::clone(&self.store) as _, url))
    }

    pub(super) fn url(&self, name: &str) -> Url {
        Url::from_directory_path(self.table_folder(name)).expect("the lake's root is absolute")
    }

    /// A version that Delta has loaded, with its provenance.
    async fn describe(
        &self,
        name: &str,
        table: Result<DeltaTable, DeltaTableError>,
    ) -> Result<LakeTable, LakeError> {
        let in_table = |source| table_error(name, source);
        let table = table.map_err(in_table)?;
        let state = table.snapshot().map_err(in_table)?;
        let provenance = provenance::read(&table, state.version()).await;
        Ok(self.of_state(name, state, provenance.map_err(in_table)?))
    }

    /// What Delta knows of a version of table `name`, as korabo uses it.
    pub(super) fn of_state(
        &self,
        name: &str,
        state: &DeltaTableState,
        provenance: Option<Provenance>,
    ) -> LakeTable {
        let files = state
            .log_data()
            .iter()
            .map(|view| LakeFile::of_view(&view))
            .collect();
        LakeTable {
            name: name.to_owned(),
            version: state.version(),
            folder: self.table_folder(name),
            schema: state.snapshot().arrow_schema(),
            partition_by: state.metadata().partition_columns().to_vec(),
            files,
            provenance,
            verified: self.verified.clone(),
        }
    }
}
