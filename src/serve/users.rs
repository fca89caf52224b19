//! The users who may send statements: a file of names, each with the SHA-256 of a token. The tokens themselves are nowhere.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::error::{ServeError, TOKENS_FILE};
use crate::diagnostic::did_you_mean;
use crate::toml_reader::TomlDocument;

/// What a token begins with, so that one that was left somewhere is recognised.
const PREFIX: &str = "korabo_";
/// What a hash in the file begins with.
const ALGORITHM: &str = "sha256:";
const HEADER: &str = "# Who may ask `korabo serve`, with the SHA-256 of their tokens. Made by `korabo serve token NAME`.\n";

/// The users of a tokens file, read again whenever it changes.
#[derive(Debug)]
pub struct Users {
    file: PathBuf,
    known: Mutex<LoadedUsers>,
}

/// The users as the file had them when it was read.
#[derive(Debug, Clone)]
struct LoadedUsers {
    /// The state of the file these were read from; `None` when it could not be read.
    stamp: Option<Stamp>,
    users: Arc<Vec<User>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    /// Seconds and nanoseconds of the last change of content or mode.
    changed: [i64; 2],
    inode: u64,
    size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct User {
    name: String,
    hash: [u8; 32],
}

impl Users {
    /// Reads the file of users.
    ///
    /// # Errors
    /// When it cannot be read, is wrong, has no names, or others than its owner can read it.
    pub fn open(file: &Path) -> Result<Self, ServeError> {
        let known = load(file)?;
        if known.users.is_empty() {
            return Err(ServeError::NoUsers {
                file: file.to_path_buf(),
            });
        }
        Ok(Self {
            file: file.to_path_buf(),
            known: Mutex::new(known),
        })
    }

    /// How many users there are.
    #[must_use]
    pub fn count(&self) -> usize {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.users.len()
    }

    /// Whose token this is. Every hash is compared, each in constant time.
    ///
    /// # Errors
    /// When the file changed and cannot be used any more: then every call is refused.
    pub fn owner_of(&self, token: &str) -> Result<Option<String>, ServeError> {
        let users = self.current()?;
        let hash = Sha256::digest(token.as_bytes());
        let mut owner = None;
        for user in users.iter() {
            if bool::from(user.hash.as_slice().ct_eq(hash.as_slice())) {
                owner = Some(user.name.clone());
            }
        }
        Ok(owner)
    }

    fn current(&self) -> Result<Arc<Vec<User>>, ServeError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.file)?;
        if known.stamp.as_ref() != Some(&stamp) {
            known.stamp = None;
            *known = load(&self.file)?;
        }
        Ok(Arc::clone(&known.users))
    }
}

fn stamp(file: &Path) -> Result<Stamp, ServeError> {
    let found = fs_err::metadata(file).map_err(unusable(file))?;
    Ok(Stamp {
        changed: [found.ctime(), found.ctime_nsec()],
        inode: found.ino(),
        size: found.len(),
    })
}

fn unusable(file: &Path) -> impl Fn(std::io::Error) -> ServeError {
    move |source| ServeError::file(TOKENS_FILE, file, source)
}

/// Refuses a file that others than its owner can read.
fn check_private(file: &Path) -> Result<(), ServeError> {
    let found = fs_err::metadata(file).map_err(unusable(file))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(ServeError::NotPrivate {
        what: TOKENS_FILE,
        file: file.to_path_buf(),
        mode,
        wanted: "600",
    })
}

fn load(file: &Path) -> Result<LoadedUsers, ServeError> {
    let stamp = stamp(file)?;
    check_private(file)?;
    let text = crate::regular_file::read_to_string(file).map_err(unusable(file))?;
    Ok(LoadedUsers {
        stamp: Some(stamp),
        users: Arc::new(parse(file, &text)?),
    })
}

fn parse(file: &Path, text: &str) -> Result<Vec<User>, ServeError> {
    let document = TomlDocument::parse(file, text)?;
    let root = document.root();
    root.check_keys(&["tokens"])?;
    let Some(tokens) = root.table("tokens")? else {
        return Ok(Vec::new());
    };
    let users = tokens.items().into_iter().map(|item| {
        let name = checked_name(item.last_key())?.to_owned();
        let hash = item.text()?.strip_prefix(ALGORITHM).and_then(digest_of);
        let hash = hash.ok_or_else(|| item.wrong_secret("`sha256:` and 64 hexadecimal digits"))?;
        Ok(User { name, hash })
    });
    users.collect()
}

fn checked_name(name: &str) -> Result<&str, ServeError> {
    let is_right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match (1..=64).contains(&name.len()) && name.chars().all(is_right) {
        true => Ok(name),
        false => Err(ServeError::WrongName {
            name: name.to_owned(),
        }),
    }
}

/// What to do when the user exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingUser {
    /// Refuse, and keep the token.
    Keep,
    /// Make another token.
    Replace,
}

/// Makes a token for a user and writes its hash into the file, which is created when it is not there.
/// Returns the token: it is not kept anywhere.
///
/// # Errors
/// When the name cannot be one, is there already, or the file cannot be used.
pub fn make_token(file: &Path, name: &str, existing: ExistingUser) -> Result<String, ServeError> {
    checked_name(name)?;
    let mut users = match file.exists() {
        true => load(file)?.users.to_vec(),
        false => Vec::new(),
    };
    if existing == ExistingUser::Keep && users.iter().any(|user| user.name == name) {
        return Err(ServeError::UserExists {
            name: name.to_owned(),
        });
    }
    users.retain(|user| user.name != name);
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(ServeError::NoRandomness)?;
    let token = format!("{PREFIX}{}", hex::encode(secret));
    users.push(User {
        name: name.to_owned(),
        hash: Sha256::digest(token.as_bytes()).into(),
    });
    write(file, users)?;
    Ok(token)
}

/// Takes a user out of the file.
///
/// # Errors
/// When there is no such user or the file cannot be used.
pub fn remove_token(file: &Path, name: &str) -> Result<(), ServeError> {
    let mut users = load(file)?.users.to_vec();
    let n_before = users.len();
    users.retain(|user| user.name != name);
    if users.len() == n_before {
        let names = users.iter().map(|user| user.name.as_str());
        return Err(ServeError::NoSuchUser {
            name: name.to_owned(),
            hint: did_you_mean(name, names),
        });
    }
    write(file, users)
}

/// Writes the file beside the old one and puts it in its place, readable by its owner only.
fn write(file: &Path, mut users: Vec<User>) -> Result<(), ServeError> {
    users.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = format!("{HEADER}[tokens]\n");
    for user in &users {
        text.push_str(&format!(
            "{:?} = \"{ALGORITHM}{}\"\n",
            user.name,
            hex::encode(user.hash)
        ));
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&beside).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()
    });
    let replaced = written.and_then(|()| fs_err::rename(&beside, file));
    replaced.map_err(|source| {
        // What was written is of no use; there is nothing more to say when it cannot be removed.
        drop(fs_err::remove_file(&beside));
        ServeError::file(TOKENS_FILE, file, source)
    })
}

fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok()?;
    Some(digest)
}

#[cfg(test)]
mod tests;
