//! `EXPLAIN` and `EXPLAIN ANALYZE` as a tree that people can read: one step per line, what it does, how
//! many rows are expected, and after a run how many there were and what the step took. No paths, no values
//! but those the query holds itself.

mod logical;
mod physical;
mod tree;

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{ArrayRef, Float64Array, StringArray, UInt64Array};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt as _;

use super::context::Session;
use super::error::SessionError;
use super::reference::PROSE;
use tree::{Line, Node};

impl Session {
    /// The steps that `frame` would take, as rows: `estimated_rows`, `plan`.
    ///
    /// # Errors
    /// When the query cannot be planned to its end.
    pub async fn explain(&self, frame: DataFrame) -> Result<DataFrame, SessionError> {
        let plan = frame.create_physical_plan().await?;
        let root = physical::node(plan.as_ref());
        let lines = tree::lines(&root);
        let estimated = lines.iter().map(|line| line.node.estimated_rows);
        self.columns([
            ("estimated_rows", numbers(estimated)),
            ("plan", texts(&lines)),
        ])
    }

    /// Runs `frame` to its end without keeping its rows, and says what every step took, as rows: `rows`,
    /// `ms` (of computing, all threads together), `percent` of that, `plan`. The last row is the whole, with
    /// the time that passed.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn explain_run(&self, frame: DataFrame) -> Result<DataFrame, SessionError> {
        let context = Arc::new(frame.task_ctx());
        let started = Instant::now();
        let plan = frame.create_physical_plan().await?;
        let mut n_rows = 0_u64;
        let mut stream = execute_stream(Arc::clone(&plan), context)?;
        while let Some(batch) = stream.try_next().await? {
            n_rows += batch.num_rows() as u64;
        }
        let elapsed = started.elapsed();
        drop(stream);
        self.measured_rows(&physical::node(plan.as_ref()), n_rows, elapsed)
    }

    fn measured_rows(
        &self,
        root: &Node,
        n_rows: u64,
        elapsed: Duration,
    ) -> Result<DataFrame, SessionError> {
        let whole = Node {
            text: "total".to_owned(),
            rows: Some(n_rows),
            nanoseconds: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
            ..Node::default()
        };
        let mut lines = tree::lines(root);
        let computed: u64 = lines.iter().map(|line| line.node.nanoseconds).sum();
        let shares: Vec<Option<f64>> = lines
            .iter()
            .map(|line| Some(share(line.node.nanoseconds, computed)))
            .chain([None])
            .collect();
        lines.push(Line::plain(&whole));
        let nodes = || lines.iter().map(|line| line.node);
        let times = nodes().map(|node| Some(milliseconds(node.nanoseconds)));
        self.columns([
            ("rows", numbers(nodes().map(|node| node.rows))),
            ("ms", decimals(times)),
            ("percent", decimals(shares)),
            ("plan", texts(&lines)),
        ])
    }

    /// The optimised query alone as rows of `plan`: nothing that was counted or measured in tables.
    ///
    /// # Errors
    /// When the query cannot be optimised.
    pub fn explain_logical(&self, frame: DataFrame) -> Result<DataFrame, SessionError> {
        let plan = frame.into_optimized_plan()?;
        let lines = logical_lines(&plan);
        let lines: ArrayRef = Arc::new(StringArray::from(lines));
        self.columns([("plan", lines)])
    }

    fn columns<const N: usize>(
        &self,
        columns: [(&str, ArrayRef); N],
    ) -> Result<DataFrame, SessionError> {
        let fields = columns.iter().map(|(name, values)| {
            let is_prose = *name == "plan";
            let metadata = is_prose.then(|| (PROSE.to_owned(), "true".to_owned()));
            let field = Field::new(*name, values.data_type().clone(), !is_prose);
            field.with_metadata(metadata.into_iter().collect())
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = columns.into_iter().map(|(_, values)| values).collect();
        let batch = RecordBatch::try_new(schema, columns).map_err(DataFusionError::from)?;
        self.rows(batch)
    }
}

/// A logical plan as lines of a tree.
pub(super) fn logical_lines(plan: &LogicalPlan) -> Vec<String> {
    let root = logical::node(plan);
    let lines = tree::lines(&root).into_iter();
    lines.map(|line| line.text).collect()
}

fn texts(lines: &[Line<'_>]) -> ArrayRef {
    let texts = lines.iter().map(|line| Some(line.described()));
    Arc::new(texts.collect::<StringArray>())
}

fn numbers(values: impl IntoIterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<UInt64Array>())
}

fn decimals(values: impl IntoIterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Float64Array>())
}

#[expect(clippy::cast_precision_loss, reason = "three digits are wanted")]
fn milliseconds(nanoseconds: u64) -> f64 {
    (nanoseconds as f64 / 1e3).round() / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "one digit of a share is wanted")]
fn share(part: u64, whole: u64) -> f64 {
    (1000.0 * part as f64 / whole.max(1) as f64).round() / 10.0
}

#[cfg(test)]
mod tests;
