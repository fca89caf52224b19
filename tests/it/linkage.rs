//! Keys before they are joined: planted faults are named, a low match rate stops the run and says why.

use std::fmt::Write as _;

use fs_err as fs;

use crate::support::{Project, assert_near, number, project_by_hand, root, rows_in, small_world};

/// A person's key: 64 hexadecimal digits, most of them with leading zeros.
fn key(person: usize) -> String {
    let scattered = (person * 2_654_435_761) % (1 << 48);
    format!("{scattered:012x}{}", &"c0ffee".repeat(9)[..52])
}

/// `text` in characters of full width.
fn full_width(text: &str) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    text.chars().map(wide).collect()
}

/// Extracts of insurers and employers, a line per row.
struct Extracts {
    members: String,
    worksites: String,
    employees: String,
    claims: String,
    n_rows: usize,
}

const MANUFACTURER: &str = "06139992";
const CITY: &str = "01139997";

impl Extracts {
    fn new() -> Self {
        let header = |columns: &str| format!("{columns}\n");
        Self {
            members: header(
                "insurer_id,person_key,household_key,relationship,sex,birth_year_month,\
                 municipality_code,workplace_key,enrolled_from,enrolled_to",
            ),
            worksites: header(
                "employer_key,worksite_key,workplace_key,municipality_code,industry_code,size_band,\
                 valid_from,valid_to",
            ),
            employees: header(
                "employer_key,employee_key,link_token,worksite_key,employment_type,employed_from,\
                 employed_to",
            ),
            claims: header(
                "insurer_id,claim_id,person_key,care_month,billed_month,claim_kind,is_inpatient,\
                 care_days,points,yen,is_returned",
            ),
            n_rows: 0,
        }
    }

    /// A key that nothing else has.
    fn own_key(&mut self) -> String {
        self.n_rows += 1;
        key(1_000_000 + self.n_rows)
    }

    fn add_member(&mut self, insurer: &str, token: &str, workplace: &str, days: &str) {
        let household = self.own_key();
        writeln!(
            self.members,
            "{insurer},{token},{household},1,1,198004,13101,{workplace},{days}"
        )
        .unwrap();
    }

    fn add_employer(&mut self, employer: &str, workplace: &str) {
        writeln!(
            self.worksites,
            "{employer},W,{workplace},13101,E,3,2018-04-01,"
        )
        .unwrap();
    }

    fn add_employee(&mut self, employer: &str, employee: &str, token: &str, from: &str) {
        writeln!(self.employees, "{employer},{employee},{token},W,1,{from},").unwrap();
    }

    fn add_claim(&mut self, insurer: &str, token: &str) {
        self.n_rows += 1;
        let claim = self.n_rows;
        writeln!(
            self.claims,
            "{insurer},{claim},{token},202305,202306,1,false,1,300,3000,false"
        )
        .unwrap();
    }

    /// Subscribers numbered by `persons` and their employer, who writes keys by `written`.
    fn add_firm(
        &mut self,
        employer: &str,
        persons: std::ops::Range<usize>,
        written: impl Fn(usize) -> String,
    ) {
        let workplace = self.own_key();
        self.add_employer(employer, &workplace);
        for person in persons {
            self.add_member(MANUFACTURER, &key(person), &workplace, "2018-04-01,");
            let employee = self.own_key();
            self.add_employee(employer, &employee, &written(person), "2018-04-01");
        }
    }

    /// The standard project on these extracts; all other tables may be missing.
    fn project(&self) -> Project {
        let project = Project::standard();
        let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
        let config = config.replace("path = \"sample_data\"", "path = \"extracts\"");
        let config = config.replace("]\nfiles = ", "]\noptional = true\nfiles = ");
        project.write("korabo.toml", config);
        for (folder, table, text) in [
            ("insurer_1", "members_1", &self.members),
            ("employers_1", "worksites", &self.worksites),
            ("employers_1", "employees", &self.employees),
            ("insurer_1", "claims_1", &self.claims),
        ] {
            project.write(&format!("extracts/{folder}/{table}.csv"), text);
        }
        project
    }
}

