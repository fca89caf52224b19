//! Numbers of which one follows from others: a total and its parts, or one column by two ways. What is withheld of one could be worked
//! out from the rest. Such identities are looked for among some of the rows, and what they leave is then judged in every group like a
//! number that is asked for.

use datafusion::arrow::datatypes::DataType;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlanBuilder, try_cast, when};
use datafusion::prelude::{Expr, abs, coalesce, lit};
use nalgebra::{DMatrix, DVector};

use super::ReleaseError;
use super::answers::{collect, sizes};
use super::lineage::{Kind, Rows};
use super::questions::{Linked, Number, Questions};

/// Rows that are looked at.
const MOST_ROWS: usize = 2_000;
/// Rows in which an identity has to hold.
const PIECE: usize = 160;
/// Numbers that are looked at together, at most: a combination of more is not recognised.
const MOST_NUMBERS: usize = 12;
/// What is left of a column that follows from others, relative to its length.
const NOTHING: f64 = 1e-8;
/// Part of a column in a combination, relative to its length, from which on it belongs to it.
const MENTIONED: f64 = 1e-6;

/// The combinations of numbers asked for that are zero, or a column of the rows that is not asked for.
///
/// # Errors
/// When some rows cannot be computed.
pub(super) async fn linked(
    state: &SessionState,
    rows: &Rows,
    questions: &Questions<'_>,
) -> Result<Vec<Linked>, ReleaseError> {
    let is_number = |number: &Number| !matches!(number.kind, Kind::Discrete(_) | Kind::Constant);
    let numbers: Vec<usize> = (0..questions.numbers.len())
        .filter(|&idx| is_number(&questions.numbers[idx]))
        .take(MOST_NUMBERS)
        .collect();
    if numbers.len() < 2 {
        return Ok(Vec::new());
    }
    let values: Vec<Expr> = numbers
        .iter()
        .map(|&idx| questions.numbers[idx].value.clone())
        .collect();
    let others = rows
        .schema()
        .iter()
        .zip(&rows.kinds)
        .filter(|((_, field), kind)| {
            let data_type = field.data_type();
            let is_number = data_type.is_integer() || data_type.is_floating();
            is_number && matches!(kind, Kind::Plain(_))
        });
    let others = others.map(|(field, _)| try_cast(Expr::Column(field.into()), DataType::Float64));
    let columns = values.iter().cloned().chain(others);
    let columns: Vec<Expr> = columns
        .enumerate()
        .map(|(idx, column)| coalesce(vec![column, lit(0.0)]).alias(format!("c{idx}")))
        .collect();
    let n_columns = columns.len();
    let plan = LogicalPlanBuilder::from(rows.plan.clone())
        .project(columns)?
        .limit(0, Some(MOST_ROWS))?
        .build()?;
    let some = collect(state, plan, MOST_ROWS).await?;
    let columns = (0..n_columns).map(|idx| sizes(&some, idx));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    // Few rows can be the exceptions that matter: they are not in all of the pieces.
    let mut found: Vec<Combination> = Vec::new();
    for start in (0..some.num_rows()).step_by(PIECE) {
        let end = (start + PIECE).min(some.num_rows());
        let piece = columns
            .iter()
            .map(|column| DVector::from_column_slice(&column[start..end]));
        let piece: Vec<DVector<f64>> = piece.collect();
        let (asked, others) = piece.split_at(values.len());
        for combination in combinations(asked, others) {
            if !found.iter().any(|known| known.is_like(&combination)) {
                found.push(combination);
            }
        }
    }
    let linked = found.into_iter().map(|combination| {
        let parts = combination.parts.iter();
        let value = sum_of(parts.map(|&(place, factor)| (values[place].clone(), factor)))?;
        let places = combination.parts.iter().map(|(place, _)| numbers[*place]);
        let numbers: Vec<usize> = places.collect();
        let asked = questions.asked.iter().enumerate();
        let asked = asked.filter(|(_, asked)| asked.numbers.iter().any(|of| numbers.contains(of)));
        Ok(Linked {
            number: Number::of_others(value),
            asked: asked.map(|(idx, _)| idx).collect(),
            is_column: combination.is_column,
        })
    });
    linked.collect()
}

