//! Lineage events of a run: what the specification requires, exact column lineage, and receivers that fail. The published
//! schemas come with no package, so what they require is written down here.

use std::collections::BTreeMap;
use std::net::TcpListener;

use serde_json::Value;

use crate::small_project::{SUMMARY, break_summary, is_uuid, lines, project, receiver, text};
use crate::support::Outcome;

/// Facets say who made them and which schema they follow.
fn assert_facets(facets: &Value) {
    for (name, facet) in facets.as_object().unwrap() {
        assert!(
            text(facet, "/_producer").starts_with("urn:korabo:"),
            "{name}"
        );
        let schema = text(facet, "/_schemaURL");
        assert!(
            schema.starts_with("https://openlineage.io/spec/facets/"),
            "{schema}"
        );
        assert!(schema.contains(".json#/$defs/"), "{schema}");
    }
}

/// What the specification requires of every run event, written down here because no package ships its schemas.
fn assert_well_formed(event: &Value) {
    assert!(chrono::DateTime::parse_from_rfc3339(text(event, "/eventTime")).is_ok());
    assert!(["START", "COMPLETE", "FAIL", "ABORT"].contains(&text(event, "/eventType")));
    assert!(text(event, "/producer").starts_with("urn:korabo:"));
    let schema = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
    assert_eq!(text(event, "/schemaURL"), schema);
    assert!(is_uuid(text(event, "/run/runId")));
    assert_facets(&event["run"]["facets"]);
    assert_eq!(text(event, "/job/namespace"), "korabo://a%20b");
    assert!(!text(event, "/job/name").is_empty());
    assert_facets(&event["job"]["facets"]);
    for side in ["inputs", "outputs"] {
        for dataset in event[side].as_array().into_iter().flatten() {
            assert_eq!(text(dataset, "/namespace"), "korabo://a%20b");
            assert!(!text(dataset, "/name").is_empty());
            assert_facets(&dataset["facets"]);
            if !dataset["outputFacets"].is_null() {
                assert_facets(&dataset["outputFacets"]);
            }
        }
    }
}

/// The transitions of every job, in order. Each run of a job starts once and ends once.
pub(crate) fn transitions(events: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    let run = text(&events[0], "/run/runId");
    for event in events {
        assert_well_formed(event);
        let job = text(event, "/job/name").to_owned();
        if job != "run" {
            assert_eq!(text(event, "/run/facets/parent/run/runId"), run);
            assert_eq!(text(event, "/run/facets/parent/job/name"), "run");
        }
        *runs
            .entry(text(event, "/run/runId").to_owned())
            .or_default() += 1;
        found
            .entry(job)
            .or_default()
            .push(text(event, "/eventType").to_owned());
    }
    assert!(runs.values().all(|n_events| *n_events == 2), "{runs:?}");
    found
}

fn event<'e>(events: &'e [Value], job: &str, kind: &str) -> &'e Value {
    let mut found = events.iter();
    let is_it =
        |event: &&Value| text(event, "/job/name") == job && text(event, "/eventType") == kind;
    found.find(is_it).unwrap()
}

pub(crate) const TO_FILE: &str = "[openlineage]\nfile = \"events/lineage.ndjson\"\n";

