//! What is remembered of a published table is what its log says.

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::record_batch::RecordBatch;

use super::*;
use crate::lake::storable_schema;

fn batch(places: &[&str]) -> RecordBatch {
    let n_rows = places.len();
    let number: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n_rows as i64));
    let plain = TimestampMicrosecondArray::from(vec![1_700_000_000_000_000; n_rows]);
    let zoned = plain.clone().with_timezone("UTC");
    let columns = [
        ("number", number),
        ("plain", Arc::new(plain) as ArrayRef),
        ("zoned", Arc::new(zoned)),
        ("place", Arc::new(StringArray::from(places.to_vec()))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

async fn publish(lake: &Lake, batch: &RecordBatch, partition_by: &[String]) -> u64 {
    let schema = storable_schema("t", &batch.schema()).unwrap();
    let mut writer = lake.writer("t", schema, partition_by).unwrap();
    writer.write(batch).await.unwrap();
    let staged = writer.close().await.unwrap();
    let provenance = Provenance {
        query_text: Some("select '健診'".to_owned()),
        ..Provenance::of_raw(None)
    };
    let published = lake.publish("t", staged, PublishMode::Overwrite, &provenance);
    published.await.unwrap()
}

/// Everything about a table but the order of its files.
fn facts(table: LakeTable) -> impl PartialEq + std::fmt::Debug {
    let mut files: Vec<_> = table
        .files
        .iter()
        .map(|file| {
            let values: std::collections::BTreeMap<_, _> =
                file.partition_values.clone().into_iter().collect();
            let is_there = table.file_path(file).is_file();
            (file.path.clone(), file.size, file.n_rows, values, is_there)
        })
        .collect();
    files.sort();
    (
        table.version,
        table.schema,
        table.partition_by,
        files,
        table.provenance,
    )
}

#[tokio::test]
async fn what_was_published_is_known_as_another_process_reads_it() {
    for partition_by in [vec![], vec!["place".to_owned()]] {
        let folder = tempfile::tempdir().unwrap();
        // A folder name as users choose them.
        let root = folder.path().join("健保 50% #1");
        let lake = Lake::open(&root).unwrap();
        for version in 0..3 {
            // Values that cannot be names of partition folders.
            let places = ["東京 / 新宿", "a=b%", "x"];
            let batch = batch(&places[..3 - version as usize]);
            assert_eq!(publish(&lake, &batch, &partition_by).await, version);
            let known = lake.table("t").await.unwrap().unwrap();
            let other = Lake::open(&root).unwrap();
            let read = other.table("t").await.unwrap().unwrap();
            assert!(read.provenance.is_some() && read.n_rows() == Some(batch.num_rows() as u64));
            let n_read: usize = read
                .read(None)
                .unwrap()
                .map(|batch| batch.unwrap().num_rows())
                .sum();
            assert_eq!(n_read, batch.num_rows());
            assert_eq!(facts(known), facts(read));
            assert_eq!(lake.remove_leftovers("t").await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn a_table_that_gains_times_without_a_zone_requires_readers_that_know_them() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let with_plain = batch(&["x"]);
    let without = with_plain.project(&[0, 2, 3]).unwrap();
    for (version, batch) in [&without, &with_plain, &without].into_iter().enumerate() {
        assert_eq!(publish(&lake, batch, &[]).await, version as u64);
        let other = Lake::open(folder.path()).unwrap();
        let read = other.table("t").await.unwrap().unwrap();
        assert_eq!(read.schema.fields().len(), batch.num_columns());
        let commit = format!("t/_delta_log/{version:020}.json");
        let commit = fs_err::read_to_string(folder.path().join(commit)).unwrap();
        let needs = commit.contains("\"readerFeatures\":[\"timestampNtz\"]");
        assert_eq!(needs, version == 1, "{commit}");
    }
}
