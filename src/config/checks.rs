//! `[[checks]]` of `korabo.toml`: thresholds and severities of the checks that follow from contracts.

use crate::diagnostic::SourceLocation;
use crate::toml_reader::{TomlError, TomlTable};

/// One `[[checks]]` section: what holds for the checks whose names fit.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckSetting {
    /// Name of a check, or a pattern: `*` any text, `?` one character.
    pub name: String,
    /// Largest value with which the check passes; `None` leaves it as it is.
    pub threshold: Option<f64>,
    /// What follows when it does not; `None` leaves it as it is.
    pub severity: Option<CheckSeverity>,
    /// Where the name stands.
    pub at: SourceLocation,
}

/// What follows when a check does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckSeverity {
    /// The run stops before a query is built.
    Error,
    /// The run says so.
    Warn,
    /// The check is left out.
    Off,
}

impl CheckSeverity {
    /// The word in `korabo.toml` and `check_results.severity`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

const SEVERITIES: [(&str, CheckSeverity); 3] = [
    ("error", CheckSeverity::Error),
    ("warn", CheckSeverity::Warn),
    ("off", CheckSeverity::Off),
];

/// The `[[checks]]` sections in their order.
pub(super) fn read(root: &TomlTable<'_>) -> Result<Vec<CheckSetting>, TomlError> {
    let Some(sections) = root.get("checks") else {
        return Ok(Vec::new());
    };
    let elements = sections.elements()?;
    elements
        .iter()
        .map(|element| setting(&element.table()?))
        .collect()
}

fn setting(table: &TomlTable<'_>) -> Result<CheckSetting, TomlError> {
    table.check_keys(&["name", "threshold", "severity"])?;
    let name = table.require("name")?;
    let threshold = table.optional::<f64>("threshold")?;
    if threshold.is_some_and(|value| !value.is_finite() || value < 0.0) {
        return Err(table.require("threshold")?.wrong("a number, at least 0"));
    }
    let severity = table.get("severity");
    let severity = severity.map(|item| item.one_of(&SEVERITIES)).transpose()?;
    if threshold.is_none() && severity.is_none() {
        return Err(name.wrong("a section with `threshold`, `severity` or both"));
    }
    Ok(CheckSetting {
        name: name.text()?.to_owned(),
        threshold,
        severity,
        at: name.location(),
    })
}
