//! `[openlineage]`, `[metrics]`, `[notify]` and `[otel]` of the project file: who is notified of what happens in runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::toml_reader::{TomlError, TomlTable};

/// Who is notified of what happens in runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservabilityConfig {
    /// Lineage events.
    pub open_lineage: Option<OpenLineageConfig>,
    /// The file of metrics.
    pub metrics: Option<PathBuf>,
    /// Notifications.
    pub notify: Option<NotifyConfig>,
    /// Traces.
    pub traces: Option<TracesConfig>,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq)]
pub struct TracesConfig {
    /// Address of the collector, without `/v1/traces`.
    pub url: String,
    /// Environment variable that holds the key for the address.
    pub api_key_env: Option<String>,
    /// The longest that posting may take.
    pub timeout: Duration,
}

/// Where lineage events go.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenLineageConfig {
    /// File to which events are appended, one per line.
    pub file: Option<PathBuf>,
    /// Address to which events are posted.
    pub url: Option<String>,
    /// Environment variable that holds the key for the address.
    pub api_key_env: Option<String>,
    /// Namespace of jobs and datasets, when it is not made of the project's name.
    pub namespace: Option<String>,
    /// How much of the queries' text is in the events.
    pub sql: SqlInEvents,
    /// The longest that posting one event, and the end of a run, may take.
    pub timeout: Duration,
}

/// How much of the queries' text is in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlInEvents {
    /// Without comments and with `?` for every literal.
    WithoutLiterals,
    /// As the files have it.
    Text,
    /// Nothing.
    None,
}

/// Who is notified, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifyConfig {
    /// Program and arguments; empty for none. No shell is involved.
    pub command: Vec<String>,
    /// Address to which the notification is posted.
    pub url: Option<String>,
    /// Environment variable that holds the address.
    pub url_env: Option<String>,
    /// Whether only `text` is posted, as chats want it.
    pub is_text_only: bool,
    /// Whether failures and stops are reported.
    pub on_failure: bool,
    /// Whether crossed thresholds are reported.
    pub on_threshold: bool,
    /// Whether successful runs are reported.
    pub on_success: bool,
    /// What is a threshold crossed.
    pub thresholds: Thresholds,
    /// The longest a notification may take.
    pub timeout: Duration,
}

/// Limits that a run should keep; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Thresholds {
    /// Largest share of one table's delivered rows that is rejected.
    pub rejected_share: Option<f64>,
    /// Most tests of severity `warn` that do not hold.
    pub test_warnings: Option<u64>,
    /// Most checks of the contracts that fail, of tables that changed.
    pub failed_checks: Option<u64>,
    /// Longest time, in seconds.
    pub run_seconds: Option<f64>,
    /// Smallest match rate over all persons of a side in `linkage_quality`.
    pub match_rate: Option<f64>,
}

const DEFAULT_EVENT_TIMEOUT: f64 = 5.0;
const DEFAULT_NOTIFY_TIMEOUT: f64 = 30.0;

impl ObservabilityConfig {
    pub(super) fn read(folder: &Path, root: &TomlTable<'_>) -> Result<Self, TomlError> {
        let open_lineage = root.table("openlineage")?;
        let metrics = root.table("metrics")?;
        let metrics = metrics.map(|table| -> Result<PathBuf, TomlError> {
            table.check_keys(&["file"])?;
            Ok(folder.join(table.required::<String>("file")?))
        });
        let traces = root.table("otel")?;
        Ok(Self {
            open_lineage: open_lineage
                .map(|table| open_lineage_of(folder, &table))
                .transpose()?,
            metrics: metrics.transpose()?,
            notify: notify(root)?,
            traces: traces.map(|table| traces_of(&table)).transpose()?,
        })
    }
}

/// Section `[notify]`, which is read even where the rest of the file is wrong.
pub(super) fn notify(root: &TomlTable<'_>) -> Result<Option<NotifyConfig>, TomlError> {
    let table = root.table("notify")?;
    table.map(|table| notify_of(&table)).transpose()
}

