//! The physical node of a relation: once it may run ([`super::permits`]), it gathers its input into memory reserved from the
//! engine's pool, then estimates on a blocking thread.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PhysicalExpr,
    PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt as _;

use super::definition::PreparedRelation;
use super::node::EstimatorNode;
use super::permits::RelationKind;
use super::run::{Measures, Run};

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

/// The metric with the bytes that a relation reserved.
const RESERVED: &str = "reserved_bytes";

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
            reserved: MetricBuilder::new(&self.metrics).gauge(RESERVED, partition),
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

    /// The run has a task of its own: a relation that has a permit or memory must end although no one asks for its rows yet, as in a
    /// join that reads its other side first.
    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let run = Run {
            relation: self.name,
            prepared: Arc::clone(&self.prepared),
            input: Arc::clone(&self.input),
            measures: self.measures(partition),
            partition,
            kind: kind_above(self.input.as_ref()),
            context,
        };
        let result = async move {
            let result = SpawnedTask::spawn(run.result()).join().await;
            result.map_err(|error| DataFusionError::External(Box::new(error)))?
        };
        let schema: SchemaRef = self.prepared.schema();
        let stream = futures::stream::once(result).boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The kind of a relation that reads from `input`.
fn kind_above(input: &dyn ExecutionPlan) -> RelationKind {
    match has_relation(input) {
        true => RelationKind::Nested,
        false => RelationKind::Leaf,
    }
}

fn has_relation(plan: &dyn ExecutionPlan) -> bool {
    plan.is::<EstimatorExec>()
        || plan
            .children()
            .iter()
            .any(|child| has_relation(child.as_ref()))
}
