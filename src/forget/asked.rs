//! The file with the tokens that are to be withdrawn: one a line, with or without a header.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::ForgetError;
use crate::content_hash::sha256;
use crate::link::normalize_key;
use crate::regular_file;
use crate::withdrawals::KeyHash;

/// Digits of a token.
const DIGITS: usize = 64;

/// The keys that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedKeys {
    /// Their hashes.
    pub keys: BTreeSet<KeyHash>,
    /// SHA-256 of the normalised keys, sorted, each with a line break: whoever has the file can compute it.
    pub sha256: String,
}

impl AskedKeys {
    /// Reads `file`. Each line is a token, in quotes or not; the first may be a header.
    ///
    /// # Errors
    /// When it cannot be read, has other columns, or a line that is no token.
    pub fn read(file: &Path) -> Result<Self, ForgetError> {
        let text = regular_file::read_to_string(file);
        let text = text.map_err(|source| ForgetError::Read {
            file: file.to_path_buf(),
            source,
        })?;
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        let mut tokens = BTreeSet::new();
        let mut is_first = true;
        for (idx, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let n_columns = line.split([',', '\t']).count();
            if n_columns > 1 {
                let file = file.to_path_buf();
                return Err(ForgetError::Columns { file, n_columns });
            }
            let token = normalize_key(line.trim().trim_matches('"')).into_owned();
            let is_token = token.len() == DIGITS && token.bytes().all(|b| b.is_ascii_hexdigit());
            if is_token {
                tokens.insert(token);
            } else if !is_first || token.bytes().all(|b| b.is_ascii_hexdigit()) {
                let (file, line) = (file.to_path_buf(), idx + 1);
                return Err(ForgetError::NotAToken { file, line });
            }
            is_first = false;
        }
        if tokens.is_empty() {
            let file = file.to_path_buf();
            return Err(ForgetError::NoTokens { file });
        }
        let lines: String = tokens.iter().map(|token| format!("{token}\n")).collect();
        Ok(Self {
            keys: tokens.iter().map(|token| KeyHash::of(token)).collect(),
            sha256: sha256(lines),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AskedKeys, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), text).unwrap();
        AskedKeys::read(file.path()).map_err(|error| match error {
            ForgetError::NotAToken { line, .. } => format!("line {line}"),
            ForgetError::Columns { n_columns, .. } => format!("{n_columns} columns"),
            error => error.to_string().rsplit('`').next().unwrap().to_owned(),
        })
    }

    #[test]
    fn tokens_are_read_with_and_without_a_header_and_known_by_their_hash() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let plain = read(&format!("{b}\n{a}\n")).unwrap();
        assert_eq!(plain.keys, [KeyHash::of(&a), KeyHash::of(&b)].into());
        // coreutils: for c in a b; do printf "$c%.0s" $(seq 64); echo; done | sha256sum
        assert_eq!(
            plain.sha256,
            "913f9338fb6c17253f3a14816fc08d52522454bfc19a8c99538a197cfb23fb41"
        );
        let header = format!(
            "\u{feff}person_key\r\n\"{}\"\r\n\r\n {b}\r\n{a}\r\n",
            a.to_uppercase()
        );
        assert_eq!(read(&header).unwrap(), plain);
    }

    #[test]
    fn what_is_no_token_is_refused_by_its_line() {
        let a = "a".repeat(64);
        assert_eq!(read(&format!("key\n{a}\nrest\n")), Err("line 3".to_owned()));
        assert_eq!(read(&format!("{a}\nkey\n")), Err("line 2".to_owned()));
        // A token that was cut is no header.
        assert_eq!(
            read(&format!("{}\n{a}\n", &a[1..])),
            Err("line 1".to_owned())
        );
        assert_eq!(
            read(&format!("key,insurer_id\n{a},1\n")),
            Err("2 columns".to_owned())
        );
        assert_eq!(read("key\n"), Err(" has no token".to_owned()));
    }
}
