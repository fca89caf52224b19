//! What one user's session can reach and reserve.

use super::*;
use crate::session::SessionOptions;

fn engine() -> Session {
    let options = SessionOptions {
        memory_limit: Some(1_000),
        ..SessionOptions::default()
    };
    Session::new(&options).unwrap()
}

fn consumer(share: &MemoryShare, name: &str) -> MemoryReservation {
    MemoryConsumer::new(name).register(&share.runtime.memory_pool)
}

#[test]
fn a_user_reserves_no_more_than_the_share_and_users_together_no_more_than_there_is() {
    let engine = engine();
    let shares: Vec<MemoryShare> = (0..3)
        .map(|_| engine.share_of_memory(0.5).unwrap())
        .collect();
    let first = consumer(&shares[0], "first");
    let more = consumer(&shares[0], "more of the first");
    first.try_grow(400).unwrap();
    assert!(more.try_grow(101).is_err());
    more.try_grow(100).unwrap();
    let second = consumer(&shares[1], "second");
    // The last tenth is for those who hold no more than a hundredth.
    assert!(second.try_grow(401).is_err());
    second.try_grow(400).unwrap();
    let third = consumer(&shares[2], "third");
    assert!(third.try_grow(11).is_err());
    third.try_grow(10).unwrap();
    assert!(third.try_grow(1).is_err());
    // What was refused is not counted, what is released is.
    drop(first);
    third.try_grow(390).unwrap();
    assert!(third.try_grow(1).is_err());
    assert_eq!(engine.ctx.runtime_env().memory_pool.reserved(), 900);
    drop((second, third, more));
    let whole = engine.with_share_of_memory(1.0).unwrap();
    let all = MemoryConsumer::new("all").register(&whole.ctx.runtime_env().memory_pool);
    all.try_grow(1_000).unwrap();
    assert!(all.try_grow(1).is_err());
}

#[tokio::test]
async fn files_are_tables_that_do_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.csv");
    fs_err::write(&file, "a\n1\n").unwrap();
    let sql = format!("SELECT * FROM '{}'", file.display());
    let engine = engine();
    engine.plan(&sql, &[]).await.unwrap();
    let share = engine.share_of_memory(0.5).unwrap();
    let error = engine
        .without_files(&share)
        .unwrap()
        .plan(&sql, &[])
        .await
        .unwrap_err();
    assert!(error.message().contains("not found"), "{}", error.message());
}

#[tokio::test]
async fn statements_have_tables_of_their_own_and_the_functions_of_all() {
    let engine = engine();
    let share = engine.share_of_memory(0.5).unwrap();
    let session = engine.without_files(&share).unwrap();
    let frame = session.plan("SELECT 1 AS a", &[]).await.unwrap();
    session.register_view("one", frame).unwrap();
    let asked = "SELECT fiscal_year(DATE '2024-03-31') AS fy, a FROM korabo.public.one";
    let rows = session.plan(asked, &[]).await.unwrap();
    assert_eq!(rows.count().await.unwrap(), 1);
    let other = engine.without_files(&share).unwrap();
    assert!(other.plan("SELECT * FROM one", &[]).await.is_err());
    assert!(engine.plan("SELECT * FROM one", &[]).await.is_err());
}
