//! What the contract tells checks about columns: which are compared between deliveries, and which one holds the period of a row.

use crate::contract::{ColumnContract, ColumnType, RowRule, TERM, TableContract};

/// Whether the distribution of a column is compared between deliveries: measures and codes, not what moves by itself or identifies rows.
pub(super) fn is_watched(contract: &TableContract, column: &ColumnContract) -> bool {
    let has_codes = !column.codes.is_unrestricted();
    let is_time = Some(column.name.as_str()) == period_column(contract) || column.name == TERM;
    let is_key = contract.key.contains(&column.name) && !has_codes;
    let is_measure = match column.data_type {
        ColumnType::Int8
        | ColumnType::Int16
        | ColumnType::Int32
        | ColumnType::Int64
        | ColumnType::Float64
        | ColumnType::Boolean => true,
        ColumnType::String => has_codes,
        ColumnType::Date | ColumnType::Month | ColumnType::Token => false,
    };
    is_measure && !is_time && !is_key
}

/// The column that says which fiscal year or month a row is of: `fiscal_year`, else the month of a rule or of the key.
pub(super) fn period_column(contract: &TableContract) -> Option<&str> {
    let of_type = |name: &str, is: fn(ColumnType) -> bool| {
        let column = contract.column(name)?;
        is(column.data_type).then_some(column.name.as_str())
    };
    let is_month = |kind| kind == ColumnType::Month;
    let is_year = |kind: ColumnType| kind != ColumnType::Month && kind.integer_limits().is_some();
    let from_rule = contract.row_rules.iter().find_map(|rule| match rule {
        RowRule::FiscalYearOf { fiscal_year, .. } => of_type(fiscal_year, is_year),
        RowRule::NotAfter { first, .. } => of_type(first, is_month),
    });
    let from_key = || contract.key.iter().find_map(|name| of_type(name, is_month));
    of_type("fiscal_year", is_year)
        .or(from_rule)
        .or_else(from_key)
}
