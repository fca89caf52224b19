//! One run of a relation: permit, input, rows, estimate.

use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::metrics::{BaselineMetrics, Gauge};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use futures::TryStreamExt as _;

use super::columns::Columns;
use super::definition::{Gather, PreparedRelation};
use super::permits::{Growth, Permits, RelationKind, Turn};
use super::relation_error::RelationError;

/// At most this many rows are allocated in advance.
const MOST_RESERVED: usize = 200_000_000;
/// How often a relation is started again because memory ran out below it.
const MOST_STARTS: usize = 8;

/// What a relation's run is measured by.
pub(super) struct Measures {
    pub(super) baseline: BaselineMetrics,
    pub(super) estimating: Gauge,
    pub(super) reserved: Gauge,
}

/// A call of a relation that runs.
pub(super) struct Run {
    pub(super) relation: &'static str,
    pub(super) prepared: Arc<dyn PreparedRelation>,
    pub(super) input: Arc<dyn ExecutionPlan>,
    pub(super) measures: Measures,
    pub(super) partition: usize,
    pub(super) kind: RelationKind,
    pub(super) context: Arc<TaskContext>,
}

/// How gathering ended.
enum GatherOutcome {
    Complete(Box<dyn Gather>),
    /// Another relation needs the memory.
    OutOfMemory,
}

impl Run {
    pub(super) async fn result(mut self) -> Result<RecordBatch> {
        let permits = self.context.session_config().get_extension::<Permits>();
        let permits = permits.unwrap_or_else(|| Arc::new(Permits::new(1)));
        let turn = permits.enter(&self.context.session_id(), self.kind).await;
        let consumer = MemoryConsumer::new(format!("{}()", self.relation));
        let reservation = consumer.register(self.context.memory_pool());
        let mut n_starts = 0;
        loop {
            n_starts += 1;
            match self.gather(&turn, &reservation).await {
                Ok(GatherOutcome::Complete(gather)) => {
                    turn.estimating();
                    return self.estimate(gather, turn, reservation).await;
                }
                Ok(GatherOutcome::OutOfMemory) => {}
                Err(error)
                    if is_exhausted(&error) && n_starts < MOST_STARTS && turn.can_start_again() => {
                }
                Err(error) => return Err(error),
            }
            reservation.free();
            turn.start_again().await;
            self.input = reset_plan_states(self.input)?;
        }
    }

    /// Starts the input and gathers its rows.
    async fn gather(&self, turn: &Turn, reservation: &MemoryReservation) -> Result<GatherOutcome> {
        let context = Arc::clone(&self.context);
        let mut input = self.input.execute(self.partition, context)?;
        let mut gather = self.prepared.gather();
        // Memory that is not written to costs nothing, but a wild estimate could exhaust the address space.
        gather.reserve(self.n_rows()?.min(MOST_RESERVED));
        let columns = Columns::of(self.prepared.as_ref());
        let elapsed = self.measures.baseline.elapsed_compute();
        while let Some(batch) = input.try_next().await? {
            let timer = elapsed.timer();
            gather.push(&columns.arrange(&batch)?).map_err(external)?;
            drop(batch);
            timer.done();
            let needed = gather.needed();
            let growth = turn.grow(reservation, needed).await;
            match growth.map_err(|_| self.too_little_memory(needed))? {
                Growth::Granted => self.measures.reserved.set_max(needed),
                Growth::Refused => return Ok(GatherOutcome::OutOfMemory),
            }
        }
        Ok(GatherOutcome::Complete(gather))
    }

    /// Rows that the input is expected to have; 0 where nothing is known.
    fn n_rows(&self) -> Result<usize> {
        let statistics = StatisticsContext::new();
        let statistics = statistics.compute(self.input.as_ref(), &StatisticsArgs::new())?;
        Ok(statistics.num_rows.get_value().copied().unwrap_or(0))
    }

    fn too_little_memory(&self, needed: usize) -> DataFusionError {
        let (relation, megabytes) = (self.relation, needed.div_ceil(1 << 20));
        DataFusionError::ResourcesExhausted(format!(
            "`{relation}` needs {megabytes} MB or more to gather its rows and estimate from them, more than the memory limit \
             leaves; raise --memory-limit, or select fewer rows or covariates"
        ))
    }

    async fn estimate(
        self,
        gather: Box<dyn Gather>,
        turn: Turn,
        reservation: MemoryReservation,
    ) -> Result<RecordBatch> {
        let Self {
            prepared, measures, ..
        } = self;
        measures.estimating.set(1);
        SpawnedTask::spawn_blocking(move || {
            let timer = measures.baseline.elapsed_compute().timer();
            let result = gather.estimate();
            drop(timer);
            drop(reservation);
            drop(turn);
            let status = match &result {
                Err(RelationError::Refused { source, .. }) => source.nothing_to_estimate(),
                _ => None,
            };
            let nothing = status.and_then(|status| prepared.nothing(status));
            let result = nothing.unwrap_or(result).map_err(external)?;
            measures.baseline.record_output(result.num_rows());
            Ok(result)
        })
        .join()
        .await
        .map_err(|error| DataFusionError::External(Box::new(error)))?
    }
}

fn external(error: RelationError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn is_exhausted(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

#[cfg(test)]
mod tests;
