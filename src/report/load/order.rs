//! The order in which a report shows fields, indicators, populations and estimators.

use crate::vocabulary::Vocabulary;

/// Estimators from the most naive to the causal one; what a project adds comes last.
pub(super) fn estimator_rank(estimator: &str) -> usize {
    const ORDER: [&str; 8] = [
        "before_after",
        "participants_vs_non",
        "twfe",
        "callaway_santanna",
        "doubly_robust",
        "unadjusted",
        "did_imputation",
        "sun_abraham",
    ];
    let place = ORDER.iter().position(|name| *name == estimator);
    place.unwrap_or(ORDER.len())
}

/// Fields in the order of the project's file, each with its primary indicator first, employees before others; what no file knows
/// comes last.
pub(super) fn rank(
    vocabulary: &Vocabulary,
    field: &str,
    indicator: &str,
    population: &str,
    is_primary: bool,
) -> (usize, bool, bool, String) {
    let fields = &vocabulary.fields;
    let place = fields.iter().position(|known| known.name == field);
    (
        place.unwrap_or(fields.len()),
        population != "employees",
        !is_primary,
        indicator.to_owned(),
    )
}
