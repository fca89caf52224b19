//! Aggregates that gather rows, `array_agg` and `string_agg`, over windows: `array_agg(x) OVER (ORDER BY x)` makes an array per
//! row, each as long as its frame, and `array_agg(x) OVER ()` writes one array of all rows into every row, which for a million
//! rows is more than any memory. What one partition makes is bounded like a batch. Groups make one result each, which the
//! engine's pool counts; there the aggregates stay as they are.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{
    AggregateFunction, AggregateFunctionParams, WindowFunction, WindowFunctionParams,
};
use datafusion::logical_expr::function::{
    AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs,
};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Expr, GroupsAccumulator, Operator,
    ReversedUDAF, SetMonotonicity, Signature, StatisticsArgs, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition,
};

use super::bounds::{Bounds, MIB};

/// The aggregates whose results are as large as what they read.
const GATHERING: [&str; 2] = ["array_agg", "string_agg"];

/// Rows of a batch: a value that a whole batch of rows may repeat is small enough for any window.
const BATCH_ROWS: usize = 8192;

/// How a window hands out the results of its aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ResultOf {
    /// One per row.
    Rows,
    /// One of the whole partition, written into every row.
    Partition,
    /// The same of the rows that a condition leaves: how many rows it will be written into is not known to the aggregate.
    FilteredPartition,
}

impl ResultOf {
    fn of(window: &WindowFunctionParams) -> Self {
        let frame = &window.window_frame;
        let is_constant = |bound: &WindowFrameBound| match bound {
            WindowFrameBound::CurrentRow => {
                // Without an order all rows of a partition are peers, and a RANGE frame ends with the last peer.
                frame.units == WindowFrameUnits::Range && window.order_by.is_empty()
            }
            bound => bound.is_unbounded(),
        };
        if !is_constant(&frame.start_bound) || !is_constant(&frame.end_bound) {
            Self::Rows
        } else if window.filter.is_none() {
            Self::Partition
        } else {
            Self::FilteredPartition
        }
    }
}

/// Such an aggregate within bounds, over one kind of window.
#[derive(Debug)]
struct BoundedGathering {
    inner: Arc<AggregateUDF>,
    results: ResultOf,
    bounds: Arc<Bounds>,
}

/// The same window with its aggregate within bounds, if it is one that gathers.
pub(super) fn bound_window(
    mut window: Box<WindowFunction>,
    bounds: &Arc<Bounds>,
) -> Transformed<Box<WindowFunction>> {
    match &window.fun {
        WindowFunctionDefinition::AggregateUDF(aggregate)
            if GATHERING.contains(&aggregate.name())
                && !aggregate.inner().is::<BoundedGathering>() =>
        {
            let results = ResultOf::of(&window.params);
            let aggregate = bounded(aggregate, results, bounds);
            window.fun = WindowFunctionDefinition::AggregateUDF(Arc::new(aggregate));
            Transformed::yes(window)
        }
        _ => Transformed::no(window),
    }
}

fn bounded(inner: &Arc<AggregateUDF>, results: ResultOf, bounds: &Arc<Bounds>) -> AggregateUDF {
    AggregateUDF::new_from_impl(BoundedGathering {
        inner: Arc::clone(inner),
        results,
        bounds: Arc::clone(bounds),
    })
}

// The bounds are those of the session.
impl PartialEq for BoundedGathering {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.results == other.results
    }
}

impl Eq for BoundedGathering {}

impl Hash for BoundedGathering {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
        self.results.hash(state);
    }
}

impl BoundedGathering {
    fn watched(&self, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        Box::new(BoundedResults {
            inner,
            name: self.inner.name().to_owned(),
            results: self.results,
            most: self.bounds.batch,
            n_rows: 0,
            n_results: 0,
            made: 0,
        })
    }
}

