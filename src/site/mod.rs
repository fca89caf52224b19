//! The project's documentation as a static site: contracts, query comments, lineage, checks. Pages are HTML that works offline and from a
//! folder; the one script is that of the search box, without which nothing else is missing. Nothing here reads a table or a file. No cell of data is shown; of checks, only how they ended.

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
mod search;
mod search_box;
mod source;

use layout::path_of;

pub use source::Site;

/// One file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Path below the site's folder, with `/`.
    pub path: String,
    /// Content.
    pub content: String,
}

impl SiteFile {
    /// Whether it is a page, and not a script.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.path.ends_with(".html")
    }
}

impl Site<'_> {
    /// Draws every page, and writes the search's index and script.
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
        files.push(text("search.js", search::SCRIPT.to_owned()));
        files.push(text("search-index.js", search::index(self)));
        files
    }
}

fn file(path: &str, html: maud::Markup) -> SiteFile {
    text(path, html.into_string())
}

fn text(path: &str, content: String) -> SiteFile {
    SiteFile {
        path: path.to_owned(),
        content,
    }
}
