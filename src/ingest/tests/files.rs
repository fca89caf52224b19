//! Whole files: finding, hashing and reading them, encodings, row numbers, and refusals with their
//! texts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::Int32Type;
use datafusion::parquet::arrow::ArrowWriter;
use encoding_rs::SHIFT_JIS;

use super::{batch, column, contract, ids, outcome, validate};
use crate::ingest::{ExtractReader, ReadError, Validator, find_sources, hash_file};

fn write(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs_err::write(&path, content).expect("a written file");
    path
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// All rows of a text file as `first row number: cells`, or the text of the error without the folder.
fn read_text(name: &str, content: &[u8]) -> Result<Vec<String>, String> {
    let dir = temporary();
    let path = write(dir.path(), name, content);
    let without_folder = |error: &dyn std::error::Error| {
        error
            .to_string()
            .replace(&format!("{}/", dir.path().display()), "")
    };
    let mut rows = Vec::new();
    for raw in ExtractReader::open(&path).map_err(|error| without_folder(&error))? {
        let raw = raw.map_err(|error| without_folder(&error))?;
        for row in 0..raw.batch.num_rows() {
            let cell = |column: &ArrayRef| match column.is_null(row) {
                true => "NULL".to_owned(),
                false => column.as_string::<i32>().value(row).to_owned(),
            };
            let cells: Vec<_> = raw.batch.columns().iter().map(cell).collect();
            rows.push(format!(
                "{}: {}",
                raw.first_row_number + row as u64,
                cells.join("|")
            ));
        }
    }
    Ok(rows)
}

#[test]
fn reads_utf8_with_and_without_mark() {
    let expected = Ok(vec!["1: あ|NULL".to_owned(), "2: NULL|2".to_owned()]);
    assert_eq!(read_text("a.csv", "名,b\nあ,\n,2\n".as_bytes()), expected);
    assert_eq!(
        read_text("a.csv", "\u{feff}名,b\r\nあ,\r\n\"\",2".as_bytes()),
        expected
    );
    assert_eq!(
        read_text("a.tsv", "名\tb\nあ\t\n\t2\n".as_bytes()),
        expected
    );
    assert_eq!(read_text("a.csv", b"a,b\n"), Ok(vec![]));
}

#[test]
fn reads_cp932() {
    // NEC special characters, IBM extensions and trail bytes that look like quotation or separators.
    let text = "名,b\n髙橋①ソ表\\,ｶﾅ\n\"能,十\n二\",~\n";
    let (bytes, _, has_errors) = SHIFT_JIS.encode(text);
    assert!(!has_errors && std::str::from_utf8(&bytes).is_err());
    let expected = vec!["1: 髙橋①ソ表\\|ｶﾅ".to_owned(), "2: 能,十\n二|~".to_owned()];
    assert_eq!(read_text("a.CSV", &bytes), Ok(expected));
}

#[test]
fn characters_across_chunks_are_kept() {
    for shift in 0..3 {
        let mut text = format!("a\n{}", "x".repeat(shift));
        text.extend(std::iter::repeat_n("漢", 200_000));
        text.push('\n');
        let cell = text[2..].trim_end().to_owned();
        let expected = Ok(vec![format!("1: {cell}")]);
        assert_eq!(
            read_text("a.csv", text.as_bytes()),
            expected,
            "UTF-8, shifted by {shift}"
        );
        let (bytes, ..) = SHIFT_JIS.encode(&text);
        assert_eq!(
            read_text("a.csv", &bytes),
            expected,
            "CP932, shifted by {shift}"
        );
    }
}

#[test]
fn numbers_rows_over_batches_and_quoted_line_breaks() {
    let mut text = String::from("a,b\n");
    for row in 1..=40_000 {
        text += &format!("{row},\"x\ny\"\n");
    }
    let rows = read_text("a.csv", text.as_bytes()).expect("a well-formed file");
    assert_eq!(rows.len(), 40_000);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(*row, format!("{0}: {0}|x\ny", at + 1));
    }
    text += "40001,\"z\n\",too many\n40002,2\n";
    let expected = "extract `a.csv`, row 40,001: expected 2 fields, found 3";
    assert_eq!(
        read_text("a.csv", text.as_bytes()),
        Err(expected.to_owned())
    );
}

#[test]
fn refuses_malformed_text() {
    let refused = |content: &[u8]| read_text("a.csv", content).expect_err("a refusal");
    assert_eq!(
        refused(b"a,b\n1,2\n\"x\ny\",2\n3\n4,4\n"),
        "extract `a.csv`, row 3: expected 2 fields, found 1"
    );
    assert_eq!(
        refused(b"a,b\n1,\"2\n3,4\n"),
        "extract `a.csv` ends inside a quoted field"
    );
    assert_eq!(refused(b""), "extract `a.csv` has no header row");
    assert_eq!(
        refused(b"a,b\n1,\xff\xff\n"),
        "extract `a.csv` is neither UTF-8 nor CP932: byte 7 in line 2 fits neither"
    );
    assert_eq!(
        read_text("a.xls", b""),
        Err(
            "extract `a.xls` must end in .parquet, .csv or .tsv; with a mapping also in .txt or .xlsx"
                .to_owned()
        )
    );
    assert_eq!(
        read_text("a.parquet", b"PAR1 no parquet"),
        Err("extract `a.parquet` is not a readable parquet file".to_owned())
    );
}

