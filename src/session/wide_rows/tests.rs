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
        format!("SELECT '{}', v FROM {MANY}", "x".repeat(500_000)),
        format!(
            "SELECT CASE WHEN v > 5 THEN '{}' END FROM {MANY}",
            "x".repeat(500_000)
        ),
    ] {
        let refused = run(&sql).await.unwrap_err();
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
