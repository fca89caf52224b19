//! How headers and words are compared.

use korabo_formats::normalise;

/// A text without width, case, blanks and signs that only separate: `ＨＤＬ－コレステロール（直接法）` is `hdlコレステロール直接法`. `年月日` is
/// `日`.
pub(super) fn plain(text: &str) -> String {
    let normal = normalise::text(text).to_lowercase();
    if !normal.chars().any(char::is_alphanumeric) {
        return normal.chars().filter(|c| !c.is_whitespace()).collect();
    }
    let mut plain = String::with_capacity(normal.len());
    for c in normal.chars() {
        // The long vowel mark stands for a hyphen where no kana is before it.
        let is_hyphen = c == 'ー' && !plain.ends_with(is_kana);
        if !is_hyphen && !is_separator(c) {
            plain.push(c);
        }
    }
    plain.replace("年月日", "日")
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '_' | '・'
                | '、'
                | '。'
                | '"'
                | '\''
                | '/'
                | '('
                | ')'
                | '['
                | ']'
                | '【'
                | '】'
                | '「'
                | '」'
                | '<'
                | '>'
                | '〈'
                | '〉'
                | ':'
                | '#'
                | '※'
                | '-'
                | '‐'
                | '‑'
                | '–'
                | '—'
                | '−'
        )
}

fn is_kana(c: char) -> bool {
    matches!(c, 'ぁ'..='ヺ' | 'ー')
}

/// What may stand around a name without changing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Decorations {
    /// Words before a name, as `受診者`, in plain form.
    pub(super) before: Vec<String>,
    /// Words after a name, as `区分` and `第4期`, in plain form.
    pub(super) after: Vec<String>,
}

/// The forms in which a header is looked up, in plain form and the whole first: `8.喫煙(R06)` is also `喫煙r06` and `喫煙`.
pub(super) fn forms(header: &str, decorations: &Decorations) -> Vec<String> {
    let normal = normalise::text(header);
    let mut forms = vec![plain(&normal)];
    let name = without_number(&normal);
    add(&mut forms, plain(name));
    let mut inner = name.trim_end();
    while let Some(shorter) = without_brackets(inner) {
        add(&mut forms, plain(shorter));
        inner = shorter;
    }
    let mut at = 0;
    while let Some(form) = forms.get(at).cloned() {
        for word in &decorations.before {
            add(
                &mut forms,
                form.strip_prefix(word.as_str())
                    .unwrap_or_default()
                    .to_owned(),
            );
        }
        for word in &decorations.after {
            add(
                &mut forms,
                form.strip_suffix(word.as_str())
                    .unwrap_or_default()
                    .to_owned(),
            );
        }
        at += 1;
    }
    forms
}

fn add(forms: &mut Vec<String>, form: String) {
    if !form.is_empty() && !forms.contains(&form) {
        forms.push(form);
    }
}

/// `問8.喫煙` → `喫煙`; what has nothing after its number is itself.
fn without_number(header: &str) -> &str {
    let inner = header.trim_start_matches(['問', 'Q', 'q', '(']);
    let digits = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let name = digits.trim_start_matches(['.', ':', ')', '_', '-', ' ']);
    // Without a sign between them the digits belong to the name: `20歳体重`.
    match digits.len() == inner.len() || name.len() == digits.len() || name.is_empty() {
        true => header,
        false => name,
    }
}

/// `HbA1c(NGSP)[%]` → `HbA1c(NGSP)`.
fn without_brackets(name: &str) -> Option<&str> {
    let pairs = [
        (')', '('),
        (']', '['),
        ('】', '【'),
        ('>', '<'),
        ('〉', '〈'),
    ];
    let last = name.chars().last()?;
    let (_, open) = pairs.into_iter().find(|(close, _)| *close == last)?;
    let at = name.rfind(open)?;
    let shorter = name[..at].trim_end();
    (!shorter.is_empty()).then_some(shorter)
}

/// Whether `header` fits `pattern`, in which `*` stands for anything.
pub(super) fn fits(pattern: &str, header: &str) -> bool {
    let (pattern, header) = (normalise::text(pattern), normalise::text(header));
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = header.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Decorations, fits, forms, plain};

    #[test]
    fn width_case_and_signs_do_not_count() {
        assert_eq!(plain("ＨＤＬ－コレステロール"), plain("HDLコレステロール"));
        assert_eq!(plain("Person_ID"), plain("person id"));
        assert_eq!(plain("γーGTP"), plain("γ-GTP"));
        assert_eq!(plain("コレステロール"), "コレステロール");
        assert_eq!(plain(" － "), "-", "a sign alone is a word");
        assert_ne!(plain("最高血圧"), plain("最低血圧"));
    }

    #[test]
    fn numbers_before_and_brackets_after_do_not_count() {
        let nothing = Decorations::default();
        for header in [
            "8.喫煙(R06)",
            "喫煙",
            "問8 喫煙",
            "８．喫煙【4期】",
            "Q8_喫煙[1/2]",
        ] {
            assert!(
                forms(header, &nothing).contains(&"喫煙".to_owned()),
                "{header}"
            );
        }
        assert_eq!(
            forms("HbA1c(NGSP)[%]", &nothing),
            ["hba1cngsp%", "hba1cngsp", "hba1c"]
        );
        assert_eq!(forms("9N001000000000001", &nothing), ["9n001000000000001"]);
        assert_eq!(forms("30分運動", &nothing), ["30分運動"]);
        assert_eq!(forms("(1)", &nothing), ["1"]);
        let decorations = Decorations {
            before: vec!["受診者".to_owned()],
            after: vec!["区分".to_owned(), "第4期".to_owned()],
        };
        let of = |header: &str| forms(header, &decorations);
        assert_eq!(of("受診者生年月日"), ["受診者生日", "生日"]);
        assert_eq!(of("#飲酒_第4期"), ["飲酒第4期", "飲酒"]);
        assert_eq!(of("区分"), ["区分"], "nothing is left of it otherwise");
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("8.喫煙*", "８．喫煙（R06）"));
        assert!(fits("*喫煙*", "現在の喫煙の有無"));
        assert!(fits("身長", "身長"));
        assert!(!fits("身長", "身長差"));
        assert!(!fits("a*b*c", "acb"));
        assert!(fits("*", ""));
    }
}
