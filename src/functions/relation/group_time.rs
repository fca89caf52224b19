//! `att_gt`: Callaway–Sant'Anna group-time effects, and what `att` and `event_study` share with it — the
//! arguments and the gathering of the panel.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, ArgumentProblem, BoundArguments};
use super::gather::{
    ColumnName, LabelColumn, MISSING_CODE, ValueColumn, push_numbers, push_periods, push_times,
};
use super::result::{estimate_batch, estimate_schema};
use super::{Gather, PreparedRelation, RelationDefinition, RelationError};
use crate::estimators::did::{AttGtOptions, AttGtResult, BasePeriod, Control, Method, att_gt};
use crate::estimators::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};

pub(super) const ATT_GT: RelationDefinition = RelationDefinition {
    name: "att_gt",
    usage: "att_gt(input, outcome => column, unit => column, time => column, cohort => column, …)",
    description: "Group-time average treatment effects (Callaway and Sant'Anna 2021): the effect in \
                  each period on the units first exposed in each period.",
    example: "SELECT * FROM att_gt(panel_person_year, outcome => exercise_habit, unit => person_id, \
              time => fiscal_year, cohort => cohort_activity, cluster => cluster_worksite_id, \
              unbalanced => 'pairs')",
    arguments: GROUP_TIME_ARGUMENTS,
    positional: None,
    prepare: |bound| {
        Ok(Arc::new(AttGt {
            call: GroupTimeCall::try_new("att_gt", bound)?,
        }))
    },
};

pub(super) const fn required(name: &'static str, description: &'static str) -> ArgumentDefinition {
    ArgumentDefinition {
        name,
        kind: ArgumentKind::Column,
        required: true,
        description,
    }
}

pub(super) const fn optional(
    name: &'static str,
    kind: ArgumentKind,
    description: &'static str,
) -> ArgumentDefinition {
    ArgumentDefinition {
        name,
        kind,
        required: false,
        description,
    }
}

