//! A text with holes, written like a format string of Rust: `{name}`, `{}` (numbered from 0 in their order), `{{` for a brace. In a
//! translation `{name!}` is a hole whose content is looked up itself.

use std::collections::HashMap;

/// A text with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// The text before the first hole.
    start: String,
    holes: Vec<Hole>,
}

/// A hole and the text behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hole {
    name: String,
    is_said: bool,
    then: String,
}

impl Template {
    pub(super) fn parse(text: &str) -> Self {
        let mut template = Self {
            start: String::new(),
            holes: Vec::new(),
        };
        let mut n_unnamed = 0;
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            template.push(before);
            let brace = &from[..1];
            let inside = from[1..].strip_prefix(brace);
            let hole = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            rest = match (inside, hole) {
                (Some(rest), _) => {
                    template.push(brace);
                    rest
                }
                (None, Some((hole, rest))) => {
                    template.push_hole(hole, &mut n_unnamed);
                    rest
                }
                (None, None) => {
                    template.push(brace);
                    &from[1..]
                }
            };
        }
        template.push(rest);
        template
    }

    fn push(&mut self, text: &str) {
        match self.holes.last_mut() {
            Some(hole) => hole.then.push_str(text),
            None => self.start.push_str(text),
        }
    }

    fn push_hole(&mut self, hole: &str, n_unnamed: &mut usize) {
        let name = hole.split_once(':').map_or(hole, |(name, _)| name);
        let (name, is_said) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let name = match name {
            "" => {
                *n_unnamed += 1;
                (*n_unnamed - 1).to_string()
            }
            name => name.to_owned(),
        };
        self.holes.push(Hole {
            name,
            is_said,
            then: String::new(),
        });
    }

    /// Names of the holes, in their order.
    pub(super) fn holes(&self) -> impl Iterator<Item = &str> {
        self.holes.iter().map(|hole| hole.name.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.holes().any(|hole| hole == name)
    }

    /// Characters outside of holes.
    pub(super) fn n_fixed(&self) -> usize {
        let behind = self.holes.iter().map(|hole| hole.then.chars().count());
        self.start.chars().count() + behind.sum::<usize>()
    }

    /// The text with nothing in its holes.
    pub(super) fn fixed(&self) -> String {
        self.fill(&|_, _| String::new())
    }

    /// The text with its holes filled by `value`, which is told a hole's name and whether its content is looked up.
    pub(super) fn fill(&self, value: &dyn Fn(&str, bool) -> String) -> String {
        let mut text = self.start.clone();
        for hole in &self.holes {
            text.push_str(&value(&hole.name, hole.is_said));
            text.push_str(&hole.then);
        }
        text
    }

    /// What fills the holes in `text`; `None` where `text` is not made of this template.
    pub(super) fn values_in<'t>(&self, text: &'t str) -> Option<HashMap<&str, &'t str>> {
        let mut rest = text.strip_prefix(self.start.as_str())?;
        let mut values = HashMap::new();
        for (idx, hole) in self.holes.iter().enumerate() {
            let is_last = idx + 1 == self.holes.len();
            let value = match is_last {
                true => rest.strip_suffix(hole.then.as_str())?,
                // Where two holes touch, the second begins with what a hint or a list begins with.
                false if hole.then.is_empty() => {
                    &rest[..rest.find([';', '\n']).unwrap_or(rest.len())]
                }
                false => &rest[..rest.find(hole.then.as_str())?],
            };
            let is_same = values.insert(hole.name.as_str(), value);
            if !fits(&hole.name, value) || is_same.is_some_and(|before| before != value) {
                return None;
            }
            rest = &rest[value.len()..];
            rest = rest.strip_prefix(hole.then.as_str())?;
        }
        Some(values)
    }
}

/// Whether `value` can fill a hole of this name: `n` holds a number, `cell` a word, padded perhaps, `at` a place, `hint` nothing or an
/// addition to a sentence.
fn fits(hole: &str, value: &str) -> bool {
    match hole {
        "n" => {
            let is_number = |c: char| c.is_ascii_digit() || ",.".contains(c);
            !value.trim().is_empty() && value.trim().chars().all(is_number)
        }
        "cell" => !value.trim().contains(char::is_whitespace),
        "at" => !value.contains('\n'),
        "hint" => value.is_empty() || value.starts_with([';', ',', ' ', ':']),
        _ => true,
    }
}
