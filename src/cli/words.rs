//! In which language the program speaks: what `--lang` says, or the locale. What programs read is the same in every language.

use std::ffi::OsString;

use crate::words::{Phrasebook, japanese};

/// The words of the user's language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(Option<&'static Phrasebook>);

impl Words {
    /// As `--lang` among the arguments says, which may be unusable otherwise; else as the locale of the process does.
    pub(super) fn of(arguments: &[OsString]) -> Self {
        let is_japanese = match asked(arguments) {
            Some(lang) => lang == "ja",
            None => locale().is_some_and(|locale| is_of_japan(&locale)),
        };
        Self(is_japanese.then(japanese))
    }

    /// Those that the program is written in.
    pub(super) fn english() -> Self {
        Self(None)
    }

    /// The phrasebook, where the user reads Japanese.
    pub(super) fn japanese(self) -> Option<&'static Phrasebook> {
        self.0
    }

    pub(super) fn are_japanese(self) -> bool {
        self.0.is_some()
    }

    /// `text` in the user's language.
    pub(super) fn say(self, text: &str) -> String {
        match self.0 {
            Some(phrasebook) => phrasebook.say(text),
            None => text.to_owned(),
        }
    }
}

/// The value of `--lang`, before `--`.
pub(super) fn asked(arguments: &[OsString]) -> Option<String> {
    let words = arguments.iter().map(|word| word.to_string_lossy());
    let words: Vec<_> = words.take_while(|word| *word != "--").collect();
    let at = words
        .iter()
        .rposition(|word| *word == "--lang" || word.starts_with("--lang="))?;
    match words[at].strip_prefix("--lang=") {
        Some(lang) => Some(lang.to_owned()),
        None => words.get(at + 1).map(|lang| lang.clone().into_owned()),
    }
}

/// The locale of messages: the first of these variables that is set decides.
fn locale() -> Option<String> {
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
    variables
        .filter_map(std::env::var_os)
        .map(|value| value.to_string_lossy().into_owned())
        .find(|value| !value.is_empty())
}

/// `ja`, `ja_JP`, `ja_JP.UTF-8`; not a locale whose bytes are not UTF-8, on whose terminal the words could not be read.
fn is_of_japan(locale: &str) -> bool {
    let (name, encoding) = locale.split_once('.').unwrap_or((locale, "UTF-8"));
    let encoding = encoding.split('@').next().unwrap_or(encoding);
    let is_utf8 = encoding.replace('-', "").eq_ignore_ascii_case("utf8");
    (name == "ja" || name.starts_with("ja_")) && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(line: &str) -> Option<String> {
        asked(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_language_among_the_arguments_counts() {
        assert_eq!(asked_by("korabo run"), None);
        assert_eq!(asked_by("korabo --lang ja run --wrong"), Some("ja".into()));
        assert_eq!(asked_by("korabo run --lang=en"), Some("en".into()));
        assert_eq!(
            asked_by("korabo --lang ja run --lang en"),
            Some("en".into())
        );
        assert_eq!(asked_by("korabo run -- --lang ja"), None);
        assert_eq!(asked_by("korabo run --lang"), None);
    }

    #[test]
    fn locales_of_japan_in_utf8_are_japanese() {
        for locale in ["ja", "ja_JP", "ja_JP.UTF-8", "ja_JP.utf8", "ja_JP.UTF-8@x"] {
            assert!(is_of_japan(locale), "{locale}");
        }
        for locale in [
            "C",
            "en_US.UTF-8",
            "ja_JP.eucJP",
            "jam_JM.UTF-8",
            "japanese",
        ] {
            assert!(!is_of_japan(locale), "{locale}");
        }
    }
}
