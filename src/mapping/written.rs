//! A proposal as the text of a mapping's file.

use std::fmt::Write as _;

use super::propose::{Certainty, Proposal, ProposedColumn, Target};
use super::source_mapping::{ColumnSource, Origin};
use crate::diagnostic::counted;

impl Proposal {
    /// The mapping's file: what is certain or likely, guesses and what is missing as comments.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mapping = &self.mapping;
        let mut text = format!(
            "# Proposed from the headers and {} of {}. Look at every line.\n\ntable = {}\nfiles = {}\n",
            counted(self.n_rows as u64, "row", "rows"),
            self.file.file_name().unwrap_or_default().to_string_lossy(),
            quoted(&mapping.table),
            list(&mapping.files),
        );
        if let Some(sheet) = &mapping.layout.sheet {
            let _ = writeln!(text, "sheet = {}", quoted(sheet));
        }
        if mapping.layout.header_row != 1 {
            let _ = writeln!(text, "header_row = {}", mapping.layout.header_row);
        }
        if mapping.layout.first_row != mapping.layout.header_row + 1 {
            let _ = writeln!(text, "first_row = {}", mapping.layout.first_row);
        }
        if let Some(long) = &mapping.long {
            let (item, value) = (quoted(&long.item), quoted(&long.value));
            let _ = write!(
                text,
                "\n# One item in each row.\n[long]\nitem = {item}\nvalue = {value}\n"
            );
        }
        if !mapping.identity.is_empty() {
            text.push_str(
                "\n# Only `korabo pseudonymize` reads these, to make tokens.\n[identity]\n",
            );
            for (field, source) in &mapping.identity {
                let _ = writeln!(text, "{} = {}", field.name(), written(source));
            }
        }
        text.push_str("\n[columns]\n");
        for (column, source) in &mapping.columns {
            let note = self.note(column);
            let _ = writeln!(text, "{column} = {}{note}", written(source));
        }
        self.write_open_questions(&mut text);
        text
    }

    /// What a reader should know of a column: that it is only likely, values that would be rejected, words that mean no code.
    fn note(&self, column: &str) -> String {
        let is_it =
            |own: &&ProposedColumn| own.targets.contains(&Target::Column(column.to_owned()));
        let own: Vec<&ProposedColumn> = self.columns.iter().filter(is_it).collect();
        let mut notes = Vec::new();
        if own.iter().any(|own| own.certainty == Certainty::Likely) {
            notes.push("likely".to_owned());
        }
        let n_rejected: u64 = own.iter().map(|own| own.n_values - own.n_accepted).sum();
        if n_rejected > 0 {
            let n_values: u64 = own.iter().map(|own| own.n_values).sum();
            notes.push(format!(
                "{n_rejected} of {n_values} values would be rejected"
            ));
        }
        let words: Vec<&str> = own
            .iter()
            .flat_map(|own| own.unknown_words.iter().map(String::as_str))
            .collect();
        if !words.is_empty() {
            notes.push(format!("say what `codes` are: {}", words.join(", ")));
        }
        match notes.is_empty() {
            true => String::new(),
            false => format!("   # {}", notes.join("; ")),
        }
    }

    fn write_open_questions(&self, text: &mut String) {
        let guesses = self
            .columns
            .iter()
            .filter_map(|own| match own.targets.as_slice() {
                [Target::Column(column), ..] if own.certainty == Certainty::Guess => {
                    Some((column, &own.header))
                }
                _ => None,
            });
        for (n, (column, header)) in guesses.enumerate() {
            if n == 0 {
                text.push_str("\n# Guesses: not used while they are comments.\n");
            }
            let _ = writeln!(text, "# {column} = {}", quoted(header));
        }
        if !self.missing.is_empty() {
            text.push_str("\n# Required and not found: name a header, or { value = \"…\" } or { sql = \"…\" }.\n");
            for column in &self.missing {
                let _ = writeln!(text, "# {column} = ");
            }
        }
    }
}

fn written(source: &ColumnSource) -> String {
    let mut parts = Vec::new();
    match &source.origin {
        Origin::Headers(names) if source.days == 0 => return one_or_list(names),
        Origin::Headers(names) => parts.push(format!("from = {}", one_or_list(names))),
        Origin::Items(names) => parts.push(format!("item = {}", one_or_list(names))),
        Origin::Value(value) => parts.push(format!("value = {}", quoted(value))),
        Origin::Sql(sql) => parts.push(format!("sql = {}", quoted(sql))),
    }
    if source.days != 0 {
        parts.push(format!("days = {}", source.days));
    }
    format!("{{ {} }}", parts.join(", "))
}

fn one_or_list(names: &[String]) -> String {
    match names {
        [one] => quoted(one),
        several => list(several),
    }
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
