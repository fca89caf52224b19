//! What sums may be made of. From sums of arbitrary functions anything follows: `1 / (age - 46.000001)` is a count of those aged 46,
//! `x + 1e9` hides who has most, whole numbers divided or wrapped around are steps. PlainCheck are therefore columns, multiples, sums,
//! differences, products and ratios of columns, and a few smooth functions of one column; everything else belongs into a
//! condition or a key, which are judged, or into a query of the project.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::prelude::Expr;

use super::error::ReleaseError;
use super::lineage::Rows;
use super::operators::{is_arithmetic, is_nothing};
use super::origins::Origins;

/// Smooth functions of one column.
const SMOOTH: [&str; 7] = ["abs", "ln", "log", "log10", "log2", "sqrt", "cbrt"];
/// Largest factor, and smallest from zero on.
const LARGEST_FACTOR: f64 = 1e6;
/// Digits of a constant in a number, at most.
const MOST_DIGITS: i32 = 6;

/// Refuses what a number cannot be made of, in an argument of an aggregate over `rows`.
///
/// # Errors
/// [`ReleaseError::NotPlain`], saying what is wrong.
pub(super) fn check(argument: &Expr, rows: &Rows) -> Result<(), ReleaseError> {
    let mut origins = Origins::default();
    let written_out = origins.written_out(argument, &rows.plan)?;
    let numbers = PlainCheck { origins: &origins };
    numbers
        .check(&written_out)
        .map_err(|what| ReleaseError::NotPlain { what })
}

struct PlainCheck<'a> {
    origins: &'a Origins,
}

type PlainResult = Result<(), &'static str>;

const STEPS: &str =
    "a step, such as whole numbers divided, `%` or rounding; put it into a key or a condition";
const SHIFTED: &str = "a constant added to a column; add it to the result";
const CONSTANT: &str = "a constant of more than six digits, or beyond a million";
const COMPUTED: &str = "a function other than abs, ln, log, log10, log2, sqrt and cbrt of a column";
const COMPUTED_DIVISOR: &str = "a divisor that is computed; store it as a column";

impl PlainCheck<'_> {
    fn check(&self, number: &Expr) -> PlainResult {
        match number {
            Expr::Column(_) => Ok(()),
            Expr::Alias(alias) => self.check(&alias.expr),
            Expr::Cast(cast) => self.cast(&cast.expr, cast.field.data_type()),
            Expr::TryCast(cast) => self.cast(&cast.expr, cast.field.data_type()),
            Expr::Negative(of) => self.check(of),
            Expr::Literal(value, _) => constant(value),
            Expr::BinaryExpr(binary) => match binary.op {
                Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide => {
                    self.two(&binary.left, binary.op, &binary.right)
                }
                Operator::Modulo => Err(STEPS),
                // A yes or no.
                _ => Ok(()),
            },
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(_, then)| then);
                let mut branches = branches.chain(&case.else_expr);
                branches.try_for_each(|branch| self.check(branch))
            }
            Expr::ScalarFunction(function) => self.function(function.name(), &function.args),
            // Conditions.
            _ => Ok(()),
        }
    }

    /// Yes and no, and numbers that stay what they are.
    fn cast(&self, of: &Expr, target: &DataType) -> PlainResult {
        match of {
            // From text or days to numbers is a function like others.
            Expr::Column(column) => match self.origins.data_type(column) {
                Some(source) if is_number(source) && is_wider(source, target) => Ok(()),
                _ => Err(STEPS),
            },
            Expr::Literal(..) => self.check(of),
            _ if target.is_floating() || is_yes_no(of) => self.check(of),
            _ if target == &DataType::Int64 && self.is_whole(of) => self.check(of),
            _ => Err(STEPS),
        }
    }

    fn two(&self, left: &Expr, op: Operator, right: &Expr) -> PlainResult {
        self.check(left)?;
        self.check(right)?;
        let is_constant = |of: &Expr| matches!(unnamed(of), Expr::Literal(..));
        match op {
            Operator::Plus | Operator::Minus if is_constant(left) != is_constant(right) => {
                // Shares of yes and no, counted from the other side.
                let is_share = self.is_share(left) || self.is_share(right);
                is_share.then_some(()).ok_or(SHIFTED)
            }
            // The divisor is zero, or nearly so, for one person only.
            Operator::Divide
                if !is_constant(right) && !matches!(unnamed(right), Expr::Column(_)) =>
            {
                Err(COMPUTED_DIVISOR)
            }
            Operator::Divide if self.is_whole(left) && self.is_whole(right) => Err(STEPS),
            _ => Ok(()),
        }
    }

    fn function(&self, name: &str, arguments: &[Expr]) -> PlainResult {
        match (name, arguments) {
            ("coalesce" | "nvl", [of, instead]) if is_nothing(instead) => self.check(of),
            // Missing for one value: a condition, and judged as one.
            ("nullif", [of, Expr::Literal(..)]) => self.check(of),
            ("ln" | "log" | "log10" | "log2", [of]) if self.is_plus_one(of) => Ok(()),
            (name, [of]) if SMOOTH.contains(&name) && matches!(unnamed(of), Expr::Column(_)) => {
                Ok(())
            }
            (_, arguments) if arguments.iter().all(|of| of.column_refs().is_empty()) => Ok(()),
            _ => Err(COMPUTED),
        }
    }

    /// `x + 1`, of which there is a logarithm where x is zero.
    fn is_plus_one(&self, of: &Expr) -> bool {
        let Expr::BinaryExpr(binary) = unnamed(of) else {
            return false;
        };
        let is_one = |of: &Expr| match of {
            Expr::Literal(value, _) => {
                ScalarValue::new_one(&value.data_type()).is_ok_and(|one| one == *value)
            }
            _ => false,
        };
        binary.op == Operator::Plus
            && matches!(unnamed(&binary.left), Expr::Column(_))
            && is_one(unnamed(&binary.right))
    }

    /// Whether an expression is a yes or no as 1 or 0.
    fn is_share(&self, of: &Expr) -> bool {
        let of = match unnamed(of) {
            Expr::Cast(cast) => &cast.expr,
            Expr::TryCast(cast) => &cast.expr,
            _ => return false,
        };
        match unnamed(of) {
            Expr::Column(column) => self.origins.data_type(column) == Some(&DataType::Boolean),
            Expr::Cast(_) | Expr::TryCast(_) => self.is_share(of),
            of => is_yes_no(of),
        }
    }

    /// Whether an expression is a whole number, as far as can be seen.
    fn is_whole(&self, of: &Expr) -> bool {
        match unnamed(of) {
            Expr::Column(column) => self
                .origins
                .data_type(column)
                .is_some_and(DataType::is_integer),
            Expr::Literal(value, _) => value.data_type().is_integer(),
            Expr::Cast(cast) => cast.field.data_type().is_integer(),
            Expr::TryCast(cast) => cast.field.data_type().is_integer(),
            Expr::BinaryExpr(binary) => self.is_whole(&binary.left) && self.is_whole(&binary.right),
            Expr::Negative(of) => self.is_whole(of),
            _ => false,
        }
    }
}

