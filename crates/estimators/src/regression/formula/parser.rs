//! From text to [`Formula`]: tokens with their offsets, then recursive descent.

use crate::regression::formula::error::{FormulaError, FormulaProblem, MAX_DEGREE};
use crate::regression::formula::syntax::{Atom, AtomKind, FixedEffect, Formula, Level, Term};

/// Parses a formula.
///
/// # Errors
/// [`FormulaError`] with the byte offset of the first problem.
pub fn parse(text: &str) -> Result<Formula, FormulaError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        position: 0,
        end: text.len(),
    };
    let outcome = parser.atom()?;
    if !matches!(
        outcome.kind,
        AtomKind::Plain | AtomKind::Log | AtomKind::Exp | AtomKind::Power(_)
    ) {
        return Err(FormulaError {
            offset: outcome.offset,
            problem: FormulaProblem::OutcomeNotNumeric,
        });
    }
    parser.expect('~', "~ after the outcome")?;
    let right = parser.sum()?;
    let mut formula = Formula {
        outcome,
        intercept: right.intercept,
        terms: right.terms,
        fixed_effects: Vec::new(),
        endogenous: Vec::new(),
        instruments: Vec::new(),
    };
    if parser.accept('|') && !parser.instruments(&mut formula)? {
        formula.fixed_effects = parser.fixed_effects()?;
        if parser.accept('|') && !parser.instruments(&mut formula)? {
            return Err(parser.unexpected("endogenous ~ instruments"));
        }
    }
    if parser.at('|') {
        return Err(parser.problem(FormulaProblem::TooManyParts));
    }
    if parser.position < parser.tokens.len() {
        return Err(parser.unexpected("+, |, or the end"));
    }
    Ok(formula)
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Name(String),
    Number(f64),
    Text(String),
    Symbol(char),
}

struct Token {
    kind: Kind,
    offset: usize,
}

/// A sum of terms and what it says about the intercept.
struct Sum {
    terms: Vec<Term>,
    intercept: bool,
}

