//! Tables on disk: Delta tables under one folder, with atomic commits, pinned versions and the
//! provenance of each version. Reading them with SQL is `session`'s work; what goes in is decided by
//! `ingest` and `pipeline`.

mod as_of;
mod durable;
mod integrity;
mod leftovers;
mod lock;
mod log;
mod maintain;
mod provenance;
mod read;
mod schema;
mod snapshot;
mod stamp;
mod versions;
mod write;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use deltalake_core::kernel::LogicalFileView;
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::{StreamExt as _, stream};
use url::Url;

use crate::diagnostic::FailureKind;
use durable::DurableStore;
use integrity::Checked;

pub use as_of::Copied;
pub use integrity::Contents;
pub use lock::LakeLock;
pub use maintain::Upkeep;
pub use provenance::Provenance;
pub use read::TableReader;
pub use schema::storable_schema;
pub use stamp::LogStamp;
pub use write::{PublishMode, StagedFiles, TableWriter};

/// What can go wrong in the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The lake folder or one of its files could not be used.
    #[error("cannot use the lake folder")]
    Folder(#[source] std::io::Error),
    /// A Delta table could not be read or written.
    #[error("lake table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: DeltaTableError,
    },
    /// A result has a type that lake tables cannot hold.
    #[error("column `{column}` of `{table}` has type {data_type}, which a lake table cannot hold")]
    UnstorableColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its Arrow type.
        data_type: String,
    },
    /// The asked version does not exist.
    #[error("lake table `{table}` has no version {version}")]
    NoSuchVersion {
        /// The table.
        table: String,
        /// The version asked for.
        version: u64,
    },
    /// What a table was at some time is no longer there.
    #[error("what lake table `{table}` was at {time} was removed by `korabo maintain`")]
    Removed {
        /// The table.
        table: String,
        /// The time.
        time: DateTime<Utc>,
    },
    /// A file is not what was written.
    #[error("`{file}` of lake table `{table}` is damaged: {problem}")]
    Damaged {
        /// The table.
        table: String,
        /// The file, below the table's folder.
        file: String,
        /// How it differs.
        problem: String,
    },
    /// A table has fewer versions or rows than are recorded of it.
    #[error("lake table `{table}` has lost rows: {}", .losses.join("; "))]
    Lost {
        /// The table.
        table: String,
        /// What is missing, in words without values.
        losses: Vec<String>,
    },
    /// Joining small files gave other rows than were in them.
    #[error("joining the small files of lake table `{table}` lost rows; it stays as it was")]
    RowsLost {
        /// The table.
        table: String,
    },
    /// Tables were published faster than their versions could be read.
    #[error("the lake does not come to rest")]
    Restless,
    /// Another process holds the lake.
    #[error("another run holds the lake")]
    Locked,
    /// Another process copies files of the lake, or removes superseded ones.
    #[error("a backup, a run on the past or upkeep of this lake is at work")]
    Copying,
    /// Another process serves the schedules.
    #[error("another `korabo schedule` serves this project")]
    Served,
}

/// Tables whose logs are read side by side.
const READINGS_AT_ONCE: usize = 8;

/// The folder of Delta tables that a project owns.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
    store: Arc<DurableStore>,
    /// Tables as they were when they were read or published last, each with its log of then.
    opened: Arc<Mutex<HashMap<String, (LogStamp, LakeTable)>>>,
    /// When tables are read at another time than the present.
    as_of: Option<DateTime<Utc>>,
    /// Where contents are compared before they are read: those that were.
    checked: Option<Checked>,
}

/// One version of one table: the files that make it and how it was made.
#[derive(Debug, Clone)]
pub struct LakeTable {
    /// Table name.
    pub name: String,
    /// Delta version, from 0.
    pub version: u64,
    /// Folder of the table.
    pub folder: PathBuf,
    /// Arrow schema, partition columns included.
    pub schema: SchemaRef,
    /// Columns the table is partitioned by.
    pub partition_by: Vec<String>,
    /// The live data files.
    pub files: Vec<LakeFile>,
    /// What made this version; `None` when another program wrote it.
    pub provenance: Option<Provenance>,
    /// Where contents are compared before they are read: those that were.
    pub(crate) checked: Option<Checked>,
}

