//! `cluster_parts`: what each cluster is of the averages of group-time effects.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, joined, picked};
use super::argument_error::ArgumentProblem;
use super::att::{WINDOW_ARGUMENTS, aggregate_options, kind, word};
use super::bound_arguments::BoundArguments;
use super::definition::{PreparedRelation, RelationDefinition};
use super::panel_call::{PANEL_ARGUMENTS, PanelCall};
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::result::{counts, numbers, texts};
use korabo_estimators::group_time::{
    AggregateOptions, AggregateParts, AttGtOptions, ClusterPart, cluster_parts_outcomes,
};
use korabo_estimators::panel::{Layout, Panel, PanelOptions, unit_keys};
use korabo_estimators::{EstimatorError, Status};

pub(super) const CLUSTER_PARTS: RelationDefinition = RelationDefinition {
    name: "cluster_parts",
    usage: "cluster_parts(input, outcome => column, unit => column, time => column, cohort => column, \
            cluster => column, aggregate => 'simple', …)",
    description: "What each cluster is of the averages that `att` with the same arguments returns: parts that add up to \
                  the estimate, and influences whose squares add up to its variance.",
    example: "SELECT * FROM cluster_parts(panel_activity, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort, cluster => cluster_worksite_id, unbalanced => 'pairs')",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: ClusterPartsCall::prepared,
};

static ARGUMENTS: [ArgumentDefinition; 18] = joined(
    &picked::<14>(
        PANEL_ARGUMENTS,
        [
            "outcome",
            "outcomes",
            "unit",
            "time",
            "cohort",
            "by",
            "covariates",
            "weight",
            "cluster",
            "control",
            "method",
            "base_period",
            "anticipation",
            "unbalanced",
        ],
    ),
    &joined::<4>(
        &[ArgumentDefinition {
            name: "aggregate",
            kind: ArgumentKind::Choice(&["simple", "group", "dynamic", "calendar"]),
            required: false,
            description: "how group-time effects are averaged; default 'simple'",
        }],
        &WINDOW_ARGUMENTS,
    ),
);

#[derive(Debug, Clone)]
struct ClusterPartsCall {
    layout: Layout,
    options: AttGtOptions,
    averages: AggregateOptions,
}

/// What is found for one outcome, and the names of the clusters by key; without clusters the keys are the units'.
struct Found {
    parts: AggregateParts,
    names: Option<Arc<Vec<String>>>,
}

/// One row: the cluster, its units, of which average, and what it is of that.
type Row = (
    Option<String>,
    Option<u64>,
    Option<i32>,
    ClusterPart,
    Status,
);

impl ClusterPartsCall {
    fn prepared(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
        let mut call = PanelCall::try_new("cluster_parts", bound)?;
        call.names_clusters = call.cluster.is_some();
        let own = Self {
            layout: call.layout,
            options: call.options,
            averages: aggregate_options(kind(bound), bound, &call.options)?,
        };
        Ok(PanelRelation::prepared(call, own))
    }

    fn rows(&self, schema: SchemaRef, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
        let number = |get: fn(&ClusterPart) -> f64| numbers(rows.iter().map(|row| get(&row.3)));
        let clusters: StringArray = rows.iter().map(|row| row.0.as_deref()).collect();
        let at: Int32Array = rows.iter().map(|row| row.2).collect();
        // What does not exist is beyond what the column holds, and NULL.
        let n_units = rows.iter().map(|row| row.1.unwrap_or(u64::MAX));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(clusters),
            texts(rows.iter().map(|_| word(self.averages.kind))),
            Arc::new(at),
            number(|part| part.part),
            number(|part| part.influence),
            number(|part| part.largest_share),
            counts(n_units),
            texts(rows.iter().map(|row| row.4.as_str())),
        ];
        RecordBatch::try_new(schema, columns)
    }
}

impl PanelEstimator for ClusterPartsCall {
    type Estimates = Found;

    fn schema(&self, _: bool) -> SchemaRef {
        let number = |name| Field::new(name, DataType::Float64, true);
        Arc::new(Schema::new(vec![
            Field::new("cluster_id", DataType::Utf8, true),
            Field::new("aggregate", DataType::Utf8, false),
            Field::new("at", DataType::Int32, true),
            number("part"),
            number("influence"),
            number("largest_share"),
            Field::new("n_units", DataType::Int64, true),
            Field::new("status", DataType::Utf8, false),
        ]))
    }

    fn estimate(&self, rows: PanelRows) -> Vec<Result<Found, EstimatorError>> {
        let outcomes = rows.all_outcomes();
        let names = rows.cluster_names();
        let options = PanelOptions {
            layout: self.layout,
        };
        rows.by_columns(&outcomes, |columns, _, others| {
            let keys = unit_keys(&columns)?;
            let names = columns.cluster.is_some().then(|| Arc::clone(&names));
            let (panel, tables) = Panel::with_outcomes(&columns, others, options)?;
            let found =
                cluster_parts_outcomes(&panel, &keys, &tables, &self.options, &self.averages)?;
            let named = found.into_iter().map(|parts| Found {
                parts,
                names: names.clone(),
            });
            Ok(named.collect())
        })
    }

    fn batch(&self, found: &Found, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let result = &found.parts.result;
        let averages: Vec<_> = std::iter::once(&result.overall)
            .chain(&result.rows)
            .collect();
        let rows = found.parts.clusters.iter().flat_map(|cluster| {
            let name = match &found.names {
                Some(names) => usize::try_from(cluster.key)
                    .ok()
                    .and_then(|code| names.get(code).cloned()),
                None => Some(cluster.key.to_string()),
            };
            let parts = averages.iter().zip(&cluster.parts);
            parts.map(move |(row, part)| {
                let status = row.estimate.status;
                (name.clone(), Some(cluster.n_units), row.at, *part, status)
            })
        });
        self.rows(schema, &rows.collect::<Vec<_>>())
    }

    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>> {
        let part = ClusterPart {
            part: f64::NAN,
            influence: f64::NAN,
            largest_share: f64::NAN,
        };
        let row = (None, None, None, part, status);
        Some(self.rows(self.schema(in_parts), &[row]))
    }
}
