//! Joins that would hold their thread for hours yield it, and their rows are the same.

use std::sync::mpsc::channel;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::runtime::SpawnedTask;
use tokio::sync::oneshot;

use super::*;
use crate::session::{Session, SessionOptions};

fn session() -> Session {
    Session::new(&SessionOptions {
        threads: std::num::NonZeroUsize::new(2),
        ..SessionOptions::default()
    })
    .unwrap()
}

const TURNS: usize = 20;

/// Turns that another task has on the one thread on which `sql` runs, before it is stopped and ends.
fn turns_beside(sql: &str) -> usize {
    let (sender, ended) = channel();
    let sql = sql.to_owned();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let n_turns = runtime.enable_all().build().unwrap().block_on(async {
            let frame = session().plan(&sql, &[]).await.unwrap();
            let (alive, is_over) = oneshot::channel::<()>();
            let mut task = SpawnedTask::spawn(async move {
                let _alive = alive;
                frame.collect().await
            });
            for n_turns in 0..TURNS {
                tokio::select! {
                    biased;
                    rows = &mut task => panic!("{:?} after {n_turns} turns", rows.map(|_| "rows")),
                    () = tokio::task::yield_now() => {}
                }
            }
            // Joins on threads of their own have begun by then.
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(task);
            is_over.await.unwrap_err();
            TURNS
        });
        sender.send(n_turns).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(120)).unwrap_or(0)
}

#[test]
fn endless_joins_yield() {
    let series = "(select value, value % 2 as k from generate_series(1, 1000000))";
    for join in [
        "join {} b on a.value * b.value = -1",
        "left join {} b on a.value * b.value = -1",
        "cross join {} b",
        "join {} b on a.k = b.k and a.value + b.value < 0",
        "join {} b on a.k = b.k",
        "full join {} b on a.k = b.k and a.value + b.value < 0",
        "left semi join {} b on a.k = b.k and a.value + b.value < 0",
        "left anti join {} b on a.value + b.value < 0",
    ] {
        let join = join.replace("{}", series);
        let sql = format!("select sum(a.value) from {series} a {join}");
        assert_eq!(turns_beside(&sql), TURNS, "{sql}");
    }
}

#[test]
fn joins_that_wait_for_endless_joins_end_with_them() {
    let series = "generate_series(1, 1000000)";
    let endless =
        format!("(select a.value from {series} a join {series} b on a.value * b.value = -1)");
    for joins in [
        format!("{endless} x join {series} y on x.value < y.value"),
        format!("{series} x join {endless} y on x.value < y.value"),
        format!(
            "(select x.value from {endless} x join {series} y on x.value < y.value) z left join {endless} u on z.value > u.value"
        ),
    ] {
        let sql = format!("select count(*) from {joins}");
        assert_eq!(turns_beside(&sql), TURNS, "{sql}");
    }
}

async fn number(session: &Session, sql: &str) -> i64 {
    let frame = session.plan(sql, &[]).await.unwrap();
    let batches = frame.collect().await;
    let batches = batches.unwrap_or_else(|error| panic!("{sql}: {error}"));
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn pieces_have_the_same_rows() {
    let session = session();
    let sorting = session.with_spilling_joins();
    let tables = "with a as (select value from generate_series(1, 3000)),
                       b as (select value, value % 1500 as k from generate_series(1, 9000))";
    let pairs = 3000 * 9000 - 3000 * 3001 / 2;
    for (join, n_rows) in [
        ("join b on a.value < b.value", pairs),
        (
            "right join b on a.value + 5000 > b.value and b.value > 7000",
            999 * 1000 / 2 + 8001,
        ),
        (
            "full join b on a.value = b.value * 2 and a.value < b.value * 3",
            1500 + 1500 + 7500,
        ),
        ("left semi join b on a.value > b.value + 1000", 1999),
        ("left anti join b on a.value > b.value + 1000", 1001),
        ("join b on a.value = b.k", 1499 * 6),
        (
            "left join b on a.value = b.k and b.value > 4500",
            1499 * 3 + 1501,
        ),
        ("right join b on a.value = b.k", 1499 * 6 + 6),
    ] {
        let sql = format!("{tables} select count(*) from a {join}");
        assert_eq!(number(&session, &sql).await, n_rows, "{join}");
        // The engine's full join of sorted rows with a condition wants columns that may be NULL.
        if !join.starts_with("full") {
            assert_eq!(number(&sorting, &sql).await, n_rows, "{join}, sorted");
        }
    }
}

#[tokio::test]
async fn a_nested_loop_join_starts_again_when_memory_is_short() {
    let session = Session::new(&SessionOptions {
        threads: std::num::NonZeroUsize::new(2),
        memory_limit: Some(16 << 20),
        ..SessionOptions::default()
    })
    .unwrap();
    // The left side comes in several parts and has more than the limit: 40 MB.
    let left = "(select value, value as other from generate_series(1, 2500000) where value % 1000000007 > 0)";
    let sql = format!(
        "select count(*) from {left} a join generate_series(1, 3) b on a.value < b.value and a.other < 5"
    );
    assert_eq!(number(&session, &sql).await, 3);
}

#[tokio::test]
async fn steps_are_around_joins_only() {
    let session = session();
    let shown = async |sql: &str| {
        let frame = session.plan(sql, &[]).await.unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        let text = datafusion::physical_plan::displayable(plan.as_ref()).indent(false);
        text.to_string().matches(STEP).count()
    };
    let nested = "select * from generate_series(1, 3) a join generate_series(1, 3) b";
    assert_eq!(shown(&format!("{nested} on a.value < b.value")).await, 2);
    assert_eq!(shown(&format!("{nested} on a.value = b.value")).await, 2);
    assert_eq!(
        shown("select * from generate_series(1, 3) where value > 1").await,
        0
    );
}
