//! `rules/release.toml`: presets of rules, each with the clause it comes from.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ReleaseFileError;
use crate::config::ReleaseConfig;
use crate::diagnostic::did_you_mean;
use crate::disclosure::DisclosureRules;
use crate::project_file::read_file;
use crate::toml_reader::{TomlDocument, TomlItem};

/// The file of presets, in the project's folder.
pub const PRESETS_FILE: &str = "rules/release.toml";

/// Rules under which tables leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// Where the rules come from.
    pub source: String,
    /// Smallest count of persons that may be shown.
    pub min_count: u64,
    /// No protected count may be narrowed down to a range of fewer persons than this.
    pub width: u64,
    /// Whether a count of zero is protected, too.
    pub hides_zeros: bool,
    /// Counts are multiples of this; 1 is as counted.
    pub round_to: u64,
    /// How counts are rounded.
    pub rounding: Rounding,
    /// Largest part of a sum that may be one person's.
    pub max_share: f64,
    /// Largest part of a sum that may be two persons'.
    pub max_share_of_two: f64,
    /// Persons that a level of a column needs before anything of it is shown.
    pub floors: BTreeMap<String, u64>,
}

/// How counts are rounded to multiples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest; halves up.
    Nearest,
    /// To the next larger.
    Up,
    /// To the middle of the multiple's range: `⌈n / b⌉ · b − ⌊b / 2⌋`, and 0 stays 0.
    Midpoint,
}

const ROUNDINGS: [(&str, Rounding); 3] = [
    ("nearest", Rounding::Nearest),
    ("up", Rounding::Up),
    ("midpoint", Rounding::Midpoint),
];

const ZEROS: [(&str, bool); 2] = [("shown", false), ("hidden", true)];

impl Preset {
    /// Reads the preset that `config` names from the project in `folder`, made as strict as `config` asks for.
    ///
    /// # Errors
    /// When the file is missing or wrong, or has no preset of that name.
    pub fn load(folder: &Path, config: &ReleaseConfig) -> Result<Self, ReleaseFileError> {
        let shown = Path::new(PRESETS_FILE);
        let text = read_file(&folder.join(PRESETS_FILE), shown)?;
        let document = TomlDocument::parse(shown, &text)?;
        let items = document.root().items();
        let presets = items.iter().map(Self::read);
        let presets: Vec<Self> = presets.collect::<Result<_, _>>()?;
        let found = presets.iter().find(|preset| preset.name == config.preset);
        let Some(found) = found else {
            let names = presets.iter().map(|preset| preset.name.as_str());
            return Err(ReleaseFileError::NoPreset {
                hint: did_you_mean(&config.preset, names),
                name: config.preset.clone(),
            });
        };
        let mut preset = found.clone();
        if let Some(round_to) = config.round_to {
            // A project may only ask for more.
            preset.round_to = preset.round_to.max(round_to);
        }
        Ok(preset)
    }

    fn read(item: &TomlItem<'_>) -> Result<Self, ReleaseFileError> {
        let table = item.table()?;
        table.check_keys(&[
            "source",
            "min_count",
            "width",
            "zeros",
            "round_to",
            "rounding",
            "max_share",
            "max_share_of_two",
            "floors",
        ])?;
        let min_count = table.required("min_count")?;
        let share = |key: &str, default: f64| -> Result<f64, ReleaseFileError> {
            let given = table.optional::<f64>(key)?;
            match given {
                Some(share) if !(share > 0.0 && share <= 1.0) => Err(table
                    .require(key)?
                    .wrong("a share above 0 and up to 1")
                    .into()),
                given => Ok(given.unwrap_or(default)),
            }
        };
        let one_of = |key: &str| table.get(key);
        let floors = match table.table("floors")? {
            Some(floors) => {
                let items = floors.items().into_iter();
                let floor = |item: TomlItem<'_>| Ok((item.last_key().to_owned(), count(&item)?));
                items.map(floor).collect::<Result<_, ReleaseFileError>>()?
            }
            None => BTreeMap::new(),
        };
        let round_to = table.optional::<u64>("round_to")?.unwrap_or(1);
        if round_to == 0 {
            return Err(table.require("round_to")?.wrong("1 or more").into());
        }
        Ok(Self {
            name: item.last_key().to_owned(),
            source: table.required("source")?,
            min_count,
            width: table.optional("width")?.unwrap_or(min_count),
            hides_zeros: match one_of("zeros") {
                Some(item) => item.one_of(&ZEROS)?,
                None => false,
            },
            round_to,
            rounding: match one_of("rounding") {
                Some(item) => item.one_of(&ROUNDINGS)?,
                None => Rounding::Nearest,
            },
            max_share: share("max_share", 1.0)?,
            max_share_of_two: share("max_share_of_two", 1.0)?,
            floors,
        })
    }

    /// The preset, made as strict as the project's rules for everything that leaves.
    #[must_use]
    pub fn within(&self, rules: DisclosureRules) -> Self {
        let min_count = self.min_count.max(rules.min_count);
        Self {
            min_count,
            width: self.width.max(min_count),
            max_share: self.max_share.min(rules.max_share),
            ..self.clone()
        }
    }

    /// A count as it is shown.
    #[must_use]
    pub fn round(&self, n: u64) -> u64 {
        let base = self.round_to;
        match self.rounding {
            Rounding::Nearest => (n + base / 2) / base * base,
            Rounding::Up => n.div_ceil(base) * base,
            Rounding::Midpoint if n == 0 => 0,
            Rounding::Midpoint => n.div_ceil(base) * base - base / 2,
        }
    }
}

fn count(item: &TomlItem<'_>) -> Result<u64, ReleaseFileError> {
    let number = item.integer()?;
    u64::try_from(number).map_err(|_| item.wrong("a number of persons").into())
}
