//! Names in kana.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

use super::text::{is_hyphen, without_blanks};

/// Half-width katakana from U+FF66 on, as full-width.
const HALF_WIDTH: [char; 56] = [
    'ヲ', 'ァ', 'ィ', 'ゥ', 'ェ', 'ォ', 'ャ', 'ュ', 'ョ', 'ッ', 'ー', 'ア', 'イ', 'ウ', 'エ', 'オ',
    'カ', 'キ', 'ク', 'ケ', 'コ', 'サ', 'シ', 'ス', 'セ', 'ソ', 'タ', 'チ', 'ツ', 'テ', 'ト', 'ナ',
    'ニ', 'ヌ', 'ネ', 'ノ', 'ハ', 'ヒ', 'フ', 'ヘ', 'ホ', 'マ', 'ミ', 'ム', 'メ', 'モ', 'ヤ', 'ユ',
    'ヨ', 'ラ', 'リ', 'ル', 'レ', 'ロ', 'ワ', 'ン',
];

/// The comparable form of a name in kana: full-width katakana without blanks, hyphens, long vowel marks and middle dots, small kana
/// as large ones.
///
/// Half-width systems write `ｼﾕﾝ` for `シュン` and drop long vowel marks, so both are lost on purpose. `ヂ`/`ジ`, `ヅ`/`ズ` and `ヲ`/`オ`
/// stay apart: they tell real names apart. Characters that are not kana stay as they are, in lower case.
#[must_use]
pub fn kana_name(raw: &str) -> String {
    let plain = full_width(raw).map_or_else(|| without_blanks(raw), Cow::Owned);
    plain
        .chars()
        .filter(|c| !is_hyphen(*c) && !matches!(c, '・' | '.' | '·' | ','))
        .map(|c| large(katakana(c)))
        .flat_map(char::to_lowercase)
        // Marks may have come to stand behind their kana.
        .nfkc()
        .collect()
}

/// What [`without_blanks`] makes of katakana and blanks, much faster; `None` where there is anything else.
fn full_width(raw: &str) -> Option<String> {
    let mut plain = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            ' ' | '\u{3000}' => {}
            'ァ'..='ヶ' | 'ー' => plain.push(c),
            'ｦ'..='ﾝ' => plain.push(HALF_WIDTH[c as usize - 'ｦ' as usize]),
            'ﾞ' | 'ﾟ' => {
                let voiced = voiced(plain.pop()?, c == 'ﾞ')?;
                plain.push(voiced);
            }
            _ => return None,
        }
    }
    Some(plain)
}

/// A kana with its voice mark (`ﾞ`, or else `ﾟ`), which follows it among characters.
fn voiced(kana: char, is_voice: bool) -> Option<char> {
    let after = |n: u32| char::from_u32(u32::from(kana) + n);
    match (kana, is_voice) {
        ('ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ', false) => after(2),
        ('ウ', true) => Some('ヴ'),
        ('カ' | 'キ' | 'ク' | 'ケ' | 'コ' | 'サ' | 'シ' | 'ス' | 'セ' | 'ソ', true) => {
            after(1)
        }
        ('タ' | 'チ' | 'ツ' | 'テ' | 'ト' | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ', true) => {
            after(1)
        }
        _ => None,
    }
}

/// Hiragana as katakana, which lie 0x60 above.
fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        other => other,
    }
}

fn large(c: char) -> char {
    match c {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' => 'エ',
        'ォ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn katakana_are_read_the_fast_way_as_the_slow() {
        let kana: Vec<char> = ('\u{30a0}'..='\u{30ff}')
            .chain('\u{ff61}'..='\u{ff9f}')
            .chain(" \u{3000}-\u{3099}".chars())
            .collect();
        let mut n_fast = 0;
        for first in &kana {
            for second in &kana {
                let raw: String = ['ｶ', *first, *second].iter().collect();
                if let Some(fast) = full_width(&raw) {
                    n_fast += 1;
                    assert_eq!(fast, without_blanks(&raw), "{raw}");
                }
            }
        }
        assert!(n_fast > 15_000, "{n_fast}");
        assert_eq!(kana_name("ｼﾞｮﾝ ﾊﾟﾙ"), "ジヨンパル");
    }
}