/// Lets keys of persons be any text, as in projects whose holders have other keys.
fn with_any_keys(project: &Project) {
    for (table, column) in [
        ("members", "person_key"),
        ("employees", "link_token"),
        ("claims", "person_key"),
    ] {
        let file = format!("schemas/{table}.toml");
        let text = fs::read_to_string(project.path().join(&file)).unwrap();
        let (before, after) = text.split_once(&format!("[columns.{column}]")).unwrap();
        let after = after.replacen("type = \"token\"", "type = \"string\"", 1);
        project.write(&file, format!("{before}[columns.{column}]{after}"));
    }
}

/// Findings as `source holder cause affected/keys`.
fn findings(project: &Project) -> Vec<String> {
    let rows = project.rows(
        "select source, holder, cause, n_affected, n_keys from linkage_forensics \
         where scope = 'all' and holder <> '*' order by source, holder, cause",
    );
    rows.iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            format!(
                "{} {} {} {}/{}",
                text("source"),
                text("holder"),
                text("cause"),
                row["n_affected"],
                row["n_keys"]
            )
        })
        .collect()
}

/// Seconds that a step of the last run took.
fn seconds(folder: &std::path::Path, table: &str) -> f64 {
    let sql = format!("select max(seconds) as s from run_steps where table_name = '{table}'");
    rows_in(folder, &sql)[0]["s"].as_f64().unwrap()
}

/// Twenty employees of each of ten firms, whose keys are written in different ways.
fn firms_with_planted_faults() -> Extracts {
    let mut extracts = Extracts::new();
    let firms: [(&str, &dyn Fn(usize) -> String); 10] = [
        ("good", &key),
        ("wide", &|person| full_width(&key(person))),
        ("upper", &|person| key(person).to_uppercase()),
        ("hyphens", &|person| {
            let key = key(person);
            format!("{}-{} ", &key[..32], &key[32..])
        }),
        ("unpadded", &|person| {
            key(person).trim_start_matches('0').to_owned()
        }),
        ("padded", &|person| format!("00{}", key(person))),
        ("cut", &|person| key(person)[..32].to_owned()),
        ("numbers", &|person| format!("E-{person:06}")),
        ("secret", &|person| key(person + 50_000)),
        ("half", &|person| key(person + 50_000 * (person % 2))),
    ];
    for (idx, (employer, written)) in firms.into_iter().enumerate() {
        extracts.add_firm(employer, 100 * idx + 1..100 * idx + 21, written);
    }
    extracts
}

#[test]
fn planted_faults_of_keys_are_named() {
    let mut extracts = firms_with_planted_faults();
    // Claims of the city are made with another secret; five persons have moved to it.
    for person in 1..21 {
        extracts.add_claim(MANUFACTURER, &key(person));
        extracts.add_claim(CITY, &key(person + 70_000));
        let city = if person <= 5 { person } else { person + 60_000 };
        extracts.add_member(CITY, &key(city), "", "2010-04-01,2018-03-31");
    }
    let project = extracts.project();
    with_any_keys(&project);
    project.korabo(&["run", "+linkage_forensics"]).exits(0);
    let expected = [
        "claims 01139997 other_secret 20/20",
        "employees cut truncation 20/20",
        "employees half unknown_persons 10/20",
        "employees hyphens separators 20/20",
        "employees numbers other_shape 20/20",
        "employees padded padding 20/20",
        "employees secret other_secret 20/20",
        "employees unpadded padding 20/20",
        "employees upper case 20/20",
        "employees wide width 20/20",
        "members 01139997 changed_insurer 5/20",
        "members 06139992 changed_insurer 5/200",
        "members 06139992 unknown_persons 110/200",
    ];
    let found: Vec<String> = findings(&project)
        .into_iter()
        // Of an insurer's members the spellings stand beside the cause.
        .filter(|line| {
            !line.starts_with("members") || line.contains("changed") || line.contains("unknown")
        })
        .collect();
    assert_eq!(found, expected);
    // What a width costs where nothing is normalised, and that normalisation heals it.
    let rates = |employer: &str| {
        let sql = format!(
            "select match_rate_as_written, match_rate from linkage_keys where holder = '{employer}'"
        );
        project.rows(&sql).remove(0)
    };
    for (employer, as_written, normalised) in [
        ("good", 1.0, 1.0),
        ("wide", 0.0, 1.0),
        ("upper", 0.0, 1.0),
        ("hyphens", 0.0, 1.0),
        ("unpadded", 0.0, 0.0),
        ("cut", 0.0, 0.0),
        ("half", 0.5, 0.5),
    ] {
        let found = rates(employer);
        assert_near(&found["match_rate_as_written"], as_written);
        assert_near(&found["match_rate"], normalised);
    }
    let taken =
        seconds(project.path(), "clean_key_matches") + seconds(project.path(), "linkage_keys");
    // It is well below a second where nothing else works; more than this would be another algorithm.
    assert!(taken < 20.0, "{taken} s");
}