#[warn(clippy::missing_trait_methods)]
impl AggregateUDFImpl for BoundedGathering {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(self.watched(self.inner.inner().accumulator(args)?))
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        Ok(self.watched(self.inner.inner().create_sliding_accumulator(args)?))
    }

    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        self.inner.inner().schema_name(params)
    }

    fn human_display(&self, params: &AggregateFunctionParams) -> Result<String> {
        self.inner.inner().human_display(params)
    }

    fn window_function_schema_name(&self, params: &WindowFunctionParams) -> Result<String> {
        self.inner.inner().window_function_schema_name(params)
    }

    fn display_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        self.inner.inner().display_name(params)
    }

    fn window_function_display_name(&self, params: &WindowFunctionParams) -> Result<String> {
        self.inner.inner().window_function_display_name(params)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.inner().state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.inner().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.inner().create_groups_accumulator(args)
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        beneficial_ordering: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let inner = Arc::clone(self.inner.inner());
        // What the inner function puts in its place would be unbounded.
        let inner = inner.with_beneficial_ordering(beneficial_ordering)?;
        Ok(inner.map(|inner| {
            let inner = AggregateUDF::new_from_shared_impl(inner);
            Arc::new(Self {
                inner: Arc::new(inner),
                results: self.results,
                bounds: Arc::clone(&self.bounds),
            }) as Arc<dyn AggregateUDFImpl>
        }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.inner().order_sensitivity()
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.inner.inner().simplify()
    }

    fn simplify_expr_op_literal(
        &self,
        aggregate: &AggregateFunction,
        arg: &Expr,
        op: Operator,
        literal: &Expr,
        arg_is_left: bool,
    ) -> Result<Option<Expr>> {
        let inner = self.inner.inner();
        inner.simplify_expr_op_literal(aggregate, arg, op, literal, arg_is_left)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        // The reversed aggregate takes this one's place in the plan.
        match self.inner.inner().reverse_expr() {
            ReversedUDAF::Reversed(reversed) => {
                let reversed = bounded(&reversed, self.results, &self.bounds);
                ReversedUDAF::Reversed(Arc::new(reversed))
            }
            other => other,
        }
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        self.inner.inner().return_field(arg_fields)
    }

    fn is_nullable(&self) -> bool {
        self.inner.inner().is_nullable()
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.inner().is_descending()
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.inner().value_from_stats(args)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.inner().default_value(data_type)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.inner().supports_null_handling_clause()
    }

    fn supports_within_group_clause(&self) -> bool {
        self.inner.inner().supports_within_group_clause()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.inner().documentation()
    }
}

/// Counts what the results of a partition come to.
#[derive(Debug)]
struct BoundedResults {
    inner: Box<dyn Accumulator>,
    name: String,
    results: ResultOf,
    most: usize,
    /// Rows that were gathered.
    n_rows: usize,
    n_results: usize,
    /// Bytes of the results.
    made: usize,
}

impl BoundedResults {
    fn too_much(&self) -> DataFusionError {
        DataFusionError::ResourcesExhausted(format!(
            "`{}` over a window would make more than the {} MiB that --memory-limit leaves it; take a narrower \
             frame, or group instead",
            self.name,
            self.most / MIB
        ))
    }

    /// Bytes that a result takes once it stands in all of its rows.
    fn in_all_rows(&self, bytes: usize) -> usize {
        match self.results {
            ResultOf::Rows => bytes,
            ResultOf::Partition | ResultOf::FilteredPartition
                if bytes <= self.most / BATCH_ROWS =>
            {
                bytes
            }
            ResultOf::Partition => bytes.saturating_mul(self.n_rows),
            ResultOf::FilteredPartition => usize::MAX,
        }
    }
}

#[warn(clippy::missing_trait_methods)]
impl Accumulator for BoundedResults {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.n_rows += values.first().map_or(0, |values| values.len());
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // Before the next one is made: it is about as large as all that was gathered.
        self.n_results += 1;
        if self.n_results > 1 && self.made.saturating_add(self.inner.size()) > self.most {
            return Err(self.too_much());
        }
        let value = self.inner.evaluate()?;
        self.made = self.made.saturating_add(self.in_all_rows(value.size()));
        // One gathered row makes a result no larger than itself.
        if self.n_rows > 1 && self.made > self.most {
            return Err(self.too_much());
        }
        Ok(value)
    }

    fn size(&self) -> usize {
        self.inner.size() + size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}
