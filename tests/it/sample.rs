//! The sample data: the same bytes from the recorded command, every planted defect found, and effects that
//! cover the planted truth. `sample_data/truth.json` says what was planted.

use std::collections::BTreeMap;

use fs_err as fs;
use serde_json::Value;

use crate::support::{Project, files_below, number, root, rows_in, sample_project};

fn truth() -> Value {
    let text = fs::read_to_string(root().join("sample_data/truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How many defects of `kind` were planted.
fn planted(kind: &str) -> i64 {
    let truth = truth();
    let of_kind = truth["defects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|defect| defect["kind"] == kind);
    let count: i64 = of_kind
        .map(|defect| defect["count"].as_i64().unwrap())
        .sum();
    assert!(count > 0, "no `{kind}` was planted");
    count
}

#[track_caller]
fn count(sql: &str) -> i64 {
    rows_in(sample_project(), sql)[0]["n"].as_i64().unwrap()
}

/// The command in the folder's README.
fn recorded_command() -> Vec<String> {
    let text = fs::read_to_string(root().join("sample_data/README.md")).unwrap();
    let line = text
        .lines()
        .find(|line| line.trim().starts_with("korabo synth"))
        .unwrap();
    line.split_whitespace().skip(1).map(str::to_owned).collect()
}

fn assert_same_bytes(threads: &str) {
    let project = Project::empty();
    let mut arguments = recorded_command();
    arguments.extend(["--threads".to_owned(), threads.to_owned()]);
    project.korabo(&arguments).exits(0);
    let (kept, made) = (
        root().join("sample_data"),
        project.path().join("sample_data"),
    );
    let mut files = files_below(&kept);
    files.retain(|file| file.as_os_str() != "README.md");
    assert_eq!(files, files_below(&made));
    for file in files {
        let is_same = fs::read(kept.join(&file)).unwrap() == fs::read(made.join(&file)).unwrap();
        assert!(is_same, "{} differs", file.display());
    }
}

#[test]
fn recorded_command_gives_the_same_bytes_on_one_thread() {
    assert_same_bytes("1");
}

#[test]
fn recorded_command_gives_the_same_bytes_on_two_threads() {
    assert_same_bytes("2");
}

#[test]
fn sample_data_stays_below_8_megabytes() {
    let folder = root().join("sample_data");
    let sizes = files_below(&folder);
    let total: u64 = sizes
        .iter()
        .map(|file| fs::metadata(folder.join(file)).unwrap().len())
        .sum();
    assert!((1_000_000..8_000_000).contains(&total), "{total} bytes");
}

#[test]
fn every_planted_wrong_row_is_rejected_by_its_rule() {
    let kinds = [
        ("out_of_range", "checkups", "range"),
        ("wrong_code", "checkups", "code"),
        ("term_mismatch", "checkups", "code_for_term"),
        ("impossible_date", "checkups", "date"),
        ("duplicate_key", "claims", "duplicate_key"),
    ];
    for (kind, table, rule) in kinds {
        let sql = format!("select count(*) as n from rejects_{table} where rule = '{rule}'");
        assert_eq!(count(&sql), planted(kind), "{kind}");
    }
    let all: i64 = kinds.iter().map(|(kind, _, _)| planted(kind)).sum();
    assert_eq!(
        count("select sum(n_rejected) as n from deliveries"),
        all,
        "nothing else is rejected"
    );
}

#[test]
fn every_row_received_is_accepted_or_rejected() {
    let sql = "select count(*) as n from deliveries where n_rows_in <> n_accepted + n_rejected";
    assert_eq!(count(sql), 0);
    for table in ["members", "checkups", "claims", "employees"] {
        let delivered = format!(
            "select sum(n_accepted) - sum(n_removed) as n from deliveries where table_name = '{table}'"
        );
        let held = format!("select count(*) as n from {table}");
        assert_eq!(count(&delivered), count(&held), "{table}");
    }
    let files = count("select count(distinct file) as n from deliveries");
    let extracts = files_below(&root().join("sample_data"));
    let parquet = extracts
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "parquet"));
    let offered = parquet.filter(|file| !file.starts_with("refused")).count();
    assert_eq!(
        files,
        i64::try_from(offered).unwrap(),
        "every extract was ingested"
    );
}

#[test]
fn every_double_checkup_is_found() {
    assert_eq!(
        count("select count(*) as n from link_checkup_counts"),
        planted("two_rows_one_year")
    );
    let merged = "select count(*) as n from (select person_id, fiscal_year from link_checkups \
                  group by 1, 2 having count(*) > 1)";
    assert_eq!(count(merged), 0, "a person has one checkup in a year");
}

#[test]
fn every_checkup_outside_enrollment_is_found() {
    let found = count("select count(*) as n from link_outside_enrollment");
    assert_eq!(found, planted("outside_enrollment"));
}

#[test]
fn full_width_tokens_link_only_after_normalisation() {
    let as_received = count(
        "select count(*) as n from employees where link_token is not null \
         and link_token <> normalize_key(link_token)",
    );
    assert_eq!(as_received, planted("full_width_key"));
    let matches = |condition: &str| {
        count(&format!(
            "select count(*) as n from (select distinct link_token from employees \
             where link_token <> normalize_key(link_token)) as tokens \
             inner join (select distinct person_key from members) as keys on {condition}"
        ))
    };
    assert_eq!(matches("tokens.link_token = keys.person_key"), 0);
    assert!(matches("normalize_key(tokens.link_token) = normalize_key(keys.person_key)") > 0);
}

#[test]
fn extract_with_names_is_refused_without_a_trace() {
    let project = Project::standard();
    let refused = root().join("sample_data/refused/employees_with_names.parquet");
    let columns = project.rows(&format!("select * from '{}' limit 1", refused.display()));
    let is_name = |column: &&String| column.contains("name") || !column.is_ascii();
    let name_column = columns[0].keys().find(is_name).unwrap();
    let sql = format!(
        "select distinct \"{name_column}\" as name from '{}'",
        refused.display()
    );
    let values = project.rows(&sql);
    let values: Vec<&str> = values
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(values.len() > 1);
    let delivery = format!("employees={}", refused.display());
    for form in ["text", "json"] {
        project
            .korabo(&["ingest", "-v", "--log-format", form, &delivery])
            .exits(4)
            .says(&[
                "employees_with_names.parquet",
                "identifying column",
                name_column,
            ])
            .hides(&values);
    }
    assert_eq!(project.count("select count(*) as n from deliveries"), 0);
    assert_eq!(project.count("select count(*) as n from employees"), 0);
    assert_eq!(
        project.count("select count(*) as n from rejects_employees"),
        0
    );
    for file in files_below(&project.path().join("lake")) {
        let bytes = fs::read(project.path().join("lake").join(&file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            values.iter().all(|name| !text.contains(name)),
            "{}",
            file.display()
        );
    }
}

/// Planted effect by (field, indicator, population, event time).
fn planted_effects() -> BTreeMap<(String, String, String, i64), f64> {
    let truth = truth();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = truth["effects"].as_array().unwrap().iter();
    rows.map(|row| {
        let key = (
            text(row, "field"),
            text(row, "indicator"),
            text(row, "population"),
            row["event_time"].as_i64().unwrap(),
        );
        (key, row["effect"].as_f64().unwrap())
    })
    .collect()
}

#[test]
fn simultaneous_bands_cover_the_planted_effects() {
    let planted = planted_effects();
    let rows = rows_in(
        sample_project(),
        "select field, indicator, population, event_time, estimate, band_low, band_high \
         from effect_event_study where event_time >= 0 and status in ('ok', 'few_clusters') and field <> 'rest'",
    );
    let mut n_compared = BTreeMap::<String, usize>::new();
    for row in &rows {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let at = row["event_time"].as_i64().unwrap();
        let key = (text("field"), text("indicator"), text("population"), at);
        let Some(effect) = planted.get(&key) else {
            continue;
        };
        let (low, high) = (number(&row["band_low"]), number(&row["band_high"]));
        assert!(
            low < high && low <= *effect && *effect <= high,
            "{key:?}: {effect} not in {low}…{high}"
        );
        *n_compared.entry(key.0).or_default() += 1;
    }
    let fields: Vec<&str> = n_compared.keys().map(String::as_str).collect();
    let causal = [
        "activity",
        "alcohol",
        "frailty",
        "mind",
        "nutrition",
        "oral",
        "smoking",
        "system",
    ];
    assert_eq!(fields, causal);
    assert!(n_compared.values().all(|n| *n >= 5), "{n_compared:?}");
}

#[test]
fn real_effects_are_told_from_none() {
    let sql = "select field, conf_low, conf_high from effect_summary where estimator = 'callaway_santanna' \
               and indicator in ('exercise_habit', 'presenteeism_loss') and status = 'ok' order by field";
    let rows = rows_in(sample_project(), sql);
    let is_clear: Vec<bool> = rows
        .iter()
        .map(|row| number(&row["conf_low"]) > 0.0 || number(&row["conf_high"]) < 0.0)
        .collect();
    assert_eq!(is_clear, [true, true], "activity and mind have an effect");
}

#[test]
fn trend_before_the_program_hides_its_estimates_and_no_others() {
    let texts = |sql: &str| -> Vec<String> {
        let rows = rows_in(sample_project(), sql).into_iter();
        rows.map(|row| row["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let hidden = "select distinct field as text from effect_summary where status in ('blinded', 'pre_trend') order by 1";
    assert_eq!(texts(hidden), ["rest"]);
    for table in ["effect_summary", "effect_event_study", "effect_robustness"] {
        let numbers = "count(estimate) + count(std_error) + count(conf_low) + count(band_high)";
        let sql =
            format!("select {numbers} as n, count(*) as n_rows from {table} where field = 'rest'");
        let row = &rows_in(sample_project(), &sql)[0];
        assert!(
            row["n"] == 0 && number(&row["n_rows"]) > 1.0,
            "{table}: {row:?}"
        );
    }
    let gate = "select distinct gate as text from evaluation_diagnostics where evaluation = 'rest' and result = 'blind' \
                and gate = 'pre_trend'";
    assert_eq!(texts(gate), ["pre_trend"]);
    let verdict =
        "select distinct verdict as text from evaluation_verdicts where evaluation = 'rest'";
    assert_eq!(texts(verdict), ["not_judged"]);
}

#[test]
fn program_without_effect_is_not_given_one() {
    let sql = "select indicator, conf_low, conf_high from effect_summary where field = 'oral' \
               and estimator = 'callaway_santanna'";
    let rows = rows_in(sample_project(), sql);
    assert_eq!(rows.len(), 2);
    for row in rows {
        let (low, high) = (number(&row["conf_low"]), number(&row["conf_high"]));
        assert!(
            low < 0.0 && 0.0 < high,
            "{}: {low}…{high}",
            row["indicator"]
        );
    }
}

#[test]
fn comparing_participants_overstates_smoking_fivefold() {
    let estimate = |estimator: &str| {
        let sql = format!(
            "select estimate from effect_summary where field = 'smoking' \
             and indicator = 'current_smoker' and estimator = '{estimator}'"
        );
        number(&rows_in(sample_project(), &sql)[0]["estimate"])
    };
    let naive = estimate("participants_vs_non");
    let (causal, true_effect) = (estimate("callaway_santanna"), -0.01);
    assert!(naive < 5.0 * true_effect, "naive {naive}");
    assert!(
        naive.abs() > 5.0 * causal.abs(),
        "naive {naive}, causal {causal}"
    );
}

#[test]
fn fields_without_programs_and_unmeasured_indicators_are_named() {
    let project = Project::unbuilt();
    let folder = project.path();
    let extracts = folder.join("sample_data");
    for file in files_below(&extracts) {
        let path = extracts.join(&file);
        if file.ends_with("productivity.parquet") {
            fs::remove_file(path).unwrap();
        } else if file.ends_with("programs.parquet") {
            let kept = folder.join("kept.parquet").to_string_lossy().into_owned();
            let all = path.display();
            let sql = format!("select * from '{all}' where field <> 'smoking'");
            project.korabo(&["sql", "-o", &kept, "-c", &sql]).exits(0);
            fs::rename(kept, path).unwrap();
        }
    }
    project
        .korabo(&["run"])
        .exits(4)
        .says(&["`productivity`", "optional = true"]);
    let settings = fs::read_to_string(folder.join("korabo.toml")).unwrap();
    let source = "[sources.productivity]\n";
    assert!(settings.contains(source));
    project.write(
        "korabo.toml",
        settings.replace(source, &format!("{source}optional = true\n")),
    );
    project.korabo(&["run"]).exits(0);
    let status = |field: &str, indicator: &str| {
        let sql = format!(
            "select status from effect_summary where field = '{field}' and indicator = '{indicator}' \
             and estimator = 'callaway_santanna' and estimate is null"
        );
        project.value(&sql)
    };
    assert_eq!(status("smoking", "current_smoker"), "no_treated");
    assert_eq!(status("mind", "presenteeism_loss"), "no_rows");
}