#[test]
fn keys_of_several_persons_and_persons_of_several_keys_are_named() {
    let mut extracts = Extracts::new();
    extracts.add_firm("steady", 1..21, key);
    // A placeholder for three employees, an employee with two keys, twins, and a card that was reused.
    for _ in 0..3 {
        let employee = extracts.own_key();
        extracts.add_employee("steady", &employee, &key(1), "2019-04-01");
    }
    let employee = extracts.own_key();
    extracts.add_employee("steady", &employee, &key(2), "2019-04-01");
    extracts.add_employee("steady", &employee, &key(70_001), "2020-04-01");
    extracts.add_member(MANUFACTURER, &key(500), "", "2020-04-01,");
    extracts.add_member(MANUFACTURER, &key(500), "", "2020-04-01,");
    extracts.add_member(MANUFACTURER, &key(501), "", "2020-04-01,2021-03-31");
    extracts.add_member(MANUFACTURER, &key(501), "", "2020-10-01,");
    for person in 600..620 {
        extracts.add_member(CITY, &key(person), "", "2010-04-01,2018-03-31");
    }
    let project = extracts.project();
    // One repeated row of 44 is more than the share that is allowed.
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    let sources = "[sources.members]\n";
    project.write(
        "korabo.toml",
        config.replace(sources, &format!("{sources}max_reject_share = 0.1\n")),
    );
    project.korabo(&["run", "+linkage_forensics"]).exits(0);
    let found = findings(&project);
    for expected in [
        "employees steady shared_key 1/21",
        "employees steady several_keys 1/24",
        "members 01139997 keys_by_insurer 20/20",
        "members 06139992 overlapping_spells 1/22",
        "members 06139992 repeated_rows 1/1",
    ] {
        assert!(
            found.iter().any(|line| line == expected),
            "{expected}: {found:#?}"
        );
    }
    assert!(
        !found.iter().any(|line| line.contains("changed_insurer")),
        "{found:#?}"
    );
}

/// A world whose employer makes its keys with another secret, and a share of whose other keys is right.
fn broken_world() -> Project {
    let mut extracts = Extracts::new();
    extracts.add_firm("secret", 1..41, |person| key(person + 50_000));
    extracts.project()
}

#[test]
fn a_low_match_rate_stops_the_run_and_says_why() {
    let project = broken_world();
    let run = ["run", "--lang", "en", "+panel_person_year"];
    let outcome = project.korabo(&run).exits(5).says(&[
        "`panel_person_year` was not published",
        "employees of all employers: 0.0 % of 40 keys are found, the gate is at 50.0 %; likely cause: keys look alike",
        "members of 06139992: 0.0 % of 40 keys are found",
        "another secret",
        "linkage_forensics says what to do",
    ]);
    assert_eq!(outcome.summary("failed"), 1.0);
    assert!(!project.versions().contains_key("panel_person_year"));
    let failed = "select count(*) from linkage_keys where is_below_gate";
    assert_eq!(project.count(failed), 2);
    project
        .korabo(&["run", "--lang", "ja", "+panel_person_year"])
        .exits(5)
        .says(&[
            "全事業主の employees: 40 個のキーのうち 0.0 %",
            "考えられる原因: 形は同じ",
        ]);
    // The gate is a parameter of the project.
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    let open = config.replace("min_match_rate = 0.5", "min_match_rate = 0.0");
    assert_ne!(config, open);
    project.write("korabo.toml", open);
    project.korabo(&run).exits(0);
    assert!(project.versions().contains_key("panel_person_year"));
}

