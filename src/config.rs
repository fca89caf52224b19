//! `korabo.toml` → [`ProjectConfig`]. Unknown keys are errors; a path is relative to the project's folder.

mod checks;
mod disclosure;
mod observability;
mod release;
mod schedules;
mod serve;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use checks::{CheckSetting, CheckSeverity};
pub use release::ReleaseConfig;
pub use serve::{ServeConfig, ServeLimits, TlsFiles};

use crate::diagnostic::SourceLocation;
use crate::disclosure::DisclosureRules;
use crate::regular_file;
use crate::schedule::Schedule;
use crate::toml_reader::{FromToml as _, Located, TomlDocument, TomlError, TomlItem, TomlTable};

pub use observability::{
    NotifyConfig, ObservabilityConfig, OpenLineageConfig, SqlInEvents, Thresholds, TracesConfig,
};

/// Name of the project file.
pub const PROJECT_FILE: &str = "korabo.toml";

/// Why the project file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No project file here or above.
    #[error("no `{PROJECT_FILE}` in `{}` or a folder above it", .start.display())]
    NoProject {
        /// Where the search began.
        start: PathBuf,
    },
    /// The project file cannot be read.
    #[error("cannot read the project file")]
    Unreadable(#[source] std::io::Error),
    /// The project file is wrong.
    #[error("the project file is wrong")]
    Toml(#[from] TomlError),
}

/// A project as its file describes it, paths resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectConfig {
    /// The folder of the project file.
    pub folder: PathBuf,
    /// The project's name, for reports.
    pub name: String,
    /// Who runs the project, where sources say who may receive their data.
    pub receiver: Option<String>,
    /// Folder of the lake.
    pub lake: PathBuf,
    /// Folder that source globs are relative to.
    pub extracts: PathBuf,
    /// Extracts, by table.
    pub sources: BTreeMap<String, SourceConfig>,
    /// Parameters of queries.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// What may leave.
    pub disclosure: DisclosureRules,
    /// How tables leave.
    pub release: ReleaseConfig,
    /// Where the report goes.
    pub report: PathBuf,
    /// Whether the history of the prompt keeps statements without their literals.
    pub redact_history: bool,
    /// How the tables are served; `None` where the project file says nothing of it.
    pub serve: Option<ServeConfig>,
    /// Thresholds and severities of checks; a later section wins.
    pub checks: Vec<CheckSetting>,
    /// What `korabo schedule` starts, and when.
    pub schedules: Vec<Schedule>,
    /// Days for which superseded files stay, and with them the versions `--as-of` can read.
    pub keep_days: u32,
    /// Who is notified of what happens in runs.
    pub observability: ObservabilityConfig,
}

/// Where the extracts of one table are found and how they are ingested.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// Globs of deliveries that add rows.
    pub files: Vec<String>,
    /// Globs of deliveries whose rows take the place of rows with the same key.
    pub replace: Vec<String>,
    /// Globs of deliveries whose keys name rows to be withdrawn.
    pub withdraw: Vec<String>,
    /// Largest share of rejected rows with which a delivery is still accepted.
    pub max_reject_share: f64,
    /// Whether the project works without any extract of this table.
    pub optional: bool,
    /// The legal basis on which its data come, of `rules/law.toml`.
    pub basis: Option<Located<String>>,
    /// Who may receive its data.
    pub receivers: Vec<String>,
    /// Where its section begins.
    pub at: SourceLocation,
}

/// A typed parameter, bound to `$name` in queries.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// Yes or no.
    Boolean(bool),
    /// Names of columns: `$name` stands for `[a, b]`. Those of a program field; `[parameters]` has none.
    Names(Vec<String>),
    /// Text that stands in an argument as if it were written there in quotes. `[parameters]` has none.
    Word(String),
    /// A whole number that stands in an argument as if it were written there. `[parameters]` has none.
    Written(i32),
}

