//! The two languages in which a project says what things are called.

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

impl Lang {
    /// The text in this language.
    #[must_use]
    pub fn pick<'text>(self, ja: &'text str, en: &'text str) -> &'text str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }

    /// The language tag for HTML.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.pick("ja", "en")
    }
}
