//! Small-cell control of ad hoc results, decided on the logical plan before anything is shown: rows of persons
//! are refused, grouped results lose their small cells, estimates pass the rules of the report. What is computed from
//! protected numbers afterwards is as safe as they are, so the rest of the statement runs as written.
//!
//! `walk` goes from the root to where numbers are made. What may stand below is an allow-list: `scans`, `below`, `joins` and
//! `expressions` follow every column from its table (`lineage`). `questions` collects what must be known of the aggregates,
//! `measures` has plans that answer it for `groups`, `judgement` and `span` decide; `relations` and `estimates` do the same for
//! estimators. `released_rows` is the only way back into a plan.
//!
//! All this holds within a statement. Across statements, `memory` knows for whom numbers were told before.

mod aggregate;
mod allowed;
mod answers;
mod attempt;
mod below;
mod candidates;
mod combinations;
mod comparisons;
mod copied;
mod error;
mod estimates;
mod expressions;
mod forms;
mod grouping_outline;
mod groups;
mod joins;
mod judgement;
mod lineage;
mod measures;
mod memory;
mod numbers;
mod operators;
mod origins;
mod plain;
mod possible;
mod questions;
mod relations;
mod released_rows;
mod rules;
mod scans;
mod span;
mod systems;
mod walk;

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;

pub use error::{MemoryError, ReleaseError};
pub use memory::ReleaseMemory;
pub use rules::{ReleaseRules, TableRoles, WithheldCounts};

use super::context::Session;
use walk::Walk;

impl Session {
    /// The planned statement with everything withheld that may not leave. Groups and estimates at its
    /// bottom are computed here; the rest runs when the result is asked for.
    ///
    /// # Errors
    /// When the result cannot be checked or holds rows of persons, or computing groups fails.
    pub async fn release(
        &self,
        frame: DataFrame,
        rules: &ReleaseRules,
    ) -> Result<(DataFrame, WithheldCounts), ReleaseError> {
        let (state, plan) = frame.into_parts();
        if let LogicalPlan::Explain(explain) = &plan {
            let asked = DataFrame::new(state, explain.plan.as_ref().clone());
            return Ok((self.explain_logical(asked)?, WithheldCounts::default()));
        }
        let mut walk = Walk::new(&state, rules);
        let plan = walk.guarded(&plan).await?;
        let withheld = walk.withheld();
        Ok((DataFrame::new(state, plan), withheld))
    }
}

#[cfg(test)]
mod tests;
