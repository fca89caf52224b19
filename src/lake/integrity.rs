//! Whether files are still what was written: every data file has its size and SHA-256 in the commit that names it, and
//! every commit the SHA-256 of itself. Sizes are compared whenever a file is read; contents are hashed once per process,
//! before a build, an ingest, upkeep or a backup reads them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::checksum::{CHANGED, commit_problem, sha256_of};
use super::error::{LakeError, damaged};
use super::log::{commit_file, commit_version, latest_checkpoint, log_files};
use super::table::{LakeFile, LakeTable};

/// Files that are hashed side by side.
const AT_ONCE: usize = 4;

/// What a verification of a table's files found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files whose content is what was written.
    pub n_files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Files that were written before hashes were recorded, of which only the size was compared.
    pub n_without_hash: u64,
}

impl Contents {
    /// Adds what was found in another table.
    pub fn add(&mut self, other: Self) {
        self.n_files += other.n_files;
        self.bytes += other.bytes;
        self.n_without_hash += other.n_without_hash;
    }
}

/// How often a log is listed while commits seem to be missing from it.
const LISTINGS: usize = 5;

/// Checks that the commits of table `name` in `folder` that make version `version` (the newest when `None`) are what was
/// written.
pub(super) fn check_log(folder: &Path, name: &str, version: Option<u64>) -> Result<(), LakeError> {
    let files = log_without_gap(folder, name, version)?;
    let latest = latest_checkpoint(&files, version);
    for (file, found) in commits_up_to(&files, version) {
        // A checkpoint stands for the commits before it.
        if latest.is_some_and(|latest| found < latest) {
            continue;
        }
        let bytes = match fs_err::read(file) {
            Ok(bytes) => bytes,
            // Upkeep has just removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(LakeError::Folder(error)),
        };
        if let Some(problem) = commit_problem(&bytes) {
            return Err(damaged(name, folder, file, problem));
        }
    }
    Ok(())
}

/// The files of the log of table `name` in `folder`, in which no commit up to version `version` (the newest when `None`) is
/// missing.
fn log_without_gap(
    folder: &Path,
    name: &str,
    version: Option<u64>,
) -> Result<Vec<PathBuf>, LakeError> {
    let mut n_listings = 0;
    loop {
        let files = log_files(folder)?;
        let Some(missing) = gap(&files, version) else {
            return Ok(files);
        };
        // A listing made while files are added and removed need not have all of them.
        n_listings += 1;
        if n_listings == LISTINGS {
            let file = commit_file(folder, missing);
            return Err(damaged(name, folder, &file, "it is missing".to_owned()));
        }
    }
}

/// Commits among the files of a log, with their versions, up to `version`.
fn commits_up_to(files: &[PathBuf], version: Option<u64>) -> impl Iterator<Item = (&PathBuf, u64)> {
    let commits = files
        .iter()
        .filter_map(|file| Some((file, commit_version(file)?)));
    commits.filter(move |(_, found)| version.is_none_or(|version| *found <= version))
}

/// The first version, after the latest checkpoint, whose commit is missing although there is a later one.
fn gap(files: &[PathBuf], version: Option<u64>) -> Option<u64> {
    let commits: BTreeSet<u64> = commits_up_to(files, version)
        .map(|(_, found)| found)
        .collect();
    let first = latest_checkpoint(files, version).map_or(0, |checkpoint| checkpoint + 1);
    let last = *commits.last()?;
    (first..last).find(|version| !commits.contains(version))
}

impl LakeTable {
    /// Checks sizes, and the contents that are to be verified and were not verified by this process before. Blocks on disk reads.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] for the first file that is not what was written, [`LakeError::Emptied`] for a table whose rows are to be made
    /// again.
    pub fn check_files(&self) -> Result<(), LakeError> {
        self.require_rows()?;
        let mut unverified = Vec::new();
        for file in &self.files {
            self.check_size(file)?;
            if let Some(verified) = &self.verified
                && !verified.has(&self.file_path(file))
            {
                unverified.push(file);
            }
        }
        self.hash(&unverified)
    }

    /// Fails for a table that was emptied because persons were withdrawn, and was not built again.
    ///
    /// # Errors
    /// [`LakeError::Emptied`].
    pub(super) fn require_rows(&self) -> Result<(), LakeError> {
        let is_emptied = self.provenance.as_ref().is_some_and(|made| made.emptied);
        match is_emptied {
            false => Ok(()),
            true => Err(LakeError::Emptied {
                table: self.name.clone(),
            }),
        }
    }

    /// Checks sizes and contents of all files. Blocks on disk reads.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] for the first file that is not what was written.
    pub fn check_contents(&self) -> Result<Contents, LakeError> {
        let mut contents = Contents::default();
        for file in &self.files {
            self.check_size(file)?;
            contents.bytes += file.size;
            match file.sha256 {
                Some(_) => contents.n_files += 1,
                None => contents.n_without_hash += 1,
            }
        }
        self.hash(&self.files.iter().collect::<Vec<_>>())?;
        Ok(contents)
    }

    /// Checks that every file is there with its size.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] for the first that is not.
    pub fn check_sizes(&self) -> Result<(), LakeError> {
        self.files.iter().try_for_each(|file| self.check_size(file))
    }

    fn check_size(&self, file: &LakeFile) -> Result<(), LakeError> {
        let path = self.file_path(file);
        let problem = match fs_err::metadata(&path) {
            Ok(found) if found.len() == file.size => return Ok(()),
            Ok(found) => format!("it has {} of {} bytes", found.len(), file.size),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "it is missing".into(),
            Err(error) => return Err(LakeError::Folder(error)),
        };
        Err(damaged(&self.name, &self.folder, &path, problem))
    }

    /// Compares files with their hashes, several side by side.
    fn hash(&self, files: &[&LakeFile]) -> Result<(), LakeError> {
        let parts = files.chunks(files.len().div_ceil(AT_ONCE).max(1));
        std::thread::scope(|scope| {
            let hashing: Vec<_> = parts
                .map(|part| {
                    scope.spawn(move || part.iter().try_for_each(|file| self.hash_one(file)))
                })
                .collect();
            hashing.into_iter().try_for_each(|part| {
                part.join().unwrap_or_else(|_| {
                    let message = "a thread that reads files ended early";
                    Err(LakeError::Folder(std::io::Error::other(message)))
                })
            })
        })
    }

    fn hash_one(&self, file: &LakeFile) -> Result<(), LakeError> {
        let path = self.file_path(file);
        if let Some(sha256) = &file.sha256
            && sha256_of(&path).map_err(LakeError::Folder)? != *sha256
        {
            let problem = CHANGED.to_owned();
            return Err(damaged(&self.name, &self.folder, &path, problem));
        }
        if let Some(verified) = &self.verified {
            verified.add(path);
        }
        Ok(())
    }
}
