//! Opening files that users name. Only regular files are read: a named pipe blocks the program that opens it until another program writes, a device
//! may never end, and what `/proc` shows is not a delivered file. What a path leads to is asked of the opened file,
//! so that nothing can be put in its place in between.

use std::fmt;
use std::fs::FileType;
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::{OFlags, PROC_SUPER_MAGIC, fstatfs};

/// What a path leads to instead of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRegular {
    /// A folder.
    Folder,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A character or block device.
    Device,
    /// A file that the system makes up when it is read (`/proc`, `/sys`).
    System,
}

impl NotRegular {
    /// What `kind` is, unless it is a regular file. Callers follow links.
    #[must_use]
    pub fn of(kind: FileType) -> Option<Self> {
        match kind {
            kind if kind.is_file() => None,
            kind if kind.is_dir() => Some(Self::Folder),
            kind if kind.is_fifo() => Some(Self::Pipe),
            kind if kind.is_socket() => Some(Self::Socket),
            _ => Some(Self::Device),
        }
    }
}

impl fmt::Display for NotRegular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Folder => "a folder",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::System => "made up by the system when it is read",
        };
        write!(f, "it is {what}, not a regular file")
    }
}

impl std::error::Error for NotRegular {}

impl From<NotRegular> for io::Error {
    fn from(what: NotRegular) -> Self {
        Self::new(io::ErrorKind::InvalidInput, what)
    }
}

/// Opens `path` for reading, unless it leads to something else than a regular file. Never waits for another program.
///
/// # Errors
/// [`NotRegular`] inside the error when it is no regular file; else what the system says.
pub fn open(path: &Path) -> io::Result<fs_err::File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = fs_err::OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    let file = match options.open(path) {
        Ok(file) => file,
        // A socket cannot be opened at all, nor a device that nothing is behind.
        Err(error) => {
            let kind = fs_err::metadata(path).map(|metadata| metadata.file_type());
            return Err(match kind.ok().and_then(NotRegular::of) {
                Some(what) => what.into(),
                None => error,
            });
        }
    };
    if let Some(what) = NotRegular::of(file.metadata()?.file_type()) {
        return Err(what.into());
    }
    match is_made_up(&file)? {
        true => Err(NotRegular::System.into()),
        false => Ok(file),
    }
}

/// The bytes of [`open`]ed `path`.
///
/// # Errors
/// Those of [`open`], and when it cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The whole content of [`open`]ed `path`, which is UTF-8.
///
/// # Errors
/// Those of [`open`], and when it cannot be read or is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

fn is_made_up(file: &fs_err::File) -> io::Result<bool> {
    // The second one is that of `/sys`.
    let made_up = [PROC_SUPER_MAGIC, 0x6265_6572];
    Ok(made_up.contains(&fstatfs(file.file())?.f_type))
}

#[cfg(test)]
mod tests;
