//! What is written beside every released table: under which rules it left, what it was made of, and how to recognise it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::preset::{Preset, Rounding};

/// The form of certificates; a later one may have other members.
const FORMAT: u32 = 1;

/// What a release is made of, so that a third party can check it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The form of this file.
    pub format: u32,
    /// The released table.
    pub name: String,
    /// Number of the release in the lake's table `releases`.
    pub release_id: i64,
    /// When it was decided, UTC.
    pub released_at: String,
    /// Who asked for it, where the project wants two persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// Who released it: the user of the system.
    pub released_by: String,
    /// The version of korabo that decided.
    pub korabo_version: String,
    /// The rules.
    pub rules: CertifiedRules,
    /// The text of the definition (`releases/NAME.toml`).
    pub definition: String,
    /// SHA-256 of what evaluation plans said, by plan.
    pub plans: BTreeMap<String, String>,
    /// Versions of the lake's tables.
    pub lake_versions: BTreeMap<String, u64>,
    /// Numbers of earlier releases that this one was decided together with: all before it.
    pub earlier_releases: usize,
    /// Rows of the table.
    pub n_rows: usize,
    /// Rows with numbers withheld, by reason.
    pub withheld: BTreeMap<String, usize>,
    /// SHA-256 of the table's file (CSV).
    pub sha256: String,
}

/// The rules of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertifiedRules {
    /// Name of the preset.
    pub preset: String,
    /// The clause it comes from.
    pub source: String,
    /// Smallest count shown.
    pub min_count: u64,
    /// Width of the narrowest range a reader can find for a withheld count.
    pub width: u64,
    /// Whether zeros are protected.
    pub hides_zeros: bool,
    /// Counts are multiples of this.
    pub round_to: u64,
    /// How they are rounded.
    pub rounding: String,
    /// Largest share of one person in a sum.
    pub max_share: f64,
    /// Largest share of two.
    pub max_share_of_two: f64,
    /// Numbers with so few values are withheld.
    pub few_values: u64,
    /// Persons that a level needs, by column.
    pub floors: BTreeMap<String, u64>,
}

impl CertifiedRules {
    pub(super) fn of(preset: &Preset, few_values: u64) -> Self {
        Self {
            preset: preset.name.clone(),
            source: preset.source.clone(),
            min_count: preset.min_count,
            width: preset.width,
            hides_zeros: preset.hides_zeros,
            round_to: preset.round_to,
            rounding: match preset.rounding {
                Rounding::Nearest => "nearest",
                Rounding::Up => "up",
                Rounding::Midpoint => "midpoint",
            }
            .to_owned(),
            max_share: preset.max_share,
            max_share_of_two: preset.max_share_of_two,
            few_values,
            floors: preset.floors.clone(),
        }
    }
}

impl Certificate {
    /// A certificate of this form.
    pub(super) const FORMAT: u32 = FORMAT;

    /// The text of its file.
    pub(super) fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("a certificate has only texts and numbers") + "\n"
    }
}