#[test]
fn lineage_events_tell_the_run_and_its_parts() {
    let project = project(TO_FILE);
    project.korabo(&["run"]).exits(0);
    let events = lines(&project, "events/lineage.ndjson");
    let expected: BTreeMap<String, Vec<String>> = [
        "clean_visits",
        "ingest.visits",
        "link_visits",
        "run",
        "summary_visits",
    ]
    .map(|job| {
        (
            job.to_owned(),
            vec!["START".to_owned(), "COMPLETE".to_owned()],
        )
    })
    .into();
    assert_eq!(transitions(&events), expected);
    assert_eq!(text(&events[0], "/job/name"), "run");
    assert_eq!(text(events.last().unwrap(), "/job/name"), "run");
    let tags = &events[0]["run"]["facets"]["tags"]["tags"];
    assert_eq!(tags[0]["value"], "1");
    assert!(events[0]["run"]["facets"]["processing_engine"]["version"].is_string());

    let taken_in = event(&events, "ingest.visits", "COMPLETE");
    assert_eq!(taken_in["inputs"][0]["name"], "extracts/visits.csv");
    assert_eq!(taken_in["outputs"][0]["name"], "visits");
    assert_eq!(
        taken_in["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"],
        3
    );
    assert_eq!(taken_in["outputs"][1]["name"], "rejects_visits");
    assert_eq!(
        taken_in["outputs"][1]["outputFacets"]["outputStatistics"]["rowCount"],
        1
    );

    let cleaned = event(&events, "clean_visits", "COMPLETE");
    assert_eq!(cleaned["inputs"][0]["name"], "visits");
    assert_eq!(
        cleaned["inputs"][0]["facets"]["version"]["datasetVersion"],
        "0"
    );
    let output = &cleaned["outputs"][0];
    assert_eq!(output["facets"]["version"]["datasetVersion"], "0");
    assert!(
        output["outputFacets"]["outputStatistics"]["size"]
            .as_u64()
            .unwrap()
            > 0
    );
    let assertions = &output["facets"]["dataQualityAssertions"]["assertions"];
    let named = |name: &str| {
        let all = assertions.as_array().unwrap().iter();
        let mut named = all.filter(|assertion| assertion["assertion"] == name);
        named.next().unwrap().clone()
    };
    let kinds = named("accepted_values kind in (?)");
    assert_eq!(
        (&kinds["success"], &kinds["actual"]),
        (&false.into(), &"2".into())
    );
    let viewed = event(&events, "link_visits", "COMPLETE");
    assert_eq!(
        viewed["outputs"][0]["facets"]["datasetType"]["datasetType"],
        "VIEW"
    );
}

/// `table.column` → type/subtype of its transformations.
fn sources(fields: &Value) -> BTreeMap<String, Vec<String>> {
    let fields = fields.as_array().unwrap().iter();
    fields
        .map(|field| {
            let kinds = field["transformations"].as_array().unwrap().iter();
            let kinds = kinds.map(|it| format!("{}/{}", text(it, "/type"), text(it, "/subtype")));
            let name = format!("{}.{}", text(field, "/name"), text(field, "/field"));
            (name, kinds.collect())
        })
        .collect()
}

fn expected(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, kinds)| {
            (
                (*name).to_owned(),
                kinds.split(' ').map(str::to_owned).collect(),
            )
        })
        .collect()
}

#[test]
fn column_lineage_is_exact_and_says_how_columns_are_used() {
    let project = project(TO_FILE);
    project.korabo(&["run"]).exits(0);
    let events = lines(&project, "events/lineage.ndjson");
    let lineage = |job: &str| {
        let output = &event(&events, job, "COMPLETE")["outputs"][0];
        output["facets"]["columnLineage"].clone()
    };
    let of = |lineage: &Value, column: &str| sources(&lineage["fields"][column]["inputFields"]);
    let cleaned = lineage("clean_visits");
    let note = expected(&[("visits.note", "DIRECT/IDENTITY")]);
    assert_eq!(of(&cleaned, "note"), note);
    let pressure = expected(&[("visits.pressure", "DIRECT/TRANSFORMATION")]);
    assert_eq!(of(&cleaned, "pressure"), pressure);
    assert!(cleaned["dataset"].is_null(), "every row stays");
    let viewed = lineage("link_visits");
    let place = expected(&[("clean_visits.kind", "INDIRECT/CONDITIONAL")]);
    assert_eq!(of(&viewed, "place"), place);
    let rows = expected(&[("clean_visits.pressure", "INDIRECT/FILTER")]);
    assert_eq!(sources(&viewed["dataset"]), rows);
    let summary = lineage("summary_visits");
    let mean = expected(&[("link_visits.pressure", "DIRECT/AGGREGATION")]);
    assert_eq!(of(&summary, "mean_pressure"), mean);
    let rows = expected(&[
        ("link_visits.place", "INDIRECT/FILTER"),
        ("link_visits.visited_on", "INDIRECT/GROUP_BY INDIRECT/SORT"),
    ]);
    assert_eq!(sources(&summary["dataset"]), rows);
    assert!(
        summary["fields"]["n"].is_null(),
        "a count is made of no column"
    );
}

