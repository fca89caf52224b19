//! Tables that leave: what they show, what they never tell, also together with what left before, and how they are verified.

use fs_err as fs;

use crate::support::Project;

const CONTRACT: &str = r#"
description = "People"
description_ja = "人"
grain = "One row per person and year."
holder = "insurer"
key = ["person_id", "fiscal_year"]

[columns.person_id]
name_ja = "番号"
description = "Number"
type = "i32"
privacy = "pseudonym"

[columns.fiscal_year]
name_ja = "年度"
description = "Year"
type = "i16"
privacy = "open"

[columns.sex]
name_ja = "性別"
description = "Sex"
type = "string"
nullable = true
privacy = "sensitive"

[columns.employer]
name_ja = "事業主"
description = "Employer"
type = "string"
privacy = "sensitive"

[columns.smokes]
name_ja = "喫煙"
description = "Smokes"
type = "bool"
nullable = true
privacy = "sensitive"

[columns.cost]
name_ja = "医療費"
description = "Cost"
type = "f64"
nullable = true
privacy = "sensitive"
"#;

const LEVELS: &str = r#"
title_ja = "水準"
title_en = "Levels"
rows = "select * from panel_people where fiscal_year >= $first_fiscal_year"
person = "person_id"
period = "fiscal_year"
groupings = [[], ["sex"], ["employer"]]
"#;

const YEARS: &str = r#"
title_ja = "年度"
title_en = "Years"
statement = "select fiscal_year, count(*) as n_persons, avg(cost) as mean_cost from panel_people group by fiscal_year"
key = ["fiscal_year"]
"#;

/// One person of a delivery.
#[derive(Clone, Copy)]
struct Person {
    id: u32,
    sex: &'static str,
    employer: &'static str,
    smokes: bool,
    cost: u32,
}

/// 200 people of three employers: a with 100, b with 60, c with 40, of whom 6 smoke.
fn people() -> Vec<Person> {
    let person = |id: u32| Person {
        id,
        sex: if id.is_multiple_of(2) { "f" } else { "m" },
        employer: match id {
            0..100 => "a",
            100..160 => "b",
            _ => "c",
        },
        smokes: match id {
            0..160 => id.is_multiple_of(3),
            _ => id < 166,
        },
        cost: 1_000 + 7 * (id % 90),
    };
    (0..200).map(person).collect()
}

fn csv(people: &[Person]) -> String {
    let mut text = "person_id,fiscal_year,sex,employer,smokes,cost\n".to_owned();
    for person in people {
        text.push_str(&format!(
            "{},2023,{},{},{},{}\n",
            person.id, person.sex, person.employer, person.smokes, person.cost
        ));
    }
    text
}

/// A project that releases levels of `people` by rules of its own.
fn project(people: &[Person], rounding: &str) -> Project {
    let project = Project::empty();
    project.write(
        "korabo.toml",
        "[extracts]\npath = \"extracts\"\n\n[sources.people]\nfiles = [\"add*.csv\"]\nwithdraw = [\"withdraw*.csv\"]\n\n\
             [parameters]\nfirst_fiscal_year = 2023\n\n[release]\npreset = \"own\"\n",
    );
    project.write("schemas/people.toml", CONTRACT);
    project.write(
        "queries/clean_people.sql",
        "-- One row per person and year.\n-- key: person_id, fiscal_year\nselect * from people\n",
    );
    project.write(
        "queries/panel_people.sql",
        "-- One row per person and year.\n-- key: person_id, fiscal_year\nselect * from clean_people\n",
    );
    project.write(
        "indicators.toml",
        "[smokes]\nname_ja = \"喫煙\"\nname_en = \"smoke\"\nunit = \"share\"\n\n[cost]\nname_ja = \"医療費\"\nname_en = \"cost\"\nunit = \"yen\"\n",
    );
    project.write(
        "rules/release.toml",
        format!(
            "[own]\nsource = \"tests\"\nmin_count = 10\n{rounding}\n[own.floors]\nemployer = 50\n"
        ),
    );
    project.write("releases/levels.toml", LEVELS);
    project.write("releases/years.toml", YEARS);
    project.write("extracts/add1.csv", csv(people));
    project
}

/// A row of the released file of levels, by its first columns.
fn level(project: &Project, start: &str) -> String {
    let text = fs::read_to_string(project.path().join("released/levels.csv")).unwrap();
    let mut rows = text.lines().filter(|line| line.starts_with(start));
    let row = rows.next();
    assert!(row.is_some(), "no `{start}` in\n{text}");
    row.unwrap().to_owned()
}