#[test]
fn chance_does_not_stop_a_run_and_a_bad_latest_delivery_does() {
    // Nine keys without a like could be chance at a gate of one half; ten are not.
    for (n_keys, is_below) in [(9, false), (10, true)] {
        let mut extracts = Extracts::new();
        extracts.add_firm("small", 1..n_keys + 1, |person| key(person + 50_000));
        let project = extracts.project();
        project.korabo(&["run", "+linkage_keys"]).exits(0);
        let found = "select is_below_gate from linkage_keys where source = 'members'";
        assert_eq!(project.value(found), is_below, "{n_keys} keys");
    }
    let mut extracts = Extracts::new();
    extracts.add_firm("good", 1..41, key);
    for person in 1..41 {
        extracts.add_claim(MANUFACTURER, &key(person));
    }
    let project = extracts.project();
    project.korabo(&["run", "+panel_person_year"]).exits(0);
    let mut later = Extracts::new();
    for person in 1..16 {
        later.n_rows += 1000;
        later.add_claim(MANUFACTURER, &key(person + 50_000));
    }
    project.write("extracts/insurer_1/claims_2.csv", &later.claims);
    project
        .korabo(&["run", "--lang", "en", "+panel_person_year"])
        .exits(5)
        .says(&["claims of 06139992 in the latest delivery: 0.0 % of 15 keys are found"]);
    let all = "select match_rate from linkage_keys where source = 'claims' and scope = 'all'";
    assert_near(&project.value(all), 40.0 / 55.0);
}

#[test]
fn the_words_of_causes_are_in_the_phrasebook() {
    let project = broken_world();
    let phrases = fs::read_to_string(root().join("messages/ja.toml")).unwrap();
    let sql = "select cause, meaning_en, meaning_ja from linkage_causes";
    let causes = project.rows(sql);
    assert!(causes.len() > 10);
    let mut n_translated = 0;
    for cause in causes {
        let text = |name: &str| cause[name].as_str().unwrap().to_owned();
        assert!(text("meaning_en").is_ascii() && !text("meaning_ja").is_ascii());
        let name = text("cause");
        if [
            "padding",
            "truncation",
            "other_shape",
            "other_secret",
            "unknown_persons",
        ]
        .contains(&name.as_str())
        {
            let entry = format!("\"{}\" = \"{}\"\n", text("meaning_en"), text("meaning_ja"));
            assert!(phrases.contains(&entry), "{entry}");
            n_translated += 1;
        }
    }
    assert_eq!(n_translated, 5);
}

#[test]
fn the_worlds_of_the_sample_are_above_the_gate() {
    let folder = small_world();
    let sql = "select source, holder, match_rate, match_rate_as_written from linkage_keys \
               where is_below_gate or (source <> 'employees' and match_rate < 0.97)";
    assert!(
        rows_in(folder, sql).is_empty(),
        "{:?}",
        rows_in(folder, sql)
    );
    // Some employers write keys in full width: they lose nothing.
    let sql = "select sum(n_by_width) as n, min(match_rate) as worst from linkage_keys where source = 'employees'";
    let row = &rows_in(folder, sql)[0];
    assert!(row["n"].as_i64().unwrap() > 0, "{row:?}");
    assert!(row["worst"].as_f64().unwrap() >= 0.97, "{row:?}");
}

#[test]
fn cells_add_up_to_the_rates_by_year() {
    let folder = small_world();
    let sql = "select count(*) as n from linkage_quality as q join ( \
                   select cast(fiscal_year as varchar) as level, sum(n_persons) as n_persons, sum(n_linked) as n_linked \
                   from linkage_cells group by fiscal_year) as c on q.level = c.level \
               where q.side = 'insurer' and q.dimension = 'fiscal_year' and q.n_persons = c.n_persons and q.n_linked = c.n_linked";
    assert_eq!(rows_in(folder, sql)[0]["n"], 9);
    // Counted anew from the members' years: each subscriber once a year, with an employer or without.
    let sql = "select count(*) as n, sum(case when p.is_employee then 1 else 0 end) as linked \
               from link_member_years as y join link_persons as p on y.person_id = p.person_id where y.relationship = 1";
    let counted = &rows_in(folder, sql)[0];
    let sql = "select sum(n_persons) as n, sum(n_linked) as linked from linkage_cells";
    assert_eq!(&rows_in(folder, sql)[0], counted);
}

