//! One value as a holder writes it → the text by which a contract's column takes it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike as _, Months, NaiveDate};
use korabo_formats::normalise::{self, parse_day, parse_month};

use super::header::plain;
use super::header_rules::HeaderRules;
use super::source_mapping::ColumnSource;
use crate::contract::{ColumnContract, ColumnType, RowRule, TableContract};

/// Different words of a column that are remembered.
const MOST_REMEMBERED: usize = 1_000;

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read<'t> {
    /// Nothing is written.
    Empty,
    /// A word that is no value, in plain form.
    Missing(String),
    /// A value. What cannot be understood stays as it is, for the contract to reject.
    Value(Cow<'t, str>),
}

/// Reads the values of one column.
#[derive(Debug)]
pub(super) struct ValueReader {
    data_type: ColumnType,
    /// Codes by words, in plain form.
    words: BTreeMap<String, String>,
    codes: BTreeSet<String>,
    missing: BTreeSet<String>,
    units: Vec<String>,
    digits: Option<usize>,
    has_check_digit: bool,
    scale: Option<f64>,
    days: i64,
    /// Whether a month stands for its last day.
    ends_period: bool,
    remembered: HashMap<String, Read<'static>>,
}

impl ValueReader {
    /// For `column` of `contract`, from `source`.
    pub(super) fn new(
        column: &ColumnContract,
        contract: &TableContract,
        (rules, missing): (&HeaderRules, &[String]),
        source: &ColumnSource,
    ) -> Self {
        let own = rules.column(&column.name);
        let mut words = labels(column);
        if column.data_type == ColumnType::Boolean {
            words.extend(rules.booleans.clone());
        }
        words.extend(own.words.clone());
        words.extend(source.codes.clone());
        let units = rules.units.iter().cloned();
        let ends = |rule: &RowRule| matches!(rule, RowRule::NotAfter { second, .. } if *second == column.name);
        Self {
            data_type: column.data_type,
            words,
            codes: codes(column),
            missing: rules
                .missing
                .iter()
                .cloned()
                .chain(missing.iter().map(|word| plain(word)))
                .collect(),
            units: units.chain(column.unit.as_deref().map(plain)).collect(),
            digits: column.pattern_digits,
            has_check_digit: own.has_check_digit,
            scale: source.scale,
            days: source.days,
            ends_period: contract.row_rules.iter().any(ends),
            remembered: HashMap::new(),
        }
    }

