//! The search box of every page: an index of tables, columns, relations and words, written as a script beside the pages, and the script
//! that asks it. Both work from a folder; nothing is sent or fetched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::glossary::words;
use super::layout::encoded;
use super::own;
use super::source::Site;
use crate::functions::RELATIONS;
use crate::report::Lang;
use crate::words::japanese;

/// The script, beside `index.html`.
pub(super) const SCRIPT: &str = include_str!("search.js");

/// Something that can be found: a name, what it means in both languages, and the pages that it is on.
struct Entry {
    kind: &'static str,
    name: String,
    ja: String,
    en: String,
    /// Name of the page, and its path below the site's folder.
    places: Vec<[String; 2]>,
}

impl Entry {
    fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "name": self.name,
            "ja": self.ja,
            "en": match self.en == self.ja { true => "", false => &self.en },
            "places": self.places,
        })
    }
}

/// The index as a script that sets a variable: a page that lies in a folder may not read files, but load scripts.
pub(super) fn index(site: &Site<'_>) -> String {
    let mut entries = tables(site);
    entries.extend(columns(site));
    entries.extend(relations());
    entries.extend(glossary());
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| entry.json().to_string())
        .collect();
    format!("window.korabo_index = [\n{}\n];\n", lines.join(",\n"))
}

fn page(table: &str) -> String {
    format!("tables/{}.html", encoded(table))
}

fn tables(site: &Site<'_>) -> Vec<Entry> {
    let entry = |name: &str, ja: String, en: String| Entry {
        kind: "table",
        name: name.to_owned(),
        ja,
        en,
        places: vec![[name.to_owned(), page(name)]],
    };
    let raw = site.project.contracts.iter().map(|contract| {
        let ja = contract.description_ja.clone();
        let en = format!("{} {}", contract.description, contract.grain);
        entry(&contract.name, ja, en)
    });
    let made = site.project.dag.queries().iter();
    let made = made.map(|query| entry(&query.name, String::new(), query.header.grain.clone()));
    let own = site.own_tables.keys().map(|name| {
        let text = |lang| own::meaning(name, lang).to_owned();
        entry(name, text(Lang::Ja), text(Lang::En))
    });
    raw.chain(made).chain(own).collect()
}

/// Columns by name and meaning: a column that many tables take over stands once.
fn columns(site: &Site<'_>) -> Vec<Entry> {
    let contracts = site.project.contracts.iter().map(|contract| &contract.name);
    let queries = site.project.dag.queries().iter().map(|query| &query.name);
    let mut found: BTreeMap<(String, String, String), Vec<[String; 2]>> = BTreeMap::new();
    for table in contracts.chain(queries).chain(site.own_tables.keys()) {
        for column in site.columns(table) {
            let meaning = site.meanings.column(table, &column);
            let (ja, en) = meaning.map_or_else(Default::default, |meaning| {
                (meaning.ja.clone(), meaning.en.clone())
            });
            let anchor = site.anchor(table, &column).unwrap_or_default();
            let place = [table.clone(), format!("{}#{anchor}", page(table))];
            found.entry((column, ja, en)).or_default().push(place);
        }
    }
    let entries = found.into_iter().map(|((name, ja, en), places)| Entry {
        kind: "column",
        name,
        ja,
        en,
        places,
    });
    entries.collect()
}

fn relations() -> impl Iterator<Item = Entry> {
    RELATIONS.iter().map(|relation| Entry {
        kind: "relation",
        name: relation.name.to_owned(),
        ja: japanese().say(relation.description),
        en: relation.description.to_owned(),
        places: vec![[
            "relations".to_owned(),
            format!("relations.html#{}", relation.name),
        ]],
    })
}

fn glossary() -> impl Iterator<Item = Entry> {
    words().into_iter().map(|word| Entry {
        kind: "word",
        name: word.english.replace('`', ""),
        ja: word.japanese.replace('`', ""),
        en: word.meaning.replace('`', ""),
        places: vec![[
            "glossary".to_owned(),
            format!("glossary.html#{}", word.anchor),
        ]],
    })
}
