//! Statements with `--release` that differ by few persons: what the second is told.

use fs_err as fs;

use crate::support::{Outcome, Project};

/// The small world, which remembers what statements told.
fn project() -> Project {
    let project = Project::built();
    let config = project.path().join("korabo.toml");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("remember_statements = false", "remember_statements = true");
    fs::write(config, text).unwrap();
    project
}

fn ask(project: &Project, sql: &str) -> Outcome {
    project.korabo(&["sql", "--release", "--format", "csv", "-c", sql])
}

/// Persons of the last year by a condition on age.
fn count(age: &str) -> String {
    format!(
        "select count(*) as n, avg(bmi) as bmi from panel_person_year where fiscal_year = 2023 and {age}"
    )
}

/// An age that 1 to 9 persons of the last year have, and no fewer are above.
fn rare_age(project: &Project) -> i64 {
    project.count(
        "select max(age) from (select age, count(distinct person_id) as n from panel_person_year \
         where fiscal_year = 2023 and age is not null group by age) as ages where n between 1 and 9",
    )
}

#[test]
fn two_statements_that_differ_by_few_persons_do_not_both_get_an_answer() {
    let project = project();
    let age = rare_age(&project);
    let all = count("age >= 0");
    let first = ask(&project, &all).exits(0).stdout;
    let but_few = count(&format!("age >= 0 and age <> {age}"));
    ask(&project, &but_few).exits(6);
    // Asking the first again is answered alike.
    assert_eq!(ask(&project, &all).exits(0).stdout, first);
    ask(&project, &but_few).exits(6);
}

#[test]
fn it_does_not_matter_which_is_asked_first() {
    let project = project();
    let age = rare_age(&project);
    ask(&project, &count(&format!("age >= 0 and age <> {age}"))).exits(0);
    ask(&project, &count("age >= 0")).exits(6);
}

#[test]
fn parts_are_not_added_up_either() {
    let project = project();
    let age = rare_age(&project);
    // Two parts that leave the few out, then everybody.
    ask(&project, &count(&format!("age >= 0 and age < {age}"))).exits(0);
    ask(&project, &count(&format!("age > {age} or age < 40")));
    ask(&project, &count(&format!("age >= 40 and age < {age}")));
    let by_sex = format!(
        "select sex, count(*) as n from panel_person_year where fiscal_year = 2023 and age >= 0 and age <> {age} group by sex"
    );
    let told = ask(&project, &by_sex);
    let everybody = ask(&project, &count("age >= 0"));
    assert!(
        told.code == Some(6) || everybody.code == Some(6),
        "both were told: {} {}",
        told.stdout,
        everybody.stdout
    );
}

#[test]
fn statements_about_the_same_persons_are_all_told() {
    let project = project();
    for measure in ["count(*)", "avg(bmi)", "avg(age)", "count(bmi)"] {
        let sql = format!(
            "select sex, {measure} as x from panel_person_year where fiscal_year = 2023 group by sex"
        );
        ask(&project, &sql).exits(0);
    }
    let others =
        "select sex, count(*) as n from panel_person_year where fiscal_year = 2019 group by sex";
    ask(&project, others).exits(0);
}

#[test]
fn a_user_gets_as_many_answers_as_the_project_allows() {
    let project = project();
    let config = project.path().join("korabo.toml");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("[release]\n", "[release]\nanswers_per_user = 2\n");
    fs::write(config, text).unwrap();
    let year = |year: u32| {
        format!("select count(*) as n from panel_person_year where fiscal_year = {year}")
    };
    let first = ask(&project, &year(2021)).exits(0).stdout;
    // No new person is told of.
    ask(&project, &year(2021)).exits(0);
    ask(&project, &year(2022)).exits(0);
    ask(&project, &year(2023))
        .exits(6)
        .says(&["all 2 answers", "answers_per_user"]);
    assert_eq!(ask(&project, &year(2021)).exits(0).stdout, first);
    let told = project
        .korabo(&[
            "sql",
            "--format",
            "csv",
            "-c",
            "select count(distinct answer_id) as n, count(distinct told_to) as users from release_answers",
        ])
        .exits(0)
        .stdout;
    assert_eq!(told, "n,users\n2,1\n");
}

#[test]
fn what_was_told_is_not_forgotten_with_its_table() {
    let project = project();
    ask(&project, &count("age >= 0")).exits(0);
    project.korabo(&["release"]).exits(0);
    let definition = project.path().join("releases/levels.toml");
    let text = fs::read_to_string(&definition).unwrap();
    // Something else leaves, which remembers how much was told.
    fs::write(definition, text.replace("[\"sex\"], ", "")).unwrap();
    project.korabo(&["release"]).exits(0);
    fs::remove_dir_all(project.path().join("lake/release_answers")).unwrap();
    ask(&project, &count("age >= 0"))
        .exits(6)
        .says(&["release_answers", "restore"]);
}

#[test]
fn a_released_table_is_told_as_it_is() {
    let project = project();
    project.korabo(&["release"]).exits(0);
    let sql = "select indicator, n_persons, value from released_levels where by is null order by indicator, fiscal_year limit 5";
    let sql = sql.replace("by is null", "\"by\" is null");
    let told = ask(&project, &sql).exits(0).stdout;
    assert!(told.lines().count() > 3, "{told}");
    let inside = project
        .korabo(&["sql", "--format", "csv", "-c", &sql])
        .exits(0)
        .stdout;
    assert_eq!(told, inside);
}
