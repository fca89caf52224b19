//! One table's contract: its columns, key, references and rules.

use std::path::PathBuf;

use super::column::{ColumnContract, ColumnType, TERM};
use crate::content_hash::sha256;

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
    /// Whether delivered columns identify rows. A key of [`ROW_NUMBER`] alone means that any
    /// row may occur twice.
    #[must_use]
    pub fn has_enforced_key(&self) -> bool {
        self.key.iter().any(|column| self.column(column).is_some())
    }

    /// SHA-256 of all that it says, in hexadecimal: of another contract it is another. Where the file lies does not count.
    #[must_use]
    pub fn sha256(&self) -> String {
        let said = Self {
            file: PathBuf::new(),
            ..self.clone()
        };
        sha256(format!("{said:?}"))
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

    /// Columns whose values each name one person.
    pub fn person_columns(&self) -> impl Iterator<Item = &ColumnContract> {
        self.columns.iter().filter(|column| column.is_person)
    }

    /// Columns of tokens that name something that persons share: a household, a workplace.
    pub fn shared_key_columns(&self) -> impl Iterator<Item = &ColumnContract> {
        let is_shared =
            |column: &&ColumnContract| column.data_type == ColumnType::Token && !column.is_person;
        self.columns.iter().filter(is_shared)
    }

    /// The contract of column `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnContract> {
        self.columns.iter().find(|column| column.name == name)
    }
}
