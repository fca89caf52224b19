//! The event study with the influence of each cluster on it, for comparisons with other estimates.

use std::borrow::Cow;

use crate::error::EstimatorError;
use crate::estimate::{check_level, rounding_error};
use crate::group_time::sample::Sample;
use crate::inference::Inference;
use crate::inference::cluster_influence::ClusterInfluence;
use crate::panel::table::{OutcomeTable, Panel};
use crate::sun_abraham::averages::{Average, Averages, Family};
use crate::sun_abraham::design::Design;
use crate::sun_abraham::effects::{SunAbrahamOptions, SunAbrahamResult};
use crate::sun_abraham::event_study::{AT_ONCE, laid_out, selection};
use crate::sun_abraham::fit::{Fit, coefficients};
use crate::sun_abraham::inference::{Bands, Summary};
use crate::sun_abraham::scores::Scores;
use crate::sun_abraham::unit_rows::Columns;

/// The event study of one outcome, and what each cluster contributes to its errors.
#[derive(Debug, Clone)]
pub struct SunAbrahamInfluence {
    /// The event study.
    pub result: SunAbrahamResult,
    /// The influence on the overall number, then on each event time of the result.
    pub influence: ClusterInfluence,
    /// Standard errors up to this size are rounding.
    pub rounding: f64,
}

/// [`sun_abraham_outcomes`](super::sun_abraham_outcomes) with the influence of the clusters; `keys` are the panel's
/// ([`unit_keys`](crate::panel::unit_keys)). The influence of a cluster is c'A Σs, with s the scores of its units, A the inverse of the
/// normal equations and c the average; it has no small-sample factor, which the errors of the result have.
///
/// # Errors
/// As [`sun_abraham_outcomes`](super::sun_abraham_outcomes), and [`EstimatorError::LengthMismatch`] for keys of another panel.
pub fn sun_abraham_influence_outcomes(
    panel: &Panel,
    keys: &[i64],
    others: &[OutcomeTable],
    options: &SunAbrahamOptions,
) -> Result<Vec<SunAbrahamInfluence>, EstimatorError> {
    check_level(options.level)?;
    let options = &SunAbrahamOptions {
        inference: Inference::Analytic,
        ..*options
    };
    if keys.len() != panel.n_units() {
        return Err(EstimatorError::LengthMismatch {
            column: "keys".to_owned(),
            found: keys.len(),
            expected: panel.n_units(),
        });
    }
    let sample = Sample::select(panel, &selection(panel, options)?)?;
    let keys: Vec<i64> = (0..sample.n_units)
        .map(|unit| keys[sample.panel_unit(unit)])
        .collect();
    let (first, rest) = others.split_at(others.len().min(AT_ONCE - 1));
    let mut outcomes = vec![Cow::Borrowed(sample.values())];
    outcomes.extend(laid_out(&sample, panel, first));
    let columns = Columns::of(&sample, &outcomes);
    let (design, rights) = Design::new(&sample, &columns)?;
    let averages = Averages::of(&design, options)?;
    let of = |columns: &Columns<'_>, rights: &[_], outcomes: &[Cow<'_, [f64]>]| {
        let coefficients = coefficients(&design, rights);
        let scores: Vec<Scores<'_>> = (design.profiles.iter().zip(&coefficients))
            .map(|(profile, coefficients)| Scores {
                profile,
                columns,
                coefficients,
            })
            .collect();
        let fits = Fit::of_outcomes(&design, columns, (rights, Inference::Analytic));
        let found = fits.iter().zip(outcomes).enumerate();
        let found = found.map(|(place, (fit, outcome))| {
            let rounding = rounding_error(outcome);
            let summary = Summary {
                design: &design,
                averages: &averages,
                fit,
                rounding,
                options,
                bands: Bands::Drawn,
            };
            let result = summary.result();
            SunAbrahamInfluence {
                influence: influence(&keys, (&averages, &result), &scores, place),
                result,
                rounding,
            }
        });
        found.collect::<Vec<_>>()
    };
    let mut found = of(&columns, &rights, &outcomes);
    drop(columns);
    drop(outcomes);
    for tables in rest.chunks(AT_ONCE) {
        let outcomes = laid_out(&sample, panel, tables);
        let columns = Columns::of(&sample, &outcomes);
        let profiles = design.profiles.iter();
        let rights: Vec<_> = profiles
            .map(|profile| profile.right_hand_sides(&columns))
            .collect();
        found.extend(of(&columns, &rights, &outcomes));
    }
    Ok(found)
}

/// Where a number of the result comes from: its family and its place there.
type Place<'a> = Option<(&'a Family, usize)>;

/// The influence on the numbers of the result of an outcome, by its place among those of the scores. References have none.
fn influence(
    keys: &[i64],
    (averages, result): (&Averages, &SunAbrahamResult),
    scores: &[Scores<'_>],
    outcome: usize,
) -> ClusterInfluence {
    let family = &averages.event_times;
    let at_event_time = |event_time: Option<i32>| -> Place<'_> {
        let is_it = |average: &Average| average.event_time == event_time;
        let column = family.averages.iter().position(is_it)?;
        Some((family, column))
    };
    let rows = result.event_times.iter();
    let places: Vec<Place<'_>> = std::iter::once(Some((&averages.overall, 0)))
        .chain(rows.map(|row| at_event_time(row.event_time)))
        .collect();
    let (mut used, mut values) = (Vec::new(), Vec::new());
    for (profile, scores) in scores.iter().enumerate() {
        let forms: Vec<_> = places
            .iter()
            .map(|place| {
                let (family, column) = (*place)?;
                let form = family.forms.get(&profile)?;
                Some(&scores.profile.inverse * form.column(column))
            })
            .collect();
        scores.for_each(scores.profile.units.clone(), |own, unit, periods| {
            // Units without a row that is used have no part in anything.
            if own != outcome || periods.is_empty() {
                return;
            }
            used.push(keys[unit]);
            values.extend(forms.iter().map(|form| {
                let form = form.as_ref();
                form.map_or(0.0, |form| {
                    let parts = periods.iter().map(|(period, score)| form[*period] * score);
                    parts.sum::<f64>()
                })
            }));
        });
    }
    ClusterInfluence::of_units(&used, places.len(), &values)
}
