//! Relations on inputs with nothing in them, nothing that varies, one cluster, everybody exposed: rows with a status each, or a refusal
//! that is listed here. Nothing ends in a panic.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::array::{Array as _, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use korabo::functions::RELATIONS;
use korabo::session::{ErrorClass, Session};

use crate::relation_arguments::{PANEL, call, column_arguments, rows, session, variants};

/// An input: what it is, and how it is made from `{input}`.
const PANELS: [(&str, &str); 9] = [
    ("no row", "select * from {input} where false"),
    (
        "one row",
        "select * from {input} order by unit, time limit 1",
    ),
    (
        "no outcome",
        "select * replace (cast(null as double) as outcome) from {input}",
    ),
    (
        "a constant outcome",
        "select * replace (7e0 as outcome) from {input}",
    ),
    (
        "nothing that varies but cohorts",
        "select * replace (7e0 as outcome, 1e0 as weight, 3e0 as covariate, 1e0 as running, 2 as regressor, 1e0 as endogenous, \
         1e0 as instrument, 0 as sex) from {input}",
    ),
    ("one cluster", "select * replace (1 as site) from {input}"),
    (
        "one unit",
        "select * replace (1 as unit, 1 as site) from {input} where unit = 3",
    ),
    (
        "everybody exposed",
        "select * replace (2019 as cohort, true as treated, true as participated) from {input}",
    ),
    (
        "nobody exposed",
        "select * replace (cast(null as bigint) as cohort, false as treated, false as participated) from {input}",
    ),
];

/// Estimates, errors and p-values of twenty questions.
const ESTIMATES: &str = "
(select value as question, value / 10e0 as estimate, 0.5e0 + value % 3 as std_error, value / 100e0 as p_value, value % 2 as family,
    value % 4 = 0 as is_primary from generate_series(1, 20))";

const TABLES: [(&str, &str); 6] = [
    ("no row", "select * from {input} where false"),
    ("one row", "select * from {input} limit 1"),
    (
        "no number",
        "select * replace (cast(null as double) as estimate, cast(null as double) as std_error, cast(null as double) as p_value) \
         from {input}",
    ),
    (
        "no estimate",
        "select * replace (cast(null as double) as estimate) from {input}",
    ),
    (
        "nothing that varies",
        "select * replace (1e0 as estimate, 1e0 as std_error, 1e0 as p_value) from {input}",
    ),
    (
        "no error",
        "select * replace (0e0 as std_error, 0e0 as p_value) from {input}",
    ),
];

const TABLE_CALLS: [&str; 7] = [
    "equivalence({input}, estimate => estimate, std_error => std_error, margin => 1, keep => [question])",
    "adjust_p({input}, p_value => p_value, family => [family], primary => is_primary, keep => [question])",
    "pool({input}, estimate => estimate, std_error => std_error, best => 3, keep => [question])",
    "power({input}, effect => estimate, clusters_treated => 9, clusters_control => 9, cluster_size => 20, icc => 0.05, sd => 1, \
     keep => [question])",
    "minimum_detectable_effect({input}, clusters_treated => 9, clusters_control => 9, cluster_size => 20, icc => 0.05, sd => std_error, \
     keep => [question])",
    "honest_did((select *, case question when 1 then std_error else 0e0 end as c1, case question when 3 then std_error else 0e0 end as c3 \
     from {input} where question in (1, 3)), event_time => question, estimate => estimate, covariance => [c1, c3], reference => 2)",
    "pretrend_power((select *, case question when 1 then std_error else 0e0 end as c1, case question when 3 then std_error else 0e0 end as c3 \
     from {input} where question in (1, 3)), event_time => question, estimate => estimate, covariance => [c1, c3], reference => 2)",
];

/// Calls over a panel of relations whose columns are not those of a panel alone.
const PANEL_CALLS: [&str; 3] = [
    "honest_did({input}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site)",
    "pretrend_power({input}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site)",
    "westfall_young({input}, outcomes => [outcome, weight], treated => drawn, cluster => site, permutations => 99)",
];

