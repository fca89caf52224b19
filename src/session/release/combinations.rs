//! Numbers of which one follows from others: a total and its parts, or one column by two ways. What is withheld of one could be worked
//! out from the rest. Such identities are looked for among some of the rows, and what they leave is then judged in every group like a
//! number that is asked for.

use datafusion::arrow::datatypes::DataType;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlanBuilder, try_cast, when};
use datafusion::prelude::{Expr, abs, coalesce, lit};

use super::answers::{collect, sizes};
use super::error::ReleaseError;
use super::lineage::{Kind, Rows};
use super::numbers::{Number, NumberCombination};
use super::questions::Questions;
use korabo_estimators::identities::identities;

/// Rows that are examined.
const MOST_ROWS: usize = 2_000;
/// Numbers that are examined together, at most: a combination of more is not recognised.
const MOST_NUMBERS: usize = 12;

/// The combinations of numbers asked for that are zero, or a column of the rows that is not asked for.
///
/// # Errors
/// When some rows cannot be computed.
pub(super) async fn combinations(
    state: &SessionState,
    rows: &Rows,
    questions: &Questions<'_>,
) -> Result<Vec<NumberCombination>, ReleaseError> {
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
    let (asked, others) = columns.split_at(values.len());
    let found = identities(asked, others);
    let combinations = found.into_iter().map(|identity| {
        let parts = identity.parts.iter();
        let value = sum_of(parts.map(|&(place, factor)| (values[place].clone(), factor)))?;
        let places = identity.parts.iter().map(|(place, _)| numbers[*place]);
        let numbers: Vec<usize> = places.collect();
        let asked = questions.aggregates.iter().enumerate();
        let asked = asked.filter(|(_, asked)| asked.numbers.iter().any(|of| numbers.contains(of)));
        Ok(NumberCombination {
            number: Number::of_others(value),
            aggregates: asked.map(|(idx, _)| idx).collect(),
            is_column: identity.is_of_other,
        })
    });
    combinations.collect()
}

/// A sum of numbers with factors; zero where it is no more than what rounding leaves.
fn sum_of(parts: impl Iterator<Item = (Expr, f64)>) -> Result<Expr, ReleaseError> {
    let (mut sum, mut size) = (lit(0.0), lit(0.0));
    for (value, factor) in parts {
        let part = coalesce(vec![value, lit(0.0)]) * lit(factor);
        sum = sum + part.clone();
        size = size + abs(part);
    }
    // Relative to the parts: a total and its parts in floating point cancel only up to rounding.
    let is_nothing = abs(sum.clone()).lt_eq(size * lit(1e-9));
    Ok(when(is_nothing, lit(0.0)).otherwise(sum)?)
}
