//! How well a header and its values fit a column of a contract.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::header::plain;
use super::header_rules::{HeaderForms, HeaderRules, Rank};
use super::source_mapping::ColumnSource;
use super::value::{Read, ValueReader, codes};
use crate::contract::{ColumnContract, ColumnType, TableContract};
use crate::diagnostic::SourceLocation;

/// A header that is named in rules with decorations, as `8.喫煙(R06)`.
pub(super) const DECORATED: f64 = 0.95;
/// A header that holds a name that is known.
const HOLDS_NAME: f64 = 0.75;
/// Similarity of two names from which they count as similar.
const SIMILAR: f64 = 0.6;
/// Most words of a column that are listed.
const MOST_WORDS: usize = 12;
/// Longest word that is listed, in characters.
const LONGEST_WORD: usize = 20;

/// How well a header's name fits a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NameFit {
    /// From 0 to 1; 1 for a name that is known.
    pub(super) score: f64,
    /// Place in the order of preference among headers of one column.
    pub(super) rank: usize,
    /// Whether it is the day after that is written.
    pub(super) is_day_after: bool,
}

/// What the values under a header are to a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ValueFit {
    /// Values that are no words for missing ones.
    pub(super) n_values: u64,
    /// Of these, those that the contract accepts.
    pub(super) n_accepted: u64,
    /// Words of a coded column that mean no code, where they are few.
    pub(super) unknown_words: Vec<String>,
}

impl ValueFit {
    /// The accepted share; 1 without values.
    pub(super) fn share(&self) -> f64 {
        match self.n_values {
            0 => 1.0,
            #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
            n => self.n_accepted as f64 / n as f64,
        }
    }
}

/// A column of a contract with its names in plain form.
#[derive(Debug)]
pub(super) struct NamedColumn<'c> {
    pub(super) column: &'c ColumnContract,
    own_names: Vec<String>,
}

impl<'c> NamedColumn<'c> {
    pub(super) fn new(column: &'c ColumnContract) -> Self {
        let names = [&column.name, &column.name_ja];
        let names = names.into_iter().chain(&column.item_codes);
        Self {
            own_names: names.map(|name| plain(name)).collect(),
            column,
        }
    }

    /// How well a header names it where it is a known name; `None` where it is not.
    pub(super) fn known_fit(&self, header: &HeaderForms, rules: &HeaderRules) -> Option<NameFit> {
        let own = rules.column(&self.column.name);
        let fit = |rank: Rank, before: usize, is_day_after: bool| NameFit {
            score: if rank.form == 0 { 1.0 } else { DECORATED },
            rank: before + rank.place,
            is_day_after,
        };
        let candidates = [
            header.rank(&self.own_names).map(|rank| fit(rank, 0, false)),
            header
                .rank(&own.headers)
                .map(|rank| fit(rank, self.own_names.len(), false)),
            header.rank(&own.day_before).map(|rank| fit(rank, 0, true)),
        ];
        // Of equal ones the first.
        let best = candidates.into_iter().flatten().rev();
        best.max_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// How well a header names it; `None` where it does not.
    pub(super) fn fit(&self, header: &HeaderForms, rules: &HeaderRules) -> Option<NameFit> {
        self.known_fit(header, rules).or_else(|| {
            if header.is_exception {
                return None;
            }
            let names = self
                .own_names
                .iter()
                .chain(&rules.column(&self.column.name).headers);
            Some(NameFit {
                score: similarity(header.all.last()?, names)?,
                rank: usize::MAX,
                is_day_after: false,
            })
        })
    }
}

/// How similar a header is to one of `names` that it is not.
fn similarity<'n>(header: &str, names: impl Iterator<Item = &'n String>) -> Option<f64> {
    let n_header = header.chars().count();
    let score = names.map(|name| {
        let n_name = name.chars().count();
        let (shorter, longer) = (n_name.min(n_header), n_name.max(n_header));
        let is_inside = shorter >= 3
            && !name.is_ascii()
            && (header.contains(name.as_str()) || shorter >= 5 && name.contains(header));
        #[expect(clippy::cast_precision_loss, reason = "lengths of names")]
        let inside = match is_inside {
            // The more of the longer one it is, the surer.
            true => HOLDS_NAME + 0.1 * shorter as f64 / longer as f64,
            false => 0.0,
        };
        let alike = strsim::sorensen_dice(header, name);
        let alike = if shorter >= 3 && alike >= SIMILAR {
            alike * 0.9
        } else {
            0.0
        };
        alike.max(inside)
    });
    score.max_by(f64::total_cmp).filter(|score| *score > 0.0)
}

/// What `values` are to `column`.
pub(super) fn value_fit<'v>(
    values: impl Iterator<Item = &'v str>,
    (column, contract, rules): (&ColumnContract, &TableContract, &HeaderRules),
    days: i64,
) -> ValueFit {
    let nowhere = SourceLocation {
        file: std::path::PathBuf::new(),
        line: 1,
        column: 1,
    };
    let source = ColumnSource {
        days,
        ..ColumnSource::of_headers(Vec::new(), nowhere)
    };
    let mut reader = ValueReader::new(column, contract, (rules, &[]), &source);
    let known = codes(column);
    let mut fit = ValueFit::default();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for raw in values {
        let Read::Value(value) = reader.read(raw) else {
            continue;
        };
        fit.n_values += 1;
        if accepts(column, &known, &value) {
            fit.n_accepted += 1;
        } else if !known.is_empty() && unknown.len() <= MOST_WORDS {
            unknown.insert(match value {
                Cow::Borrowed(text) => text.to_owned(),
                Cow::Owned(text) => text,
            });
        }
    }
    // What is long or has many values is no code, and may identify a person.
    let are_words = unknown.len() <= MOST_WORDS
        && unknown
            .iter()
            .all(|word| word.chars().count() <= LONGEST_WORD);
    if are_words {
        fit.unknown_words = unknown.into_iter().collect();
    }
    fit
}

/// Whether a contract's column takes a text that was made for it.
fn accepts(column: &ColumnContract, codes: &BTreeSet<String>, value: &str) -> bool {
    let in_range = |number: f64| {
        column.min.is_none_or(|min| number >= min) && column.max.is_none_or(|max| number <= max)
    };
    match column.data_type {
        _ if !codes.is_empty() => codes.contains(value),
        ColumnType::Int8 | ColumnType::Int16 | ColumnType::Int32 | ColumnType::Int64 => {
            let number = value.parse::<f64>().ok();
            number.is_some_and(|number| number.fract() == 0.0 && in_range(number))
        }
        ColumnType::Float64 => value.parse::<f64>().is_ok_and(in_range),
        ColumnType::Boolean => matches!(value, "true" | "false" | "1" | "0"),
        ColumnType::Date => {
            value.len() == 10 && chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d").is_ok()
        }
        ColumnType::Month => value.len() == 6 && value.parse::<f64>().is_ok_and(in_range),
        ColumnType::Token => value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()),
        ColumnType::String => column.pattern_digits.is_none_or(|digits| {
            value.len() == digits && value.bytes().all(|byte| byte.is_ascii_digit())
        }),
    }
}
