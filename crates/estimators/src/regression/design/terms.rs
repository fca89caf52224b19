//! Terms become columns: indicators of factors, polynomials, products of interactions, and their names.

use crate::error::EstimatorError;
use crate::regression::data::{Column, RegressionData};
use crate::regression::design::block::{Block, NO_COLUMN, Values, check_columns, numeric};
use crate::regression::formula::syntax::{Atom, AtomKind, Level, Term};

/// The columns of all terms.
///
/// A factor in a term leaves out its first value exactly when the model holds the term without that factor (the empty term
/// being the intercept or fixed effects), as R's `model.matrix` does.
pub(super) fn expand(
    terms: &[Term],
    has_constant: bool,
    data: &RegressionData,
    rows: &[u32],
) -> Result<Vec<Block>, EstimatorError> {
    let mut blocks = Vec::new();
    for term in terms {
        let mut product: Option<Product> = None;
        for (index, atom) in term.atoms.iter().enumerate() {
            let mut rest = term.clone();
            rest.atoms.remove(index);
            let marginal = if rest.atoms.is_empty() {
                has_constant
            } else {
                terms.iter().any(|known| known.same(&rest))
            };
            let own = Product::of(atom, marginal, data, rows)?;
            let n_left = product.as_ref().map_or(1, |left| left.columns.len());
            check_columns(n_left.saturating_mul(own.columns.len()))?;
            product = Some(match product {
                None => own,
                Some(left) => left.times(own),
            });
        }
        blocks.extend(product.into_iter().flat_map(Product::into_blocks));
    }
    Ok(blocks)
}

/// A product of atoms: which indicator a row has, times numbers.
struct Product {
    /// Per row, the combination of levels; `None` without factors.
    codes: Option<Vec<u32>>,
    n_codes: u32,
    /// Products of the numeric atoms; empty without any.
    numbers: Vec<Vec<f64>>,
    /// The columns in their order.
    columns: Vec<ProductColumn>,
}

#[derive(Clone)]
struct ProductColumn {
    name: String,
    code: u32,
    /// Index into `numbers`.
    number: usize,
}

impl Product {
    fn of(
        atom: &Atom,
        drop_first: bool,
        data: &RegressionData,
        rows: &[u32],
    ) -> Result<Self, EstimatorError> {
        let column = data.column(&atom.column)?;
        let is_text = matches!(column, Column::Categorical { .. });
        match &atom.kind {
            AtomKind::Indicators(references) => {
                let left_out = |_: usize, _: usize, level: &Level| {
                    // A reference may be written as a number or a text, whatever the column holds: compared as text.
                    let text = level_text(level);
                    references.iter().any(|r| level_text(r) == text)
                };
                let name = format!("{}::", atom.column);
                Ok(Self::indicators(&name, column, rows, left_out))
            }
            AtomKind::Factor => Ok(Self::factor(atom, column, drop_first, rows)),
            AtomKind::Plain if is_text => Ok(Self::factor(atom, column, drop_first, rows)),
            kind => {
                let values = numeric(data, atom)?;
                let picked: Vec<f64> = rows.iter().map(|&row| values[row as usize]).collect();
                let numbers = match *kind {
                    AtomKind::Poly { degree, raw: true } => powers(&picked, degree),
                    AtomKind::Poly { degree, .. } => orthonormal(atom, &picked, degree)?,
                    _ => vec![picked],
                };
                let label = atom.label();
                let name = |number: usize| match kind {
                    AtomKind::Poly { .. } => format!("{label}{}", number + 1),
                    _ => label.clone(),
                };
                let columns = (0..numbers.len()).map(|number| ProductColumn {
                    name: name(number),
                    code: 0,
                    number,
                });
                Ok(Self {
                    codes: None,
                    n_codes: 1,
                    columns: columns.collect(),
                    numbers,
                })
            }
        }
    }

    fn factor(atom: &Atom, column: &Column, drop_first: bool, rows: &[u32]) -> Self {
        // A single level says nothing beside a constant; it stays, so that its column is named as constant.
        let left_out =
            |index: usize, n_levels: usize, _: &Level| drop_first && index == 0 && n_levels > 1;
        Self::indicators(&atom.label(), column, rows, left_out)
    }

    /// One indicator per value among the rows, ascending, but for those left out: by index, number of values, value.
    fn indicators(
        prefix: &str,
        column: &Column,
        rows: &[u32],
        left_out: impl Fn(usize, usize, &Level) -> bool,
    ) -> Self {
        let (groups, levels) = column.levels(rows);
        let mut columns = Vec::with_capacity(levels.len());
        let mut code_of = vec![NO_COLUMN; levels.len()];
        for (index, level) in levels.iter().enumerate() {
            if !left_out(index, levels.len(), level) {
                let code = columns.len() as u32;
                code_of[index] = code;
                columns.push(ProductColumn {
                    name: format!("{prefix}{}", level_text(level)),
                    code,
                    number: 0,
                });
            }
        }
        let mut codes = groups.codes;
        for code in &mut codes {
            *code = code_of[*code as usize];
        }
        Self {
            codes: Some(codes),
            n_codes: columns.len() as u32,
            numbers: Vec::new(),
            columns,
        }
    }

