//! The ends of what a test does not reject.

/// Places tried between the ends of the range searched.
const PLACES: i32 = 1_000;

/// Half the range searched, in standard errors, before it is widened.
const HALF_RANGE: f64 = 20.0;

/// Times that a range is doubled before an end counts as infinite.
const DOUBLINGS: i32 = 40;

/// Halvings of a gap between an accepted and a rejected value: all that roundings leave.
const HALVINGS: i32 = 60;

/// The outermost values accepted, searched around `centre` on a grid and then by bisection; `None` when all are rejected.
///
/// The set accepted may have holes, so that the search goes from outside in.
pub(super) fn accepted_range(
    mut accepts: impl FnMut(f64) -> bool,
    centre: f64,
    std_error: f64,
) -> Option<(f64, f64)> {
    let centre_accepted = accepts(centre);
    let mut end = |sign: f64| -> Option<f64> {
        let mut half = HALF_RANGE * std_error;
        for doubling in 0..=DOUBLINGS {
            if !accepts(centre + sign * half) {
                break;
            }
            if doubling == DOUBLINGS {
                return Some(sign * f64::INFINITY);
            }
            half *= 2.0;
        }
        let place = |index: i32| centre + sign * half * f64::from(index) / f64::from(PLACES / 2);
        // On this side of the centre from outside in, and on the other side when nothing is accepted on this one.
        let mut rejected = place(PLACES / 2);
        for index in (-PLACES / 2..PLACES / 2).rev() {
            let tried = place(index);
            if (index == 0 && centre_accepted) || (index != 0 && accepts(tried)) {
                return Some(boundary(&mut accepts, tried, rejected));
            }
            rejected = tried;
        }
        None
    };
    let (low, high) = (end(-1.0)?, end(1.0)?);
    Some((low, high))
}

/// The first of rising bounds that is accepted, and then the smallest, by bisection against the one before; infinite when none is.
pub(super) fn first_accepted(
    mut accepts: impl FnMut(f64) -> bool,
    tried: impl Iterator<Item = f64>,
) -> f64 {
    let mut rejected: Option<f64> = None;
    for bound in tried {
        if accepts(bound) {
            return rejected.map_or(bound, |rejected| boundary(&mut accepts, bound, rejected));
        }
        rejected = Some(bound);
    }
    f64::INFINITY
}

/// The accepted value next to where acceptance ends.
fn boundary(accepts: &mut impl FnMut(f64) -> bool, accepted: f64, rejected: f64) -> f64 {
    let (mut accepted, mut rejected) = (accepted, rejected);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (accepted + rejected);
        if middle == accepted || middle == rejected {
            break;
        }
        if accepts(middle) {
            accepted = middle;
        } else {
            rejected = middle;
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_the_outermost_accepted_values() {
        let holes = |x: f64| (x - 2.0).abs() <= 0.3 && !(1.9..2.1).contains(&x);
        let (low, high) = accepted_range(holes, 2.0, 0.1).unwrap();
        assert!((low - 1.7).abs() < 1e-12 && (high - 2.3).abs() < 1e-12);
        // Wider than the range first searched, and without an end.
        let (low, high) = accepted_range(|x: f64| x >= -70.0, 0.0, 1.0).unwrap();
        assert!((low + 70.0).abs() < 1e-10 && high == f64::INFINITY);
        // On one side of the centre only, and narrower than the grid around it.
        let (low, high) = accepted_range(|x: f64| (1.0..=2.0).contains(&x), 0.0, 1.0).unwrap();
        assert!((low - 1.0).abs() < 1e-12 && (high - 2.0).abs() < 1e-12);
        let (low, high) = accepted_range(|x: f64| x.abs() <= 1e-4, 0.0, 1.0).unwrap();
        assert!((low + 1e-4).abs() < 1e-12 && (high - 1e-4).abs() < 1e-12);
        assert_eq!(accepted_range(|_| false, 0.0, 1.0), None);
    }

    #[test]
    fn the_first_accepted_bound_is_found_between_those_tried() {
        let bounds = || (0..5).map(f64::from);
        let found = first_accepted(|bound| bound >= 2.3, bounds());
        assert!((found - 2.3).abs() < 1e-12);
        assert_eq!(first_accepted(|_| true, bounds()), 0.0);
        assert_eq!(first_accepted(|_| false, bounds()), f64::INFINITY);
    }
}