#[test]
fn exposed_and_never_exposed_are_linked_equally_well_in_the_sample() {
    let sql = "select level, n_persons, n_linked from linkage_quality \
               where side = 'employer' and dimension = 'exposure' order by level";
    let rows = Project::sample().rows(sql);
    let (levels, rates): (Vec<&str>, Vec<(f64, f64)>) = rows
        .iter()
        .map(|row| {
            let n = number(&row["n_persons"]);
            (
                row["level"].as_str().unwrap(),
                (n, number(&row["n_linked"]) / n),
            )
        })
        .unzip();
    assert_eq!(levels, ["covered", "not_covered"]);
    let variance: f64 = rates.iter().map(|(n, rate)| rate * (1.0 - rate) / n).sum();
    let difference = rates[0].1 - rates[1].1;
    let half_width = 1.96 * variance.sqrt();
    // The interval holds 0 and is narrow enough for that to say something.
    assert!(
        difference.abs() < half_width,
        "{difference} +- {half_width}"
    );
    assert!(half_width < 0.03, "{half_width}");
    let worst = rates.iter().map(|(_, rate)| *rate).fold(1.0, f64::min);
    assert!((0.97..1.0).contains(&worst), "{rates:?}");
}

#[test]
fn effects_under_errors_of_linkage_follow_the_formulas() {
    let project = project_by_hand(
        &["effect_linkage"],
        &[
            (
                "linkage_quality",
                "select * from (values ('employer', 'all', 'all', 1000, 800, 0.8), \
                 ('employer', 'exposure', 'covered', 500, 410, 0.82), ('employer', 'exposure', 'not_covered', 500, 390, 0.78), \
                 ('insurer', 'all', 'all', 9, 9, 1.0)) as t (side, dimension, level, n_persons, n_linked, match_rate)",
            ),
            (
                "linkage_identities",
                "select * from (values ('employees', 'a', 'shared_key', 100, 30), ('employees', 'b', 'shared_key', 100, 50), \
                 ('members', 'c', 'shared_key', 100, 99), ('employees', 'a', 'several_keys', 100, 7)) \
                 as t (source, holder, cause, n_keys, n_affected)",
            ),
            (
                "effect_summary",
                "select 'f' as field, indicator, 'employees' as population, estimator, estimate, 0.01 as std_error, \
                 estimate - 0.02 as conf_low, estimate + 0.02 as conf_high, 'ok' as status, \
                 1.0 as statistic, 1.0 as p_value, 0.0 as band_low, 0.0 as band_high, 9 as n_treated, 9 as n_control, \
                 9 as n_units, 9 as n_clusters, true as is_primary \
                 from (values ('a_share', 'callaway_santanna', 0.04), ('a_weight', 'callaway_santanna', -0.4), \
                 ('a_share', 'two_way', 0.5)) as t (indicator, estimator, estimate)",
            ),
            (
                "indicator_terms",
                "select 'a_share' as indicator, true as is_share",
            ),
        ],
    );
    let rows = project.rows("select * from effect_linkage order by indicator");
    assert_eq!(rows.len(), 2);
    let share = &rows[0];
    for (column, expected) in [
        ("link_precision", 0.95),
        // 80 of 800 linked persons share a key.
        ("precision_low", 0.9),
        ("corrected", 0.04 / 0.95),
        ("corrected_std_error", 0.01 / 0.95),
        ("corrected_low", 0.02 / 0.95),
        ("corrected_high", 0.06 / 0.9),
        ("recall", 0.8),
        ("recall_difference", 0.04),
        ("needed_elsewhere", -4.0 * 0.04 / 0.95),
        ("bound_low", 0.8 * 0.04 / 0.95 - 0.2),
        ("bound_high", 0.8 * 0.04 / 0.95 + 0.2),
    ] {
        assert_near(&share[column], expected);
    }
    let weight = &rows[1];
    assert_near(&weight["corrected_low"], -0.42 / 0.9);
    assert_near(&weight["corrected_high"], -0.38 / 0.95);
    assert!(weight["bound_low"].is_null() && weight["bound_high"].is_null());
}
