//! The engine's physical plan as steps that people know. Steps that only move rows between threads are left
//! out, and the halves of an aggregation are one step; the time of what is left out counts for the step
//! that it serves.

use std::fmt::Write as _;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::JoinType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_expr_common::physical_expr::{PhysicalExprRef, fmt_sql};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, displayable};

use super::super::{wide_rows, yielding};
use super::tree::Node;

/// Names written out; of more only their number is said.
const MOST_NAMES: usize = 8;

/// Steps that only move rows.
const MOVING: [&str; 10] = [
    "RepartitionExec",
    "CoalescePartitionsExec",
    "CoalesceBatchesExec",
    "SortPreservingMergeExec",
    "CooperativeExec",
    "OutputRequirementExec",
    "BufferExec",
    "PartialSortExec",
    yielding::STEP,
    wide_rows::STEP,
];

/// The plan as steps, with what was measured so far.
pub(super) fn node(plan: &dyn ExecutionPlan) -> Node {
    let mut inputs: Vec<Node> = plan
        .children()
        .into_iter()
        .map(|child| node(child.as_ref()))
        .collect();
    let metrics = plan.metrics().unwrap_or_default();
    let nanoseconds = metrics
        .sum_by_name("time_elapsed_processing")
        .map(|value| value.as_usize())
        .or_else(|| metrics.elapsed_compute())
        .unwrap_or(0) as u64;
    let spilled_bytes = metrics.spilled_bytes().filter(|&bytes| bytes > 0);
    let spilled_bytes = spilled_bytes.map(|bytes| bytes as u64);
    if is_left_out(plan)
        && let [_] = inputs.as_slice()
    {
        let mut input = inputs.remove(0);
        input.nanoseconds += nanoseconds;
        input.spilled_bytes = sum(input.spilled_bytes, spilled_bytes);
        return input;
    }
    let mut step = Node {
        text: text(plan),
        estimated_rows: estimated_rows(plan),
        rows: rows_given(plan, metrics.output_rows()),
        nanoseconds,
        spilled_bytes,
        inputs,
    };
    if is_second_half(plan) && step.inputs.len() == 1 {
        let half = step.inputs.remove(0);
        step.nanoseconds += half.nanoseconds;
        step.spilled_bytes = sum(step.spilled_bytes, half.spilled_bytes);
        // Group columns are numbered in the second half, and named in the first.
        step.text = half.text;
        step.inputs = half.inputs;
    }
    step
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

fn is_left_out(plan: &dyn ExecutionPlan) -> bool {
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        return projection
            .expr()
            .iter()
            .all(|given| given.expr.is::<Column>());
    }
    MOVING.contains(&plan.name())
}

fn is_second_half(plan: &dyn ExecutionPlan) -> bool {
    let aggregate = plan.downcast_ref::<AggregateExec>();
    aggregate.is_some_and(|aggregate| {
        matches!(
            aggregate.mode(),
            AggregateMode::Final | AggregateMode::FinalPartitioned
        )
    })
}

fn estimated_rows(plan: &dyn ExecutionPlan) -> Option<u64> {
    let statistics = StatisticsContext::new()
        .compute(plan, &StatisticsArgs::new())
        .ok()?;
    statistics.num_rows.get_value().map(|&n_rows| n_rows as u64)
}

/// Rows held in memory are given without being counted.
fn rows_given(plan: &dyn ExecutionPlan, counted: Option<usize>) -> Option<u64> {
    let is_held = || {
        let scan = plan.downcast_ref::<DataSourceExec>();
        scan.is_some_and(|scan| scan.data_source().is::<MemorySourceConfig>())
    };
    match counted {
        Some(n_rows) => Some(n_rows as u64),
        None if is_held() => estimated_rows(plan),
        None => None,
    }
}

fn text(plan: &dyn ExecutionPlan) -> String {
    relational(plan)
        .or_else(|| join(plan))
        .or_else(|| plan.downcast_ref::<DataSourceExec>().map(scan))
        .unwrap_or_else(|| other(plan))
}

fn relational(plan: &dyn ExecutionPlan) -> Option<String> {
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        return Some(format!("filter {}", sql(filter.predicate())));
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let computed = projection
            .expr()
            .iter()
            .filter(|given| !given.expr.is::<Column>());
        let computed = computed.map(|given| match sql(&given.expr) {
            text if text == given.alias => text,
            text if given.alias.contains(['(', ' ']) => text,
            text => format!("{text} as {}", given.alias),
        });
        return Some(format!("compute {}", list(computed)));
    }
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
        let groups = aggregate.group_expr().expr().iter();
        let groups = groups.map(|(expression, _)| sql(expression));
        let made = aggregate.aggr_expr().iter();
        let made = made.map(|function| plain(function.human_display().unwrap_or(function.name())));
        let (groups, made) = (list(groups), list(made));
        return Some(match (groups.is_empty(), made.is_empty()) {
            (false, false) => format!("aggregate by {groups}: {made}"),
            (true, _) => format!("aggregate: {made}"),
            (false, true) => format!("distinct {groups}"),
        });
    }
    if let Some(sort) = plan.downcast_ref::<SortExec>() {
        let by = ordering(sort.expr());
        return Some(match sort.fetch() {
            Some(n_rows) => format!("first {n_rows} by {by}"),
            None => format!("sort by {by}"),
        });
    }
    if let Some(limit) = plan.downcast_ref::<GlobalLimitExec>() {
        let fetch = limit.fetch().map(|n_rows| format!("limit {n_rows}"));
        let skip = (limit.skip() > 0).then(|| format!("skip {}", limit.skip()));
        let parts: Vec<String> = [skip, fetch].into_iter().flatten().collect();
        return Some(parts.join(", "));
    }
    if let Some(limit) = plan.downcast_ref::<LocalLimitExec>() {
        return Some(format!("limit {} per thread", limit.fetch()));
    }
    let windows = plan
        .downcast_ref::<WindowAggExec>()
        .map(WindowAggExec::window_expr)
        .or_else(|| Some(plan.downcast_ref::<BoundedWindowAggExec>()?.window_expr()))?;
    let names = windows.iter().map(|window| plain(window.name()));
    Some(format!("window {}", list(names)))
}

