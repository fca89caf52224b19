//! The checks of every contract: names, thresholds, severities. Reads no data.

use std::collections::BTreeSet;

use super::columns::{is_watched, period_column};
use super::drift::NOTABLE;
use super::error::ChecksError;
use crate::config::{CheckSetting, CheckSeverity};
use crate::contract::{ColumnContract, ColumnType, RowRule, TERM, TableContract};
use crate::diagnostic::did_you_mean;
use crate::ingest::Rule;

/// One check of one table, column or rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// `TABLE.COLUMN.KIND`, `TABLE.KIND` for the whole table, with `.term_N` behind it for one questionnaire term. Unique.
    pub name: String,
    /// The raw table.
    pub table: String,
    /// The column; of a rule over several columns the one that ingest names. `None` for the whole table.
    pub column: Option<String>,
    /// What is asked.
    pub kind: CheckKind,
    /// The questionnaire term it is asked for.
    pub term: Option<i64>,
    /// What must hold, as text.
    pub description: String,
    /// Largest value with which it passes; `None`: it only counts.
    pub threshold: Option<f64>,
    /// What follows when it does not pass; never [`CheckSeverity::Off`].
    pub severity: CheckSeverity,
}

/// What a check asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// Rows that ingest rejected for this rule, among those it applied to.
    Rejected(Rule),
    /// Rows without a value, where there may be none.
    Completeness,
    /// Rows whose key is not in the other table: the place in the contract's list of references.
    Reference(usize),
    /// Fiscal years or months without a row, between a sender's first and last.
    Coverage,
    /// Rows per fiscal year or month, compared with the sender's delivery before.
    RowCount,
    /// Days since the newest delivery.
    Freshness,
    /// Population stability index against the sender's deliveries before.
    Drift,
}

impl CheckKind {
    /// The word in names and in `check_results.kind`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rejected(rule) => rule.name(),
            Self::Completeness => "completeness",
            Self::Reference(_) => "reference",
            Self::Coverage => "coverage",
            Self::RowCount => "row_count",
            Self::Freshness => "freshness",
            Self::Drift => "drift",
        }
    }

    /// The threshold where the project says nothing.
    fn threshold(self) -> Option<f64> {
        match self {
            Self::Rejected(_) | Self::Reference(_) => Some(0.01),
            Self::Completeness => None,
            Self::Coverage => Some(0.0),
            Self::RowCount => Some(0.5),
            Self::Freshness => Some(400.0),
            Self::Drift => Some(NOTABLE),
        }
    }
}

/// The checks of all contracts, in their order, with the project's thresholds and severities.
///
/// # Errors
/// For a setting that fits no check.
pub fn catalogue(
    contracts: &[TableContract],
    settings: &[CheckSetting],
) -> Result<Vec<Check>, ChecksError> {
    let mut checks: Vec<Check> = contracts.iter().flat_map(of_table).collect();
    let mut left_out = BTreeSet::new();
    for setting in settings {
        let pattern = glob::Pattern::new(&glob_of(&setting.name)).ok();
        let is_meant = |name: &str| {
            name == setting.name
                || pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.matches(name))
        };
        let mut fits_any = false;
        for check in checks.iter_mut().filter(|check| is_meant(&check.name)) {
            fits_any = true;
            check.threshold = setting.threshold.or(check.threshold);
            match setting.severity {
                // Taken out at the end: a later setting may turn it on again.
                Some(CheckSeverity::Off) => {
                    left_out.insert(check.name.clone());
                }
                Some(severity) => {
                    left_out.remove(&check.name);
                    check.severity = severity;
                }
                None => {}
            }
        }
        if !fits_any {
            let hint = did_you_mean(
                &setting.name,
                checks.iter().map(|check| check.name.as_str()),
            );
            return Err(ChecksError::UnknownCheck {
                at: setting.at.clone(),
                name: setting.name.clone(),
                hint,
            });
        }
    }
    checks.retain(|check| !left_out.contains(&check.name));
    Ok(checks)
}

/// Only `*` and `?` stand for other text.
fn glob_of(name: &str) -> String {
    name.replace('[', "[[]")
}

fn of_table(contract: &TableContract) -> Vec<Check> {
    let mut checks = Vec::new();
    for column in &contract.columns {
        of_column(contract, column, &mut checks);
    }
    for rule in &contract.row_rules {
        let (column, rule, text) = match rule {
            RowRule::NotAfter { first, second } => {
                let text = format!("`{first}` is not after `{second}`");
                (second, Rule::NotAfter, text)
            }
            RowRule::FiscalYearOf { fiscal_year, date } => {
                let text = format!("`{fiscal_year}` is the fiscal year of `{date}`");
                (fiscal_year, Rule::FiscalYear, text)
            }
        };
        push(
            &mut checks,
            contract,
            Some(column),
            CheckKind::Rejected(rule),
            text,
        );
    }
    if contract.has_enforced_key() {
        let text = format!("no two rows have the same {}", listed(&contract.key));
        push(
            &mut checks,
            contract,
            None,
            CheckKind::Rejected(Rule::DuplicateKey),
            text,
        );
    }
    for (idx, reference) in contract.references.iter().enumerate() {
        let here = listed(&reference.columns);
        let text = format!("{here} is in `{}`", reference.table);
        let mut check = new(contract, None, CheckKind::Reference(idx), text);
        check.name = format!("{}.{}", check.name, reference.table);
        // Two references to one table need two names.
        if checks.iter().any(|other: &Check| other.name == check.name) {
            check.name = format!("{}_{}", check.name, reference.columns.join("_"));
        }
        checks.push(check);
    }
    if let Some(period) = period_column(contract) {
        let text = format!("no value of `{period}` is missing between a sender's first and last");
        push(&mut checks, contract, None, CheckKind::Coverage, text);
    }
    let per = match period_column(contract) {
        Some(period) => format!("rows per value of `{period}`"),
        None => "rows".to_owned(),
    };
    let text = format!("a delivery has about as many {per} as the sender's before");
    push(&mut checks, contract, None, CheckKind::RowCount, text);
    let text = "the newest delivery is recent, in days".to_owned();
    push(&mut checks, contract, None, CheckKind::Freshness, text);
    checks
}

