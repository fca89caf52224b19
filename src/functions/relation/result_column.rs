//! What a column of a result means, in both languages.

/// What a result column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name.
    pub name: &'static str,
    /// Relations that return it.
    pub relations: &'static [&'static str],
    /// Japanese.
    pub ja: &'static str,
    /// English.
    pub en: &'static str,
}

/// A column of some relations.
pub(super) const fn column(
    name: &'static str,
    relations: &'static [&'static str],
    ja: &'static str,
    en: &'static str,
) -> ResultColumn {
    ResultColumn {
        name,
        relations,
        ja,
        en,
    }
}
