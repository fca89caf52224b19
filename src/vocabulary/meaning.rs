//! What a column means, in both languages.

use super::lang::Lang;

/// What a column holds; with its unit where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Meaning {
    /// The text in a language.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        lang.pick(&self.ja, &self.en)
    }

    /// The same followed by a unit, where the text does not name it.
    #[must_use]
    pub fn in_unit(self, (ja, en): (&str, &str)) -> Self {
        let is_said = |text: &str, unit: &str| {
            unit.is_empty() || text.to_lowercase().contains(&unit.to_lowercase())
        };
        Self {
            ja: match is_said(&self.ja, ja) {
                true => self.ja,
                false => format!("{}（{ja}）", self.ja),
            },
            en: match is_said(&self.en, en) {
                true => self.en,
                false => format!("{} ({en})", self.en),
            },
        }
    }
}