fn tokens(text: &str) -> Result<Vec<Token>, FormulaError> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((offset, letter)) = rest.next() {
        let mut take_while = |first: Option<char>, fits: &dyn Fn(char) -> bool| {
            let mut word: String = first.into_iter().collect();
            while let Some((_, next)) = rest.next_if(|&(_, next)| fits(next)) {
                word.push(next);
            }
            word
        };
        let kind = match letter {
            c if c.is_whitespace() => continue,
            c if c.is_alphabetic() || c == '_' => {
                let fits = |c: char| c.is_alphanumeric() || c == '_';
                Kind::Name(take_while(Some(c), &fits))
            }
            c if c.is_ascii_digit() || c == '.' => {
                let word = take_while(Some(c), &|c| c.is_ascii_digit() || c == '.');
                let number = word.parse();
                Kind::Number(number.map_err(|_| FormulaError {
                    offset,
                    problem: FormulaProblem::Unexpected {
                        expected: "a number",
                        found: word,
                    },
                })?)
            }
            quote @ ('"' | '`' | '\'') => {
                let word = take_while(None, &|c| c != quote);
                if rest.next().is_none() {
                    return Err(FormulaError {
                        offset,
                        problem: FormulaProblem::OpenQuote,
                    });
                }
                if quote == '\'' {
                    Kind::Text(word)
                } else {
                    Kind::Name(word)
                }
            }
            c if "~+-*:|^(),=[]".contains(c) => Kind::Symbol(c),
            c => {
                let problem = FormulaProblem::UnexpectedCharacter(c);
                return Err(FormulaError { offset, problem });
            }
        };
        tokens.push(Token { kind, offset });
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.position).map(|token| &token.kind)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.position)
            .map_or(self.end, |token| token.offset)
    }

    fn at(&self, symbol: char) -> bool {
        self.peek() == Some(&Kind::Symbol(symbol))
    }

    fn accept(&mut self, symbol: char) -> bool {
        let found = self.at(symbol);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: char, expected: &'static str) -> Result<(), FormulaError> {
        if self.accept(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    fn problem(&self, problem: FormulaProblem) -> FormulaError {
        FormulaError {
            offset: self.offset(),
            problem,
        }
    }

    fn unexpected(&self, expected: &'static str) -> FormulaError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Kind::Name(name)) => format!("\"{name}\""),
            Some(Kind::Number(number)) => number.to_string(),
            Some(Kind::Text(text)) => format!("'{text}'"),
            Some(Kind::Symbol(symbol)) => format!("'{symbol}'"),
        };
        self.problem(FormulaProblem::Unexpected { expected, found })
    }

    /// The instrumental part, if this part is one.
    fn instruments(&mut self, formula: &mut Formula) -> Result<bool, FormulaError> {
        let part = self.tokens[self.position..].iter().map(|token| &token.kind);
        if !part
            .take_while(|kind| **kind != Kind::Symbol('|'))
            .any(|kind| *kind == Kind::Symbol('~'))
        {
            return Ok(false);
        }
        let start = self.offset();
        // What such a sum says of the intercept has no meaning here.
        formula.endogenous = self.sum()?.terms;
        self.expect('~', "~ before the instruments")?;
        formula.instruments = self.sum()?.terms;
        // `dose | z` is not a formula, but instruments may be separated by + only.
        if formula.endogenous.is_empty() || formula.instruments.is_empty() {
            return Err(FormulaError {
                offset: start,
                problem: FormulaProblem::EmptyInstruments,
            });
        }
        Ok(true)
    }

    fn fixed_effects(&mut self) -> Result<Vec<FixedEffect>, FormulaError> {
        let mut effects = Vec::new();
        loop {
            let mut columns = vec![self.name("the column of a fixed effect")?];
            while self.accept('^') {
                columns.push(self.name("the column of a fixed effect")?);
            }
            effects.push(FixedEffect { columns });
            if !self.accept('+') {
                return Ok(effects);
            }
        }
    }

    fn name(&mut self, expected: &'static str) -> Result<(String, usize), FormulaError> {
        let offset = self.offset();
        match self.peek() {
            Some(Kind::Name(name)) => {
                let name = name.clone();
                self.position += 1;
                Ok((name, offset))
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn sum(&mut self) -> Result<Sum, FormulaError> {
        let mut sum = Sum {
            terms: Vec::new(),
            intercept: true,
        };
        let mut minus = self.accept('-');
        loop {
            match self.peek() {
                Some(&Kind::Number(number)) if number == 0.0 || number == 1.0 => {
                    // `- 1` and `+ 0` take the intercept out, `- 0` does not, as in R.
                    sum.intercept = (number == 1.0) != minus;
                    self.position += 1;
                }
                _ if minus => {
                    return Err(self.unexpected("1 (only the intercept can be taken out)"));
                }
                _ => {
                    for term in self.product()? {
                        if !sum.terms.iter().any(|known| known.same(&term)) {
                            sum.terms.push(term);
                        }
                    }
                }
            }
            minus = self.at('-');
            if !minus && !self.at('+') {
                // Main effects first, as in R: which of two collinear columns is the later one depends on it.
                sum.terms.sort_by_key(|term| term.atoms.len());
                return Ok(sum);
            }
            self.position += 1;
        }
    }

    /// `a*b` is a + b + a:b.
    fn product(&mut self) -> Result<Vec<Term>, FormulaError> {
        let mut terms = vec![self.interaction()?];
        while self.accept('*') {
            let factor = self.interaction()?;
            // With all terms so far, so that a*b*c holds a:c, b:c and a:b:c.
            let crossed: Vec<Term> = terms
                .iter()
                .map(|term| Term {
                    atoms: [term.atoms.clone(), factor.atoms.clone()].concat(),
                })
                .collect();
            terms.push(factor);
            terms.extend(crossed);
        }
        Ok(terms)
    }

    fn interaction(&mut self) -> Result<Term, FormulaError> {
        let mut atoms = vec![self.atom()?];
        while self.accept(':') {
            atoms.push(self.atom()?);
        }
        Ok(Term { atoms })
    }

    fn atom(&mut self) -> Result<Atom, FormulaError> {
        let (name, offset) = self.name("a column")?;
        if !self.accept('(') {
            return Ok(Atom {
                column: name,
                kind: self.power()?.map_or(AtomKind::Plain, AtomKind::Power),
                offset,
            });
        }
        if !["i", "factor", "log", "exp", "poly", "I"].contains(&name.as_str()) {
            return Err(FormulaError {
                offset,
                problem: FormulaProblem::UnknownFunction(name),
            });
        }
        let (column, offset) = self.name("a column")?;
        let kind = match name.as_str() {
            "i" if self.accept(',') => AtomKind::Indicators(self.references()?),
            "i" => AtomKind::Indicators(Vec::new()),
            "factor" => AtomKind::Factor,
            "log" => AtomKind::Log,
            "exp" => AtomKind::Exp,
            "poly" => self.polynomial()?,
            _ => {
                let power = self.power()?;
                AtomKind::Power(power.ok_or_else(|| self.problem(FormulaProblem::NotAPower))?)
            }
        };
        self.expect(')', ")")?;
        Ok(Atom {
            column,
            kind,
            offset,
        })
    }

    /// `^2` after a column.
    fn power(&mut self) -> Result<Option<f64>, FormulaError> {
        if !self.accept('^') {
            return Ok(None);
        }
        let sign = if self.accept('-') { -1.0 } else { 1.0 };
        match self.peek() {
            Some(&Kind::Number(power)) => {
                self.position += 1;
                Ok(Some(sign * power))
            }
            _ => Err(self.unexpected("a number after ^ (fixed effects are combined after |)")),
        }
    }

    /// `, 3` or `, 3, raw` or `, 3, raw = true` after the column of `poly(`.
    fn polynomial(&mut self) -> Result<AtomKind, FormulaError> {
        self.expect(',', ", and the degree")?;
        let degree = match self.peek() {
            Some(&Kind::Number(n))
                if n >= 1.0 && n <= f64::from(MAX_DEGREE) && n.fract() == 0.0 =>
            {
                n as u32
            }
            _ => return Err(self.problem(FormulaProblem::Degree)),
        };
        self.position += 1;
        let mut raw = false;
        if self.accept(',') {
            let (word, _) = self.name("raw")?;
            if word != "raw" {
                // The error is to point at the word that was read.
                self.position -= 1;
                return Err(self.unexpected("raw"));
            }
            raw = true;
            if self.accept('=') {
                let (flag, _) = self.name("true or false")?;
                raw = match flag.to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => {
                        self.position -= 1;
                        return Err(self.unexpected("true or false"));
                    }
                };
            }
        }
        Ok(AtomKind::Poly { degree, raw })
    }

    /// `-1`, `ref = -1`, `ref = [-1, 'never']` or `ref = c(-1, 99)`.
    fn references(&mut self) -> Result<Vec<Level>, FormulaError> {
        if self.peek() == Some(&Kind::Name("ref".to_owned())) {
            self.position += 1;
            self.expect('=', "= after ref")?;
        }
        let close = if self.accept('[') {
            ']'
        } else if self.peek() == Some(&Kind::Name("c".to_owned())) {
            self.position += 1;
            self.expect('(', "( after c")?;
            ')'
        } else {
            return Ok(vec![self.level()?]);
        };
        let mut levels = vec![self.level()?];
        while self.accept(',') {
            levels.push(self.level()?);
        }
        self.expect(close, "the end of the list of references")?;
        Ok(levels)
    }

    fn level(&mut self) -> Result<Level, FormulaError> {
        let sign = if self.accept('-') { -1.0 } else { 1.0 };
        let level = match self.peek() {
            Some(&Kind::Number(number)) => Level::Number(sign * number),
            Some(Kind::Text(text) | Kind::Name(text)) => Level::Text(text.clone()),
            _ => return Err(self.unexpected("a reference value")),
        };
        self.position += 1;
        Ok(level)
    }
}
