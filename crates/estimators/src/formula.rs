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
//! Only the grammar is here; what the terms become, given data, is in `design.rs`. As in `fixest`, the last part is the
//! instrumental one when it holds a `~`, so that `y ~ 1 | d ~ z` has no fixed effects.

mod parser;

use thiserror::Error;

pub use parser::parse;

/// Highest degree of `poly()`.
pub(crate) const MAX_DEGREE: u32 = 20;

/// A parsed formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The left side.
    pub outcome: Atom,
    /// Whether a constant is asked for; fixed effects hold one anyway.
    pub intercept: bool,
    /// The exogenous regressors, in the order written.
    pub terms: Vec<Term>,
    /// What is absorbed; empty without.
    pub fixed_effects: Vec<FixedEffect>,
    /// Regressors that are instrumented; empty without instruments.
    pub endogenous: Vec<Term>,
    /// The excluded instruments.
    pub instruments: Vec<Term>,
}

/// A product of variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Its variables; more than one is an interaction.
    pub atoms: Vec<Atom>,
}

/// One variable of a product.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// The column's name, as written.
    pub column: String,
    /// How its values enter.
    pub kind: AtomKind,
    /// Byte offset of the column in the formula.
    pub offset: usize,
}

/// How a column enters.
#[derive(Debug, Clone, PartialEq)]
pub enum AtomKind {
    /// As it is; text becomes a factor.
    Plain,
    /// Its natural logarithm.
    Log,
    /// Its exponential.
    Exp,
    /// A power of it.
    Power(f64),
    /// `poly(column, degree)`: a polynomial of that degree.
    Poly {
        /// Highest power.
        degree: u32,
        /// Plain powers rather than orthonormal columns.
        raw: bool,
    },
    /// One indicator per value, the first left out where the model holds the rest.
    Factor,
    /// `i(column, ref…)`: one indicator per value except the references.
    Indicators(Vec<Level>),
}

/// A value of a categorical column.
#[derive(Debug, Clone, PartialEq)]
pub enum Level {
    /// Of a numeric column.
    Number(f64),
    /// Of a column of whole numbers.
    Integer(i64),
    /// Of a text column.
    Text(String),
}

/// An absorbed fixed effect: one column, or the combinations of several (`a^b`).
#[derive(Debug, Clone, PartialEq)]
pub struct FixedEffect {
    /// Names, each with its byte offset in the formula.
    pub columns: Vec<(String, usize)>,
}

/// A column a formula uses. A column used only as it is may hold numbers or text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnUse {
    /// Its name, as written.
    pub name: String,
    /// Somewhere its values are grouped: fixed effects, `i()`, `factor()`. Whole numbers then need not fit into a float.
    pub as_labels: bool,
    /// Somewhere its values must be numbers: the outcome, `log()`, `exp()`, `poly()`, powers.
    pub as_numbers: bool,
    /// It is a regressor, an endogenous column or an instrument, as it is or in some form.
    pub as_term: bool,
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

impl Formula {
    /// All columns used, in order of first use.
    pub fn columns(&self) -> Vec<ColumnUse> {
        let mut uses: Vec<ColumnUse> = Vec::new();
        let mut add = |used: ColumnUse| match uses.iter_mut().find(|u| u.name == used.name) {
            Some(known) => {
                known.as_labels |= used.as_labels;
                known.as_numbers |= used.as_numbers;
                known.as_term |= used.as_term;
            }
            None => uses.push(used),
        };
        add(ColumnUse {
            name: self.outcome.column.clone(),
            as_labels: false,
            as_numbers: true,
            as_term: false,
            offset: self.outcome.offset,
        });
        for atom in self.all_terms().flat_map(|term| &term.atoms) {
            let as_labels = matches!(atom.kind, AtomKind::Factor | AtomKind::Indicators(_));
            add(ColumnUse {
                name: atom.column.clone(),
                as_labels,
                as_numbers: !as_labels && atom.kind != AtomKind::Plain,
                as_term: true,
                offset: atom.offset,
            });
        }
        for (name, offset) in self.fixed_effects.iter().flat_map(|effect| &effect.columns) {
            add(ColumnUse {
                name: name.clone(),
                as_labels: true,
                as_numbers: false,
                as_term: false,
                offset: *offset,
            });
        }
        uses
    }

    /// Regressors, endogenous columns and instruments.
    pub(crate) fn all_terms(&self) -> impl Iterator<Item = &Term> {
        self.terms
            .iter()
            .chain(&self.endogenous)
            .chain(&self.instruments)
    }

    /// A name for each term that has a coefficient, as far as the formula alone tells: endogenous ones first, as in the result.
    pub fn term_names(&self) -> Vec<String> {
        let terms = self.endogenous.iter().chain(&self.terms);
        let name = |term: &Term| {
            let labels: Vec<String> = term.atoms.iter().map(Atom::label).collect();
            labels.join(":")
        };
        terms.map(name).collect()
    }

    /// Where the outcome, as it is written, stands again: byte offset and what it is there.
    pub fn outcome_again(&self) -> Option<(usize, &'static str)> {
        let is_outcome =
            |term: &&Term| matches!(&term.atoms[..], [atom] if atom.same(&self.outcome));
        let among = |terms: &[Term]| {
            terms
                .iter()
                .find(is_outcome)
                .map(|term| term.atoms[0].offset)
        };
        let absorbed = |effect: &&FixedEffect| {
            self.outcome.kind == AtomKind::Plain
                && matches!(&effect.columns[..], [(name, _)] if *name == self.outcome.column)
        };
        let effect = self.fixed_effects.iter().find(absorbed);
        among(&self.terms)
            .map(|offset| (offset, "a regressor"))
            .or_else(|| effect.map(|effect| (effect.columns[0].1, "a fixed effect")))
            .or_else(|| among(&self.endogenous).map(|offset| (offset, "an endogenous column")))
            .or_else(|| among(&self.instruments).map(|offset| (offset, "an instrument")))
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
            AtomKind::Power(power) => format!("I({}^{power})", self.column),
            AtomKind::Poly { degree, raw } => {
                let raw = if raw { ", raw" } else { "" };
                format!("poly({}, {degree}{raw})", self.column)
            }
            AtomKind::Plain | AtomKind::Indicators(_) => self.column.clone(),
        }
    }

    /// Whether two atoms stand for the same variable.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.column == other.column && self.kind == other.kind
    }
}

impl FixedEffect {
    /// As written: `a`, or `a^b`.
    pub(crate) fn label(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join("^")
    }
}

impl Term {
    /// Whether two terms hold the same variables, in any order.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let all_in = |a: &Self, b: &Self| a.atoms.iter().all(|x| b.atoms.iter().any(|y| x.same(y)));
        all_in(self, other) && all_in(other, self)
    }
}
