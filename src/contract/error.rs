//! Why a contract cannot be used. Every text begins with `file:line:column`; there is no data in a
//! contract, so names and values may be quoted.

use std::path::PathBuf;

use crate::diagnostic::{FailureKind, SourceLocation};
use crate::toml_reader::TomlError;

/// Why a contract cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The folder or file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not TOML, an unknown or missing key, or a value of the wrong type.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A table or column name that SQL would have to quote.
    #[error(
        "{at}: `{name}` cannot be a name: use lower-case letters, digits and `_`, a letter first"
    )]
    BadName {
        /// Where the name is.
        at: SourceLocation,
        /// The name.
        name: String,
    },
    /// A column that SQL could not name even in quotes, or only by accident.
    #[error("{at}: `{name}` cannot be a column: use letters, digits and `_`, a letter first")]
    BadColumnName {
        /// Where the name is.
        at: SourceLocation,
        /// The name.
        name: String,
    },
    /// A column name that ingest itself appends.
    #[error("{at}: column `{column}` is added to every table by ingest and cannot be delivered")]
    ReservedName {
        /// Where the column is.
        at: SourceLocation,
        /// The column.
        column: String,
    },
    /// A column whose name says that it identifies people.
    #[error(
        "{at}: column `{column}` looks identifying (`{word}`); only columns with \
         privacy = \"open\" may have such a name"
    )]
    IdentifyingColumn {
        /// Where the column is.
        at: SourceLocation,
        /// The column.
        column: String,
        /// The part of the name that says so.
        word: &'static str,
    },
    /// A list names a column the contract does not have.
    #[error("{at}: `{used_in}` names column `{column}`, which {missing_from}")]
    UnknownColumn {
        /// Where it is named.
        at: SourceLocation,
        /// The key that names it.
        used_in: String,
        /// The name.
        column: String,
        /// The table that does not have it, and the nearest column it has.
        missing_from: String,
    },
    /// A list names a column twice.
    #[error("{at}: `{used_in}` names column `{column}` twice")]
    RepeatedColumn {
        /// Where it is named again.
        at: SourceLocation,
        /// The key that names it.
        used_in: String,
        /// The name.
        column: String,
    },
    /// No key columns.
    #[error("{at}: `key` must name at least one column")]
    NoKey {
        /// Where the key is.
        at: SourceLocation,
    },
    /// A key that makes no sense for the type of the column.
    #[error("{at}: `{key}` does not apply to columns of type {data_type}")]
    NotForType {
        /// Where the key is.
        at: SourceLocation,
        /// The key.
        key: String,
        /// The column's type.
        data_type: &'static str,
    },
    /// A column whose values cannot be names of folders.
    #[error(
        "{at}: the table cannot be partitioned by `{column}`: only whole numbers, months, dates, booleans and texts with `codes`"
    )]
    NotToPartitionBy {
        /// Where the column is named.
        at: SourceLocation,
        /// The column.
        column: String,
    },
    /// A code that is not a value of the column's type.
    #[error("{at}: code `{code}` is not a value of type {data_type}")]
    CodeNotOfType {
        /// Where the code is.
        at: SourceLocation,
        /// The code.
        code: String,
        /// The column's type.
        data_type: &'static str,
    },
    /// An empty list of codes, which would refuse everything.
    #[error("{at}: `{key}` has no codes")]
    NoCodes {
        /// Where the list is.
        at: SourceLocation,
        /// The key.
        key: String,
    },
    /// Both kinds of code list.
    #[error("{at}: `{column}` has both `codes` and `codes_by_term`; keep one")]
    TwoCodeLists {
        /// Where the second one is.
        at: SourceLocation,
        /// The column.
        column: String,
    },
    /// Codes by term without a term.
    #[error("{at}: `codes_by_term` needs an integer column `term` in table `{table}`")]
    NoTermColumn {
        /// Where the list is.
        at: SourceLocation,
        /// The table.
        table: String,
    },
    /// A term that the term column cannot hold.
    #[error("{at}: term {term} is not a code of column `term`")]
    UnknownTerm {
        /// Where the term is.
        at: SourceLocation,
        /// The term as written.
        term: String,
    },
    /// A limit that the type cannot reach or that is not whole.
    #[error("{at}: `{key}` = {limit} is not a value of type {data_type}")]
    LimitOutsideType {
        /// Where the limit is.
        at: SourceLocation,
        /// The key.
        key: String,
        /// The limit.
        limit: f64,
        /// The column's type.
        data_type: &'static str,
    },
    /// The smallest value is above the largest.
    #[error("{at}: `min` = {min} is above `max` = {max}")]
    MinAboveMax {
        /// Where `min` is.
        at: SourceLocation,
        /// The smallest value.
        min: f64,
        /// The largest value.
        max: f64,
    },
    /// A code of a checkup item that does not have its form.
    #[error("{at}: item code `{code}` must have 17 letters and digits")]
    BadItemCode {
        /// Where the code is.
        at: SourceLocation,
        /// The code.
        code: String,
    },
    /// A row rule that does not name one relation of two columns.
    #[error("{at}: a row rule is either `not_after` or `fiscal_year_of`, with two columns")]
    RuleShape {
        /// Where the rule is.
        at: SourceLocation,
    },
    /// A row rule over columns that cannot be compared.
    #[error("{at}: `{rule}` cannot relate {first} to {second}")]
    RuleTypes {
        /// Where the rule is.
        at: SourceLocation,
        /// The kind of rule.
        rule: &'static str,
        /// The first column with its type.
        first: String,
        /// The second column with its type.
        second: String,
    },
    /// A reference whose two lists of columns differ in length, or are empty.
    #[error("{at}: `columns` and `table_columns` of a reference must be of one length, at least 1")]
    ReferenceShape {
        /// Where the reference is.
        at: SourceLocation,
    },
    /// A reference to a table without a contract.
    #[error("{at}: no contract for table `{table}`{hint}")]
    UnknownTable {
        /// Where the reference is.
        at: SourceLocation,
        /// The table.
        table: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
}

impl ContractError {
    /// Every contract error is the project's: exit code 3.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        FailureKind::Project
    }
}
