//! `korabo reference import`: figures that were published, as an extract of the project.

use std::path::PathBuf;

use fs_err as fs;

use crate::support::{Project, root, skipped};

fn project() -> Project {
    let project = Project::standard();
    fs::copy(
        root().join("reference.toml"),
        project.path().join("reference.toml"),
    )
    .unwrap();
    project
}

const EXTRACT: &str = "sample_data/community/reference_values.csv";

#[test]
fn an_extract_is_written_where_the_project_looks_for_it() {
    let project = project();
    let file = project.write(
        "ndb_questionnaire_trend_national.csv",
        "fiscal_year,question_no,answer,sex,age,n\n2021,8,はい,M,40-44,30\n2021,8,いいえ,M,40-44,70\n",
    );
    // The other questions of the mapping are not in this file, which is no error: figures come in several files.
    let file = file.to_string_lossy().into_owned();
    let outcome = project.korabo(&["reference", "import", &file]).exits(0);
    assert_eq!(outcome.summary("rows") as i64, 1);
    let text = fs::read_to_string(project.path().join(EXTRACT)).unwrap();
    assert!(
        text.contains("\nJP,current_smoker,2021,1,40-44,0.3,share,"),
        "{text}"
    );
    // Not twice, and not over what is there.
    project
        .korabo(&["reference", "import", &file])
        .exits(2)
        .says(&["is there already"]);
    let ingested = project
        .korabo(&["ingest", &format!("reference_values={EXTRACT}")])
        .exits(0);
    assert_eq!(ingested.summary("accepted") as i64, 1);
}

#[test]
fn errors_name_the_place_and_what_to_do() {
    let project = project();
    let wrong = "fiscal_year,question_no,answer,sex,age,n\n2021,8,はい,M,40-44,30\n2021,8,いいえ,M,40-44,many\n";
    let file = project.write("ndb_questionnaire_trend_national.csv", wrong);
    let import = |path: &str| project.korabo(&["reference", "import", path]);
    import(&file.to_string_lossy())
        .exits(4)
        .says(&["row 3, column `n`", "`many` is not a number"]);
    assert!(!project.path().join(EXTRACT).exists());
    let other = project.write("else.csv", "a\n1\n");
    import(&other.to_string_lossy())
        .exits(4)
        .says(&["else.csv", "hint: add its name to `files`"]);
    fs::remove_file(project.path().join("reference.toml")).unwrap();
    import(&other.to_string_lossy())
        .exits(3)
        .says(&["no `reference.toml`", "hint: "]);
}

/// Real tables, where they are at hand: published figures that were written down from the same source.
#[test]
fn tables_of_ndb_open_data_are_read() {
    let Some(folder) = std::env::var_os("KORABO_REFERENCE_DATA") else {
        return skipped("KORABO_REFERENCE_DATA is not set");
    };
    let samples = PathBuf::from(folder).join("domain/samples");
    if !samples.is_dir() {
        return skipped("there are no tables of NDB Open Data");
    }
    let project = project();
    let paths = [
        samples.join("ndb_open_data_09_questionnaire"),
        samples.join("ndb09_fy2021_means_by_prefecture.csv"),
        samples.join("ndb_means_national_trend.csv"),
    ];
    let mut arguments = vec!["reference".to_owned(), "import".to_owned()];
    arguments.extend(paths.iter().map(|path| path.to_string_lossy().into_owned()));
    let outcome = project.korabo(&arguments).exits(0);
    // 16 questions of two regions, 9 means of Tokyo and of Japan in eight years, all by 2 sexes and 8 ages.
    assert_eq!(outcome.summary("rows") as i64, (16 * 2 + 9 + 9 * 8) * 16);
    assert_eq!(outcome.summary("withheld") as i64, 0);
    let value = |indicator: &str, region: &str, sex: i8, age: &str| {
        let text = fs::read_to_string(project.path().join(EXTRACT)).unwrap();
        let start = format!("{region},{indicator},2021,{sex},{age},");
        let line = text.lines().find(|line| line.starts_with(&start)).unwrap();
        line[start.len()..]
            .split(',')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    for (indicator, region, sex, age, expected) in [
        ("current_smoker", "JP", 1, "40-44", 0.375),
        ("current_smoker", "JP", 2, "all", 0.096),
        ("current_smoker", "TOKYO", 1, "all", 0.289),
        ("exercise_habit", "TOKYO", 2, "all", 0.266),
        ("drinks_daily", "JP", 1, "65-69", 0.452),
        ("snacks_daily", "JP", 2, "40-44", 0.353),
        ("wants_to_change", "JP", 1, "all", 1.0 - 0.288),
        ("sleep_rest", "TOKYO", 1, "all", 0.683),
    ] {
        let found = value(indicator, region, sex, age);
        assert!(
            (found - expected).abs() < 0.0005,
            "{indicator} {region} {sex} {age}: {found}"
        );
    }
    assert!((value("bmi", "JP", 1, "40-44") - 24.232).abs() < 1e-3);
    assert!((value("bmi", "TOKYO", 1, "40-44") - 24.059).abs() < 1e-9);
    // Nothing but what the contract allows.
    let ingested = project
        .korabo(&["ingest", &format!("reference_values={EXTRACT}")])
        .exits(0);
    assert_eq!(ingested.summary("rejected_rows") as i64, 0);
}
