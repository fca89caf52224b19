//! Pages of many employers: how long they take.

use std::time::{Duration, Instant};

use super::kinds::{employer, group_level, results};
use super::*;
use crate::report::results::*;
use crate::report::{ReportKind, Subject, documents};

const N_EMPLOYERS: usize = 500;
const N_YEARS: usize = 9;

/// Every indicator of the vocabulary in every year.
fn levels(vocabulary: &Vocabulary) -> GroupLevel {
    let one = group_level(400, 100);
    let known = one.indicators.values().flatten().next();
    let level = &known.expect("a level").level;
    let years = |_| {
        let year = |n: usize| YearLevel {
            year: 2016 + i64::try_from(n).expect("small"),
            level: level.clone(),
        };
        (0..N_YEARS).map(year).collect()
    };
    let indicators = vocabulary.indicators.iter();
    GroupLevel {
        indicators: indicators
            .map(|own| (own.name.clone(), years(own)))
            .collect(),
    }
}

/// The results of one employer, with a program of every field in every year, as those of 500.
fn many() -> Results {
    let mut many = results("better");
    let own = levels(&many.vocabulary);
    let ids: Vec<String> = (1..=N_EMPLOYERS).map(|id| id.to_string()).collect();
    many.employers = ids.iter().map(|id| employer(id, 400)).collect();
    let offer = |id: &String, field: &str, n: usize| Offer {
        employer: id.clone(),
        field: field.to_owned(),
        year: 2016 + i64::try_from(n).expect("small"),
        n_programs: 2,
        reached: release_shares(
            &[PartOfWhole {
                part: 100,
                whole: 400,
            }],
            RULES,
        )
        .remove(0),
        took: release_behind(None, Some(400), RULES),
    };
    for id in &ids {
        let fields = many.vocabulary.fields.iter();
        let years = fields.flat_map(|field| (0..N_YEARS).map(move |n| (field, n)));
        let offers = years.map(|(field, n)| offer(id, &field.name, n));
        many.offers.extend(offers);
    }
    let each = |ids: Vec<String>| ids.into_iter().map(|id| (id, own.clone())).collect();
    let groups = &mut many.levels.groups;
    groups.insert("employer".to_owned(), each(ids));
    groups.insert("all".to_owned(), each(vec!["all".to_owned()]));
    groups.insert("size_band".to_owned(), each(vec!["3".to_owned()]));
    groups.insert("industry".to_owned(), each(vec!["E".to_owned()]));
    many
}

#[test]
fn five_hundred_employers_take_less_than_a_minute() {
    let many = many();
    let begun = Instant::now();
    let pages = documents(&many, (ReportKind::Employer, &Subject::Each), Lang::Ja);
    let pages = pages.expect("pages");
    let folder = tempfile::tempdir().expect("a folder");
    for page in &pages {
        let path = folder.path().join(&page.name);
        fs_err::write(path, &page.html).expect("written");
    }
    let took = begun.elapsed();
    assert_eq!(pages.len(), N_EMPLOYERS + 1);
    let longest = pages.iter().map(|page| page.html.len()).max();
    assert!(longest.is_some_and(|n| n > 20_000), "{longest:?}");
    assert!(took < Duration::from_secs(60), "{took:?}");
}
