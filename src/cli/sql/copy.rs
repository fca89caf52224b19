//! `COPY … TO 'FILE'`: the one statement that writes, where `--allow-write` permits it. It is `-o` said in
//! SQL: the file appears whole or not at all, in any format.

use std::path::{Path, PathBuf};

use super::format::Format;
use super::output::{Output, format_of};
use crate::cli::failure::Failure;
use crate::cli::workspace;
use crate::diagnostic::FailureKind;
use crate::regular_file::NotRegular;
use crate::session::CopyTarget;

/// Where statements may write.
#[derive(Debug, Clone, Default)]
pub(super) struct Writable {
    /// Folders below which files may appear.
    folders: Vec<PathBuf>,
    /// Folders below which nothing may be written all the same: the lake and the extracts.
    kept: Vec<PathBuf>,
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

    /// A `COPY` in the words of the command line.
    ///
    /// # Errors
    /// When it asks for what cannot be written, or where it may not be written.
    pub(super) fn output(&self, copy: &CopyTarget) -> Result<Output, Failure> {
        Ok(Output {
            format: Some(format(copy)?),
            path: Some(self.allowed(Path::new(&copy.file))?),
            ..Output::default()
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

fn format(copy: &CopyTarget) -> Result<Format, Failure> {
    let refused = |what: &str| {
        Failure::new(FailureKind::Project, format!("COPY cannot take {what}"))
            .hint("COPY (SELECT …) TO 'FILE'; the suffix of FILE or STORED AS says the format")
    };
    if copy.is_partitioned {
        return Err(refused("PARTITIONED BY: it writes one file"));
    }
    if copy.has_options {
        return Err(refused("OPTIONS"));
    }
    match &copy.stored_as {
        None => format_of(Path::new(&copy.file)),
        Some(name) => Format::from_path(Path::new(&format!("x.{name}")))
            .ok_or_else(|| refused(&format!("the format {name}"))),
    }
}

#[cfg(test)]
mod tests;
