//! Joins that yield. The engine's joins compare all pairs of a batch before another task has a turn: a join of millions with
//! millions then holds its thread for hours, also when its statement was stopped. Here joins by key get their input in pieces
//! and yield their thread every few milliseconds, which is where what was stopped ends; joins by another condition run on
//! threads of their own and check before every comparison whether their rows still have a reader.

mod watched;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::common::{JoinSide, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use futures::{Stream, StreamExt as _};

use super::passing::{Pass, step};
pub(crate) use watched::JOIN_THREADS;
use watched::LiveCount;

/// The name in plans of the step that yields.
pub(super) const STEP: &str = "YieldExec";
/// The longest that a join by key is to hold its thread.
const TURN: Duration = Duration::from_millis(10);
/// By how much the pieces of an input grow or shrink.
const FACTOR: usize = 8;

/// The rule of the physical optimizer. It must be the last: the others do not know the steps that it adds.
#[derive(Debug)]
pub(super) struct YieldingJoins;

impl PhysicalOptimizerRule for YieldingJoins {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(with_yielding).data()
    }

    fn name(&self) -> &'static str {
        "YieldingJoins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn with_yielding(plan: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        let readers = LiveCount::default();
        let left = step(Arc::clone(join.left()), YieldMode::Anew(Arc::default()));
        let inputs = vec![left, Arc::clone(join.right())];
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
        let join = watched::join(join, &readers)?.replace_children(inputs, options)?;
        return Ok(Transformed::yes(step(join, YieldMode::OwnThread(readers))));
    }
    let [left, right] = plan.children()[..] else {
        return Ok(Transformed::no(plan));
    };
    let (left, right) = (Arc::clone(left), Arc::clone(right));
    let inputs = if plan.is::<HashJoinExec>() {
        [left, step(right, YieldMode::Pieces)]
    } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
        match SortMergeJoinExec::probe_side(&join.join_type()) {
            JoinSide::Right => [left, step(right, YieldMode::Pieces)],
            _ => [step(left, YieldMode::Pieces), right],
        }
    } else if plan.is::<CrossJoinExec>() {
        [left, right]
    } else {
        return Ok(Transformed::no(plan));
    };
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
    let join = plan.replace_children(inputs.into(), options)?;
    Ok(Transformed::yes(step(join, YieldMode::Turns)))
}

/// When a step yields its thread.
#[derive(Debug, Clone)]
enum YieldMode {
    /// After every turn of [`TURN`], between two batches.
    Turns,
    /// The same; batches come in pieces with so many rows that the join takes about a turn for each. The first piece is one row.
    Pieces,
    /// It is not held: the input runs on a thread of its own. The readers of its rows are counted.
    OwnThread(LiveCount),
    /// Not at all: the input of a nested loop join, which the engine starts a second time, from the same plan, when its rows
    /// do not fit into memory. Most plans run once only: the second run is one of a new copy.
    Anew(Arc<AtomicBool>),
}

impl Pass for YieldMode {
    const STEP: &'static str = STEP;

    fn rows(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if let Self::Anew(has_run) = self
            && has_run.swap(true, Ordering::Relaxed)
        {
            return reset_plan_states(Arc::clone(input))?.execute(partition, context);
        }
        let input = input.execute(partition, context)?;
        let is_in_pieces = match self {
            Self::OwnThread(readers) => return Ok(watched::on_own_thread(input, readers)),
            Self::Anew(_) => return Ok(input),
            Self::Pieces => true,
            Self::Turns => false,
        };
        Ok(Box::pin(YieldingStream {
            input,
            is_in_pieces,
            rest: None,
            size: 1,
            given_at: None,
            turn_began: None,
        }))
    }
}

struct YieldingStream {
    input: SendableRecordBatchStream,
    is_in_pieces: bool,
    /// What of the last batch was not passed on yet.
    rest: Option<RecordBatch>,
    /// Rows of the next piece.
    size: usize,
    /// When the last piece was passed on, until the join asks for the next.
    given_at: Option<Instant>,
    /// When the thread was obtained; `None` while it is not held.
    turn_began: Option<Instant>,
}

impl YieldingStream {
    /// Takes the next piece off `batch`.
    fn piece(&mut self, batch: RecordBatch) -> RecordBatch {
        let n_rows = batch.num_rows();
        if !self.is_in_pieces || n_rows <= self.size {
            return batch;
        }
        self.rest = Some(batch.slice(self.size, n_rows - self.size));
        batch.slice(0, self.size)
    }

    /// Learns from how long the join took with the last piece.
    fn learn(&mut self, now: Instant) {
        let Some(took) = self.given_at.take().map(|given| now - given) else {
            return;
        };
        if took < TURN / 4 {
            self.size = self.size.saturating_mul(FACTOR);
        } else if took > TURN * 2 {
            self.size = (self.size / FACTOR).max(1);
        }
    }
}

impl Stream for YieldingStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let now = Instant::now();
        self.learn(now);
        if now - *self.turn_began.get_or_insert(now) > TURN {
            self.turn_began = None;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let batch = match self.rest.take() {
            Some(rest) => Some(Ok(rest)),
            None => match self.input.poll_next_unpin(context) {
                Poll::Ready(batch) => batch,
                Poll::Pending => {
                    self.turn_began = None;
                    return Poll::Pending;
                }
            },
        };
        Poll::Ready(batch.map(|batch| {
            let piece = self.piece(batch?);
            self.given_at = Some(Instant::now());
            Ok(piece)
        }))
    }
}

impl RecordBatchStream for YieldingStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

#[cfg(test)]
mod tests;