fn write_parquet(path: &Path, rows: &RecordBatch) {
    let file = fs_err::File::create(path).expect("a file").into_file();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).expect("a writer");
    writer.write(rows).expect("written rows");
    writer.close().expect("a written file");
}

#[test]
fn reads_parquet_of_all_physical_types() {
    let rows = 40_000_i32;
    let numbers = || (0..rows).map(|row| i64::from(row % 7));
    let text = || numbers().map(|number| number.to_string());
    let days = numbers().map(|number| Some((19_723 + number) * 86_400_000_000));
    let dictionary: DictionaryArray<Int32Type> = text()
        .collect::<Vec<_>>()
        .iter()
        .map(|text| Some(text.as_str()))
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", ids(40_000)),
        ("a", Arc::new(Int64Array::from_iter_values(numbers()))),
        (
            "b",
            Arc::new(
                numbers()
                    .map(|number| Some(number as f64))
                    .collect::<Float64Array>(),
            ),
        ),
        ("c", Arc::new(LargeStringArray::from_iter_values(text()))),
        ("d", Arc::new(StringViewArray::from_iter_values(text()))),
        ("e", Arc::new(dictionary)),
        ("day", Arc::new(TimestampMicrosecondArray::from_iter(days))),
    ];
    let names = ["a", "b", "c", "d", "e"];
    let declared: String = names
        .iter()
        .map(|name| column(name, "type = \"i8\"\nmin = 1"))
        .collect();
    let contract = contract("", &(declared + &column("day", "type = \"date\"")));
    let dir = temporary();
    let path = dir.path().join("x.parquet");
    write_parquet(&path, &batch(columns));
    let reader = ExtractReader::open(&path).expect("a parquet file");
    let mut validator = Validator::new(&contract, reader.schema()).expect("the schema fits");
    let mut next = 1;
    for raw in reader {
        let raw = raw.expect("a readable batch");
        assert_eq!(raw.first_row_number, next);
        assert!(raw.batch.num_rows() <= 32_768);
        next += raw.batch.num_rows() as u64;
        let validated = validator.validate(&raw).expect("a result");
        let lake = validated.accepted.to_lake_batch(3);
        assert_eq!(lake.schema(), contract.lake_schema());
        for (row, number) in validated.accepted.row_numbers().values().iter().enumerate() {
            let expected = (number - 1) % 7;
            for name in names {
                let column = lake.column_by_name(name).expect("a column");
                let found = column
                    .as_primitive::<datafusion::arrow::datatypes::Int8Type>()
                    .value(row);
                assert_eq!(i64::from(found), expected);
            }
            let day = lake.column_by_name("day").expect("a column");
            let day = day
                .as_any()
                .downcast_ref::<Date32Array>()
                .expect("dates")
                .value(row);
            assert_eq!(i64::from(day), 19_723 + expected);
        }
        for (number, column, rule) in validated.rejects.reasons() {
            assert_eq!(((number - 1) % 7, column, rule.name()), (0, "a", "range"));
        }
    }
    let totals = validator.totals();
    assert_eq!((totals.rows_in, totals.rejected), (40_000, 5_715));
}

#[test]
fn csv_and_parquet_of_the_same_rows_are_the_same() {
    let declared =
        column("n", "type = \"i16\"\nnullable = true") + &column("day", "type = \"date\"");
    let contract = contract("", &declared);
    let (bytes, ..) = SHIFT_JIS.encode("day,id,n\n20240401,甲,12\n2024-04-02,乙,\n20240431,丙,x\n");
    let dir = temporary();
    let path = write(dir.path(), "x.csv", &bytes);
    let mut reader = ExtractReader::open(&path).expect("a text file");
    let raw = reader.next().expect("one batch").expect("a readable batch");
    let from_csv = validate(&contract, raw.batch).expect("the schema fits");
    let typed = batch(vec![
        (
            "id",
            Arc::new(StringArray::from(vec!["甲", "乙", "丙"])) as ArrayRef,
        ),
        (
            "n",
            Arc::new(Int64Array::from(vec![Some(12), None, Some(1)])),
        ),
        (
            "day",
            Arc::new(Int64Array::from(vec![20_240_401, 20_240_402, 20_240_431])),
        ),
    ]);
    let from_parquet = validate(&contract, typed).expect("the schema fits");
    assert_eq!(from_csv.accepted, from_parquet.accepted);
    assert_eq!(outcome(&from_csv, "n"), ["12", "NULL", "!type"]);
    assert_eq!(outcome(&from_parquet, "n"), ["12", "NULL", "!date@day"]);
}

