//! Regression formulas as text: `y ~ x1 + i(event_time, -1) + a*b | fe1 + fe2 | endogenous ~ instrument`.
//!
//! Only the grammar is here; what the terms become, given data, is in `design.rs`. As in `fixest`, the last part is the
//! instrumental one when it holds a `~`, so that `y ~ 1 | d ~ z` has no fixed effects.

mod parser;

use thiserror::Error;

pub use parser::parse;

/// A parsed formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    pub(crate) outcome: Atom,
    pub(crate) intercept: bool,
    pub(crate) terms: Vec<Term>,
    pub(crate) fixed_effects: Vec<FixedEffect>,
    pub(crate) endogenous: Vec<Term>,
    pub(crate) instruments: Vec<Term>,
}

/// A product of variables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) atoms: Vec<Atom>,
}

/// One variable of a product.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Atom {
    pub(crate) column: String,
    pub(crate) kind: AtomKind,
    pub(crate) offset: usize,
}

/// How a column enters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AtomKind {
    /// As it is; text becomes a factor.
    Plain,
    /// Its natural logarithm.
    Log,
    /// Its exponential.
    Exp,
    /// One indicator per value, the first left out where the model holds the rest.
    Factor,
    /// `i(column, ref…)`: one indicator per value except the references.
    Indicators(Vec<Level>),
}

/// A value of a categorical column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Level {
    /// Of a numeric column.
    Number(f64),
    /// Of a text column.
    Text(String),
}

/// An absorbed fixed effect: one column, or the combinations of several (`a^b`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FixedEffect {
    pub(crate) columns: Vec<(String, usize)>,
}

/// What a formula needs from a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRole {
    /// Numbers.
    Numeric,
    /// Numbers or text.
    Any,
}

/// A column a formula uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnUse {
    /// Its name, as written.
    pub name: String,
    /// What it must hold.
    pub role: ColumnRole,
    /// Byte offset of its first use in the formula.
    pub offset: usize,
}

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
    #[error("unknown function \"{0}\"; there are i, factor, log and exp")]
    UnknownFunction(String),
    /// Fixed effects and instruments allow for two bars.
    #[error("too many parts: outcome ~ terms | fixed effects | endogenous ~ instruments")]
    TooManyParts,
    /// The outcome must be one number.
    #[error("the outcome must be a column, log(column) or exp(column)")]
    OutcomeNotNumeric,
    /// An instrumental part needs columns on both sides.
    #[error("the instrumental part needs columns on both sides of ~")]
    EmptyInstruments,
}

impl Formula {
    /// All columns used, in order of first use.
    pub fn columns(&self) -> Vec<ColumnUse> {
        let mut uses: Vec<ColumnUse> = Vec::new();
        let mut add = |name: &str, role, offset| match uses.iter_mut().find(|u| u.name == name) {
            Some(known) if role == ColumnRole::Numeric => known.role = role,
            Some(_) => {}
            None => uses.push(ColumnUse {
                name: name.to_owned(),
                role,
                offset,
            }),
        };
        add(
            &self.outcome.column,
            ColumnRole::Numeric,
            self.outcome.offset,
        );
        let terms = self
            .terms
            .iter()
            .chain(&self.endogenous)
            .chain(&self.instruments);
        for atom in terms.flat_map(|term| &term.atoms) {
            let role = match atom.kind {
                AtomKind::Log | AtomKind::Exp => ColumnRole::Numeric,
                _ => ColumnRole::Any,
            };
            add(&atom.column, role, atom.offset);
        }
        for (name, offset) in self.fixed_effects.iter().flat_map(|effect| &effect.columns) {
            add(name, ColumnRole::Any, *offset);
        }
        uses
    }

    /// The column of the outcome.
    pub fn outcome(&self) -> &str {
        &self.outcome.column
    }

    /// Whether there is an instrumental part.
    pub fn has_instruments(&self) -> bool {
        !self.instruments.is_empty()
    }
}

impl Atom {
    /// The atom as it appears in names of coefficients.
    pub(crate) fn label(&self) -> String {
        match self.kind {
            AtomKind::Log => format!("log({})", self.column),
            AtomKind::Exp => format!("exp({})", self.column),
            AtomKind::Factor => format!("factor({})", self.column),
            _ => self.column.clone(),
        }
    }

    /// Whether two atoms stand for the same variable.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.column == other.column && self.kind == other.kind
    }
}

impl Term {
    /// Whether two terms hold the same variables, in any order.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let all_in = |a: &Self, b: &Self| a.atoms.iter().all(|x| b.atoms.iter().any(|y| x.same(y)));
        all_in(self, other) && all_in(other, self)
    }
}