#[test]
fn a_run_lets_tables_leave_and_certifies_them() {
    let project = project(&people(), "");
    project
        .korabo(&["run"])
        .exits(0)
        .says(&["released levels", "released years"]);
    let text = fs::read_to_string(project.path().join("released/levels.csv")).unwrap();
    let header = "indicator,by,level_of,fiscal_year,n_persons,n_with,value,withheld";
    assert_eq!(text.lines().next(), Some(header));
    assert_eq!(level(&project, "smokes,,,"), "smokes,,,2023,200,60,0.3,");
    // 40 people are below the floor of employers, whatever they do; 60 and 100 would tell of them.
    assert!(!text.contains("smokes,employer,c"), "{text}");
    let hidden = ["a", "b"].map(|name| level(&project, &format!("smokes,employer,{name}")));
    assert!(
        hidden.iter().any(|row| row.ends_with("protected")),
        "40 people follow from {hidden:?} and 200"
    );
    assert_eq!(level(&project, "cost,,,"), "cost,,,2023,200,,1290.0,");
    let certificate = fs::read_to_string(project.path().join("released/levels.certificate.json"));
    let certificate: serde_json::Value = serde_json::from_str(&certificate.unwrap()).unwrap();
    assert_eq!(certificate["rules"]["preset"], "own");
    assert_eq!(certificate["definition"], LEVELS);
    for file in ["released/levels.csv", "released/years.certificate.json"] {
        project
            .korabo(&["release", "verify", file])
            .exits(0)
            .says(&["derived again"]);
    }
    let persons = "select count(*) from release_cells";
    assert!(project.count(persons) > 0);
}

#[test]
fn what_has_not_changed_is_not_released_again() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    let file = project.path().join("released/levels.csv");
    let before = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    project
        .korabo(&["release"])
        .exits(0)
        .says(&["as released before: levels", "release 1"]);
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(project.count("select count(*) from releases"), 2);
}

#[test]
fn one_person_more_is_not_told() {
    for rounding in ["", "round_to = 5"] {
        let project = project(&people(), rounding);
        project.korabo(&["run"]).exits(0);
        let before = level(&project, "smokes,,,");
        fs::copy(
            project.path().join("released/levels.csv"),
            project.path().join("released/first.csv"),
        )
        .unwrap();
        fs::copy(
            project.path().join("released/levels.certificate.json"),
            project.path().join("released/first.certificate.json"),
        )
        .unwrap();
        let newcomer = Person {
            id: 900,
            sex: "m",
            employer: "a",
            smokes: true,
            cost: 1_000,
        };
        project.write("extracts/add2.csv", csv(&[newcomer]));
        project.korabo(&["run"]).exits(0);
        let after = level(&project, "smokes,,,");
        assert_ne!(before, after);
        assert!(
            after.ends_with(",,,,protected"),
            "201 less 200 is one smoker: {after}"
        );
        for file in ["levels", "first"] {
            let file = format!("released/{file}.csv");
            project.korabo(&["release", "verify", &file]).exits(0);
        }
        // Of a statement the row stays as it was.
        let years = fs::read_to_string(project.path().join("released/years.csv")).unwrap();
        assert_eq!(years.lines().nth(1), Some("2023,200,1290.0,as_before"));
        // Twenty more may be told of.
        let newcomers: Vec<Person> = (901..930).map(|id| Person { id, ..newcomer }).collect();
        project.write("extracts/add3.csv", csv(&newcomers));
        project.korabo(&["run"]).exits(0);
        assert!(level(&project, "smokes,,,").starts_with("smokes,,,2023,230,90,"));
    }
}

#[test]
fn a_file_that_is_not_what_was_certified_does_not_pass() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    let file = project.path().join("released/levels.csv");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("200,60,0.3", "200,61,0.3")).unwrap();
    project
        .korabo(&["release", "verify", "released/levels.csv"])
        .exits(6)
        .says(&["SHA-256 differ"]);
    let certificate = project.path().join("released/levels.certificate.json");
    let text = fs::read_to_string(&certificate).unwrap();
    fs::write(
        &certificate,
        text.replace("\"min_count\": 10", "\"min_count\": 3"),
    )
    .unwrap();
    project
        .korabo(&["release", "verify", "released/levels.certificate.json"])
        .exits(6)
        .says(&["no release 1 of `levels`"]);
    project
        .korabo(&["release", "verify", "released/nothing.csv"])
        .exits(4)
        .says(&["cannot read"]);
    project
        .korabo(&["release", "verify", "korabo.toml"])
        .exits(4);
}