    fn times(self, right: Self) -> Self {
        let n_numbers = self.numbers.len().max(1);
        let mut columns = Vec::with_capacity(self.columns.len() * right.columns.len());
        // The left one varies fastest, as in R's `model.matrix`.
        for b in &right.columns {
            for a in &self.columns {
                columns.push(ProductColumn {
                    name: format!("{}:{}", a.name, b.name),
                    code: a.code + self.n_codes * b.code,
                    number: a.number + n_numbers * b.number,
                });
            }
        }
        let codes = match (self.codes, right.codes) {
            (Some(mut left), Some(right)) => {
                for (a, &b) in left.iter_mut().zip(&right) {
                    *a = if *a == NO_COLUMN || b == NO_COLUMN {
                        NO_COLUMN
                    } else {
                        *a + self.n_codes * b
                    };
                }
                Some(left)
            }
            (left, right) => left.or(right),
        };
        let numbers = match (self.numbers.is_empty(), right.numbers.is_empty()) {
            (true, _) => right.numbers,
            (_, true) => self.numbers,
            _ => {
                let pairs = right
                    .numbers
                    .iter()
                    .flat_map(|b| self.numbers.iter().map(move |a| (a, b)));
                pairs
                    .map(|(a, b)| a.iter().zip(b).map(|(x, y)| x * y).collect())
                    .collect()
            }
        };
        Self {
            codes,
            n_codes: self.n_codes * right.n_codes,
            numbers,
            columns,
        }
    }

    /// Pure indicators stay codes; anything with a number in it becomes one dense column each.
    fn into_blocks(self) -> Vec<Block> {
        let codes = match (self.codes, self.numbers.is_empty()) {
            (Some(codes), true) => {
                return vec![Block {
                    names: self.columns.into_iter().map(|c| c.name).collect(),
                    values: Values::Indicators(codes),
                }];
            }
            (codes, _) => codes,
        };
        let mut numbers: Vec<Option<Vec<f64>>> = self.numbers.into_iter().map(Some).collect();
        let dense = |column: ProductColumn| {
            let values = match &codes {
                // Without factors each product of numbers is one column.
                None => numbers[column.number].take().unwrap_or_default(),
                Some(codes) => {
                    let number = numbers[column.number].as_deref().unwrap_or_default();
                    let pairs = codes.iter().zip(number);
                    let value =
                        |(&code, &x): (&u32, &f64)| if code == column.code { x } else { 0.0 };
                    pairs.map(value).collect()
                }
            };
            Block {
                names: vec![column.name],
                values: Values::Dense(values),
            }
        };
        self.columns.into_iter().map(dense).collect()
    }
}

fn level_text(level: &Level) -> String {
    match level {
        Level::Number(number) => number.to_string(),
        Level::Integer(number) => number.to_string(),
        Level::Text(text) => text.clone(),
    }
}

fn powers(values: &[f64], degree: u32) -> Vec<Vec<f64>> {
    let power = |n: u32| values.iter().map(|x| x.powi(n as i32)).collect();
    (1..=degree).map(power).collect()
}

/// Polynomials of degree 1, 2, … that are orthogonal to the constant and to each other over the rows, unweighted, each with
/// Σp² = 1 and a positive leading coefficient: what R's `poly` returns. By the three-term recurrence of Stieltjes.
fn orthonormal(atom: &Atom, values: &[f64], degree: u32) -> Result<Vec<Vec<f64>>, EstimatorError> {
    let mut distinct = values.to_vec();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() <= degree as usize {
        return Err(EstimatorError::TooFewValues {
            column: atom.column.clone(),
            n_values: distinct.len() as u64,
            degree: u64::from(degree),
        });
    }
    let n = values.len() as f64;
    // From the smallest value and over half the range: numbers stay within ±2, and powers of them neither overflow nor lose the mean.
    let mean = distinct[0] + values.iter().map(|x| x - distinct[0]).sum::<f64>() / n;
    let scale = (distinct[distinct.len() - 1] - distinct[0]) / 2.0;
    let x: Vec<f64> = values.iter().map(|value| (value - mean) / scale).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut previous, mut current) = (vec![0.0; x.len()], vec![1.0; x.len()]);
    let (mut before, mut squares) = (1.0, n);
    let mut columns = Vec::with_capacity(degree as usize);
    for _ in 0..degree {
        let shifted: Vec<f64> = x.iter().zip(&current).map(|(x, p)| x * p).collect();
        let shift = dot(&shifted, &current) / squares;
        let back = if columns.is_empty() {
            0.0
        } else {
            squares / before
        };
        let next: Vec<f64> = (0..x.len())
            .map(|row| shifted[row] - shift * current[row] - back * previous[row])
            .collect();
        (before, squares) = (squares, dot(&next, &next));
        let length = squares.sqrt();
        columns.push(next.iter().map(|value| value / length).collect());
        previous = std::mem::replace(&mut current, next);
    }
    Ok(columns)
}
