//! Which pages are made of the results: one for the board, one for each employer that is large enough with an index, one for
//! all municipalities and one for each. What a page shows is in `board`, `employer` and `municipality`.

use super::kind::{LEAST_INSURED, ReportKind};
use super::names::Names;
use super::refusal::Refusal;
use super::results::{Employer, GroupLevel, Results};
use super::text::Lang;
use super::{board, employer, municipality};
use crate::diagnostic::did_you_mean;
use crate::disclosure::Count;

/// About whom pages are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The one page about everybody.
    All,
    /// A page for each employer or municipality.
    Each,
    /// The page of one employer or municipality.
    One(String),
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its file's name without a folder.
    pub name: String,
    /// The document.
    pub html: String,
}

/// The pages of a kind about a subject. A page about all employers is an index of theirs.
///
/// # Errors
/// When an employer or a municipality is not known or too small, or there is none.
pub fn documents(
    results: &Results,
    (kind, subject): (ReportKind, &Subject),
    lang: Lang,
) -> Result<Vec<Document>, Refusal> {
    let names = Names::new(&results.vocabulary, lang);
    let one = |name: &str, html| {
        vec![Document {
            name: format!("{name}.html"),
            html,
        }]
    };
    Ok(match (kind, subject) {
        (ReportKind::Analyst | ReportKind::Board, _) => {
            one(ReportKind::Board.name(), board::render(results, names))
        }
        (ReportKind::Employer, Subject::One(id)) => {
            one(id, employer::render(results, employer(results, id)?, names))
        }
        (ReportKind::Employer, _) => employers(results, names)?,
        (ReportKind::Municipality, Subject::All) => {
            require_municipality(results)?;
            one(kind.name(), municipality::render(results, names))
        }
        (ReportKind::Municipality, Subject::Each) => municipalities(results, names)?,
        (ReportKind::Municipality, Subject::One(code)) => {
            let code = municipality(results, code)?;
            one(code, municipality::render_one(results, code, names))
        }
    })
}

/// Employers that pages are made of, by number.
fn reported(results: &Results) -> Vec<&str> {
    let large = results.employers.iter().filter(|own| is_large(own));
    large.map(|employer| employer.id.as_str()).collect()
}

fn is_large(employer: &Employer) -> bool {
    matches!(employer.n_insured.value(), Count::Shown(n) if *n >= LEAST_INSURED)
}

fn employer<'results>(results: &'results Results, id: &str) -> Result<&'results str, Refusal> {
    match results.employer(id) {
        Some(employer) if is_large(employer) => Ok(&employer.id),
        Some(_) => Err(Refusal::FewInsured { id: id.to_owned() }),
        None => Err(Refusal::Unknown {
            what: "employer",
            id: id.to_owned(),
            hint: hint(id, &reported(results)),
        }),
    }
}

/// The nearest, or all where they are few.
fn hint(id: &str, known: &[&str]) -> String {
    let near = did_you_mean(id, known.iter().copied());
    match (near.is_empty(), known.len()) {
        (false, _) => near,
        (true, 1..=20) => format!("; there are {}", known.join(", ")),
        (true, _) => String::new(),
    }
}

fn employers(results: &Results, names: Names<'_>) -> Result<Vec<Document>, Refusal> {
    let ids = reported(results);
    if ids.is_empty() {
        return Err(Refusal::NoEmployer);
    }
    let page = |id: &&str| Document {
        name: format!("{id}.html"),
        html: employer::render(results, id, names),
    };
    let mut pages: Vec<Document> = ids.iter().map(page).collect();
    pages.push(Document {
        name: "index.html".to_owned(),
        html: employer::index(results, &ids, names),
    });
    Ok(pages)
}

/// Whether small-cell control leaves anything of a group's latest year.
fn is_shown(group: &GroupLevel) -> bool {
    let insured = group.latest_year().map(|year| group.insured(year));
    matches!(insured, Some(Count::Shown(_)))
}

fn require_municipality(results: &Results) -> Result<(), Refusal> {
    let known = results.levels.of("municipality");
    match known.is_some_and(|known| !known.is_empty()) {
        true => Ok(()),
        false => Err(Refusal::NoMunicipality),
    }
}

fn municipality<'results>(
    results: &'results Results,
    code: &str,
) -> Result<&'results str, Refusal> {
    require_municipality(results)?;
    let known = results.levels.of("municipality");
    let Some((known_code, group)) = known.and_then(|known| known.get_key_value(code)) else {
        let codes = known.into_iter().flatten().map(|(code, _)| code.as_str());
        return Err(Refusal::Unknown {
            what: "municipality",
            id: code.to_owned(),
            hint: hint(code, &codes.collect::<Vec<_>>()),
        });
    };
    let least = results.rules.min_count;
    match is_shown(group) {
        true => Ok(known_code),
        false => Err(Refusal::FewInhabitants {
            code: code.to_owned(),
            least,
        }),
    }
}

fn municipalities(results: &Results, names: Names<'_>) -> Result<Vec<Document>, Refusal> {
    require_municipality(results)?;
    let all = results.levels.of("municipality").into_iter().flatten();
    let shown = all.filter(|(_, group)| is_shown(group));
    let page = |(code, _): (&String, &GroupLevel)| Document {
        name: format!("{code}.html"),
        html: municipality::render_one(results, code, names),
    };
    Ok(shown.map(page).collect())
}
