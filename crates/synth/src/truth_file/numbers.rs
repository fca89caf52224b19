//! How numbers of the truth are written.

use serde_json::{Value, json};

use super::super::truth::{Mean, Quantity, Truth};

/// A number with nine decimals.
pub(super) fn rounded(size: f64) -> f64 {
    (size * 1e9).round() / 1e9
}

/// The mean of a quantity as a number, or null without any.
pub(super) fn mean_of(mean: Mean) -> Value {
    mean.mean().map_or(Value::Null, |size| rounded(size).into())
}

/// An effect by event time, and its two overall means: over person-years, and over event times.
pub(super) fn numbers(means: &[(usize, Mean)]) -> Value {
    let seen = || {
        let rows = means.iter();
        rows.filter_map(|(event_time, mean)| Some((*event_time, mean.mean()?, *mean)))
    };
    let mut all = Mean::default();
    for (_, _, mean) in seen() {
        all.merge(&mean);
    }
    let n_event_times = seen().count();
    let of_event_times = seen().map(|(_, size, _)| size).sum::<f64>() / n_event_times as f64;
    let rows = seen().map(|(event_time, size, mean)| {
        json!({"event_time": event_time, "effect": rounded(size), "n": mean.n()})
    });
    json!({
        "by_event_time": rows.collect::<Vec<_>>(),
        "overall": {
            "mean_of_person_years": mean_of(all),
            "mean_of_event_times": if n_event_times == 0 {
                Value::Null
            } else {
                rounded(of_event_times).into()
            },
        },
    })
}

/// The first event times of an effect.
pub(super) fn until(means: &[Mean], last_event_time: usize) -> Vec<(usize, Mean)> {
    let rows = means.iter().copied().enumerate();
    rows.take(last_event_time + 1).collect()
}

/// A quantity by event time.
pub(super) fn by_event_time(truth: &Truth, quantity: Quantity) -> Vec<(usize, Mean)> {
    let rows = truth.by_key(quantity);
    rows.filter_map(|(at, mean)| Some((usize::try_from(at).ok()?, mean)))
        .collect()
}
