//! Rows that leave a table when a correction, a withdrawal or a delivery that is ingested again comes in.

use std::collections::HashSet;

use datafusion::arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{filter_record_batch, not, or};
use datafusion::arrow::datatypes::Int32Type;

use super::error::IngestError;
use super::validate::KnownKeys;
use super::validate_error::ValidateError;
use crate::contract::DELIVERY_ID;
use crate::lake::{LakeTable, TableWriter};
use crate::withdrawals::{PersonColumns, WithdrawnKeys};

/// Which rows leave.
#[derive(Default)]
pub(super) struct OutgoingRows<'a> {
    /// Those of this delivery.
    pub(super) delivery_id: Option<i32>,
    /// Those with one of these keys.
    pub(super) keys: Option<&'a KnownKeys>,
    /// Those that are of a withdrawn person by these columns.
    pub(super) persons: Option<(&'a WithdrawnKeys, &'a PersonColumns)>,
}

impl OutgoingRows<'_> {
    pub(super) fn are_some(&self) -> bool {
        self.delivery_id.is_some() || self.keys.is_some() || self.persons.is_some()
    }

    /// A flag for each row of a batch with the columns of the keys, and the delivery's where one is given.
    fn flags(&self, batch: &RecordBatch) -> Result<BooleanArray, ValidateError> {
        let by_key = self.keys.map(|keys| keys.contained(batch)).transpose()?;
        let by_delivery = self.delivery_id.map(|id| {
            let column = batch.column_by_name(DELIVERY_ID);
            let ids = column
                .expect("every raw table has it")
                .as_primitive::<Int32Type>();
            ids.iter().map(|of_row| Some(of_row == Some(id))).collect()
        });
        let by_person = self.persons;
        let by_person = by_person.map(|(withdrawn, columns)| withdrawn.in_batch(batch, columns));
        let none = BooleanArray::from(vec![false; batch.num_rows()]);
        let flags = [by_key, by_delivery, by_person].into_iter().flatten();
        Ok(flags.fold(none, |all, flags| {
            or(&all, &flags).expect("one flag per row in both")
        }))
    }

    /// The rows of a batch that stay.
    pub(super) fn rest_of(&self, batch: &RecordBatch) -> Result<RecordBatch, ValidateError> {
        if !self.are_some() {
            return Ok(batch.clone());
        }
        Ok(without(batch, &self.flags(batch)?))
    }
}

fn without(batch: &RecordBatch, flags: &BooleanArray) -> RecordBatch {
    let rest = not(flags).and_then(|stays| filter_record_batch(batch, &stays));
    rest.expect("one flag per row of the batch")
}

/// Files that a correction replaces, and how many of their rows are gone.
#[derive(Default)]
pub(super) struct Removal {
    pub(super) files: HashSet<String>,
    pub(super) n_rows: u64,
}

/// Rewrites the files of `table` that hold outgoing rows, without those rows.
pub(super) async fn rewrite_without(
    table: &LakeTable,
    outgoing: &OutgoingRows<'_>,
    writer: &mut TableWriter,
) -> Result<Removal, IngestError> {
    let mut removal = Removal::default();
    for file in &table.files {
        let one = table.with_files(|other| other.path == file.path);
        // Kept until the file is known to lose rows; one that does not stays as it is.
        let mut kept = Vec::new();
        let mut n_gone = 0_u64;
        for batch in one.read(None)? {
            let batch = batch?;
            let goes = outgoing
                .flags(&batch)
                .map_err(|source| IngestError::Validate {
                    file: table.name.clone(),
                    source,
                })?;
            n_gone += goes.true_count() as u64;
            kept.push((batch, goes));
        }
        if n_gone == 0 {
            continue;
        }
        for (batch, goes) in kept {
            writer.write(&without(&batch, &goes)).await?;
        }
        removal.files.insert(file.path.clone());
        removal.n_rows += n_gone;
    }
    Ok(removal)
}