impl std::fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value:?}"),
            Self::Text(value) => f.write_str(value),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Names(names) => write!(f, "[{}]", names.join(", ")),
            Self::Word(word) => write!(f, "'{word}'"),
            Self::Written(number) => write!(f, "{number}"),
        }
    }
}

impl ParameterValue {
    /// The value of a parameter given on the command line: a number where it reads as one.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        if let Ok(value) = text.parse() {
            return Self::Integer(value);
        }
        match (text.parse(), text) {
            (Ok(value), _) => Self::Number(value),
            (_, "true") => Self::Boolean(true),
            (_, "false") => Self::Boolean(false),
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl ProjectConfig {
    /// The names and values in `[parameters]`.
    #[must_use]
    pub fn parameter_values(&self) -> Vec<(String, ParameterValue)> {
        let given = self.parameters.iter();
        given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Finds the project that contains `start`: the nearest folder upwards with a project file.
    ///
    /// # Errors
    /// When there is none, or its project file is wrong.
    pub fn find(start: &Path) -> Result<Self, ConfigError> {
        Self::load(Self::folder_above(start)?)
    }

    /// The folder of the project that contains `start`.
    ///
    /// # Errors
    /// When there is none.
    pub fn folder_above(start: &Path) -> Result<&Path, ConfigError> {
        let mut folders = start.ancestors();
        let found = folders.find(|folder| folder.join(PROJECT_FILE).exists());
        found.ok_or_else(|| ConfigError::NoProject {
            start: start.to_path_buf(),
        })
    }

    /// Who is to be notified of runs of the project in `folder`, and the project's name: of a project file that may be wrong
    /// elsewhere. `None` where no one is, or the file does not say whom.
    #[must_use]
    pub fn notified(folder: &Path) -> Option<(NotifyConfig, String)> {
        let text = regular_file::read_to_string(&folder.join(PROJECT_FILE)).ok()?;
        let document = TomlDocument::parse(Path::new(PROJECT_FILE), &text).ok()?;
        let root = document.root();
        let notify = observability::notify(&root).ok()??;
        Some((notify, name(&root).ok()?))
    }

    /// Reads the project file in `folder`.
    ///
    /// # Errors
    /// When it is missing, unreadable or wrong.
    pub fn load(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join(PROJECT_FILE);
        if !path.exists() {
            return Err(ConfigError::NoProject {
                start: folder.to_path_buf(),
            });
        }
        let text = regular_file::read_to_string(&path).map_err(ConfigError::Unreadable)?;
        Self::parse(folder, &text)
    }

    /// Parses the text of the project file of `folder`.
    ///
    /// # Errors
    /// With file, line and column, when a key is unknown or a value has the wrong type.
    pub fn parse(folder: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = Path::new(PROJECT_FILE);
        let document = TomlDocument::parse(file, text)?;
        let root = document.root();
        root.check_keys(&[
            "project",
            "lake",
            "extracts",
            "sources",
            "parameters",
            "disclosure",
            "release",
            "report",
            "sql",
            "serve",
            "checks",
            "schedule",
            "maintain",
            "openlineage",
            "metrics",
            "notify",
            "otel",
        ])?;
        let section = |name: &str, keys: &[&str]| -> Result<Option<TomlTable<'_>>, TomlError> {
            let table = root.table(name)?;
            if let Some(table) = &table {
                table.check_keys(keys)?;
            }
            Ok(table)
        };
        let path_of = |table: Option<TomlTable<'_>>, default: &str| -> Result<PathBuf, TomlError> {
            let path = table
                .map(|table| table.optional::<String>("path"))
                .transpose()?
                .flatten();
            Ok(folder.join(path.as_deref().unwrap_or(default)))
        };
        let redact_history = match section("sql", &["redact_history"])? {
            Some(table) => table.optional("redact_history")?.unwrap_or(false),
            None => false,
        };
        Ok(Self {
            folder: folder.to_path_buf(),
            redact_history,
            serve: serve::read(&root, folder)?,
            checks: checks::read(&root)?,
            keep_days: keep_days(section("maintain", &["keep_days"])?)?,
            schedules: schedules::schedules(&root)?,
            observability: ObservabilityConfig::read(folder, &root)?,
            name: name(&root)?,
            receiver: match root.table("project")? {
                Some(project) => project.optional("receiver")?,
                None => None,
            },
            lake: path_of(section("lake", &["path"])?, "lake")?,
            extracts: path_of(section("extracts", &["path"])?, ".")?,
            sources: sources(&root)?,
            parameters: parameters(&root)?,
            disclosure: disclosure::read(&root)?,
            release: release::read(&root, folder)?,
            report: path_of(section("report", &["path"])?, "reports/report.html")?,
        })
    }
}

