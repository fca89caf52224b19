//! The sheet that pages for boards, employers and municipalities are printed on: head, style, running title, page numbers, facts
//! and notes. What stands on it is the pages'.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::results::Results;
use super::text::{Lang, fiscal_year, joined};

const STYLE: &str = include_str!("paper.css");
/// Nothing may be loaded and nothing may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// What a sheet is called.
pub(super) struct Sheet<'page> {
    /// For whom it is, in a word or two.
    pub(super) audience: &'page str,
    /// Title.
    pub(super) title: &'page str,
    /// About whom.
    pub(super) subject: &'page str,
    /// What a reader must know of the numbers: name and value.
    pub(super) facts: Vec<(&'page str, String)>,
    pub(super) lang: Lang,
}

/// The document.
pub(super) fn document(sheet: &Sheet<'_>, results: &Results, body: &Markup) -> String {
    let running = format!("{} ― {}", sheet.subject, sheet.title);
    let made = made(results, sheet.lang);
    let document = html! {
        (DOCTYPE)
        html lang=(sheet.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (sheet.title) " ― " (sheet.subject) }
                style { (PreEscaped(STYLE)) (PreEscaped(page_boxes(&running, &made))) }
            }
            body {
                header.head {
                    p.audience { (sheet.audience) }
                    h1 { (sheet.title) }
                    p.subject { (sheet.subject) }
                    dl.facts {
                        @for (name, value) in &sheet.facts {
                            div { dt { (name) } dd { (value) } }
                        }
                    }
                }
                main { (body) }
                footer.made { (made) }
            }
        }
    };
    document.into_string()
}

/// When, by which run and by which version the numbers were made.
fn made(results: &Results, lang: Lang) -> String {
    let made = &results.provenance;
    let mut parts = Vec::new();
    if !made.generated_at.is_empty() {
        parts.push(format!(
            "{} {}",
            lang.pick("作成", "Made"),
            made.generated_at
        ));
    }
    if !made.run_id.is_empty() {
        parts.push(format!("{} {}", lang.pick("実行", "run"), made.run_id));
    }
    parts.push(format!("korabo {}", made.korabo_version));
    parts.join(lang.pick("　", " · "))
}

/// The margins of printed pages: running title (not on the first), when it was made, page numbers.
pub(super) fn page_boxes(running: &str, made: &str) -> String {
    let font = "font-family: \"Noto Sans CJK JP\", \"Hiragino Sans\", sans-serif";
    format!(
        "@media print {{ @page {{ size: A4; margin: 16mm 14mm 15mm; \
         @top-left {{ content: \"{}\"; font-size: 7.5pt; color: #565f67; {font}; }} \
         @bottom-left {{ content: \"{}\"; font-size: 7.5pt; color: #565f67; {font}; }} \
         @bottom-right {{ content: counter(page) \" / \" counter(pages); font-size: 8pt; color: #1b2025; {font}; }} }} \
         @page :first {{ @top-left {{ content: \"\"; }} }} }}",
        css_text(running),
        css_text(made)
    )
}

/// A text between quotes in a style sheet within a document.
fn css_text(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' | '<' | '>' | '&' => escaped.push_str(&format!("\\{:x} ", u32::from(c))),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The years that results are of.
pub(super) fn years(results: &Results, lang: Lang) -> Option<String> {
    let (first, last) = (results.levels.first_year()?, results.levels.latest_year()?);
    Some(match lang {
        Lang::Ja => fiscal_year_range(&first.to_string(), &fiscal_year(last, lang), lang),
        Lang::En => fiscal_year_range(&fiscal_year(first, lang), &fiscal_year(last, lang), lang),
    })
}

fn fiscal_year_range(first: &str, last: &str, lang: Lang) -> String {
    joined(first, last, lang)
}

/// A section with its heading.
pub(super) fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (title) }
            (body)
        }
    }
}

/// The table behind a chart, folded; it is not printed.
pub(super) fn behind(table: &Markup, lang: Lang) -> Markup {
    html! {
        details.behind {
            summary { (lang.pick("数値を見る", "Show the numbers")) }
            div.scroll { (table) }
        }
    }
}

/// What is hidden, and why.
pub(super) fn hidden_note(results: &Results, lang: Lang) -> String {
    let n = results.rules.min_count;
    match lang {
        Lang::Ja => {
            format!("{n}人未満に基づく数は「－」とし、そこから逆算できる数も示さない。0人は示す。")
        }
        Lang::En => format!(
            "Numbers that rest on fewer than {n} people are dashes (－), and so is what would give them away. Zero is shown."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::css_text;

    #[test]
    fn a_name_cannot_leave_the_style_sheet() {
        assert_eq!(css_text("a\"b</style>\n"), "a\\22 b\\3c /style\\3e  ");
    }
}
