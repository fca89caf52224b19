//! A string of a TOML file that is itself code: where in the file each of its characters was written.

use crate::diagnostic::SourceLocation;

/// A text, and the place in its file of every character of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedText {
    /// The text.
    pub value: String,
    /// Where its string begins.
    pub at: SourceLocation,
    /// The string as written, with its quotes and escapes.
    written: String,
}

impl LocatedText {
    /// `value` as the string `written` at `at` means it.
    pub(super) fn new(value: &str, at: SourceLocation, written: &str) -> Self {
        Self {
            value: value.to_owned(),
            at,
            written: written.to_owned(),
        }
    }

    /// Where line `line` and column `column` of the text, both from 1, stand in the file. What lies behind the end of a line stands
    /// at its end.
    #[must_use]
    pub fn location(&self, line: usize, column: usize) -> SourceLocation {
        let lines = self.value.split_inclusive('\n');
        let start: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
        let whole = self.value[start..].lines().next().unwrap_or_default();
        let within = whole.char_indices().nth(column.saturating_sub(1));
        let byte = start + within.map_or(whole.len(), |(at, _)| at);
        let in_string =
            SourceLocation::of_offset(&self.at.file, &self.written, self.written_at(byte));
        SourceLocation {
            line: self.at.line + in_string.line - 1,
            column: match in_string.line {
                1 => self.at.column + in_string.column - 1,
                _ => in_string.column,
            },
            file: in_string.file,
        }
    }

    /// Byte of the string as written that means byte `byte` of the text.
    fn written_at(&self, byte: usize) -> usize {
        let has_escapes = self.written.starts_with('"');
        let quotes = match &self.written {
            text if text.starts_with("\"\"\"") || text.starts_with("'''") => 3,
            _ => 1,
        };
        let mut rest = self.written.get(quotes..).unwrap_or_default();
        if quotes == 3 {
            // A line break behind the opening quotes is not part of the text.
            rest = rest.strip_prefix('\r').unwrap_or(rest);
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        let mut meant = self.value[..byte].chars().peekable();
        while meant.peek().is_some() {
            match (has_escapes, rest.strip_prefix('\\')) {
                (true, Some(escaped)) if escaped.starts_with(char::is_whitespace) => {
                    rest = escaped.trim_start();
                    continue;
                }
                (true, Some(escaped)) => rest = behind_escape(escaped),
                _ => rest = behind_one(rest),
            }
            meant.next();
        }
        self.written.len() - rest.len()
    }
}

fn behind_one(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

/// Behind an escape, of which `text` follows the backslash.
fn behind_escape(text: &str) -> &str {
    let n_bytes = match text.as_bytes().first() {
        Some(b'x') => 3,
        Some(b'u') => 5,
        Some(b'U') => 9,
        _ => 1,
    };
    text.get(n_bytes..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{TomlDocument, TomlError};
    use super::LocatedText;

    /// Where `mark` of the text of key `sql` stands in the file.
    fn place(file: &str, mark: &str) -> (usize, usize) {
        let document = TomlDocument::parse(Path::new("indicators.toml"), file).unwrap();
        let read: Result<LocatedText, TomlError> = document.root().required("sql");
        let text = read.unwrap();
        let before = &text.value[..text.value.find(mark).unwrap()];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let at = text.location(line, column);
        assert_eq!(at.file, Path::new("indicators.toml"));
        (at.line, at.column)
    }

    #[test]
    fn a_place_in_a_text_is_found_in_the_file_whatever_its_quotes() {
        for (file, expected) in [
            ("sql = \"a + X\"", (1, 12)),
            ("\nsql = 'a + X'", (2, 12)),
            ("sql = \"\"\"\na +\n  X\"\"\"", (3, 3)),
            ("sql = '''a +\n健 X'''", (2, 3)),
            ("sql = \"a\\n\\u5065 \\\"X\"", (1, 20)),
            ("sql = \"\"\"a \\\n    + X\"\"\"", (2, 7)),
            ("sql = \"\"\"\r\na +\r\nX\"\"\"", (3, 1)),
        ] {
            assert_eq!(place(file, "X"), expected, "{file}");
        }
    }

    #[test]
    fn places_behind_the_end_are_at_the_end() {
        let document = TomlDocument::parse(Path::new("x.toml"), "sql = \"ab\"").unwrap();
        let text: LocatedText = document.root().required("sql").unwrap();
        assert_eq!(text.location(1, 9), text.location(1, 3));
        assert_eq!(text.location(7, 1).column, 10);
    }
}
