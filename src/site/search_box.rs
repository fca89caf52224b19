//! The search box of every page.

use maud::{Markup, html};

use crate::report::Lang;

/// The box, which the script shows: without it there is none.
pub(super) fn form(lang: Lang) -> Markup {
    let label = lang.pick(
        "表・列・意味・用語を検索（/ キー）",
        "Search tables, columns, meanings, words (key /)",
    );
    html! {
        form.search role="search" hidden {
            input type="search" autocomplete="off" spellcheck="false" placeholder=(label) aria-label=(label);
            p.muted aria-live="polite" {}
            ul {}
        }
    }
}
