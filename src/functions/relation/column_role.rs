//! What a column may hold in each of its roles in a call. Known from the schema, so that a call with a wrong column is refused when
//! it is planned, with a way to write it.

use datafusion::arrow::datatypes::DataType;

/// What a call takes a column for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRole {
    /// What is measured, or weighs rows.
    Number,
    /// Who is treated: yes or no, or 1 and 0.
    YesNo,
    /// The period of a row.
    Period,
    /// The period of first exposure.
    Cohort,
    /// What tells units, clusters or groups apart.
    Label,
    /// What is adjusted for or compared: a number, a yes/no or a category.
    Covariate,
    /// What is passed on as it is.
    Any,
}

impl ColumnRole {
    /// Whether a column of the type can have the role. A column that is NULL throughout can have any.
    pub(super) fn accepts(self, data_type: &DataType) -> bool {
        let data_type = value_type(data_type);
        if data_type == &DataType::Null {
            return true;
        }
        match self {
            Self::Number | Self::YesNo => is_numeric(data_type),
            Self::Period | Self::Cohort => data_type.is_integer(),
            Self::Label => is_label(data_type),
            Self::Covariate => is_numeric(data_type) || is_text(data_type),
            Self::Any => !data_type.is_nested(),
        }
    }

    /// What the column must hold.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Number => "numbers or yes/no",
            Self::YesNo => "yes/no, or 1 and 0",
            Self::Period => "whole numbers",
            Self::Cohort => {
                "whole numbers, the period of first exposure (NULL where there is none)"
            }
            Self::Label => "whole numbers, text, yes/no, dates or decimals",
            Self::Covariate => "numbers, yes/no or text",
            Self::Any => "single values, not lists or structs",
        }
    }

    /// How to write it instead, where there is an obvious way; empty or with `; ` in front.
    pub(super) fn hint(self, column: &str, found: &DataType) -> String {
        let c = quoted(column);
        let found = value_type(found);
        let way = match (self, found) {
            (Self::Period | Self::Cohort | Self::Covariate, DataType::Date32) => {
                format!("`extract(year from {c})` or `fiscal_year({c})`")
            }
            (
                Self::Period | Self::Cohort | Self::Covariate,
                DataType::Date64 | DataType::Timestamp(..),
            ) => format!("`extract(year from {c})` or `fiscal_year(cast({c} as date))`"),
            (Self::Cohort, DataType::Boolean) => {
                return "; it is when the unit is first exposed, not whether it is".to_owned();
            }
            (Self::Period, DataType::Boolean) => format!("`cast({c} as int)`"),
            // What is no number or infinite becomes NULL: never exposed, as it is meant where periods are fractions.
            (Self::Cohort, found) if found.is_floating() => format!("`try_cast({c} as bigint)`"),
            (Self::Period | Self::Label, found) if found.is_numeric() => {
                format!("`cast({c} as bigint)`")
            }
            (Self::Period | Self::Cohort, found) if found.is_numeric() || is_text(found) => {
                format!("`cast({c} as bigint)`")
            }
            (Self::Number, found) if is_text(found) => format!("`cast({c} as double)`"),
            (Self::YesNo, found) if is_text(found) => format!("a condition like `{c} = 'yes'`"),
            (Self::YesNo, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) => {
                format!("a condition like `{c} is not null`")
            }
            _ => return String::new(),
        };
        format!("; write {way} in the query")
    }
}

/// The type of a column's values; a dictionary is a way to store them.
pub(super) fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

/// Whether values of the type can serve as numbers.
pub(super) fn is_numeric(data_type: &DataType) -> bool {
    let data_type = value_type(data_type);
    data_type.is_numeric() || matches!(data_type, DataType::Boolean | DataType::Null)
}

/// Whether values of the type are text.
pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(
        value_type(data_type),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Whether the type holds whole numbers of at most 64 bits, written as decimals or not.
pub(super) fn is_whole(data_type: &DataType) -> bool {
    match value_type(data_type) {
        DataType::Boolean | DataType::Decimal32(_, 0) | DataType::Decimal64(_, 0) => true,
        DataType::Decimal128(precision, 0) | DataType::Decimal256(precision, 0) => *precision <= 18,
        other => other.is_integer(),
    }
}

/// Whether values of the type tell groups apart by their text: they have one way to be written.
pub(super) fn is_written(data_type: &DataType) -> bool {
    let data_type = value_type(data_type);
    data_type.is_decimal()
        || matches!(
            data_type,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        )
}

fn is_label(data_type: &DataType) -> bool {
    is_whole(data_type) || is_text(data_type) || is_written(data_type)
}

/// A column's name as a query writes it.
pub(super) fn quoted(column: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if column.chars().all(is_plain) && !column.starts_with(|c: char| c.is_ascii_digit()) {
        return column.to_owned();
    }
    format!("\"{}\"", column.replace('"', "\"\""))
}
