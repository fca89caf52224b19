//! A formula after it was read: its terms and which columns they use.
//!
//! Only the grammar is here; what the terms become, given data, is in `regression/design/`.

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