#[test]
fn mistakes_in_definitions_are_named() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    project
        .korabo(&["release", "level"])
        .exits(3)
        .says(&["no release is called `level`", "levels"]);
    for (from, to, said) in [
        ("[\"sex\"]", "[\"sax\"]", "no column `sax`"),
        ("\"person_id\"", "\"employer\"", "numbers of persons"),
        ("title_ja", "titel_ja", "title_ja"),
        ("[[], ", "[[], [], ", "groupings that differ"),
        ("from panel_people", "from panel_peple", "panel_peple"),
    ] {
        project.write("releases/levels.toml", LEVELS.replace(from, to));
        project.korabo(&["release"]).exits(3).says(&[said]);
    }
    project.write("releases/levels.toml", LEVELS);
    project.write(
        "releases/years.toml",
        "title_ja = 'x'\ntitle_en = 'x'\nkey = ['person_id']\nstatement = 'select person_id, cost from panel_people'\n",
    );
    project.korabo(&["release", "years"]).exits(6);
    let config = project.path().join("korabo.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("\"own\"", "\"owm\"")).unwrap();
    project
        .korabo(&["release"])
        .exits(3)
        .says(&["no `owm`", "own"]);
}

#[test]
fn what_remembers_persons_does_not_leave() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    for table in [
        "release_cells",
        "release_counts",
        "release_answers",
        "releases",
    ] {
        let sql = format!("select * from {table}");
        project.korabo(&["sql", "--release", "-c", &sql]).exits(6);
    }
}

#[test]
fn a_damaged_memory_stops_releases() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    fs::remove_dir_all(project.path().join("lake/release_cells")).unwrap();
    project
        .korabo(&["release"])
        .exits(5)
        .says(&["release_cells", "nothing leaves without it"]);
}

#[test]
fn two_persons_release_where_the_project_wants_it() {
    let project = project(&people(), "");
    let config = project.path().join("korabo.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}two_persons = true\n")).unwrap();
    project
        .korabo(&["run"])
        .exits(0)
        .says(&["waits for a second person to release it: levels"]);
    let file = project.path().join("released/levels.csv");
    assert!(!file.exists());
    // The same person again is no second one.
    project.korabo(&["release", "levels"]).exits(0);
    assert!(!file.exists());
    assert_eq!(project.count("select count(*) from releases"), 0);
    let request = project.path().join("review/levels.request.json");
    let text = fs::read_to_string(&request).unwrap();
    let uid = text
        .split("uid ")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    // As if another user had asked for it.
    fs::write(&request, text.replace(&format!("uid {uid}"), "uid 4242")).unwrap();
    project
        .korabo(&["release", "levels"])
        .exits(0)
        .says(&["released levels"]);
    let certificate = project.path().join("released/levels.certificate.json");
    let certificate = fs::read_to_string(certificate).unwrap();
    assert!(
        certificate.contains("\"requested_by\": \"uid 4242\""),
        "{certificate}"
    );
    assert!(!request.exists());
    project
        .korabo(&["release", "verify", "released/levels.csv"])
        .exits(0);
}

#[test]
fn a_release_that_was_cut_short_is_finished_as_it_was_decided() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    let file = project.path().join("released/levels.csv");
    let before = fs::read(&file).unwrap();
    // Remembered, but neither in the lake nor in its file.
    fs::remove_dir_all(project.path().join("lake/released_levels")).unwrap();
    fs::remove_dir_all(project.path().join("released")).unwrap();
    project
        .korabo(&["release"])
        .exits(0)
        .says(&["as released before: levels"]);
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(project.count("select count(*) from released_levels") > 0);
    project
        .korabo(&["release", "verify", "released/levels.csv"])
        .exits(0);
}

#[test]
fn what_stands_behind_a_release_is_there_for_review() {
    let project = project(&people(), "");
    project.korabo(&["run"]).exits(0);
    let text = fs::read_to_string(project.path().join("review/levels.csv")).unwrap();
    let header = text.lines().next().unwrap();
    assert!(
        header.ends_with(
            "counted_persons,counted_with,smallest_count,why_persons,why_with,since_last"
        )
    );
    let row = text.lines().find(|line| line.starts_with("smokes,,"));
    assert!(row.unwrap().ends_with("200,60,60,,,"), "{row:?}");
    let row = text.lines().find(|line| line.contains(",protected,"));
    assert!(row.is_some_and(|row| row.contains(",secondary")), "{row:?}");
    // The next release says what is new.
    let definition = project.path().join("releases/levels.toml");
    let before = fs::read_to_string(&definition).unwrap();
    let (start, _) = before.split_once("groupings").unwrap();
    fs::write(&definition, format!("{start}groupings = [[], [\"sex\"]]\n")).unwrap();
    project.korabo(&["release"]).exits(0);
    fs::write(&definition, before).unwrap();
    project.korabo(&["release"]).exits(0);
    let text = fs::read_to_string(project.path().join("review/levels.csv")).unwrap();
    let since = |grouping: &str| {
        let rows = text.lines().filter(|line| line.contains(grouping));
        let words = rows.map(|line| line.rsplit(',').next().unwrap());
        words.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(since("smokes,,"), ["same"].into());
    assert_eq!(since(",employer,"), ["new"].into());
}