fn unnamed(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => unnamed(&alias.expr),
        other => other,
    }
}

fn is_number(data_type: &DataType) -> bool {
    data_type == &DataType::Boolean || data_type.is_integer() || data_type.is_floating()
}

/// Whether every value of `source` is one of `target`.
fn is_wider(source: &DataType, target: &DataType) -> bool {
    let is_enough =
        source == &DataType::Boolean || source.is_integer() && target == &DataType::Int64;
    source == target || target == &DataType::Float64 || is_enough && is_number(target)
}

/// Whether an expression is a condition.
fn is_yes_no(of: &Expr) -> bool {
    match unnamed(of) {
        Expr::BinaryExpr(binary) => !is_arithmetic(binary.op),
        Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_) => true,
        Expr::IsNotTrue(_) | Expr::IsNotFalse(_) | Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => {
            true
        }
        Expr::Between(_) | Expr::InList(_) | Expr::Like(_) => true,
        _ => false,
    }
}

fn constant(value: &ScalarValue) -> PlainResult {
    if value.is_null() {
        return Ok(());
    }
    let Ok(ScalarValue::Float64(Some(number))) = value.cast_to(&DataType::Float64) else {
        return Err(COMPUTED);
    };
    let number = number.abs();
    if number == 0.0 {
        return Ok(());
    }
    // The number as a whole one of the allowed digits, and what is left.
    let digits = 10_f64.powi(MOST_DIGITS - 1 - number.log10().floor() as i32);
    let rest = (number * digits - (number * digits).round()).abs();
    let is_short = rest < 1e-9 && (1.0 / LARGEST_FACTOR..=LARGEST_FACTOR).contains(&number);
    is_short.then_some(()).ok_or(CONSTANT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_short() {
        for short in [
            0.0, 1.0, -1.0, 100.0, 0.5, 1e6, -1e6, 1e-6, 18.5, 123.456, 1000.0, 99_999.9,
        ] {
            assert_eq!(constant(&ScalarValue::from(short)), Ok(()), "{short}");
        }
        for long in [
            46.000_001,
            1.000_000_000_1,
            1e9,
            1e-12,
            1_000_001.0,
            123.4567,
            f64::INFINITY,
            f64::NAN,
        ] {
            assert_eq!(constant(&ScalarValue::from(long)), Err(CONSTANT), "{long}");
        }
        assert_eq!(
            constant(&ScalarValue::from(9_007_199_254_740_993_i64)),
            Err(CONSTANT)
        );
        assert_eq!(constant(&ScalarValue::Float64(None)), Ok(()));
    }
}
