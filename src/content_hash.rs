//! SHA-256 of what is read, while it is read once from beginning to end, in constant memory.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// How large a content is, and what it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentHash {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The SHA-256 of `bytes` in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Reads everything and hands it to `each` in pieces.
///
/// # Errors
/// When it cannot be read, or `each` fails.
pub fn hash_content(
    mut from: impl Read,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            break;
        }
        hasher.update(&chunk[..n]);
        each(&chunk[..n])?;
        bytes += n as u64;
    }
    Ok(ContentHash {
        bytes,
        sha256: hex::encode(hasher.finalize()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_once_and_known_by_its_hash() {
        let mut copy = Vec::new();
        let found = hash_content(&b"abc"[..], |piece| {
            copy.extend_from_slice(piece);
            Ok(())
        });
        let found = found.unwrap();
        // FIPS 180-2, appendix B.1.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((found.bytes, found.sha256.as_str()), (3, sha256));
        assert_eq!(copy, b"abc");
    }
}
