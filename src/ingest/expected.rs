//! What a column accepts, as text: shown beside the rows that break it.

use super::rejects::Rule;
use crate::contract::{CodeList, ColumnContract, ColumnType, TableContract};

/// Codes that are listed; of more only the first ones.
const MOST_CODES: usize = 20;

/// What rule `rule` of column `column` asks for; nothing where the rule's name says it.
#[must_use]
pub fn expected(contract: &TableContract, column: &str, rule: Rule) -> Option<String> {
    let column = contract.column(column)?;
    Some(match rule {
        Rule::Null => "a value in every row".to_owned(),
        Rule::Type => format_of(column.data_type).to_owned(),
        Rule::Date => "a day or month of the calendar, and no time of day".to_owned(),
        Rule::Range => range(column)?,
        Rule::Code => codes(&column.codes)?,
        Rule::CodeForTerm => codes_by_term(&column.codes),
        Rule::Token => "64 hexadecimal digits".to_owned(),
        Rule::Digits => format!("exactly {} digits", column.pattern_digits?),
        Rule::NotAfter | Rule::FiscalYear | Rule::DuplicateKey | Rule::Withdrawn => return None,
    })
}

fn format_of(data_type: ColumnType) -> &'static str {
    match data_type {
        ColumnType::Int8 | ColumnType::Int16 | ColumnType::Int32 | ColumnType::Int64 => {
            "a whole number"
        }
        ColumnType::Float64 => "a number with `.` before its fraction",
        ColumnType::Boolean => "true, false, 1 or 0",
        ColumnType::Date => "YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD",
        ColumnType::Month => "YYYYMM, YYYY-MM or YYYY/MM",
        ColumnType::String | ColumnType::Token => "text",
    }
}

fn range(column: &ColumnContract) -> Option<String> {
    let limits = column.data_type.integer_limits();
    #[expect(
        clippy::cast_precision_loss,
        reason = "limits are printed, and those of 64 bits to 16 digits"
    )]
    let of_type = |pick: fn((i64, i64)) -> i64| limits.map(|limits| pick(limits) as f64);
    let low = column.min.or_else(|| of_type(|limits| limits.0));
    let high = column.max.or_else(|| of_type(|limits| limits.1));
    Some(match (low, high) {
        (Some(low), Some(high)) => format!("from {low} to {high}"),
        (Some(low), None) => format!("{low} or more"),
        (None, Some(high)) => format!("{high} or less"),
        (None, None) => return None,
    })
}

fn codes(codes: &CodeList) -> Option<String> {
    let known: Vec<&str> = codes.always.keys().map(String::as_str).collect();
    (!known.is_empty()).then(|| listed(&known))
}

fn codes_by_term(codes: &CodeList) -> String {
    let of_term = |(term, codes): (&i64, &std::collections::BTreeMap<String, String>)| {
        let known: Vec<&str> = codes.keys().map(String::as_str).collect();
        format!("{} in term {term}", listed(&known))
    };
    let terms: Vec<String> = codes.by_term.iter().map(of_term).collect();
    format!("{}; nothing in other terms", terms.join(", "))
}

fn listed(codes: &[&str]) -> String {
    let shown = codes.iter().take(MOST_CODES).copied().collect::<Vec<_>>();
    let more = if codes.len() > MOST_CODES {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}
