//! What a run reports to others: metrics, notifications, traces, the log for programs, and what is left of a run that was killed.
//! Receivers here are files, scripts and a small HTTP server.

use fs_err as fs;
use serde_json::{Value, json};

use crate::open_lineage::{TO_FILE, transitions};
use crate::small_project::{
    break_summary, encrypted_receiver, is_uuid, lines, project, receiver, text,
};
use crate::support::{Outcome, Project, send};

fn metric(project: &Project, name: &str) -> Option<f64> {
    let text = fs::read_to_string(project.path().join("korabo.prom")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn metrics_tell_of_the_last_run() {
    let project = project("[metrics]\nfile = \"korabo.prom\"\n");
    project.korabo(&["run"]).exits(0);
    assert_eq!(
        metric(&project, "korabo_run_success{project=\"a b\"}"),
        Some(1.0)
    );
    assert_eq!(metric(&project, "korabo_stale_tables{"), Some(0.0));
    let rejected = "korabo_delivery_rows{project=\"a b\",table=\"visits\",result=\"rejected\"}";
    assert_eq!(metric(&project, rejected), Some(1.0));
    assert_eq!(
        metric(
            &project,
            "korabo_step_rows{project=\"a b\",table=\"clean_visits\"}"
        ),
        Some(3.0)
    );
    assert_eq!(
        metric(
            &project,
            "korabo_tests_broken{project=\"a b\",severity=\"warn\"}"
        ),
        Some(1.0)
    );
    let success = metric(&project, "korabo_last_success_timestamp_seconds{").unwrap();
    break_summary(&project);
    project.korabo(&["run"]).exits(1);
    assert_eq!(metric(&project, "korabo_run_success{"), Some(0.0));
    assert_eq!(metric(&project, "korabo_run_exit_code{"), Some(1.0));
    assert_eq!(metric(&project, "korabo_stale_tables{"), Some(1.0));
    assert_eq!(
        metric(
            &project,
            "korabo_run_steps{project=\"a b\",outcome=\"failed\"}"
        ),
        Some(1.0)
    );
    assert_eq!(
        metric(&project, "korabo_last_success_timestamp_seconds{"),
        Some(success)
    );
}

/// A project that notifies a script, which keeps what it is told in `told.json`.
fn notifying(config: &str) -> Project {
    let command = "command = [\"sh\", \"-c\", \"cat > told.json\"]\n";
    project(&format!("[notify]\n{command}{config}"))
}

fn told(project: &Project) -> Option<Value> {
    let text = fs::read_to_string(project.path().join("told.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn a_failure_is_notified_and_a_success_is_not() {
    let project = notifying("");
    project.korabo(&["run"]).exits(0);
    assert_eq!(told(&project), None);
    break_summary(&project);
    project.korabo(&["run"]).exits(1);
    let told = told(&project).unwrap();
    let members = [
        "reason",
        "outcome",
        "run_id",
        "exit_code",
        "command",
        "project",
    ];
    let found: Vec<&Value> = members.iter().map(|name| &told[*name]).collect();
    assert_eq!(
        json!(found),
        json!(["failure", "failed", 2, 1, "run", "a b"])
    );
    assert_eq!(told["failed_steps"][0]["table"], "summary_visits");
    assert!(is_uuid(text(&told, "/run_uuid")));
    assert!(text(&told, "/text").starts_with("a b: run 2 failed with exit code 1"));
}

/// What was told, once.
fn told_now(project: &Project) -> Value {
    let told = told(project).unwrap();
    fs::remove_file(project.path().join("told.json")).unwrap();
    told
}

#[test]
fn a_run_that_cannot_begin_is_notified() {
    let project = notifying("");
    let query = project.path().join("queries/summary_visits.sql");
    let working = fs::read_to_string(&query).unwrap();
    fs::write(&query, format!("{working}\n(")).unwrap();
    for command in ["run", "retry", "ingest"] {
        project.korabo(&[command]).exits(3);
        let told = told_now(&project);
        let found = ["reason", "outcome", "run_id", "command", "project"].map(|name| &told[name]);
        assert_eq!(
            json!(found),
            json!(["failure", "failed", null, command, "a b"])
        );
        assert_eq!(told["exit_code"], 3);
        assert!(
            text(&told, "/causes/0").contains("summary_visits.sql"),
            "{told}"
        );
        let headline = format!("a b: `{command}` did not begin, exit code 3\n");
        assert!(text(&told, "/text").starts_with(&headline), "{told}");
    }
    // Who asks what would be done sees why it would not.
    project.korabo(&["run", "--dry-run"]).exits(3);
    assert_eq!(told(&project), None);

    // The project file may be wrong elsewhere.
    fs::write(&query, working).unwrap();
    let file = project.path().join("korabo.toml");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{right}\n[metrics]\nfil = \"x\"\n")).unwrap();
    project.korabo(&["run"]).exits(3);
    assert!(text(&told_now(&project), "/text").contains("`fil`"));
    fs::write(
        &file,
        right.replace("[notify]\n", "[notify]\non = [\"success\"]\n"),
    )
    .unwrap();
    fs::write(&query, "SELECT").unwrap();
    project.korabo(&["run"]).exits(3);
    assert_eq!(told(&project), None);
}

#[test]
fn a_run_that_finds_another_in_progress_is_notified() {
    let project = notifying("");
    let mut child = long_run(&project);
    project.korabo(&["run"]).exits(8);
    assert_eq!(told_now(&project)["exit_code"], 8);
    // `korabo schedule` waits for it.
    let mut program = crate::support::program(project.path());
    let scheduled = program
        .arg("run")
        .env("KORABO_NOMINAL_START", "2026-04-01T00:00:00Z");
    Outcome::from(scheduled.output().unwrap()).exits(8);
    assert_eq!(told(&project), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn crossed_thresholds_are_told() {
    let limits =
        "[notify.thresholds]\nrejected_share = 0.1\ntest_warnings = 0\nrun_seconds = 9999.0\n";
    let project = notifying(limits);
    project.korabo(&["run"]).exits(0);
    let told = told(&project).unwrap();
    assert_eq!(told["reason"], "threshold");
    let expected = json!([
        { "name": "rejected_share", "table": "visits", "limit": 0.1, "value": 0.25 },
        { "name": "test_warnings", "table": null, "limit": 0.0, "value": 1.0 },
    ]);
    assert_eq!(told["thresholds"], expected);
}

#[test]
fn a_webhook_gets_the_text_alone_when_asked() {
    let (url, requests) = receiver("200 OK");
    let config = format!("[notify]\nurl = \"{url}\"\nbody = \"text\"\non = [\"success\"]\n");
    project(&config).korabo(&["run"]).exits(0);
    let (_, body) = requests.recv().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert!(text(&body, "/text").starts_with("a b: run 1 ended well after "));
}

#[test]
fn an_encrypted_receiver_is_talked_to_when_the_machine_trusts_it() {
    let (url, certificate, requests) = encrypted_receiver();
    let project = project(&format!("[notify]\nurl = \"{url}\"\non = [\"success\"]\n"));
    project.write("certificates.pem", certificate);
    let run = |trusted: &str| {
        let mut program = crate::support::program(project.path());
        let trusted = project.path().join(trusted);
        let run = program
            .args(["run", "--full-refresh"])
            .env("SSL_CERT_FILE", trusted);
        Outcome::from(run.output().unwrap()).exits(0)
    };
    project.write("others.pem", encrypted_receiver().1);
    run("others.pem").says(&[
        "warning: the notification was not posted",
        "invalid peer certificate",
    ]);
    run("certificates.pem").hides(&["warning: the notification"]);
    let (head, body) = requests.recv().unwrap();
    assert!(head.starts_with("post /events "), "{head}");
    assert!(body.contains("run 2 ended well"), "{body}");
}

#[test]
fn a_notification_that_fails_is_a_warning() {
    let commands = [
        ("[\"sh\", \"-c\", \"exit 3\"]", "ended with exit status: 3"),
        ("[\"./not-there\"]", "does not start"),
        (
            "[\"sleep\", \"600\"]\ntimeout_seconds = 0.3",
            "was ended after 0.3 s",
        ),
    ];
    for (command, problem) in commands {
        let config = format!("[notify]\ncommand = {command}\non = [\"success\"]\n");
        let outcome = project(&config).korabo(&["run"]).exits(0);
        assert!(
            outcome
                .stderr
                .contains(&format!("warning: the command of [notify] {problem}")),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn wrong_settings_are_refused_with_their_place() {
    let wrong = [
        ("[notify]\non = [\"failure\"]\n", "command"),
        (
            "[notify]\ncommand = [\"x\"]\non = [\"failur\"]\n",
            "failure",
        ),
        ("[openlineage]\nurl = \"ftp://x\"\n", "http"),
        ("[openlineage]\n", "file"),
        ("[metrics]\nfil = \"x\"\n", "file"),
        (
            "[notify]\ncommand = [\"x\"]\n[notify.thresholds]\nmatch_rate = 2.0\n",
            "a share from 0 to 1",
        ),
    ];
    for (config, hint) in wrong {
        project(config)
            .korabo(&["check"])
            .exits(3)
            .says(&["korabo.toml:", hint]);
    }
}

/// The entries of a JSON log.
fn entries(outcome: &Outcome) -> Vec<Value> {
    let lines = outcome.stderr.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Texts without what differs from run to run.
fn without_times(text: &str) -> String {
    let words = text
        .split_whitespace()
        .filter(|word| word.parse::<f64>().is_err());
    words
        .filter(|word| !word.starts_with("seconds="))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_log_for_programs_says_all_that_the_log_for_people_says() {
    let logs = |arguments: &[&str], code: i32| {
        ["text", "json"].map(|form| {
            let project = project("");
            break_summary(&project);
            let arguments = [arguments, &["--log-format", form]].concat();
            project.korabo(&arguments).exits(code)
        })
    };
    for arguments in [
        ["run", "-v"].as_slice(),
        &["run"],
        &["ingest"],
        &["run", "-q"],
    ] {
        let code = i32::from(arguments[0] == "run");
        let [human, json] = logs(arguments, code);
        let mut said = Vec::new();
        for entry in entries(&json) {
            assert!(chrono::DateTime::parse_from_rfc3339(text(&entry, "/time")).is_ok());
            let message = text(&entry, "/message");
            let event = text(&entry, "/event");
            match text(&entry, "/level") {
                "error" => {
                    said.push(format!("error: {message}"));
                    let of = |name: &str| entry[name].as_array().unwrap().clone();
                    said.extend(
                        of("causes")
                            .iter()
                            .map(|cause| format!("caused by: {}", cause.as_str().unwrap())),
                    );
                    said.extend(
                        of("hints")
                            .iter()
                            .map(|hint| format!("hint: {}", hint.as_str().unwrap())),
                    );
                    assert_eq!((event, entry["exit_code"].as_i64()), ("error", Some(1)));
                }
                "warning" => said.push(format!("warning: {message}")),
                level => {
                    assert!(["debug", "info"].contains(&level));
                    said.push(message.to_owned());
                }
            }
        }
        let said: Vec<String> = said.iter().map(|text| without_times(text)).collect();
        let human: Vec<String> = human.stderr.lines().map(without_times).collect();
        assert_eq!(said, human);
    }
}

#[test]
fn entries_have_the_fields_that_are_promised() {
    let project = project("");
    let outcome = project
        .korabo(&["run", "-v", "--log-format", "json"])
        .exits(0);
    let entries = entries(&outcome);
    let fields = |event: &str| {
        let entry = entries.iter().find(|entry| entry["event"] == event);
        assert!(entry.is_some(), "no {event}");
        let names = entry
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str);
        let names = names.filter(|name| !["time", "level", "event", "message"].contains(name));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fields("delivery_taken_in"), "file rejected_rows rows table");
    assert_eq!(fields("step_started"), "reason table");
    assert_eq!(
        fields("step_built"),
        "bytes reason rows seconds table version"
    );
    assert_eq!(fields("step_skipped"), "reason table");
    assert_eq!(fields("test_warning"), "rows table test");
    assert_eq!(fields("summary"), "failed ok rejected_rows seconds skipped");
}

#[test]
fn errors_of_usage_are_entries_too() {
    let outcome = Project::empty()
        .korabo(&["run", "--log-format", "json", "--no-such"])
        .exits(2);
    let entries = entries(&outcome);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["level"], "error");
    assert_eq!(entries[0]["exit_code"], 2);
    assert!(text(&entries[0], "/message").contains("--no-such"));
}

/// Starts a run whose last step goes on for long, and waits until it has begun.
fn long_run(project: &Project) -> std::process::Child {
    let endless = "-- One row.\nwith recursive n as (select 1 as i union all select i + 1 from n where i < 3000000)\n\
                   select count(*) as n from n cross join summary_visits\n";
    project.write("queries/summary_long.sql", endless);
    let mut program = crate::support::program(project.path());
    let run = program
        .args(["run", "-v"])
        .stderr(std::process::Stdio::piped());
    let mut child = run.spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stderr));
    assert!(lines.any(|line| line.unwrap().starts_with("building summary_long")));
    // The pipe must still be read.
    std::thread::spawn(move || lines.count());
    child
}

#[test]
fn a_stopped_run_aborts_its_jobs_and_is_notified() {
    let command = "[notify]\ncommand = [\"sh\", \"-c\", \"cat > told.json\"]\n";
    let project = project(&format!("{TO_FILE}{command}"));
    let mut child = long_run(&project);
    send(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let transitions = transitions(&lines(&project, "events/lineage.ndjson"));
    assert_eq!(transitions["summary_long"], ["START", "ABORT"]);
    assert_eq!(transitions["run"], ["START", "ABORT"]);
    let told = told(&project).unwrap();
    assert_eq!(
        (told["outcome"].as_str(), told["exit_code"].as_i64()),
        (Some("stopped"), Some(143))
    );
}

#[test]
fn a_killed_run_is_in_the_history_is_notified_and_can_be_continued() {
    let project = notifying("");
    let mut child = long_run(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    project
        .korabo(&["history"])
        .exits(0)
        .says(&["was killed; the next run records it"]);
    fs::remove_file(project.path().join("queries/summary_long.sql")).unwrap();
    project.korabo(&["retry"]).exits(0).says(&[
        "warning: the last run was killed: it is run 1 in the history",
        "continues run 1",
    ]);
    let told = told(&project).unwrap();
    let found = ["reason", "outcome", "run_id", "exit_code"].map(|name| &told[name]);
    assert_eq!(json!(found), json!(["failure", "interrupted", 1, null]));
    assert!(text(&told, "/text").starts_with("a b: run 1 was killed after "));
    let runs = project.rows(
        "select run_id, status, n_ok, n_deliveries, n_rejected_rows from runs order by run_id",
    );
    assert_eq!(runs[0]["status"], "interrupted");
    let counts = ["n_ok", "n_deliveries", "n_rejected_rows"].map(|name| runs[0][name].as_i64());
    assert_eq!(counts, [Some(2), Some(1), Some(1)]);
    let left = "select table_name from run_steps where run_id = 1 and outcome = 'not_run'";
    assert_eq!(project.value(left), "summary_long");
    assert!(!project.path().join("lake/.running").exists());
    let shown = project.korabo(&["history"]).exits(0);
    assert!(
        shown.stdout.contains("interrupted") && !shown.stderr.contains("killed"),
        "{}",
        shown.stdout
    );
}

#[test]
fn history_fits_into_a_narrow_window() {
    let project = project("");
    project.korabo(&["run"]).exits(0);
    break_summary(&project);
    project
        .korabo(&["run", "--full-refresh", "+summary_visits"])
        .exits(1);
    let shown = project.korabo(&["history"]).exits(0).stdout;
    let widest = shown
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap();
    assert!(widest <= 115, "{widest} characters:\n{shown}");
    for word in [
        "warned",
        "selection",
        "--full-refresh",
        "+summary_visits",
        "failed",
    ] {
        assert!(shown.contains(word), "{shown}");
    }
}

#[test]
fn a_run_is_a_trace() {
    let (url, requests) = receiver("200 OK");
    let project = project(&format!("[otel]\nurl = \"{url}\"\n"));
    break_summary(&project);
    let mut program = crate::support::program(project.path());
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let output = program
        .args(["run"])
        .env("TRACEPARENT", parent)
        .output()
        .unwrap();
    Outcome::from(output).exits(1);
    let (head, body) = requests.recv().unwrap();
    assert!(head.starts_with("post /events/v1/traces "), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
        .as_array()
        .unwrap();
    let names: Vec<&str> = spans.iter().map(|span| text(span, "/name")).collect();
    assert_eq!(
        names,
        [
            "korabo run",
            "ingest visits.csv",
            "clean_visits",
            "summary_visits"
        ]
    );
    assert_eq!(text(&spans[0], "/parentSpanId"), "b7ad6b7169203331");
    for span in spans {
        assert_eq!(text(span, "/traceId"), "0af7651916cd43dd8448eb211c80319c");
        let nanoseconds = |name: &str| text(span, name).parse::<u64>().unwrap();
        assert!(nanoseconds("/startTimeUnixNano") <= nanoseconds("/endTimeUnixNano"));
    }
    for span in &spans[1..] {
        assert_eq!(text(span, "/parentSpanId"), text(&spans[0], "/spanId"));
    }
    let codes: Vec<Option<i64>> = spans
        .iter()
        .map(|span| span["status"]["code"].as_i64())
        .collect();
    assert_eq!(codes, [Some(2), Some(1), Some(1), Some(2)]);
}
