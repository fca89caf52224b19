//! What a table must look like: columns, types, ranges, code lists, keys, privacy. Contracts are read
//! from `schemas/*.toml` by `parse`, checked in themselves by `check`, and turned into Arrow schemas by
//! `arrow`; `identifying` knows the names of columns that must never arrive. Checking rows against a
//! contract is `ingest::validate`'s work.

mod arrow;
mod check;
mod error;
mod identifying;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use arrow::{DELIVERY_ID, ROW_NUMBER, TERM};
pub use error::ContractError;
pub use identifying::{IDENTIFYING_PARTS, IDENTIFYING_WORDS, identifying_word};
pub use parse::load_dir;

/// One table's contract, from one `schemas/<table>.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableContract {
    /// Table name: the file's stem.
    pub name: String,
    /// The file it was read from, as named in messages.
    pub file: PathBuf,
    /// What the table is for.
    pub description: String,
    /// What the table is called in Japanese reports.
    pub description_ja: String,
    /// What one row stands for.
    pub grain: String,
    /// Who delivers it.
    pub holder: Holder,
    /// Columns that identify a row. Never empty.
    pub key: Vec<String>,
    /// Columns the lake partitions the table by. May be empty.
    pub partition_by: Vec<String>,
    /// Foreign keys: documentation and `check`; not enforced per row.
    pub references: Vec<ForeignKey>,
    /// Columns in delivery order.
    pub columns: Vec<ColumnContract>,
    /// Rules over two columns of one row.
    pub row_rules: Vec<RowRule>,
}

/// Who delivers a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// 保険者.
    Insurer,
    /// 事業主.
    Employer,
    /// 自治体.
    Municipality,
    /// Published figures.
    Public,
}

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

/// A reference to another table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Columns here.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: String,
    /// Columns there.
    pub table_columns: Vec<String>,
}

/// A rule over two columns of one row; holds when either is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowRule {
    /// `first` <= `second` (dates, months or numbers).
    NotAfter {
        /// The column that must not be the later one.
        first: String,
        /// The column that must not be the earlier one.
        second: String,
    },
    /// `fiscal_year` is the fiscal year (April to March) of `date`.
    FiscalYearOf {
        /// The fiscal-year column.
        fiscal_year: String,
        /// The date column.
        date: String,
    },
}

impl TableContract {
    /// Whether rows are told apart by delivered columns. A key of [`ROW_NUMBER`] alone means that any
    /// row may occur twice.
    #[must_use]
    pub fn has_enforced_key(&self) -> bool {
        self.key.iter().any(|column| self.column(column).is_some())
    }

    /// The contract of a delivery that only names keys. Codes by term hold where the term is part of the key.
    #[must_use]
    pub fn key_only(&self) -> Self {
        let is_key = |column: &&ColumnContract| self.key.contains(&column.name);
        let mut columns: Vec<_> = self.columns.iter().filter(is_key).cloned().collect();
        if !self.key.iter().any(|column| column == TERM) {
            let codes = columns.iter_mut().map(|column| &mut column.codes);
            codes.for_each(|codes| codes.by_term.clear());
        }
        Self {
            columns,
            row_rules: Vec::new(),
            references: Vec::new(),
            ..self.clone()
        }
    }

    /// The contract of column `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnContract> {
        self.columns.iter().find(|column| column.name == name)
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
