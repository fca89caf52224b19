//! Key normalisation. In FY2011–2012 three of four checkups in the national claims database found no
//! claims because one side hashed full-width and the other half-width digits; so every key passes this
//! one rule before it is compared.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// Version of the rule, recorded with the identities it made.
pub const KEY_RULE_VERSION: u32 = 1;

/// The comparable form of a key: NFKC (full-width letters and digits become half-width), without
/// blanks, hyphens and dashes, in lower case. Borrows when `key` is already in that form.
#[must_use]
pub fn normalize_key(key: &str) -> Cow<'_, str> {
    let is_plain =
        |byte: u8| matches!(byte, b'!'..=b'~') && byte != b'-' && !byte.is_ascii_uppercase();
    if key.bytes().all(is_plain) {
        return Cow::Borrowed(key);
    }
    Cow::Owned(
        key.nfkc()
            .filter(|c| !c.is_whitespace() && !is_hyphen(*c))
            .flat_map(char::to_lowercase)
            .collect(),
    )
}

fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{fe63}' | 'ー' | 'ｰ'
    )
}
