//! Whether a file can be a delivery of a table at all: its columns against the contract's, before any
//! value is read. A file that does not fit is refused whole.

use datafusion::arrow::datatypes::{DataType, Schema};

use super::canonical::Form;
use crate::contract::{ColumnType, TableContract, identifying_word};
use crate::diagnostic::{FailureKind, did_you_mean};

/// One column that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaProblem {
    /// A column whose name says that it identifies people.
    #[error("identifying column `{column}` (`{word}`): deliver the extract without it")]
    Identifying {
        /// The column.
        column: String,
        /// The part of the name that says so.
        word: &'static str,
    },
    /// A column that must be there is not.
    #[error("no column `{column}`{hint}")]
    Missing {
        /// The column.
        column: String,
        /// `; did you mean …?` with the nearest column of the file, or nothing.
        hint: String,
    },
    /// A column the contract does not have.
    #[error("unknown column `{column}`{hint}")]
    Unknown {
        /// The column.
        column: String,
        /// `; did you mean …?` with the nearest column of the contract, or nothing.
        hint: String,
    },
    /// No column of the contract is there: what should be names may be the values of a first row, so none is quoted.
    #[error("none of its columns is there; a text file begins with a line of their names")]
    NoneKnown,
    /// Two columns of one name.
    #[error("column `{column}` occurs twice")]
    Repeated {
        /// The column.
        column: String,
    },
    /// A physical type from which the column cannot be read.
    #[error("column `{column}` must be {expected}, found {found}{hint}")]
    Type {
        /// The column.
        column: String,
        /// The contract's type.
        expected: &'static str,
        /// The file's type.
        found: String,
        /// What to do about it, or nothing.
        hint: &'static str,
    },
}

/// Why a file was refused whole: every column that does not fit, identifying ones first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the columns do not fit contract `{table}`: {}", listed(problems))]
pub struct SchemaRefusal {
    /// The table.
    pub table: String,
    /// What does not fit; never empty.
    pub problems: Vec<SchemaProblem>,
}

impl SchemaRefusal {
    /// The extract is refused: exit code 4.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        FailureKind::Extract
    }
}

/// The first five problems, and how many there are beyond them.
fn listed(problems: &[SchemaProblem]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = problems
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    if problems.len() > SHOWN {
        text.push(format!("and {} more", problems.len() - SHOWN));
    }
    text.join("; ")
}

/// Where each of the contract's columns is in the file; `None` for an optional column that is absent.
///
/// # Errors
/// All columns that do not fit.
pub(super) fn match_columns(
    contract: &TableContract,
    file: &Schema,
) -> Result<Vec<Option<usize>>, SchemaRefusal> {
    if let Some(problems) = none_known(contract, file) {
        let table = contract.name.clone();
        return Err(SchemaRefusal { table, problems });
    }
    let mut identifying = Vec::new();
    let mut problems = Vec::new();
    for (at, field) in file.fields().iter().enumerate() {
        let column = field.name().clone();
        let is_declared = contract.column(&column).is_some();
        if let Some(word) = identifying_word(&column).filter(|_| !is_declared) {
            identifying.push(SchemaProblem::Identifying { column, word });
        } else if !is_declared {
            let known = contract.columns.iter().map(|column| column.name.as_str());
            let hint = did_you_mean(&column, known);
            problems.push(SchemaProblem::Unknown { column, hint });
        } else if file.fields()[..at]
            .iter()
            .any(|earlier| *earlier.name() == column)
        {
            problems.push(SchemaProblem::Repeated { column });
        }
    }
    let mut places = Vec::with_capacity(contract.columns.len());
    for declared in &contract.columns {
        let place = file
            .fields()
            .iter()
            .position(|field| *field.name() == declared.name);
        places.push(place);
        match place {
            None if declared.nullable => {}
            None => {
                let columns = file.fields().iter().map(|field| field.name().as_str());
                let hint = did_you_mean(&declared.name, columns);
                problems.push(SchemaProblem::Missing {
                    column: declared.name.clone(),
                    hint,
                });
            }
            Some(place) => {
                let found = file.field(place).data_type();
                problems.extend(type_problem(&declared.name, declared.data_type, found));
            }
        }
    }
    identifying.append(&mut problems);
    if identifying.is_empty() {
        return Ok(places);
    }
    Err(SchemaRefusal {
        table: contract.name.clone(),
        problems: identifying,
    })
}

/// What to say of a file without any column of the contract; of names that identify people only the identifying word is quoted.
fn none_known(contract: &TableContract, file: &Schema) -> Option<Vec<SchemaProblem>> {
    let names = || file.fields().iter().map(|field| field.name().as_str());
    if names().next().is_none() || names().any(|name| contract.column(name).is_some()) {
        return None;
    }
    let identifying = names().filter_map(identifying_word);
    let mut problems: Vec<SchemaProblem> = identifying
        .map(|word| SchemaProblem::Identifying {
            column: word.to_owned(),
            word,
        })
        .collect();
    problems.push(SchemaProblem::NoneKnown);
    Some(problems)
}

fn type_problem(column: &str, expected: ColumnType, found: &DataType) -> Option<SchemaProblem> {
    let form = Form::of(found);
    if form.is_some_and(|form| form.fits(expected)) {
        return None;
    }
    let is_text = matches!(expected, ColumnType::String | ColumnType::Token);
    let hint = match form {
        Some(Form::Integer | Form::Float | Form::Decimal) if is_text => {
            "; deliver it as text, numbers lose their leading zeros"
        }
        None if matches!(found, DataType::Timestamp(..)) => {
            "; deliver dates as date, or as timestamp in UTC or Asia/Tokyo"
        }
        _ => "",
    };
    Some(SchemaProblem::Type {
        column: column.to_owned(),
        expected: expected.word(),
        found: found.to_string(),
        hint,
    })
}
