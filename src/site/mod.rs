//! The project's documentation as a static site: contracts, query comments, lineage, checks. Pages are self-contained HTML without scripts that
//! work offline and from a folder. Nothing here reads a table or a file. No cell of data is shown; of checks, only how they ended.

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
mod source;

use layout::path_of;

pub use source::Site;

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
}

fn file(path: &str, html: maud::Markup) -> SiteFile {
    SiteFile {
        path: path.to_owned(),
        html: html.into_string(),
    }
}
