//! Calls `ols`.

use std::collections::BTreeMap;

use korabo_estimators::EstimatorError;
use korabo_estimators::regression::{
    Column, OlsOptions, Reference, RegressionData, Singletons, SmallSample, Vcov, Wild, WildNull,
    WildWeights, formula, ols,
};

use crate::estimator::{Answer, Interval, LEVEL, Quantity, Row, SEED, Target};

/// Webb's weights and residuals of the fit with the hypothesis.
const WILD: Wild = Wild {
    n_draws: 999,
    weights: WildWeights::Webb,
    null: WildNull::Imposed,
};

/// Coefficients of a formula over the columns that [`Estimator::Regression`](crate::estimator::Estimator::Regression) names.
pub(crate) fn regression(
    rows: &[Row],
    (formula, vcov): (&str, &str),
    is_wild: bool,
    targets: &[Target],
) -> Result<Answer, EstimatorError> {
    let formula = formula::parse(formula).expect("the formulas of the designs are well-formed");
    let vcov = Vcov::parse(vcov).expect("the designs name covariance matrices that exist");
    let mut columns = BTreeMap::new();
    let mut add = |name: &str, value: &dyn Fn(&Row) -> f64| {
        let values = rows.iter().map(value).collect();
        columns.insert(name.to_owned(), Column::Numeric(values));
    };
    add("y", &|row| row.outcome);
    add("unit", &|row| row.unit as f64);
    add("time", &|row| f64::from(row.time));
    add("cluster", &|row| f64::from(row.cluster));
    add("x", &|row| row.x);
    add("exposure", &|row| row.exposure);
    add("instrument", &|row| row.instrument);
    let is_treated = |row: &Row| row.cohort.is_some_and(|cohort| row.time >= cohort);
    add("treated", &|row| f64::from(u8::from(is_treated(row))));
    add("event_time", &|row| {
        f64::from(row.cohort.map_or(-1, |cohort| row.time - cohort))
    });
    let data = RegressionData {
        columns,
        weight: None,
    };
    let options = OlsOptions {
        vcov,
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::Keep,
        reference: Reference::StudentT,
        level: LEVEL,
        seed: SEED,
        wild: is_wild.then_some(WILD),
    };
    let result = ols(&formula, &data, &options)?;
    let asked = |target: &Target| match target {
        Target::One(quantity @ Quantity::Term(term)) => {
            let row = result.rows.iter().find(|row| row.term == *term)?;
            Some(Interval::of_coefficient(*quantity, row))
        }
        _ => None,
    };
    Ok(Answer {
        intervals: targets.iter().filter_map(asked).collect(),
        pretest: None,
        randomisation: None,
    })
}
