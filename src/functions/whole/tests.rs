//! Arithmetic on whole numbers, called through SQL.

use datafusion::arrow::util::display::array_value_to_string;
use datafusion::execution::session_state::SessionStateBuilder;

use super::*;

fn context() -> SessionContext {
    let state = SessionStateBuilder::new()
        .with_expr_planners(vec![whole_planner()])
        .with_default_features()
        .build();
    let mut ctx = SessionContext::new_with_state(state);
    register_whole(&mut ctx).unwrap();
    ctx
}

async fn answer(sql: &str) -> Result<String, String> {
    let frame = context().sql(sql).await;
    let frame = frame.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0);
    let column = batch.unwrap().column(0);
    Ok(array_value_to_string(column, 0).unwrap())
}

const ROWS: &str = "(values (1, 30000, 200), (2, 30000, 200), (3, null, 100)) as t(k, a, b)";

/// The rows with columns of a type.
fn rows(of: &str) -> String {
    format!("(select k, cast(a as {of}) as a, cast(b as {of}) as b from {ROWS}) as t")
}

#[tokio::test]
async fn narrow_numbers_do_not_wrap_around() {
    for of in [
        "smallint",
        "smallint unsigned",
        "int",
        "int unsigned",
        "bigint",
        "bigint unsigned",
    ] {
        for (asked, due) in [
            ("max(a * b)", "6000000"),
            ("max(a * a * b)", "180000000000"),
            ("max(a + a)", "60000"),
            ("max(b - a)", "-29800"),
            ("sum(a * b)", "12000000"),
            ("max(a * b) filter (where a * b > 40000)", "6000000"),
            ("sum(b + 1)", "503"),
            ("max(2 * a + b * b - 1)", "99999"),
            ("max(a) * max(b)", "6000000"),
            ("arrow_typeof(max(a * b))", "Int64"),
        ] {
            let sql = format!("select {asked} from {}", rows(of));
            assert_eq!(answer(&sql).await.as_deref(), Ok(due), "{sql}");
        }
        for sql in [
            format!(
                "select a * b from {} where a * b > 40000 order by a * b limit 1",
                rows(of)
            ),
            format!(
                "select a * b as p from {} group by a * b having max(a) * max(b) > 40000",
                rows(of)
            ),
            format!(
                "with s as (select a * b as p from {}) select max(p) from s",
                rows(of)
            ),
            format!(
                "select max(x.a * y.b) from {} join {} on x.k * x.a = y.k * y.a",
                rows(of).replace("as t", "as x"),
                rows(of).replace("as t", "as y")
            ),
            format!(
                "select max(p) from (select a * b as p from {} union all select a from {}) as u",
                rows(of),
                rows(of)
            ),
            format!(
                "select (select max(u.b) from {} where u.k = t.k) * t.a from {} order by k limit 1",
                rows(of).replace("as t", "as u"),
                rows(of)
            ),
            format!("select max(a * b) over () from {}", rows(of)),
            format!(
                "select case when a * b > 40000 then a * b end from {} order by k",
                rows(of)
            ),
        ] {
            assert_eq!(answer(&sql).await.as_deref(), Ok("6000000"), "{sql}");
        }
    }
}

#[tokio::test]
async fn differences_of_row_numbers_may_be_negative() {
    let sql = format!(
        "select row_number() over (order by k) - row_number() over (order by k desc) from {ROWS} order by k"
    );
    assert_eq!(answer(&sql).await.as_deref(), Ok("-2"));
}

#[tokio::test]
async fn columns_keep_the_names_of_what_was_written() {
    let sql = format!(
        "select a * b, sum(a * k) from {} group by a * b",
        rows("smallint")
    );
    let frame = context().sql(&sql).await.unwrap();
    let batches = frame.collect().await.unwrap();
    let schema = batches[0].schema();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, ["t.a * t.b", "sum(t.a * t.k)"]);
}

#[tokio::test]
async fn what_does_not_fit_is_an_error() {
    let large =
        "(select k, cast(3037000500 as bigint) as x from (values (1), (2), (3)) as v(k)) as t";
    for asked in [
        "max(x * x)",
        "sum(x * x)",
        "max(k * x * x)",
        "sum(x * (x - 1))",
        "sum(x * (x - 1)) over ()",
        "sum(x * (x - 1)) over (order by k)",
        "sum(x * (x - 1)) over (order by k rows between 1 preceding and current row)",
        "sum(cast(x as bigint unsigned) * 6000000000)",
        "sum(x) filter (where x * x < 0)",
    ] {
        let sql = format!("select {asked} as p from {large} order by p desc");
        let error = answer(&sql).await.unwrap_err();
        assert!(
            error.contains("does not fit into `bigint`"),
            "{sql}: {error}"
        );
        assert!(!error.contains("3037000500"), "{error}");
    }
    let sql = format!(
        "select max(s) from (select k % 2, sum(x * (x - 1)) as s from {large} group by 1) as g"
    );
    assert!(
        answer(&sql)
            .await
            .unwrap_err()
            .contains("does not fit into `bigint`")
    );
    for (asked, due) in [
        ("max(x * (x - 1))", "9223372033963249500"),
        ("sum(cast(x as decimal(38, 0)) * x)", "27670116111000750000"),
        ("max(x - x * 3000000000)", "-9111001496962999500"),
    ] {
        let sql = format!("select {asked} from {large} where x < 0 or k > 0");
        assert_eq!(answer(&sql).await.as_deref(), Ok(due), "{sql}");
    }
}

#[tokio::test]
async fn sums_over_moving_windows_are_exact() {
    let sql = "select string_agg(cast(s as varchar), ',' order by k) from (
        select k, sum(x) over (order by k rows between 1 preceding and current row) as s
        from (values (1, 9000000000000000000), (2, -9000000000000000000), (3, null), (4, null), (5, 7)) as t(k, x)) as w";
    assert_eq!(
        answer(sql).await.as_deref(),
        Ok("9000000000000000000,0,-9000000000000000000,7")
    );
}
