//! Any text through every rule of normalisation: what is normal stays as it is, and dates are days of calendars.
#![no_main]

use korabo_formats::normalise::{
    branch_number, digits, insurer_number, insurer_number_checks, kana_name, number, parse_day,
    parse_month, symbol, text,
};
use korabo_formats::{Identity, IdentityFields};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let raw = String::from_utf8_lossy(bytes);
    assert_eq!(text(&text(&raw)), text(&raw));
    assert_eq!(kana_name(&kana_name(&raw)), kana_name(&raw));
    let keys: [fn(&str) -> Option<String>; 5] =
        [digits, symbol, number, branch_number, insurer_number];
    for key in keys {
        if let Some(normal) = key(&raw) {
            assert_eq!(key(&normal).as_ref(), Some(&normal));
            assert!(!normal.is_empty());
        }
    }
    let _ = insurer_number_checks(&raw);
    if let Ok(dated) = parse_day(&raw) {
        let again = dated.day.format("%Y-%m-%d").to_string();
        assert_eq!(parse_day(&again).map(|dated| dated.day), Ok(dated.day));
        let month = parse_month(&raw).expect("a day lies in a month").month;
        assert_eq!(
            dated.day.format("%Y%m").to_string(),
            month.number().to_string()
        );
    }
    let _ = parse_month(&raw);
    let identity = Identity::new(&IdentityFields {
        insurer_number: &raw,
        symbol: &raw,
        number: &raw,
        branch: &raw,
        kana_name: &raw,
        birth_date: &raw,
        sex: &raw,
    });
    assert_eq!(identity.birth_month().is_some(), parse_day(&raw).is_ok());
});
