//! Choice of format, the binary formats read back, and the errors a user can meet.

use std::io::{self, Cursor};
use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::ValueEnum as _;
use datafusion::arrow::array::types::Int8Type;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int64Array, ListArray, StringArray,
};
use datafusion::arrow::datatypes::Int32Type;
use datafusion::arrow::ipc::reader::FileReader;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

fn options(format: Format) -> WriteOptions {
    WriteOptions {
        format,
        max_width: None,
        is_scrolled: false,
        null_text: None,
        color: false,
    }
}

/// A destination that can be looked at after the writer is done with it.
#[derive(Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader that went away.
struct ClosedPipe;

impl Write for ClosedPipe {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

/// Two batches whose dictionaries differ.
fn batches() -> Vec<RecordBatch> {
    let batch = |word: &str, number: f64| {
        let words: DictionaryArray<Int8Type> = vec![Some(word), None].into_iter().collect();
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
            Some(vec![Some(1), None]),
            None,
        ]);
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            (
                "id",
                Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
                true,
            ),
            ("word", Arc::new(words), true),
            ("list", Arc::new(lists), true),
            (
                "x",
                Arc::new(Float64Array::from(vec![Some(number), None])),
                true,
            ),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    vec![batch("保険者", 0.1), batch("事業主", 1e-300)]
}

fn write(format: Format, batches: &[RecordBatch]) -> Vec<u8> {
    let out = SharedBuffer::default();
    let schema = batches[0].schema();
    let mut writer = ResultWriter::new(out.clone(), schema, options(format), &[]).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    let n_rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(writer.finish().unwrap(), n_rows as u64);
    std::mem::take(&mut *out.0.lock().unwrap())
}

/// Compares with [`batches`] by value, whatever the batch sizes.
#[track_caller]
fn check_values(read: &[RecordBatch]) {
    let read = datafusion::arrow::compute::concat_batches(read[0].schema_ref(), read).unwrap();
    assert_eq!(read.num_rows(), 4);
    let ids = read
        .column(0)
        .as_primitive::<datafusion::arrow::datatypes::Int64Type>();
    assert_eq!(
        ids,
        &Int64Array::from(vec![Some(i64::MAX), None, Some(i64::MAX), None])
    );
    let words = cast(read.column(1), &DataType::Utf8).unwrap();
    let expected = StringArray::from(vec![Some("保険者"), None, Some("事業主"), None]);
    assert_eq!(words.as_string::<i32>(), &expected);
    assert_eq!(read.column(2).as_list::<i32>().value(0).len(), 2);
    assert!(read.column(2).is_null(3));
    let floats = read
        .column(3)
        .as_primitive::<datafusion::arrow::datatypes::Float64Type>();
    assert_eq!(
        floats,
        &Float64Array::from(vec![Some(0.1), None, Some(1e-300), None])
    );
}

#[test]
fn suffixes_choose_the_format() {
    let format = |path: &str| Format::from_path(Path::new(path));
    assert_eq!(format("out/a.b.CSV"), Some(Format::Csv));
    assert_eq!(format("a.jsonl"), Some(Format::Ndjson));
    assert_eq!(format("a.ndjson"), Some(Format::Ndjson));
    assert_eq!(format("結果.xlsx"), Some(Format::Xlsx));
    assert_eq!(format("a.txt"), Some(Format::Table));
    assert_eq!(format("a.md"), Some(Format::Markdown));
    assert_eq!(format("csv"), None);
    assert_eq!(format("a.csv.gz"), None);
}

#[test]
fn names_on_the_command_line_are_those_of_the_manual() {
    let names: Vec<String> = Format::value_variants()
        .iter()
        .map(|format| format.to_possible_value().unwrap().get_name().to_owned())
        .collect();
    let expected = [
        "table", "box", "vertical", "csv", "tsv", "json", "ndjson", "markdown", "html", "parquet",
        "arrow", "xlsx",
    ];
    assert_eq!(names, expected);
}

#[test]
fn parquet_reads_back() {
    let bytes = write(Format::Parquet, &batches());
    let file = tempfile::tempfile().unwrap();
    (&file).write_all(&bytes).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    check_values(&reader.collect::<Result<Vec<_>, _>>().unwrap());
}

#[test]
fn arrow_reads_back_although_each_batch_has_its_own_dictionary() {
    let bytes = write(Format::Arrow, &batches());
    let reader = FileReader::try_new(Cursor::new(bytes), None).unwrap();
    assert_eq!(reader.schema().field(1).data_type(), &DataType::Utf8);
    check_values(&reader.collect::<Result<Vec<_>, _>>().unwrap());
}

#[test]
fn every_format_counts_rows_and_writes_something() {
    for format in Format::value_variants() {
        let bytes = write(*format, &batches());
        assert!(!bytes.is_empty(), "{format:?}");
        assert_eq!(
            std::str::from_utf8(&bytes).is_err(),
            format.is_binary(),
            "{format:?}"
        );
    }
}

#[test]
fn two_columns_of_one_name_are_refused_where_one_would_be_lost() {
    let field = Field::new("id", DataType::Int64, true);
    let schema = Arc::new(Schema::new(vec![field.clone(), field]));
    for format in [Format::Json, Format::Ndjson, Format::Parquet, Format::Arrow] {
        let refused = ResultWriter::new(Vec::new(), Arc::clone(&schema), options(format), &[]);
        let message = refused.err().map(|error| error.to_string());
        let expected = "the result has two columns `id`; name them apart with `AS`";
        assert_eq!(message.as_deref(), Some(expected), "{format:?}");
    }
    assert!(ResultWriter::new(Vec::new(), schema, options(Format::Csv), &[]).is_ok());
}

#[test]
fn a_closed_pipe_is_told_apart_in_every_format() {
    let batches = batches();
    for format in Format::value_variants() {
        let attempt = || {
            let mut writer =
                ResultWriter::new(ClosedPipe, batches[0].schema(), options(*format), &[])?;
            writer.write(&batches[0])?;
            writer.finish()
        };
        let error = attempt().unwrap_err();
        assert!(error.is_broken_pipe(), "{format:?}: {error:?}");
    }
    let full = WriteError::from(io::Error::from(io::ErrorKind::StorageFull));
    assert!(!full.is_broken_pipe());
}
