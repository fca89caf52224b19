//! Cells of forms: numbers as numbers with the format of their unit, rounded to what is shown, so that a file says no more than a page.

use crate::disclosure::{Count, DisclosureRules};
use crate::report::text::{Lang, magnitude, scaled, unit_name};
use crate::vocabulary::Unit;

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// To be filled in by hand.
    Blank,
    /// Words.
    Text(String),
    /// A number with Excel's format for it.
    Number {
        /// The number, rounded to what the format shows.
        value: f64,
        /// The format.
        format: String,
    },
    /// A dash, and why.
    Dash(String),
}

/// Longest unit that a format names.
const MAX_SUFFIX: usize = 40;

impl Cell {
    pub(super) fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    pub(super) fn dash(reason: impl Into<String>) -> Self {
        Self::Dash(reason.into())
    }

    /// What small-cell control hides.
    pub(super) fn withheld(rules: DisclosureRules) -> Self {
        let least = rules.min_count;
        Self::Dash(format!(
            "少人数（{least}人未満）か、少人数がわかってしまうため示さない"
        ))
    }

    /// A count of persons.
    pub(super) fn persons(n: Count, rules: DisclosureRules) -> Self {
        match n {
            Count::Shown(n) => Self::counted(n, "人"),
            Count::Suppressed | Count::Withheld => Self::withheld(rules),
        }
    }

    /// A count of things that are no persons.
    pub(super) fn counted(n: u64, unit: &str) -> Self {
        Self::number(n as f64, 0, |digits| format!("{digits}{}", quoted(unit)))
    }

    /// A level in an indicator's unit.
    pub(super) fn level(value: f64, unit: &Unit) -> Self {
        if *unit == Unit::Share {
            return Self::share(value);
        }
        let suffix = quoted(&unit_name(unit, Lang::Ja));
        Self::number(value, decimals(value, unit), |digits| {
            format!("{digits}{suffix}")
        })
    }

    /// A share from 0 to 1.
    pub(super) fn share(value: f64) -> Self {
        Self::number(value, 3, |_| "0.0%".to_owned())
    }

    /// A difference in an indicator's unit, with its sign; of shares in points.
    pub(super) fn change(value: f64, unit: &Unit) -> Self {
        let suffix = quoted(&unit_name(unit, Lang::Ja));
        let decimals = decimals(value, unit);
        Self::number(scaled(value, unit), decimals, |digits| {
            format!("+{digits}{suffix};-{digits}{suffix};\"±\"{digits}{suffix}")
        })
    }

    /// A size in an indicator's unit, without sign; of shares in points.
    pub(super) fn size(value: f64, unit: &Unit) -> Self {
        let suffix = quoted(&unit_name(unit, Lang::Ja));
        Self::number(scaled(value, unit), decimals(value, unit), |digits| {
            format!("{digits}{suffix}")
        })
    }

    /// Yen.
    pub(super) fn yen(value: f64) -> Self {
        Self::number(value, 0, |digits| format!("{digits}{}", quoted("円")))
    }

    /// Hours.
    pub(super) fn hours(value: f64) -> Self {
        Self::number(value, 0, |digits| format!("{digits}{}", quoted("時間")))
    }

    /// A fiscal year.
    pub(super) fn year(year: i64) -> Self {
        Self::number(year as f64, 0, |_| format!("0{}", quoted("年度")))
    }

    fn number(value: f64, decimals: usize, format: impl Fn(&str) -> String) -> Self {
        if !value.is_finite() {
            return Self::dash("計算できない");
        }
        let digits = match decimals {
            0 => "#,##0".to_owned(),
            _ => format!("#,##0.{}", "0".repeat(decimals)),
        };
        Self::Number {
            value: rounded(value, decimals),
            format: format(&digits),
        }
    }
}

/// Decimals that pages show of a value.
fn decimals(value: f64, unit: &Unit) -> usize {
    let shown = magnitude(value, unit);
    shown.split_once('.').map_or(0, |(_, rest)| rest.len())
}

/// To so many decimals; zero has no sign.
fn rounded(value: f64, decimals: usize) -> f64 {
    let text = format!("{value:.decimals$}");
    text.parse().map_or(value, |rounded: f64| rounded + 0.0)
}

/// Words in a format of Excel's, without what would end them or spoil the file.
fn quoted(words: &str) -> String {
    let is_short = words.chars().count() <= MAX_SUFFIX;
    let may_stand = |c: &char| !c.is_control() && !matches!(c, '"' | '\\');
    let words: String = words.chars().filter(may_stand).collect();
    match words.is_empty() || !is_short {
        true => String::new(),
        false => format!("\"{words}\""),
    }
}
