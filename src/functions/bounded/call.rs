//! One function within bounds: everything but the call itself is the function's own; and all functions of an expression within them.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DataFusionError, ExprSchema, Result, ScalarValue};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, StructFieldMapping,
};

use super::bounds::Bounds;
use super::growth::Growth;
use super::widths;
use crate::functions::whole::PRODUCT;

/// Functions that the engine recognises by their type, and that make nothing large.
pub(super) const UNBOUNDED: [&str; 4] = ["get_field", "log", "power", PRODUCT];

/// Fields that the type of a result may have, those within its fields included: `struct(a, a)` of `struct(a, a)` of …
/// doubles them.
const MOST_FIELDS: usize = 10_000;
/// Calls that make less are not reserved: batches of that size are everywhere.
const UNRESERVED: u64 = 1 << 20;

/// A function within bounds.
#[derive(Debug)]
pub(super) struct BoundedCall {
    inner: Arc<ScalarUDF>,
    growth: Growth,
    bounds: Arc<Bounds>,
}

// The bounds are those of the session, the same for all of its functions.
impl PartialEq for BoundedCall {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for BoundedCall {}

impl Hash for BoundedCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl BoundedCall {
    pub(super) fn new(inner: Arc<ScalarUDF>, bounds: Arc<Bounds>) -> Self {
        let growth = Growth::of(inner.name());
        Self {
            inner,
            growth,
            bounds,
        }
    }

    pub(super) fn inner(&self) -> &Arc<ScalarUDF> {
        &self.inner
    }

    /// Calls the function with rows that together stay within the bounds, as often as it takes.
    fn in_pieces(&self, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let are_constant = args.args.iter().all(is_constant);
        let n_rows = match are_constant {
            true => 1,
            false => args.number_rows,
        };
        let estimates = self.growth.estimates(&args.args, n_rows);
        let value = self.bounds.value as u64;
        if self.growth.grows()
            && let Some(estimate) = estimates.iter().find(|estimate| **estimate > value)
        {
            return Err(self.too_large(*estimate, "one value", value));
        }
        let all = estimates.iter().copied().fold(0_u64, u64::saturating_add);
        // What is compared costs time and not memory: pieces would not make it less.
        if self.growth == Growth::Compared && all > self.bounds.batch as u64 {
            return Err(self.too_large(all, "a batch", self.bounds.batch as u64));
        }
        if are_constant {
            let most = estimates.first().copied().unwrap_or(0);
            return self.reserving(most, || self.call(args.clone()));
        }
        // Arguments and result are in memory together until the call returns.
        let held = self.reservation();
        self.hold(&held, bytes_of_arrays(&args.args))?;
        let mut made: Vec<ArrayRef> = Vec::new();
        let mut n_bytes = 0;
        let mut start = 0;
        while start < n_rows {
            let (len, estimate) = piece(&estimates[start..], value);
            let part = part_of(args, start, len);
            let array = self.reserving(estimate, || self.call(part)?.into_array(len))?;
            let own = widths::bytes_of(array.as_ref());
            self.hold(&held, own)?;
            n_bytes += own;
            if n_bytes > self.bounds.batch {
                return Err(self.too_large(n_bytes as u64, "a batch", self.bounds.batch as u64));
            }
            made.push(array);
            start += len;
        }
        // A single piece is the result as it is: joining would copy it.
        if let [_] = made[..] {
            return Ok(ColumnarValue::Array(made.swap_remove(0)));
        }
        // Joining copies, so that for a moment the pieces and the result are both in memory.
        self.hold(&held, n_bytes)?;
        let made: Vec<_> = made.iter().map(|array| array.as_ref()).collect();
        Ok(ColumnarValue::Array(concat(&made)?))
    }

    fn reservation(&self) -> MemoryReservation {
        let consumer = MemoryConsumer::new(format!("function {}", self.inner.name()));
        consumer.register(&self.bounds.pool)
    }

    /// Reserves what is held during a call, unless it is little.
    fn hold(&self, held: &MemoryReservation, n_bytes: usize) -> Result<()> {
        if n_bytes as u64 <= UNRESERVED {
            return Ok(());
        }
        held.try_grow(n_bytes)
    }

    fn reserving<T>(&self, n_bytes: u64, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let reservation = self.reservation();
        // Estimates may be far above what comes of it; a batch within its bounds is what has to fit.
        let n_bytes = usize::try_from(n_bytes).unwrap_or(usize::MAX);
        self.hold(&reservation, n_bytes.min(self.bounds.value))?;
        work()
    }

    /// A panic within a function would be one of the thread's.
    fn call(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.invoke_with_args(args)));
        called.unwrap_or_else(|_| {
            Err(DataFusionError::Execution(format!(
                "`{}` cannot be computed for these values",
                self.inner.name()
            )))
        })
    }

    fn too_large(&self, found: u64, of: &str, most: u64) -> DataFusionError {
        const MIB: u64 = 1 << 20;
        if self.growth == Growth::Compared {
            return DataFusionError::ResourcesExhausted(format!(
                "`{}` would compare too many characters at once; shorten the texts or ask for fewer rows",
                self.inner.name()
            ));
        }
        DataFusionError::ResourcesExhausted(format!(
            "`{}` would make {} MiB for {of}, more than the {} MiB that --memory-limit leaves it; ask for less",
            self.inner.name(),
            found.div_ceil(MIB),
            most / MIB,
        ))
    }
}