/// Days that superseded files stay where the project says nothing.
const DEFAULT_KEEP_DAYS: u32 = 30;
/// Share of rejected rows up to which a delivery is accepted, where the source says nothing.
pub(crate) const DEFAULT_MAX_REJECT_SHARE: f64 = 0.05;

fn name(root: &TomlTable<'_>) -> Result<String, TomlError> {
    let Some(project) = root.table("project")? else {
        return Ok("korabo".to_owned());
    };
    project.check_keys(&["name", "receiver"])?;
    project.required("name")
}

fn keep_days(maintain: Option<TomlTable<'_>>) -> Result<u32, TomlError> {
    let days = maintain.map(|table| table.optional("keep_days"));
    Ok(days.transpose()?.flatten().unwrap_or(DEFAULT_KEEP_DAYS))
}

fn sources(root: &TomlTable<'_>) -> Result<BTreeMap<String, SourceConfig>, TomlError> {
    let Some(sources) = root.table("sources")? else {
        return Ok(BTreeMap::new());
    };
    sources
        .items()
        .iter()
        .map(|item| Ok((item.last_key().to_owned(), source(&item.table()?)?)))
        .collect()
}

fn source(table: &TomlTable<'_>) -> Result<SourceConfig, TomlError> {
    table.check_keys(&[
        "files",
        "replace",
        "withdraw",
        "max_reject_share",
        "optional",
        "basis",
        "receivers",
    ])?;
    let texts = |key: &str| -> Result<Vec<String>, TomlError> {
        Ok(table.optional::<Vec<String>>(key)?.unwrap_or_default())
    };
    let max_reject_share = table
        .optional::<f64>("max_reject_share")?
        .unwrap_or(DEFAULT_MAX_REJECT_SHARE);
    if !(0.0..=1.0).contains(&max_reject_share) {
        return Err(table
            .require("max_reject_share")?
            .wrong("a share from 0 to 1"));
    }
    Ok(SourceConfig {
        files: table.required("files")?,
        replace: texts("replace")?,
        withdraw: texts("withdraw")?,
        max_reject_share,
        optional: table.optional("optional")?.unwrap_or(false),
        basis: table.optional("basis")?,
        receivers: texts("receivers")?,
        at: table.location(),
    })
}

fn parameters(root: &TomlTable<'_>) -> Result<BTreeMap<String, ParameterValue>, TomlError> {
    let Some(parameters) = root.table("parameters")? else {
        return Ok(BTreeMap::new());
    };
    parameters
        .items()
        .iter()
        .map(|item| Ok((item.last_key().to_owned(), parameter(item)?)))
        .collect()
}

fn parameter(item: &TomlItem<'_>) -> Result<ParameterValue, TomlError> {
    if let Ok(value) = item.integer() {
        return Ok(ParameterValue::Integer(value));
    }
    if let Ok(value) = item.number() {
        return Ok(ParameterValue::Number(value));
    }
    if let Ok(value) = item.text() {
        return Ok(ParameterValue::Text(value.to_owned()));
    }
    bool::from_toml(item)
        .map(ParameterValue::Boolean)
        .map_err(|_| item.wrong("a number, text or true/false"))
}