fn join(plan: &dyn ExecutionPlan) -> Option<String> {
    if plan.is::<CrossJoinExec>() {
        return Some("cross join".to_owned());
    }
    let (kind, on, filter) = if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        (*join.join_type(), join.on(), join.filter())
    } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
        (join.join_type(), join.on(), join.filter().as_ref())
    } else {
        let join = plan.downcast_ref::<NestedLoopJoinExec>()?;
        let none: &[(PhysicalExprRef, PhysicalExprRef)] = &[];
        (*join.join_type(), none, join.filter())
    };
    let keys = on
        .iter()
        .map(|(left, right)| format!("{} = {}", sql(left), sql(right)));
    let filter = filter.map(|filter| sql(filter.expression()));
    let conditions: Vec<String> = keys.chain(filter).collect();
    let mut text = join_kind(kind).to_owned();
    if plan.is::<SortMergeJoinExec>() {
        text.push_str(" of sorted rows");
    }
    if !conditions.is_empty() {
        let _ = write!(text, " on {}", conditions.join(" and "));
    }
    Some(text)
}

/// What a join is called.
pub(super) fn join_kind(kind: JoinType) -> &'static str {
    match kind {
        JoinType::Inner => "inner join",
        JoinType::Left => "left join",
        JoinType::Right => "right join",
        JoinType::Full => "full join",
        JoinType::LeftSemi => "semi join, keeps the first input's rows",
        JoinType::RightSemi => "semi join, keeps the second input's rows",
        JoinType::LeftAnti => "anti join, keeps the first input's rows",
        JoinType::RightAnti => "anti join, keeps the second input's rows",
        JoinType::LeftMark => "mark join, marks the first input's rows",
        JoinType::RightMark => "mark join, marks the second input's rows",
    }
}

fn scan(scan: &DataSourceExec) -> String {
    let source = scan.data_source();
    let Some(files) = source.downcast_ref::<FileScanConfig>() else {
        return match source.is::<MemorySourceConfig>() {
            true => "values".to_owned(),
            false => "read".to_owned(),
        };
    };
    let all = || files.file_groups.iter().flat_map(|group| group.iter());
    // A file may be cut into ranges that different threads read.
    let names: std::collections::BTreeSet<&str> = all()
        .map(|file| file.object_meta.location.as_ref())
        .collect();
    let table = all().find_map(|file| file.table_reference.as_ref());
    let name = match (table, names.first()) {
        (Some(table), _) if !table.table().contains('/') => table.table().to_owned(),
        (_, Some(path)) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            format!("'{name}'")
        }
        _ => "nothing".to_owned(),
    };
    let n_files = names.len();
    let plural = if n_files == 1 { "" } else { "s" };
    let mut text = format!("scan {name} ({n_files} file{plural})");
    if let Ok(schema) = files.projected_schema() {
        push_columns(&schema, &mut text);
    }
    if let Some(wanted) = files.file_source().filter() {
        let _ = write!(text, "; skips what cannot have {}", sql(&wanted));
    }
    if let Some(limit) = files.limit {
        let _ = write!(text, "; limit {limit}");
    }
    text
}

/// `: a, b, c`, where there are columns.
pub(super) fn push_columns(schema: &Schema, text: &mut String) {
    let names = schema.fields().iter().map(|field| field.name().clone());
    let names = list(names);
    if !names.is_empty() {
        let _ = write!(text, ": {names}");
    }
}

/// What our relations call themselves, else the engine's name in words.
fn other(plan: &dyn ExecutionPlan) -> String {
    let line = displayable(plan).one_line().to_string();
    if let Some(call) = line.strip_prefix("EstimatorExec: ") {
        return format!("relation {}", call.trim_end());
    }
    match plan.name() {
        "PlaceholderRowExec" => "one row".to_owned(),
        "EmptyExec" => "no rows".to_owned(),
        "LazyMemoryExec" => "generated rows".to_owned(),
        "UnionExec" | "InterleaveExec" => "union".to_owned(),
        name => words(name.trim_end_matches("Exec")),
    }
}

/// `UnnestExec` → `unnest`, `RecursiveQuery` → `recursive query`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn sql(expression: &std::sync::Arc<dyn PhysicalExpr>) -> String {
    plain(&fmt_sql(expression.as_ref()).to_string())
}

/// Without what the engine adds to names: how it counts rows, the frame that a window has by itself.
pub(super) fn plain(text: &str) -> String {
    let frame = " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    let text = text
        .replace("count(Int64(1))", "count(*)")
        .replace(frame, "");
    text.replace("count(1)", "count(*)")
}

fn ordering(by: &LexOrdering) -> String {
    let by = by.iter().map(|sorted| {
        let nulls = match (sorted.options.descending, sorted.options.nulls_first) {
            (false, true) => " nulls first",
            (true, false) => " nulls last",
            _ => "",
        };
        let direction = if sorted.options.descending {
            " desc"
        } else {
            ""
        };
        format!("{}{direction}{nulls}", sql(&sorted.expr))
    });
    list(by)
}

/// Texts with commas, or how many there are of them when they are many.
pub(super) fn list(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    match texts.split_at_checked(MOST_NAMES) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{}, … ({} in all)", first.join(", "), texts.len())
        }
        _ => texts.join(", "),
    }
}
