//! TOML files of a project, and folders in which each file is one thing that goes by the file's stem.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use crate::regular_file;
use crate::vocabulary::is_name;

/// Why a file of a project cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectFileError {
    /// A file or folder cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A name has characters that a table's name cannot have.
    #[error(
        "`{file}`: the name of a {what} is lower-case letters, digits and `_`, a letter first; rename the file"
    )]
    WrongName {
        /// The file.
        file: String,
        /// What the file is.
        what: &'static str,
    },
}

/// One file of a folder.
#[derive(Debug)]
pub struct NamedFile {
    /// Its stem.
    pub name: String,
    /// What messages call it: relative to the project's folder.
    pub shown: PathBuf,
    /// What it says.
    pub text: String,
}

/// The text of `path`, which messages call `shown`.
///
/// # Errors
/// When it cannot be read.
pub fn read_file(path: &Path, shown: &Path) -> Result<String, ProjectFileError> {
    regular_file::read_to_string(path).map_err(|source| unreadable(shown, source))
}

/// The text of a file that a project may have at `shown`, or `built_in` where it has none.
///
/// # Errors
/// When it cannot be read.
pub fn read_or<'t>(
    project: &Path,
    shown: &Path,
    built_in: &'t str,
) -> Result<Cow<'t, str>, ProjectFileError> {
    let path = project.join(shown);
    match path.exists() {
        true => Ok(Cow::Owned(read_file(&path, shown)?)),
        false => Ok(Cow::Borrowed(built_in)),
    }
}

/// The TOML files of `subfolder` in the order of their names; none without the folder. A file is a `what`.
///
/// # Errors
/// When one cannot be read, or its stem cannot be the name of a table.
pub fn read_named_files(
    project: &Path,
    subfolder: &str,
    what: &'static str,
) -> Result<Vec<NamedFile>, ProjectFileError> {
    let folder = project.join(subfolder);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let of_folder = |source| unreadable(Path::new(subfolder), source);
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(of_folder)? {
        let path = entry.map_err(of_folder)?.path();
        if path.extension().is_some_and(|suffix| suffix == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let shown = Path::new(subfolder).join(format!("{name}.toml"));
        if !is_name(&name) {
            return Err(ProjectFileError::WrongName {
                file: shown.display().to_string(),
                what,
            });
        }
        Ok(NamedFile {
            name: name.into_owned(),
            text: read_file(&path, &shown)?,
            shown,
        })
    };
    paths.into_iter().map(read).collect()
}

fn unreadable(shown: &Path, source: io::Error) -> ProjectFileError {
    ProjectFileError::Unreadable {
        file: shown.display().to_string(),
        source,
    }
}
