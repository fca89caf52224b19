//! Where one SQL statement ends and the next begins: at a `;` outside quotes and comments. Only as much
//! of the lexical rules as that needs (those of the generic dialect); parsing is the session's.

/// The statements of a script with the byte offset each begins at. Text before a statement's first
/// character that is blank is skipped, comments are kept; pieces of nothing but blanks and comments
/// are left out. The last statement needs no `;`.
pub(crate) fn split_statements(sql: &str) -> Vec<(usize, String)> {
    let Pieces { finished, rest } = pieces(sql);
    finished
        .into_iter()
        .chain(rest)
        .map(|piece| (piece.start, sql[piece.start..piece.end].to_owned()))
        .collect()
}

/// A statement's place in the text, without surrounding blanks and without its `;`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Byte offset of its first character.
    pub(crate) start: usize,
    /// Byte offset behind its last character.
    pub(crate) end: usize,
}

/// A text cut into statements.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// Those that ended with `;`.
    pub(crate) finished: Vec<Piece>,
    /// What follows the last `;`, unless it is nothing but blanks and comments.
    pub(crate) rest: Option<Piece>,
}

/// Cuts `sql` at every `;` outside quotes and comments.
pub(crate) fn pieces(sql: &str) -> Pieces {
    let mut finished = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut has_code = false;
    while at < sql.len() {
        if sql[at..].starts_with(';') {
            finished.extend(has_code.then(|| trimmed(sql, start, at)));
            at += 1;
            start = at;
            has_code = false;
            continue;
        }
        let token = next_token(sql, at);
        has_code |= token.is_code();
        at = token.end;
    }
    let rest = has_code.then(|| trimmed(sql, start, sql.len()));
    Pieces { finished, rest }
}

/// Whether `sql` ends inside a quotation or a block comment.
pub(crate) fn ends_inside(sql: &str) -> bool {
    tokens(sql).iter().any(|token| !token.is_closed)
}

fn trimmed(sql: &str, start: usize, end: usize) -> Piece {
    let text = &sql[start..end];
    let start = start + (text.len() - text.trim_start().len());
    Piece {
        start,
        end: start + text.trim().len(),
    }
}

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Blanks and line breaks.
    Blank,
    /// `-- …` or `/* … */`.
    Comment,
    /// A keyword or a name without quotes.
    Word,
    /// Begins with a digit.
    Number,
    /// `'…'`, `E'…'` or `$$…$$`.
    Text,
    /// A name in quotes.
    QuotedName,
    /// `$name`.
    Parameter,
    /// Any other character.
    Symbol,
}

/// A stretch of text that `;` cannot be inside of, except as its own content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// Byte offset of its first character.
    pub(crate) start: usize,
    /// Byte offset behind its last character.
    pub(crate) end: usize,
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Its closing mark was found.
    pub(crate) is_closed: bool,
}

impl Token {
    /// Not a blank and not a comment.
    pub(crate) fn is_code(&self) -> bool {
        !matches!(self.kind, TokenKind::Blank | TokenKind::Comment)
    }
}

/// The tokens of `sql`, one after the other without gaps.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let token = next_token(sql, at);
        at = token.end;
        tokens.push(token);
    }
    tokens
}

fn next_token(sql: &str, at: usize) -> Token {
    let rest = &sql[at..];
    let token = |kind, (end, is_closed)| Token {
        start: at,
        end: at + end,
        kind,
        is_closed,
    };
    if rest.starts_with("--") {
        let end = rest.find('\n').map_or(rest.len(), |position| position + 1);
        return token(TokenKind::Comment, (end, true));
    }
    if rest.starts_with("/*") {
        return token(TokenKind::Comment, block_comment(rest));
    }
    if let Some(escaped) = rest.strip_prefix(['e', 'E'])
        && escaped.starts_with('\'')
    {
        let (end, is_closed) = escaped_string(escaped);
        return token(TokenKind::Text, (end + 1, is_closed));
    }
    let first = rest.chars().next().expect("callers stay inside the text");
    let whole = |is_part: fn(char) -> bool| {
        let end = rest.find(|character| !is_part(character));
        (end.unwrap_or(rest.len()), true)
    };
    match first {
        '\'' => token(TokenKind::Text, quoted(rest, first)),
        '"' | '`' => token(TokenKind::QuotedName, quoted(rest, first)),
        '$' => {
            let (end, is_closed) = dollar_quoted(rest);
            let is_text = !is_closed || rest[1..end].contains('$');
            let kind = if is_text {
                TokenKind::Text
            } else {
                TokenKind::Parameter
            };
            token(kind, (end, is_closed))
        }
        _ if first.is_ascii_digit() => token(TokenKind::Number, (number_end(rest), true)),
        _ if is_word(first) => token(TokenKind::Word, whole(is_word)),
        _ if first.is_whitespace() => token(TokenKind::Blank, whole(char::is_whitespace)),
        _ => token(TokenKind::Symbol, (first.len_utf8(), true)),
    }
}

/// Where a number that `rest` begins with ends: digits, one point, an exponent.
fn number_end(rest: &str) -> usize {
    let word_end = |from: usize| {
        let end = rest[from..].find(|character| !is_word(character));
        end.map_or(rest.len(), |end| from + end)
    };
    let end = word_end(0);
    let end = match rest[end..].strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => word_end(end + 1),
        _ => end,
    };
    let has_exponent = rest[..end].ends_with(['e', 'E']);
    match rest[end..].strip_prefix(['+', '-']) {
        Some(exponent) if has_exponent && exponent.starts_with(|c: char| c.is_ascii_digit()) => {
            word_end(end + 1)
        }
        _ => end,
    }
}

/// Characters of identifiers and numbers. `$` counts inside a word (`a$b$`), not at its beginning.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '@' | '#')
}

/// `'…'`, `"…"` or `` `…` ``; a doubled mark stands for itself. Reading `''` as two strings side by
/// side would end at the same place, but not tell whether the quotation is closed.
fn quoted(rest: &str, mark: char) -> (usize, bool) {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((position, character)) = characters.next() {
        if character != mark {
            continue;
        }
        match characters.peek() {
            Some((_, next)) if *next == mark => {
                characters.next();
            }
            _ => return (position + 1, true),
        }
    }
    (rest.len(), false)
}

/// The quoted part of `E'…'`, where a backslash also escapes.
fn escaped_string(rest: &str) -> (usize, bool) {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((position, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '\'' if characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            '\'' => return (position + 1, true),
            _ => {}
        }
    }
    (rest.len(), false)
}

/// `$$…$$` or `$tag$…$tag$`; a lone `$name` is a parameter.
fn dollar_quoted(rest: &str) -> (usize, bool) {
    let is_tag = |character: char| character.is_alphanumeric() || character == '_';
    let name_end = rest[1..]
        .find(|character| !is_tag(character))
        .map_or(rest.len(), |end| end + 1);
    if !rest[name_end..].starts_with('$') {
        return (name_end, true);
    }
    let tag = &rest[..=name_end];
    match rest[tag.len()..].find(tag) {
        Some(position) => (2 * tag.len() + position, true),
        None => (rest.len(), false),
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> (usize, bool) {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return (at, true);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    (rest.len(), false)
}

#[cfg(test)]
mod tests;