/// Bytes of the arguments that are no constants.
fn bytes_of_arrays(args: &[ColumnarValue]) -> usize {
    let of = |arg: &ColumnarValue| match arg {
        ColumnarValue::Array(array) => widths::bytes_of(array.as_ref()),
        ColumnarValue::Scalar(_) => 0,
    };
    args.iter().map(of).sum()
}

/// Rows at the beginning that together come to at most `most` bytes, at least one, and what they come to.
fn piece(estimates: &[u64], most: u64) -> (usize, u64) {
    let mut sum = 0_u64;
    for (idx, estimate) in estimates.iter().enumerate() {
        let with = sum.saturating_add(*estimate);
        if idx > 0 && with > most {
            return (idx, sum);
        }
        sum = with;
    }
    (estimates.len(), sum)
}

fn part_of(args: &ScalarFunctionArgs, start: usize, len: usize) -> ScalarFunctionArgs {
    let mut part = args.clone();
    part.number_rows = len;
    for arg in &mut part.args {
        if let ColumnarValue::Array(array) = arg {
            *array = array.slice(start, len);
        }
    }
    part
}

/// An error for types that have more fields than can be looked through.
fn with_few_fields(field: FieldRef, name: &str) -> Result<FieldRef> {
    if widths::n_fields(field.data_type(), MOST_FIELDS) >= MOST_FIELDS {
        return Err(DataFusionError::Plan(format!(
            "`{name}` would make a value of more than {MOST_FIELDS} fields"
        )));
    }
    Ok(field)
}

#[warn(clippy::missing_trait_methods)]
impl ScalarUDFImpl for BoundedCall {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        #[expect(deprecated, reason = "it is still asked for")]
        self.inner.inner().display_name(args)
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.inner().with_updated_config(config)?;
        // The function under new settings comes without bounds.
        Some(bounded(&Arc::new(inner), &self.bounds))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        with_few_fields(self.inner.return_field_from_args(args)?, self.inner.name())
    }

    fn is_nullable(&self, args: &[Expr], schema: &dyn ExprSchema) -> bool {
        #[expect(deprecated, reason = "it is still asked for")]
        self.inner.is_nullable(args, schema)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let small = self.bounds.value as u64;
        // Ordinary batches are let through by one sum, without an estimate for every row.
        if args.number_rows == 0
            || self.growth.quick_estimate(&args.args, args.number_rows) <= small
        {
            return self.call(args);
        }
        self.in_pieces(&args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(match self.inner.simplify(args, info)? {
            ExprSimplifyResult::Simplified(expr) => {
                // The engine may put in calls that were never bounded.
                ExprSimplifyResult::Simplified(bound_within(expr, &self.bounds)?)
            }
            original @ ExprSimplifyResult::Original(_) => original,
        })
    }

    fn preimage(
        &self,
        args: &[Expr],
        literal: &Expr,
        info: &SimplifyContext,
    ) -> Result<PreimageResult> {
        self.inner.preimage(args, literal, info)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn evaluate_bounds(&self, inputs: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(inputs)
    }

    fn propagate_constraints(
        &self,
        interval: &Interval,
        inputs: &[&Interval],
    ) -> Result<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.strictly_order_preserving(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn struct_field_mapping(
        &self,
        literal_args: &[Option<ScalarValue>],
    ) -> Option<StructFieldMapping> {
        self.inner.struct_field_mapping(literal_args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.placement(args)
    }
}

/// The same function within bounds.
pub(super) fn bounded(function: &Arc<ScalarUDF>, bounds: &Arc<Bounds>) -> ScalarUDF {
    if UNBOUNDED.contains(&function.name()) {
        return function.as_ref().clone();
    }
    // Bounds replace those that a call has already: wrappers are never nested.
    let inner = match function.inner().downcast_ref::<BoundedCall>() {
        Some(call) => call.inner(),
        None => function,
    };
    ScalarUDF::new_from_impl(BoundedCall::new(Arc::clone(inner), Arc::clone(bounds)))
}

/// The same expression with all of its calls within bounds.
pub(super) fn bound_within(expr: Expr, bounds: &Arc<Bounds>) -> Result<Expr> {
    let bound = expr.transform_up(|expr| Ok(bound_call(expr, bounds)))?;
    Ok(bound.data)
}

/// The same expression with the call that it is, if it is one, within bounds.
pub(super) fn bound_call(expr: Expr, bounds: &Arc<Bounds>) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(call) if !is_bounded(&call.func) => {
            let func = Arc::new(bounded(&call.func, bounds));
            Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(
                func, call.args,
            )))
        }
        other => Transformed::no(other),
    }
}

fn is_bounded(function: &ScalarUDF) -> bool {
    UNBOUNDED.contains(&function.name()) || function.inner().is::<BoundedCall>()
}