/// Arguments every group-time relation takes.
pub(super) const GROUP_TIME_ARGUMENTS: &[ArgumentDefinition] = &[
    required("outcome", "what is measured: a number or a yes/no"),
    required("unit", "the person"),
    required("time", "the period, a whole number"),
    required("cohort", "period of first exposure; NULL = never exposed"),
    optional(
        "covariates",
        ArgumentKind::Columns,
        "what the comparison is adjusted for, e.g. [sex, age]: numbers, yes/no, or text (one indicator per \
         label but the first in order); default none",
    ),
    optional(
        "weight",
        ArgumentKind::Column,
        "weight of the row; default 1",
    ),
    optional(
        "cluster",
        ArgumentKind::Column,
        "level of assignment; default: the unit",
    ),
    optional(
        "control",
        ArgumentKind::Choice(&["never_treated", "not_yet_treated"]),
        "comparison group; default 'never_treated'",
    ),
    optional(
        "method",
        ArgumentKind::Choice(&["dr", "ipw", "reg"]),
        "adjustment: 'dr' doubly robust (default), 'ipw' inverse probability weighting, 'reg' outcome \
         regression; without covariates the three are the same",
    ),
    optional(
        "base_period",
        ArgumentKind::Choice(&["varying", "universal"]),
        "what a period is compared with; default 'varying'",
    ),
    optional(
        "anticipation",
        ArgumentKind::Integer,
        "periods of anticipation; default 0",
    ),
    optional(
        "panel",
        ArgumentKind::Boolean,
        "false = repeated cross-sections; default true",
    ),
    optional(
        "unbalanced",
        ArgumentKind::Choice(&["drop", "keep", "pairs"]),
        "units not seen in every period: 'drop' (default) them, 'keep' their rows as cross-sections, \
         or 'pairs': each comparison takes the units seen in both of its periods",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    optional(
        "bootstrap",
        ArgumentKind::Integer,
        "draws of the multiplier bootstrap (Mammen weights, by cluster) for errors and bands; default: \
         analytic errors, exact bands",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band and the bootstrap; default 20160401",
    ),
];

/// Seed of the band when a call gives none.
pub(super) const DEFAULT_SEED: u64 = 20_160_401;

/// A checked call of a group-time relation.
#[derive(Debug, Clone)]
pub(super) struct GroupTimeCall {
    pub(super) relation: &'static str,
    /// Outcome, unit, time, cohort, then the optional ones below.
    columns: Vec<InputColumn>,
    weight: Option<usize>,
    cluster: Option<usize>,
    /// Place of the first covariate among the columns.
    covariates: usize,
    pub(super) layout: Layout,
    pub(super) options: AttGtOptions,
}

/// A column of the input that the call uses.
#[derive(Debug, Clone)]
struct InputColumn {
    index: usize,
    name: String,
    data_type: DataType,
}

impl GroupTimeCall {
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let mut indices = ["outcome", "unit", "time", "cohort"]
            .into_iter()
            .map(|name| bound.required_column(name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut add = |column: Option<usize>| {
            indices.extend(column);
            column.map(|_| indices.len() - 1)
        };
        let weight = add(bound.optional_column("weight"));
        let unit = bound.optional_column("unit");
        let cluster = bound.optional_column("cluster");
        // The unit is the default, and no column can be asked for twice.
        let cluster = add(cluster.filter(|_| cluster != unit));
        let covariates = indices.len();
        indices.extend(bound.columns("covariates"));
        let columns = indices
            .into_iter()
            .map(|index| {
                let field = bound.input().field(index);
                InputColumn {
                    index,
                    name: field.name().clone(),
                    data_type: field.data_type().clone(),
                }
            })
            .collect();
        Ok(Self {
            relation,
            columns,
            weight,
            cluster,
            covariates,
            layout: layout(bound),
            options: options(bound)?,
        })
    }

    pub(super) fn input_columns(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.index).collect()
    }

    fn name(&self, place: usize) -> ColumnName {
        ColumnName {
            relation: self.relation,
            column: self.columns[place].name.clone(),
        }
    }

    pub(super) fn gather(&self) -> PanelGather {
        PanelGather {
            outcome: Vec::new(),
            unit: LabelColumn::new(self.name(1)),
            time: Vec::new(),
            cohort: Vec::new(),
            weight: self.weight.map(|_| Vec::new()),
            cluster: self.cluster.map(|place| LabelColumn::new(self.name(place))),
            covariates: (self.covariates..self.columns.len())
                .map(|place| ValueColumn::new(self.name(place), &self.columns[place].data_type))
                .collect(),
            call: self.clone(),
        }
    }
}

fn layout(bound: &BoundArguments) -> Layout {
    match (
        bound.boolean("panel", true),
        bound.text("unbalanced", "drop"),
    ) {
        (false, _) => Layout::CrossSections,
        (true, "keep") => Layout::Unbalanced,
        (true, "pairs") => Layout::Pairs,
        (true, _) => Layout::Balanced,
    }
}

fn options(bound: &BoundArguments) -> Result<AttGtOptions, ArgumentProblem> {
    let anticipation = bound.integer("anticipation").unwrap_or(0);
    let anticipation = u32::try_from(anticipation).map_err(|_| ArgumentProblem::Invalid {
        name: "anticipation",
        message: "must be 0 or more".to_owned(),
    })?;
    Ok(AttGtOptions {
        method: match bound.text("method", "dr") {
            "ipw" => Method::InverseProbability,
            "reg" => Method::OutcomeRegression,
            _ => Method::DoublyRobust,
        },
        control: match bound.text("control", "never_treated") {
            "not_yet_treated" => Control::NotYetTreated,
            _ => Control::NeverTreated,
        },
        base_period: match bound.text("base_period", "varying") {
            "universal" => BasePeriod::Universal,
            _ => BasePeriod::Varying,
        },
        anticipation,
        level: level(bound)?,
        seed: seed(bound),
        bootstrap: bootstrap(bound)?,
    })
}

fn bootstrap(bound: &BoundArguments) -> Result<Option<u32>, ArgumentProblem> {
    let Some(n_draws) = bound.integer("bootstrap") else {
        return Ok(None);
    };
    match u32::try_from(n_draws) {
        Ok(n_draws @ 100..=100_000) => Ok(Some(n_draws)),
        _ => Err(ArgumentProblem::Invalid {
            name: "bootstrap",
            message: "must lie between 100 and 100000 draws".to_owned(),
        }),
    }
}

pub(super) fn level(bound: &BoundArguments) -> Result<f64, ArgumentProblem> {
    let level = bound.number("level", 0.95);
    if level > 0.0 && level < 1.0 {
        return Ok(level);
    }
    Err(ArgumentProblem::Invalid {
        name: "level",
        message: "must lie between 0 and 1".to_owned(),
    })
}

pub(super) fn seed(bound: &BoundArguments) -> u64 {
    bound
        .integer("seed")
        .map_or(DEFAULT_SEED, i64::cast_unsigned)
}

/// The flat columns of a panel while they come in.
pub(super) struct PanelGather {
    call: GroupTimeCall,
    outcome: Vec<f64>,
    unit: LabelColumn,
    time: Vec<i32>,
    cohort: Vec<i32>,
    weight: Option<Vec<f64>>,
    cluster: Option<LabelColumn>,
    covariates: Vec<ValueColumn>,
}

impl PanelGather {
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let call = &self.call;
        let columns = batch.columns();
        push_numbers(&call.name(0), &columns[0], &mut self.outcome)?;
        self.unit.push(&columns[1])?;
        push_times(
            &call.name(2),
            &columns[2],
            &mut self.outcome,
            &mut self.time,
        )?;
        push_periods(&call.name(3), &columns[3], NEVER, &mut self.cohort)?;
        if let (Some(weight), Some(place)) = (&mut self.weight, call.weight) {
            push_numbers(&call.name(place), &columns[place], weight)?;
        }
        if let (Some(cluster), Some(place)) = (&mut self.cluster, call.cluster) {
            cluster.push(&columns[place])?;
        }
        for (covariate, array) in self.covariates.iter_mut().zip(&columns[call.covariates..]) {
            covariate.push(array)?;
        }
        Ok(())
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        self.outcome.reserve(n_rows);
        self.unit.reserve(n_rows);
        self.time.reserve(n_rows);
        self.cohort.reserve(n_rows);
        if let Some(weight) = &mut self.weight {
            weight.reserve(n_rows);
        }
        if let Some(cluster) = &mut self.cluster {
            cluster.reserve(n_rows);
        }
        for covariate in &mut self.covariates {
            covariate.reserve(n_rows);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let weight = self.weight.as_ref().map_or(0, Vec::len);
        let covariates: usize = self.covariates.iter().map(ValueColumn::bytes).sum();
        (self.outcome.len() + weight) * size_of::<f64>()
            + (self.time.len() + self.cohort.len()) * size_of::<i32>()
            + self.unit.bytes()
            + self.cluster.as_ref().map_or(0, LabelColumn::bytes)
            + covariates
    }

    /// The group-time effects of what came in.
    pub(super) fn att_gt(self) -> Result<AttGtResult, RelationError> {
        let (relation, options) = (self.call.relation, self.call.options);
        let panel = self.panel()?;
        att_gt(&panel, &options).map_err(|source| RelationError::Refused { relation, source })
    }

    /// The panel of what came in.
    pub(super) fn panel(self) -> Result<Panel, RelationError> {
        let relation = self.call.relation;
        let mut outcome = self.outcome;
        let unit = self.unit.into_ids(&mut outcome);
        let columns = PanelColumns {
            unit,
            time: self.time,
            cohort: self.cohort,
            outcome,
            weight: self.weight,
            cluster: self.cluster.map(|cluster| cluster.into_codes().0),
            covariates: self
                .covariates
                .into_iter()
                .map(ValueColumn::into_covariate)
                .collect(),
        };
        debug_assert_eq!(MISSING_CODE, crate::estimators::panel::MISSING_CODE);
        let layout = self.call.layout;
        Panel::try_new(columns, PanelOptions { layout })
            .map_err(|source| RelationError::Refused { relation, source })
    }
}

#[derive(Debug)]
struct AttGt {
    call: GroupTimeCall,
}

fn schema() -> SchemaRef {
    estimate_schema(vec![
        Field::new("cohort", DataType::Int32, false),
        Field::new("time", DataType::Int32, false),
        Field::new("event_time", DataType::Int32, false),
    ])
}

impl PreparedRelation for AttGt {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(AttGtGather {
            panel: self.call.gather(),
        })
    }
}

struct AttGtGather {
    panel: PanelGather,
}

impl Gather for AttGtGather {
    fn reserve(&mut self, n_rows: usize) {
        self.panel.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.panel.push(batch)
    }

    fn bytes(&self) -> usize {
        self.panel.bytes()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let result = self.panel.att_gt()?.with_band();
        let rows = &result.rows;
        let identifying: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.cohort),
            )),
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.time),
            )),
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| row.event_time),
            )),
        ];
        let estimates: Vec<_> = rows.iter().map(|row| &row.estimate).collect();
        estimate_batch(schema(), identifying, &estimates).map_err(|source| RelationError::Rows {
            relation: "att_gt",
            source,
        })
    }
}
