//! Layout of tables: exact pictures, then widths over many shapes.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use super::*;
use crate::cli::sql::format::Format;

fn write(max_width: Option<usize>, color: bool, batches: &[RecordBatch]) -> String {
    let options = WriteOptions {
        format: Format::Table,
        max_width,
        is_scrolled: false,
        null_text: None,
        color,
    };
    let mut writer = TableWriter::new(Vec::new(), batches[0].schema_ref(), options);
    for batch in batches {
        writer.write(batch).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let nullable = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

fn texts(texts: Vec<Option<&str>>) -> ArrayRef {
    Arc::new(StringArray::from(texts))
}

fn people() -> RecordBatch {
    batch(vec![
        (
            "id",
            Arc::new(Int64Array::from(vec![Some(1), Some(20), None])),
        ),
        ("検査", texts(vec![Some("健診"), Some(""), None])),
        (
            "share",
            Arc::new(Float64Array::from(vec![
                Some(1.0 / 3.0),
                Some(f64::NAN),
                None,
            ])),
        ),
    ])
}

#[test]
fn wide_characters_line_up_and_null_differs_from_empty() {
    let expected = "   id | 検査 |        share\n\
                    ------+------+-------------\n    \
                        1 | 健診 | 0.3333333333\n   \
                       20 |      |          NaN\n \
                     NULL | NULL |         NULL\n\
                    3 rows\n";
    assert_eq!(write(None, false, &[people()]), expected);
}

#[test]
fn colour_marks_null_and_header_without_moving_anything() {
    let colored = write(None, true, &[people()]);
    assert!(colored.contains("\u{1b}[2mNULL\u{1b}[0m"), "{colored}");
    assert!(
        colored.starts_with("   \u{1b}[1mid\u{1b}[0m | "),
        "{colored}"
    );
    let plain = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"]
        .iter()
        .fold(colored, |text, code| text.replace(code, ""));
    assert_eq!(plain, write(None, false, &[people()]));
}

#[test]
fn lines_of_a_cell_stand_below_each_other_and_controls_are_visible() {
    let batch = batch(vec![
        ("a\nb", texts(vec![Some("one\ntwo"), Some("\u{1b}[31m")])),
        ("n", Arc::new(Int64Array::from(vec![1, 2]))),
    ]);
    let expected = " a\\nb       | n\n\
                    ------------+--\n \
                     one        | 1\n \
                     two        |\n \
                     \\u{1b}[31m | 2\n\
                    2 rows\n";
    assert_eq!(write(None, false, &[batch]), expected);
}

#[test]
fn a_result_without_rows_shows_its_columns() {
    assert_eq!(
        write(None, false, &[people().slice(0, 0)]),
        " id | 検査 | share\n----+------+------\n0 rows\n"
    );
}

#[test]
fn texts_are_shortened_only_for_a_terminal_and_the_footer_says_so() {
    let long = "健康診断の結果について、くわしく";
    let batch = batch(vec![
        ("n", Arc::new(Int64Array::from(vec![1_234_567_890_123, 2]))),
        ("text", texts(vec![Some(long), Some("short")])),
    ]);
    let expected = "             n | text\n\
                    ---------------+-------------\n \
                     1234567890123 | 健康診断の…\n             \
                                 2 | short\n\
                    2 rows (1 cell shortened with … to fit the terminal; \
                    `-o FILE` or `--format csv` shows them whole)\n";
    assert_eq!(
        write(Some(29), false, std::slice::from_ref(&batch)),
        expected
    );
    assert!(write(None, false, &[batch]).contains(long));
}

#[test]
fn later_rows_may_widen_a_column_but_lose_nothing() {
    let first = batch(vec![
        ("a", texts(vec![Some("x"); CHUNK_ROWS])),
        ("n", Arc::new(Int64Array::from(vec![1; CHUNK_ROWS]))),
    ]);
    let later = batch(vec![
        ("a", texts(vec![Some("much longer")])),
        ("n", Arc::new(Int64Array::from(vec![12_345]))),
    ]);
    let text = write(None, false, &[first, later]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..3], [" a | n", "---+--", " x | 1"]);
    assert_eq!(
        lines[lines.len() - 2..],
        [" much longer | 12345", "1,001 rows"]
    );
    assert_eq!(lines.len(), 2 + CHUNK_ROWS + 2);
}

#[test]
fn one_huge_cell_does_not_pad_the_other_rows() {
    let huge = "x".repeat(5_000);
    let batch = batch(vec![
        ("a", texts(vec![Some(&huge), Some("y")])),
        ("b", texts(vec![Some("1"), Some("2")])),
    ]);
    let text = write(None, false, &[batch]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[2].len(), 1 + 5_000 + 4);
    assert_eq!(lines[3].len(), 1 + MAX_PADDED_WIDTH + 4);
}

/// Widths over many shapes: no line passes the terminal while the columns' least widths fit it, and a
/// cell is either whole or ends with `…`.
#[test]
fn tables_fit_every_terminal_wide_enough_for_their_least_widths() {
    let words = [
        "a",
        "健康",
        "ｶﾅ",
        "abcdefghijkl",
        "東京都の保険者と事業主",
        "é",
        "",
        "😀😀😀😀😀😀",
    ];
    let mut state = 7_usize;
    let mut next = |bound: usize| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (state >> 8) % bound
    };
    for _ in 0..300 {
        let n_columns = 1 + next(6);
        let columns: Vec<(String, ArrayRef)> = (0..n_columns)
            .map(|position| {
                let cells = (0..5).map(|_| Some(words[next(words.len())].repeat(1 + next(4))));
                let column: ArrayRef = Arc::new(StringArray::from_iter(cells));
                (format!("{}{position}", words[next(words.len())]), column)
            })
            .collect();
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let least = 1 + n_columns * MIN_TEXT_WIDTH + SEPARATOR_WIDTH * (n_columns - 1);
        let max_width = least + next(60);
        let text = write(Some(max_width), false, std::slice::from_ref(&batch));
        let mut lines: Vec<&str> = text.lines().collect();
        let footer = lines.pop().unwrap();
        for line in &lines {
            assert!(line.width() <= max_width, "{max_width}: {line}");
        }
        let n_shortened: usize = lines.iter().map(|line| line.matches('…').count()).sum();
        if n_shortened == 0 {
            assert_eq!(footer, "5 rows");
            assert_eq!(text, write(None, false, &[batch]));
        } else {
            let noun = if n_shortened == 1 { "cell" } else { "cells" };
            assert!(
                footer.starts_with(&format!("5 rows ({n_shortened} {noun} ")),
                "{footer}"
            );
        }
    }
}