#[test]
fn events_hold_as_much_sql_as_asked() {
    let sql = |config: &str| {
        let project = project(config);
        project.korabo(&["run"]).exits(0);
        let events = lines(&project, "lineage.ndjson");
        event(&events, "summary_visits", "START")["job"]["facets"]["sql"]["query"].clone()
    };
    let file = "[openlineage]\nfile = \"lineage.ndjson\"\n";
    let redacted = sql(file);
    let redacted = redacted.as_str().unwrap();
    assert!(
        redacted.contains("where place = ?") && !redacted.contains("One row"),
        "{redacted}"
    );
    assert_eq!(sql(&format!("{file}sql = \"text\"\n")), SUMMARY);
    assert_eq!(sql(&format!("{file}sql = \"none\"\n")), Value::Null);
}

#[test]
fn a_failed_step_fails_its_job_and_the_run() {
    let project = project(TO_FILE);
    break_summary(&project);
    project.korabo(&["run"]).exits(1);
    let events = lines(&project, "events/lineage.ndjson");
    let transitions = transitions(&events);
    assert_eq!(transitions["summary_visits"], ["START", "FAIL"]);
    assert_eq!(transitions["clean_visits"], ["START", "COMPLETE"]);
    assert_eq!(transitions["run"], ["START", "FAIL"]);
    for job in ["summary_visits", "run"] {
        let message = &event(&events, job, "FAIL")["run"]["facets"]["errorMessage"]["message"];
        let message = message.as_str().unwrap();
        assert!(
            message.contains("Cannot cast") && !message.contains("out"),
            "{message}"
        );
    }
}

#[test]
fn a_refused_delivery_fails_its_job() {
    let project = project(TO_FILE);
    project.write("extracts/visits.csv", "person_key\nx\n");
    project.korabo(&["ingest"]).exits(4);
    let events = lines(&project, "events/lineage.ndjson");
    assert_eq!(transitions(&events)["ingest.visits"], ["START", "FAIL"]);
}

#[test]
fn events_are_posted_with_a_key() {
    let (url, requests) = receiver("201 Created");
    let config = format!("[openlineage]\nurl = \"{url}\"\napi_key_env = \"LINEAGE_KEY\"\n");
    let project = project(&config);
    let mut program = crate::support::program(project.path());
    let output = program
        .args(["run"])
        .env("LINEAGE_KEY", "s3cret")
        .output()
        .unwrap();
    let outcome = Outcome::from(output).exits(0);
    assert!(
        !outcome.stderr.contains("OpenLineage"),
        "{}",
        outcome.stderr
    );
    let requests: Vec<(String, String)> = requests.try_iter().collect();
    let heads_are_right = requests.iter().all(|(head, _)| {
        head.starts_with("post /events ") && head.contains("authorization: bearer s3cret\r\n")
    });
    assert!(heads_are_right, "{requests:?}");
    let events: Vec<Value> = requests
        .iter()
        .map(|(_, body)| serde_json::from_str(body).unwrap())
        .collect();
    assert_eq!(transitions(&events).len(), 5);
}

#[test]
fn a_receiver_that_refuses_or_is_silent_costs_a_warning() {
    let (refusing, requests) = receiver("500 Internal Server Error");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/", silent.local_addr().unwrap());
    let receivers = [
        (refusing.as_str(), 60.0),
        (&silent, 0.3),
        ("http://127.0.0.1:1/", 60.0),
    ];
    for (url, seconds) in receivers {
        let config = format!("[openlineage]\nurl = \"{url}\"\ntimeout_seconds = {seconds:.1}\n");
        let outcome = project(&config).korabo(&["run"]).exits(0);
        let warnings = outcome
            .stderr
            .lines()
            .filter(|line| line.contains("OpenLineage events"));
        assert_eq!(warnings.count(), 1, "{}", outcome.stderr);
        assert!(
            !outcome.stderr.contains("127.0.0.1"),
            "the address may hold a secret"
        );
        assert_eq!(outcome.summary("failed"), 0.0);
    }
    assert_eq!(
        requests.try_iter().count(),
        3,
        "after three failures nothing more is tried"
    );
}
