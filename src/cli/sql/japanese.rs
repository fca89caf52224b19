//! `HELP` and `SHOW RELATIONS` in Japanese: the same rows with their texts looked up.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, StringArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::prelude::DataFrame;

use crate::cli::failure::Failure;
use crate::functions::result_columns;
use crate::session::inquiry::Inquiry;
use crate::session::{Session, SessionError};
use crate::words::Phrasebook;

/// What a statement asks for help on: `None` where it asks for something else, nothing within where it asks for all.
pub(super) fn topic<Q>(inquiry: &Inquiry<Q>) -> Option<Option<String>> {
    match inquiry {
        Inquiry::Help(topic) => Some(topic.clone()),
        Inquiry::Relations => Some(None),
        _ => None,
    }
}

/// The rows of `help`, which is about `topic`, in Japanese.
pub(super) async fn translated(
    help: DataFrame,
    topic: Option<&str>,
    session: &Session,
    phrasebook: &Phrasebook,
) -> Result<DataFrame, Failure> {
    let schema = Arc::new(help.schema().as_arrow().clone());
    let batches = help.collect().await.map_err(SessionError::from)?;
    let failed = |error| SessionError::from(DataFusionError::from(error));
    let batch = concat_batches(&schema, &batches).map_err(failed)?;
    let topic = topic.map(str::to_lowercase);
    let results: Vec<_> = topic
        .iter()
        .flat_map(|relation| result_columns(relation))
        .collect();
    let said = |text: &str| {
        let result = results.iter().find(|column| column.en == text);
        result.map_or_else(|| phrasebook.say(text), |column| column.ja.to_owned())
    };
    let fields = schema.fields().iter().zip(batch.columns());
    let columns = fields.map(|(field, column)| -> ArrayRef {
        let is_said = matches!(field.name().as_str(), "text" | "description");
        match is_said && *field.data_type() == DataType::Utf8 {
            true => {
                let texts = column.as_string::<i32>().iter();
                Arc::new(texts.map(|text| text.map(&said)).collect::<StringArray>())
            }
            false => Arc::clone(column),
        }
    });
    let columns = columns.collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(failed)?;
    Ok(session.rows(batch)?)
}
