//! `-- test:` lines of a header: what must hold for a table's rows before they are published.

use datafusion::logical_expr::{Expr, lit};
use datafusion::sql::sqlparser::ast::{self, UnaryOperator, Value};
use datafusion::sql::sqlparser::parser::Parser;

use crate::event::Severity;
use crate::session::{BoundedDialect, nesting};

/// One test of a table's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct DataTest {
    /// As it stands in the header.
    pub text: String,
    /// Line of the file.
    pub line: usize,
    /// What happens when it does not hold.
    pub severity: Severity,
    /// What must hold.
    pub rule: Rule,
}

/// What a test requires.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Every row has a value in each of the columns.
    NotNull(Vec<String>),
    /// No two rows have the same values in the columns; rows without a value in one of them are left out.
    Unique(Vec<String>),
    /// Every value of the column is one of these; missing values are allowed.
    AcceptedValues {
        /// The column.
        column: String,
        /// Literals.
        values: Vec<Expr>,
    },
    /// Every value of the column is among those of the other table's column.
    Relationships {
        /// The column.
        column: String,
        /// The other table.
        table: String,
        /// Its column.
        other: String,
    },
    /// The number of rows differs from that of the published version by at most a given percentage.
    RowCountChange {
        /// Percent of the published rows.
        percent: f64,
    },
    /// The newest value of a date or month column has at most a given age on the day of the run.
    Freshness {
        /// The column.
        column: String,
        /// Largest age.
        at_most: u64,
        /// Its unit.
        unit: AgeUnit,
    },
    /// The query returns no row.
    NoRows {
        /// The query.
        sql: String,
    },
}

/// The unit of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeUnit {
    /// Days.
    Days,
    /// Calendar months.
    Months,
}

impl AgeUnit {
    /// The word after the number.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Months => "months",
        }
    }
}

impl Severity {
    /// The severity in header key `test` or `test(…)`.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        match key {
            "test" | "test(error)" => Some(Self::Error),
            "test(warn)" => Some(Self::Warn),
            _ => None,
        }
    }
}

impl Rule {
    /// Parses the text after `test:`; the error says what is expected.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match kind {
            "not_null" => columns(rest)
                .map(Self::NotNull)
                .ok_or("`not_null column, …`"),
            "unique" => columns(rest).map(Self::Unique).ok_or("`unique column, …`"),
            "accepted_values" => {
                accepted_values(rest).ok_or("`accepted_values column in (value, …)`")
            }
            "relationships" => relationships(rest).ok_or("`relationships column in table.column`"),
            "row_count_change" => {
                row_count_change(rest).ok_or("`row_count_change 20%`, at least 0")
            }
            "freshness" => freshness(rest).ok_or("`freshness column 60 days` or `… 3 months`"),
            "no_rows" if !rest.is_empty() => Ok(Self::NoRows {
                sql: rest.to_owned(),
            }),
            _ => Err(
                "`not_null`, `unique`, `accepted_values`, `relationships`, `row_count_change`, \
                 `freshness` or `no_rows SELECT …`",
            ),
        }
    }

    /// Columns of the tested table that it names.
    pub(super) fn columns(&self) -> Vec<&String> {
        match self {
            Self::NotNull(columns) | Self::Unique(columns) => columns.iter().collect(),
            Self::AcceptedValues { column, .. }
            | Self::Relationships { column, .. }
            | Self::Freshness { column, .. } => vec![column],
            Self::RowCountChange { .. } | Self::NoRows { .. } => Vec::new(),
        }
    }
}

/// Items between commas.
pub(super) fn comma_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

fn columns(text: &str) -> Option<Vec<String>> {
    let columns = comma_list(text);
    let is_plain = |name: &String| !name.contains(char::is_whitespace);
    (!columns.is_empty() && columns.iter().all(is_plain)).then_some(columns)
}

fn relationships(text: &str) -> Option<Rule> {
    let (column, target) = text.split_once(" in ")?;
    let (table, other) = target.trim().split_once('.')?;
    Some(Rule::Relationships {
        column: columns(column)?.into_iter().next()?,
        table: columns(table)?.into_iter().next()?,
        other: columns(other)?.into_iter().next()?,
    })
}

fn freshness(text: &str) -> Option<Rule> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [column, number, unit] = words.as_slice() else {
        return None;
    };
    let unit = match *unit {
        "day" | "days" => AgeUnit::Days,
        "month" | "months" => AgeUnit::Months,
        _ => return None,
    };
    Some(Rule::Freshness {
        column: (*column).to_owned(),
        at_most: number.parse().ok()?,
        unit,
    })
}

fn row_count_change(text: &str) -> Option<Rule> {
    let percent: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
    (percent.is_finite() && percent >= 0.0).then_some(Rule::RowCountChange { percent })
}

fn accepted_values(text: &str) -> Option<Rule> {
    nesting::check(text, nesting::MOST).ok()?;
    let dialect = BoundedDialect::of(text);
    let mut parser = Parser::new(&dialect).try_with_sql(text).ok()?;
    let ast::Expr::InList {
        expr,
        list,
        negated: false,
    } = parser.parse_expr().ok()?
    else {
        return None;
    };
    let ast::Expr::Identifier(column) = *expr else {
        return None;
    };
    let is_at_end = parser.peek_token().token == datafusion::sql::sqlparser::tokenizer::Token::EOF;
    let values = list.iter().map(literal).collect::<Option<Vec<Expr>>>()?;
    is_at_end.then_some(Rule::AcceptedValues {
        column: column.value,
        values,
    })
}

fn literal(value: &ast::Expr) -> Option<Expr> {
    match value {
        ast::Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => number(&digits.to_string()),
            Value::SingleQuotedString(text) => Some(lit(text.clone())),
            Value::Boolean(is_true) => Some(lit(*is_true)),
            _ => None,
        },
        ast::Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => match &**expr {
            ast::Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => number(&format!("-{digits}")),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn number(digits: &str) -> Option<Expr> {
    match digits.parse::<i64>() {
        Ok(whole) => Some(lit(whole)),
        Err(_) => digits.parse::<f64>().ok().map(lit),
    }
}
