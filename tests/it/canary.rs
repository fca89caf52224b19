//! No value of a person leaves the lake by a side door: distinctive values are planted in every kind of column, things go wrong
//! in every way we know, and everything korabo says, writes or sends is searched for them.

use fs_err as fs;

use crate::small_project::{project as small_project, token};
use crate::support::{Outcome, Project, files_below};

const DAY: &str = "1987-03-29";
const NUMBER: &str = "171.8731";
const TOO_LARGE: &str = "87319.25";
const CODE: &str = "113";
const TEXT: &str = "黄色いカナリア";
const WORD: &str = "zanzibar-canary-1";

/// What must be found nowhere.
fn canaries() -> Vec<String> {
    let fixed = [DAY, NUMBER, TOO_LARGE, TEXT, WORD, "カナリア", "zanzibar"];
    let mut all: Vec<String> = fixed.map(str::to_owned).into();
    all.push(token('c'));
    all.push("171.87".to_owned());
    all.push("19870329".to_owned());
    all
}

const CONFIG: &str = r#"
[openlineage]
file = "out/lineage.ndjson"

[metrics]
file = "out/korabo.prom"

[notify]
command = ["sh", "-c", "cat >> out/told.ndjson"]
on = ["failure", "threshold", "success"]

[notify.thresholds]
rejected_share = 0.0
test_warnings = 0
"#;

const HEADER: &str = "person_key,visited_on,pressure,kind,note\n";

/// Rows of the canary: accepted, too large, of a wrong type, with a wrong code, a wrong date, a wrong token, and twice.
fn rows() -> String {
    let person = token('c');
    let good = format!("{person},{DAY},{NUMBER},1,{TEXT}\n");
    let bad = [
        format!("{person},{DAY},{TOO_LARGE},1,{TEXT}"),
        format!("{person},{DAY},{WORD},1,{TEXT}"),
        format!("{person},{DAY},{NUMBER},{CODE},{TEXT}"),
        format!("{person},{DAY},{NUMBER},{WORD},{TEXT}"),
        format!("{person},{WORD},{NUMBER},1,{TEXT}"),
        format!("{WORD},{DAY},{NUMBER},1,{TEXT}"),
        format!(",{DAY},{NUMBER},1,{TEXT}"),
    ];
    let others: String = ['a', 'b', 'd', 'e', 'f']
        .iter()
        .map(|digit| format!("{},2023-04-01,120,2,{WORD}\n", token(*digit)))
        .collect();
    format!("{HEADER}{good}{good}{}\n{others}", bad.join("\n"))
}

fn project() -> Project {
    let project = small_project(CONFIG);
    let toml = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    let toml = toml.replace("max_reject_share = 0.5", "max_reject_share = 0.9");
    project.write("korabo.toml", toml);
    project.write("extracts/visits.csv", rows());
    fs::create_dir(project.path().join("out")).unwrap();
    project
}

/// Everything korabo said, with the command that made it say it.
#[derive(Default)]
struct Output(Vec<(String, String)>);

impl Output {
    /// Runs a command in both forms of the log; its output may hold no canary.
    fn by(&mut self, project: &Project, arguments: &[&str]) {
        for form in ["text", "json"] {
            let all = [arguments, &["-v", "--log-format", form]].concat();
            let outcome = project.korabo(&all);
            self.keep(&arguments.join(" "), &outcome);
        }
    }

    fn keep(&mut self, what: &str, outcome: &Outcome) {
        assert_ne!(outcome.code, Some(70), "{what}: {}", outcome.stderr);
        let text = format!("{}\n{}", outcome.stdout, outcome.stderr);
        self.0.push((what.to_owned(), text));
    }

    /// The same without standard output, which is the answer to a query.
    fn keep_messages(&mut self, what: &str, outcome: &Outcome) {
        assert_ne!(outcome.code, Some(70), "{what}: {}", outcome.stderr);
        self.0.push((what.to_owned(), outcome.stderr.clone()));
    }

