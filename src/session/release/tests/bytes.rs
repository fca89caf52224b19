//! No byte of what is withheld is in what leaves: not in the arrays' buffers, and not in files made of them.

use std::sync::Arc;

use datafusion::arrow::array::types::{Int8Type, Int32Type};
use datafusion::arrow::array::*;
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{cast, nullif};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type as Int32, Schema, TimeUnit};
use datafusion::arrow::ipc::writer::{FileWriter, StreamWriter};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::parquet::arrow::ArrowWriter;

use super::{ReleasedRows, world};
use crate::session::release::copied::copied;

/// Four bytes that no shown value has: whole, or repeated in wider values.
const CANARY: i32 = 0x5AC3_A55C;
const TEXT: &str = "canary that is longer than twelve bytes";

/// Every byte of the buffers, children and dictionaries of an array.
fn bytes(data: &ArrayData) -> Vec<u8> {
    let mut all = Vec::new();
    for buffer in data.buffers() {
        all.extend_from_slice(buffer.as_slice());
    }
    for child in data.child_data() {
        all.extend(bytes(child));
    }
    all
}

fn has(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

fn has_canary(array: &dyn Array) -> bool {
    let all = bytes(&array.to_data());
    has(&all, &CANARY.to_le_bytes()) || has(&all, b"canary")
}

/// A shown value, a hidden one, one behind the array's own NULL, a shown one.
fn arrays() -> Vec<ArrayRef> {
    let whole: ArrayRef = Arc::new(Int32Array::from(vec![1, CANARY, CANARY, 2]));
    let wide = i64::from(CANARY.unsigned_abs()) << 32 | i64::from(CANARY.unsigned_abs());
    let long: ArrayRef = Arc::new(Int64Array::from(vec![1, wide, wide, 2]));
    let pattern = f64::from_bits(wide.unsigned_abs());
    let float: ArrayRef = Arc::new(Float64Array::from(vec![1.5, pattern, pattern, 2.5]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a", TEXT, TEXT, "b"]));
    let short: ArrayRef = Arc::new(StringArray::from(vec!["a", "canary", "canary", "b"]));
    let casts = |array: &ArrayRef, types: &[DataType]| {
        let cast = |data_type: &DataType| cast(array, data_type).unwrap();
        types.iter().map(cast).collect::<Vec<_>>()
    };
    let coded =
        |keys: DataType, values: DataType| DataType::Dictionary(Box::new(keys), Box::new(values));
    let mut all = vec![
        Arc::new(Float32Array::from(vec![
            1.0,
            f32::from_bits(CANARY.unsigned_abs()),
            f32::from_bits(CANARY.unsigned_abs()),
            2.0,
        ])) as ArrayRef,
        Arc::new(Decimal128Array::from(vec![
            1,
            i128::from(wide),
            i128::from(wide),
            2,
        ])),
    ];
    all.extend(casts(
        &whole,
        &[DataType::Int32, DataType::Date32, DataType::UInt32],
    ));
    all.extend(casts(
        &long,
        &[
            DataType::Int64,
            DataType::Timestamp(TimeUnit::Microsecond, Some("Asia/Tokyo".into())),
            DataType::Duration(TimeUnit::Second),
            DataType::Date64,
            coded(DataType::Int8, DataType::Int64),
        ],
    ));
    all.push(float);
    for text in [&text, &short] {
        all.extend(casts(
            text,
            &[
                DataType::Utf8,
                DataType::LargeUtf8,
                DataType::Utf8View,
                DataType::Binary,
                DataType::LargeBinary,
                DataType::BinaryView,
                coded(DataType::Int32, DataType::Utf8),
            ],
        ));
    }
    let nested = all.clone().into_iter().chain([whole]);
    all.extend(nested.flat_map(|inner| within(&inner)));
    all
}

/// The array within lists and a struct.
fn within(inner: &ArrayRef) -> [ArrayRef; 3] {
    let field = Arc::new(Field::new("item", inner.data_type().clone(), true));
    let ends = datafusion::arrow::buffer::OffsetBuffer::new(vec![0, 1, 2, 3, 4].into());
    let values = || (Arc::clone(&field), Arc::clone(inner));
    let (item, list) = values();
    let list = ListArray::new(item, ends, list, None);
    let (item, fixed) = values();
    let fixed = FixedSizeListArray::new(item, 1, fixed, None);
    let parts = StructArray::from(vec![values()]);
    [Arc::new(list), Arc::new(fixed), Arc::new(parts)]
}

/// The array with its third value NULL, the value itself still behind it.
fn with_null(array: &ArrayRef) -> ArrayRef {
    let nulls = NullBuffer::from(vec![true, true, false, true]);
    let data = array.to_data().into_builder().nulls(Some(nulls));
    make_array(data.build().unwrap())
}

#[test]
fn copies_of_every_type_hold_no_byte_of_a_hidden_value() {
    for array in arrays() {
        let name = array.data_type().clone();
        let array = with_null(&array);
        let hidden = BooleanArray::from(vec![false, true, false, false]);
        if let Ok(nullified) = nullif(&array, &hidden) {
            assert!(has_canary(&nullified), "{name}: the search finds nothing");
        }
        let rows = [Some(0), None, Some(2), Some(3)];
        let copy = copied(&array, &rows).unwrap();
        assert_eq!(copy.data_type(), &name);
        assert!(!has_canary(&copy), "{name}");
        let texts = |array: &ArrayRef, row: usize| array_value_to_string(array, row).unwrap();
        for row in [0, 3] {
            assert_eq!(texts(&copy, row), texts(&array, row), "{name}");
        }
        assert!(copy.is_null(1) && copy.is_null(2), "{name}");
        let left = copied(&array, &[Some(3), Some(0)]).unwrap();
        assert!(left.len() == 2 && !has_canary(&left), "{name}");
    }
}

#[test]
fn bits_behind_null_are_zero() {
    let yes = BooleanArray::from(vec![false, true, true, false]);
    let copy = copied(
        &with_null(&(Arc::new(yes) as ArrayRef)),
        &[None, None, Some(2)],
    )
    .unwrap();
    assert_eq!(bytes(&copy.to_data()), [0]);
    let tiny: ArrayRef = Arc::new(Int8Array::from(vec![1, 77, 77, 2]));
    let copy = copied(&with_null(&tiny), &[Some(0), Some(2), None]).unwrap();
    assert_eq!(bytes(&copy.to_data()), [1, 0, 0]);
}

#[test]
fn types_that_no_result_has_are_refused() {
    let keys = DictionaryArray::<Int8Type>::from_iter(["a"]);
    assert!(copied(&(Arc::new(keys) as ArrayRef), &[Some(0)]).is_ok());
    let runs = RunArray::<Int32Type>::from_iter(["a", "b"]);
    assert!(copied(&(Arc::new(runs) as ArrayRef), &[Some(0)]).is_err());
}

/// The files that leave, of some rows.
fn files(batch: &RecordBatch) -> Vec<Vec<u8>> {
    let mut file = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    file.write(batch).unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(batch).unwrap();
    let mut parquet = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    parquet.write(batch).unwrap();
    vec![
        file.into_inner().unwrap(),
        stream.into_inner().unwrap(),
        parquet.into_inner().unwrap(),
    ]
}

#[test]
fn files_made_of_released_rows_hold_none_of_the_others() {
    let numbers = Int32Array::from(vec![1, CANARY, 3, CANARY]);
    let texts: Vec<&str> = vec!["a", "canary", "b", "c"];
    let coded: DictionaryArray<Int32> = texts.iter().copied().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(coded)),
        (
            "text",
            Arc::new(StringViewArray::from(vec!["a", TEXT, "b", "c"])),
        ),
        ("n", Arc::new(numbers)),
        ("measured", Arc::new(Int32Array::from(vec![CANARY; 4]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let hidden: [Option<&[bool]>; 3] = [None, None, Some(&[false, true, false, true])];
    let released = ReleasedRows::of(&batch, |row| row != 1, &hidden).unwrap();
    let found = |files: Vec<Vec<u8>>| {
        let found = files
            .iter()
            .map(|file| has(file, &CANARY.to_le_bytes()) || has(file, b"canary"));
        found.collect::<Vec<_>>()
    };
    assert_eq!(found(files(&batch)), [true; 3]);
    assert_eq!(found(files(released.rows())), [false; 3]);
    assert_eq!(released.rows().num_rows(), 3);
    let names = released.rows().schema();
    let names: Vec<_> = names.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["key", "text", "n"]);
    let nothing = Schema::empty();
    let nothing = RecordBatch::new_empty(Arc::new(nothing));
    assert_eq!(
        ReleasedRows::of(&nothing, |_| true, &[])
            .unwrap()
            .rows()
            .num_rows(),
        0
    );
}

#[tokio::test]
async fn neither_hidden_groups_nor_hidden_means_are_in_the_rows_of_a_statement() {
    let sql = "SELECT concat('region number ', region) AS key, count(*) FILTER (WHERE smoker) AS n, avg(cost) AS m,
                      avg(cost) FILTER (WHERE smoker) AS s FROM panel GROUP BY region";
    let (session, rules) = world().await;
    let plain = session.plan(sql, &[]).await.unwrap();
    let (released, _) = session.release(plain.clone(), &rules).await.unwrap();
    let plain = plain.collect().await.unwrap();
    let released = released.collect().await.unwrap();
    let mut n_hidden = 0;
    for batch in &plain {
        let keys = batch.column(0).as_string::<i32>();
        let mut hidden = Vec::new();
        for row in 0..batch.num_rows() {
            let key = keys.value(row);
            let numbers: Vec<_> = (1..4)
                .map(|column| batch.column(column).slice(row, 1).to_data())
                .map(|data| data.buffers()[0][8 * data.offset()..8 * data.offset() + 8].to_vec())
                .collect();
            match key {
                "region number 4" => hidden.extend([numbers[0].clone(), numbers[2].clone()]),
                "region number 3" => {}
                _ => hidden.extend([key.as_bytes().to_vec(), numbers[1].clone()]),
            }
        }
        for batch in &released {
            let files = files(batch);
            let arrays: Vec<_> = batch
                .columns()
                .iter()
                .map(|array| bytes(&array.to_data()))
                .collect();
            for part in &hidden {
                n_hidden += 1;
                assert!(arrays.iter().all(|bytes| !has(bytes, part)), "{part:?}");
                // A small count's bytes are in the files' own words too.
                let is_telling = part.iter().filter(|byte| **byte != 0).count() > 1;
                let is_clean = files.iter().all(|bytes| !has(bytes, part));
                assert!(is_clean || !is_telling, "{part:?}");
            }
        }
    }
    assert!(n_hidden >= 6, "{n_hidden}");
}
