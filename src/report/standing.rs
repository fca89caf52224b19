//! What may be said when two levels are set beside each other: better, worse, or no difference that chance does not explain.
//! Differences that chance explains are never given a direction.

use korabo_estimators::inference::normal_quantile;

use super::results::{StandardisedLevel, TrendPoint};
use super::text::Lang;
use crate::disclosure::{Count, Level};
use crate::vocabulary::Better;

/// How a level stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Better, beyond chance.
    Better,
    /// Worse, beyond chance.
    Worse,
    /// Different, beyond chance, of an indicator without a good side.
    Apart,
    /// No difference beyond chance.
    Alike,
    /// Not known: a number is missing or withheld.
    Unknown,
}

impl Standing {
    /// A sign that is read without colour.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Better => "▲",
            Self::Worse => "▼",
            Self::Apart => "◆",
            Self::Alike => "＝",
            Self::Unknown => "－",
        }
    }

    /// The sign in words.
    pub(crate) fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Better => lang.pick("良い", "better"),
            Self::Worse => lang.pick("悪い", "worse"),
            Self::Apart => lang.pick("違う", "different"),
            Self::Alike => lang.pick("差があるとは言えない", "no clear difference"),
            Self::Unknown => lang.pick("比べられない", "not compared"),
        }
    }

    /// The class that colours it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Apart => "changed",
            Self::Alike => "alike",
            Self::Unknown => "missing",
        }
    }

    fn of(difference: f64, error: f64, better: Better, n_together: usize) -> Self {
        if !difference.is_finite() || !error.is_finite() {
            return Self::Unknown;
        }
        if difference.abs() <= critical(n_together) * error {
            return Self::Alike;
        }
        match (better, difference > 0.0) {
            (Better::Neither, _) => Self::Apart,
            (Better::Higher, true) | (Better::Lower, false) => Self::Better,
            _ => Self::Worse,
        }
    }
}

/// How many errors a difference must have when so many are looked at together (Bonferroni, 95 %).
fn critical(n_together: usize) -> f64 {
    let n = u32::try_from(n_together.max(1)).unwrap_or(u32::MAX);
    normal_quantile(1.0 - 0.025 / f64::from(n))
}

/// A standardised level against a published figure, which has no error.
pub(crate) fn against_published(
    level: &Level<StandardisedLevel>,
    published: Option<f64>,
    better: Better,
    n_together: usize,
) -> Standing {
    match (level.numbers, published) {
        (Some(own), Some(published)) => {
            let error = own.std_error.unwrap_or(f64::NAN);
            Standing::of(own.value - published, error, better, n_together)
        }
        _ => Standing::Unknown,
    }
}

/// A standardised level against that of all, each with its error.
pub(crate) fn against_level(
    own: StandardisedLevel,
    all: StandardisedLevel,
    better: Better,
    n_together: usize,
) -> Standing {
    let error = own
        .std_error
        .zip(all.std_error)
        .map_or(f64::NAN, |(own, all)| own.hypot(all));
    Standing::of(own.value - all.value, error, better, n_together)
}

/// The last year of a trend against the first one that it may be compared with; the years must differ.
pub(crate) fn since_first(
    points: &[TrendPoint],
    better: Better,
    n_together: usize,
) -> Option<Change> {
    let last = points.iter().rev().find(|point| numbers(point).is_some())?;
    let is_comparable = |point: &&TrendPoint| {
        point.series == last.series && point.year < last.year && numbers(point).is_some()
    };
    let first = points.iter().find(is_comparable)?;
    let (from, to) = (numbers(first)?, numbers(last)?);
    let error = from
        .std_error
        .zip(to.std_error)
        .map_or(f64::NAN, |(a, b)| a.hypot(b));
    Some(Change {
        from_year: first.year,
        to_year: last.year,
        difference: to.value - from.value,
        error,
        standing: Standing::of(to.value - from.value, error, better, n_together),
    })
}

/// A change over years.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    pub(crate) from_year: i64,
    pub(crate) to_year: i64,
    pub(crate) difference: f64,
    pub(crate) error: f64,
    pub(crate) standing: Standing,
}

impl Change {
    /// This change against another, as that of a place against that of all.
    pub(crate) fn against(self, other: Self, better: Better, n_together: usize) -> Standing {
        let error = self.error.hypot(other.error);
        Standing::of(
            self.difference - other.difference,
            error,
            better,
            n_together,
        )
    }
}

fn numbers(point: &TrendPoint) -> Option<StandardisedLevel> {
    point.level.value().numbers
}

/// A share of a part against that of the whole that holds it.
pub(crate) fn part_of_whole(
    part: &Level<f64>,
    whole: &Level<f64>,
    better: Better,
    n_together: usize,
) -> Standing {
    let known = |level: &Level<f64>| level.numbers.zip(shown(level.n));
    match (known(part), known(whole)) {
        (Some((own, n_own)), Some((all, n_all))) if n_all > n_own => {
            let error = (all * (1.0 - all) * (1.0 / n_own - 1.0 / n_all))
                .max(0.0)
                .sqrt();
            Standing::of(own - all, error, better, n_together)
        }
        _ => Standing::Unknown,
    }
}

fn shown(n: Count) -> Option<f64> {
    let n = n.shown().filter(|n| *n > 0)?;
    u32::try_from(n).ok().map(f64::from)
}
