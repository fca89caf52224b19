//! Gates (`rules/gates.toml`): what is measured beside an estimate, from which value on a reader is warned and from which on the estimate is hidden.

use super::error::EvaluationError;
use crate::diagnostic::SourceLocation;
use crate::toml_reader::{TomlItem, TomlTable};

/// The file of gates, in the project's folder.
pub const GATES_FILE: &str = "rules/gates.toml";

/// One gate: thresholds of one statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Its name in tables.
    pub name: String,
    /// Where the entry begins.
    pub at: SourceLocation,
    /// What it is about, in Japanese.
    pub name_ja: String,
    /// What it is about, in English.
    pub name_en: String,
    /// Whether small values of the statistic are bad, and not large ones.
    pub is_below: bool,
    /// Beyond this the estimate is shown with a warning.
    pub warn_at: Option<f64>,
    /// Beyond this the estimate is not shown.
    pub blind_at: Option<f64>,
    /// Where the thresholds come from.
    pub reason: String,
}

const BEYOND: [(&str, bool); 2] = [("above", false), ("below", true)];

pub(super) fn read(item: &TomlItem<'_>, table: &TomlTable<'_>) -> Result<Gate, EvaluationError> {
    table.check_keys(&[
        "name_ja", "name_en", "beyond", "warn_at", "blind_at", "reason",
    ])?;
    Ok(Gate {
        name: item.last_key().to_owned(),
        at: item.key_location(),
        name_ja: table.required("name_ja")?,
        name_en: table.required("name_en")?,
        is_below: table.require("beyond")?.one_of(&BEYOND)?,
        warn_at: table.optional("warn_at")?,
        blind_at: table.optional("blind_at")?,
        reason: table.required("reason")?,
    })
}

impl Gate {
    /// The gate with what a plan says instead: thresholds that are given replace its own, and so does the reason.
    ///
    /// # Errors
    /// For unknown keys, and where the plan gives no reason.
    pub(super) fn changed_by(&self, table: &TomlTable<'_>) -> Result<Self, EvaluationError> {
        table.check_keys(&["warn_at", "blind_at", "reason"])?;
        Ok(Self {
            warn_at: table.optional("warn_at")?.or(self.warn_at),
            blind_at: table.optional("blind_at")?.or(self.blind_at),
            reason: table.required("reason")?,
            ..self.clone()
        })
    }
}
