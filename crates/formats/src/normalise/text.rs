//! Text and digits. Keys and names build on these.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// The text in NFKC, without control characters, with each run of blanks as one space and none at the ends.
///
/// NFKC makes full-width letters, digits and signs half-width, half-width kana full-width (with their voice marks), and squared
/// eras such as `㋿` two characters.
#[must_use]
pub fn text(raw: &str) -> String {
    if raw.bytes().all(|byte| byte.is_ascii_graphic()) {
        return raw.to_owned();
    }
    let mut clean = String::with_capacity(raw.len());
    let mut blank_is_due = false;
    for c in compose(raw).chars() {
        if c.is_whitespace() {
            blank_is_due = !clean.is_empty();
        } else {
            if blank_is_due {
                clean.push(' ');
                blank_is_due = false;
            }
            clean.push(c);
        }
    }
    clean
}

/// The ASCII digits of `raw` once its width and blanks are normalised, or `None` where there is anything else or nothing.
#[must_use]
pub fn digits(raw: &str) -> Option<String> {
    let digits = without_blanks(raw);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.into_owned())
}

/// NFKC without blanks and control characters.
///
/// A voice mark written after its kana as a character of its own (`カ゛`) becomes a blank and a combining mark under NFKC; once the blank
/// is gone the two are composed, like half-width `ｶﾞ`.
pub(super) fn without_blanks(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(raw);
    }
    let plain = raw
        .nfkc()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .nfkc();
    Cow::Owned(plain.collect())
}

/// NFKC without control characters, in which a voice mark written as a character of its own joins the kana before it: NFKC alone would put a
/// blank between them.
fn compose(raw: &str) -> String {
    let joining = |c: char| match c {
        '\u{309b}' => '\u{3099}',
        '\u{309c}' => '\u{309a}',
        other => other,
    };
    let written = raw.chars().filter(|c| c.is_whitespace() || !c.is_control());
    written.map(joining).nfkc().collect()
}

/// Whether a character is written for a hyphen, among them the long vowel mark, which half-width input often has in its place.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2500}'
                | '\u{ff0d}'
                | '\u{fe63}'
                | 'ー'
                | 'ｰ'
    )
}