fn open_lineage_of(folder: &Path, table: &TomlTable<'_>) -> Result<OpenLineageConfig, TomlError> {
    table.check_keys(&[
        "file",
        "url",
        "api_key_env",
        "namespace",
        "sql",
        "timeout_seconds",
    ])?;
    let file = table.optional::<String>("file")?;
    let url = url(table)?;
    if file.is_none() && url.is_none() {
        table.require("file")?;
    }
    let sql = table.get("sql").map(|item| {
        item.one_of(&[
            ("redacted", SqlInEvents::WithoutLiterals),
            ("text", SqlInEvents::Text),
            ("none", SqlInEvents::None),
        ])
    });
    Ok(OpenLineageConfig {
        file: file.map(|file| folder.join(file)),
        url,
        api_key_env: table.optional("api_key_env")?,
        namespace: table.optional("namespace")?,
        sql: sql.transpose()?.unwrap_or(SqlInEvents::WithoutLiterals),
        timeout: seconds(table, DEFAULT_EVENT_TIMEOUT)?,
    })
}

fn traces_of(table: &TomlTable<'_>) -> Result<TracesConfig, TomlError> {
    table.check_keys(&["url", "api_key_env", "timeout_seconds"])?;
    table.require("url")?;
    Ok(TracesConfig {
        url: url(table)?.unwrap_or_default(),
        api_key_env: table.optional("api_key_env")?,
        timeout: seconds(table, DEFAULT_EVENT_TIMEOUT)?,
    })
}

fn notify_of(table: &TomlTable<'_>) -> Result<NotifyConfig, TomlError> {
    table.check_keys(&[
        "command",
        "url",
        "url_env",
        "body",
        "on",
        "thresholds",
        "timeout_seconds",
    ])?;
    let command: Vec<String> = table.optional("command")?.unwrap_or_default();
    let (url, url_env) = (url(table)?, table.optional::<String>("url_env")?);
    if command.is_empty() && url.is_none() && url_env.is_none() {
        return Err(match table.get("command") {
            Some(item) => item.wrong("a list with a program and its arguments"),
            None => match table.require("command") {
                Err(missing) => missing,
                Ok(item) => item.wrong("a list with a program and its arguments"),
            },
        });
    }
    let body = table
        .get("body")
        .map(|item| item.one_of(&[("json", false), ("text", true)]));
    let words = [("failure", 0_usize), ("threshold", 1), ("success", 2)];
    let mut on = [true, true, false];
    if let Some(item) = table.get("on") {
        on = [false; 3];
        for element in item.elements()? {
            on[element.one_of(&words)?] = true;
        }
    }
    let thresholds = table
        .table("thresholds")?
        .map(|table| thresholds_of(&table));
    Ok(NotifyConfig {
        command,
        url,
        url_env,
        is_text_only: body.transpose()?.unwrap_or(false),
        on_failure: on[0],
        on_threshold: on[1],
        on_success: on[2],
        thresholds: thresholds.transpose()?.unwrap_or_default(),
        timeout: seconds(table, DEFAULT_NOTIFY_TIMEOUT)?,
    })
}

fn thresholds_of(table: &TomlTable<'_>) -> Result<Thresholds, TomlError> {
    table.check_keys(&[
        "rejected_share",
        "test_warnings",
        "failed_checks",
        "run_seconds",
        "match_rate",
    ])?;
    let share = |key: &str| -> Result<Option<f64>, TomlError> {
        match table.optional::<f64>(key)? {
            Some(share) if !(0.0..=1.0).contains(&share) => {
                Err(table.require(key)?.wrong("a share from 0 to 1"))
            }
            share => Ok(share),
        }
    };
    Ok(Thresholds {
        rejected_share: share("rejected_share")?,
        test_warnings: table.optional("test_warnings")?,
        failed_checks: table.optional("failed_checks")?,
        run_seconds: table.optional("run_seconds")?,
        match_rate: share("match_rate")?,
    })
}

fn url(table: &TomlTable<'_>) -> Result<Option<String>, TomlError> {
    let Some(url) = table.optional::<String>("url")? else {
        return Ok(None);
    };
    let is_http = url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    match is_http {
        true => Ok(Some(url)),
        false => Err(table
            .require("url")?
            .wrong("an http:// or https:// address")),
    }
}

fn seconds(table: &TomlTable<'_>, default: f64) -> Result<Duration, TomlError> {
    let seconds = table.optional::<f64>("timeout_seconds")?.unwrap_or(default);
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() && seconds <= 600.0 => Ok(duration),
        _ => Err(table
            .require("timeout_seconds")?
            .wrong("seconds above 0, at most 600")),
    }
}
