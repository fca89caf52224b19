//! Text files that SQL reads by name: CP932 as Japanese Windows writes it, and UTF-8 with a byte-order mark.

use encoding_rs::SHIFT_JIS;

use crate::support::{Project, run_in};

/// Bytes of `text` in CP932.
fn cp932(text: &str) -> Vec<u8> {
    let (bytes, _, has_unmappable) = SHIFT_JIS.encode(text);
    assert!(!has_unmappable && std::str::from_utf8(&bytes).is_err());
    bytes.into_owned()
}

fn answer(folder: &Project, sql: &str) -> String {
    let arguments = ["sql", "--format", "csv", "-c", sql];
    run_in(folder.path(), &arguments).exits(0).stdout
}

#[test]
fn files_in_cp932_are_read_like_those_in_utf8() {
    let folder = Project::empty();
    // Extensions of IBM and NEC, half-width letters, second bytes that are a backslash or a bracket in ASCII, a line break in a value.
    let rows = "氏名,年度\r\n髙橋①,2023\r\n\"ｻﾄｳ ソ表\n十\",2024\r\n";
    folder.write("健診.csv", cp932(rows));
    folder.write("utf8.csv", rows);
    folder.write(
        "marked.csv",
        [&b"\xef\xbb\xbf"[..], rows.as_bytes()].concat(),
    );
    let expected = "氏名,翌年\n髙橋①,2024\n\"ｻﾄｳ ソ表\n十\",2025\n";
    for file in ["健診.csv", "utf8.csv", "marked.csv"] {
        let sql = format!("select 氏名, 年度 + 1 as 翌年 from '{file}' order by 年度");
        assert_eq!(answer(&folder, &sql), expected, "{file}");
    }
    let both = "select count(*) as n from '健診.csv' a join 'utf8.csv' b on a.氏名 = b.氏名";
    assert_eq!(answer(&folder, both), "n\n2\n");
}

#[test]
fn a_large_file_in_cp932_is_read_whole() {
    let folder = Project::empty();
    // The Japanese text comes after more ASCII than is looked at in one piece, and the file is long enough to be read by several threads.
    let mut rows = "id,area\n".to_owned();
    for id in 0..1_200_000 {
        rows += &format!("{id},{}\n", if id < 100_000 { "tokyo" } else { "東京都" });
    }
    folder.write("large.csv", cp932(&rows));
    let sql = "select count(*) as n, sum(id) as s, count(distinct area) as k from 'large.csv' where area <> ''";
    assert_eq!(answer(&folder, sql), "n,s,k\n1200000,719999400000,2\n");
}

#[test]
fn what_is_neither_is_refused_by_name_and_line() {
    let folder = Project::empty();
    folder.write("bad.csv", b"a,b\n1,\xff\xff\n");
    let arguments = ["sql", "-c", "select * from 'bad.csv'"];
    run_in(folder.path(), &arguments).exits(3).says(&[
        "bad.csv",
        "it is neither UTF-8 nor CP932: byte 7 in line 2 fits neither",
    ]);
}
