//! Layouts as different holders make them, each with a key that says what its headers are: `tests/layouts`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::contract::{self, TableContract};
use crate::mapping::{Certainty, HeaderRules, IdentityField, Origin, Proposal, Target, propose};

/// Right headers of a hundred that a proposal must reach over all layouts, and in each.
const ALL_PERCENT: usize = 90;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn contracts() -> Vec<TableContract> {
    contract::load_dir(&root().join("schemas")).unwrap()
}

/// What a key says of one header: any of these is right; the empty text is nothing.
type Answers = BTreeMap<String, Vec<String>>;

/// The headers of a key or, of a long table, its items.
fn answers(key: &toml::Table, section: &str) -> Answers {
    let Some(entries) = key.get(section) else {
        return Answers::new();
    };
    let texts = |value: &toml::Value| match value {
        toml::Value::Array(all) => all
            .iter()
            .map(|own| own.as_str().unwrap().to_owned())
            .collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    };
    let entries = entries.as_table().unwrap().iter();
    entries
        .map(|(header, value)| (header.clone(), texts(value)))
        .collect()
}

/// What a proposal says of a header, in the words of keys.
fn proposed(proposal: &Proposal, header: &str) -> Vec<String> {
    let long = proposal.mapping.long.as_ref();
    if long.is_some_and(|long| long.item == header) {
        return vec!["long.item".to_owned()];
    }
    if long.is_some_and(|long| long.value == header) {
        return vec!["long.value".to_owned()];
    }
    let column = proposal.columns.iter().find(|own| own.header == header);
    let column = column.unwrap_or_else(|| panic!("no header `{header}` was found"));
    if column.certainty <= Certainty::Guess {
        return Vec::new();
    }
    let targets = column.targets.iter().map(|target| match target {
        Target::Column(name) => name.clone(),
        // The person's key is made of it.
        Target::Identity(IdentityField::PersonId) => "person_key".to_owned(),
        Target::Identity(IdentityField::HouseholdId) => "household_key".to_owned(),
        Target::Identity(field) => format!("identity.{}", field.name()),
    });
    targets.collect()
}

/// Whether one of `said` is right and none is wrong.
fn is_right(said: &[String], right: &[String]) -> bool {
    // A second name of the item and its unit need not be read.
    let is_left_out =
        |own: &String| own.is_empty() || own == "long.unit" || own.starts_with("long.item");
    match said.is_empty() {
        true => right.iter().any(is_left_out),
        false => said.iter().all(|own| right.contains(own)),
    }
}

/// Right headers, all headers, and a line for each wrong one.
fn judge(file: &Path) -> (usize, usize, Vec<String>) {
    let stem = file.file_stem().unwrap().to_string_lossy();
    let key = file.with_file_name(format!("{stem}.key.toml"));
    let key: toml::Table = fs_err::read_to_string(key).unwrap().parse().unwrap();
    let rules = HeaderRules::load(root()).unwrap();
    let proposal = propose(file, &contracts(), &rules, None).unwrap().unwrap();
    let table = key["table"].as_str().unwrap();
    let mut wrong = Vec::new();
    if proposal.mapping.table != table {
        wrong.push(format!(
            "{stem}: `{}` instead of `{table}`",
            proposal.mapping.table
        ));
    }
    let headers = answers(&key, "columns");
    // A name that stands above another header row is no header.
    let is_header = |header: &String| proposal.columns.iter().any(|own| own.header == *header);
    let headers: Answers = headers
        .into_iter()
        .filter(|(header, _)| is_header(header))
        .collect();
    assert!(
        headers.len() >= proposal.columns.len() * 9 / 10,
        "{stem}: the key is of other headers"
    );
    for (header, right) in &headers {
        let said = proposed(&proposal, header);
        if !is_right(&said, right) {
            wrong.push(format!("{stem}: `{header}` is {right:?}, not {said:?}"));
        }
    }
    let items = answers(&key, "items");
    for (item, right) in &items {
        let columns = proposal.mapping.columns.iter();
        let said: Vec<String> = columns
            .filter(|(_, source)| matches!(&source.origin, Origin::Items(names) if names.contains(item)))
            .map(|(column, _)| column.clone())
            .collect();
        let is_unread = said.is_empty() && !is_read(&proposal, item, &items);
        if !is_unread && !is_right(&said, right) {
            wrong.push(format!("{stem}: item `{item}` is {right:?}, not {said:?}"));
        }
    }
    let n = headers.len() + items.len();
    (n.saturating_sub(wrong.len()), n, wrong)
}

/// Whether items are read by codes as this one, rather than by names: a key has both.
fn is_read(proposal: &Proposal, item: &str, _: &Answers) -> bool {
    let is_code = |item: &str| item.len() == 17 && item.is_ascii();
    let mut sources = proposal.mapping.columns.values();
    sources.any(|source| matches!(&source.origin, Origin::Items(names) if names.iter().any(|own| is_code(own) == is_code(item))))
}

fn layouts() -> Vec<PathBuf> {
    let entries = fs_err::read_dir(root().join("tests/layouts")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| crate::tabular::is_text_table(path))
        .collect();
    files.sort();
    files
}

#[test]
fn nine_of_ten_headers_of_layouts_are_mapped_right() {
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    let mut weak = Vec::new();
    for file in layouts() {
        let (n_right, n, lines) = judge(&file);
        println!(
            "{}: {n_right} of {n}",
            file.file_name().unwrap().to_string_lossy()
        );
        if n_right * 100 < n * ALL_PERCENT {
            weak.push(file);
        }
        right += n_right;
        all += n;
        wrong.extend(lines);
    }
    println!("{}", wrong.join("\n"));
    assert!(all >= 500, "{all}");
    assert!(weak.is_empty(), "{weak:?}");
    assert!(right * 100 >= all * ALL_PERCENT, "{right} of {all}");
}
