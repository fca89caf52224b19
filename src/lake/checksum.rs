//! SHA-256 of files and commits: how they are computed, where a commit carries them, and which were verified.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::content_hash::hash_content;

/// Where a commit names a data file's hash: among the tags of its `add` action, which other readers ignore.
pub(super) const HASH_TAG: &str = "korabo.sha256";
/// The member of `commitInfo` with the hash of the commit without that member.
const SEAL: &str = "koraboSha256";
const INFO: &str = "{\"commitInfo\":{";
/// The problem of a file whose hash differs.
pub(super) const CHANGED: &str = "its content is not what was written";

/// Files whose content this process has compared with its hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct VerifiedFiles(Arc<Mutex<HashSet<PathBuf>>>);

impl VerifiedFiles {
    pub(super) fn has(&self, file: &Path) -> bool {
        // A thread that ended while it held the lock left the set whole: each change is one call.
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.contains(file)
    }

    pub(super) fn add(&self, file: PathBuf) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file);
    }
}

/// Hashes of files that were written and that no commit names yet, by path.
#[derive(Debug, Clone, Default)]
pub(super) struct WrittenHashes(Arc<Mutex<HashMap<PathBuf, String>>>);

impl WrittenHashes {
    pub(super) fn add(&self, file: PathBuf, sha256: String) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file, sha256);
    }

    pub(super) fn take(&self, file: &Path) -> Option<String> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.remove(file)
    }
}

/// SHA-256 of a file's content in hexadecimal digits.
pub(super) fn sha256_of(file: &Path) -> std::io::Result<String> {
    let content = hash_content(fs_err::File::open(file)?, |_| Ok(()))?;
    Ok(content.sha256)
}

/// A commit with its own hash in it; content without `commitInfo` stays as it is.
pub(super) fn sealed(commit: Vec<u8>) -> Vec<u8> {
    let Some(at) = position(&commit, INFO.as_bytes()) else {
        return commit;
    };
    let (before, after) = commit.split_at(at + INFO.len());
    let seal = format!("\"{SEAL}\":\"{}\",", hex::encode(Sha256::digest(&commit)));
    [before, seal.as_bytes(), after].concat()
}

/// What is wrong with a commit, if anything. Commits of other programs and of earlier versions of korabo have no hash.
pub(super) fn commit_problem(commit: &[u8]) -> Option<String> {
    if commit.iter().all(u8::is_ascii_whitespace) {
        return Some("it is empty".to_owned());
    }
    let lead = format!("{INFO}\"{SEAL}\":\"");
    let Some(at) = position(commit, lead.as_bytes()) else {
        // The member's name is there, but not where it belongs: bytes before it have changed.
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
        hex::encode(whole.finalize()).as_bytes() == &commit[hash..hash + 64]
    });
    (!same).then(|| CHANGED.to_owned())
}

/// Whether a line of a commit is not JSON.
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
