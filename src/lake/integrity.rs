//! Whether files are still what was written: every data file has its size and SHA-256 in the commit that names it, and
//! every commit the SHA-256 of itself. Sizes are compared whenever a file is read; contents are hashed once per process,
//! before a build, an ingest, upkeep or a backup reads them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::log::{LOG, log_files, version_of};
use super::{Lake, LakeError, LakeFile, LakeTable};

/// Where a commit names a data file's hash: among the tags of its `add` action, which other readers pass over.
pub(super) const TAG: &str = "korabo.sha256";
/// The member of `commitInfo` with the hash of the commit without that member.
const SEAL: &str = "koraboSha256";
const INFO: &str = "{\"commitInfo\":{";
const CHANGED: &str = "its content is not what was written";
const CHUNK: usize = 1 << 20;
/// Files that are hashed side by side.
const AT_ONCE: usize = 4;

/// Files whose content was compared with its hash by this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checked(Arc<Mutex<HashSet<PathBuf>>>);

impl Checked {
    fn has(&self, file: &Path) -> bool {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.contains(file)
    }

    fn add(&self, file: PathBuf) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file);
    }
}

/// Hashes of files that were written and are not in a commit yet, by path.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<Mutex<HashMap<PathBuf, String>>>);

impl Written {
    pub(super) fn add(&self, file: PathBuf, sha256: String) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file, sha256);
    }

    pub(super) fn take(&self, file: &Path) -> Option<String> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.remove(file)
    }
}

/// What a look at a table's files found.
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
    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        self.n_files += other.n_files;
        self.bytes += other.bytes;
        self.n_without_hash += other.n_without_hash;
    }
}

impl Lake {
    /// The same lake, whose data files are compared with their hashes before they are read.
    #[must_use]
    pub fn checking_contents(&self) -> Self {
        Self {
            checked: Some(self.checked.clone().unwrap_or_default()),
            ..self.clone()
        }
    }

    /// Checks that the commits of table `name` that make version `version` (the newest when `None`) are what was written.
    pub(super) fn check_log(&self, name: &str, version: Option<u64>) -> Result<(), LakeError> {
        let files = self.log_without_gap(name, version)?;
        let wanted = |found: u64| version.is_none_or(|version| found <= version);
        let latest = latest_checkpoint(&files, version);
        for file in &files {
            let Some(found) = version_of(file).filter(|found| wanted(*found)) else {
                continue;
            };
            let is_commit = file.extension().is_some_and(|ending| ending == "json");
            // A checkpoint stands for the commits before it.
            if !is_commit || latest.is_some_and(|latest| found < latest) {
                continue;
            }
            let bytes = match fs_err::read(file) {
                Ok(bytes) => bytes,
                // Upkeep has just removed it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(LakeError::Folder(error)),
            };
            if let Some(problem) = commit_problem(&bytes) {
                return Err(damaged(name, &self.root.join(name), file, problem));
            }
        }
        Ok(())
    }
}

/// How often a log is listed while commits seem to be missing from it.
const LISTINGS: usize = 5;

impl Lake {
    /// The files of the log of table `name`, of which no commit up to version `version` (the newest when `None`) is missing.
    fn log_without_gap(&self, name: &str, version: Option<u64>) -> Result<Vec<PathBuf>, LakeError> {
        let folder = self.root.join(name);
        let mut n_listings = 0;
        loop {
            let files = log_files(&folder)?;
            let Some(missing) = gap(&files, version) else {
                return Ok(files);
            };
            // A listing made while files come and go need not have all of them.
            n_listings += 1;
            if n_listings == LISTINGS {
                let file = folder.join(LOG).join(format!("{missing:020}.json"));
                return Err(damaged(name, &folder, &file, "it is missing".to_owned()));
            }
        }
    }
}

/// The newest version, up to `version`, that a log has a checkpoint of.
fn latest_checkpoint(files: &[PathBuf], version: Option<u64>) -> Option<u64> {
    let checkpoints = files
        .iter()
        .filter(|file| file.to_string_lossy().contains(".checkpoint"));
    checkpoints
        .filter_map(|file| version_of(file))
        .filter(|found| version.is_none_or(|version| *found <= version))
        .max()
}

/// The first version, after the latest checkpoint, of which a log has no commit though it has a later one.
fn gap(files: &[PathBuf], version: Option<u64>) -> Option<u64> {
    let commits = files
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        .filter_map(|file| version_of(file))
        .filter(|found| version.is_none_or(|version| *found <= version));
    let commits: BTreeSet<u64> = commits.collect();
    let first = latest_checkpoint(files, version).map_or(0, |checkpoint| checkpoint + 1);
    let last = *commits.last()?;
    (first..last).find(|version| !commits.contains(version))
}

