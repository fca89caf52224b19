//! Regression formulas as text: `y ~ x1 + i(event_time, -1) + a*b | fe1 + fe2^fe3 | endogenous ~ instrument`.
//!
//! | written | means |
//! |---|---|
//! | `a + b`, `a:b`, `a*b`, `- 1` | sum, product, `a + b + a:b`, no intercept |
//! | `log(a)`, `exp(a)`, `a^2` or `I(a^2)` | the function of a number; a row where it is not finite is left out and counted |
//! | `poly(a, 3)`, `poly(a, 3, raw)` | polynomial: orthonormal columns over the rows used (R's `poly`), or plain powers |
//! | `factor(a)`, or text as it is | indicators, the first value left out where the model holds the rest |
//! | `i(a)`, `i(a, -1)`, `i(a, ref = [-1, 99])` | indicators of all values but the references |
//! | <code>\| a + b^c</code> | fixed effects: of `a`, and of the combinations of `b` and `c` |
//! | <code>\| d ~ z</code> | endogenous columns and their instruments |
//!
//! As in `fixest`, the last part is the instrumental one when it holds a `~`, so that `y ~ 1 | d ~ z` has no fixed effects.

pub(crate) mod error;

mod parser;

pub(crate) mod syntax;

pub use error::{FormulaError, FormulaProblem};
pub use parser::parse;
pub use syntax::{Atom, AtomKind, ColumnUse, FixedEffect, Formula, Level, Term};
