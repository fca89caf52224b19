//! What is announced is what is sent.

use datafusion::arrow::array::{ArrayRef, DictionaryArray, StringViewArray};
use datafusion::arrow::datatypes::Int32Type;
use futures::TryStreamExt as _;

use super::*;

#[tokio::test]
async fn dictionaries_and_views_are_sent_as_plain_text_as_announced() {
    let words = DictionaryArray::<Int32Type>::from_iter(["a", "b", "a"].map(Some));
    let views =
        StringViewArray::from_iter([Some("long enough not to be inlined"), None, Some("x")]);
    let columns = [
        ("word", Arc::new(words) as ArrayRef),
        ("view", Arc::new(views) as ArrayRef),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let announced = sent_schema(&batch.schema(), Some("2 of 9 groups"));
    let types: Vec<&DataType> = announced.fields().iter().map(|f| f.data_type()).collect();
    assert_eq!(types, [&DataType::Utf8, &DataType::Utf8]);
    assert_eq!(announced.metadata()["korabo.kept_back"], "2 of 9 groups");

    let plain = Arc::new(plain_schema(&batch.schema(), Some("2 of 9 groups")));
    let batch = plain_batch(&batch, &plain).unwrap();
    let encoder = FlightDataEncoderBuilder::new().with_schema(plain);
    let messages = encoder.build(stream::iter([Ok(batch)]));
    let received = arrow_flight::decode::FlightRecordBatchStream::new_from_flight_data(messages);
    let received: Vec<RecordBatch> = received.try_collect().await.unwrap();
    assert_eq!(received[0].schema(), announced);
    assert_eq!(received[0].num_rows(), 3);
}