impl LakeTable {
    /// Checks sizes, and contents where this process has not done so before and is to. Blocking.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] for the first file that is not what was written.
    pub fn check_files(&self) -> Result<(), LakeError> {
        let mut unread = Vec::new();
        for file in &self.files {
            self.check_size(file)?;
            if let Some(checked) = &self.checked
                && !checked.has(&self.file_path(file))
            {
                unread.push(file);
            }
        }
        self.hash(&unread)
    }

    /// Checks sizes and contents of all files. Blocking.
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
        if let Some(checked) = &self.checked {
            checked.add(path);
        }
        Ok(())
    }
}

fn damaged(table: &str, folder: &Path, file: &Path, problem: String) -> LakeError {
    let below = file.strip_prefix(folder).unwrap_or(file);
    LakeError::Damaged {
        table: table.to_owned(),
        file: below.to_string_lossy().into_owned(),
        problem,
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hex(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of a file's content.
pub(super) fn sha256_of(file: &Path) -> std::io::Result<String> {
    let mut from = fs_err::File::open(file)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok(hex(hasher)),
            n => hasher.update(&chunk[..n]),
        }
    }
}

/// A commit with its own hash in it; what has no `commitInfo` stays as it is.
pub(super) fn sealed(commit: Vec<u8>) -> Vec<u8> {
    let Some(at) = position(&commit, INFO.as_bytes()) else {
        return commit;
    };
    let (before, after) = commit.split_at(at + INFO.len());
    let seal = format!(
        "\"{SEAL}\":\"{}\",",
        hex(Sha256::new().chain_update(&commit))
    );
    [before, seal.as_bytes(), after].concat()
}

/// What is wrong with a commit, if anything. Those of other programs and of earlier versions have no hash.
fn commit_problem(commit: &[u8]) -> Option<String> {
    if commit.iter().all(u8::is_ascii_whitespace) {
        return Some("it is empty".to_owned());
    }
    let lead = format!("{INFO}\"{SEAL}\":\"");
    let Some(at) = position(commit, lead.as_bytes()) else {
        let has_seal = position(commit, format!("\"{SEAL}\":\"").as_bytes()).is_some();
        return match has_seal {
            true => Some(CHANGED.to_owned()),
            false => is_cut(commit).then(|| "it is cut short".to_owned()),
        };
    };
    let (from, hash) = (at + INFO.len(), at + lead.len());
    let rest = commit.get(hash + 64..);
    let rest = rest.and_then(|rest| rest.strip_prefix(b"\","));
    let same = rest.is_some_and(|rest| {
        let whole = Sha256::new()
            .chain_update(&commit[..from])
            .chain_update(rest);
        hex(whole).as_bytes() == &commit[hash..hash + 64]
    });
    (!same).then(|| CHANGED.to_owned())
}

/// Whether a line of a commit is no JSON.
fn is_cut(commit: &[u8]) -> bool {
    let mut lines = commit.split(|byte| *byte == b'\n');
    lines.any(|line| {
        !line.iter().all(u8::is_ascii_whitespace)
            && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err()
    })
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|found| found == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "{\"commitInfo\":{\"timestamp\":1}}\n{\"add\":{\"path\":\"a\"}}\n{\"add\":{\"path\":\"b\"}}";

    #[test]
    fn every_flipped_bit_and_every_cut_of_a_commit_is_seen() {
        let whole = sealed(COMMIT.into());
        assert_eq!(commit_problem(&whole), None);
        for n in 0..whole.len() {
            assert!(commit_problem(&whole[..n]).is_some(), "cut after {n} bytes");
        }
        // Without the member's name, which changes nothing else, a commit is like one of an earlier version.
        let name = position(&whole, SEAL.as_bytes()).unwrap();
        let name = name..name + SEAL.len();
        for at in (0..whole.len() * 8).filter(|at| !name.contains(&(at / 8))) {
            let mut flipped = whole.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(commit_problem(&flipped).is_some(), "bit {at}");
        }
    }

    #[test]
    fn commits_without_a_hash_are_read() {
        assert_eq!(commit_problem(COMMIT.as_bytes()), None);
        assert!(commit_problem(&COMMIT.as_bytes()[..50]).is_some());
        assert!(commit_problem(b"\n").is_some());
        assert_eq!(sealed(b"first".to_vec()), b"first");
    }
}
