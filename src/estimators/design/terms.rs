//! Terms become columns: indicators of factors, products of interactions, and their names.

use crate::estimators::design::{DesignColumn, numeric};
use crate::estimators::estimate::EstimatorError;
use crate::estimators::formula::{Atom, AtomKind, Level, Term};
use crate::estimators::regression_data::{Column, RegressionData};

/// The columns of all terms.
///
/// A factor in a term leaves out its first value exactly when the model holds the term without that factor (the empty term
/// being the intercept or fixed effects), as R's `model.matrix` does.
pub(crate) fn expand(
    terms: &[Term],
    has_constant: bool,
    data: &RegressionData,
    rows: &[u32],
) -> Result<Vec<DesignColumn>, EstimatorError> {
    let mut columns = Vec::new();
    for term in terms {
        let mut product: Option<Vec<DesignColumn>> = None;
        for (index, atom) in term.atoms.iter().enumerate() {
            let mut rest = term.clone();
            rest.atoms.remove(index);
            let marginal = if rest.atoms.is_empty() {
                has_constant
            } else {
                terms.iter().any(|known| known.same(&rest))
            };
            let own = atom_columns(atom, marginal, data, rows)?;
            product = Some(match product {
                None => own,
                Some(left) => multiply(&left, &own),
            });
        }
        columns.extend(product.into_iter().flatten());
    }
    Ok(columns)
}

fn multiply(left: &[DesignColumn], right: &[DesignColumn]) -> Vec<DesignColumn> {
    let mut products = Vec::with_capacity(left.len() * right.len());
    for b in right {
        for a in left {
            products.push(DesignColumn {
                name: format!("{}:{}", a.name, b.name),
                values: a.values.iter().zip(&b.values).map(|(x, y)| x * y).collect(),
            });
        }
    }
    products
}

fn atom_columns(
    atom: &Atom,
    drop_first: bool,
    data: &RegressionData,
    rows: &[u32],
) -> Result<Vec<DesignColumn>, EstimatorError> {
    let column = data.column(&atom.column)?;
    let is_text = matches!(column, Column::Categorical { .. });
    match &atom.kind {
        AtomKind::Indicators(references) => Ok(indicators(column, rows)
            .into_iter()
            .filter(|(level, _)| {
                !references
                    .iter()
                    .any(|reference| same_level(reference, level))
            })
            .map(|(level, values)| DesignColumn {
                name: format!("{}::{}", atom.column, level_text(&level)),
                values,
            })
            .collect()),
        AtomKind::Factor => Ok(factor(atom, column, drop_first, rows)),
        AtomKind::Plain if is_text => Ok(factor(atom, column, drop_first, rows)),
        _ => {
            let values = numeric(data, atom)?;
            let values = rows.iter().map(|&row| values[row as usize]).collect();
            Ok(vec![DesignColumn {
                name: atom.label(),
                values,
            }])
        }
    }
}

fn factor(atom: &Atom, column: &Column, drop_first: bool, rows: &[u32]) -> Vec<DesignColumn> {
    indicators(column, rows)
        .into_iter()
        .skip(usize::from(drop_first))
        .map(|(level, values)| DesignColumn {
            name: format!("{}{}", atom.label(), level_text(&level)),
            values,
        })
        .collect()
}

/// One indicator per value among the rows, ascending.
fn indicators(column: &Column, rows: &[u32]) -> Vec<(Level, Vec<f64>)> {
    let groups = column.groups(rows);
    let mut columns: Vec<(Level, Vec<f64>)> = (0..groups.n_groups)
        .map(|_| (Level::Number(f64::NAN), vec![0.0; rows.len()]))
        .collect();
    for (index, (&code, &row)) in groups.codes.iter().zip(rows).enumerate() {
        let (level, values) = &mut columns[code as usize];
        if matches!(level, Level::Number(n) if n.is_nan()) {
            *level = match column {
                Column::Numeric(numbers) => Level::Number(numbers[row as usize]),
                Column::Categorical { codes, labels } => {
                    Level::Text(labels[codes[row as usize] as usize].clone())
                }
            };
        }
        values[index] = 1.0;
    }
    columns
}

fn same_level(reference: &Level, level: &Level) -> bool {
    level_text(reference) == level_text(level)
}

fn level_text(level: &Level) -> String {
    match level {
        Level::Number(number) => number.to_string(),
        Level::Text(text) => text.clone(),
    }
}