/// One live data file of a table version.
#[derive(Debug, Clone)]
pub struct LakeFile {
    /// Path below the table's folder, as it is on the disk.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Rows, when the log says.
    pub n_rows: Option<u64>,
    /// Partition values as text, by column.
    pub partition_values: HashMap<String, Option<String>>,
    /// SHA-256 of its content; `None` for files written before it was recorded, and by other programs.
    pub sha256: Option<String>,
}

impl Lake {
    /// Opens the lake in `root`, creating the folder if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be created or resolved.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        fs_err::create_dir_all(root).map_err(LakeError::Folder)?;
        Ok(Self {
            root: fs_err::canonicalize(root).map_err(LakeError::Folder)?,
            store: Arc::default(),
            opened: Arc::default(),
            as_of: None,
            checked: None,
        })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Names of all tables, sorted; of a lake as of some time, those it had then.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn table_names(&self) -> Result<Vec<String>, LakeError> {
        let mut names = Vec::new();
        for entry in fs_err::read_dir(&self.root).map_err(LakeError::Folder)? {
            let name = entry.map_err(LakeError::Folder)?.file_name();
            let name = name.to_string_lossy().into_owned();
            if self.exists(&name) {
                names.push(name);
            }
        }
        names.sort();
        let Some(time) = self.as_of else {
            return Ok(names);
        };
        let mut then = Vec::with_capacity(names.len());
        for name in names {
            // What is no longer there is an error for those who read it, not for those who list names.
            if !matches!(self.version_at(&name, time), Ok(None)) {
                then.push(name);
            }
        }
        Ok(then)
    }

    /// The latest version of table `name`, or `None` when there is no such table. Of a lake as of some time, the
    /// version of that time.
    ///
    /// # Errors
    /// When its log cannot be read, or what it was at the time is no longer there.
    pub async fn table(&self, name: &str) -> Result<Option<LakeTable>, LakeError> {
        if !self.exists(name) {
            return Ok(None);
        }
        if let Some(time) = self.as_of {
            return match self.version_at(name, time)? {
                Some(version) => self.table_in_the_past(name, version, time).await.map(Some),
                None => Ok(None),
            };
        }
        let stamp = self.log_stamp(name);
        if let Some(table) = self.remembered(name, stamp.as_ref()) {
            return Ok(Some(table));
        }
        self.check_log(name, None)?;
        let table = self.builder(name)?.load().await;
        let table = self.describe(name, table).await?;
        self.remember(stamp, &table);
        Ok(Some(table))
    }

