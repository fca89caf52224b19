//! `sum` of whole numbers that refuses what does not fit. All else about it is the engine's.

use std::fmt::Debug;
use std::mem::size_of_val;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::{ArrayRef, ArrowNativeTypeOp, AsArray as _, BooleanArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, FieldRef, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator,
    ReversedUDAF, SetMonotonicity, Signature, StatisticsArgs,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op::PrimitiveGroupsAccumulator;

use super::product::too_large;

/// The aggregate in place of the engine's.
pub(super) fn whole_sum() -> AggregateUDF {
    AggregateUDF::new_from_impl(WholeSum { inner: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WholeSum {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for WholeSum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match args.return_field.data_type() {
            of if is_whole(of) && !args.is_distinct => Ok(Box::new(RunningSum::of(of))),
            _ => self.inner.accumulator(args),
        }
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        match args.return_field.data_type() {
            of if is_whole(of) && !args.is_distinct => Ok(Box::new(RunningSum::of(of))),
            _ => self.inner.create_sliding_accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        match args.return_field.data_type() {
            DataType::Int64 => Ok(groups::<Int64Type>()),
            DataType::UInt64 => Ok(groups::<UInt64Type>()),
            _ => self.inner.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.inner.reverse_udf()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.value_from_stats(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

fn is_whole(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int64 | DataType::UInt64)
}

/// The sum of one group, or of a window that rows enter and leave. 128 bits hold the sum of any number of rows that fits into memory.
#[derive(Debug)]
struct RunningSum {
    data_type: DataType,
    sum: i128,
    n: u64,
}

impl RunningSum {
    fn of(data_type: &DataType) -> Self {
        Self {
            data_type: data_type.clone(),
            sum: 0,
            n: 0,
        }
    }

    /// Sum and number of the values that are not NULL.
    fn of_values(&self, values: &ArrayRef) -> (i128, u64) {
        let sum = match self.data_type {
            DataType::UInt64 => (values.as_primitive::<UInt64Type>().iter().flatten())
                .map(i128::from)
                .sum(),
            _ => (values.as_primitive::<Int64Type>().iter().flatten())
                .map(i128::from)
                .sum(),
        };
        (sum, (values.len() - values.null_count()) as u64)
    }
}

impl Accumulator for RunningSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, n) = self.of_values(&values[0]);
        self.sum += sum;
        self.n += n;
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.n == 0 {
            return ScalarValue::try_from(&self.data_type);
        }
        let sum = match self.data_type {
            DataType::UInt64 => u64::try_from(self.sum).map(ScalarValue::from),
            _ => i64::try_from(self.sum).map(ScalarValue::from),
        };
        sum.map_err(|_| too_large("sum"))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (sum, n) = self.of_values(&values[0]);
        self.sum -= sum;
        self.n -= n;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}

/// The sums of many groups, by the engine's accumulator with an addition that notes when one did not fit.
fn groups<T>() -> Box<dyn GroupsAccumulator>
where
    T: ArrowPrimitiveType + Send,
    T::Native: ArrowNativeTypeOp,
{
    let is_over = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&is_over);
    let add = move |sum: &mut T::Native, value: T::Native| match sum.add_checked(value) {
        Ok(larger) => *sum = larger,
        Err(_) => noted.store(true, Ordering::Relaxed),
    };
    let inner = Box::new(PrimitiveGroupsAccumulator::<T, _>::new(&T::DATA_TYPE, add));
    Box::new(CheckedSums { inner, is_over })
}

struct CheckedSums {
    inner: Box<dyn GroupsAccumulator>,
    is_over: Arc<AtomicBool>,
}

impl CheckedSums {
    fn checked(&self, done: Result<()>) -> Result<()> {
        match self.is_over.load(Ordering::Relaxed) {
            true => Err(too_large("sum")),
            false => done,
        }
    }
}

#[warn(clippy::missing_trait_methods)]
impl GroupsAccumulator for CheckedSums {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        n_groups: usize,
    ) -> Result<()> {
        let done = (self.inner).update_batch(values, group_indices, filter, n_groups);
        self.checked(done)
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        n_groups: usize,
    ) -> Result<()> {
        let done = self.inner.merge_batch(states, group_indices, n_groups);
        self.checked(done)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        self.inner.evaluate(emit)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}
