//! Exact pictures of rows written below each other.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};

use super::*;
use crate::cli::sql::format::Format;

fn write(color: bool) -> String {
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("id", Arc::new(Int64Array::from(vec![Some(1), None])), true),
        (
            "検査",
            Arc::new(StringArray::from(vec![Some("一\n二\u{7}"), Some("")])),
            true,
        ),
        (
            "long",
            Arc::new(StringArray::from(vec![Some("x".repeat(300)), None])),
            true,
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let options = WriteOptions {
        format: Format::Vertical,
        max_width: Some(40),
        is_scrolled: false,
        null_text: None,
        color,
    };
    let mut writer = VerticalWriter::new(Vec::new(), batch.schema_ref(), options);
    writer.write(&batch).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

#[test]
fn each_value_has_its_line_and_none_is_shortened() {
    let long = "x".repeat(300);
    let expected = format!(
        "-[ row 1 ]-\nid   | 1\n検査 | 一\n     | 二\\u{{7}}\nlong | {long}\n\
         -[ row 2 ]-\nid   | NULL\n検査 |\nlong | NULL\n2 rows\n"
    );
    assert_eq!(write(false), expected);
}

#[test]
fn colour_marks_null_only() {
    let text = write(true);
    assert_eq!(text.matches("\u{1b}[2mNULL\u{1b}[0m").count(), 2);
    assert_eq!(text.matches('\u{1b}').count(), 4);
}
