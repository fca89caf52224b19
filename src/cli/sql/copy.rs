//! `COPY … TO 'FILE'`: the one statement that writes, where `--allow-write` permits it. It is `-o` said in
//! SQL: the file appears whole or not at all, in any format.

use std::path::{Path, PathBuf};

use datafusion::sql::parser::{CopyToStatement, Statement};

use super::format::Format;
use super::output::{Output, format_of};
use crate::cli::failure::Failure;
use crate::cli::workspace;
use crate::diagnostic::FailureKind;
use crate::regular_file::NotRegular;
use crate::session;
use crate::session::statements::{Token, TokenKind, tokens};

/// Where statements may write.
#[derive(Debug, Clone, Default)]
pub(super) struct Writable {
    /// Folders below which files may appear.
    folders: Vec<PathBuf>,
    /// Folders below which nothing may be written all the same: the lake and the extracts.
    kept: Vec<PathBuf>,
}

/// A `COPY` statement in the words of the command line.
#[derive(Debug)]
pub(super) struct Copy {
    /// What is written, at its place in the statement.
    pub(super) query: String,
    /// Where to.
    pub(super) output: Output,
}

impl Writable {
    /// # Errors
    /// When a folder to write in does not exist.
    pub(super) fn new(folders: &[PathBuf], kept: Vec<PathBuf>) -> Result<Self, Failure> {
        let folders = folders.iter().map(|folder| {
            resolved(folder)
                .filter(|path| path.is_dir())
                .ok_or_else(|| {
                    let message = format!("there is no folder `{}` to write in", folder.display());
                    Failure::new(FailureKind::Usage, message)
                })
        });
        Ok(Self {
            folders: folders.collect::<Result<_, _>>()?,
            kept: kept.iter().filter_map(|folder| resolved(folder)).collect(),
        })
    }

    /// The file, unless it may not be written.
    fn allowed(&self, path: &Path) -> Result<PathBuf, Failure> {
        let refused = |message: String| Failure::new(FailureKind::Project, message);
        if self.folders.is_empty() {
            let message = "COPY writes a file, and statements only read";
            return Err(refused(message.to_owned()).hint(
                "--allow-write[=DIR] lets COPY write below a folder; `-o FILE` writes a result",
            ));
        }
        let absolute = workspace::absolute(path)?;
        let folder = absolute.parent().and_then(resolved);
        let name = absolute.file_name();
        let Some((folder, name)) = folder.zip(name) else {
            return Err(refused(format!(
                "cannot write `{}`: there is no such folder",
                path.display()
            )));
        };
        // A link may lead elsewhere.
        let target = resolved(&folder.join(name)).unwrap_or_else(|| folder.join(name));
        let lies_below = |folders: &[PathBuf]| folders.iter().any(|f| target.starts_with(f));
        if lies_below(&self.kept) {
            return Err(refused(format!(
                "cannot write `{}`: lake and extracts are never written by a statement",
                path.display()
            )));
        }
        if !lies_below(&self.folders) {
            let message = format!("cannot write `{}`: it is not below", path.display());
            let folders: Vec<_> = self
                .folders
                .iter()
                .map(|f| f.display().to_string())
                .collect();
            return Err(refused(format!("{message} {}", folders.join(", ")))
                .hint("--allow-write=DIR names the folder to write in"));
        }
        if let Ok(metadata) = fs_err::metadata(&target)
            && let Some(what) = NotRegular::of(metadata.file_type())
        {
            return Err(refused(format!(
                "cannot write `{}`: {what}",
                path.display()
            )));
        }
        Ok(target)
    }
}

fn resolved(path: &Path) -> Option<PathBuf> {
    fs_err::canonicalize(path).ok()
}

impl Copy {
    /// The statement as a `COPY`; `None` when it is another one.
    ///
    /// # Errors
    /// When it asks for what cannot be written, or where it may not be written.
    pub(super) fn parse(statement: &str, writable: &Writable) -> Result<Option<Self>, Failure> {
        let is_code = |token: &Token| token.is_code();
        let tokens: Vec<Token> = tokens(statement).into_iter().filter(is_code).collect();
        let is_word = |token: &Token, word: &str| {
            token.kind == TokenKind::Word
                && statement[token.start..token.end].eq_ignore_ascii_case(word)
        };
        if !tokens.first().is_some_and(|token| is_word(token, "COPY")) {
            return Ok(None);
        }
        // A statement that does not parse, or is not to be, is told by the planner, with its place.
        let Ok(mut parsed) = session::parse_statements(statement) else {
            return Ok(None);
        };
        let Some(Statement::CopyTo(copy)) = parsed.pop_front() else {
            return Ok(None);
        };
        let Some(query) = source(statement, &tokens, is_word) else {
            return Ok(None);
        };
        let format = format(&copy)?;
        let path = writable.allowed(Path::new(&copy.target))?;
        Ok(Some(Self {
            query,
            output: Output {
                format: Some(format),
                path: Some(path),
                ..Output::default()
            },
        }))
    }
}

/// What stands between `COPY` and `TO`, as a query that keeps its lines and columns.
fn source(
    statement: &str,
    tokens: &[Token],
    is_word: impl Fn(&Token, &str) -> bool,
) -> Option<String> {
    let mut depth = 0_usize;
    let to = tokens.iter().position(|token| {
        match &statement[token.start..token.end] {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && is_word(token, "TO")
    })?;
    let (copy, first, last) = (
        tokens.first()?,
        tokens.get(1)?,
        tokens.get(to.checked_sub(1)?)?,
    );
    let before = " ".repeat(copy.start);
    let is_query = &statement[first.start..first.end] == "(";
    if is_query {
        let inner = &statement[first.end..last.start];
        let lead: String = statement[copy.start..first.end]
            .chars()
            .map(blank)
            .collect();
        return Some(format!("{before}{lead}{inner}"));
    }
    Some(format!(
        "SELECT * FROM {}",
        &statement[first.start..last.end]
    ))
}

fn blank(character: char) -> char {
    match character {
        '\n' => '\n',
        _ => ' ',
    }
}

fn format(copy: &CopyToStatement) -> Result<Format, Failure> {
    let refused = |what: &str| {
        Failure::new(FailureKind::Project, format!("COPY cannot take {what}"))
            .hint("COPY (SELECT …) TO 'FILE'; the suffix of FILE or STORED AS says the format")
    };
    if !copy.partitioned_by.is_empty() {
        return Err(refused("PARTITIONED BY: it writes one file"));
    }
    if !copy.options.is_empty() {
        return Err(refused("OPTIONS"));
    }
    match &copy.stored_as {
        None => format_of(Path::new(&copy.target)),
        Some(name) => Format::from_path(Path::new(&format!("x.{name}")))
            .ok_or_else(|| refused(&format!("the format {name}"))),
    }
}

#[cfg(test)]
mod tests;
