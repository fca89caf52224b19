//! What sessions over a catalogue see, and when.

use datafusion::arrow::array::{ArrayRef, AsArray as _, Int64Array};
use datafusion::arrow::record_batch::RecordBatch;
use tempfile::TempDir;

use super::*;
use crate::lake::{Provenance, PublishMode, storable_schema};
use crate::session::SessionOptions;

/// A project of two tables, one of which is never built, and a view over each.
fn project() -> (TempDir, Catalogue) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
    write("korabo.toml", "[project]\nname = \"small\"\n");
    for name in ["schemas", "queries"] {
        fs_err::create_dir(folder.path().join(name)).unwrap();
    }
    for (name, reads) in [("link_doubled", "clean_a"), ("link_broken", "clean_never")] {
        let text = format!(
            "-- One row per number.\n-- materialize: view\n\nselect 2 * n as n from {reads}\n"
        );
        write(&format!("queries/{name}.sql"), &text);
        let text = "-- One row per number.\n\nselect 1 as n\n";
        write(&format!("queries/{reads}.sql"), text);
    }
    let config = ProjectConfig::load(folder.path()).unwrap();
    let lake = Lake::open(&config.lake).unwrap();
    (folder, Catalogue::of_config(Some(config), Some(lake)))
}

async fn publish(catalogue: &Catalogue, numbers: &[i64]) {
    let lake = catalogue.lake().unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
    let batch = RecordBatch::try_from_iter_with_nullable([("n", numbers, true)]).unwrap();
    let schema = storable_schema("clean_a", &batch.schema()).unwrap();
    let mut writer = lake.writer("clean_a", schema, &[]).unwrap();
    writer.write(&batch).await.unwrap();
    let staged = writer.close().await.unwrap();
    let provenance = Provenance::of_raw(None);
    let published = lake.publish("clean_a", staged, PublishMode::Overwrite, &provenance);
    published.await.unwrap();
}

fn session(catalogue: &Catalogue) -> Session {
    let engine = Session::new(&SessionOptions::default()).unwrap();
    catalogue.session(&engine).unwrap()
}

async fn count(session: &Session, table: &str) -> usize {
    let sql = format!("select * from {table}");
    let frame = session.plan(&sql, &[]).await.unwrap();
    frame.count().await.unwrap()
}

#[tokio::test]
async fn a_pinned_session_sees_the_tables_of_its_first_question() {
    let (_folder, catalogue) = project();
    publish(&catalogue, &[1]).await;
    let early = session(&catalogue.pinned());
    // Nothing is asked yet, so nothing is settled yet.
    publish(&catalogue, &[1, 2]).await;
    assert_eq!(count(&early, "clean_a").await, 2);
    publish(&catalogue, &[1, 2, 3]).await;
    // The view is opened only now, over the table as it was.
    assert_eq!(count(&early, "link_doubled").await, 2);
    assert_eq!(count(&early, "clean_a").await, 2);
    let late = session(&catalogue.pinned());
    assert_eq!(count(&late, "link_doubled").await, 3);
}

#[tokio::test]
async fn a_table_that_is_forgotten_is_opened_anew() {
    let (_folder, catalogue) = project();
    let session = session(&catalogue);
    assert!(session.plan("select * from clean_a", &[]).await.is_err());
    publish(&catalogue, &[1]).await;
    assert_eq!(count(&session, "clean_a").await, 1);
    publish(&catalogue, &[1, 2]).await;
    assert_eq!(count(&session, "clean_a").await, 1);
    session.forget("clean_a").unwrap();
    assert_eq!(count(&session, "clean_a").await, 2);
}

#[tokio::test]
async fn views_that_cannot_be_opened_are_errors_of_theirs_and_in_no_list() {
    let (_folder, catalogue) = project();
    publish(&catalogue, &[1]).await;
    let session = session(&catalogue);
    let error = session.plan("select * from link_broken", &[]).await;
    let error = error.unwrap_err();
    assert!(error.is_of_view() && error.missing_table().is_none());
    assert!(error.message().contains("clean_never"), "{error}");
    let unknown = session.plan("select * from clean_b", &[]).await;
    let unknown = unknown.unwrap_err();
    assert_eq!(unknown.missing_table().as_deref(), Some("clean_b"));
    let sql = "select table_name from information_schema.tables where table_schema = 'public' \
               order by table_name";
    let rows = session.plan(sql, &[]).await.unwrap();
    let rows = rows.collect().await.unwrap();
    let names = rows
        .iter()
        .flat_map(|rows| rows.column(0).as_string::<i32>());
    let names: Vec<&str> = names.flatten().collect();
    assert_eq!(names, ["clean_a", "link_doubled"]);
    // What is not recorded yet has no rows.
    assert_eq!(count(&session, "deliveries").await, 0);
}
