//! Values that identify persons whatever their column is called: looked for in the texts of a delivery before it leaves.

use std::collections::BTreeMap;
use std::fmt;

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use korabo_formats::normalise;

use crate::contract::{ColumnType, TableContract};

/// Values of a kind, of a hundred, from which a column holds that kind.
const SHARE_PERCENT: usize = 5;
/// Fewest values of a kind.
const FEWEST: usize = 2;

/// What values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentifyingContent {
    /// Names in kana or kanji, two words.
    Name,
    /// Addresses.
    Address,
    /// Numbers of telephones.
    Phone,
    /// Addresses of mail.
    Mail,
    /// Twelve digits, the last of which checks the others as in an Individual Number (個人番号).
    IndividualNumber,
    /// Digits of payment cards, which check themselves.
    Card,
}

impl fmt::Display for IdentifyingContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "names",
            Self::Address => "addresses",
            Self::Phone => "telephone numbers",
            Self::Mail => "mail addresses",
            Self::IndividualNumber => "Individual Numbers (個人番号)",
            Self::Card => "card numbers",
        })
    }
}

/// Counts what the free texts of a table look like.
#[derive(Debug, Default)]
pub(super) struct ContentWatch {
    /// By column: texts, and those of each kind.
    columns: BTreeMap<String, (usize, BTreeMap<IdentifyingContent, usize>)>,
}

impl ContentWatch {
    /// Looks at a batch with the columns of `contract`.
    pub(super) fn look(&mut self, batch: &RecordBatch, contract: &TableContract) {
        for column in &contract.columns {
            // A list of codes or digits holds nothing else.
            let is_free = column.data_type == ColumnType::String
                && column.codes.is_unrestricted()
                && column.pattern_digits.is_none();
            let array = batch.column_by_name(&column.name).filter(|_| is_free);
            let Some(texts) = array.and_then(|array| array.as_string_opt::<i32>()) else {
                continue;
            };
            let (n, kinds) = self.columns.entry(column.name.clone()).or_default();
            for row in 0..texts.len() {
                if texts.is_valid(row) {
                    *n += 1;
                    if let Some(kind) = kind_of(texts.value(row)) {
                        *kinds.entry(kind).or_default() += 1;
                    }
                }
            }
        }
    }

    /// A column that holds what identifies persons, and what that is.
    pub(super) fn found(&self) -> Option<(&str, IdentifyingContent)> {
        self.columns.iter().find_map(|(column, (n, kinds))| {
            let mut kinds = kinds.iter();
            let (kind, _) =
                kinds.find(|(_, own)| **own >= FEWEST && **own * 100 >= n * SHARE_PERCENT)?;
            Some((column.as_str(), *kind))
        })
    }
}

/// What a text looks like.
fn kind_of(raw: &str) -> Option<IdentifyingContent> {
    let text = normalise::text(raw);
    if let Some((name, host)) = text.split_once('@')
        && !name.is_empty()
        && host.contains('.')
    {
        return Some(IdentifyingContent::Mail);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '(' | ')' | '+'));
    if is_number && !digits.is_empty() {
        return kind_of_digits(&text, &digits);
    }
    if is_address(&text) {
        return Some(IdentifyingContent::Address);
    }
    is_name(&text).then_some(IdentifyingContent::Name)
}

fn kind_of_digits(text: &str, digits: &str) -> Option<IdentifyingContent> {
    let has_signs = text.len() > digits.len();
    match digits.len() {
        10 | 11 if digits.starts_with('0') && (has_signs || digits.len() == 11) => {
            Some(IdentifyingContent::Phone)
        }
        12 if is_individual_number(digits) => Some(IdentifyingContent::IndividualNumber),
        14..=16 if passes_luhn(digits) && !digits.bytes().all(|byte| byte == b'0') => {
            Some(IdentifyingContent::Card)
        }
        _ => None,
    }
}

/// The check digit of the Individual Number: order of the ministry on 個人番号 (平成26年総務省令第85号), article 5.
fn is_individual_number(digits: &str) -> bool {
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let (Some(check), true) = (values.last(), values.len() == 12) else {
        return false;
    };
    if values.iter().all(|value| value == check) {
        return false;
    }
    // From the right, the check digit left out: weights 2 to 7, then 2 to 6.
    let weights = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6];
    let sum: u32 = values[..11]
        .iter()
        .rev()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum();
    let expected = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    expected == *check
}

fn passes_luhn(digits: &str) -> bool {
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = values
        .enumerate()
        .map(|(place, value)| match place % 2 {
            0 => value,
            _ if value > 4 => value * 2 - 9,
            _ => value * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_address(text: &str) -> bool {
    let place = |signs: [char; 4]| text.find(signs);
    let (Some(first), Some(last)) = (
        place(['都', '道', '府', '県']),
        place(['市', '区', '町', '村']),
    ) else {
        return false;
    };
    let has_number = text.chars().any(|c| c.is_ascii_digit()) || text.contains("丁目");
    first < last && has_number
}

/// Two words, both of kanji or both of kana, as `山田 太郎`.
fn is_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let [family, given] = words.as_slice() else {
        return false;
    };
    let all = |is_it: fn(char) -> bool| {
        [family, given]
            .iter()
            .all(|word| (1..=6).contains(&word.chars().count()) && word.chars().all(is_it))
    };
    all(|c| matches!(c, '\u{4e00}'..='\u{9fff}' | '々'))
        || all(|c| matches!(c, 'ァ'..='ヺ' | 'ー' | 'ぁ'..='ゖ'))
}

#[cfg(test)]
mod tests {
    use super::{IdentifyingContent as Kind, kind_of};

    #[test]
    fn what_identifies_is_told_from_what_does_not() {
        for (text, kind) in [
            ("山田 太郎", Kind::Name),
            ("ﾔﾏﾀﾞ ﾀﾛｳ", Kind::Name),
            ("東京都千代田区一番町1-2-3", Kind::Address),
            ("03-1234-5678", Kind::Phone),
            ("０９０１２３４５６７８", Kind::Phone),
            ("taro@example.jp", Kind::Mail),
            // An invented number with a right check digit.
            ("123456789018", Kind::IndividualNumber),
            ("4111 1111 1111 1111", Kind::Card),
        ] {
            assert_eq!(kind_of(text), Some(kind), "{text}");
        }
        for text in [
            "site_0001",
            "E001",
            "123456789012",
            "000000000000",
            "本社",
            "東京都",
            "202404",
            "4111111111111112",
            "1234567890",
            "a@b",
        ] {
            assert_eq!(kind_of(text), None, "{text}");
        }
    }
}
