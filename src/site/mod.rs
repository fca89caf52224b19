//! The project's documentation as a static site: contracts, query comments, lineage, checks. Pages are self-contained HTML without scripts that
//! work offline and from a folder. Nothing here reads a table or a file; no cell of data is shown, of checks only how they ended.

mod checks;
mod glossary;
mod graph;
mod highlight;
mod index;
mod layout;
mod own;
mod query;
mod raw;
mod relations;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::datatypes::SchemaRef;

use crate::checks::CheckResult;
use crate::pipeline::{Lineage, Project};
use crate::report::Lang;

/// What the site is made of.
#[derive(Debug)]
pub struct Site<'a> {
    /// Contracts and queries.
    pub project: &'a Project,
    /// What columns are made of.
    pub lineage: &'a Lineage,
    /// Columns of korabo's own tables.
    pub own_tables: &'a BTreeMap<String, SchemaRef>,
    /// How the checks ended; empty when nothing was counted yet.
    pub results: &'a [CheckResult],
    /// Language of headings; names and comments stay as they are written.
    pub lang: Lang,
}

/// One file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Path below the site's folder, with `/`.
    pub path: String,
    /// Content.
    pub html: String,
}

impl Site<'_> {
    /// Draws every page.
    #[must_use]
    pub fn files(&self) -> Vec<SiteFile> {
        let mut files = vec![
            file("index.html", index::page(self)),
            file("checks.html", checks::page(self)),
            file("relations.html", relations::page(self)),
            file("glossary.html", glossary::page(self)),
        ];
        for contract in &self.project.contracts {
            files.push(file(&path_of(&contract.name), raw::page(self, contract)));
        }
        for query in self.project.dag.queries() {
            files.push(file(&path_of(&query.name), query::page(self, query)));
        }
        for (name, schema) in self.own_tables {
            files.push(file(&path_of(name), own::page(self, name, schema)));
        }
        files
    }

    /// Tables that table `name` is made of.
    fn reads(&self, name: &str) -> BTreeSet<&str> {
        match self.project.dag.query(name) {
            Some(query) => query.reads.iter().map(String::as_str).collect(),
            None => BTreeSet::new(),
        }
    }

    /// Tables that are made of table `name`.
    fn readers(&self, name: &str) -> BTreeSet<&str> {
        let queries = self.project.dag.queries().iter();
        let readers = queries.filter(|query| query.reads.contains(name));
        readers.map(|query| query.name.as_str()).collect()
    }

    /// The anchor of a column on its table's page; `None` where there is no such column.
    fn anchor(&self, table: &str, column: &str) -> Option<String> {
        let place = match self.project.contract(table) {
            Some(contract) => contract
                .columns
                .iter()
                .position(|known| known.name == column),
            None => {
                let made = self.lineage.table(table).map(|made| &made.schema);
                let schema = made.or_else(|| self.own_tables.get(table));
                schema?.index_of(column).ok()
            }
        };
        place.map(|place| format!("c{place}"))
    }
}

fn file(path: &str, html: maud::Markup) -> SiteFile {
    SiteFile {
        path: path.to_owned(),
        html: html.into_string(),
    }
}

fn path_of(table: &str) -> String {
    format!("tables/{table}.html")
}

/// A link from a table's page to another's.
fn beside(table: &str) -> String {
    format!("{}.html", encoded(table))
}

/// A file name as part of a URL.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
                text.push(char::from(byte))
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
