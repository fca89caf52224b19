//! The physical node of a relation: gathers its input into memory reserved from the engine's pool, then
//! estimates on a blocking thread.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, Gauge, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PhysicalExpr,
    PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::{StreamExt as _, TryStreamExt as _};

use super::columns::Columns;
use super::node::EstimatorNode;
use super::{Gather, PreparedRelation, RelationError};

#[derive(Debug)]
pub(super) struct EstimatorQueryPlanner;

#[async_trait]
impl QueryPlanner for EstimatorQueryPlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(EstimatorNodePlanner)])
            .create_physical_plan(logical_plan, session)
            .await
    }
}

struct EstimatorNodePlanner;

#[async_trait]
impl ExtensionPlanner for EstimatorNodePlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<EstimatorNode>() else {
            return Ok(None);
        };
        let (name, arguments, prepared) = node.relation();
        Ok(Some(Arc::new(EstimatorExec::new(
            name,
            arguments.to_owned(),
            Arc::clone(prepared),
            Arc::clone(&physical_inputs[0]),
        ))))
    }
}

#[derive(Debug)]
struct EstimatorExec {
    name: &'static str,
    arguments: String,
    prepared: Arc<dyn PreparedRelation>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// The relation that `plan` is the step of; `None` for any other step.
pub(crate) fn relation_of(plan: &dyn ExecutionPlan) -> Option<&'static str> {
    Some(plan.downcast_ref::<EstimatorExec>()?.name)
}

/// The metric that is 1 once everything is gathered and the estimator computes.
pub(crate) const ESTIMATING: &str = "estimating";

/// What a relation's run is measured by.
struct Measures {
    baseline: BaselineMetrics,
    estimating: Gauge,
}

impl EstimatorExec {
    fn new(
        name: &'static str,
        arguments: String,
        prepared: Arc<dyn PreparedRelation>,
        input: Arc<dyn ExecutionPlan>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(prepared.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            name,
            arguments,
            prepared,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    fn measures(&self, partition: usize) -> Measures {
        Measures {
            baseline: BaselineMetrics::new(&self.metrics, partition),
            estimating: MetricBuilder::new(&self.metrics).gauge(ESTIMATING, partition),
        }
    }
}

impl DisplayAs for EstimatorExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EstimatorExec: {}({})", self.name, self.arguments)
    }
}

impl ExecutionPlan for EstimatorExec {
    fn name(&self) -> &'static str {
        "EstimatorExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        let prepared = Arc::clone(&self.prepared);
        Ok(Arc::new(Self::new(
            self.name,
            self.arguments.clone(),
            prepared,
            input,
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let reservation =
            MemoryConsumer::new(format!("{}()", self.name)).register(context.memory_pool());
        let input = self.input.execute(partition, context)?;
        let mut gather = self.prepared.gather();
        let statistics = StatisticsContext::new();
        let n_rows = statistics
            .compute(self.input.as_ref(), &StatisticsArgs::new())?
            .num_rows;
        // Memory that is not written to costs nothing, but a wild estimate is not worth an address space.
        gather.reserve(
            n_rows
                .get_value()
                .map_or(0, |&n_rows| n_rows.min(MOST_RESERVED)),
        );
        let prepared = Arc::clone(&self.prepared);
        let call = Call {
            relation: self.name,
            prepared,
            measures: self.measures(partition),
        };
        let result = gather_and_estimate(call, gather, input, reservation);
        let schema: SchemaRef = self.prepared.schema();
        let stream = futures::stream::once(result).boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// A call of a relation that runs.
struct Call {
    relation: &'static str,
    prepared: Arc<dyn PreparedRelation>,
    measures: Measures,
}

/// Rows that room is made for in advance, at most.
const MOST_RESERVED: usize = 200_000_000;

async fn gather_and_estimate(
    call: Call,
    mut gather: Box<dyn Gather>,
    mut input: SendableRecordBatchStream,
    reservation: MemoryReservation,
) -> Result<RecordBatch> {
    let external = |error: RelationError| DataFusionError::External(Box::new(error));
    let Call {
        relation,
        prepared,
        measures,
    } = call;
    let elapsed = measures.baseline.elapsed_compute().clone();
    let columns = Columns::of(prepared.as_ref());
    while let Some(batch) = input.try_next().await? {
        let timer = elapsed.timer();
        gather.push(&columns.arrange(&batch)?).map_err(external)?;
        timer.done();
        reservation.try_resize(gather.bytes())?;
    }
    // The estimators' working arrays are about as large as what was gathered.
    let needed = gather.bytes().saturating_mul(2);
    if reservation.try_resize(needed).is_err() {
        let megabytes = needed.div_ceil(1 << 20);
        return Err(DataFusionError::ResourcesExhausted(format!(
            "`{relation}` needs about {megabytes} MB to estimate from what it gathered, more than the memory limit leaves; \
             raise --memory-limit, or select fewer rows or covariates"
        )));
    }
    measures.estimating.set(1);
    SpawnedTask::spawn_blocking(move || {
        let timer = measures.baseline.elapsed_compute().timer();
        let result = gather.estimate();
        drop(timer);
        drop(reservation);
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