fn write_as(format: Format, max_width: Option<usize>, batch: &RecordBatch) -> String {
    let options = WriteOptions {
        format,
        max_width,
        is_scrolled: false,
        null_text: None,
        color: false,
    };
    let mut writer = TableWriter::new(Vec::new(), batch.schema_ref(), options);
    writer.write(batch).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

#[test]
fn box_is_closed_and_lines_up_with_wide_characters() {
    let expected = "\
┌──────┬──────┬──────────────┐
│   id │ 検査 │        share │
├──────┼──────┼──────────────┤
│    1 │ 健診 │ 0.3333333333 │
│   20 │      │          NaN │
│ NULL │ NULL │         NULL │
└──────┴──────┴──────────────┘
3 rows
";
    assert_eq!(write_as(Format::Box, None, &people()), expected);
}

#[test]
fn box_fits_the_terminal_and_says_what_it_cut() {
    let long = batch(vec![(
        "a",
        texts(vec![Some("あいうえおかきくけこ"), Some("b")]),
    )]);
    let text = write_as(Format::Box, Some(16), &long);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[..lines.len() - 1]
            .iter()
            .all(|line| line.width() <= 16),
        "{text}"
    );
    assert!(text.contains("│ あいうえお…  │"), "{text}");
    assert!(text.contains("1 cell shortened"), "{text}");
}

#[test]
fn prose_is_wrapped_instead_of_cut() {
    let sentence = "one two three four あいうえおかきくけこさしすせそ end";
    let prose = [(PROSE.to_owned(), "true".to_owned())];
    let field = datafusion::arrow::datatypes::Field::new(
        "text",
        datafusion::arrow::datatypes::DataType::Utf8,
        true,
    );
    let field = field.with_metadata(prose.into_iter().collect());
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema, vec![texts(vec![Some(sentence)])]).unwrap();
    let text = write_as(Format::Table, Some(12), &batch);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            " text",
            "------------",
            " one two",
            " three four",
            " あいうえお",
            " かきくけこ",
            " さしすせそ",
            " end",
            "1 row"
        ]
    );
}

#[test]
fn table_that_cannot_fit_is_left_whole_where_it_can_be_scrolled() {
    let long = "とても長い部署の名前".repeat(2);
    let names: Vec<String> = (0..8).map(|n| format!("c{n}")).collect();
    let columns = names
        .iter()
        .map(|name| (name.as_str(), texts(vec![Some(long.as_str())])));
    let wide = batch(columns.collect());
    let written = |batch: &RecordBatch, is_scrolled| {
        let options = WriteOptions {
            format: Format::Table,
            max_width: Some(60),
            is_scrolled,
            null_text: None,
            color: false,
        };
        let mut writer = TableWriter::new(Vec::new(), batch.schema_ref(), options);
        writer.write(batch).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    };
    assert_eq!(written(&wide, true).matches(&long).count(), 8);
    assert!(!written(&wide, false).contains(&long));
    let narrow = batch(vec![("a", texts(vec![Some(&long.repeat(3))]))]);
    assert!(written(&narrow, true).contains('…'), "it can fit");
}

#[test]
fn lines_of_a_tree_go_on_below_where_they_began() {
    assert_eq!(wrapped("├─ scan t: a, b", 12), "├─ scan t:\n│  a, b");
    assert_eq!(
        wrapped("│  └─ filter 氏名 is null", 18),
        "│  └─ filter 氏名\n│     is null"
    );
    assert_eq!(wrapped("   └─ values", 40), "   └─ values");
    assert_eq!(wrapped("one two three", 8), "one two\nthree");
}
