//! Joint hypotheses: several coefficients are zero at once.

use nalgebra::{DMatrix, DVector};

use crate::diagnostic::Diagnostic;
use crate::error::EstimatorError;
use crate::linear_algebra::solve_correlation_checked;
use crate::regression::instruments::FTest;
use crate::regression::least_squares::OlsResult;
use crate::status::Status;

/// The hypothesis that the coefficients of some terms are all zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointHypothesis {
    /// As it was written.
    text: String,
    /// Names of terms; `*` in them stands for any text.
    names: Vec<String>,
}

impl JointHypothesis {
    /// Reads hypotheses: names of terms, as in the results of [`ols`](super::ols), with commas between them, and `;` between
    /// hypotheses. `*` in a name stands for any text. Commas in parentheses belong to the name: `poly(age, 2)*`. `None` where a
    /// hypothesis has no name.
    #[must_use]
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        parts(text, ';')
            .into_iter()
            .map(|text| {
                let names: Vec<String> = parts(text, ',').into_iter().map(str::to_owned).collect();
                let is_complete = names.iter().all(|name| !name.is_empty());
                is_complete.then(|| Self {
                    text: text.to_owned(),
                    names,
                })
            })
            .collect()
    }

    /// The Wald test with the covariance matrix of the fit, as F: b'V⁻¹b over the number of coefficients, with the degrees of freedom
    /// of t. Columns without a coefficient are left out. With coefficients that have no variance, or are combinations of each other
    /// given V (as many as clusters, or more), there is no test.
    ///
    /// # Errors
    /// [`EstimatorError::UnknownTerm`] for a name that no term has.
    pub(crate) fn test(&self, result: &OlsResult) -> Result<Diagnostic, EstimatorError> {
        let mut is_meant = vec![false; result.rows.len()];
        for name in &self.names {
            let mut is_known = false;
            for (meant, row) in is_meant.iter_mut().zip(&result.rows) {
                let matches = is_like(&row.term, name);
                *meant |= matches;
                is_known |= matches;
            }
            if !is_known {
                let terms = result.rows.iter().map(|row| row.term.as_str());
                return Err(EstimatorError::UnknownTerm {
                    term: name.clone(),
                    terms: terms.collect::<Vec<_>>().join(", "),
                });
            }
        }
        let estimated = |&row: &usize| result.rows[row].estimate.is_finite();
        let meant = (0..is_meant.len()).filter(|&row| is_meant[row]);
        let (kept, dropped): (Vec<usize>, Vec<usize>) = meant.partition(estimated);
        let mut row = Diagnostic::number("joint_test", &self.text, f64::NAN);
        if kept.is_empty() {
            // Each name means some row, so that with none kept one was dropped.
            row.status = result.rows[dropped[0]].status;
            return Ok(row);
        }
        let Some(statistic) = wald(result, &kept) else {
            row.status = match kept.iter().all(|&row| result.rows[row].std_error.is_nan()) {
                true => Status::NoVariance,
                false => Status::Singular,
            };
            return Ok(row);
        };
        let n = kept.len() as f64;
        row = Diagnostic::test(
            "joint_test",
            &self.text,
            FTest::f(statistic / n, n, result.df),
        );
        let is_few = |&row: &usize| result.rows[row].status == Status::FewClusters;
        if kept.iter().any(is_few) {
            row.status = Status::FewClusters;
        }
        if dropped.is_empty() {
            return Ok(row);
        }
        let names = dropped.iter().map(|&row| result.rows[row].term.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        Ok(row.with_detail(&format!("without a coefficient: {names}")))
    }
}

/// b'V⁻¹b of the coefficients in `rows`.
fn wald(result: &OlsResult, rows: &[usize]) -> Option<f64> {
    // The matrix has the rows with an estimate.
    let place = |row: usize| {
        let before = result.rows[..row].iter();
        before.filter(|row| row.estimate.is_finite()).count()
    };
    let places: Vec<usize> = rows.iter().map(|&row| place(row)).collect();
    let n = rows.len();
    if rows.iter().any(|&row| result.rows[row].std_error.is_nan()) {
        return None;
    }
    let covariance = DMatrix::from_fn(n, n, |a, b| result.covariance[(places[a], places[b])]);
    let estimates = DVector::from_fn(n, |k, _| result.rows[rows[k]].estimate);
    let solved = solve_correlation_checked(&covariance, &estimates)?;
    Some(estimates.dot(&solved))
}

/// The parts of `text` between separators outside parentheses, without surrounding blanks.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|character| {
        match character {
            '(' => depth += 1,
            // A `)` too many must not hide the separators after it.
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && character == separator
    });
    parts.map(str::trim).collect()
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    // A piece is taken at its first place, which leaves the most for those after it; the last stands at the end.
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypotheses_are_read() {
        let read = |text: &str| {
            let all = JointHypothesis::parse_all(text)?;
            Some(all.into_iter().map(|one| one.names).collect::<Vec<_>>())
        };
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(read("a"), Some(vec![names(&["a"])]));
        assert_eq!(
            read("a, b ;poly(age, 2)1,i(x; y)"),
            Some(vec![
                names(&["a", "b"]),
                names(&["poly(age, 2)1", "i(x; y)"])
            ])
        );
        for text in ["", "a,", "a;;b", " ; a", "a,,b"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn asterisks_stand_for_any_text() {
        for (text, pattern, expected) in [
            ("a", "a", true),
            ("ab", "a", false),
            ("year::2017", "year::*", true),
            ("year::", "year::*", true),
            ("a:b", "*:b", true),
            ("a:b:c", "a*c", true),
            ("aba", "a*ba*a", false),
            ("aba", "a*b*a", true),
            ("ab", "*", true),
            ("aa", "a*a*a", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
