//! Output files that appear whole or not at all: bytes go to a temporary neighbour, which takes the
//! name only when everything was written. What the bytes are is the caller's concern.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err::{self as fs, File, OpenOptions};

/// Why an output file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The path names a folder, or nothing at all.
    #[error("cannot write `{}`: it is not the name of a file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The folder to write into does not exist.
    #[error("cannot write `{}`: there is no folder `{}`", path.display(), folder.display())]
    NoFolder {
        /// The path as given.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A file being written. Without [`OutputFile::finish`] nothing remains of it, and a file that was
/// there before stays as it was.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: File,
    /// `None` for a device or a pipe, which is written in place.
    replacement: Option<Replacement>,
}

/// The names of a file that is to take another's place.
#[derive(Debug)]
struct Replacement {
    temporary: PathBuf,
    target: PathBuf,
}

impl OutputFile {
    /// Opens a temporary file beside `path`. A symbolic link is followed; devices and pipes
    /// (`/dev/stdout`) are opened themselves.
    ///
    /// # Errors
    /// When `path` is a folder, its folder is missing, or the system refuses.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        let failed = |source| OutputError::Io {
            path: path.to_path_buf(),
            source,
        };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(source) if source.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(failed(source)),
        };
        if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(OutputError::NotAFile {
                path: path.to_path_buf(),
            });
        }
        if metadata
            .as_ref()
            .is_some_and(|metadata| !metadata.is_file())
        {
            let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return Ok(Self {
                path: path.to_path_buf(),
                file,
                replacement: None,
            });
        }
        let target = match &metadata {
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_path_buf(),
        };
        let temporary = temporary_path(&target, path)?;
        let file = create_new(&temporary).map_err(failed)?;
        let replacement = Some(Replacement { temporary, target });
        let output = Self {
            path: path.to_path_buf(),
            file,
            replacement,
        };
        if let Some(metadata) = metadata {
            output
                .file
                .set_permissions(metadata.permissions())
                .map_err(failed)?;
        }
        Ok(output)
    }

    /// Brings the bytes to the disk and gives the file its name.
    ///
    /// # Errors
    /// When the system refuses; the temporary file is removed then.
    pub fn finish(mut self) -> Result<(), OutputError> {
        self.publish().map_err(|source| OutputError::Io {
            path: self.path.clone(),
            source,
        })
    }

    fn publish(&mut self) -> io::Result<()> {
        let Some(replacement) = &self.replacement else {
            return self.file.flush();
        };
        self.file.sync_all()?;
        fs::rename(&replacement.temporary, &replacement.target)?;
        let folder = folder_of(&replacement.target).to_path_buf();
        self.replacement = None;
        sync_folder(&folder)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(replacement) = &self.replacement {
            // Nothing more can be done about a file that cannot be removed.
            let _unremovable = fs::remove_file(&replacement.temporary);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn temporary_path(target: &Path, path: &Path) -> Result<PathBuf, OutputError> {
    let name = target.file_name().ok_or_else(|| OutputError::NotAFile {
        path: path.to_path_buf(),
    })?;
    let folder = folder_of(target);
    if !folder.is_dir() {
        let folder = folder.to_path_buf();
        return Err(OutputError::NoFolder {
            path: path.to_path_buf(),
            folder,
        });
    }
    let mut temporary = OsString::from(name);
    temporary.push(format!(".tmp-{}", std::process::id()));
    Ok(folder.join(temporary))
}

/// Creates a file that was not there. One of the same name can only be left over from a process that
/// ended without cleaning up, so it is replaced.
fn create_new(path: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).open(path);
    match create() {
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create()
        }
        created => created,
    }
}

/// Makes the rename itself survive a power failure; only Unix lets a folder be opened for that.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
