//! Numbers of insurers and of insured persons.

use unicode_normalization::UnicodeNormalization as _;

use super::text::{digits, is_hyphen, without_blanks};

/// An insurer number (保険者番号) of eight digits. Claims pad the six digits of 国保 with blanks, checkups with zeros; both become
/// zeros. `None` where it is not one to eight digits, or only zeros.
#[must_use]
pub fn insurer_number(raw: &str) -> Option<String> {
    let digits = digits(raw)?;
    let significant = digits.trim_start_matches('0');
    (!significant.is_empty() && significant.len() <= 8).then(|| format!("{significant:0>8}"))
}

/// Whether the last digit of an insurer number of eight digits is its check digit: digits from the right but the last are doubled in
/// turn, the digits of all products are added, and the sum and the check digit make a multiple of ten.
#[must_use]
pub fn insurer_number_checks(number: &str) -> bool {
    let Ok([rest @ .., check]) = <&[u8; 8]>::try_from(number.as_bytes()) else {
        return false;
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let digit = |byte: &u8| u32::from(byte - b'0');
    let sum: u32 = rest
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| digit(byte) * if place % 2 == 0 { 2 } else { 1 })
        .map(|product| product / 10 + product % 10)
        .sum();
    (sum + digit(check)).is_multiple_of(10)
}

/// The comparable form of a symbol (記号) of an insured person's card: NFKC, without blanks and hyphens, in lower case, and without
/// leading zeros where it is all digits, since some systems pad and the official rule is not to. `None` where nothing is left.
#[must_use]
pub fn symbol(raw: &str) -> Option<String> {
    let written = without_blanks(raw);
    if !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(without_leading_zeros(&written).to_owned());
    }
    let plain: String = written
        .chars()
        .filter(|c| !is_hyphen(*c))
        .flat_map(char::to_lowercase)
        // Marks may have come to stand behind their letters.
        .nfkc()
        .collect();
    if plain.is_empty() {
        return None;
    }
    if !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(plain);
    }
    Some(without_leading_zeros(&plain).to_owned())
}

/// The digits from the first that is not zero; one zero where there is none.
fn without_leading_zeros(digits: &str) -> &str {
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        "0"
    } else {
        significant
    }
}

/// The comparable form of a number (番号) of an insured person's card, by the rule of [`symbol`].
#[must_use]
pub fn number(raw: &str) -> Option<String> {
    symbol(raw)
}

/// A branch number (枝番) of two digits. `None` where it is missing or not one or two digits.
#[must_use]
pub fn branch_number(raw: &str) -> Option<String> {
    let digits = digits(raw)?;
    let significant = digits.trim_start_matches('0');
    (significant.len() <= 2).then(|| format!("{significant:0>2}"))
}
