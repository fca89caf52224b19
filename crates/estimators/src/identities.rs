//! Linear identities among columns: a total and its parts, or one column by two ways.

use nalgebra::{DMatrix, DVector};

/// Rows in which an identity has to hold.
const PIECE: usize = 160;

/// What is left of a column that follows from others, relative to its length.
const NOTHING: f64 = 1e-8;

/// Part of a column in a sum, relative to the sum's length, from which on it belongs to it.
const MENTIONED: f64 = 1e-6;

/// Columns with factors that add up to nothing, or to another column.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Columns by their place, with their factors.
    pub parts: Vec<(usize, f64)>,
    /// Whether they add up to one of the other columns.
    pub is_of_other: bool,
}

/// The identities among `columns`, and those that give one of `others` from at least two of `columns`; all of the same length, and
/// without missing values. An identity is found when it holds in some piece of the rows: few rows can be exceptions.
pub fn identities(columns: &[Vec<f64>], others: &[Vec<f64>]) -> Vec<Identity> {
    let n_rows = columns.first().map_or(0, Vec::len);
    let mut found: Vec<Identity> = Vec::new();
    for start in (0..n_rows).step_by(PIECE) {
        let end = (start + PIECE).min(n_rows);
        // In fewer rows than columns anything adds up.
        if end - start < 3 * columns.len() {
            continue;
        }
        let piece = |columns: &[Vec<f64>]| -> Vec<DVector<f64>> {
            let columns = columns.iter();
            columns
                .map(|column| DVector::from_column_slice(&column[start..end]))
                .collect()
        };
        for identity in of_piece(&piece(columns), &piece(others)) {
            if !found.iter().any(|known| known.is_like(&identity)) {
                found.push(identity);
            }
        }
    }
    found
}

impl Identity {
    /// Whether it is the same up to rounding.
    fn is_like(&self, other: &Self) -> bool {
        let is_like = |(a, b): (&(usize, f64), &(usize, f64))| {
            a.0 == b.0 && (a.1 - b.1).abs() <= 1e-6 * a.1.abs()
        };
        self.is_of_other == other.is_of_other
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(is_like)
    }
}

/// The identities that hold in all of some rows.
fn of_piece(asked: &[DVector<f64>], others: &[DVector<f64>]) -> Vec<Identity> {
    let mut found = Vec::new();
    let mut independent: Vec<usize> = Vec::new();
    for place in 0..asked.len() {
        match explained(&asked[place], asked, &independent) {
            None => independent.push(place),
            // A column of zeros is no sum of others worth telling.
            Some(parts) if parts.is_empty() => {}
            Some(mut parts) => {
                // The column itself with −1, so that the parts add up to nothing.
                parts.push((place, -1.0));
                found.push(Identity {
                    parts,
                    is_of_other: false,
                });
            }
        }
    }
    for other in others {
        let parts = explained(other, asked, &independent);
        // A multiple of one column is that column again, no identity.
        found.extend(parts.filter(|parts| parts.len() > 1).map(|parts| Identity {
            parts,
            is_of_other: true,
        }));
    }
    found
}

/// The numbers, of those that are independent, that add up to a column, with their factors; `None` when they do not.
fn explained(
    column: &DVector<f64>,
    asked: &[DVector<f64>],
    independent: &[usize],
) -> Option<Vec<(usize, f64)>> {
    let length = column.norm();
    // Zeros, or numbers too large for their squares: neither is a sum of anything.
    if length == 0.0 || !length.is_finite() {
        return Some(Vec::new());
    }
    let n = independent.len();
    // Of length one, so that yen and shares weigh alike.
    let units: Vec<DVector<f64>> = independent
        .iter()
        .map(|&place| asked[place].normalize())
        .collect();
    // Products square the condition of the columns; what they leave is therefore measured on the columns themselves below.
    let gram = DMatrix::from_fn(n, n, |a, b| units[a].dot(&units[b]));
    let right = DVector::from_fn(n, |a, _| units[a].dot(column));
    let factors = gram.cholesky()?.solve(&right);
    let rest = units
        .iter()
        .zip(factors.iter())
        .fold(column.clone(), |rest, (unit, factor)| rest - unit * *factor);
    (rest.norm() <= NOTHING * length).then(|| {
        let parts = independent.iter().zip(factors.iter());
        // The columns have length one, so that a factor is the length of its part.
        let parts = parts.filter(|(_, factor)| factor.abs() > MENTIONED * length);
        parts
            .map(|(&place, &factor)| (place, factor / asked[place].norm()))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(rows: &[&[f64]]) -> Vec<DVector<f64>> {
        rows.iter()
            .map(|row| DVector::from_row_slice(row))
            .collect()
    }

    fn places(found: &[Identity]) -> Vec<(Vec<usize>, bool)> {
        let places = |of: &Identity| of.parts.iter().map(|(place, _)| *place).collect();
        found
            .iter()
            .map(|of| (places(of), of.is_of_other))
            .collect()
    }

    #[test]
    fn totals_and_parts_are_found_asked_for_or_not() {
        let total: &[f64] = &[6.0, 15.0, 9.0, 4.0];
        let (a, b, c): (&[f64], &[f64], &[f64]) = (
            &[1.0, 4.0, 0.0, 1.0],
            &[2.0, 5.0, 9.0, 0.0],
            &[3.0, 6.0, 0.0, 3.0],
        );
        let all = columns(&[total, a, b, c]);
        assert_eq!(places(&of_piece(&all, &[])), [(vec![0, 1, 2, 3], false)]);
        let found = of_piece(&all[..3], &all[3..]);
        assert_eq!(places(&found), [(vec![0, 1, 2], true)]);
        let factors: Vec<f64> = found[0].parts.iter().map(|(_, factor)| *factor).collect();
        for (factor, expected) in factors.iter().zip([1.0, -1.0, -1.0]) {
            assert!((factor - expected).abs() < 1e-9, "{factors:?}");
        }
        // A multiple of one number is that number, and nothing follows from numbers that have nothing to do with each other.
        let doubled = columns(&[&[2.0, 8.0, 0.0, 2.0]]);
        assert!(of_piece(&all[1..3], &doubled).is_empty());
        assert!(of_piece(&all[1..3], &columns(&[&[1.0, 0.0, 0.0, 7.0]])).is_empty());
        // No row has any of it.
        assert!(of_piece(&columns(&[total, &[0.0; 4]]), &[]).is_empty());
    }
}