/// A sum of numbers with factors; zero where it is no more than what rounding leaves.
fn sum_of(parts: impl Iterator<Item = (Expr, f64)>) -> Result<Expr, ReleaseError> {
    let (mut sum, mut size) = (lit(0.0), lit(0.0));
    for (value, factor) in parts {
        let part = coalesce(vec![value, lit(0.0)]) * lit(factor);
        sum = sum + part.clone();
        size = size + abs(part);
    }
    let is_nothing = abs(sum.clone()).lt_eq(size * lit(1e-9));
    Ok(when(is_nothing, lit(0.0)).otherwise(sum)?)
}

/// Numbers with factors whose sum is nothing, or a column.
struct Combination {
    parts: Vec<(usize, f64)>,
    is_column: bool,
}

impl Combination {
    /// Whether it is the same up to rounding.
    fn is_like(&self, other: &Self) -> bool {
        let is_like = |(a, b): (&(usize, f64), &(usize, f64))| {
            a.0 == b.0 && (a.1 - b.1).abs() <= 1e-6 * a.1.abs()
        };
        self.is_column == other.is_column
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(is_like)
    }
}

fn combinations(asked: &[DVector<f64>], others: &[DVector<f64>]) -> Vec<Combination> {
    let mut found = Vec::new();
    let mut independent: Vec<usize> = Vec::new();
    for place in 0..asked.len() {
        match explained(&asked[place], asked, &independent) {
            None => independent.push(place),
            Some(parts) if parts.is_empty() => {}
            Some(mut parts) => {
                parts.push((place, -1.0));
                found.push(Combination {
                    parts,
                    is_column: false,
                });
            }
        }
    }
    for other in others {
        let parts = explained(other, asked, &independent);
        found.extend(
            parts
                .filter(|parts| parts.len() > 1)
                .map(|parts| Combination {
                    parts,
                    is_column: true,
                }),
        );
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
    if length == 0.0 || !length.is_finite() {
        return Some(Vec::new());
    }
    let n = independent.len();
    // Of length one, so that yen and shares weigh alike.
    let units: Vec<DVector<f64>> = independent
        .iter()
        .map(|&place| asked[place].normalize())
        .collect();
    let gram = DMatrix::from_fn(n, n, |a, b| units[a].dot(&units[b]));
    let right = DVector::from_fn(n, |a, _| units[a].dot(column));
    let factors = gram.cholesky()?.solve(&right);
    let rest = units
        .iter()
        .zip(factors.iter())
        .fold(column.clone(), |rest, (unit, factor)| rest - unit * *factor);
    (rest.norm() <= NOTHING * length).then(|| {
        let parts = independent.iter().zip(factors.iter());
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

    fn places(found: &[Combination]) -> Vec<(Vec<usize>, bool)> {
        let places = |of: &Combination| of.parts.iter().map(|(place, _)| *place).collect();
        found.iter().map(|of| (places(of), of.is_column)).collect()
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
        assert_eq!(
            places(&combinations(&all, &[])),
            [(vec![0, 1, 2, 3], false)]
        );
        let found = combinations(&all[..3], &all[3..]);
        assert_eq!(places(&found), [(vec![0, 1, 2], true)]);
        let factors: Vec<f64> = found[0].parts.iter().map(|(_, factor)| *factor).collect();
        for (factor, expected) in factors.iter().zip([1.0, -1.0, -1.0]) {
            assert!((factor - expected).abs() < 1e-9, "{factors:?}");
        }
        // A multiple of one number is that number, and nothing follows from numbers that have nothing to do with each other.
        let doubled = columns(&[&[2.0, 8.0, 0.0, 2.0]]);
        assert!(combinations(&all[1..3], &doubled).is_empty());
        assert!(combinations(&all[1..3], &columns(&[&[1.0, 0.0, 0.0, 7.0]])).is_empty());
        // Nobody has any of it.
        assert!(combinations(&columns(&[total, &[0.0; 4]]), &[]).is_empty());
    }
}
