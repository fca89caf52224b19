//! A statement's rows on their way to a client. They are computed on the statement's own threads and wait there
//! until the client has taken the ones before; when the client goes away, the statement ends.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::runtime::SpawnedTask;
use futures::future::{BoxFuture, Fuse, Shared};
use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use prost::bytes::Bytes;
use tokio::sync::mpsc;
use tonic::Status;

use super::error::data_status;
use super::statement::RunningStatement;
use super::threads::Threads;
use crate::config::ServeLimits;
use crate::session::inquiry::StatementAnswer;

/// Messages that wait for the client.
const WAITING: usize = 2;

/// Under which key of the columns' metadata clients find how much of an answer stayed back.
const NOTE: &str = "korabo.kept_back";

/// The columns as they are sent: without dictionaries and views, which not every client reads.
pub(super) fn sent_schema(schema: &Schema, note: Option<&str>) -> SchemaRef {
    let plain = Arc::new(plain_schema(schema, note));
    let encoder = FlightDataEncoderBuilder::new().with_schema(Arc::clone(&plain));
    encoder
        .build(stream::empty())
        .known_schema()
        .unwrap_or(plain)
}

fn plain_schema(schema: &Schema, note: Option<&str>) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let data_type = match field.data_type() {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            _ => return Arc::clone(field),
        };
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    });
    let mut metadata = schema.metadata().clone();
    metadata.extend(note.map(|note| (NOTE.to_owned(), note.to_owned())));
    Schema::new_with_metadata(fields.collect::<Vec<FieldRef>>(), metadata)
}

fn plain_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(
            |(column, field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => cast(column, field.data_type()),
            },
        );
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns.collect::<Result<_, _>>()?,
        &options,
    )
}

/// Resolves when a statement takes too long or holds too much.
type BeyondLimits = Shared<BoxFuture<'static, Status>>;

/// To be called in a runtime whose clock is not held up by statements.
fn beyond_limits(threads: &mut Threads<RunningStatement>, time: Duration) -> BeyondLimits {
    let told = std::mem::replace(&mut threads.too_large, Fuse::terminated());
    let first = SpawnedTask::spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(time) => too_long(time),
            Ok(()) = told => too_large(),
        }
    });
    let status = first
        .join()
        .map(|status| status.unwrap_or_else(|_| Status::internal("the server is ending")));
    status.boxed().shared()
}

/// Rows as messages. What was started ends when this is dropped.
pub(super) struct Answer {
    messages: mpsc::Receiver<Result<FlightData, Status>>,
    task: SpawnedTask<()>,
    beyond_limits: BeyondLimits,
    is_done: bool,
    // Dropped after the task: it is stopped, then its threads end.
    threads: Threads<RunningStatement>,
}

impl Answer {
    /// Starts a planned statement on its threads. Its clock is that of the runtime this is called in.
    pub(super) fn start(
        mut threads: Threads<RunningStatement>,
        shown: StatementAnswer,
        limits: ServeLimits,
        sent: Arc<AtomicU64>,
    ) -> Self {
        let (sender, messages) = mpsc::channel(WAITING);
        let beyond_limits = beyond_limits(&mut threads, limits.time);
        let stopped = beyond_limits.clone();
        let work = async move {
            // Also when the client does not read: what the statement holds is released first, then the client is told.
            let result = tokio::select! {
                result = send(shown, &sender, sent, limits.rows) => result,
                status = stopped => Err(status),
            };
            if let Err(status) = result {
                // There is no one to tell when the client is gone.
                drop(sender.send(Err(status)).await);
            }
        };
        Self {
            messages,
            task: threads.spawn(work),
            beyond_limits,
            is_done: false,
            threads,
        }
    }

    fn fail(&mut self, status: Status) -> Poll<Option<Result<FlightData, Status>>> {
        self.is_done = true;
        self.messages.close();
        if let Some(running) = self.threads.occupied() {
            running.ends(&status);
        }
        Poll::Ready(Some(Err(status)))
    }
}

/// Runs the statement and sends what it gives; an error ends it.
async fn send(
    shown: StatementAnswer,
    sender: &mpsc::Sender<Result<FlightData, Status>>,
    sent: Arc<AtomicU64>,
    most_rows: Option<u64>,
) -> Result<(), Status> {
    let rows = shown.frame.execute_stream().await.map_err(data_status)?;
    let plain = Arc::new(plain_schema(&rows.schema(), shown.note.as_deref()));
    let columns = Arc::clone(&plain);
    let batches = rows.map(move |batch| {
        let batch = batch.map_err(data_status)?;
        let n_rows = batch.num_rows() as u64;
        let n_sent = sent.fetch_add(n_rows, Ordering::Relaxed) + n_rows;
        if let Some(most) = most_rows.filter(|most| n_sent > *most) {
            return Err(FlightError::from(too_many_rows(most)));
        }
        plain_batch(&batch, &columns).map_err(|error| data_status(error.into()).into())
    });
    let mut encoder = FlightDataEncoderBuilder::new()
        .with_schema(plain)
        .build(batches);
    while let Some(message) = encoder.next().await {
        let mut message = message?;
        for bytes in [&mut message.data_header, &mut message.data_body] {
            *bytes = without_spare(std::mem::take(bytes));
        }
        if sender.send(Ok(message)).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The same bytes in an allocation of just their size, so that what is handed over is known.
fn without_spare(bytes: Bytes) -> Bytes {
    let mut bytes = Vec::from(bytes);
    bytes.shrink_to_fit();
    Bytes::from(bytes)
}

fn too_many_rows(most: u64) -> Status {
    Status::resource_exhausted(format!(
        "the result has more than {most} rows; ask for fewer, or raise `max_rows` in [serve]"
    ))
}

/// What a client is told when its statement took too long.
pub(super) fn too_long(limit: Duration) -> Status {
    Status::deadline_exceeded(format!(
        "the statement took longer than {} s and was stopped; ask for fewer rows or columns, or raise \
         `max_seconds` in [serve]",
        limit.as_secs_f64()
    ))
}

/// What a client is told when all statements hold too much together, and its own holds most.
pub(super) fn too_large() -> Status {
    Status::resource_exhausted(
        "the statement was stopped: all statements together held more memory than the server may use, and this one held \
         most; ask for fewer rows or columns, or raise `--memory-limit`",
    )
}

impl Stream for Answer {
    type Item = Result<FlightData, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        if let Poll::Ready(status) = self.beyond_limits.poll_unpin(context) {
            return self.fail(status);
        }
        match ready!(self.messages.poll_recv(context)) {
            Some(Ok(message)) => {
                // Released when it is sent, by the threads that talk to clients.
                let bytes = message.data_header.len() + message.data_body.len();
                self.threads.hand_over(bytes);
                Poll::Ready(Some(Ok(message)))
            }
            Some(Err(status)) => self.fail(status),
            // The channel also closes when the task panicked: only its own end says that all is sent.
            None => match ready!(self.task.poll_unpin(context)) {
                Ok(()) => {
                    self.is_done = true;
                    if let Some(running) = self.threads.occupied() {
                        running.mark_complete();
                    }
                    Poll::Ready(None)
                }
                Err(_) => self.fail(Status::internal(
                    "the statement failed through a bug in korabo",
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests;
