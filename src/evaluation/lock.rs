//! Locks: what a plan said when it was fixed, in `evaluations/NAME.lock` beside it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::EvaluationError;
use super::exposure::Exposure;
use super::plan::{EvaluationPlan, PLANS_FOLDER};
use crate::project_file::read_file;
use crate::toml_reader::{TomlDocument, TomlTable};

/// A plan as it was fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// When, in UTC: `2026-11-30T09:00:00Z`.
    pub locked_at: String,
    /// korabo's version.
    pub korabo_version: String,
    /// Versions of the lake's tables that were known.
    pub lake_versions: BTreeMap<String, u64>,
    /// What the plan said, setting by setting, defaults included.
    pub settings: BTreeMap<String, String>,
}

/// A setting that is not as it was when the plan was fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The setting.
    pub key: String,
    /// What it was; `None` where there was none.
    pub planned: Option<String>,
    /// What it is; `None` where there is none any more.
    pub now: Option<String>,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (planned, now) = (shown(&self.planned), shown(&self.now));
        write!(f, "{}: {planned} → {now}", self.key)
    }
}

/// Where the lock of plan `name` is, below the project's folder.
fn path_of(name: &str) -> PathBuf {
    Path::new(PLANS_FOLDER).join(format!("{name}.lock"))
}

impl Lock {
    /// The lock of plan `name`; `None` where it is not fixed.
    pub(super) fn load(folder: &Path, name: &str) -> Result<Option<Self>, EvaluationError> {
        let shown = path_of(name);
        let path = folder.join(&shown);
        if !path.exists() {
            return Ok(None);
        }
        let text = read_file(&path, &shown)?;
        let document = TomlDocument::parse(&shown, &text)?;
        let root = document.root();
        root.check_keys(&[
            "locked_at",
            "korabo_version",
            "sha256",
            "lake_versions",
            "settings",
        ])?;
        let settings = root.require("settings")?.table()?;
        let lock = Self {
            locked_at: root.required("locked_at")?,
            korabo_version: root.required("korabo_version")?,
            lake_versions: entries(root.table("lake_versions")?.as_ref())?,
            settings: entries(Some(&settings))?,
        };
        let sha256: String = root.required("sha256")?;
        if sha256 != lock.sha256() {
            return Err(EvaluationError::Contradiction {
                at: root.require("sha256")?.location(),
                message: "the settings were changed after they were fixed: restore the file, or fix the plan again with \
                          `korabo lock`"
                    .to_owned(),
            });
        }
        Ok(Some(lock))
    }

    /// Where it is kept, below the project's folder.
    #[must_use]
    pub fn path(name: &str) -> PathBuf {
        path_of(name)
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let mut text = format!(
            "# What evaluations/{name}.toml said when it was fixed. Written by `korabo lock {name}`; do not edit.\n\n\
             locked_at = {}\nkorabo_version = {}\nsha256 = {}\n\n[lake_versions]\n",
            quoted(&self.locked_at),
            quoted(&self.korabo_version),
            quoted(&self.sha256()),
        );
        for (table, version) in &self.lake_versions {
            let _ = writeln!(text, "{} = {version}", quoted(table));
        }
        text.push_str("\n[settings]\n");
        for (key, value) in &self.settings {
            let _ = writeln!(text, "{} = {}", quoted(key), quoted(value));
        }
        text
    }

    /// SHA-256 of date, versions and settings.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        add(&self.locked_at);
        add(&self.korabo_version);
        for (table, version) in &self.lake_versions {
            add(table);
            add(&version.to_string());
        }
        for (key, value) in &self.settings {
            add(key);
            add(value);
        }
        hex::encode(hasher.finalize())
    }

    /// What is not as it was.
    #[must_use]
    pub fn deviations(&self, now: &BTreeMap<String, String>) -> Vec<Deviation> {
        let mut keys: Vec<&String> = self.settings.keys().chain(now.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let deviation = |key: &String| Deviation {
            key: key.clone(),
            planned: self.settings.get(key).cloned(),
            now: now.get(key).cloned(),
        };
        let all = keys.into_iter().map(deviation);
        all.filter(|own| own.planned != own.now).collect()
    }
}

fn entries<T: crate::toml_reader::FromToml>(
    table: Option<&TomlTable<'_>>,
) -> Result<BTreeMap<String, T>, EvaluationError> {
    let items = table.map(TomlTable::items).unwrap_or_default().into_iter();
    let entry = |item: crate::toml_reader::TomlItem<'_>| {
        Ok((item.last_key().to_owned(), T::from_toml(&item)?))
    };
    items.map(entry).collect()
}

/// The text as a TOML string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

impl EvaluationPlan {
    /// What the plan says, setting by setting, defaults and gates included; `smallest_changes` has an entry for each indicator that
    /// has one, its own or the plan's. Wording is not a setting.
    #[must_use]
    pub fn settings(&self, smallest_changes: &[(String, f64)]) -> BTreeMap<String, String> {
        let names = |list: &[crate::toml_reader::Located<String>]| {
            let names: Vec<&str> = list.iter().map(|own| own.value.as_str()).collect();
            names.join(", ")
        };
        let mut settings: BTreeMap<String, String> = BTreeMap::new();
        let mut set = |key: &str, value: String| settings.insert(key.to_owned(), value);
        set("exposure", self.exposure.word().to_owned());
        set("field", self.field().to_owned());
        if let Some(unit) = self.dose() {
            set("dose", unit.word().to_owned());
        }
        if let Exposure::Programs(chosen) = &self.exposure {
            set("programs", chosen.programs.value.trim().to_owned());
            if let Some(against) = &chosen.against {
                set("against", against.value.trim().to_owned());
            }
        }
        set("exposed", self.exposed.word().to_owned());
        set("population", self.population.value.clone());
        let filter = self.filter.as_ref().map(|sql| sql.value.trim().to_owned());
        set("where", filter.unwrap_or_default());
        set("at_risk", self.is_at_risk.to_string());
        set("primary", names(&self.primary));
        set("secondary", names(&self.secondary));
        set("negative_controls", names(&self.negative_controls));
        set("covariates", names(&self.covariates));
        set("balance", names(&self.balance));
        set("cluster", self.cluster.value.clone());
        set("comparison", self.comparison.to_owned());
        set("method", self.method.to_owned());
        set("inference", self.inference.to_owned());
        set("window", self.window.value.clone());
        set(
            "attendance",
            self.attendance().unwrap_or_default().to_owned(),
        );
        set("subgroups", names(&self.subgroups));
        for (indicator, change) in smallest_changes {
            set(&format!("smallest_change.{indicator}"), change.to_string());
        }
        for target in &self.targets {
            let text = format!(
                "{} in {}, from {}",
                target.target, target.target_year, target.baseline_year
            );
            set(&format!("targets.{}", target.indicator), text);
        }
        for gate in &self.gates {
            for (key, threshold) in [("warn_at", gate.warn_at), ("blind_at", gate.blind_at)] {
                if let Some(threshold) = threshold {
                    set(&format!("gates.{}.{key}", gate.name), threshold.to_string());
                }
            }
        }
        settings
    }
}
