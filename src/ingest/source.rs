//! Which files are delivered: finding them by pattern and knowing them by content. Reading them is
//! `reader`'s work.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::content_hash::hash_content;
use crate::regular_file::{self, NotRegular};

/// A delivered file, known by its content: the same content is the same delivery, whatever its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path.
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// When it was last written, where the file system knows.
    pub modified: Option<SystemTime>,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why delivered files could not be found or read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A pattern that is no glob pattern.
    #[error("`{pattern}` is not a file pattern")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// A folder that the pattern leads into cannot be listed.
    #[error("cannot list the files of `{pattern}`")]
    List {
        /// The pattern.
        pattern: String,
        /// What the system says.
        source: glob::GlobError,
    },
    /// A file cannot be read.
    #[error("cannot read extract `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The files that any of `patterns` (relative to `base` unless absolute) matches, each once, sorted by
/// path so that deliveries get the same numbers everywhere. Files are not opened. Folders are passed over, unless their name
/// is one of an extract.
///
/// # Errors
/// A wrong pattern, a folder that cannot be listed, or a match that is no regular file. No match is not an error here.
pub fn find_sources(base: &Path, patterns: &[String]) -> Result<Vec<PathBuf>, SourceError> {
    let mut found = Vec::new();
    for pattern in patterns {
        // The folder's own name may have the signs of patterns.
        let base = glob::Pattern::escape(&base.to_string_lossy());
        let full = Path::new(&base).join(pattern);
        let paths = glob::glob(&full.to_string_lossy()).map_err(|source| SourceError::Pattern {
            pattern: pattern.clone(),
            source,
        })?;
        for path in paths {
            let path = path.map_err(|source| SourceError::List {
                pattern: pattern.clone(),
                source,
            })?;
            if is_extract(&path)? {
                found.push(path);
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether what a pattern matches is a file. A folder is not, and no mistake unless it is named like an extract; nor is a hidden link
/// that leads nowhere, as editors make them.
fn is_extract(path: &Path) -> Result<bool, SourceError> {
    let unreadable = |source| SourceError::Read {
        file: path.to_path_buf(),
        source,
    };
    let kind = match fs_err::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(_) if is_hidden(path) => return Ok(false),
        Err(error) => return Err(unreadable(error)),
    };
    match NotRegular::of(kind) {
        None => Ok(true),
        Some(NotRegular::Folder) if !is_named_like_extract(path) => Ok(false),
        Some(what) => Err(unreadable(what.into())),
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with('.')
}

fn is_named_like_extract(path: &Path) -> bool {
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    ["csv", "tsv", "parquet", "pq"].contains(&suffix.to_lowercase().as_str())
}

/// Reads `path` once, from beginning to end, to know it by its content. Constant memory.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_file(path: &Path) -> Result<SourceFile, SourceError> {
    let unreadable = |source| SourceError::Read {
        file: path.to_path_buf(),
        source,
    };
    let file = regular_file::open(path).map_err(unreadable)?;
    let modified = file.metadata().map_err(unreadable)?.modified().ok();
    let content = hash_content(file, |_| Ok(())).map_err(unreadable)?;
    Ok(SourceFile {
        path: path.to_path_buf(),
        size: content.bytes,
        modified,
        sha256: content.sha256,
    })
}
