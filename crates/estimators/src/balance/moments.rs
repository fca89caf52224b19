//! Weighted mean and variance of sorted values.

/// Mean and variance of some rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// One row's value (relative to a common centre) and weight.
#[derive(Clone, Copy)]
pub(super) struct WeightedValue {
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// Weighted mean and variance; `two` are the only values there are.
pub(super) fn moments(
    rows: impl Iterator<Item = WeightedValue> + Clone,
    two: Option<(f64, f64)>,
) -> Moments {
    match two {
        Some((low, high)) => two_value_moments(rows, low, high),
        None => sample_moments(rows),
    }
}

fn two_value_moments(rows: impl Iterator<Item = WeightedValue>, low: f64, high: f64) -> Moments {
    // Summed apart, so that a group with one value only has a variance of exactly zero.
    let (mut at_low, mut at_high) = (0.0, 0.0);
    for row in rows {
        if row.value == high {
            at_high += row.weight;
        } else {
            at_low += row.weight;
        }
    }
    let share = at_high / (at_low + at_high);
    let width = high - low;
    Moments {
        mean: low + share * width,
        variance: share * (1.0 - share) * width * width,
    }
}

fn sample_moments(rows: impl Iterator<Item = WeightedValue> + Clone) -> Moments {
    let (mut weight, mut squares, mut sum) = (0.0, 0.0, 0.0);
    let mut first = None;
    let (mut n_weighed, mut is_constant) = (0_u64, true);
    for row in rows.clone().filter(|row| row.weight > 0.0) {
        weight += row.weight;
        squares += row.weight * row.weight;
        sum += row.weight * row.value;
        n_weighed += 1;
        is_constant &= *first.get_or_insert(row.value) == row.value;
    }
    // One value only: rounding must not make a mean off it and a variance above zero.
    if let (true, Some(value)) = (is_constant, first) {
        let variance = if n_weighed > 1 { 0.0 } else { f64::NAN };
        return Moments {
            mean: value,
            variance,
        };
    }
    let mean = sum / weight;
    let distances = rows.map(|row| row.weight * (row.value - mean).powi(2));
    // Reliability weights, as in R `cobalt`: with equal weights the denominator is n − 1 times the weight.
    let variance = distances.sum::<f64>() / (weight - squares / weight);
    Moments { mean, variance }
}
