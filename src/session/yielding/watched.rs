//! A nested loop join on a thread of its own, whose condition fails once the join's rows have no reader any more.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use futures::{Stream, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

/// Batches that wait for the reader.
const WAITING: usize = 2;
/// Threads for joins at most, in the whole program; further ones run where they are asked for rows. A join waits on its thread
/// for joins below it, so a runtime must allow this many blocking threads and more for what reads files.
pub(crate) const JOIN_THREADS: usize = 128;

/// Threads that joins have now.
static THREADS: LazyLock<LiveCount> = LazyLock::new(LiveCount::default);

/// How many of something there are now, as of streams of a join's rows that are being read.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveCount(Arc<AtomicUsize>);

/// One more of what is counted, until it is dropped.
#[derive(Debug)]
struct CountGuard(Arc<AtomicUsize>);

impl LiveCount {
    fn add_one(&self) -> CountGuard {
        self.0.fetch_add(1, Ordering::Relaxed);
        CountGuard(Arc::clone(&self.0))
    }

    fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The same join with a condition that watches its readers.
pub(super) fn join(
    join: &NestedLoopJoinExec,
    readers: &LiveCount,
) -> Result<Arc<dyn ExecutionPlan>> {
    let filter = join.filter().map(|filter| {
        let condition = Arc::new(WatchedCondition {
            condition: Arc::clone(filter.expression()),
            readers: readers.clone(),
        });
        let columns = filter.column_indices().to_vec();
        JoinFilter::new(condition, columns, Arc::clone(filter.schema()))
    });
    let join = NestedLoopJoinExecBuilder::from(join).with_filter(filter);
    Ok(Arc::new(join.build()?))
}

/// The rows of `input`, which runs on a thread of its own until all are read or the stream is dropped.
pub(super) fn on_own_thread(
    mut input: SendableRecordBatchStream,
    readers: &LiveCount,
) -> SendableRecordBatchStream {
    let reader = readers.add_one();
    let thread = THREADS.add_one();
    if THREADS.now() > JOIN_THREADS {
        return Box::pin(CountedStream {
            rows: input,
            _reader: reader,
        });
    }
    let mut rows = RecordBatchReceiverStream::builder(input.schema(), WAITING);
    let (sender, runtime) = (rows.tx(), Handle::current());
    rows.spawn_blocking(move || {
        let _thread = thread;
        runtime.block_on(async move {
            // A join that still gathers its input neither sends rows nor looks at its condition: it ends here when its rows
            // are no longer read, and with it the joins below it.
            tokio::select! {
                () = pass_on(&mut input, &sender) => {}
                () = sender.closed() => {}
            }
            Ok(())
        })
    });
    Box::pin(CountedStream {
        rows: rows.build(),
        _reader: reader,
    })
}

/// Sends all rows of `input`, until they are no longer read.
async fn pass_on(input: &mut SendableRecordBatchStream, sender: &Sender<Result<RecordBatch>>) {
    while let Some(batch) = input.next().await {
        if sender.send(batch).await.is_err() {
            break;
        }
    }
}

/// Rows and the mark that they are read.
struct CountedStream {
    rows: SendableRecordBatchStream,
    _reader: CountGuard,
}

impl Stream for CountedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.poll_next_unpin(context)
    }
}

impl RecordBatchStream for CountedStream {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }
}

/// A condition as it is, and an error when the rows it is for have no reader.
#[derive(Debug)]
struct WatchedCondition {
    condition: Arc<dyn PhysicalExpr>,
    readers: LiveCount,
}

impl PartialEq for WatchedCondition {
    fn eq(&self, other: &Self) -> bool {
        self.condition.eq(&other.condition)
    }
}

impl Eq for WatchedCondition {}

impl Hash for WatchedCondition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.condition.hash(state);
    }
}

impl fmt::Display for WatchedCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl PhysicalExpr for WatchedCondition {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.condition.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.condition.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.condition.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.readers.now() == 0 {
            // This message reaches no reader.
            return Err(DataFusionError::Execution(
                "the rows have no reader left".to_owned(),
            ));
        }
        self.condition.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.condition]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Self {
            condition: children.swap_remove(0),
            readers: self.readers.clone(),
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}
