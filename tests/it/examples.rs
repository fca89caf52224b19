//! Every relation has an example that runs on the sample project, a page in the manual that shows it, and a statement
//! of its own that runs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fs_err as fs;
use korabo::functions::RELATIONS;

use crate::support::{files_below, root, run_in, sample_project};

fn example(relation: &str) -> PathBuf {
    root().join(format!("examples/relations/{relation}.sql"))
}

fn page(relation: &str) -> String {
    fs::read_to_string(root().join(format!("docs/relations/{relation}.md"))).unwrap()
}

/// The names of the files in a folder, without their ending.
fn names(folder: &str) -> Vec<String> {
    let files = files_below(&root().join(folder));
    let name = |file: PathBuf| file.file_stem().unwrap().to_string_lossy().into_owned();
    files.into_iter().map(name).collect()
}

fn relations() -> Vec<String> {
    let names: BTreeSet<&str> = RELATIONS.iter().map(|relation| relation.name).collect();
    assert_eq!(names.len(), RELATIONS.len(), "a name is taken twice");
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_relation_has_one_example_and_one_page() {
    assert_eq!(names("examples/relations"), relations());
    assert_eq!(names("docs/relations"), relations());
}

#[test]
fn examples_return_the_rows_their_pages_show() {
    for relation in relations() {
        let file = example(&relation);
        let statement = fs::read_to_string(&file).unwrap();
        assert!(
            statement.contains(&format!("from {relation}(")),
            "{relation}"
        );
        for word in ["-- Question: ", "-- Look at: ", "-- In R"] {
            assert!(statement.contains(word), "{relation}: no `{word}`");
        }
        let page = page(&relation);
        assert!(
            page.contains(&format!("```sql\n{statement}```\n")),
            "{relation}: its page shows another statement"
        );
        let file = file.to_string_lossy();
        let shown = run_in(sample_project(), &["sql", "-f", &file]).exits(0);
        assert!(!shown.stdout.ends_with("\n0 rows\n"), "{relation}: no row");
        assert!(
            page.contains(&shown.stdout),
            "{relation}: its page shows other rows than\n{}",
            shown.stdout
        );
    }
}

#[test]
fn statements_of_the_definitions_return_rows() {
    for relation in RELATIONS {
        let arguments = ["sql", "--format", "csv", "-c", relation.example];
        let rows = run_in(sample_project(), &arguments).exits(0).stdout;
        assert!(rows.lines().count() > 1, "{}: no row", relation.name);
    }
}

#[test]
fn pages_describe_every_argument() {
    for relation in RELATIONS {
        let page = page(relation.name);
        // Arguments that several relations share are described on one of their pages, to which the others refer.
        let shared: String = ["att_gt", "att", "ols", "did_imputation", "sun_abraham"]
            .into_iter()
            .filter(|other| page.contains(&format!("{other}.md#arguments")))
            .map(self::page)
            .collect();
        for argument in relation.arguments {
            let name = format!("`{}`", argument.name);
            assert!(
                page.contains(&name) || shared.contains(&name),
                "{}: its page does not name {name}",
                relation.name
            );
        }
    }
}
