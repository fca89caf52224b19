//! One extract on two threads: one reads and validates, the other encodes and writes.

use datafusion::common::runtime::SpawnedTask;
use tokio::sync::mpsc;

use super::error::{IngestError, RefusalReason};
use super::find::Delivery;
use super::reader::ExtractReader;
use super::receipt::{DeliveryMode, Receipt};
use super::validate::{SortedRows, Validator};
use super::validate_error::ValidateError;
use crate::event::DeliveryEvent;
use crate::lake::TableWriter;

/// Validated batches that may wait for the writer.
const BATCHES_AHEAD: usize = 3;

/// Where the rows of one delivery go.
pub(super) struct Writers {
    pub(super) accepted: TableWriter,
    pub(super) rejects: TableWriter,
}

impl Writers {
    /// Removes what was written, because the delivery is refused.
    pub(super) async fn give_up(
        self,
        reason: RefusalReason,
    ) -> Result<Result<(Receipt, u64), RefusalReason>, IngestError> {
        self.accepted.abort().await?;
        self.rejects.abort().await?;
        Ok(Err(reason))
    }
}

/// How the reading of one delivery ended.
pub(super) enum ReadOutcome {
    Done(Box<Validator>),
    Refused(RefusalReason),
}

/// Starts to read and validate the extract `file` on a thread of its own.
pub(super) fn read<'a>(
    file: &'a str,
    reader: ExtractReader,
    validator: Validator,
    observer: &'a (dyn Fn(DeliveryEvent) + Send + Sync),
) -> ReadingTask<'a> {
    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let task = SpawnedTask::spawn_blocking(move || {
        let mut validator = validator;
        for raw in reader {
            let validated = validator.validate(&raw.map_err(ReadingError::Read)?);
            let validated = validated.map_err(ReadingError::Validate)?;
            if sender.blocking_send(validated).is_err() {
                return Err(ReadingError::WriterGone);
            }
        }
        Ok(validator)
    });
    ReadingTask {
        file,
        observer,
        batches,
        task,
    }
}

/// Why the reading thread stopped early.
enum ReadingError {
    Read(RefusalReason),
    Validate(ValidateError),
    WriterGone,
}

/// An extract that is being read; its batches wait in a bounded queue.
pub(super) struct ReadingTask<'a> {
    file: &'a str,
    observer: &'a (dyn Fn(DeliveryEvent) + Send + Sync),
    batches: mpsc::Receiver<SortedRows>,
    task: SpawnedTask<Result<Validator, ReadingError>>,
}

impl ReadingTask<'_> {
    /// Writes the batches as they come, until the extract has been read.
    pub(super) async fn write_to(
        mut self,
        writers: &mut Writers,
        id: i32,
        delivery: &Delivery,
    ) -> Result<ReadOutcome, IngestError> {
        // A withdrawal names keys; its rows are not kept.
        let writes_rows = delivery.mode != DeliveryMode::Withdraw;
        let n_bytes = delivery.source.size;
        let mut n_batches = 0_u64;
        while let Some(batch) = self.batches.recv().await {
            if writes_rows {
                writers
                    .accepted
                    .write(&batch.accepted.to_lake_batch(id))
                    .await?;
            }
            if !batch.rejects.is_empty() {
                writers.rejects.write(&batch.rejects.to_batch(id)).await?;
            }
            n_batches += 1;
            // The reader does not tell how far it is; the bar approaches the end without reaching it.
            let done = n_bytes - n_bytes / (1 + n_batches / 4);
            let file = self.file.to_owned();
            (self.observer)(DeliveryEvent::Progress {
                file,
                n_bytes: done,
            });
        }
        let worker = || IngestError::Worker {
            file: self.file.to_owned(),
        };
        match self.task.join().await.map_err(|_| worker())? {
            Ok(validator) => Ok(ReadOutcome::Done(Box::new(validator))),
            Err(ReadingError::Read(reason)) => Ok(ReadOutcome::Refused(reason)),
            Err(ReadingError::Validate(source)) => Err(IngestError::Validate {
                file: self.file.to_owned(),
                source,
            }),
            Err(ReadingError::WriterGone) => Err(worker()),
        }
    }
}
