//! Plans as trees, of queries over generated rows and files.

use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::datatypes::UInt64Type;

use super::*;
use crate::session::SessionOptions;

async fn frame(session: &Session, sql: &str) -> DataFrame {
    session.plan(sql, &[]).await.unwrap()
}

fn session() -> Session {
    let threads = std::num::NonZeroUsize::new(2);
    Session::new(&SessionOptions {
        threads,
        ..SessionOptions::default()
    })
    .unwrap()
}

/// The column `plan` of explained rows, and the rows.
async fn rows(explained: DataFrame) -> (Vec<String>, RecordBatch) {
    let batch = explained.collect().await.unwrap().remove(0);
    let lines = batch
        .column_by_name("plan")
        .unwrap()
        .as_string::<i32>()
        .iter()
        .flatten();
    (lines.map(str::to_owned).collect(), batch)
}

const QUERY: &str = "
    select a.sex, count(*) as n, avg(b.cost + 1) as mean
    from (values (1, 'f'), (2, 'm'), (3, 'f')) as a (id, sex)
    join (select value as id, value * 10 as cost from generate_series(1, 3)) as b on a.id = b.id
    where b.cost > 10
    group by a.sex
    order by n desc, a.sex";

#[tokio::test]
async fn steps_have_names_people_know() {
    let session = session();
    let (lines, batch) = rows(session.explain(frame(&session, QUERY).await).await.unwrap()).await;
    let text = lines.join("\n");
    assert!(text.starts_with("sort by count(*) desc"), "{text}");
    for part in [
        "└─ aggregate by sex: ",
        "inner join on ",
        "filter ",
        "values",
        "generated rows",
    ] {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
    for part in ["Exec", "@", "RoundRobin", "Partial"] {
        assert!(!text.contains(part), "`{part}` in\n{text}");
    }
    let names: Vec<&str> = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|f| f.name().as_str())
        .collect();
    assert_eq!(names, ["estimated_rows", "plan"]);
}

#[tokio::test]
async fn run_counts_the_rows_of_every_step() {
    let session = session();
    let frame = frame(&session, QUERY).await;
    let (lines, batch) = rows(session.explain_run(frame).await.unwrap()).await;
    assert_eq!(lines.last().unwrap(), "total");
    let counts = batch.column(0).as_primitive::<UInt64Type>();
    let count_of = |part: &str| {
        let row = lines.iter().position(|line| line.contains(part)).unwrap();
        counts.value(row)
    };
    assert_eq!(count_of("total"), 2);
    assert_eq!(count_of("aggregate by"), 2);
    assert_eq!(count_of("inner join"), 2);
    assert_eq!(count_of("generated rows"), 3);
    assert_eq!(count_of("values"), 3);
    let shares = batch.column_by_name("percent").unwrap();
    let shares: f64 = shares
        .as_primitive::<datafusion::arrow::datatypes::Float64Type>()
        .iter()
        .flatten()
        .sum();
    assert!((99.0..101.0).contains(&shares), "{shares}");
}

#[tokio::test]
async fn relation_has_its_rows_and_arguments() {
    let session = session();
    let sql = "select * from ols((select column1 as y, column2 as x from (values
        (1.0, 1.0), (2.0, 2.5), (3.0, 2.0), (5.0, 4.5))), 'y ~ x')";
    let explained = session
        .explain_run(frame(&session, sql).await)
        .await
        .unwrap();
    let (lines, batch) = rows(explained).await;
    let row = lines
        .iter()
        .position(|line| line.contains("relation ols("))
        .unwrap();
    let counts = batch.column(0).as_primitive::<UInt64Type>();
    assert!(counts.is_valid(row) && counts.value(row) > 0, "{lines:?}");
}

#[tokio::test]
async fn logical_tree_holds_no_counts() {
    let session = session();
    let frame = frame(&session, QUERY).await;
    let (lines, batch) = rows(session.explain_logical(frame).unwrap()).await;
    assert_eq!(batch.num_columns(), 1);
    let text = lines.join("\n");
    for part in [
        "sort by ",
        "aggregate by a.sex: ",
        "inner join on ",
        "values",
    ] {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
}

#[tokio::test]
async fn scan_names_a_file_without_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    fs_err::write(&path, "a,b\n1,2\n3,4\n").unwrap();
    let session = session();
    let sql = format!("select a from '{}' where b > 2", path.display());
    let (lines, _) = rows(session.explain(frame(&session, &sql).await).await.unwrap()).await;
    let text = lines.join("\n");
    assert!(text.contains("scan 'x.csv' (1 file): a"), "{text}");
    let folder = folder.path().display().to_string();
    assert!(!text.contains(&folder), "{text}");
}

#[test]
fn what_was_spilled_is_said_with_its_step() {
    let sort = Node {
        text: "sort by a".to_owned(),
        spilled_bytes: Some(1_234_567),
        ..Node::default()
    };
    let root = Node {
        text: "filter b".to_owned(),
        inputs: vec![sort],
        ..Node::default()
    };
    let lines = tree::lines(&root);
    assert_eq!(lines[0].described(), "filter b");
    assert_eq!(
        lines[1].described(),
        "└─ sort by a; spilled 1,234,567 bytes"
    );
}
