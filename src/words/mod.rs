//! What the program says, in Japanese: a phrasebook of the English texts with their translations (`messages/ja.toml`).
//!
//! Texts are made in English, wherever they are made, and looked up when they are shown to a person. What a text quotes (names, places,
//! numbers) fills the holes of its translation as it is. What programs read is never looked up.

mod template;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use template::Template;

const JAPANESE: &str = include_str!("../../messages/ja.toml");

/// Translations by the English text.
#[derive(Debug, Default)]
pub struct Phrasebook {
    /// Texts without holes.
    whole: HashMap<String, String>,
    /// Texts with holes, those with most fixed characters first.
    with_holes: Vec<Translation>,
}

#[derive(Debug)]
struct Translation {
    from: Template,
    to: Template,
}

/// The Japanese phrasebook.
#[must_use]
pub fn japanese() -> &'static Phrasebook {
    static PHRASEBOOK: OnceLock<Phrasebook> = OnceLock::new();
    // A test reads the file; a program without it would say everything in English.
    PHRASEBOOK.get_or_init(|| Phrasebook::read(JAPANESE).unwrap_or_default())
}

impl Phrasebook {
    /// Reads a file of sections, each with lines `"English" = "Japanese"`.
    ///
    /// # Errors
    /// Says which entry is wrong: it is not text, stands twice, has no fixed character, or its translation has a hole that it has not.
    pub fn read(text: &str) -> Result<Self, String> {
        let sections: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
        let mut phrasebook = Self::default();
        let mut known = HashSet::new();
        for (section, entries) in &sections {
            let entries = entries
                .as_table()
                .ok_or_else(|| format!("[{section}] is no section"))?;
            for (english, japanese) in entries {
                let japanese = japanese
                    .as_str()
                    .ok_or_else(|| format!("`{english}` has no text"))?;
                if !known.insert(english.as_str()) {
                    return Err(format!("`{english}` stands twice"));
                }
                phrasebook.add(english, japanese)?;
            }
        }
        let length = |translation: &Translation| translation.from.n_fixed();
        phrasebook
            .with_holes
            .sort_by_key(|own| std::cmp::Reverse(length(own)));
        Ok(phrasebook)
    }

    fn add(&mut self, english: &str, japanese: &str) -> Result<(), String> {
        let (from, to) = (Template::parse(english), Template::parse(japanese));
        if from.n_fixed() == 0 {
            return Err(format!("`{english}` says nothing"));
        }
        if let Some(hole) = to.holes().find(|hole| !from.has(hole)) {
            return Err(format!("`{english}` has no `{{{hole}}}`"));
        }
        let has_holes = from.holes().next().is_some();
        match has_holes {
            true => self.with_holes.push(Translation { from, to }),
            false => {
                self.whole.insert(from.fixed(), to.fixed());
            }
        }
        Ok(())
    }

    /// `text` in Japanese, line by line where it is not known as a whole; a line that is not known stays as it is.
    #[must_use]
    pub fn say(&self, text: &str) -> String {
        let words = text.trim();
        match self.known(words) {
            Some(said) => text.replacen(words, &said, 1),
            None if words.contains('\n') => {
                let lines = text.split('\n').map(|line| self.say(line));
                lines.collect::<Vec<_>>().join("\n")
            }
            None => text.to_owned(),
        }
    }

    /// `text` in Japanese, if there is an entry for it.
    #[must_use]
    pub fn known(&self, text: &str) -> Option<String> {
        if let Some(said) = self.whole.get(text) {
            return Some(said.clone());
        }
        self.with_holes.iter().find_map(|translation| {
            let values = translation.from.values_in(text)?;
            Some(translation.to.fill(&|hole, is_said| {
                let value = values.get(hole).copied().unwrap_or_default();
                match is_said {
                    true => self.say(value),
                    false => value.to_owned(),
                }
            }))
        })
    }
}

#[cfg(test)]
mod tests;
