//! Calls `rd`.

use korabo_estimators::EstimatorError;
use korabo_estimators::discontinuity::{
    BandwidthAim, BandwidthRule, BandwidthScope, Bandwidths, Kernel, MassPoints, RdColumns,
    RdMethod, RdOptions, RdPart, RdVcov, rd,
};

use crate::estimator::{Answer, Interval, LEVEL, Quantity, Row};

/// The effect at x = 0, with the defaults of the relation: `conventional` and `robust` intervals.
pub(crate) fn cutoff(
    rows: &[Row],
    is_fuzzy: bool,
    is_clustered: bool,
) -> Result<Answer, EstimatorError> {
    let numbers = |value: fn(&Row) -> f64| rows.iter().map(value).collect();
    let columns = RdColumns {
        outcome: numbers(|row| row.outcome),
        running: numbers(|row| row.x),
        treated: is_fuzzy.then(|| numbers(|row| row.exposure)),
        covariates: Vec::new(),
        weight: None,
        cluster: is_clustered.then(|| rows.iter().map(|row| row.cluster).collect()),
    };
    let options = RdOptions {
        cutoff: 0.0,
        order: 1,
        bias_order: 2,
        kernel: Kernel::Triangular,
        bandwidths: Bandwidths::Rule(BandwidthRule {
            aim: BandwidthAim::Mse,
            scope: BandwidthScope::Difference,
        }),
        vcov: RdVcov::Nearest,
        mass_points: MassPoints::Adjust,
        donut: 0.0,
        level: LEVEL,
    };
    let result = rd(&columns, &options)?;
    let effects = result
        .estimates
        .iter()
        .filter(|row| row.part == RdPart::Effect);
    let named = effects.filter_map(|row| {
        let name = match row.method {
            RdMethod::Conventional => "conventional",
            RdMethod::Robust => "robust",
            RdMethod::BiasCorrected => return None,
        };
        Some(Interval::of_range(
            Quantity::Term(name),
            (row.estimate, row.std_error),
            [row.conf_low, row.conf_high],
            row.status,
        ))
    });
    Ok(Answer {
        intervals: named.collect(),
        pretest: None,
        randomisation: None,
    })
}
