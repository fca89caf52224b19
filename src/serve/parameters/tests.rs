//! Question marks are numbered where they are parameters.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};

use super::*;

#[test]
fn question_marks_outside_quotes_and_comments_are_numbered() {
    for (given, expected) in [
        ("SELECT ?", "SELECT $1"),
        (
            "SELECT a FROM t WHERE b = ? AND c IN (?,?)",
            "SELECT a FROM t WHERE b = $1 AND c IN ($2,$3)",
        ),
        (
            "SELECT '?' , \"?\" -- ?\n, ? /* ? */",
            "SELECT '?' , \"?\" -- ?\n, $1 /* ? */",
        ),
        ("SELECT $1, $name", "SELECT $1, $name"),
        ("SELECT '年?', ?", "SELECT '年?', $1"),
    ] {
        assert_eq!(numbered(given), expected);
    }
}

#[tokio::test]
async fn one_row_is_bound() {
    let row = |n: i64| {
        let numbers = Arc::new(Int64Array::from_iter_values(0..n)) as ArrayRef;
        let texts = Arc::new(StringArray::from_iter((0..n).map(|_| None::<&str>))) as ArrayRef;
        RecordBatch::try_from_iter([("1", numbers), ("2", texts)]).unwrap()
    };
    let bind = |batches: Vec<RecordBatch>| {
        values(futures::stream::iter(batches.into_iter().map(Ok::<_, ()>)))
    };
    let expected = [ScalarValue::Int64(Some(0)), ScalarValue::Utf8(None)];
    assert_eq!(bind(vec![row(0), row(1), row(0)]).await.unwrap(), expected);
    for batches in [vec![], vec![row(0)], vec![row(2)], vec![row(1), row(1)]] {
        let error = bind(batches).await.unwrap_err();
        assert!(error.message().starts_with("bind one row"));
    }
}
