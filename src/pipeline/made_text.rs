//! The text of a query that is made from expressions of another file, and where in that file they stand: errors name what the user
//! wrote, not what was made of it.

use crate::diagnostic::SourceLocation;
use crate::toml_reader::LocatedText;

/// A text with expressions in it.
#[derive(Debug, Default)]
pub(super) struct MadeText {
    pub(super) text: String,
    pub(super) expressions: Expressions,
}

/// The expressions of a text, each with the number of its first line in it, in the order of the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Expressions(Vec<(usize, LocatedText)>);

impl MadeText {
    /// A text without expressions, which is the file's own.
    pub(super) fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            expressions: Expressions::default(),
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds an expression in parentheses, on lines of its own: a comment at its end would hide what follows on the same line.
    pub(super) fn push_expression(&mut self, sql: &LocatedText) {
        self.text.push_str("(\n");
        let first_line = self.text.matches('\n').count() + 1;
        self.expressions.0.push((first_line, sql.clone()));
        self.text.push_str(&sql.value);
        self.text.push_str("\n)");
    }
}

impl Expressions {
    /// Where what stands at a place of the text was written: in an expression, or at the end of the one before it; `at` itself when there
    /// is none before it.
    pub(super) fn written_at(&self, at: SourceLocation) -> SourceLocation {
        let before = |(first, _): &&(usize, LocatedText)| *first <= at.line;
        match self.0.iter().rfind(before) {
            Some((first, sql)) => sql.location(at.line - first + 1, at.column),
            None => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::toml_reader::TomlDocument;

    fn sql(file: &str) -> LocatedText {
        let document = TomlDocument::parse(Path::new("indicators.toml"), file).unwrap();
        document.root().required("sql").unwrap()
    }

    #[test]
    fn places_of_the_text_are_those_of_its_expressions() {
        let mut made = MadeText::plain("-- One row.\nselect a.*");
        made.push(",\n");
        made.push_expression(&sql("\n\nsql = '''\nx +\n  y'''"));
        made.push(" as z,\n");
        made.push_expression(&sql("sql = \"w\""));
        made.push(" as v\nfrom a\n");
        let expected = "-- One row.\nselect a.*,\n(\nx +\n  y\n) as z,\n(\nw\n) as v\nfrom a\n";
        assert_eq!(made.text, expected);
        for (place, written) in [
            ((2, 8), (2, 8)),
            ((4, 1), (4, 1)),
            ((5, 3), (5, 3)),
            ((6, 1), (5, 4)),
            ((8, 1), (1, 8)),
            ((10, 1), (1, 9)),
        ] {
            let file = Path::new("indicators.toml").to_path_buf();
            let (line, column) = place;
            let at = made
                .expressions
                .written_at(SourceLocation { file, line, column });
            assert_eq!((at.line, at.column), written, "{place:?}");
        }
    }
}
