//! `korabo serve` with several users, limits, a lake that changes, and an end.

use std::time::Duration;

use arrow_flight::decode::FlightRecordBatchStream;
use futures::TryStreamExt as _;

use crate::serving::{Client, Serving, ask, configure, fetch, token};
use crate::support::Project;

/// A statement with more rows than fit between server and client.
const LONG: &str = "SELECT a.value AS a, b.value AS b FROM generate_series(1, 1000) a CROSS JOIN generate_series(1, 1000) b";
/// A join that does not end by itself.
const ENDLESS: &str =
    "SELECT count(*) FROM generate_series(1, 10000000) a CROSS JOIN generate_series(1, 10000000) b
                       WHERE a.value * b.value = -1";

/// Starts a statement and leaves its rows unread.
async fn begin(client: &mut Client, sql: &str) -> FlightRecordBatchStream {
    let info = client.execute(sql.to_owned(), None).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    client.do_get(ticket).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_has_so_many_statements_and_others_have_theirs() {
    let project = Project::built();
    configure(&project, "max_statements = 2");
    let (hanako, taro) = (token(&project, "hanako"), token(&project, "taro"));
    let mut serving = Serving::start(&project);
    let (mut hanako, mut taro) = (serving.client(&hanako).await, serving.client(&taro).await);
    let mut first = begin(&mut hanako, LONG).await;
    assert!(first.try_next().await.unwrap().is_some());
    let second = begin(&mut hanako, LONG).await;
    let error = ask(&mut hanako, "SELECT 1").await.unwrap_err();
    assert!(
        error.contains("2 statements of `hanako` run already"),
        "{error}"
    );
    assert_eq!(ask(&mut taro, "SELECT 1").await.unwrap().count(), 1);

    // A client that goes away ends its statement, and the place is free.
    drop(second);
    serving.waits_for("user=hanako");
    serving.waits_for("outcome=client_went_away");
    assert_eq!(ask(&mut hanako, "SELECT 2").await.unwrap().count(), 2);
    // Rows that were not read were not computed for nothing: the rest is still to come.
    let rest: Vec<_> = first.try_collect().await.unwrap();
    assert!(rest.iter().map(|batch| batch.num_rows()).sum::<usize>() > 500_000);
    serving.waits_for("rows=1000000 outcome=ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_that_wait_for_each_other_all_have_threads() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    // Each join by a condition waits on a thread of its own for the join below it.
    for n in [3, 20, 40] {
        let joins: String = (1..n)
            .map(|at| {
                format!(
                    " JOIN generate_series({at}, {at}) t{at}(v) ON t{at}.v > t{}.v",
                    at - 1
                )
            })
            .collect();
        let sql = format!("SELECT count(*) FROM generate_series(0, 0) t0(v){joins}");
        assert_eq!(ask(&mut client, &sql).await.unwrap().count(), 1, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_takes_no_longer_than_allowed() {
    let project = Project::built();
    configure(&project, "max_seconds = 0.5");
    let hanako = token(&project, "hanako");
    let mut serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    for endless in [ENDLESS.to_owned(), format!("SUMMARIZE {ENDLESS}")] {
        let error = ask(&mut client, &endless).await.unwrap_err();
        assert!(error.contains("took longer than 0.5 s"), "{error}");
    }
    serving.waits_for("outcome=deadline_exceeded");
    assert_eq!(ask(&mut client, "SELECT 1").await.unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_has_no_more_rows_and_a_user_no_more_memory_than_allowed() {
    let project = Project::built();
    configure(&project, "max_rows = 100\nmax_memory_share = 0.25");
    let (hanako, taro) = (token(&project, "hanako"), token(&project, "taro"));
    let mut serving = Serving::start_with(&project, &["--memory-limit", "40M"]);
    let (mut hanako, mut taro) = (serving.client(&hanako).await, serving.client(&taro).await);
    let rows = |n| format!("SELECT value FROM generate_series(1, {n})");
    assert_eq!(ask(&mut hanako, &rows(100)).await.unwrap().n_rows(), 100);
    let error = ask(&mut hanako, &rows(101)).await.unwrap_err();
    assert!(error.contains("more than 100 rows"), "{error}");
    let gathered = "SELECT cardinality(array_agg(value)) FROM generate_series(1, 4000000)";
    let error = ask(&mut hanako, gathered).await.unwrap_err();
    assert!(
        error.contains("llocate") || error.contains("memory"),
        "{error}"
    );
    assert_eq!(
        ask(
            &mut taro,
            "SELECT count(*) FROM panel_person_year WHERE false"
        )
        .await
        .unwrap()
        .count(),
        0
    );
    serving.waits_for("outcome=resource_exhausted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_does_not_reserve_is_limited_too_and_rows_that_were_sent_do_not_count() {
    let project = Project::built();
    configure(&project, "");
    let (hanako, mallory) = (token(&project, "hanako"), token(&project, "mallory"));
    let mut serving = Serving::start_with(&project, &["--memory-limit", "36M"]);
    let (mut hanako, mut mallory) = (
        serving.client(&hanako).await,
        serving.client(&mallory).await,
    );
    // Many tables are read at once, which reserves nothing, and the client does not read.
    let tables = vec!["SELECT * FROM panel_person_year"; 35].join(" UNION ALL ");
    let rows = begin(&mut mallory, &tables).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let error = rows.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.to_string().contains("this one held most"), "{error}");
    serving.waits_for("user=mallory");
    serving.waits_for("outcome=resource_exhausted");
    let wide = format!("SELECT repeat('x', 1000) AS x FROM ({LONG}) LIMIT 60000");
    let mut rows = begin(&mut hanako, &wide).await;
    let mut n_rows = 0;
    while let Some(batch) = rows.try_next().await.unwrap() {
        n_rows += batch.num_rows();
    }
    assert_eq!(n_rows, 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_exhausts_the_stack() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let chain = |n: usize, word: &str| vec!["run_id"; n].join(word);
    let count = |n| format!("SELECT count(*) FROM runs WHERE 0 < {}", chain(n, " + "));
    assert_eq!(ask(&mut client, &count(200)).await.unwrap().count(), 1);
    let any = format!(
        "SELECT count(*) FROM runs WHERE run_id = 1 OR {} < 0",
        chain(90, " < 0 OR ")
    );
    assert_eq!(ask(&mut client, &any).await.unwrap().count(), 1);
    for n in [900, 20_000] {
        let error = ask(&mut client, &count(n)).await.unwrap_err();
        assert!(error.contains("at most"), "{error}");
        for (open, close) in [
            ("(", ")"),
            ("- ", ""),
            ("NOT ", ""),
            ("(SELECT ", ")"),
            ("[", "]"),
            ("CASE WHEN ", ""),
        ] {
            let nested = format!("SELECT {}1{}", open.repeat(n), close.repeat(n));
            ask(&mut client, &nested).await.unwrap_err();
        }
        let unions = vec!["SELECT 1"; n].join(" UNION ALL ");
        ask(&mut client, &unions).await.unwrap_err();
        let casts = format!("SELECT 1{}", "::bigint".repeat(n));
        ask(&mut client, &casts).await.unwrap_err();
        let fields = format!("SELECT runs{}", ".a".repeat(n));
        ask(&mut client, &fields).await.unwrap_err();
    }
    for (open, close) in [("(", ")"), ("- ", ""), ("NOT ", "")] {
        let nested = format!("SELECT {}true{}", open.repeat(760), close.repeat(760));
        // Answered or refused, and the server lives.
        drop(ask(&mut client, &nested).await);
    }
    assert_eq!(ask(&mut client, "SELECT 1").await.unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_users_at_once_get_their_own_answers() {
    let project = Project::built();
    let tokens: Vec<String> = (0..4)
        .map(|n| token(&project, &format!("user{n}")))
        .collect();
    let serving = Serving::start(&project);
    let n_rows = project.count("SELECT count(*) FROM panel_person_year");
    let mut all = Vec::new();
    for (idx, token) in (0_i64..).zip(tokens.iter().cycle().take(12)) {
        let mut client = serving.client(token).await;
        all.push(async move {
            let question = format!("SELECT count(*) + {idx} FROM panel_person_year");
            assert_eq!(
                ask(&mut client, &question).await.unwrap().count(),
                n_rows + idx
            );
            let series = format!("SELECT value FROM generate_series(1, {})", 100_000 + idx);
            let rows = i64::try_from(ask(&mut client, &series).await.unwrap().n_rows());
            assert_eq!(rows.unwrap(), 100_000 + idx);
        });
    }
    futures::future::join_all(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_users_and_counts_and_never_a_value() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let mut serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let literal = "canary-8246";
    let question = format!("SELECT person_id, '{literal}' AS a FROM panel_person_year LIMIT 3");
    assert_eq!(ask(&mut client, &question).await.unwrap().n_rows(), 3);
    serving.waits_for("user=hanako");
    serving.waits_for("rows=3 outcome=ok");
    for wrong in [
        format!("SELECT '{literal}'::bigint"),
        format!("SELECT * FROM panel_person_year WHERE '{literal}'"),
        format!("SELECT CAST(concat('{literal}', person_id) AS bigint) FROM panel_person_year"),
    ] {
        ask(&mut client, &wrong).await.unwrap_err();
    }
    let error =
        "SELECT CAST(concat('x', token) AS bigint) FROM (SELECT person_key AS token FROM members)";
    let error = ask(&mut client, error).await.unwrap_err();
    let token = project.value("SELECT min(person_key) FROM members");
    assert!(
        !error.contains(token.as_str().unwrap()),
        "a value is in the error"
    );
    serving.signal("TERM");
    assert_eq!(serving.exit_code(), Some(143));
    let said = serving.said().join("\n");
    assert!(
        !said.contains(literal) && !said.contains("panel_person_year"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_sees_the_lake_as_it_was_and_the_next_one_as_it_is() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let question = "SELECT count(*) FROM summary_new";
    let error = ask(&mut client, question).await.unwrap_err();
    assert!(error.contains("no table `summary_new`"), "{error}");
    let before = client
        .execute("SELECT count(*) FROM runs".to_owned(), None)
        .await
        .unwrap();
    project.write(
        "queries/summary_new.sql",
        "-- One row per status of runs.\n-- key: status\nSELECT status, count(*) AS n FROM runs GROUP BY status\n",
    );
    project.write(
        "queries/summary_seen.sql",
        "-- One row.\n-- key: n\n-- materialize: view\nSELECT count(*) AS n FROM summary_new\n",
    );
    project.korabo(&["run"]).exits(0);
    assert_eq!(fetch(&mut client, &before).await.unwrap().count(), 1);
    assert_eq!(
        ask(&mut client, "SELECT count(*) FROM runs")
            .await
            .unwrap()
            .count(),
        2
    );
    assert_eq!(ask(&mut client, question).await.unwrap().count(), 1);
    assert_eq!(
        ask(&mut client, "SELECT n FROM summary_seen")
            .await
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_on_their_way_arrive_when_the_server_is_stopped() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut serving = Serving::start(&project);
        let mut client = serving.client(&hanako).await;
        let mut rows = begin(&mut client, "SELECT value FROM generate_series(1, 300000)").await;
        let mut n_rows = rows.try_next().await.unwrap().unwrap().num_rows();
        serving.signal(signal);
        while let Some(batch) = rows.try_next().await.unwrap() {
            n_rows += batch.num_rows();
        }
        assert_eq!(n_rows, 300_000);
        drop((rows, client));
        assert_eq!(serving.exit_code(), Some(code));
    }
    // A statement that does not end keeps no server from ending.
    let mut serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let _rows = begin(&mut client, ENDLESS).await;
    serving.signal("TERM");
    assert_eq!(serving.exit_code(), Some(143));
    serving.waits_for("stopped by SIGTERM");
}