    /// Reads one value.
    pub(super) fn read<'t>(&mut self, raw: &'t str) -> Read<'t> {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return Read::Empty;
        }
        if !self.has_words() {
            return self.unremembered(trimmed);
        }
        if let Some(read) = self.remembered.get(trimmed) {
            return read.clone();
        }
        let read = self.unremembered(trimmed).into_owned();
        if self.remembered.len() < MOST_REMEMBERED {
            self.remembered.insert(trimmed.to_owned(), read.clone());
        }
        read
    }

    /// Whether few different values are expected.
    fn has_words(&self) -> bool {
        !self.words.is_empty() || !self.codes.is_empty()
    }

    fn unremembered<'t>(&self, trimmed: &'t str) -> Read<'t> {
        let is_plain_number = trimmed
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !is_plain_number || self.has_words() || trimmed.len() >= 8 {
            let word = plain(trimmed);
            if let Some(code) = self.words.get(&word) {
                return Read::Value(Cow::Owned(code.clone()));
            }
            if self.missing.contains(&word) {
                return Read::Missing(word);
            }
        }
        let value = match self.data_type {
            _ if !self.codes.is_empty() => self.code(trimmed),
            ColumnType::Date => self.day(trimmed),
            ColumnType::Month => month(trimmed),
            ColumnType::String => self.text(trimmed),
            ColumnType::Token | ColumnType::Boolean => None,
            ColumnType::Int8
            | ColumnType::Int16
            | ColumnType::Int32
            | ColumnType::Int64
            | ColumnType::Float64 => self.number(trimmed),
        };
        Read::Value(value.map_or(Cow::Borrowed(trimmed), Cow::Owned))
    }

    /// `01`, `1.0` and `1:はい` are code 1.
    fn code(&self, trimmed: &str) -> Option<String> {
        let normal = normalise::text(trimmed);
        let known = |code: &str| self.codes.get(code).cloned();
        if let Some(code) = known(&normal) {
            return Some(code);
        }
        let upper = normal.to_uppercase();
        if let Some(code) = known(&upper) {
            return Some(code);
        }
        let number = normal.strip_suffix(".0").unwrap_or(&normal);
        if let Some(code) = known(number.trim_start_matches('0')) {
            return Some(code);
        }
        let separates = |c: char| matches!(c, ':' | '.' | ' ' | '_' | '-' | ')' | '、' | '=');
        let (first, _) = normal.split_once(separates)?;
        known(first.trim_start_matches(['0', '(']))
    }

    fn day(&self, trimmed: &str) -> Option<String> {
        let day = match parse_day(trimmed) {
            Ok(read) => read.day,
            Err(_) => {
                let month = parse_month(trimmed).ok()?.month.number();
                let (year, month) = (i32::try_from(month / 100).ok()?, month % 100);
                let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                match self.ends_period {
                    true => first.checked_add_months(Months::new(1))?.pred_opt()?,
                    false => first,
                }
            }
        };
        let day = day.checked_add_signed(chrono::TimeDelta::try_days(self.days)?)?;
        Some(format!(
            "{:04}-{:02}-{:02}",
            day.year(),
            day.month(),
            day.day()
        ))
    }

    /// Text in half width; numbers get back the zeros that a spreadsheet took, and lose a digit that only checks.
    fn text(&self, trimmed: &str) -> Option<String> {
        let normal = normalise::text(trimmed);
        let Some(digits) = self.digits else {
            return Some(normal);
        };
        if !normal.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(normal);
        }
        if self.has_check_digit && normal.len() == digits + 1 {
            return Some(normal[..digits].to_owned());
        }
        Some(format!("{normal:0>digits$}"))
    }

    /// A number without thousands and unit, scaled.
    fn number(&self, trimmed: &str) -> Option<String> {
        if self.scale.is_none() && trimmed.parse::<f64>().is_ok() {
            return None;
        }
        let normal = normalise::text(trimmed);
        let end = normal.rfind(|c: char| c.is_ascii_digit())? + 1;
        let (number, unit) = normal.split_at(end);
        // `kg/m2` ends with a digit.
        let (number, unit) = match normal.find(|c: char| c.is_alphabetic()) {
            Some(at) if at < end => normal.split_at(at),
            _ => (number, unit),
        };
        if !unit.trim().is_empty() && !self.units.contains(&plain(unit)) {
            return None;
        }
        let number = without_thousands(number.trim())?;
        let Some(scale) = self.scale else {
            return Some(number);
        };
        let scaled = number.parse::<f64>().ok()? * scale;
        let text = format!("{scaled:.9}");
        Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    }
}

impl Read<'_> {
    fn into_owned(self) -> Read<'static> {
        match self {
            Self::Empty => Read::Empty,
            Self::Missing(word) => Read::Missing(word),
            Self::Value(value) => Read::Value(Cow::Owned(value.into_owned())),
        }
    }
}

fn month(trimmed: &str) -> Option<String> {
    let read = parse_month(trimmed).ok()?;
    Some(read.month.number().to_string())
}

/// `1,234,567` → `1234567`; `None` where a comma separates no thousands.
fn without_thousands(number: &str) -> Option<String> {
    let unsigned = number.trim_start_matches(['+', '-']);
    let whole = unsigned
        .split_once('.')
        .map_or(unsigned, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let has_groups = whole.contains(',');
    let are_thousands = groups.all(|group| group.len() == 3) && (1..=3).contains(&first.len());
    let text = number.replace(',', "");
    ((!has_groups || are_thousands) && text.parse::<f64>().is_ok()).then_some(text)
}

/// All codes of a column, whatever the term.
pub(super) fn codes(column: &ColumnContract) -> BTreeSet<String> {
    let by_term = column.codes.by_term.values().flat_map(BTreeMap::keys);
    column.codes.always.keys().chain(by_term).cloned().collect()
}

/// Codes by their Japanese labels; what means one code in one term and another in another is not among them.
fn labels(column: &ColumnContract) -> BTreeMap<String, String> {
    let lists = std::iter::once(&column.codes.always).chain(column.codes.by_term.values());
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (code, label) in lists.flatten() {
        let words = found.entry(plain(japanese_of(label))).or_default();
        words.insert(code.clone());
    }
    let single = found.into_iter().filter(|(_, codes)| codes.len() == 1);
    single
        .filter_map(|(label, codes)| Some((label, codes.into_iter().next()?)))
        .collect()
}

/// `yes はい` → `はい`.
fn japanese_of(label: &str) -> &str {
    let first = label.find(|c: char| !c.is_ascii()).unwrap_or(label.len());
    let begin = label[..first].rfind(' ').map_or(0, |at| at + 1);
    &label[begin..]
}
