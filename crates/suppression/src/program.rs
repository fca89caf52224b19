//! Parts of linear programs: sums of atoms, and how much they may change.

use microlp::{ComparisonOp, LinearExpr, Problem, Variable};

use crate::region::Slack;

/// The lowest change of a count that leaves some persons.
pub(crate) fn floor(count: i64, persons: i64) -> i64 {
    // Where there are fewer already, none may go.
    persons.min(count) - count
}

/// The change of some atoms together.
pub(crate) fn sum(terms: &[usize], variables: &[Variable]) -> LinearExpr {
    let mut expression = LinearExpr::empty();
    terms
        .iter()
        .for_each(|term| expression.add(variables[*term], 1.0));
    expression
}

/// Demands that a change stays within the slack.
pub(crate) fn constrain(problem: &mut Problem, expression: LinearExpr, slack: Slack) {
    match slack.high {
        Some(high) if high == slack.low => {
            problem.add_constraint(expression, ComparisonOp::Eq, high as f64);
        }
        high => {
            if let Some(high) = high {
                problem.add_constraint(expression.clone(), ComparisonOp::Le, high as f64);
            }
            problem.add_constraint(expression, ComparisonOp::Ge, slack.low as f64);
        }
    }
}
