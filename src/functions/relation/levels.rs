//! `levels`: what outcomes are in each period, crude and standardised, with errors by clusters.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::column_role::ColumnRole;
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::levels_call::{LevelsCall, NAME};
use super::levels_rows::LevelsGather;
use super::roles::Roles;
use super::shared_arguments::{BY, OUTCOME, OUTCOMES};

pub(super) const LEVELS: RelationDefinition = RelationDefinition {
    name: NAME,
    usage: "levels(input, outcomes => [column, …], time => column, strata => [sex, age_band], standard => column, cluster => column, \
            by => [column, …])",
    description: "What outcomes are in each period, as they are and as they would be in a standard population, with errors by clusters. \
                  One row per outcome and period, and per level of the columns of `by`.",
    example: "SELECT * FROM levels((SELECT fiscal_year, sex, age_band, cluster_worksite_id, exercise_habit FROM panel_indicators \
              WHERE relationship = 1), outcome => exercise_habit, time => fiscal_year, strata => [sex, age_band], \
              cluster => cluster_worksite_id)",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: |bound| Ok(Arc::new(LevelsCall::try_new(bound)?)),
};

static ARGUMENTS: [ArgumentDefinition; 9] = [
    OUTCOME,
    OUTCOMES,
    optional(
        "time",
        ArgumentKind::Column(ColumnRole::Period),
        "the period, a whole number: one row for each; without it, there is one",
    ),
    optional(
        "strata",
        ArgumentKind::Columns(ColumnRole::Label),
        "columns like [sex, age_band] whose make-up is made that of the standard population; a row without one of them is left out",
    ),
    optional(
        "standard",
        ArgumentKind::Column(ColumnRole::Number),
        "the weight of a row's stratum in the standard population, the same in all of its rows; default: how many rows of the whole input, \
         all periods together, the stratum has",
    ),
    optional(
        "cluster",
        ArgumentKind::Column(ColumnRole::Label),
        "clusters whose rows' outcomes may move together; default: each row alone",
    ),
    optional(
        "least_share",
        ArgumentKind::Number,
        "the least share of the standard population whose strata must have rows, or nothing is standardised; default 0.8",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    BY,
];

impl PreparedRelation for LevelsCall {
    fn input_columns(&self) -> Vec<usize> {
        self.inputs.clone()
    }

    fn roles(&self) -> Roles {
        Roles::unchecked()
    }

    fn schema(&self) -> SchemaRef {
        self.result_schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(LevelsGather::new(self.clone()))
    }
}
