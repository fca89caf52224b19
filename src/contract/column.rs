//! One column of a contract: type, codes, limits, privacy; and the columns that have a meaning of their own.

use std::collections::BTreeMap;

use crate::vocabulary::Meaning;

/// The column ingest appends with the number of the delivery a row came in.
pub const DELIVERY_ID: &str = "delivery_id";
/// The column ingest appends with the row's number in its extract, from 1.
pub const ROW_NUMBER: &str = "row_number";
/// The column that says which questionnaire a row's answers belong to.
pub const TERM: &str = "term";

/// One column of a contract.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnContract {
    /// Name in extracts, SQL and the lake.
    pub name: String,
    /// Name in Japanese, for reports and documentation.
    pub name_ja: String,
    /// What it means.
    pub description: String,
    /// Canonical type.
    pub data_type: ColumnType,
    /// Whether the value may be missing.
    pub nullable: bool,
    /// UCUM-like unit, where the column has one.
    pub unit: Option<String>,
    /// How many ASCII digits a text must have, and nothing else (`string` only).
    pub pattern_digits: Option<usize>,
    /// Smallest accepted value, inclusive (numbers and months).
    pub min: Option<f64>,
    /// Largest accepted value, inclusive (numbers and months).
    pub max: Option<f64>,
    /// Accepted codes; empty = anything of the type.
    pub codes: CodeList,
    /// National item codes (17 digits) the values come from; several methods may give one quantity.
    pub item_codes: Vec<String>,
    /// How the value must be treated.
    pub privacy: Privacy,
    /// Whether it names one person (`token` only): rows with a withdrawn value are withdrawn.
    pub is_person: bool,
}

/// Canonical column types of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// 8-bit integer (`i8`): codes.
    Int8,
    /// 16-bit integer (`i16`).
    Int16,
    /// 32-bit integer (`i32`).
    Int32,
    /// 64-bit integer (`i64`).
    Int64,
    /// Double (`f64`).
    Float64,
    /// `bool`.
    Boolean,
    /// Calendar day (`date`): date32, timestamp, `YYYY-MM-DD`, `YYYYMMDD` as text or integer.
    Date,
    /// Month (`month`): integer YYYYMM with a real month.
    Month,
    /// Text (`string`).
    String,
    /// Pseudonymous key (`token`): 64 hexadecimal digits after NFKC normalisation.
    Token,
}

/// The codes a column accepts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CodeList {
    /// Codes and labels valid whatever the term; empty when `by_term` is used or all values are accepted.
    pub always: BTreeMap<String, String>,
    /// Codes and labels by questionnaire term (the table's `term` column). A term that is absent here
    /// while others are present did not ask the question: the value must be missing.
    pub by_term: BTreeMap<i64, BTreeMap<String, String>>,
    /// Whether the codes are the program fields of the project (`codes = "fields"`); they are put into `always` when the project is
    /// loaded.
    pub are_fields: bool,
}

/// How a column's values must be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// A pseudonymous key: never in results, logs or reports.
    Pseudonym,
    /// About one person's health, work or life.
    Sensitive,
    /// Free to show.
    Open,
}

impl ColumnContract {
    /// What it holds, with its unit.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        let meaning = Meaning {
            ja: self.name_ja.clone(),
            en: self.description.clone(),
        };
        match self.unit.as_deref() {
            None => meaning,
            Some("d") => meaning.in_unit(("日", "days")),
            Some("h") => meaning.in_unit(("時間", "hours")),
            Some("JPY") => meaning.in_unit(("円", "yen")),
            Some("mm[Hg]") => meaning.in_unit(("mmHg", "mmHg")),
            Some("points") => meaning.in_unit(("点", "points")),
            Some("projects") => meaning.in_unit(("件", "projects")),
            Some("sessions") => meaning.in_unit(("回", "sessions")),
            Some(unit) => meaning.in_unit((unit, unit)),
        }
    }
}

impl ColumnType {
    /// The types by the words used in contracts.
    pub const WORDS: [(&'static str, Self); 10] = [
        ("i8", Self::Int8),
        ("i16", Self::Int16),
        ("i32", Self::Int32),
        ("i64", Self::Int64),
        ("f64", Self::Float64),
        ("bool", Self::Boolean),
        ("date", Self::Date),
        ("month", Self::Month),
        ("string", Self::String),
        ("token", Self::Token),
    ];

    /// The word for this type in contracts and messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Int8 => "i8",
            Self::Int16 => "i16",
            Self::Int32 => "i32",
            Self::Int64 => "i64",
            Self::Float64 => "f64",
            Self::Boolean => "bool",
            Self::Date => "date",
            Self::Month => "month",
            Self::String => "string",
            Self::Token => "token",
        }
    }

    /// The smallest and largest value of an integer type (months included); `None` for other types.
    #[must_use]
    pub fn integer_limits(self) -> Option<(i64, i64)> {
        match self {
            Self::Int8 => Some((i8::MIN.into(), i8::MAX.into())),
            Self::Int16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Int32 | Self::Month => Some((i32::MIN.into(), i32::MAX.into())),
            Self::Int64 => Some((i64::MIN, i64::MAX)),
            Self::Float64 | Self::Boolean | Self::Date | Self::String | Self::Token => None,
        }
    }
}

impl CodeList {
    /// Whether every value of the type is accepted.
    #[must_use]
    pub fn is_unrestricted(&self) -> bool {
        self.always.is_empty() && self.by_term.is_empty()
    }
}
