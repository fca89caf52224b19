//! Numbers of the report, in its languages. Its fixed wording is in `wording`, names of fields and indicators are in `names`; the
//! sentence about one effect is made in `sentence`.

use std::borrow::Cow;

use crate::disclosure::{Count, DisclosureRules};
pub use crate::vocabulary::Lang;
use crate::vocabulary::Unit;

/// A whole number with thousands separators.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count as it may be read: the number, `<10`, or a dash for a withheld cell.
#[must_use]
pub fn count(count: Count, rules: DisclosureRules) -> String {
    match count {
        Count::Shown(n) => grouped(n),
        Count::Suppressed => format!("<{}", rules.min_count),
        Count::Withheld => "—".to_owned(),
    }
}

/// A count in a narrow place: `1.2万` or `12k` from ten thousand on.
#[must_use]
pub fn short_count(n: Count, rules: DisclosureRules, lang: Lang) -> String {
    match n {
        Count::Shown(n) if n >= 10_000 => match lang {
            Lang::Ja => format!("{}.{}万", n / 10_000, n % 10_000 / 1_000),
            Lang::En => format!("{}k", grouped(n / 1_000)),
        },
        other => count(other, rules),
    }
}

/// A share from 0 to 1 as per cent with one decimal.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A number in an indicator's unit, without sign and without the unit's name.
#[must_use]
pub fn magnitude(value: f64, unit: &Unit) -> String {
    let value = scaled(value, unit).abs();
    let text = format!("{value:.*}", decimals(unit, value));
    match text.split_once('.') {
        None => group_digits(&text),
        Some((whole, rest)) => format!("{}.{rest}", group_digits(whole)),
    }
}

/// A number in an indicator's unit with its sign (`+`, `−`, or `±` for a rounded zero).
#[must_use]
pub fn signed(value: f64, unit: &Unit) -> String {
    let text = magnitude(value, unit);
    let is_zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    match (is_zero, value < 0.0) {
        (true, _) => format!("±{text}"),
        (false, true) => format!("−{text}"),
        (false, false) => format!("+{text}"),
    }
}

/// The value on the scale in which the unit is printed (shares in percentage points).
#[must_use]
pub fn scaled(value: f64, unit: &Unit) -> f64 {
    if *unit == Unit::Share {
        value * 100.0
    } else {
        value
    }
}

/// The unit's name after a number, with the space it needs; differences of shares are points.
#[must_use]
pub fn unit_name(unit: &Unit, lang: Lang) -> Cow<'_, str> {
    Cow::Borrowed(match unit {
        Unit::Share => lang.pick("ポイント", " percentage points"),
        Unit::Kilogram => " kg",
        Unit::Centimetre => " cm",
        Unit::KilogramPerSquareMetre => " kg/m²",
        Unit::MillimetreOfMercury => " mmHg",
        Unit::MilligramPerDecilitre => " mg/dL",
        Unit::Percent => "%",
        Unit::Yen => lang.pick("円", " yen"),
        Unit::Day => lang.pick("日", " days"),
        Unit::Claim => lang.pick("件", " claims"),
        Unit::Score | Unit::SmallScore => lang.pick("点", " points"),
        Unit::Other(word) => return Cow::Owned(format!(" {word}")),
        Unit::Bare => "",
    })
}

/// The unit's name in a heading or on an axis.
#[must_use]
pub fn unit_heading(unit: &Unit, lang: Lang) -> Cow<'_, str> {
    match unit {
        Unit::Share => Cow::Borrowed(lang.pick("ポイント", "pp")),
        other => Cow::Owned(unit_name(other, lang).trim_start().to_owned()),
    }
}

/// A level in an indicator's unit: a share as per cent, a number with its unit.
#[must_use]
pub fn level(value: f64, unit: &Unit, lang: Lang) -> String {
    match unit {
        Unit::Share => percent(value),
        _ => {
            let sign = if value < 0.0 { "−" } else { "" };
            format!("{sign}{}{}", magnitude(value, unit), unit_name(unit, lang))
        }
    }
}

/// A range on one line: nothing breaks at its ends.
#[must_use]
pub fn range(low: f64, high: f64, unit: &Unit, lang: Lang) -> String {
    joined(&signed(low, unit), &signed(high, unit), lang)
}

/// Two numbers as a range on one line.
#[must_use]
pub fn joined(low: &str, high: &str, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{low}{JOINER}～{JOINER}{high}"),
        Lang::En => format!("{low}{NO_BREAK}to{NO_BREAK}{high}"),
    }
}

/// Forbids a line break where it stands.
const JOINER: char = '\u{2060}';
/// A space at which no line breaks.
const NO_BREAK: char = '\u{a0}';

/// A sum of money with three digits that mean something.
#[must_use]
pub fn yen(value: f64, lang: Lang) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    let (unit, ja, en) = match (size, lang) {
        (1e8.., Lang::Ja) => (1e8, "億円", ""),
        (1e5.., Lang::Ja) => (1e4, "万円", ""),
        (1e6.., Lang::En) => (1e6, "", " million"),
        _ => (1.0, "円", ""),
    };
    let digits = three_digits(size / unit);
    match lang {
        Lang::Ja => format!("{sign}{digits}{ja}"),
        Lang::En => format!("{sign}¥{digits}{en}"),
    }
}

/// A number rounded to three digits; whole ones up to a thousand stay as they are.
fn three_digits(size: f64) -> String {
    let decimals = match size {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let step = match size {
        10_000.0.. => 100.0,
        1_000.0.. => 10.0,
        _ => return format!("{size:.decimals$}"),
    };
    group_digits(&format!("{:.0}", (size / step).round() * step))
}

/// A fiscal year.
#[must_use]
pub fn fiscal_year(year: i64, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{year}年度"),
        Lang::En => format!("FY{year}"),
    }
}

/// Words in a row.
#[must_use]
pub fn list(words: &[String], lang: Lang) -> String {
    match lang {
        Lang::Ja => words.join("、"),
        Lang::En => words.join(", "),
    }
}

fn decimals(unit: &Unit, value: f64) -> usize {
    match unit {
        Unit::Yen => 0,
        Unit::Share | Unit::Score | Unit::MillimetreOfMercury | Unit::MilligramPerDecilitre => 1,
        Unit::Percent => 3,
        Unit::Kilogram
        | Unit::Centimetre
        | Unit::KilogramPerSquareMetre
        | Unit::Day
        | Unit::Claim
        | Unit::SmallScore => 2,
        Unit::Other(_) | Unit::Bare if value >= 100.0 => 0,
        Unit::Other(_) | Unit::Bare if value >= 10.0 => 1,
        Unit::Other(_) | Unit::Bare if value >= 1.0 => 2,
        Unit::Other(_) | Unit::Bare => 3,
    }
}

fn group_digits(whole: &str) -> String {
    whole.parse().map_or_else(|_| whole.to_owned(), grouped)
}
