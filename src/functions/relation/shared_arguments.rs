//! Arguments that several relations take, and how they are read.

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;

pub(super) const OUTCOME: ArgumentDefinition = optional(
    "outcome",
    ArgumentKind::Column(ColumnRole::Number),
    "what is measured: a number or a yes/no",
);
pub(super) const OUTCOMES: ArgumentDefinition = optional(
    "outcomes",
    ArgumentKind::Columns(ColumnRole::Number),
    "several outcomes in place of `outcome`, e.g. [bmi, sbp]: the input is read once, and rows get the column `outcome`",
);
pub(super) const BY: ArgumentDefinition = optional(
    "by",
    ArgumentKind::Columns(ColumnRole::Label),
    "columns like [sex, age_band]: besides the whole input, one estimate from the rows of each level of each column; rows \
     get the columns `by` and `level`, which are NULL for the whole",
);
pub(super) const UNIT: ArgumentDefinition = required("unit", ColumnRole::Label, "the person");
pub(super) const TIME: ArgumentDefinition =
    required("time", ColumnRole::Period, "the period, a whole number");
pub(super) const COHORT: ArgumentDefinition = required(
    "cohort",
    ColumnRole::Cohort,
    "period of first exposure; NULL = never exposed",
);

/// Seed of the band when a call gives none.
const DEFAULT_SEED: u64 = 20_160_401;

/// The confidence level, between 0 and 1.
pub(super) fn level(bound: &BoundArguments) -> Result<f64, ArgumentProblem> {
    let level = bound.number("level", 0.95);
    if level > 0.0 && level < 1.0 {
        return Ok(level);
    }
    Err(ArgumentProblem::Invalid {
        name: "level",
        message: "must lie between 0 and 1".to_owned(),
    })
}

/// The seed of bands and bootstraps.
pub(super) fn seed(bound: &BoundArguments) -> u64 {
    bound
        .integer("seed")
        .map_or(DEFAULT_SEED, i64::cast_unsigned)
}

/// The ends of the argument `window`, like `'-4..5'`; either may be left out.
pub(super) fn window(
    bound: &BoundArguments,
) -> Result<(Option<i32>, Option<i32>), ArgumentProblem> {
    window_of("window", bound.text("window", ".."))
}

/// The ends of an argument like `window`.
pub(super) fn window_of(
    name: &'static str,
    text: &str,
) -> Result<(Option<i32>, Option<i32>), ArgumentProblem> {
    let wrong = || ArgumentProblem::Invalid {
        name,
        message: "must be two event times like '-4..5', the first not after the last".to_owned(),
    };
    let end = |text: &str| match text.trim() {
        "" => Ok(None),
        number => number.parse::<i32>().map(Some).map_err(|_| wrong()),
    };
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    match (end(first)?, end(last)?) {
        (Some(first), Some(last)) if first > last => Err(wrong()),
        ends => Ok(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::window_of;

    #[test]
    fn windows_are_read_or_refused() {
        for (text, ends) in [
            ("-4..5", (Some(-4), Some(5))),
            (" -3 .. -3 ", (Some(-3), Some(-3))),
            ("..2", (None, Some(2))),
            ("0..", (Some(0), None)),
            ("..", (None, None)),
        ] {
            assert_eq!(window_of("window", text), Ok(ends), "{text}");
        }
        for text in ["", "3", "5..4", "a..b", "1..2..3", "0.5..2"] {
            assert!(window_of("window", text).is_err(), "{text}");
        }
    }
}
