//! What all pages share: head, name of the project, navigation, foot, and links from one to another.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::search_box;
use super::source::Site;
use crate::report::STYLE;

const OWN_STYLE: &str = include_str!("style.css");
/// Nothing may be loaded and nothing may run but the scripts that lie beside the pages, in a folder or on a server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' file:; base-uri 'none'; form-action 'none'";

/// The folder that a page lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageFolder {
    /// Beside `index.html`.
    Top,
    /// In `tables/`.
    Table,
}

impl PageFolder {
    /// From here to the site's folder.
    pub(super) fn up(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Table => "../",
        }
    }
}

/// A whole page.
pub(super) fn whole_page(
    site: &Site<'_>,
    folder: PageFolder,
    title: &str,
    lead: &Markup,
    body: &Markup,
) -> Markup {
    let (lang, up) = (site.lang, folder.up());
    let project = &site.project.config.name;
    let links = [
        ("index.html", lang.pick("表の一覧", "Tables")),
        ("checks.html", lang.pick("品質検査", "Checks")),
        ("relations.html", lang.pick("推定の関数", "Relations")),
        ("glossary.html", lang.pick("用語", "Glossary")),
    ];
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="korabo";
                title { (title) " · " (project) }
                style { (PreEscaped(STYLE)) (PreEscaped(OWN_STYLE)) }
                script src={(up) "search.js"} defer {}
            }
            body.site {
                header.masthead {
                    div {
                        p.subject { (project) }
                        h1 { (title) }
                        (lead)
                        (search_box::form(lang))
                        nav aria-label=(lang.pick("案内", "Navigation")) {
                            @for (file, text) in links { a href={(up) (file)} { (text) } }
                        }
                    }
                }
                main { (body) }
                footer { p.muted { "korabo " (env!("CARGO_PKG_VERSION")) } }
            }
        }
    }
}

/// A section with its heading.
pub(super) fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! { section id=(id) { h2 { (title) } (body) } }
}

/// Where the page of a table lies below the site's folder.
pub(super) fn path_of(table: &str) -> String {
    format!("tables/{table}.html")
}

/// A link from a table's page to another's.
pub(super) fn beside(table: &str) -> String {
    format!("{}.html", encoded(table))
}

/// A file name as part of a URL.
pub(super) fn encoded(name: &str) -> String {
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
