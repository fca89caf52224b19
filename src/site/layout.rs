//! What all pages share: head, name of the project, navigation, foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Site;
use crate::report::STYLE;

const OWN_STYLE: &str = include_str!("style.css");
/// Nothing may be loaded and nothing may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Beside `index.html`.
    Top,
    /// In `tables/`.
    Table,
}

impl Place {
    /// From here to the site's folder.
    pub(super) fn up(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Table => "../",
        }
    }
}

/// A whole page.
pub(super) fn page(
    site: &Site<'_>,
    place: Place,
    title: &str,
    lead: &Markup,
    body: &Markup,
) -> Markup {
    let (lang, up) = (site.lang, place.up());
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
            }
            body.site {
                header.masthead {
                    div {
                        p.subject { (project) }
                        h1 { (title) }
                        (lead)
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
