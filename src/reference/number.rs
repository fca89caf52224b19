//! How published tables write numbers, sexes and ages.

use std::iter;

use unicode_normalization::UnicodeNormalization as _;

/// A number, or `None` where the figure is withheld or was not collected.
pub(super) fn number(text: &str) -> Result<Option<f64>, ()> {
    let plain = plain(text).replace(',', "");
    if matches!(plain.as_str(), "" | "-" | "…" | "..." | "*" | "x" | "X") {
        return Ok(None);
    }
    match plain.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(()),
    }
}

/// 1 for men, 2 for women.
pub(super) fn sex(text: &str) -> Option<i8> {
    match plain(text).as_str() {
        "男" | "男性" | "M" | "m" | "1" => Some(1),
        "女" | "女性" | "F" | "f" | "2" => Some(2),
        _ => None,
    }
}

/// An age band as the contract writes it: `40-44`, or `all`.
pub(super) fn age_band(text: &str) -> Option<String> {
    let text = plain(text).replace('歳', "");
    if matches!(text.as_str(), "all" | "計" | "中計" | "合計" | "総数") {
        return Some("all".to_owned());
    }
    let (from, to) = text.split_once('-')?;
    let (from, to): (u8, u8) = (from.parse().ok()?, to.parse().ok()?);
    (from < to).then(|| format!("{from}-{to}"))
}

/// Sex and age band of a heading like `男40～44歳`.
pub(super) fn sex_and_age(heading: &str) -> Option<(i8, String)> {
    let heading = heading.trim();
    let mut letters = heading.chars();
    let sex = sex(&letters.next()?.to_string())?;
    Some((sex, age_band(letters.as_str())?))
}

/// Without blanks, with half-width letters and one kind of dash.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|letter| !letter.is_whitespace());
    letters.map(|letter| dash(half_width(letter))).collect()
}

/// The half-width form of a full-width letter, digit or sign. Only of these: NFKC as a whole makes digits of what marks a footnote (`²`, `①`).
fn half_width(letter: char) -> char {
    match letter {
        '！'..='～' => iter::once(letter).nfkc().next().unwrap_or(letter),
        other => other,
    }
}

fn dash(letter: char) -> char {
    match letter {
        '〜' | '~' | '‐' | '−' | '–' | '—' | 'ー' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_folded_and_footnotes_are_no_digits() {
        assert_eq!(number("１，２３４．５"), Ok(Some(1234.5)));
        assert_eq!(number("－３"), Ok(Some(-3.0)));
        assert_eq!(number("＊"), Ok(None));
        assert_eq!(number("1,234²"), Err(()));
        assert_eq!(number("12①"), Err(()));
        let band = Some((1, "40-44".to_owned()));
        assert_eq!(sex_and_age("男４０～４４歳"), band);
        assert_eq!(sex_and_age("男 40 〜 44 歳"), band);
    }
}