    /// Reads tables side by side, so that asking for each is quick. What cannot be read is an error when it is asked for.
    pub async fn read_ahead(&self, names: impl IntoIterator<Item = &str>) {
        if self.as_of.is_some() {
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
        (stamp == Some(then)).then(|| LakeTable {
            checked: self.checked.clone(),
            ..table.clone()
        })
    }

    /// Keeps what was read of a table until its log changes. Not when that was another version than its newest: somebody else
    /// may have committed in the meantime.
    fn remember(&self, stamp: Option<LogStamp>, table: &LakeTable) {
        if let Some(stamp) = stamp.filter(|stamp| stamp.is_of(table.version)) {
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            opened.insert(table.name.clone(), (stamp, table.clone()));
        }
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
        self.check_log(name, Some(version))?;
        let table = match self.builder(name)?.with_version(version).load().await {
            Err(DeltaTableError::InvalidVersion(_)) => return Err(missing()),
            table => self.describe(name, table).await?,
        };
        self.remember(stamp, &table);
        Ok(table)
    }

    /// Whether table `name` has a version. What a creation that was cut short leaves has none.
    fn exists(&self, name: &str) -> bool {
        log::has_version(&self.root.join(name))
    }

    /// Whether version `version` of table `name` was published, and is still in the log.
    #[must_use]
    pub fn has_commit(&self, name: &str, version: u64) -> bool {
        let log = self.root.join(name).join(log::LOG);
        log.join(format!("{version:020}.json")).is_file()
    }

    fn builder(&self, name: &str) -> Result<DeltaTableBuilder, LakeError> {
        let url = self.url(name);
        let builder = DeltaTableBuilder::from_url(url.clone());
        let builder = builder.map_err(|source| table_error(name, source))?;
        Ok(builder.with_storage_backend(Arc::clone(&self.store) as _, url))
    }

    fn url(&self, name: &str) -> Url {
        Url::from_directory_path(self.root.join(name)).expect("the lake's root is absolute")
    }

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

    fn of_state(
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
            folder: self.root.join(name),
            schema: state.snapshot().arrow_schema(),
            partition_by: state.metadata().partition_columns().to_vec(),
            files,
            provenance,
            checked: self.checked.clone(),
        }
    }
}

impl LakeFile {
    fn of_view(view: &LogicalFileView) -> Self {
        #[expect(
            deprecated,
            reason = "the tags of a file have no accessor of their own"
        )]
        let tags = view.add_action().tags;
        Self {
            sha256: tags.and_then(|mut tags| tags.remove(integrity::TAG).flatten()),
            path: view.path().into_owned(),
            size: u64::try_from(view.size()).unwrap_or(0),
            n_rows: view.num_records().map(|n| n as u64),
            partition_values: view.partition_values_map(),
        }
    }
}

impl LakeTable {
    /// The version since which the rows are what they are: upkeep of files makes versions without changing rows.
    #[must_use]
    pub fn rows_version(&self) -> u64 {
        let made = self.provenance.as_ref();
        made.and_then(|made| made.same_rows_as)
            .unwrap_or(self.version)
    }

    /// Number of rows, when every file's count is in the log.
    #[must_use]
    pub fn n_rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.n_rows).sum()
    }

    /// Where a data file of this table lies.
    #[must_use]
    pub fn file_path(&self, file: &LakeFile) -> PathBuf {
        self.folder.join(&file.path)
    }

    /// The same version restricted to the files for which `keep` holds.
    #[must_use]
    pub fn with_files(&self, keep: impl Fn(&LakeFile) -> bool) -> Self {
        let files = self
            .files
            .iter()
            .filter(|file| keep(file))
            .cloned()
            .collect();
        Self {
            files,
            schema: Arc::clone(&self.schema),
            ..self.clone()
        }
    }
}

/// Which exit code a lake error leads to.
#[must_use]
pub fn failure_kind(error: &LakeError) -> FailureKind {
    match error {
        LakeError::Locked | LakeError::Copying | LakeError::Served => FailureKind::Locked,
        LakeError::UnstorableColumn { .. }
        | LakeError::NoSuchVersion { .. }
        | LakeError::Removed { .. } => FailureKind::Project,
        LakeError::Damaged { .. } | LakeError::Lost { .. } => FailureKind::Quality,
        LakeError::RowsLost { .. } => FailureKind::Internal,
        LakeError::Restless => FailureKind::Resources,
        LakeError::Folder(_) | LakeError::Table { .. } => {
            if is_disk_full(error) {
                FailureKind::Resources
            } else {
                FailureKind::Step
            }
        }
    }
}

/// Whether a full disk is somewhere in the chain of causes.
fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::StorageFull
        {
            return true;
        }
        if error.to_string().contains("No space left on device") {
            return true;
        }
        cause = error.source();
    }
    false
}

fn table_error(table: &str, source: DeltaTableError) -> LakeError {
    LakeError::Table {
        table: table.to_owned(),
        source,
    }
}
