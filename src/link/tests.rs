//! The key rule on what real files contain.

use super::normalize_key;

#[track_caller]
fn check(key: &str, expected: &str) {
    assert_eq!(normalize_key(key), expected);
}

#[test]
fn full_width_equals_half_width() {
    check("１２３ＡＢｃ", "123abc");
    check("123abc", "123abc");
}

#[test]
fn blanks_and_hyphens_do_not_count() {
    check("  138057", "138057");
    check("12－3 4\u{3000}5", "12345");
    check("12‐3−4", "1234");
}

#[test]
fn case_does_not_count() {
    check("DEADBEEF", "deadbeef");
}

#[test]
fn leading_zeros_count() {
    check("00138057", "00138057");
}

#[test]
fn a_plain_key_is_borrowed() {
    assert!(matches!(
        normalize_key("abc0"),
        std::borrow::Cow::Borrowed("abc0")
    ));
}
