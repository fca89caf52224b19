//! Texts with statements: typed after `-c`, or read from a file or standard input.

use std::io::{self, Read as _};
use std::path::Path;

use super::place::Origin;
use crate::cli::failure::Failure;
use crate::diagnostic::FailureKind;
use crate::regular_file::{self, NotRegular};
use crate::session::statements::split_statements;

/// Text with statements.
pub(super) struct Script {
    /// Its name, when it is a file.
    file: Option<String>,
    text: String,
}

impl Script {
    pub(super) fn typed(text: &str) -> Self {
        Self {
            file: None,
            text: text.to_owned(),
        }
    }

    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let is_file = file != Path::new("-");
        Ok(Self {
            file: is_file.then(|| file.display().to_string()),
            text: read_script(file)?,
        })
    }

    pub(super) fn statements(&self) -> impl Iterator<Item = (Origin<'_>, String)> {
        let statements = split_statements(&self.text).into_iter();
        statements.map(|(start, statement)| {
            let origin = Origin {
                file: self.file.as_deref(),
                text: &self.text,
                start,
                first_line: 1,
            };
            (origin, statement)
        })
    }
}

/// The text of `file`, or of standard input for `-`.
pub(super) fn read_script(file: &Path) -> Result<String, Failure> {
    let read = |error: io::Error| {
        let message = format!("cannot read SQL from `{}`", file.display());
        Failure::new(FailureKind::Project, message).because(&error)
    };
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(read)?;
        return Ok(text);
    }
    regular_file::read_to_string(file).map_err(|error| {
        let is_other = error
            .get_ref()
            .is_some_and(|cause| cause.is::<NotRegular>());
        let failure = read(error);
        match is_other {
            true => failure.hint("`-f -` reads standard input"),
            false => failure,
        }
    })
}
