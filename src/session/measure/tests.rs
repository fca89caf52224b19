//! Plans by their size.

use super::*;
use crate::session::{Session, SessionOptions};

async fn parts_of(sql: &str) -> u64 {
    let session = Session::new(&SessionOptions::default()).unwrap();
    let frame = session.plan(sql, &[]).await.unwrap();
    parts(frame.logical_plan()).unwrap()
}

async fn is_refused(sql: &str) -> bool {
    let session = Session::new(&SessionOptions::default()).unwrap();
    match session.plan(sql, &[]).await {
        Ok(_) => false,
        Err(error) => error.message().contains("too large"),
    }
}

#[tokio::test]
async fn what_a_filter_takes_along_counts() {
    let doubled = |n: usize| {
        let steps = (1..=n).map(|step| {
            let before = step - 1;
            format!("t{step} AS (SELECT a + a AS a FROM t{before})")
        });
        let steps: Vec<String> = steps.collect();
        format!(
            "WITH t0 AS (SELECT value AS a FROM generate_series(1, 3)), {} SELECT a FROM t{n} WHERE a > 0",
            steps.join(", ")
        )
    };
    assert!(!is_refused(&doubled(10)).await);
    for n in [24, 60, 200] {
        assert!(is_refused(&doubled(n)).await, "{n}");
    }
    // Without a filter nothing is copied.
    let filtered = doubled(30);
    let (unfiltered, _) = filtered.rsplit_once(" WHERE").unwrap();
    assert!(!is_refused(unfiltered).await);
}

#[tokio::test]
async fn operands_that_are_written_twice_count() {
    let wrapped = |n: usize, open: &str, close: &str| {
        format!(
            "SELECT {}value{} FROM generate_series(1, 3)",
            open.repeat(n),
            close.repeat(n)
        )
    };
    for (open, close) in [("coalesce(", ", 1)"), ("nvl(", ", 1)"), ("nullif(", ", 7)")] {
        assert!(!is_refused(&wrapped(8, open, close)).await, "{open}");
        assert!(is_refused(&wrapped(24, open, close)).await, "{open}");
    }
    let between = wrapped(24, "(", " BETWEEN 0 AND 9)::bigint");
    assert!(is_refused(&between).await);
}

#[tokio::test]
async fn columns_of_joins_count() {
    let narrow = parts_of("SELECT 1 AS a").await;
    let columns: Vec<String> = (0..800).map(|idx| format!("1 AS c{idx}")).collect();
    let wide = format!("SELECT {} ", columns.join(", "));
    assert!(parts_of(&wide).await > narrow + 800);
}