fn of_column(contract: &TableContract, column: &ColumnContract, checks: &mut Vec<Check>) {
    let name = &column.name;
    let mut rule = |rule: Rule, text: String| {
        push(
            checks,
            contract,
            Some(name),
            CheckKind::Rejected(rule),
            text,
        );
    };
    if !column.nullable {
        rule(Rule::Null, format!("`{name}` has a value"));
    }
    let word = column.data_type.word();
    match column.data_type {
        ColumnType::Token => rule(Rule::Token, format!("`{name}` is 64 hexadecimal digits")),
        ColumnType::String => {}
        _ => rule(Rule::Type, format!("`{name}` can be read as {word}")),
    }
    if matches!(column.data_type, ColumnType::Date | ColumnType::Month) {
        rule(Rule::Date, format!("`{name}` is a {word} that exists"));
    }
    let is_integer = column.data_type.integer_limits().is_some();
    if (is_integer && column.codes.always.is_empty()) || column.min.or(column.max).is_some() {
        rule(Rule::Range, format!("`{name}` is within {}", range(column)));
    }
    if !column.codes.always.is_empty() {
        let n = column.codes.always.len();
        rule(Rule::Code, format!("`{name}` is one of {n} codes"));
    }
    if let Some(n) = column.pattern_digits {
        rule(Rule::Digits, format!("`{name}` is {n} digits"));
    }
    if column.codes.by_term.is_empty() {
        if column.nullable {
            let text = format!("`{name}` is filled");
            push(checks, contract, Some(name), CheckKind::Completeness, text);
        }
        if is_watched(contract, column) {
            let text = format!("`{name}` is distributed as in the sender's deliveries before");
            push(checks, contract, Some(name), CheckKind::Drift, text);
        }
    } else {
        of_terms(contract, column, checks);
    }
}

/// Questions change between terms: each term has checks of its own, and is compared with itself only.
fn of_terms(contract: &TableContract, column: &ColumnContract, checks: &mut Vec<Check>) {
    let name = &column.name;
    let declared = contract.column(TERM).map(|term| &term.codes.always);
    let declared = declared.into_iter().flatten();
    let mut terms: BTreeSet<i64> = declared.filter_map(|(code, _)| code.parse().ok()).collect();
    terms.extend(column.codes.by_term.keys());
    for term in terms {
        let asked = column.codes.by_term.get(&term);
        let mut push = |kind: CheckKind, text: String| {
            let mut check = new(contract, Some(name), kind, text);
            check.name = format!("{}.term_{term}", check.name);
            check.term = Some(term);
            checks.push(check);
        };
        let rule = CheckKind::Rejected(Rule::CodeForTerm);
        let Some(codes) = asked else {
            let text = format!("`{name}` is empty in term {term}, which did not ask for it");
            push(rule, text);
            continue;
        };
        let n = codes.len();
        push(
            rule,
            format!("`{name}` is one of the {n} codes of term {term}"),
        );
        if column.nullable {
            push(
                CheckKind::Completeness,
                format!("`{name}` is filled in term {term}"),
            );
        }
        let text =
            format!("`{name}` in term {term} is distributed as in the sender's deliveries before");
        push(CheckKind::Drift, text);
    }
}

fn new(contract: &TableContract, column: Option<&String>, kind: CheckKind, text: String) -> Check {
    let table = &contract.name;
    let name = match column {
        Some(column) => format!("{table}.{column}.{}", kind.word()),
        None => format!("{table}.{}", kind.word()),
    };
    Check {
        name,
        table: table.clone(),
        column: column.cloned(),
        kind,
        term: None,
        description: text,
        threshold: kind.threshold(),
        severity: CheckSeverity::Warn,
    }
}

fn push(
    checks: &mut Vec<Check>,
    contract: &TableContract,
    column: Option<&String>,
    kind: CheckKind,
    text: String,
) {
    checks.push(new(contract, column, kind, text));
}

fn listed(columns: &[String]) -> String {
    format!("(`{}`)", columns.join("`, `"))
}

fn range(column: &ColumnContract) -> String {
    let limits = column.data_type.integer_limits();
    let limit = |own: Option<f64>, of_type: Option<i64>| match (own, of_type) {
        (Some(own), _) => own.to_string(),
        (None, Some(of_type)) => of_type.to_string(),
        (None, None) => String::new(),
    };
    let low = limit(column.min, limits.map(|(low, _)| low));
    let high = limit(column.max, limits.map(|(_, high)| high));
    let unit = column
        .unit
        .as_ref()
        .map_or(String::new(), |unit| format!(" {unit}"));
    format!("{low} … {high}{unit}")
}
