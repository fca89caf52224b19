//! What can be wrong with a formula, and where.

use thiserror::Error;

/// Highest degree of `poly()`.
pub(crate) const MAX_DEGREE: u32 = 20;

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("formula, position {}: {problem}", offset + 1)]
pub struct FormulaError {
    /// Byte offset in the formula.
    pub offset: usize,
    /// What is wrong.
    pub problem: FormulaProblem,
}

/// What can be wrong with a formula.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormulaProblem {
    /// A character no formula holds.
    #[error("unexpected character '{0}'")]
    UnexpectedCharacter(char),
    /// A quote that is not closed.
    #[error("the quote is not closed")]
    OpenQuote,
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What would fit.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A function that formulas do not have.
    #[error("unknown function \"{0}\"; there are i, factor, log, exp, poly and I")]
    UnknownFunction(String),
    /// Fixed effects and instruments allow for two bars.
    #[error("too many parts: outcome ~ terms | fixed effects | endogenous ~ instruments")]
    TooManyParts,
    /// The outcome must be one number.
    #[error("the outcome must be a column, log(column), exp(column) or a power")]
    OutcomeNotNumeric,
    /// A polynomial needs a small whole degree.
    #[error("the degree of poly() must be a whole number from 1 to {MAX_DEGREE}")]
    Degree,
    /// `I()` holds one power.
    #[error("I() takes a power like I(column^2)")]
    NotAPower,
    /// An instrumental part needs columns on both sides.
    #[error("the instrumental part needs columns on both sides of ~")]
    EmptyInstruments,
}
