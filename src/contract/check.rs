//! Whether the parts of a contract fit each other: names, codes and limits fit the types, lists and
//! rules name columns that exist, references name tables that exist.

use super::column::{ColumnContract, ColumnType, DELIVERY_ID, Privacy, ROW_NUMBER, TERM};
use super::error::ContractError;
use super::identifying::identifying_word;
use super::table::{ForeignKey, RowRule, TableContract};
use crate::diagnostic::{SourceLocation, did_you_mean};
use crate::toml_reader::{Located, TomlItem, TomlTable};

/// The columns of one contract while the rest of it is being read.
pub(super) struct Checker<'c> {
    pub(super) table: &'c str,
    pub(super) columns: &'c [ColumnContract],
}

impl Checker<'_> {
    /// Table names are plain SQL identifiers, so that no query has to quote them.
    pub(super) fn table_name(&self, name: &str, at: &SourceLocation) -> Result<(), ContractError> {
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if plain {
            return Ok(());
        }
        Err(ContractError::BadName {
            at: at.clone(),
            name: name.to_owned(),
        })
    }

    /// Column names are the holder's own: letters of any script, digits and `_`. SQL quotes what is
    /// not lower-case ASCII.
    fn own_name(&self, name: &str, at: &SourceLocation) -> Result<(), ContractError> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        if name.starts_with(char::is_alphabetic) && name.chars().all(is_part) {
            return Ok(());
        }
        Err(ContractError::BadColumnName {
            at: at.clone(),
            name: name.to_owned(),
        })
    }

    /// Checks every column by itself, with places from `root`.
    pub(super) fn columns(&self, root: &TomlTable<'_>) -> Result<(), ContractError> {
        let items = root.require("columns")?.table()?.items();
        for (item, column) in items.iter().zip(self.columns) {
            self.column_name(column, &item.key_location())?;
            let table = item.table()?;
            self.limits(&table, column)?;
            self.codes(&table, column)?;
            check_item_codes(&table)?;
        }
        Ok(())
    }

    fn column_name(
        &self,
        column: &ColumnContract,
        at: &SourceLocation,
    ) -> Result<(), ContractError> {
        let name = &column.name;
        self.own_name(name, at)?;
        if [DELIVERY_ID, ROW_NUMBER].contains(&name.as_str()) {
            return Err(ContractError::ReservedName {
                at: at.clone(),
                column: name.clone(),
            });
        }
        match identifying_word(name) {
            Some(word) if column.privacy != Privacy::Open => {
                let (at, column) = (at.clone(), name.clone());
                Err(ContractError::IdentifyingColumn { at, column, word })
            }
            _ => Ok(()),
        }
    }

    fn limits(&self, table: &TomlTable<'_>, column: &ColumnContract) -> Result<(), ContractError> {
        let data_type = column.data_type;
        if let Some(item) = table.get("pattern_digits") {
            if data_type != ColumnType::String {
                return Err(not_for_column(&item, data_type));
            }
            if column.pattern_digits == Some(0) {
                return Err(item.wrong("a whole number from 1").into());
            }
        }
        if let Some(item) = table.get("person")
            && data_type != ColumnType::Token
        {
            return Err(not_for_column(&item, data_type));
        }
        for (key, limit) in [("min", column.min), ("max", column.max)] {
            let (Some(item), Some(limit)) = (table.get(key), limit) else {
                continue;
            };
            if let Some((low, high)) = data_type.integer_limits() {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "the ends of i64 may round outwards"
                )]
                let fits = limit.fract() == 0.0 && limit >= low as f64 && limit <= high as f64;
                if !fits {
                    let (at, key) = (item.location(), key.to_owned());
                    let data_type = data_type.word();
                    return Err(ContractError::LimitOutsideType {
                        at,
                        key,
                        limit,
                        data_type,
                    });
                }
            } else if data_type != ColumnType::Float64 {
                return Err(not_for_column(&item, data_type));
            }
        }
        match (table.get("min"), column.min, column.max) {
            (Some(item), Some(min), Some(max)) if min > max => Err(ContractError::MinAboveMax {
                at: item.location(),
                min,
                max,
            }),
            _ => Ok(()),
        }
    }

    fn codes(&self, table: &TomlTable<'_>, column: &ColumnContract) -> Result<(), ContractError> {
        if let Some(item) = table.get("codes") {
            check_codes(&item, column.data_type)?;
        }
        let Some(by_term) = table.get("codes_by_term") else {
            return Ok(());
        };
        let term_column = self.columns.iter().find(|column| column.name == TERM);
        let Some(term_column) =
            term_column.filter(|term| term.data_type.integer_limits().is_some())
        else {
            let (at, table) = (by_term.key_location(), self.table.to_owned());
            return Err(ContractError::NoTermColumn { at, table });
        };
        for item in by_term.table()?.items() {
            let terms = &term_column.codes.always;
            if !terms.is_empty() && !terms.contains_key(item.last_key()) {
                let (at, term) = (item.key_location(), item.last_key().to_owned());
                return Err(ContractError::UnknownTerm { at, term });
            }
            if column.data_type.integer_limits().is_none() {
                return Err(not_for_column(&by_term, column.data_type));
            }
            check_codes(&item, column.data_type)?;
        }
        Ok(())
    }

    /// Columns to partition by: their values become names of folders, which must be short and must not name a person.
    pub(super) fn partition_columns(
        &self,
        item: &TomlItem<'_>,
    ) -> Result<Vec<String>, ContractError> {
        let names = self.column_list(item)?;
        for (name, element) in names.iter().zip(item.elements()?) {
            let column = self.columns.iter().find(|column| column.name == *name);
            let is_fit = |column: &ColumnContract| match column.data_type {
                ColumnType::Float64 | ColumnType::Token => false,
                ColumnType::String => column.codes.are_fields || !column.codes.is_unrestricted(),
                _ => true,
            };
            if !column.is_some_and(is_fit) {
                let at = element.location();
                let column = name.clone();
                return Err(ContractError::NotToPartitionBy { at, column });
            }
        }
        Ok(names)
    }

    /// Reads a list of columns that must exist and be named once.
    pub(super) fn column_list(&self, item: &TomlItem<'_>) -> Result<Vec<String>, ContractError> {
        let mut names = Vec::<String>::new();
        for element in item.elements()? {
            let (name, at) = (element.text()?.to_owned(), element.location());
            let used_in = item.last_key().to_owned();
            if !self.columns.iter().any(|column| column.name == name) {
                let known = self.columns.iter().map(|column| column.name.as_str());
                let missing_from = missing_from(self.table, &name, known);
                return Err(ContractError::UnknownColumn {
                    at,
                    used_in,
                    column: name,
                    missing_from,
                });
            }
            if names.contains(&name) {
                return Err(ContractError::RepeatedColumn {
                    at,
                    used_in,
                    column: name,
                });
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Checks that the two columns of a rule can be related.
    pub(super) fn rule(&self, rule: &RowRule, at: &SourceLocation) -> Result<(), ContractError> {
        let type_of = |name: &str| {
            let found = self.columns.iter().find(|column| column.name == name);
            found
                .expect("column_list checked that the columns of a rule exist")
                .data_type
        };
        let (name, first, second) = match rule {
            RowRule::NotAfter { first, second } => ("not_after", first, second),
            RowRule::FiscalYearOf { fiscal_year, date } => ("fiscal_year_of", fiscal_year, date),
        };
        let (first_type, second_type) = (type_of(first), type_of(second));
        let fits = match rule {
            RowRule::NotAfter { .. } => {
                let (first, second) = (Order::of(first_type), Order::of(second_type));
                first.is_some() && first == second
            }
            RowRule::FiscalYearOf { .. } => {
                Order::of(first_type) == Some(Order::Number)
                    && first_type != ColumnType::Float64
                    && second_type == ColumnType::Date
            }
        };
        if fits {
            return Ok(());
        }
        Err(ContractError::RuleTypes {
            at: at.clone(),
            rule: name,
            first: format!("`{first}` ({})", first_type.word()),
            second: format!("`{second}` ({})", second_type.word()),
        })
    }
}

/// What kind of order a type's values have; only values of one kind compare.
#[derive(PartialEq, Eq)]
enum Order {
    Number,
    Day,
    Month,
}

impl Order {
    fn of(data_type: ColumnType) -> Option<Self> {
        match data_type {
            ColumnType::Date => Some(Self::Day),
            ColumnType::Month => Some(Self::Month),
            ColumnType::Float64 => Some(Self::Number),
            other => other.integer_limits().map(|_| Self::Number),
        }
    }
}

fn not_for_column(item: &TomlItem<'_>, data_type: ColumnType) -> ContractError {
    ContractError::NotForType {
        at: item.key_location(),
        key: item.last_key().to_owned(),
        data_type: data_type.word(),
    }
}

/// `codes = "fields"`: the project's program fields.
pub(super) fn is_fields(codes: &TomlItem<'_>) -> bool {
    codes.text().is_ok_and(|word| word == "fields")
}

fn check_codes(item: &TomlItem<'_>, data_type: ColumnType) -> Result<(), ContractError> {
    let limits = data_type
        .integer_limits()
        .filter(|_| data_type != ColumnType::Month);
    if limits.is_none() && data_type != ColumnType::String {
        return Err(not_for_column(item, data_type));
    }
    let Some((low, high)) = limits else {
        return Ok(());
    };
    if is_fields(item) {
        return Err(not_for_column(item, data_type));
    }
    for code in item.table()?.items() {
        let number = code.last_key().parse::<i64>();
        if !number.is_ok_and(|number| (low..=high).contains(&number)) {
            let (at, data_type) = (code.key_location(), data_type.word());
            let code = code.last_key().to_owned();
            return Err(ContractError::CodeNotOfType {
                at,
                code,
                data_type,
            });
        }
    }
    Ok(())
}

/// Item codes of checkups have 17 letters and digits, e.g. `9N016160100000001`.
fn check_item_codes(table: &TomlTable<'_>) -> Result<(), ContractError> {
    let Some(item) = table.get("item_codes") else {
        return Ok(());
    };
    for element in item.elements()? {
        let code = element.text()?;
        if code.len() != 17 || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let (at, code) = (element.location(), code.to_owned());
            return Err(ContractError::BadItemCode { at, code });
        }
    }
    Ok(())
}

/// ``table `members` does not have; did you mean …?``
fn missing_from<'a>(table: &str, column: &str, known: impl Iterator<Item = &'a str>) -> String {
    format!(
        "table `{table}` does not have{}",
        did_you_mean(column, known)
    )
}

/// Checks that every reference leads to a column of a table with a contract.
pub(super) fn check_references(
    contracts: &[TableContract],
    references: &[Located<ForeignKey>],
) -> Result<(), ContractError> {
    for Located {
        value: reference,
        at,
    } in references
    {
        let target = contracts
            .iter()
            .find(|contract| contract.name == reference.table);
        let Some(target) = target else {
            let known = contracts.iter().map(|contract| contract.name.as_str());
            let (table, hint) = (
                reference.table.clone(),
                did_you_mean(&reference.table, known),
            );
            return Err(ContractError::UnknownTable {
                at: at.clone(),
                table,
                hint,
            });
        };
        for column in &reference.table_columns {
            if target.column(column).is_none() {
                let known = target.columns.iter().map(|column| column.name.as_str());
                return Err(ContractError::UnknownColumn {
                    at: at.clone(),
                    used_in: "table_columns".to_owned(),
                    column: column.clone(),
                    missing_from: missing_from(&target.name, column, known),
                });
            }
        }
    }
    Ok(())
}
