//! The rating scale (`rules/ratings.toml`): how the change of an indicator since its baseline year is rated.

use super::error::EvaluationError;
use crate::toml_reader::TomlTable;

/// The file of the rating scale, in the project's folder.
pub const RATINGS_FILE: &str = "rules/ratings.toml";

/// Words of ratings, and what decides between them.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingScale {
    /// Confidence level of the test whether an indicator has changed.
    pub level: f64,
    /// The relative change that counts where no standard error is known.
    pub relative_change: f64,
    /// The words for each outcome, by its name.
    pub words: Vec<(&'static str, String)>,
}

const OUTCOMES: [&str; 6] = [
    "reached",
    "on_course",
    "behind",
    "unchanged",
    "worse",
    "not_ratable",
];

pub(super) fn read(table: &TomlTable<'_>) -> Result<RatingScale, EvaluationError> {
    table.check_keys(&["level", "relative_change", "words"])?;
    let between = |key: &str| -> Result<f64, EvaluationError> {
        let item = table.require(key)?;
        let number = item.number()?;
        match number > 0.0 && number < 1.0 {
            true => Ok(number),
            false => Err(item.wrong("a number between 0 and 1").into()),
        }
    };
    let words = table.require("words")?.table()?;
    words.check_keys(&OUTCOMES)?;
    let word = |outcome: &&'static str| Ok((*outcome, words.required(outcome)?));
    Ok(RatingScale {
        level: between("level")?,
        relative_change: between("relative_change")?,
        words: OUTCOMES
            .iter()
            .map(word)
            .collect::<Result<_, EvaluationError>>()?,
    })
}
