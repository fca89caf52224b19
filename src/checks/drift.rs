//! Population stability index: how far a distribution moved. Pure: counts in, numbers out.
//!
//! PSI = Σ (aᵢ − bᵢ) ln(aᵢ / bᵢ) over classes, with aᵢ and bᵢ the shares of class i in the delivery and in the reference. 0.10 and 0.25 are
//! the customary thresholds of credit scoring (N. Siddiqi, Credit Risk Scorecards, Wiley 2006). Shares are (n + ½) / (N + ½k), so that an
//! empty class counts instead of making the index infinite. When nothing moved, PSI is about (1/N + 1/M) · χ² with k − 1 degrees of freedom
//! (B. Yurdakul, Statistical Properties of Population Stability Index, dissertation, Western Michigan University 2018): a value that
//! so many rows show by chance once in a thousand deliveries is noise.

use std::collections::{BTreeMap, BTreeSet};

use super::profile::Histogram;

/// From here on a shift is notable.
pub(super) const NOTABLE: f64 = 0.10;
/// A shift is large from this many times the threshold on: 0.25 where the threshold is 0.10.
pub(super) const LARGE: f64 = 2.5;
/// Numbers with more classes than this are cut at the reference's deciles.
const MAX_CLASSES: usize = 10;
/// The point of the normal law that a value passes once in a thousand times.
const ONE_IN_A_THOUSAND: f64 = 3.090_232_306_167_813_5;

/// The index and the value below which it is noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    pub(super) psi: f64,
    pub(super) noise: f64,
}

/// How far `delivery` is from `reference`; `None` where one of them is empty. `is_code`: every value is a class of its own.
pub(super) fn shift(delivery: &Histogram, reference: &Histogram, is_code: bool) -> Option<Shift> {
    let (n, m) = (delivery.n_rows(), reference.n_rows());
    if n == 0 || m == 0 || reference.n_filled() == 0 {
        return None;
    }
    let mut pairs = match is_code || reference.classes.len() <= MAX_CLASSES {
        true => by_class(delivery, reference),
        false => by_decile(delivery, reference),
    };
    // Missing values are a class of their own, so that a column that fills or empties is seen.
    if delivery.n_missing + reference.n_missing > 0 {
        pairs.push((delivery.n_missing, reference.n_missing));
    }
    Some(Shift {
        psi: psi(&pairs),
        noise: noise(pairs.len(), n, m),
    })
}

fn by_class(delivery: &Histogram, reference: &Histogram) -> Vec<(u64, u64)> {
    let classes: BTreeSet<i64> = delivery
        .classes
        .keys()
        .chain(reference.classes.keys())
        .copied()
        .collect();
    let count = |histogram: &Histogram, class| histogram.classes.get(class).copied().unwrap_or(0);
    classes
        .iter()
        .map(|class| (count(delivery, class), count(reference, class)))
        .collect()
}

/// Counts between the reference's deciles; a class on a decile belongs to the part below it.
fn by_decile(delivery: &Histogram, reference: &Histogram) -> Vec<(u64, u64)> {
    let sorted: BTreeMap<i64, u64> = reference.classes.iter().map(|(k, n)| (*k, *n)).collect();
    let total = reference.n_filled();
    let mut cuts = Vec::new();
    let (mut below, mut next) = (0_u64, 1_u64);
    for (class, n) in &sorted {
        below += n;
        let reached = below * 10 / total;
        // A frequent value can pass several deciles at once, which then share a cut; above the last there is no part.
        if reached >= next && reached < 10 {
            cuts.push(*class);
            next = reached + 1;
        } else if reached >= next {
            break;
        }
    }
    let count = |histogram: &Histogram| {
        let mut parts = vec![0_u64; cuts.len() + 1];
        for (class, n) in &histogram.classes {
            parts[cuts.partition_point(|cut| cut < class)] += n;
        }
        parts
    };
    count(delivery).into_iter().zip(count(reference)).collect()
}

/// The index of pairs of counts: delivery, reference.
pub(super) fn psi(pairs: &[(u64, u64)]) -> f64 {
    let half = 0.5 * pairs.len() as f64;
    let n: u64 = pairs.iter().map(|(n, _)| n).sum();
    let m: u64 = pairs.iter().map(|(_, m)| m).sum();
    let share = |count: u64, total: u64| (count as f64 + 0.5) / (total as f64 + half);
    let terms = pairs.iter().map(|(a, b)| {
        let (a, b) = (share(*a, n), share(*b, m));
        (a - b) * (a / b).ln()
    });
    terms.sum()
}

/// What the index exceeds once in a thousand times although nothing moved; χ² by Wilson and Hilferty.
pub(super) fn noise(n_classes: usize, n: u64, m: u64) -> f64 {
    if n_classes < 2 {
        return 0.0;
    }
    let freedom = (n_classes - 1) as f64;
    let part = 2.0 / (9.0 * freedom);
    let chi_square = freedom * (1.0 - part + ONE_IN_A_THOUSAND * part.sqrt()).powi(3);
    (1.0 / n as f64 + 1.0 / m as f64) * chi_square
}
