//! One entry of `indicators.toml`.

use super::error::VocabularyError;
use super::meaning::Meaning;
use crate::diagnostic::SourceLocation;
use crate::toml_reader::{Located, LocatedText, TomlItem, TomlTable};

/// The terms of the checkup questionnaire: FY2013–2017, FY2018–2023, FY2024–2029.
pub const QUESTIONNAIRE_TERMS: [i64; 3] = [2, 3, 4];

/// What is measured of a person in a year, and how it is spoken of.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// Its column in the panel.
    pub name: String,
    /// Where the entry begins.
    pub at: SourceLocation,
    /// Japanese; for shares, whom the share counts.
    pub name_ja: String,
    /// English; for shares, what they do (`the share who …`).
    pub name_en: String,
    /// Unit.
    pub unit: Unit,
    /// Which direction is good news.
    pub better: Better,
    /// The smallest change that matters, in the indicator's unit.
    pub smallest_change: Option<f64>,
    /// Terms of the checkup questionnaire between which answers may be compared; empty when all may.
    pub terms: Vec<i64>,
    /// SQL over a row of the panel in the baseline year: who could improve.
    pub at_risk: Option<LocatedText>,
    /// Whether it is known from claims, which come in late: recent years are not known in full.
    pub is_from_claims: bool,
    /// Whether it is missing in years in which a person was insured in part only: claims of the rest are not known.
    pub needs_full_year: bool,
    /// Where the question or the measurement is defined.
    pub source: Option<String>,
    /// SQL over a row of `panel_person_year`, for an indicator that is not a column of it.
    pub sql: Option<LocatedText>,
}

/// Which direction of an indicator is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither, or not known.
    Neither,
}

/// How an indicator is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A yes/no averaged to a share from 0 to 1; differences are in percentage points.
    Share,
    /// Kilograms.
    Kilogram,
    /// Centimetres.
    Centimetre,
    /// Kilograms per square metre.
    KilogramPerSquareMetre,
    /// Millimetres of mercury.
    MillimetreOfMercury,
    /// Milligrams per decilitre.
    MilligramPerDecilitre,
    /// Per cent as a laboratory value (`HbA1c`).
    Percent,
    /// Yen per person and year.
    Yen,
    /// Days per person and year.
    Day,
    /// Claims per person and year.
    Claim,
    /// Points on a scale from 0 to 100.
    Score,
    /// Points on a scale from 0 to 6.
    SmallScore,
    /// Another one, shown as written.
    Other(String),
    /// Not known: the bare number.
    Bare,
}

impl Unit {
    /// The unit that a file calls `word`.
    fn of_word(word: &str) -> Self {
        match word {
            "share" => Self::Share,
            "kg" => Self::Kilogram,
            "cm" => Self::Centimetre,
            "kg/m2" => Self::KilogramPerSquareMetre,
            "mmHg" => Self::MillimetreOfMercury,
            "mg/dL" => Self::MilligramPerDecilitre,
            "percent" => Self::Percent,
            "yen" => Self::Yen,
            "days" => Self::Day,
            "claims" => Self::Claim,
            "score_100" => Self::Score,
            "score_6" => Self::SmallScore,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The unit behind a column's meaning, in Japanese and English; empty where there is none.
    fn words(&self) -> (&str, &str) {
        match self {
            Self::Kilogram => ("kg", "kg"),
            Self::Centimetre => ("cm", "cm"),
            Self::KilogramPerSquareMetre => ("kg/m²", "kg/m²"),
            Self::MillimetreOfMercury => ("mmHg", "mmHg"),
            Self::MilligramPerDecilitre => ("mg/dL", "mg/dL"),
            Self::Percent => ("%", "%"),
            Self::Yen => ("円", "yen"),
            Self::Day => ("日", "days"),
            Self::Claim => ("件", "claims"),
            Self::Score => ("100点満点", "points out of 100"),
            Self::SmallScore => ("6点満点", "points out of 6"),
            Self::Other(word) => (word.as_str(), word.as_str()),
            Self::Share | Self::Bare => ("", ""),
        }
    }
}

impl Indicator {
    /// The series that its answers of a term belong to, named by its first term: those of one series may be compared.
    #[must_use]
    pub fn series_of(&self, term: i64) -> i64 {
        match self.terms.iter().min() {
            None => QUESTIONNAIRE_TERMS[0],
            Some(first) if self.terms.contains(&term) => *first,
            Some(_) => term,
        }
    }

    /// What its column holds: the wording of reports and the unit; of a yes/no, whether it is so.
    #[must_use]
    pub fn meaning(&self, is_yes_no: bool) -> Meaning {
        if self.unit == Unit::Share {
            let (ja, en) = match is_yes_no {
                true => (
                    format!("{}か", self.name_ja),
                    format!("Whether they {}", self.name_en),
                ),
                false => (
                    format!("{}の割合", self.name_ja),
                    format!("Share who {}", self.name_en),
                ),
            };
            return Meaning { ja, en };
        }
        let mut rest = self.name_en.chars();
        let first = rest.next().into_iter().flat_map(char::to_uppercase);
        let meaning = Meaning {
            ja: self.name_ja.clone(),
            en: first.chain(rest).collect(),
        };
        meaning.in_unit(self.unit.words())
    }
}

const BETTER: [(&str, Better); 2] = [("higher", Better::Higher), ("lower", Better::Lower)];

pub(super) fn read(
    item: &TomlItem<'_>,
    table: &TomlTable<'_>,
) -> Result<Indicator, VocabularyError> {
    table.check_keys(&[
        "name_ja",
        "name_en",
        "unit",
        "better",
        "smallest_change",
        "terms",
        "at_risk",
        "from_claims",
        "full_years",
        "source",
        "sql",
    ])?;
    let unit: String = table.required("unit")?;
    let is_from_claims = table.optional("from_claims")?.unwrap_or(false);
    let better = table.get("better").map(|item| item.one_of(&BETTER));
    Ok(Indicator {
        name: item.last_key().to_owned(),
        at: item.key_location(),
        name_ja: table.required("name_ja")?,
        name_en: table.required("name_en")?,
        unit: Unit::of_word(&unit),
        better: better.transpose()?.unwrap_or(Better::Neither),
        smallest_change: smallest_change(table)?,
        terms: table.optional("terms")?.unwrap_or_default(),
        at_risk: table.optional("at_risk")?,
        is_from_claims,
        needs_full_year: table.optional("full_years")?.unwrap_or(is_from_claims),
        source: table.optional("source")?,
        sql: table.optional("sql")?,
    })
}

fn smallest_change(table: &TomlTable<'_>) -> Result<Option<f64>, VocabularyError> {
    const KEY: &str = "smallest_change";
    let change: Option<Located<f64>> = table.optional(KEY)?;
    match change {
        Some(change) if change.value <= 0.0 => Err(VocabularyError::NotPositive {
            at: change.at,
            key: KEY.to_owned(),
        }),
        change => Ok(change.map(|change| change.value)),
    }
}
