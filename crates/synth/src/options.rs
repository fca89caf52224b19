//! What a world is made from, and why it cannot be made.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use parquet::errors::ParquetError;
use thiserror::Error;

/// Fiscal years whose questionnaire terms are known.
pub(super) const KNOWN_YEARS: RangeInclusive<i16> = 2013..=2029;

/// What to simulate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthOptions {
    /// Folder to write to; created if missing, files of the same name are replaced.
    pub out: PathBuf,
    /// Persons, dependents included.
    pub persons: u64,
    /// Fiscal years of the history.
    pub years: RangeInclusive<i16>,
    /// Seed of everything random.
    pub seed: u64,
    /// Which effects are planted.
    pub scenario: Scenario,
    /// Threads that simulate and encode; at least one is used, at most eight.
    pub threads: usize,
}

/// Which truth the world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Every field's planted effect and story.
    Default,
    /// No program changes anything and no worksite improves on its own; people still choose whether
    /// to take part.
    Null,
    /// Programs of several fields start at the same worksites.
    Bundle,
    /// A program that ends, and its effect with it.
    Ends,
    /// An effect in proportion to sessions, hours and yen per person.
    Dose,
    /// Few worksites are exposed.
    FewClusters,
    /// Exposed people who are heavier than usual stay away from checkups.
    Dropout,
    /// Claims of recent months are incomplete.
    Immature,
    /// 特定保健指導 at its thresholds.
    Guidance,
    /// Municipalities whose councils rise from stage to stage, and an indicator with them.
    Councils,
    /// Many worksites with the same program, and a few at which it does far more.
    GoodPractice,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 11] = [
        Self::Default,
        Self::Null,
        Self::Bundle,
        Self::Ends,
        Self::Dose,
        Self::FewClusters,
        Self::Dropout,
        Self::Immature,
        Self::Guidance,
        Self::Councils,
        Self::GoodPractice,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// One line on what the world is for.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Default => ("default", "an effect and a story for every field"),
            Self::Null => ("null", "nothing has an effect"),
            Self::Bundle => ("bundle", "fields that start at the same worksites"),
            Self::Ends => ("ends", "a program that ends, and its effect with it"),
            Self::Dose => ("dose", "an effect in proportion to sessions per person"),
            Self::FewClusters => ("few_clusters", "6 of 40 worksites are exposed"),
            Self::Dropout => ("dropout", "exposed people stay away from checkups"),
            Self::Immature => ("immature", "claims of recent months are incomplete"),
            Self::Guidance => ("guidance", "guidance offered at the thresholds"),
            Self::Councils => ("councils", "councils of municipalities, stage by stage"),
            Self::GoodPractice => ("good_practice", "5 of 300 programs that do far more"),
        }
    }

    /// The names of all scenarios.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|scenario| scenario.name()).collect()
    }
}

impl FromStr for Scenario {
    type Err = SynthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == text)
            .ok_or_else(|| SynthError::UnknownScenario {
                name: text.to_owned(),
            })
    }
}

/// Which tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableSet {
    /// All of them.
    All,
    /// Only `members` and `checkups`, the same rows as in the whole world; no `truth.json`.
    Checkups,
}

/// Why a world could not be written.
#[derive(Debug, Error)]
pub enum SynthError {
    /// The options ask for nothing.
    #[error("a world needs at least one person and one fiscal year")]
    Nothing,
    /// The years have no questionnaire.
    #[error(
        "fiscal years {first}-{last} are outside {}-{}, for which questionnaires are known",
        KNOWN_YEARS.start(), KNOWN_YEARS.end()
    )]
    UnknownYears {
        /// First year asked for.
        first: i16,
        /// Last year asked for.
        last: i16,
    },
    /// No scenario has this name.
    #[error("unknown scenario `{name}`; there are: {}", Scenario::names().join(", "))]
    UnknownScenario {
        /// The name given.
        name: String,
    },
    /// No kind of native files has this name.
    #[error("unknown kind of native files `{name}`; there are: checkup-xml, uke, csv-vendor")]
    UnknownFormat {
        /// The name given.
        name: String,
    },
    /// The secret for pseudonyms is weak.
    #[error(transparent)]
    Secret(#[from] korabo_formats::SecretError),
    /// The tables that items are written by are broken.
    #[error(transparent)]
    Items(#[from] korabo_formats::checkup::ItemError),
    /// A native file could not be written.
    #[error("cannot write {}", path.display())]
    Native {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Rows could not be encoded.
    #[error("cannot encode {}", path.display())]
    Encode {
        /// The file the rows were for.
        path: PathBuf,
        /// What the parquet writer said.
        #[source]
        source: ParquetError,
    },
}
