//! Pseudonyms: HMAC-SHA-256 of identifying fields with a project's secret.
//!
//! The space of insured numbers is small, so a bare hash could be reversed by trying them all; with the secret it cannot. Fields are
//! normalised and each is preceded by its length, so that no two lists of fields make the same message.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::identity::{Identity, IdentityFields};
use crate::normalise;

/// Fewest bytes of a secret.
pub const MIN_SECRET_BYTES: usize = 32;

/// Fewest different bytes in a secret. Random bytes have some 30 in 32; 64 random hexadecimal digits have some 16.
const MIN_DIFFERENT_BYTES: usize = 10;

/// Why a secret is refused. Nothing of it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none.
    #[error("the secret for pseudonyms is missing")]
    Missing,
    /// It could be guessed by trying.
    #[error(
        "the secret for pseudonyms is shorter than 32 bytes; make one with `openssl rand -hex 32`"
    )]
    TooShort,
    /// It is long but has little in it.
    #[error("the secret for pseudonyms repeats itself; make one with `openssl rand -hex 32`")]
    Repetitive,
}

/// A pseudonym of 64 hexadecimal digits in contracts. Tokens made under different secrets, purposes or versions of
/// [`normalise`] never match.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token([u8; 32]);

impl Token {
    /// 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

/// Pseudonyms of one person, one for each way to find the person again. `None` where a field that a token needs is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PersonTokens {
    /// Insurer, symbol, number, branch, birth, sex: one insured person since branches exist (2021).
    pub insured: Option<Token>,
    /// The same without the branch, for files that have none. Twins of one sex share it.
    pub without_branch: Option<Token>,
    /// Name in kana, birth, sex: the same in every insurer; changes with the name.
    pub by_name: Option<Token>,
    /// Insurer, symbol, number: the household.
    pub household: Option<Token>,
    /// Insurer, symbol: the workplace in most 健保組合.
    pub workplace: Option<Token>,
}

/// Makes tokens. The secret is wiped when this is dropped, and never printed: there is no `Debug`.
///
/// ```compile_fail
/// fn show(tokeniser: korabo_formats::Tokeniser) -> String {
///     format!("{tokeniser:?}")
/// }
/// ```
pub struct Tokeniser {
    keyed: Hmac<Sha256>,
}

impl Tokeniser {
    /// Takes the bytes of a secret, without the blanks and line breaks around a text.
    ///
    /// # Errors
    /// [`SecretError`] where the secret is missing or weak.
    pub fn new(secret: &[u8]) -> Result<Self, SecretError> {
        let secret = Zeroizing::new(secret.trim_ascii().to_vec());
        if secret.is_empty() {
            return Err(SecretError::Missing);
        }
        if secret.len() < MIN_SECRET_BYTES {
            return Err(SecretError::TooShort);
        }
        let mut seen = [false; 256];
        for byte in secret.iter() {
            seen[usize::from(*byte)] = true;
        }
        let different = seen.iter().filter(|is_seen| **is_seen).count();
        // A short text written again and again is equal to itself moved by its length.
        let repeats = (1..=secret.len() / 2).any(|period| {
            secret
                .iter()
                .skip(period)
                .eq(secret.iter().take(secret.len() - period))
        });
        // Neighbours that are equal or follow each other, as in 0123: random bytes have few.
        let steps = secret
            .windows(2)
            .filter(|pair| pair[1].wrapping_sub(pair[0]) <= 1);
        if different < MIN_DIFFERENT_BYTES || repeats || steps.count() * 2 > secret.len() {
            return Err(SecretError::Repetitive);
        }
        let keyed = Hmac::new_from_slice(&secret).map_err(|_| SecretError::TooShort)?;
        Ok(Self { keyed })
    }

    /// Sixteen hexadecimal digits that tell secrets apart and tell nothing about them. Kept beside tokens.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.token("fingerprint", &[]).0[..8])
    }

    /// The pseudonyms of a person.
    #[must_use]
    pub fn person(&self, identity: &Identity) -> PersonTokens {
        let IdentityFields {
            insurer_number: insurer,
            symbol,
            number,
            branch,
            kana_name: name,
            birth_date: birth,
            sex,
        } = identity.fields();
        // A number identifies with or without a symbol: 国保 and the aged have none.
        let of = |purpose, needed: &[&str], fields: &[&str]| {
            let is_complete = needed.iter().all(|field| !field.is_empty());
            is_complete.then(|| self.token(purpose, fields))
        };
        PersonTokens {
            insured: of(
                "insured",
                &[insurer, number, branch, birth, sex],
                &[insurer, symbol, number, branch, birth, sex],
            ),
            without_branch: of(
                "without_branch",
                &[insurer, number, birth, sex],
                &[insurer, symbol, number, birth, sex],
            ),
            by_name: of("by_name", &[name, birth, sex], &[name, birth, sex]),
            household: of("household", &[insurer, number], &[insurer, symbol, number]),
            workplace: of("workplace", &[insurer, symbol], &[insurer, symbol]),
        }
    }

    /// A token of `fields` for one `purpose`.
    #[must_use]
    pub fn token(&self, purpose: &str, fields: &[&str]) -> Token {
        let mut mac = self.keyed.clone();
        let mut add = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        };
        add(b"korabo");
        add(&normalise::VERSION.to_be_bytes());
        add(purpose.as_bytes());
        for field in fields {
            add(field.as_bytes());
        }
        Token(mac.finalize().into_bytes().into())
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    text
}

#[cfg(test)]
mod tests;
