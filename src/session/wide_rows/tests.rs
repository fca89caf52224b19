//! Wide rows below joins, windows and `unnest`, and constants in every row.

use crate::session::{ErrorClass, Session, SessionOptions};

async fn run(sql: &str) -> Result<usize, (ErrorClass, String)> {
    let options = SessionOptions {
        memory_limit: Some(1 << 30),
        ..SessionOptions::default()
    };
    let session = Session::new(&options).unwrap();
    let refused = |error: crate::session::SessionError| (error.class(), error.message());
    let frame = session.plan(sql, &[]).await.map_err(refused)?;
    let batches = frame
        .collect()
        .await
        .map_err(|error| refused(error.into()))?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

const FILE: &str = concat!(
    "(SELECT municipality_code AS v FROM '",
    env!("CARGO_MANIFEST_DIR"),
    "/sample_data/community/municipalities.parquet') AS f"
);
const MANY: &str = "generate_series(1, 100000) AS g(v)";

#[tokio::test]
async fn what_repeats_a_wide_row_is_refused() {
    let wide = "(SELECT repeat('x', 1000000 + v) AS t, v FROM generate_series(1, 2) AS s(v))";
    for sql in [
        format!("SELECT t FROM {wide} AS w CROSS JOIN {MANY}"),
        format!("SELECT t FROM {wide} AS w JOIN {MANY} ON w.v = g.v % 2"),
        format!("SELECT t FROM {wide} AS w JOIN {MANY} ON w.v < g.v"),
        format!("SELECT first_value(t) OVER () FROM {wide} AS w"),
        format!("SELECT unnest(range(0, 100000)), t FROM {wide} AS w"),
        format!("SELECT repeat('x', 1000000), v FROM {MANY}"),
        format!("SELECT length(string_agg(repeat('x', 100000), ',')) FROM {MANY}"),
        format!("SELECT length(string_agg('x', repeat(',', 100000))) FROM {MANY}"),
        format!("SELECT max(repeat('x', 1000000)) FROM {MANY}"),
        format!("SELECT repeat('x', 1000000), v FROM {FILE}"),
        format!("SELECT v || repeat('x', 1000000) FROM {FILE}"),
        format!("SELECT v FROM {MANY} ORDER BY CASE WHEN v > 5 THEN repeat('x', 1000000) END"),
        format!(
            "SELECT count(*) FROM {MANY} GROUP BY CASE WHEN v > 5 THEN repeat('x', 1000000) END"
        ),
        format!("SELECT first_value(repeat('x', 1000000)) OVER (PARTITION BY v) FROM {MANY}"),
        format!("SELECT v FROM {MANY} WHERE CASE WHEN v > 5 THEN repeat('x', 1000000) END > 'y'"),
        format!("SELECT '{}', v FROM {MANY}", "x".repeat(500_000)),
        format!(
            "SELECT CASE WHEN v > 5 THEN '{}' END FROM {MANY}",
            "x".repeat(500_000)
        ),
    ] {
        let refused = run(&sql).await.expect_err(&sql[..sql.len().min(90)]);
        assert_eq!(
            refused.0,
            ErrorClass::Resources,
            "{}",
            &sql[..sql.len().min(90)]
        );
        assert!(refused.1.contains("too wide"), "{}", refused.1);
    }
}

#[tokio::test]
async fn windows_repeat_no_long_default() {
    let long = "x".repeat(1000);
    for default in [
        "repeat('x', 1000000)",
        &format!("'{long}'"),
        "range(1, 1000000)",
    ] {
        for call in ["lag", "lead"] {
            let of = if default.starts_with("range") {
                "range(1, 2)"
            } else {
                "'x'"
            };
            let sql =
                format!("SELECT {call}({of}, 100000, {default}) OVER (ORDER BY v) FROM {MANY}");
            let refused = run(&sql).await.unwrap_err();
            assert_eq!(refused.0, ErrorClass::Sql, "{default}");
            assert!(refused.1.contains("coalesce"), "{}", refused.1);
        }
    }
    for sql in [
        format!("SELECT lag(v, 100000, 0) OVER (ORDER BY v) FROM {MANY}"),
        format!("SELECT lead(v::text, 2, 'none') OVER (ORDER BY v) FROM {MANY}"),
        format!("SELECT lag(v::text) OVER (ORDER BY v) FROM {MANY}"),
    ] {
        assert_eq!(run(&sql).await, Ok(100_000), "{sql}");
    }
}

#[tokio::test]
async fn what_repeats_nothing_wide_runs() {
    for (sql, n_rows) in [
        (format!("SELECT repeat('x', 1000), v FROM {MANY}"), 100_000),
        ("SELECT repeat('x', 1000000)".to_owned(), 1),
        (
            format!("SELECT unnest(range(0, 100)), v FROM {MANY} WHERE v <= 1000"),
            100_000,
        ),
        ("SELECT unnest(range(0, 1000000))".to_owned(), 1_000_000),
        (
            format!(
                "SELECT 1 FROM {MANY} WHERE v::text IN ('{}')",
                "x".repeat(500_000)
            ),
            0,
        ),
        (
            format!("SELECT a.v FROM {MANY} JOIN generate_series(1, 10) AS a(v) USING (v)"),
            10,
        ),
    ] {
        let short = sql[..sql.len().min(90)].to_owned();
        assert_eq!(run(&sql).await, Ok(n_rows), "{short}");
    }
}