    /// Fails when a canary is in anything said, or in a file outside the lake, or in a name of a file or folder.
    #[track_caller]
    fn holds_no_canary(&self, project: &Project) {
        let mut found = Vec::new();
        let canaries = canaries();
        let mut search = |place: &str, text: &str| {
            for canary in canaries
                .iter()
                .filter(|canary| text.contains(canary.as_str()))
            {
                found.push(format!("{canary} in {place}:\n{text}"));
            }
        };
        for (what, text) in &self.0 {
            search(what, text);
        }
        for file in files_below(project.path()) {
            let name = file.to_string_lossy().into_owned();
            search(&format!("the name {name}"), &name);
            let is_ours = !["lake", "extracts", "queries"]
                .iter()
                .any(|it| file.starts_with(it));
            if is_ours {
                let bytes = fs::read(project.path().join(&file)).unwrap();
                search(&name, &String::from_utf8_lossy(&bytes));
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n\n"));
    }
}

fn query(project: &Project, name: &str, header: &str, sql: &str) {
    let text = format!("-- One row.\n{header}{sql}\n");
    project.write(&format!("queries/{name}.sql"), text);
}

/// Steps that fail on the values, each in its own way.
const FAILING: [(&str, &str, &str); 11] = [
    (
        "link_cast",
        "",
        "select cast(note as int) as x from clean_visits",
    ),
    (
        "link_date",
        "",
        "select to_date(note, '%Y-%m-%d') as x from clean_visits",
    ),
    (
        "link_number",
        "",
        "select arrow_cast(note, 'Decimal128(5, 2)') as x from clean_visits",
    ),
    (
        "link_stamp",
        "",
        "select cast(note as timestamp) as x from clean_visits",
    ),
    (
        "link_decimal",
        "",
        "select cast(pressure * 1e30 as decimal(38, 10)) as x from clean_visits",
    ),
    (
        "link_small",
        "",
        "select cast(pressure * 1000 as tinyint) as x from clean_visits",
    ),
    (
        "link_zero",
        "",
        "select 1 / (kind - kind) as x from clean_visits",
    ),
    (
        "link_key",
        "-- key: kind\n",
        "select kind, note from clean_visits",
    ),
    (
        "link_null",
        "-- not_null: nothing\n",
        "select note, nullif(note, note) as nothing from clean_visits",
    ),
    (
        "link_tests",
        "-- test: unique kind\n-- test: accepted_values kind in (7)\n-- test: row_count_change 1%\n-- test: no_rows select note from link_tests\n",
        "select kind, note from clean_visits",
    ),
    (
        "link_join",
        "-- join: many_to_one clean_visits on (kind)\n",
        "select a.note from clean_visits as a join clean_visits as b on a.kind = b.kind",
    ),
];

/// Estimators that refuse the values.
const REFUSED: [(&str, &str, &str); 3] = [
    (
        "effect_cohort",
        "",
        "select * from att_gt((select note, pressure, fiscal_year(visited_on) as year, kind, person_key from clean_visits), outcome => pressure, unit => person_key, time => year, cohort => kind)",
    ),
    (
        "effect_ols",
        "",
        "select * from ols((select pressure, cast(note as double) as noted from clean_visits), 'pressure ~ noted')",
    ),
    (
        "effect_twice",
        "",
        "select * from event_study((select pressure, fiscal_year(visited_on) as year, kind, 1 as one from clean_visits), outcome => pressure, unit => one, time => year, cohort => kind)",
    ),
];

#[test]
fn runs_that_fail_in_every_way_say_no_value() {
    let project = project();
    let mut said = Output::default();
    said.by(&project, &["run"]);
    assert!(project.count("select count(*) from rejects_visits") > 5);
    for (name, header, sql) in FAILING.iter().chain(&REFUSED) {
        query(&project, name, header, sql);
        let outcome = project.korabo(&["run", name, "-v"]);
        assert!(
            !matches!(outcome.code, Some(0 | 3)),
            "{name}: {}",
            outcome.stderr
        );
        said.keep(name, &outcome);
        said.by(&project, &["run", name]);
    }
    for arguments in [
        ["status"].as_slice(),
        &["plan"],
        &["history"],
        &["doctor"],
        &["check"],
        &["retry"],
        &["lineage", "link_join"],
        &["run"],
    ] {
        said.by(&project, arguments);
    }
    let history = "select * from runs; select * from run_steps; select * from test_results";
    said.by(&project, &["sql", "--format", "ndjson", "-c", history]);
    let out = fs::read_to_string(project.path().join("out/told.ndjson")).unwrap();
    assert!(out.lines().count() > 30, "notifications were sent");
    said.holds_no_canary(&project);
}

#[test]
fn deliveries_that_are_refused_say_no_value() {
    let files = [
        (
            "visits.csv",
            format!("{HEADER}{}", rows().replacen(HEADER, "", 1)),
        ),
        ("visits_2.csv", format!("{HEADER}\"{TEXT},{WORD}\n{DAY}")),
        ("visits_3.csv", format!("{WORD},{TEXT}\n{DAY},{NUMBER}\n")),
        ("visits_4.csv", format!("{HEADER}{},{DAY}\n", token('c'))),
        (
            "visits_5.csv",
            format!("{HEADER}{},{DAY},{NUMBER},1,{TEXT},{WORD}\n", token('c')),
        ),
        ("visits_6.csv", format!("PAR1{}{WORD}{NUMBER}", token('c'))),
    ];
    for (file, content) in files {
        let project = project();
        let toml = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
        project.write(
            "korabo.toml",
            toml.replace("max_reject_share = 0.9", "max_reject_share = 0.0"),
        );
        fs::remove_file(project.path().join("extracts/visits.csv")).unwrap();
        project.write(&format!("extracts/{file}"), &content);
        let mut said = Output::default();
        let outcome = project.korabo(&["ingest"]).exits(4);
        said.keep("ingest", &outcome);
        said.by(&project, &["run"]);
        let parquet = project.write("extracts/visits.parquet", &content);
        let named = format!("visits={}", parquet.display());
        said.by(&project, &["ingest", &named]);
        said.holds_no_canary(&project);
    }
}

/// Statements that fail on a value they meet; none of them holds it.
const STATEMENTS: [&str; 17] = [
    "select cast(note as int) from clean_visits",
    "select cast(note as date) from clean_visits",
    "select cast(person_key as bigint) from clean_visits",
    "select cast(cast(visited_on as varchar) as int) from clean_visits",
    "select cast(cast(pressure as varchar) as int) from clean_visits where pressure > 130",
    "select arrow_cast(note, 'Timestamp(Second, None)') from clean_visits",
    "select arrow_cast(note, 'Boolean') from clean_visits",
    "select arrow_cast(note, 'Interval(MonthDayNano)') from clean_visits",
    "select to_timestamp(note) from clean_visits",
    "select make_date(cast(pressure as int) * 1000000, kind, kind) from clean_visits",
    "select regexp_like(note, concat('(', note)) from clean_visits",
    "select (select note from clean_visits) as one",
    "select * from att_gt((select pressure, visited_on, kind, person_key from clean_visits), outcome => pressure, unit => person_key, time => kind, cohort => kind, seed => 1)",
    "select decode(note, 'hex') from clean_visits",
    "select regexp_count(note, 'a', 1, note) from clean_visits",
    "select regexp_match(note, note, note) from clean_visits",
    "select regexp_replace(note, 'a', note, note) from clean_visits",
];

#[test]
fn statements_that_fail_say_no_value() {
    let project = project();
    project.korabo(&["run"]);
    let mut said = Output::default();
    for statement in STATEMENTS {
        for form in ["text", "json"] {
            let arguments = ["sql", "--log-format", form, "-v", "-c", statement];
            said.keep_messages(statement, &project.korabo(&arguments));
        }
    }
    // The raw file, without a contract between.
    let file = project.path().join("extracts/visits.csv");
    for sql in [
        "select cast(note as int) from '{}'",
        "select cast(pressure as double) from '{}'",
        "select sum(cast(kind as int)) from '{}'",
    ] {
        let sql = sql.replace("{}", &file.display().to_string());
        said.keep_messages(&sql, &project.korabo(&["sql", "-c", &sql]));
    }
    said.holds_no_canary(&project);
}