#[test]
fn refuses_files_whose_columns_do_not_fit() {
    let declared = column("waist_cm", "type = \"f64\"\nnullable = true")
        + &column("term", "type = \"i8\"")
        + &column("area_name", "type = \"string\"\nnullable = true")
            .replace("privacy = \"sensitive\"", "privacy = \"open\"");
    let contract = contract("", &declared);
    let text = || Arc::new(StringArray::from(vec!["1"])) as ArrayRef;
    let number = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let refusal = |columns: Vec<(&str, ArrayRef)>| {
        validate(&contract, batch(columns))
            .expect_err("a refusal")
            .to_string()
    };
    assert!(validate(&contract, batch(vec![("term", number()), ("id", text())])).is_ok());
    assert!(
        validate(
            &contract,
            batch(vec![
                ("term", number()),
                ("id", text()),
                ("area_name", text())
            ])
        )
        .is_ok(),
        "a declared open name is no identifying column"
    );
    assert_eq!(
        refusal(vec![
            ("id", text()),
            ("term", number()),
            ("waist", number()),
            ("氏名", text())
        ]),
        "the columns do not fit contract `table`: identifying column `氏名` (`氏名`): deliver the \
         extract without it; unknown column `waist`; did you mean `waist_cm`?"
    );
    assert_eq!(
        refusal(vec![("id", text()), ("terms", number())]),
        "the columns do not fit contract `table`: unknown column `terms`; did you mean `term`?; no \
         column `term`; did you mean `terms`?"
    );
    assert_eq!(
        refusal(vec![
            ("id", number()),
            ("term", Arc::new(Date32Array::from(vec![1])))
        ]),
        "the columns do not fit contract `table`: column `id` must be string, found Int64; deliver it \
         as text, numbers lose their leading zeros; column `term` must be i8, found Date32"
    );
    assert_eq!(
        refusal(vec![("id", text()), ("term", number()), ("term", number())]),
        "the columns do not fit contract `table`: column `term` occurs twice"
    );
}

#[test]
fn finds_and_hashes_files() {
    let dir = temporary();
    for folder in ["b[1]", "a"] {
        fs_err::create_dir(dir.path().join(folder)).expect("a folder");
        for file in ["x.parquet", "y.csv"] {
            write(&dir.path().join(folder), file, b"abc");
        }
    }
    let find = |base: &Path, patterns: &[&str]| -> Vec<String> {
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect();
        let found = find_sources(base, &patterns).expect("readable folders");
        found
            .iter()
            .map(|path| {
                path.strip_prefix(dir.path())
                    .expect("inside")
                    .display()
                    .to_string()
            })
            .collect()
    };
    assert_eq!(
        find(dir.path(), &["*/x.parquet", "a/*"]),
        ["a/x.parquet", "a/y.csv", "b[1]/x.parquet"]
    );
    assert_eq!(find(&dir.path().join("b[1]"), &["*.csv"]), ["b[1]/y.csv"]);
    assert!(find(dir.path(), &["none/*"]).is_empty());
    assert!(find_sources(dir.path(), &["a***".to_owned()]).is_err());
    let file = hash_file(&dir.path().join("a/x.parquet")).expect("a readable file");
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        file.sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(file.size, 3);
    assert!(hash_file(&dir.path().join("absent")).is_err());
}

/// The decoder of the columns' description panics over sizes that no integer has.
#[test]
fn a_parquet_file_whose_footer_makes_the_decoder_panic_is_refused() {
    let dir = temporary();
    let rows = batch(vec![("x", Arc::new(Int64Array::from(vec![1, 2])))]);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).expect("a writer");
    writer.write(&rows).expect("written rows");
    writer.close().expect("a closed file");
    let start = position(&bytes, b"ARROW:schema") + b"ARROW:schema".len();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let start = start + position(&bytes[start..], b"/////");
    let length = bytes[start..]
        .iter()
        .take_while(|byte| is_base64(byte))
        .count();
    let described = BASE64_STANDARD.decode(&bytes[start..start + length]);
    let mut described = described.expect("the description is base64");
    let width = position(&described, &64_i32.to_le_bytes());
    described[width] = 63;
    let described = BASE64_STANDARD.encode(described);
    bytes[start..start + length].copy_from_slice(described.as_bytes());
    let path = write(dir.path(), "a.parquet", &bytes);
    let opened = ExtractReader::open(&path).map(|_| ());
    assert!(
        matches!(opened, Err(ReadError::NotParquet { .. })),
        "{opened:?}"
    );
}

fn position(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut windows = bytes.windows(wanted.len());
    windows
        .position(|window| window == wanted)
        .expect("it is there")
}
