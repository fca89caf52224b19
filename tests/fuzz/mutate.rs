//! Changes to an input: bytes and tokens replaced, removed, repeated, swapped, taken from another input; and the
//! search for a shorter input that still fails.

use std::time::{Duration, Instant};

use crate::random::Random;

/// Tokens that programs trip over.
const HOSTILE: &[&str] = &[
    "0",
    "-1",
    "1",
    "00",
    "-0.0",
    "1e308",
    "1e309",
    "-1e-320",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "0x7fff",
    "nan",
    "inf",
    "-inf",
    "NULL",
    "null",
    "true",
    "''",
    "'",
    "\"\"",
    "\"",
    "`",
    "\\",
    "\\u0000",
    "\0",
    "\u{feff}",
    "é",
    "健",
    "\u{202e}",
    "ﷺ",
    "\u{1F600}",
    "\r\n",
    "\r",
    "\n",
    "\t",
    "--",
    "/*",
    "*/",
    "$",
    "$$",
    "$1",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ";",
    ".",
    "..",
    "=",
    "=>",
    "->",
    "~",
    "|",
    "%",
    "#",
    ":",
    "::",
    "*",
    "1979-05-27T07:32:00Z",
    "9999-12-31",
    "0000-00-00",
    "2024-02-30",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// Words, numbers, quoted text, blanks; every other character by itself. Nothing is lost: joined they are the text.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(first) = characters.next() {
        let mut token = String::from(first);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let goes_on: Option<fn(char) -> bool> = match first {
            c if is_word(c) => Some(|c| c.is_alphanumeric() || c == '_'),
            c if c.is_whitespace() => Some(char::is_whitespace),
            _ => None,
        };
        if let Some(goes_on) = goes_on {
            while let Some(next) = characters.next_if(|c| goes_on(*c)) {
                token.push(next);
            }
        } else if matches!(first, '\'' | '"') {
            while let Some(next) = characters.next_if(|c| *c != '\n') {
                token.push(next);
                if next == first {
                    break;
                }
            }
        }
        tokens.push(token);
    }
    tokens
}

/// `text` with a few tokens changed; new ones come from `dictionary` or are hostile.
pub(crate) fn mutate_tokens(text: &str, dictionary: &[String], random: &mut Random) -> String {
    let mut tokens = tokens(text);
    for _ in 0..random.between(1, 4) {
        if tokens.is_empty() {
            break;
        }
        let at = random.below(tokens.len());
        let new = match dictionary.is_empty() || random.chance(30) {
            true => random.word(HOSTILE).to_owned(),
            false => random.pick(dictionary).clone(),
        };
        match random.below(7) {
            0 | 1 => tokens[at] = new,
            2 => tokens.insert(at, new),
            3 => drop(tokens.remove(at)),
            4 => {
                let other = random.below(tokens.len());
                tokens.swap(at, other);
            }
            5 => {
                let end = (at + random.between(1, 8)).min(tokens.len());
                let piece = tokens[at..end].to_vec();
                let to = random.below(tokens.len());
                tokens.splice(to..to, piece);
            }
            _ => {
                let end = (at + random.between(1, 12)).min(tokens.len());
                tokens.drain(at..end);
            }
        }
    }
    tokens.concat()
}

/// Changes a few bytes; pieces may come from `other`.
pub(crate) fn mutate_bytes(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..random.between(1, 5) {
        if bytes.is_empty() {
            bytes.push(b'0');
        }
        let at = random.below(bytes.len());
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => {
                bytes[at] = *random.pick(&[
                    0, 0x0a, 0x0d, b'"', b',', 0x7f, 0x80, 0xff, 0xfe, 0xed, 0x81,
                ])
            }
            2 => drop(bytes.splice(at..at, random.word(HOSTILE).bytes())),
            3 => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            5 => {
                let end = (at + random.between(1, 40)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            6 if !other.is_empty() => {
                let from = random.below(other.len());
                let end = (from + random.between(1, 60)).min(other.len());
                drop(bytes.splice(at..at, other[from..end].iter().copied()));
            }
            _ => {
                let end = (at + random.between(1, 40)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}

/// A shorter input for which `fails` still holds, found by leaving out pieces for a few seconds.
pub(crate) fn minimised(input: &[u8], fails: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let end = Instant::now() + Duration::from_secs(10);
    let mut best = input.to_vec();
    let mut size = best.len() / 2;
    while size > 0 {
        let mut at = 0;
        let mut is_shorter = false;
        while at < best.len() {
            if Instant::now() > end {
                return best;
            }
            let mut shorter = best.clone();
            shorter.drain(at..(at + size).min(best.len()));
            if fails(&shorter) {
                best = shorter;
                is_shorter = true;
            } else {
                at += size;
            }
        }
        if !is_shorter || size > best.len() {
            size /= 2;
        }
    }
    best
}