/// Relations and inputs that are refused: there is no row to say it in, or the data contradict the call.
const REFUSED: [(&str, &[&str]); 12] = [
    ("att", &["one unit"]),
    ("att_gt", &["one unit"]),
    ("att_gt_diagnostics", &["one unit"]),
    (
        "bacon",
        &[
            "no row",
            "one row",
            "no outcome",
            "one unit",
            "everybody exposed",
            "nobody exposed",
        ],
    ),
    ("cluster_parts", &["one unit"]),
    ("effects", &["one unit"]),
    ("event_study", &["one unit"]),
    ("event_study_vcov", &["one unit"]),
    ("honest_did", &["one unit", "one row"]),
    ("leave_one_out", &["one unit"]),
    ("ols_diagnostics", &["no row", "one row", "no outcome"]),
    ("pretrend_power", &["one unit", "one row"]),
];

/// What a call came to: rows with a status, or why it was refused.
async fn run(session: &Session, sql: &str) -> Result<(), String> {
    match rows(session, sql).await {
        Ok(batch) => {
            check_statuses(&batch, sql);
            Ok(())
        }
        Err(error) => {
            let text = error.describe();
            assert_eq!(error.class(), ErrorClass::Estimator, "{sql}: {text}");
            Err(text)
        }
    }
}

fn check_statuses(batch: &RecordBatch, sql: &str) {
    let Some(column) = batch.column_by_name("status") else {
        return;
    };
    let statuses = column.as_any().downcast_ref::<StringArray>().unwrap();
    assert_eq!(statuses.null_count(), 0, "{sql}");
    assert!(
        statuses.iter().flatten().all(|status| !status.is_empty()),
        "{sql}"
    );
}

#[tokio::test]
async fn inputs_with_nothing_in_them_have_a_status_or_a_refusal() {
    let session = session();
    let mut refused = BTreeMap::new();
    for (relation, input, sql) in all_calls() {
        if let Err(text) = run(&session, &sql).await {
            refused.insert((relation, input), text);
        }
    }
    let expected: BTreeSet<(&str, &str)> = REFUSED
        .iter()
        .flat_map(|(relation, inputs)| inputs.iter().map(|input| (*relation, *input)))
        .collect();
    let found: BTreeSet<(&str, &str)> = refused.keys().copied().collect();
    assert_eq!(found, expected, "{refused:#?}");
}

/// Relation, input and statement.
fn all_calls() -> Vec<(&'static str, &'static str, String)> {
    let mut all = Vec::new();
    let panel = format!("({PANEL})");
    for (input, made) in PANELS {
        let panel = made.replace("{input}", &panel);
        for (relation, options) in variants() {
            let mut given = column_arguments(relation);
            // A constant covariate is refused by name: see `degenerate.slt`.
            let is_panel = given.iter().any(|given| given.name == "cohort");
            given.retain(|given| !(is_panel && given.name == "covariates"));
            let sql = call(relation, &given, options, &panel);
            all.push((relation.name, input, sql));
        }
        for call in PANEL_CALLS {
            let panel = format!("(select *, site % 2 as drawn from ({panel}))");
            all.push((
                name(call),
                input,
                format!("select * from {}", call.replace("{input}", &panel)),
            ));
        }
    }
    for (input, made) in TABLES {
        let table = format!("({})", made.replace("{input}", ESTIMATES));
        for call in TABLE_CALLS {
            all.push((
                name(call),
                input,
                format!("select * from {}", call.replace("{input}", &table)),
            ));
        }
    }
    all
}

fn name(call: &'static str) -> &'static str {
    call.split('(').next().unwrap()
}

#[test]
fn every_relation_is_called() {
    let called: BTreeSet<&str> = all_calls().iter().map(|call| call.0).collect();
    let all: BTreeSet<&str> = RELATIONS.iter().map(|relation| relation.name).collect();
    assert_eq!(called, all);
}
